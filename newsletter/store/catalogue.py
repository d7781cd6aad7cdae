"""The catalogue: comparisons as readers look for them, by page, topic, tool and words.

A comparison is listed from its `listed_on` (local date) on; every question here takes `today` and sees nothing later.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime

from newsletter.comparisons.model import Comparison
from newsletter.store.documents import comparison_of
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of

VERSION = "content_version"
_AT_ONCE = 200
"""Texts in one statement."""


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


@dataclass(slots=True)
class _Gathered:
    """What is to be listed: by id what finds it by its words, its tools, and which were listed before."""

    texts: dict[int, tuple[object, ...]] = field(default_factory=dict)
    tools: dict[int, list[tuple[object, ...]]] = field(default_factory=dict)
    anew: set[int] = field(default_factory=set)

    def clear(self) -> None:
        self.texts.clear()
        self.tools.clear()
        self.anew.clear()


class Catalogue:
    """What is listed. Kept in step by Comparisons, which calls put()."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database
        self._gathered: _Gathered | None = None

    @property
    def version(self) -> int:
        """Grows with every change of a comparison, an issue or a correction: what pages made of them are kept by."""
        return int(self._database.value("SELECT value FROM meta WHERE key = ?", (VERSION,)) or 0)

    def put(self, comparison_id: int, comparison: Comparison, listed_on: str, *, new: bool = False) -> None:
        """List a comparison, or list it anew."""
        found = self._gathered or _Gathered()
        found.texts[comparison_id] = (comparison_id, comparison.title, words_of(comparison))
        found.tools[comparison_id] = [
            (comparison_id, place, side.slug, side.name, side.topic, side.category or "", listed_on)
            for place, side in enumerate(comparison.sides)
        ]
        if not new:
            found.anew.add(comparison_id)
        if self._gathered is None or len(found.texts) == _AT_ONCE:
            self._write(found)

    def whole(self) -> AbstractContextManager[None]:
        """A transaction for one comparison; where many are gathered theirs is enough."""
        return self._database.transaction() if self._gathered is None else nullcontext()

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Until its end what is to be found by its words is kept back, and then written together: one statement for
        many texts takes a quarter of the time. Within a transaction, which holds back everybody else who writes.
        """
        if self._gathered is not None:
            yield
            return
        self._gathered = _Gathered()
        try:
            yield
            self._write(self._gathered)
        finally:
            self._gathered = None

    def _write(self, found: _Gathered) -> None:
        if not found.texts:
            return
        with self._database.transaction():
            self._database.change_many(
                "DELETE FROM comparison_tool WHERE comparison_id = ?", [(number,) for number in found.anew]
            )
            self._database.change_many(
                "INSERT INTO comparison_tool VALUES (?, ?, ?, ?, ?, ?, ?)",
                [row for rows in found.tools.values() for row in rows],
            )
            self._database.change(
                f"INSERT INTO comparison_text VALUES {', '.join(['(?, ?, ?)'] * len(found.texts))}"
                " ON CONFLICT (id) DO UPDATE SET title = excluded.title, words = excluded.words",
                [value for row in found.texts.values() for value in row],
            )
            bump(self._database)
        found.clear()

    def catch_up(self) -> None:
        """List what an older version of this program stored."""
        rows = self._database.query(
            "SELECT id, document, listed_on FROM comparison WHERE NOT EXISTS"
            " (SELECT 1 FROM comparison_text WHERE comparison_text.id = comparison.id)"
        )
        if rows:
            with self._database.transaction(), self.gathered():
                for row in rows:
                    self.put(row["id"], comparison_of(row["document"]), row["listed_on"])

    def page(
        self, today: date, *, topic: str = "", limit: int, offset: int = 0, below: tuple[date, int] | None = None
    ) -> list[Listed]:
        """Newest first; with `topic`, those that have a side of it; with `below`, those after the one of that date and
        id.
        """
        more = [below[0].isoformat(), below[1]] if below else []
        if topic:
            rows = self._database.query(
                "SELECT id, document, listed_on, changed_at FROM comparison WHERE id IN (SELECT comparison_id FROM"
                " (SELECT DISTINCT comparison_id, listed_on FROM comparison_tool WHERE topic = ? AND listed_on <= ?"
                f"{' AND (listed_on, comparison_id) < (?, ?)' if below else ''}"
                "  ORDER BY listed_on DESC, comparison_id DESC LIMIT ? OFFSET ?) AS found)"
                " ORDER BY listed_on DESC, id DESC",
                (topic, today.isoformat(), *more, limit, offset),
            )
        else:
            rows = self._database.query(
                "SELECT id, document, listed_on, changed_at FROM comparison WHERE listed_on <= ?"
                f"{' AND (listed_on, id) < (?, ?)' if below else ''}"
                " ORDER BY listed_on DESC, id DESC LIMIT ? OFFSET ?",
                (today.isoformat(), *more, limit, offset),
            )
        return [_listed(row) for row in rows]

    def by_slug(self, slug: str, today: date) -> Listed | None:
        row = self._database.one(
            "SELECT id, document, listed_on, changed_at FROM comparison WHERE slug = ? AND listed_on <= ?",
            (slug, today.isoformat()),
        )
        return _listed(row) if row else None

    def count(self, today: date, *, topic: str = "") -> int:
        """How many page() has in all."""
        if topic:
            sql = "SELECT count(DISTINCT comparison_id) FROM comparison_tool WHERE topic = ? AND listed_on <= ?"
            return int(self._database.value(sql, (topic, today.isoformat())))
        return int(self._database.value("SELECT count(*) FROM comparison WHERE listed_on <= ?", (today.isoformat(),)))

    def find(self, words: str, today: date, *, topic: str = "") -> list[int]:
        """The ids of those that hold every word, the last one perhaps unfinished; the best match first."""
        query = match_query(words)
        if not query:
            return []
        within = " AND id IN (SELECT comparison_id FROM comparison_tool WHERE topic = ?)" if topic else ""
        rows = self._database.query(
            "WITH found AS MATERIALIZED"  # else the whole search is done again for every row it is met with
            " (SELECT rowid AS id, bm25(comparison_text_fts, 8.0, 1.0) AS score"
            "  FROM comparison_text_fts WHERE comparison_text_fts MATCH ?)"
            f" SELECT id FROM found WHERE id NOT IN (SELECT id FROM comparison WHERE listed_on > ?){within}"
            " ORDER BY score, id DESC",
            (query, today.isoformat(), *([topic] if topic else [])),
        )
        return [row["id"] for row in rows]

    def by_ids(self, ids: Sequence[int]) -> list[Listed]:
        """Those, in that order."""
        marks = ", ".join("?" * len(ids))
        rows = self._database.query(
            f"SELECT id, document, listed_on, changed_at FROM comparison WHERE id IN ({marks})", list(ids)
        )
        return sorted(map(_listed, rows), key=lambda listed: ids.index(listed.id))

    def search(self, words: str, today: date, *, topic: str = "", limit: int, offset: int = 0) -> list[Listed]:
        """A page of what find() finds."""
        return self.by_ids(self.find(words, today, topic=topic)[offset : offset + limit])

    def topics(self, today: date, among: Sequence[int] | None = None) -> list[Topic]:
        """Every topic, the largest first; with `among`, those of the comparisons with these ids."""
        within = "" if among is None else " AND comparison_id IN (SELECT value FROM json_each(?))"
        rows = self._database.query(
            "SELECT topic, count(DISTINCT comparison_id) AS n, (SELECT category FROM comparison_tool AS newest"
            "  WHERE newest.topic = each.topic AND newest.listed_on <= ?"
            "  ORDER BY newest.listed_on DESC, newest.comparison_id DESC LIMIT 1) AS category"
            f" FROM comparison_tool AS each WHERE topic <> '' AND listed_on <= ?{within}"
            " GROUP BY topic ORDER BY n DESC, topic",
            (today.isoformat(), today.isoformat(), *([] if among is None else [json.dumps(list(among))])),
        )
        return [Topic(row["topic"], row["category"], row["n"]) for row in rows]

    def of_tool(self, tool: str, today: date, *, limit: int = -1, offset: int = 0) -> list[Listed]:
        """The comparisons of a tool, newest first."""
        rows = self._database.query(
            "SELECT id, document, listed_on, changed_at FROM comparison WHERE id IN (SELECT comparison_id FROM"
            " (SELECT DISTINCT comparison_id, listed_on FROM comparison_tool WHERE tool = ? AND listed_on <= ?"
            "  ORDER BY listed_on DESC, comparison_id DESC LIMIT ? OFFSET ?) AS found)"
            " ORDER BY listed_on DESC, id DESC",
            (tool, today.isoformat(), limit, offset),
        )
        return [_listed(row) for row in rows]

    def count_of_tool(self, tool: str, today: date) -> int:
        """How many of_tool() has in all."""
        sql = "SELECT count(DISTINCT comparison_id) FROM comparison_tool WHERE tool = ? AND listed_on <= ?"
        return int(self._database.value(sql, (tool, today.isoformat())))

    def names_of_tool(self, tool: str, today: date) -> list[str]:
        """What the comparisons call it, the newest name first."""
        rows = self._database.query(
            "SELECT name FROM comparison_tool WHERE tool = ? AND listed_on <= ? GROUP BY name"
            " ORDER BY max(listed_on) DESC, max(comparison_id) DESC",
            (tool, today.isoformat()),
        )
        return [row["name"] for row in rows]

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


def match_query(words: str) -> str:
    """An FTS5 query for every word of `words`, as it is typed: quoted, so that no sign of it is an operator.

    A word with signs in it is a phrase: `git-why` is found where `git` and `why` stand side by side.
    """
    told = words.replace("\0", " ")  # FTS5 reads no further, and misses the closing quote
    found = [word.replace('"', " ") for word in told.split() if any(map(str.isalnum, word))][:12]
    return " ".join(f'"{word}"' for word in found) + "*" if found else ""


def _listed(row: sqlite3.Row) -> Listed:
    return Listed(
        row["id"],
        comparison_of(row["document"]),
        date.fromisoformat(row["listed_on"]),
        moment_of(row["changed_at"]),
    )
