"""The columns of a list that somebody handed over, for saying which is which where its header is not ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import PurePath

from newsletter.app.import_comparisons import Upload
from newsletter.audience.arrivals import Standing
from newsletter.audience.dialects import FIELDS as LIST_FIELDS
from newsletter.audience.dialects import is_json_lines, recognise
from newsletter.audience.products import PRODUCTS, named
from newsletter.comparisons.rows import FIELDS, reads_as_it_is
from newsletter.errors import InputError
from newsletter.tables import TableError, open_table, text_of

TABLES = (".csv", ".tsv", ".xlsx")
_ROWS = 20
"""Rows that a sample is taken of."""
_SAMPLE = 60
_PLAIN_NAME = re.compile(r"[^a-z0-9]")
_GUESSES = {_PLAIN_NAME.sub("", name): name for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file. `sample`: the first cell of it that holds something, cut; `guess`: which field of ours it
    may well be, or empty.
    """

    name: str
    sample: str
    guess: str = ""


def columns_to_place(uploads: Sequence[Upload]) -> tuple[Column, ...]:
    """The columns of all tables of comparisons among them that do not name their columns as we do, each once."""
    found: dict[str, Column] = {}
    for upload in uploads:
        if PurePath(upload.name).suffix.lower() not in TABLES:
            continue
        header, rows = _table(upload.content)
        if header and not reads_as_it_is(header):
            for name, sample in _samples(header, rows):
                guess = _GUESSES.get(_PLAIN_NAME.sub("", name.casefold()), "")
                found.setdefault(name, Column(name, sample, guess))
    return tuple(found.values())


def columns_of_list(content: bytes, name: str) -> tuple[Column, ...]:
    """The columns of a list of subscribers, or the keys of its first JSON object; none where it cannot be read."""
    header, rows = _object(content) if is_json_lines(BytesIO(content)) else _table(content)
    address = ""
    found = []
    for column, sample in _samples(header, rows):
        guess = _guessed(column)
        if not address and (guess == "email" or (not guess and "@" in sample)):
            address, guess = column, "email"
        found.append(Column(column, sample, "" if guess == "email" and address != column else guess))
    return tuple(found)


def is_recognised(
    columns: Sequence[Column], name: str, chosen: Mapping[str, str], status: Standing | None = None
) -> bool:
    """Whether a list of these columns can be read; what is `chosen`: our field → the file's column."""
    try:
        recognise([column.name for column in columns], name, chosen or None, status=status)
    except InputError:
        return False
    return True


def _guessed(column: str) -> str:
    """What one of the products that we know means by a column of that name."""
    name = named(column)
    return next((field for field in LIST_FIELDS if any(name in getattr(one, field) for one in PRODUCTS)), "")


def _table(content: bytes) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Header and first rows; nothing where it is no table."""
    try:
        table = open_table(BytesIO(content), "")
        header = table.header
    except TableError:
        return (), []
    rows: list[Sequence[str]] = []
    with suppress(TableError):  # told with its line where the rows are read
        rows.extend(row.cells for row in islice(table.rows, _ROWS))
    return header, rows


def _object(content: bytes) -> tuple[Sequence[str], list[Sequence[str]]]:
    try:
        first = json.loads(next((line for line in text_of(BytesIO(content), "")[0] if line.strip()), ""))
    except (ValueError, RecursionError, InputError):
        return (), []
    if not isinstance(first, dict):
        return (), []
    return list(first), [["" if value is None else str(value) for value in first.values()]]


def _samples(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for place, name in enumerate(header):
        cells = (" ".join(row[place].split()) for row in rows if place < len(row))
        sample = next(filter(None, cells), "")
        yield name, sample if len(sample) <= _SAMPLE else f"{sample[: _SAMPLE - 1]}…"
