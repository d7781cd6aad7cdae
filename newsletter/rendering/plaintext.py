"""The text part: its own template, never a conversion of the HTML."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from newsletter.comparisons.model import Label
from newsletter.rendering.context import ComparisonView

WIDTH = 72
"""Columns of a line; a long address or word stands whole."""


def mark(label: Label) -> str:
    """`[SHIP]`"""
    return f"[{label.upper()}]"


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """`text`, one line, in lines of 72 columns, each after `indent` (the first after `first`); no word is broken."""
    start = indent if first is None else first
    if len(start) + len(text) <= WIDTH:  # most lines: textwrap would take a third of all rendering
        return start + text
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def score_lines(view: ComparisonView) -> list[str]:
    """The scorecard in columns, one line per reviewer under one line of names; where 72 columns are not enough for the
    names, `Builder: Plumbline 88 ship, Kestrel 84 ship (Plumbline +4)`.
    """
    if not view.rows:
        return []
    left, right = (side.name for side in view.sides)
    table = [("", left, right, "")] + [
        (row.reviewer, *(cell.words for cell in row.cells), row.gap) for row in view.rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(widths) + 9 <= WIDTH and all(len(word) == columns(word) for row in table for word in row):
        return ["   ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    return [
        f"{row.reviewer}: {left} {row.cells[0].words}, {right} {row.cells[1].words} ({row.gap})" for row in view.rows
    ]


def columns(text: str) -> int:
    """How many columns `text` takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def inert(text: str) -> str:
    """`text` with a space inside every placeholder of a provider's: `{{x}}`, `{% x %}`, `<% x %>`, `%x.y%`.

    Plain text and headers have no entities. An encoded byte of an address, `%C3`, is left alone.
    """
    return text if _SIGNS.isdisjoint(text) else _PLACEHOLDER.sub(r"\g<0> ", text)


_SIGNS = frozenset("{}<%")
_PLACEHOLDER = re.compile(r"\{(?=[{%])|\}(?=\})|<(?=%)|%(?=[}>])|%(?![0-9A-Fa-f]{2})(?=[A-Za-z_][\w.-]*%)")
