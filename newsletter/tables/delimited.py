"""Tables of delimited text: which sign stands between cells, the header, the rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TextIO

from newsletter.tables.table import MAX_CELL, MAX_COLUMNS, Table, TableError, TableRow, header_of, too_long, too_wide

DELIMITERS = (",", ";", "\t", "|")

_SAMPLE_LINES = 60
_LONGEST_ROW = 4_000_000
"""Characters. Cells of many lines could otherwise make a row of a whole file."""
_TOLD = re.compile(r'"?sep=([,;\t|])"?\s*')
_UNCLOSED = "unexpected end of data"
_TOO_LONG = "field larger than field limit"


def read_delimited(text: TextIO, encoding: str, name: str) -> Table:
    """The table of a text. Raises TableError where its header cannot be read, and from its rows as they are read."""
    csv.field_size_limit(MAX_CELL)
    sample = list(islice(text, _SAMPLE_LINES))
    if not any(line.strip() for line in sample):
        raise TableError(name, 1, "There is nothing in it.", "Export it again.")
    told = _TOLD.fullmatch(sample[0])  # Excel's own line
    skipped = 1 if told else 0
    delimiter = told[1] if told else _delimiter_of(sample)
    records = _records(chain(sample[skipped:], text), delimiter, name, skipped)
    first = next(records, None)
    if first is None:
        raise TableError(name, 1, "There is no header in it.", "Its first line names the columns.")
    return Table(header_of(name, first.line, first.cells), records, encoding, delimiter, first.line)


def _records(lines: Iterable[str], delimiter: str, name: str, before: int) -> Iterator[TableRow]:
    """Rows that hold something; `before` lines were taken before the first of `lines`."""
    held = 0

    def bounded() -> Iterator[str]:
        nonlocal held
        for text in lines:
            held += len(text)
            if held > _LONGEST_ROW:
                raise TableError(name, line, "The row that begins here is longer than 4 MB.", "Look for a stray quote.")
            yield text

    reader = csv.reader(bounded(), delimiter=delimiter, strict=True)
    line = before + 1
    try:
        for cells in reader:
            held = 0
            if any(cells) and not "".join(cells).isspace():
                if len(cells) > MAX_COLUMNS:
                    raise TableError(name, line, *too_wide(len(cells)))
                yield TableRow(line, tuple(cells))
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise TableError(name, line, *_why(str(error))) from None
    except UnicodeError:
        raise TableError(name, line, "The file changed while it was read.", "Import it again.") from None


def _why(message: str) -> tuple[str, str]:
    """Reason and fix, from what the csv module says."""
    if message.startswith(_TOO_LONG):
        return too_long()
    if message.startswith(_UNCLOSED):
        return "A quote in the row that begins here is never closed.", "Close it, or export the file again."
    fix = 'Double the quotes inside a quoted cell, like "so ""called"" this", or export the file again.'
    return "After a closing quote of the row that begins here more text follows.", fix


def _delimiter_of(sample: list[str]) -> str:
    """The sign that parts the header, and most rows into as many cells; the comma where there is one column."""
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _fit(sample: list[str], delimiter: str) -> tuple[float, int]:
    """The part of the sample's rows that are as wide as the first, and that width; nothing where it parts nothing."""
    try:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if any(cells)]
    except csv.Error:  # a cell too long: told when the rows are read
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    if len(sample) == _SAMPLE_LINES and len(widths) > 1:
        widths.pop()  # cut off where the sample ends
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]
