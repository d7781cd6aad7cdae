"""Lists of subscribers from anywhere: known by their headers, read as a stream, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import BinaryIO

from newsletter.audience.arrivals import Arrival, BadRow, Standing
from newsletter.audience.products import MAILCHIMP, PLAIN, PRODUCTS, Dialect, named
from newsletter.audience.rows import RowReader, row_reader
from newsletter.errors import InputError
from newsletter.tables import TableRow, open_table, text_of

__all__ = ["FIELDS", "Dialect", "Reading", "arrivals", "recognise"]

FIELDS = ("email", "status", "joined_at", "proof_at", "proof_ip", "left_at", "topics")
"""What somebody can name a column for."""

_PEEK = 1 << 10
_LISTED = 30
_MAILCHIMP_FILES = (
    (re.compile(r"non[ _-]?subscribed"), Standing.PENDING),  # they bought something, and never asked for mail
    (re.compile(r"unsubscribed"), Standing.UNSUBSCRIBED),
    (re.compile(r"cleaned"), Standing.BOUNCED),
    (re.compile(r"(?<![a-z])(?<!non[ _-])subscribed"), Standing.ACTIVE),
)
# A column called so may hold who left. Read as a list of everybody, such a file would mail them.
_TELLING = re.compile(
    r"unsub|optout|optedout|optin$|optedin|bounce|cleaned|blacklist|blocklist|suppress|complain|donot(e?mail|contact)"
    r"|status$|^state$|^(is)?subscribed$|^(is)?(in)?active$|^(is)?(en|dis)abled$|^(is)?confirmed$|emaildisabled"
    r"|consent$|^acceptse?mail|^acceptsmarketing|^deleted|^left(at|on)?$"
)
_TELLING_OF_GONE = re.compile(
    r"unsub|optout|optedout|bounce|cleaned|blacklist|blocklist|suppress|complain|donot|inactive|disabled|deleted|left"
)
_GONE_HOW = (("bounce", Standing.BOUNCED), ("clean", Standing.BOUNCED), ("complain", Standing.COMPLAINED))


@dataclass(frozen=True, slots=True)
class Reading:
    """A list that is being read: what it is, and its rows, once, in order."""

    dialect: str
    encoding: str
    rows: Iterator[Arrival | BadRow]
    header: tuple[str, ...] = ()
    """The columns in which a bad row's cells stand."""


def recognise(
    header: Sequence[str],
    file_name: str,
    columns: Mapping[str, str] | None = None,
    *,
    status: Standing | None = None,
) -> Dialect:
    """Whose export this is. `columns`, our field (one of FIELDS) → the file's column, goes before what we know of it.

    Raises InputError naming the columns needed and found where there is none with addresses, or a named one is missing;
    and, unless there is a `status` for all, where a file of Mailchimp's does not say which part of the audience it is,
    and where a column of an unknown list may hold who left.
    """
    names = {named(column): column for column in header}
    dialect = next((dialect for dialect in PRODUCTS if any(sign <= names.keys() for sign in dialect.signs)), PLAIN)
    mapped = {field: _existing(field, column, names) for field, column in (columns or {}).items()}
    dialect = _with(dialect, mapped)
    if not any(column in names for column in dialect.email):
        raise InputError(
            f"The first line needs a column called email. The columns are: {_listed(names)}.",
            next_step="Name the column with the addresses `email`, or say which one it is: `--column email=…`.",
        )
    if status is not None or "status" in mapped:
        return dialect
    if dialect.name == MAILCHIMP.name:
        return _of_mailchimp(dialect, file_name, names)
    if dialect.name == PLAIN.name:
        _require_nobody_overlooked(dialect, names)
    return dialect


def arrivals(
    source: BinaryIO,
    file_name: str,
    *,
    columns: Mapping[str, str] | None = None,
    status: Standing | None = None,
) -> Reading:
    """The rows of a list in any form that we know: CSV, TSV, .xlsx, or a JSON object per line; empty rows are passed
    over. `source` has to be seekable and stay open; `columns` as for recognise(); `status` is that of every row,
    whatever the file says.

    Raises InputError where it cannot be read at all, here or from the rows.
    """
    if is_json_lines(source):
        return _of_lines(source, file_name, columns, status)
    table = open_table(source, file_name)
    dialect = recognise(table.header, file_name, columns, status=status)
    read = row_reader(dialect, table.header, status)
    return Reading(dialect.name, table.encoding, _read(table.rows, read), table.header)


def _read(rows: Iterable[TableRow], read: RowReader) -> Iterator[Arrival | BadRow]:
    for line, cells in rows:
        found = read(line, cells)
        if found is not None:
            yield found


def _existing(field: str, column: str, names: Mapping[str, str]) -> str:
    if field not in FIELDS:
        raise InputError(
            f"{field!r} is nothing we keep of a subscriber.", next_step=f"It is one of {', '.join(FIELDS)}."
        )
    if named(column) not in names:
        raise InputError(
            f"There is no column {column!r} for {field}. The columns are: {_listed(names)}.",
            next_step=f"Say one of these: `--column {field}=…`.",
        )
    return named(column)


def _with(dialect: Dialect, mapped: Mapping[str, str]) -> Dialect:
    if not mapped:
        return dialect

    def at(field: str, else_at: tuple[str, ...]) -> tuple[str, ...]:
        return (mapped[field],) if field in mapped else else_at

    dialect = replace(
        dialect,
        email=at("email", dialect.email),
        joined_at=at("joined_at", dialect.joined_at),
        proof_at=at("proof_at", dialect.proof_at),
        proof_needs=() if "proof_at" in mapped else dialect.proof_needs,
        proof_ip=at("proof_ip", dialect.proof_ip),
        left_at=at("left_at", dialect.left_at),
        topics=at("topics", dialect.topics),
    )
    if column := mapped.get("status"):
        if _TELLING_OF_GONE.search(column):
            standing = next((kind for sign, kind in _GONE_HOW if sign in column), Standing.UNSUBSCRIBED)
            dialect = replace(dialect, status=(), gone={column: standing}, otherwise=Standing.ACTIVE)
        else:
            dialect = replace(dialect, status=(column,), words={**PLAIN.words, **dialect.words}, otherwise=None)
    if dialect.name == PLAIN.name and "left_at" in mapped:
        dialect = replace(dialect, gone={**dialect.gone, mapped["left_at"]: Standing.UNSUBSCRIBED})
    return dialect


def _of_mailchimp(dialect: Dialect, file_name: str, names: Mapping[str, str]) -> Dialect:
    """Only the file's name says which part of the audience it is; of two parts the columns tell it, row by row."""
    short = re.split(r"[/\\]", file_name)[-1].casefold()
    found = {standing for pattern, standing in _MAILCHIMP_FILES if pattern.search(short)}
    if len(found) == 1:
        return replace(dialect, otherwise=found.pop())
    if any(column in names for column in dialect.gone):
        return dialect
    raise InputError(
        f"{short[:80]} is a Mailchimp export that does not say whether its people are subscribed.",
        next_step="Keep the name it had (subscribed_…, unsubscribed_…, nonsubscribed_… or cleaned_…), or say it with "
        "`--status`, like `--status active`.",
    )


def _require_nobody_overlooked(dialect: Dialect, names: Mapping[str, str]) -> None:
    read = dialect.columns()
    telling = [column for name, column in names.items() if name not in read and _TELLING.search(name)]
    if telling:
        raise InputError(
            f"The column {telling[0]} may say who unsubscribed, and this list is of no kind that we know.",
            next_step=f"Have it read with `--column {quote(f'status={telling[0]}')}`, or say that all of them are "
            "subscribed with `--status active`.",
        )


def _listed(names: Mapping[str, str]) -> str:
    columns = [column[:60] for column in names.values() if column]
    more = f" and {len(columns) - _LISTED:,} more" if len(columns) > _LISTED else ""
    return ", ".join(columns[:_LISTED]) + more or "none with a name"


def is_json_lines(source: BinaryIO) -> bool:
    """Whether a list has an object per line, and no table. It is at its beginning afterwards."""
    source.seek(0)
    start = source.read(_PEEK)
    source.seek(0)
    return start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"{")


def _of_lines(source: BinaryIO, file_name: str, columns: Mapping[str, str] | None, status: Standing | None) -> Reading:
    """A JSON object per line; the keys of the first say what it is, those it lacks may come later."""
    lines, encoding = text_of(source, file_name)
    numbered = ((line, text) for line, text in enumerate(lines, 1) if text.strip())
    line, text = next(numbered)
    first = _object(text)
    if first is None:
        raise InputError(f"{file_name}, line {line} is no JSON object.", next_step="Write one object per line.")
    header = list(dict.fromkeys([*first, *(columns or {}).values()]))
    dialect = recognise(header, file_name, columns, status=status)
    seen = {named(column) for column in header}
    header += [column for column in dialect.columns() if column not in seen]
    places = {name: place for place, column in reversed([*enumerate(header)]) for name in (column, named(column))}
    read = row_reader(dialect, header, status, inert=False)
    unsure = dialect.name == PLAIN.name and status is None and "status" not in (columns or {})

    def rows() -> Iterator[Arrival | BadRow]:
        found = read(line, _cells(first, places, len(header)))
        if found is not None:
            yield found
        for number, text in numbered:
            keys = _object(text)
            if keys is None:
                fix = "Write one object per line, or take the line out."
                yield BadRow(number, (text.strip(),), "", "The line is no JSON object.", fix, "not json")
                continue
            if unsure and (later := keys.keys() - places.keys()):
                _require_nobody_overlooked(dialect, {named(key): key for key in later})
            if found := read(number, _cells(keys, places, len(header))):
                yield found

    return Reading(dialect.name, encoding, rows(), tuple(header))


def _object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if "\\u" in text:  # half of a pair of surrogates can be written so, and nowhere stored
        written = json.dumps(found, ensure_ascii=False).encode(errors="surrogatepass")
        found = json.loads(written.decode(errors="replace"))
    return found if isinstance(found, dict) else None


def _cells(keys: Mapping[str, object], places: Mapping[str, int], width: int) -> tuple[str, ...]:
    cells = [""] * width
    for key, value in keys.items():
        place = places.get(key)
        if place is None:
            place = places.get(named(key))
        if place is not None and value is not None:
            cells[place] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return tuple(cells)
