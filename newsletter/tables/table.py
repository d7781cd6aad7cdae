"""A table: its header, and its rows as a stream; and the error of one that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.errors import InputError

MAX_COLUMNS = 1_000
MAX_CELL = 100_000
"""Characters of one cell."""


class TableRow(NamedTuple):
    """One row: the file's own line number where it begins (a workbook's row number), and its cells as they stand.

    A row may have fewer or more cells than the header. (Not a dataclass: a file has millions, this is made in a third
    of the time.)
    """

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` reads on while it is asked, may raise TableError late, and can be gone through once.

    `header` holds names without the space around them, none empty, none twice. `encoding` is a name Python knows, or
    `xlsx`. `delimiter` is empty for a workbook.
    """

    header: tuple[str, ...]
    rows: Iterator[TableRow]
    encoding: str
    delimiter: str
    line: int = 1
    """Where the header stands."""


class TableError(InputError):
    """This table cannot be read."""

    def __init__(self, name: str, line: int, reason: str, fix: str, *, unit: str = "line") -> None:
        """The file's name, its line (`unit` row in a workbook, empty where it is the whole file), and two sentences:
        what is wrong, and what to do.
        """
        self.line = line
        self.reason = reason
        place = f"{name}, {unit} {line}" if unit else name
        super().__init__(f"{place}: {reason[0].lower()}{reason[1:]}", next_step=fix)


def header_of(name: str, line: int, cells: Sequence[str], *, unit: str = "line") -> tuple[str, ...]:
    """The names of the columns. Raises TableError for an empty one, one that stands twice, and too many."""
    names = tuple(cell.strip() for cell in cells)
    if len(names) > MAX_COLUMNS:
        raise TableError(name, line, *too_wide(len(names)), unit=unit)
    seen: dict[str, int] = {}
    for place, column in enumerate(names, 1):
        if not column:
            fix = "Name every column, or take out those without a name."
            raise TableError(name, line, f"Column {place} has no name.", fix, unit=unit)
        first = seen.setdefault(column.casefold(), place)
        if first != place:
            reason = f"Columns {first} and {place} are both called {_short(column)}."
            raise TableError(name, line, reason, "Rename one of them, or take it out.", unit=unit)
    return names


def too_wide(columns: int) -> tuple[str, str]:
    """Reason and fix of a row of too many columns."""
    return f"There are {columns:,} columns, and {MAX_COLUMNS:,} is the most we read.", "Take out those nobody needs."


def too_long() -> tuple[str, str]:
    """Reason and fix of a cell of too many characters."""
    fix = "Shorten it; where no cell is that long, a quote that opens one is never closed."
    return f"A cell of the row that begins here holds more than {MAX_CELL:,} characters.", fix


def _short(text: str) -> str:
    cut = text if len(text) <= 60 else text[:59] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]
