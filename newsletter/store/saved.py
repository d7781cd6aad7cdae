"""Tools that readers saved for later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of


class Saved:
    """All bookmarks of readers we know; those of others are in their browsers alone."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def of_reader(self, subscriber_id: int) -> dict[str, datetime]:
        """Tool slug → when it was saved (aware UTC), newest first."""
        rows = self._database.query(
            "SELECT tool, at FROM saved_tool WHERE subscriber_id = ? ORDER BY at DESC, tool", (subscriber_id,)
        )
        return {row["tool"]: moment_of(row["at"]) for row in rows}

    def put(self, subscriber_id: int, tools: Iterable[str], at: datetime, *, at_most: int) -> int:
        """Save those that are not saved yet, up to `at_most` in all; how many were added."""
        with self._database.transaction():
            there = len(self.of_reader(subscriber_id))
            added = 0
            for tool in tools:
                if there + added >= at_most:
                    break
                added += self._database.change(
                    "INSERT INTO saved_tool VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (subscriber_id, tool, text_of(at))
                )
            return added

    def remove(self, subscriber_id: int, tool: str) -> bool:
        """True where it was saved."""
        sql = "DELETE FROM saved_tool WHERE subscriber_id = ? AND tool = ?"
        return self._database.change(sql, (subscriber_id, tool)) == 1

    def among(self, subscriber_ids: Sequence[int], tools: Sequence[str]) -> dict[int, frozenset[str]]:
        """Subscriber id → which of `tools` they saved; those who saved none of them are left out."""
        found: dict[int, set[str]] = {}
        if subscriber_ids and tools:
            marks = ", ".join("?" * len(tools))
            for row in self._database.query(
                f"SELECT subscriber_id, tool FROM saved_tool WHERE tool IN ({marks}) AND subscriber_id BETWEEN ? AND ?",
                [*tools, min(subscriber_ids), max(subscriber_ids)],
            ):
                found.setdefault(row["subscriber_id"], set()).add(row["tool"])
        wanted = set(subscriber_ids)
        return {number: frozenset(saved) for number, saved in found.items() if number in wanted}

    def forget_reader(self, subscriber_id: int) -> None:
        self._database.change("DELETE FROM saved_tool WHERE subscriber_id = ?", (subscriber_id,))
