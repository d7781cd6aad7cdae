"""Every table there is, row by row, out of one store and into another.

The schema is walked, so that no list can forget a table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from newsletter.store.sqlite import Sqlite

LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "_sqlite_migrations": "which schema it is, stands in the first line",
        "session": "who is signed in on the old machine signs in anew on the other one",
        "sign_in_failure": "wrong passwords of the last hour, which guard the door of one machine",
        "idempotency": "what calls were answered in the last day, kept to answer their repeats",
        "heartbeat": "which parts run on the old machine",
        "pace": "when the old machine may ask the provider again, within a second",
    }
)
"""Tables that make sense on one machine only, and why. Every other is carried."""

_AT_BIRTH = ("meta", "audit", "invitation")
"""What a store may hold that nobody has used yet: its keys, and the link that lets the first operator in."""

_OTHERS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError, UnicodeEncodeError)


@dataclass(frozen=True, slots=True)
class StoredTable:
    """`key`: the columns by which its rows are in order; empty is the order in which they came."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


class Whole:
    """The store as nothing but tables."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def schema(self) -> str:
        """The name of the newest migration."""
        return str(self._database.value("SELECT max(name) FROM _sqlite_migrations WHERE migration_set = 'newsletter'"))

    def tables(self) -> list[StoredTable]:
        """All that are carried, by name. What search keeps for itself is made anew where it arrives."""
        found = self._database.query(
            "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name"
        )
        return [
            self._table(row["name"], keyed=bool(row["wr"]))
            for row in found
            if not row["name"].startswith("sqlite_") and row["name"] not in LEFT_OUT
        ]

    def _table(self, name: str, *, keyed: bool) -> StoredTable:
        columns = self._database.query("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", (name,))
        key = [row for row in sorted(columns, key=lambda row: row["pk"]) if row["pk"]]
        if not keyed and [row["type"] for row in key] != ["INTEGER"]:
            key = []  # the order in which they came means something, and its numbers do not
        return StoredTable(name, tuple(row["name"] for row in columns), tuple(row["name"] for row in key))

    def snapshot(self) -> AbstractContextManager[None]:
        """All that is read inside is of one moment, while others write."""
        return self._database.scratch()

    def count(self, table: StoredTable) -> int:
        """Rows."""
        return int(self._database.value(f"SELECT count(*) FROM {_named(table.name)}"))

    def rows(self, table: StoredTable) -> Iterator[tuple[Any, ...]]:
        """Each row's None, int, float, str and bytes, in the order of its columns. Read them to their end."""
        order = ", ".join(map(_named, table.key)) or "rowid"
        columns = ", ".join(map(_named, table.columns))
        return map(tuple, self._database.each(f"SELECT {columns} FROM {_named(table.name)} ORDER BY {order}"))

    def filled(self) -> dict[str, int]:
        """Table → rows, of those in which a store that nobody used has none."""
        return {
            table.name: count for table in self.tables() if table.name not in _AT_BIRTH and (count := self.count(table))
        }

    @contextmanager
    def filling(self) -> Iterator[None]:
        """A transaction in which the tables are emptied first, and fill() puts rows in. Triggers rest meanwhile: what
        they keep is carried like all else. Raises ValueError where a row names another that is not there.
        """
        execute = self._database.connection.execute
        with self._database.large_transaction():
            execute("PRAGMA defer_foreign_keys = ON")
            triggers = self._database.query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")
            for trigger in triggers:
                execute(f"DROP TRIGGER {_named(trigger['name'])}")
            for table in self.tables():
                execute(f"DELETE FROM {_named(table.name)}")
            yield
            for trigger in triggers:
                execute(trigger["sql"])
            for search in self._database.query(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%'"
            ):
                name = _named(search["name"])
                execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")
            lost = self._database.one('SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1')
            if lost:
                raise ValueError(f"a row of {lost['table']} belongs to one of {lost['parent']} that is not there")

    def fill(self, table: StoredTable, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add these rows, whose values stand in the order of `columns`. Raises ValueError where they cannot be."""
        marks = ", ".join("?" * len(columns))
        names = ", ".join(map(_named, columns))
        try:
            self._database.change_many(f"INSERT INTO {_named(table.name)} ({names}) VALUES ({marks})", rows)
        except _OTHERS as error:
            raise ValueError(str(error)) from error


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
