"""SQLite: connections, transactions, migrations. What differs from another database stands here.

One connection per thread, in autocommit mode; one writer at a time per process (threads that each write stall one
another for hundreds of milliseconds, measured; an in-process lock does not), BEGIN IMMEDIATE between processes.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import sqlite_utils
from sqlite_utils.migrations import Migrations

from newsletter.errors import StoreError

_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_NESTED = ("SAVEPOINT inner", "RELEASE inner", ("ROLLBACK TO inner", "RELEASE inner"))

Parameters = Sequence[Any] | Mapping[str, Any]
_BUSY_MS = 30_000
_LARGE_KIB = 32 << 10
_SORTING_KIB = 4 << 10


class Sqlite:
    """A database file and its connections."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._writing = threading.RLock()
        self._all: list[sqlite3.Connection] = []

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._connect()
            self._local.connection = found
            self._all.append(found)
        return found

    def utils(self) -> sqlite_utils.Database:
        """This thread's connection, wrapped for imports, introspection and search."""
        return sqlite_utils.Database(self.connection, execute_plugins=False)

    def query(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows."""
        with self._named_errors():
            return self.connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row, or None."""
        with self._named_errors():
            row: sqlite3.Row | None = self.connection.execute(sql, parameters).fetchone()
            return row

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.one(sql, parameters)
        return None if row is None else row[0]

    def each(self, sql: str, parameters: Parameters = ()) -> Iterator[sqlite3.Row]:
        """Rows one by one, for what does not fit in memory. Read it to its end."""
        with self._named_errors():
            yield from self.connection.execute(sql, parameters)

    def change(self, sql: str, parameters: Parameters = ()) -> int:
        """Write one statement; the number of rows it changed."""
        with self._statement():
            return self.connection.execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """Write one INSERT; the id of its row."""
        with self._statement():
            return int(self.connection.execute(sql, parameters).lastrowid or 0)

    def change_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Write one statement for many rows; the number of rows changed."""
        with self._statement():
            return self.connection.executemany(sql, rows).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written, or nothing is. Inside another one it is part of that, and may fail alone."""
        with self._writing, self._named_errors():
            connection = self.connection
            nested = connection.in_transaction
            begin, commit, undo = _NESTED if nested else _OUTER
            connection.execute(begin)
            try:
                yield
                connection.execute(commit)
            except BaseException:
                if connection.in_transaction:  # SQLite has rolled back by itself where the disk is full
                    for statement in undo:
                        connection.execute(statement)
                raise

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """One transaction over this connection's temporary tables, which may read all others as they were at its
        beginning: nobody who writes waits for it. Inside another one it is part of that.
        """
        with self._named_errors():
            connection = self.connection
            within = connection.in_transaction
            if not within:
                connection.execute("BEGIN")
            try:
                yield
                if not within:
                    connection.execute("COMMIT")
            except BaseException:
                if not within and connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def large_transaction(self) -> Iterator[None]:
        """A transaction() that writes very many rows: with more of the indexes in memory, 32 MiB, it takes a third less
        time.
        """
        before = self.value("PRAGMA cache_size")
        self.connection.execute(f"PRAGMA cache_size = -{_LARGE_KIB}")
        try:
            with self.transaction():
                yield
        finally:
            self.connection.execute(f"PRAGMA cache_size = {before}")

    @contextmanager
    def without_indexes(self, table: str) -> Iterator[None]:
        """Inside a transaction, for more new rows than a table has: its indexes (not its keys) are dropped, and made
        anew afterwards. Sorting a million entries takes a fraction of putting each into its place.
        """
        indexes = self.query(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
        )
        for index in indexes:
            self.change(f'DROP INDEX "{index["name"]}"')
        yield
        before = self.value("PRAGMA cache_size")
        self.connection.execute(
            f"PRAGMA cache_size = -{_SORTING_KIB}"
        )  # a sorter takes as much again, beside the cache
        for index in indexes:
            self.change(index["sql"])
        self.connection.execute(f"PRAGMA cache_size = {before}")

    @contextmanager
    def _statement(self) -> Iterator[None]:
        """One statement, atomic by itself: a transaction of its own, or part of the one under way."""
        if self.connection.in_transaction:
            with self._named_errors():
                yield
        else:
            with self.transaction():
                yield

    def migrate(self) -> None:
        """Bring the schema up to date; several processes may at once. Raises StoreError where it is newer than us."""
        steps = _migrations()
        with self.transaction():
            database = self.utils()
            known = {step.name for step in steps._migrations}
            applied = [row.name for row in steps.applied(database)]
            if unknown := [name for name in applied if name not in known]:
                raise StoreError(
                    f"{self.path} was written by a newer version of this program ({unknown[0]}).",
                    next_step="Update the program.",
                    permanent=True,
                )
            steps.apply(database)

    def backup(self, target: Path) -> None:
        """A consistent copy into a new file, while others write."""
        with self._named_errors():
            self.connection.execute("VACUUM INTO ?", (str(target),))

    def close(self) -> None:
        """Close every connection. To be called when no other thread uses one."""
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        with self._named_errors():
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            try:
                _enter_wal(connection)
                for pragma in (f"busy_timeout={_BUSY_MS}", "synchronous=FULL", "foreign_keys=ON"):
                    connection.execute(f"PRAGMA {pragma}").fetchall()
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            for sign, (what, then) in _TROUBLE.items():
                if sign in text:
                    raise StoreError(f"{self.path}: {what}", next_step=then) from error
            raise


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Two processes that make one file at once lock each other out here, and SQLite does not wait in this one case."""
    deadline = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.005)
        else:
            return


_TROUBLE = {
    "locked": ("another process keeps the database busy.", "Try again; see which other process uses the file."),
    "full": ("the disk is full; nothing was half written.", "Free some space, then go on."),
    "readonly": ("the database is read-only.", "Give this account the right to write the file and its folder."),
    "disk I/O": ("the disk does not read or write it.", "See the system's log; make a backup of what can be read."),
    "not a database": ("this file is no database.", "Set `database` to another file, or restore a backup."),
    "malformed": ("the database is damaged.", "Keep the file, and restore the newest backup beside it."),
    "unable to open": ("the file cannot be opened.", "See that its folder exists and may be written to."),
}


def _migrations() -> Migrations:
    steps = Migrations("newsletter")
    folder = resources.files("newsletter.store") / "migrations"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".sql"):
            steps(name=file.name.removesuffix(".sql"))(_runner(file.read_text(encoding="utf-8")))
    return steps


def _runner(sql: str) -> Any:
    def run(database: sqlite_utils.Database) -> None:
        for statement in _statements(sql):
            database.conn.execute(statement)

    return run


def _statements(sql: str) -> Iterator[str]:
    """Split at semicolons that end a statement (executescript would commit the transaction around it)."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
