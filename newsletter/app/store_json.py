"""The whole store as lines of JSON, for another machine or another program: every table, in a form of no database.

The first line is an object: the version of this form, the schema, and how many rows each table has. An object names a
table and its columns; the arrays below it are its rows. Moments are ISO 8601 UTC; bytes are {"base64": "…"}. The last
line counts the rows and has the SHA-256 of all lines before it, so that a file that was cut off is noticed.
"""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from newsletter.app.container import App
from newsletter.app.record import note
from newsletter.app.store_lines import AT_ONCE, BYTES, SIGN, VERSION, StoreReading
from newsletter.app.whole_file import whole_file
from newsletter.errors import InputError, TransitionError
from newsletter.issues import IssueStatus
from newsletter.store.whole import StoredTable

Progress = Callable[[int, int], None]
"""Called with the rows that were written or read, and those there are."""

_TELLING = ("subscriber", "comparison", "issue", "operator")
"""The tables by which a person knows what a store holds."""
_PIECE = 256 * 1024
_ONE_AT_A_TIME = threading.Lock()
"""Each copy takes as much of the disk as the database."""


@dataclass(frozen=True, slots=True)
class StoreExport:
    """What was written."""

    file: Path
    tables: dict[str, int]
    """Table → rows."""
    sending: list[str]
    """Issues that were on their way meanwhile: what becomes of them here is not in it."""


@dataclass(frozen=True, slots=True)
class StoreImport:
    """What was read, and put into the store unless it was a dry run."""

    file: Path
    tables: dict[str, int]
    written_at: str


def export_store(
    app: App,
    file: Path,
    *,
    by: str = "command line",
    via: str = "command line",
    progress: Progress = lambda done, total: None,
) -> StoreExport:
    """Everything into a file, as of one moment, whole or not at all; that it left is on the record, and in the file.

    It holds every address, and the keys by which links are signed and addresses are hashed. Raises InputError.
    """
    with whole_file(file) as out:
        note(app, by, "exported the whole store", via=via)
        tables = _write(app, out, progress)
        return StoreExport(file, tables, [issue.key for issue in app.store.issues.in_status(IssueStatus.SENDING)])


def store_in_pieces(app: App, *, by: str, via: str) -> tuple[int, Iterator[bytes]]:
    """(size in bytes, pieces) of such a file, of which nothing stays on this machine, however it ends. Raises
    TransitionError while another one is made.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise TransitionError("Another export is being made.", next_step="Ask again in a moment.", permanent=False)
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=app.store.path.parent) as folder:
            path = Path(folder) / "store.ndjson"
            export_store(app, path, by=by, via=via)
            size = path.stat().st_size
            file = path.open("rb")  # what is open is read to its end, though its name is gone
    finally:
        _ONE_AT_A_TIME.release()
    return size, _pieces(file)


def import_store(
    app: App,
    file: Path,
    *,
    dry_run: bool,
    progress: Progress = lambda done, total: None,
    also: Callable[[StoreImport], None] = lambda done: None,
) -> StoreImport:
    """Put everything of such a file into an empty store, and do `also`, in one transaction. A dry run does it too, and
    takes it back. Afterwards this app still has the keys that the store had before: build another.

    Raises InputError where the file is not whole, or not of this schema; TransitionError where the store is not empty.
    """
    whole = app.store.whole
    with _opened(file) as source:
        reading = StoreReading(file.name, source)
        tables = {table.name: table for table in whole.tables()}
        head = reading.head(whole.schema(), tables)
        done = StoreImport(file, head["rows"], head["written_at"])
        with suppress(_DryRunError), app.store.transaction():
            _require_empty(app)
            try:
                with whole.filling():
                    _read(app, reading, tables, head["rows"], progress)
            except ValueError as error:
                raise reading.wrong(f"one of the rows up to here does not fit: {error}") from error
            if dry_run:
                raise _DryRunError
            also(done)
    return done


class _DryRunError(Exception):
    """Nothing is to stay."""


def _require_empty(app: App) -> None:
    if filled := app.store.whole.filled():
        told = [name for name in _TELLING if name in filled] or list(filled)[:1]
        held = ", ".join(f"{name} {filled[name]:,}" for name in told)
        raise TransitionError(
            f"{app.store.path} is not empty. It has rows: {held}.",
            next_step="Set `database` to a file that does not exist yet, and import into that.",
        )


def _write(app: App, out: BinaryIO, progress: Progress) -> dict[str, int]:
    """Table → rows."""
    whole, digest, done = app.store.whole, sha256(), 0
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_encoded).encode

    def write(text: str) -> None:
        line = text.encode()
        digest.update(line)
        out.write(line)

    with whole.snapshot():
        tables = whole.tables()
        counts = {table.name: whole.count(table) for table in tables}
        total = sum(counts.values())
        head = {SIGN: VERSION, "schema": whole.schema(), "written_at": app.now().isoformat(), "rows": counts}
        write(encode(head) + "\n")
        for table in tables:
            write(encode({"table": table.name, "columns": table.columns}) + "\n")
            for rows in _chunks(whole.rows(table)):
                write("".join([encode(row) + "\n" for row in rows]))
                done += len(rows)
                progress(done, total)
        out.write((encode({"rows": total, "sha256": digest.hexdigest()}) + "\n").encode())
    return counts


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, AT_ONCE)):
        yield chunk


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {BYTES: base64.b64encode(value).decode()}
    raise TypeError(type(value))


def _read(
    app: App, reading: StoreReading, tables: Mapping[str, StoredTable], counts: Mapping[str, int], progress: Progress
) -> None:
    done, total = 0, sum(counts.values())
    for name, columns, rows in reading.chunks():
        table = tables.get(name)
        if table is None or set(columns) != set(table.columns):
            raise reading.wrong(f"{name[:80]!r} is no table of this store, or has other columns")
        app.store.whole.fill(table, columns, rows)
        done += len(rows)
        progress(done, max(done, total))
    if reading.counts != dict(counts):
        raise reading.wrong("the tables have other rows than the first line says")


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", next_step="See that it is there.") from None
    with source:
        yield source


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
