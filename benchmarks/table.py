"""One line of the table, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """`ok` is None where there is a figure to know and no target to meet."""

    name: str
    what: str
    """Body bytes, tokens, fsync, processes: what the figure stands on."""
    figure: str
    target: str = ""
    ok: bool | None = None


def render(lines: Sequence[Line]) -> str:
    """As a Markdown table."""
    rows = [("name", "figure", "target", "", "what"), ("---",) * 5]
    mark = {True: "ok", False: "MISSED", None: ""}
    rows += [(line.name, line.figure, line.target, mark[line.ok], line.what) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + f" | {row[4]} |"
        for row in rows
    )
