"""Subscribers from a CSV file: any file with an e-mail column, row by row, nothing guessed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.audience.subscriber import normal_address
from newsletter.errors import InputError

_EMAIL_COLUMNS = ("email", "e-mail", "emailaddress", "e-mailaddress", "mail", "subscriberemail")
_MAX_CELL = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """One usable row: the file's own line number, and the address in its normal form."""

    line: int
    email: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be used: its line, the cells as they stand, what is wrong, and how it is mended."""

    line: int
    cells: tuple[str, ...]
    reason: str
    fix: str


def email_column(header: list[str]) -> int:
    """Where the addresses are. Raises InputError naming the columns that were found."""
    names = [re.sub(r"[\s_]+", "", cell.strip().lstrip("\ufeff").casefold()) for cell in header]
    for name in _EMAIL_COLUMNS:
        if name in names:
            return names.index(name)
    found = ", ".join(cell.strip() for cell in header if cell.strip()) or "none with a name"
    raise InputError(
        f"The first line needs a column called email. The columns are: {found}.",
        next_step="Name the column with the addresses `email`.",
    )


def delimiter_of(first_line: str) -> str:
    """The delimiter that the first line holds most of: comma, semicolon or tab."""
    return max(",;\t", key=first_line.count)


def read_rows(lines: Iterable[str]) -> Iterator[Row | BadRow]:
    """Rows of a CSV file, in order. Empty lines are passed over.

    Raises InputError where no row can be read at all: no header, no e-mail column, NUL bytes.
    """
    source = iter(lines)
    first = next(source, "")
    if not first.strip():
        raise InputError("The file is empty.", next_step="Export it again.")
    csv.field_size_limit(_MAX_CELL)

    def with_first() -> Iterator[str]:
        yield first
        yield from source

    reader = csv.reader(with_first(), delimiter=delimiter_of(first))
    try:
        header = next(reader)
        column = email_column(header)
        start = reader.line_num + 1
        for cells in reader:
            line, start = start, reader.line_num + 1
            if any(cell.strip() for cell in cells):
                yield _row(line, cells, column, len(header))
    except csv.Error as error:
        raise InputError(
            f"Line {reader.line_num} is not CSV: {error}.", next_step="Mend that line, or export the file again."
        ) from None


def _row(line: int, cells: list[str], column: int, width: int) -> Row | BadRow:
    if len(cells) != width:
        found = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
        fix = "Give it as many, and quote a cell that holds the sign between cells."
        return BadRow(line, tuple(cells), f"It has {found}, the first line has {width}.", fix)
    if not cells[column].strip():
        return BadRow(line, tuple(cells), "It has no e-mail address.", "Write it in, or take the line out.")
    try:
        return Row(line, normal_address(cells[column]))
    except InputError as error:
        return BadRow(line, tuple(cells), error.what, "Correct it, or take the line out.")
