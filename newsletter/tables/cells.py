"""Writing tables: cells that no spreadsheet runs, and how they become again what they were."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

# A spreadsheet runs a cell that begins so (OWASP, CSV injection: the signs, their full-width forms, and control
# characters before them). With quotes before it the cell may be one that was made inert once.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def inert_cell(cell: str) -> str:
    """The cell with a quote before it where a spreadsheet would run it; plain_cell() takes exactly that away."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain_cell(cell: str) -> str:
    """What a cell was before inert_cell()."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write_table(rows: Iterable[Sequence[str]], delimiter: str = ",") -> Iterator[str]:
    """Each row (the header is the first) as text of CSV (RFC 4180, line ends CR LF), with inert cells."""
    line = _Last()
    writer = csv.writer(line, delimiter=delimiter)
    for cells in rows:
        writer.writerow([inert_cell(cell) for cell in cells])
        yield line.text


class _Last:
    """Keeps what was written last."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text
