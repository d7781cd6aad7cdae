"""The sources that comparisons are pulled from: what became of each pull, and reading another SQLite database."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlite_utils

from newsletter.comparisons.pull import Pull
from newsletter.errors import InputError
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of

MOST_ROWS = 100_000
"""Of a query; a comparison is a row, and nobody has so many."""
_SECONDS = 60.0
_STEPS = 100_000
_MAY = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_PRAGMA,  # sqlite-utils asks for the columns; what writes is refused by the read-only file
}


class Sources:
    """The pulls."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def keep(self, pull: Pull) -> int:
        """Remember a pull; its id."""
        return self._database.insert(
            "INSERT INTO source_pull (source, at, problem, counts) VALUES (?, ?, ?, ?)",
            (pull.source, text_of(pull.at), pull.problem, json.dumps(pull.counts)),
        )

    def attach(self, pulls: Iterable[int], issue_id: int) -> None:
        """They were made for this draft."""
        self._database.change_many(
            "UPDATE source_pull SET issue_id = ? WHERE id = ?", [(issue_id, number) for number in pulls]
        )

    def last(self) -> dict[str, Pull]:
        """Source → its latest pull."""
        rows = self._database.query(
            "SELECT source, at, problem, counts FROM source_pull"
            " WHERE id IN (SELECT max(id) FROM source_pull GROUP BY source)"
        )
        return {row["source"]: _pull(row) for row in rows}

    def for_issue(self, issue_id: int) -> list[Pull]:
        """What was pulled for a draft, in order."""
        rows = self._database.query(
            "SELECT source, at, problem, counts FROM source_pull WHERE issue_id = ? ORDER BY id", (issue_id,)
        )
        return [_pull(row) for row in rows]


def _pull(row: Any) -> Pull:
    return Pull(row["source"], moment_of(row["at"]), row["problem"], json.loads(row["counts"]))


def read_database(path: Path, *, table: str = "", query: str = "") -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns and the rows (number from 1, cells as text, NULL as empty) of a table or query of another database.

    It is opened read-only, and the query may do nothing but read. Raises InputError in one line.
    """
    with _opened(path) as database:
        if table and table not in (there := [*database.table_names(), *database.view_names()]):
            names = ", ".join(name for name in there if not name.startswith("sqlite_")) or "none"
            raise InputError(f"{path} has no table {table}. It has: {names}.", next_step="Name one of these.")
        sql = query or f"SELECT * FROM {_quoted(table)}"
        cursor = database.execute(sql)
        if cursor.description is None:
            raise InputError(f"{path}: the query gives no columns.", next_step="It must be one SELECT.")
        header = [column[0] for column in cursor.description]
        return header, list(_rows(path, cursor))


def _rows(path: Path, cursor: sqlite3.Cursor) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(cursor, 1):
        if number > MOST_ROWS:
            raise InputError(f"{path} gives more than {MOST_ROWS:,} rows.", next_step="Let the query choose fewer.")
        yield number, [_text(path, number, value) for value in row]


def _text(path: Path, number: int, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        raise InputError(f"{path}, row {number}: there are bytes where text is wanted.", next_step="Leave them out.")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _opened(path: Path) -> Iterator[sqlite_utils.Database]:
    if not path.is_file():
        raise InputError(f"There is no database {path}.", next_step="See the `sqlite` of the source.")
    until = time.monotonic() + _SECONDS
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.set_authorizer(_allowed)
            connection.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
            yield sqlite_utils.Database(connection, execute_plugins=False)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise InputError(f"{path} cannot be read: {error}.", next_step="Mend the query, or see the file.") from None


def _allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Reading alone: no other file is attached, nothing is written, no extension loaded."""
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second == "load_extension" else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _MAY else sqlite3.SQLITE_DENY
