"""The catalogue: comparisons as readers look for them, by page, topic, tool and words.

A comparison is listed from its `listed_on` (local date) on; every question here takes `today` and sees nothing later.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.comparisons.formats import from_document
from newsletter.comparisons.model import Comparison
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of

VERSION = "content_version"


@dataclass(frozen=True, slots=True)
class Listed:
    """One comparison of the catalogue. `changed_at`: aware UTC, when its content last changed."""

    id: int
    comparison: Comparison
    listed_on: date
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Topic:
    """A category that comparisons have. `slug` is its identity, `name` how the newest comparison writes it."""

    slug: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ToolName:
    """A tool by its slug, and the name that the newest comparison gives it."""

    slug: str
    name: str


class Catalogue:
    """What is listed. Kept in step by Comparisons, which calls put()."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    @property
    def version(self) -> int:
        """Grows with every change of a comparison, an issue or a correction: what pages made of them are kept by."""
        return int(self._database.value("SELECT value FROM meta WHERE key = ?", (VERSION,)) or 0)

    def put(self, comparison_id: int, comparison: Comparison, listed_on: str) -> None:
        """List a comparison, or list it anew."""
        with self._database.transaction():
            self._database.change("DELETE FROM comparison_tool WHERE comparison_id = ?", (comparison_id,))
            self._database.change_many(
                "INSERT INTO comparison_tool VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (comparison_id, place, side.slug, side.name, side.topic, side.category or "", listed_on)
                    for place, side in enumerate(comparison.sides)
                ],
            )
            self._database.change(
                "INSERT INTO comparison_text VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET title = excluded.title, words = excluded.words",
                (comparison_id, comparison.title, words_of(comparison)),
            )
            bump(self._database)

    def catch_up(self) -> None:
        """List what an older version of this program stored."""
        rows = self._database.query(
            "SELECT id, document, listed_on FROM comparison WHERE NOT EXISTS"
            " (SELECT 1 FROM comparison_text WHERE comparison_text.id = comparison.id)"
        )
        if rows:
            with self._database.transaction():
                for row in rows:
                    self.put(row["id"], from_document(json.loads(row["document"])), row["listed_on"])

    def page(self, today: date, *, topic: str = "", limit: int, offset: int = 0) -> list[Listed]:
        """Newest first; with `topic`, those that have a side of it."""
        if topic:
            rows = self._database.query(
                "SELECT id, document, comparison.listed_on, changed_at FROM comparison JOIN"
                " (SELECT DISTINCT comparison_id, listed_on FROM comparison_tool WHERE topic = ? AND listed_on <= ?"
                "  ORDER BY listed_on DESC, comparison_id DESC LIMIT ? OFFSET ?) AS found"
                " ON found.comparison_id = id ORDER BY comparison.listed_on DESC, id DESC",
                (topic, today.isoformat(), limit, offset),
            )
        else:
            rows = self._database.query(
                "SELECT id, document, listed_on, changed_at FROM comparison WHERE listed_on <= ?"
                " ORDER BY listed_on DESC, id DESC LIMIT ? OFFSET ?",
                (today.isoformat(), limit, offset),
            )
        return [_listed(row) for row in rows]

    def count(self, today: date, *, topic: str = "") -> int:
        """How many page() has in all."""
        if topic:
            sql = "SELECT count(DISTINCT comparison_id) FROM comparison_tool WHERE topic = ? AND listed_on <= ?"
            return int(self._database.value(sql, (topic, today.isoformat())))
        return int(self._database.value("SELECT count(*) FROM comparison WHERE listed_on <= ?", (today.isoformat(),)))

    def search(self, words: str, today: date, *, topic: str = "", limit: int, offset: int = 0) -> list[Listed]:
        """Those that hold every word, the last one perhaps unfinished; the best match first."""
        query = _match(words)
        if not query:
            return []
        rows = self._database.query(
            "SELECT comparison.id, document, listed_on, changed_at FROM comparison_text_fts"
            " JOIN comparison ON comparison.id = comparison_text_fts.rowid"
            " WHERE comparison_text_fts MATCH ? AND listed_on <= ? AND (? = '' OR EXISTS"
            "  (SELECT 1 FROM comparison_tool WHERE comparison_id = comparison.id AND topic = ?))"
            " ORDER BY bm25(comparison_text_fts, 8.0, 1.0), listed_on DESC, comparison.id LIMIT ? OFFSET ?",
            (query, today.isoformat(), topic, topic, limit, offset),
        )
        return [_listed(row) for row in rows]

    def topics(self, today: date) -> list[Topic]:
        """Every topic, the largest first."""
        rows = self._database.query(
            "SELECT topic, category, max(listed_on), count(DISTINCT comparison_id) AS n FROM comparison_tool"
            " WHERE topic <> '' AND listed_on <= ? GROUP BY topic ORDER BY n DESC, topic",
            (today.isoformat(),),
        )
        return [Topic(row["topic"], row["category"], row["n"]) for row in rows]

    def of_tool(self, tool: str, today: date, *, limit: int = -1, offset: int = 0) -> list[Listed]:
        """The comparisons of a tool, newest first."""
        rows = self._database.query(
            "SELECT DISTINCT id, document, comparison.listed_on, changed_at FROM comparison_tool"
            " JOIN comparison ON comparison.id = comparison_id WHERE tool = ? AND comparison_tool.listed_on <= ?"
            " ORDER BY comparison.listed_on DESC, id DESC LIMIT ? OFFSET ?",
            (tool, today.isoformat(), limit, offset),
        )
        return [_listed(row) for row in rows]

    def has_tool(self, tool: str, today: date) -> bool:
        sql = "SELECT 1 FROM comparison_tool WHERE tool = ? AND listed_on <= ? LIMIT 1"
        return self._database.value(sql, (tool, today.isoformat())) is not None

    def tools(self, slugs: Sequence[str], today: date) -> dict[str, ToolName]:
        """Slug → tool, for those of `slugs` that are listed."""
        marks = ", ".join("?" * len(slugs))
        rows = self._database.query(
            f"SELECT tool, name, max(listed_on) FROM comparison_tool WHERE tool IN ({marks}) AND listed_on <= ?"
            " GROUP BY tool",
            [*slugs, today.isoformat()],
        )
        return {row["tool"]: ToolName(row["tool"], row["name"]) for row in rows}

    def every_tool(self, today: date) -> Iterator[tuple[str, date]]:
        """(slug, when it was last listed), by slug."""
        rows = self._database.query(
            "SELECT tool, max(listed_on) AS day FROM comparison_tool WHERE listed_on <= ? GROUP BY tool ORDER BY tool",
            (today.isoformat(),),
        )
        return ((row["tool"], date.fromisoformat(row["day"])) for row in rows)

    def every_comparison(self, today: date) -> Iterator[tuple[str, datetime]]:
        """(slug, when it last changed), newest first."""
        rows = self._database.query(
            "SELECT slug, changed_at FROM comparison WHERE listed_on <= ? ORDER BY listed_on DESC, id DESC",
            (today.isoformat(),),
        )
        return ((row["slug"], moment_of(row["changed_at"])) for row in rows)

    def related(self, listed: Listed, today: date, limit: int) -> list[Listed]:
        """Others of the same tools first, then of the same topics; newest first."""
        slugs = [side.slug for side in listed.comparison.sides]
        topics = [side.topic for side in listed.comparison.sides if side.topic]
        found: dict[int, Listed] = {}
        for slug in dict.fromkeys(slugs):
            found |= {one.id: one for one in self.of_tool(slug, today, limit=limit + 1) if one.id not in found}
        for topic in dict.fromkeys(topics):
            if len(found) <= limit:
                more = self.page(today, topic=topic, limit=2 * limit + 1)
                found |= {one.id: one for one in more if one.id not in found}
        found.pop(listed.id, None)
        return list(found.values())[:limit]


def words_of(comparison: Comparison) -> str:
    """Everything that a search may find a comparison by, but its title."""
    found: list[str | None] = []
    for side in comparison.sides:
        found += [side.name, side.category, side.tagline, side.description, side.best_for]
        found += [side.pricing.entry, side.pricing.detail] if side.pricing else []
        for review in side.reviews:
            found += [review.reviewer, review.text]
    return "\n".join(filter(None, found))


def bump(database: Sqlite) -> None:
    """Note that something changed which public pages are made of."""
    database.change(
        "INSERT INTO meta VALUES (?, '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        (VERSION,),
    )


def _match(words: str) -> str:
    """An FTS5 query for every word of `words`, as it is typed: quoted, so that no sign of it is an operator."""
    found = re.findall(r"\w+", words)[:12]
    return " ".join(f'"{word}"' for word in found) + "*" if found else ""


def _listed(row: sqlite3.Row) -> Listed:
    return Listed(
        row["id"],
        from_document(json.loads(row["document"])),
        date.fromisoformat(row["listed_on"]),
        moment_of(row["changed_at"]),
    )
