"""Comparisons as they stand, what they were before, and which of them an issue could take."""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.comparisons.formats import Written, written
from newsletter.comparisons.model import Comparison
from newsletter.store.catalogue import Catalogue, match_query
from newsletter.store.documents import comparison_of
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, moment_or_none, text_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A comparison in the store. Times are aware UTC."""

    id: int
    comparison: Comparison
    first_seen_at: datetime
    archived: bool
    content_sha256: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Shelved:
    """A comparison in a list. `listed_on`: local date; `sent_in`: key of the newest issue that went out with it."""

    stored: Stored
    listed_on: date
    sent_in: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An issue that has a comparison. `sent_at`: aware UTC, None before it goes out."""

    key: str
    status: str
    section: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Revised:
    """A state that was replaced: when (aware UTC) and by whom, and what it was until then. `by` is empty where nobody
    kept it.
    """

    at: datetime
    by: str
    was: Comparison


class Comparisons:
    """All comparisons."""

    def __init__(self, database: Sqlite, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    def count(self) -> int:
        return int(self._database.value("SELECT count(*) FROM comparison"))

    def by_slug(self, slug: str) -> Stored | None:
        row = self._database.one("SELECT * FROM comparison WHERE slug = ?", (slug,))
        return _stored(row) if row else None

    def by_pair(self, pair: str) -> list[Stored]:
        """Those of an unordered pair of tools: one, unless documents gave them slugs of their own."""
        return [_stored(row) for row in self._database.query("SELECT * FROM comparison WHERE pair = ?", (pair,))]

    def by_ids(self, ids: list[int]) -> dict[int, Stored]:
        marks = ", ".join("?" * len(ids))
        rows = self._database.query(f"SELECT * FROM comparison WHERE id IN ({marks})", ids)
        return {row["id"]: _stored(row) for row in rows}

    def all(self, search: str = "") -> list[Stored]:
        """Newest first; with `search`, those whose title or slug holds it."""
        rows = self._database.query(
            "SELECT * FROM comparison WHERE title LIKE ? OR slug LIKE ? ORDER BY listed_on DESC, id DESC",
            (f"%{search}%", f"%{search}%"),
        )
        return [_stored(row) for row in rows]

    def page(
        self, words: str = "", *, archived: bool | None = None, below: tuple[date, int] | None = None, limit: int
    ) -> list[Shelved]:
        """Newest first, those of a later day too: with `words` those that hold all of them, with `archived` those of
        the archive or not, with `below` those after the one of that date and id.
        """
        query = match_query(words)
        if words.strip() and not query:
            return []
        held = " AND id IN (SELECT rowid FROM comparison_text_fts WHERE comparison_text_fts MATCH ?)" if query else ""
        kept = "" if archived is None else " AND archived = ?"
        more = " AND (listed_on, id) < (?, ?)" if below else ""
        values: list[object] = [query] if query else []
        values += [] if archived is None else [int(archived)]
        values += [below[0].isoformat(), below[1]] if below else []
        rows = self._database.query(
            "SELECT * FROM comparison WHERE id IN"  # documents are long: none is sorted that is not shown
            f" (SELECT id FROM comparison WHERE 1 = 1{held}{kept}{more} ORDER BY listed_on DESC, id DESC LIMIT ?)"
            " ORDER BY listed_on DESC, id DESC",
            (*values, limit),
        )
        sent = self._sent_in([row["id"] for row in rows])
        return [Shelved(_stored(row), date.fromisoformat(row["listed_on"]), sent.get(row["id"], "")) for row in rows]

    def _sent_in(self, ids: list[int]) -> dict[int, str]:
        marks = ", ".join("?" * len(ids))
        rows = self._database.query(
            "SELECT item.comparison_id, issue.key FROM issue_item item JOIN issue ON issue.id = item.issue_id"
            f" WHERE item.comparison_id IN ({marks}) AND issue.frozen_at IS NOT NULL ORDER BY issue.frozen_at",
            ids,
        )
        return {row["comparison_id"]: row["key"] for row in rows}

    def listed_on(self, comparison_id: int) -> date:
        """The local date from which readers find it."""
        return date.fromisoformat(
            self._database.value("SELECT listed_on FROM comparison WHERE id = ?", (comparison_id,))
        )

    def taken_by(self, comparison_id: int) -> list[Taken]:
        """The issues that have it, newest slot first."""
        rows = self._database.query(
            "SELECT issue.key, issue.status, issue.frozen_at, item.section FROM issue_item item"
            " JOIN issue ON issue.id = item.issue_id WHERE item.comparison_id = ?"
            " ORDER BY issue.slot_at DESC, issue.id DESC",
            (comparison_id,),
        )
        return [Taken(row["key"], row["status"], row["section"], moment_or_none(row["frozen_at"])) for row in rows]

    def set_archived(self, comparison_id: int, archived: bool) -> bool:
        """True where it was not so before. What is of the archive is in no new issue; readers find it all the same."""
        sql = "UPDATE comparison SET archived = ? WHERE id = ? AND archived <> ?"
        return self._database.change(sql, (int(archived), comparison_id, int(archived))) == 1

    def add(self, comparison: Comparison, seen_at: datetime, archived: bool, document: Written | None = None) -> int:
        """Store and list a new one; its id. One without a date is listed on the day of `seen_at`, in its zone.
        `document`: as it is written, where that is known already.
        """
        document = document or written(comparison)
        with self._catalogue.whole():
            listed_on = _date_text(comparison.published_on) or seen_at.date().isoformat()
            comparison_id = self._database.insert(
                "INSERT INTO comparison (slug, pair, title, published_on, first_seen_at, archived, document,"
                " content_sha256, changed_at, listed_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    comparison.slug,
                    comparison.pair,
                    comparison.title,
                    _date_text(comparison.published_on),
                    text_of(seen_at),
                    int(archived),
                    document.text,
                    document.sha256,
                    text_of(seen_at),
                    listed_on,
                ),
            )
            self._catalogue.put(comparison_id, comparison, listed_on, new=True)
            return comparison_id

    def gathered(self) -> AbstractContextManager[None]:
        """For many in one transaction: what finds them by their words is written together, at the end."""
        return self._catalogue.gathered()

    def revise(self, stored: Stored, comparison: Comparison, at: datetime, by: str) -> None:
        """Replace its content; keep what it was before, and who replaced it. Without a date it stays listed on the
        day it was.
        """
        document = written(comparison)
        with self._database.transaction():
            listed_on = _date_text(comparison.published_on) or str(
                self._database.value("SELECT listed_on FROM comparison WHERE id = ?", (stored.id,))
            )
            self._database.insert(
                "INSERT INTO comparison_revision (comparison_id, changed_at, operator, document)"
                " SELECT id, ?, ?, document FROM comparison WHERE id = ?",
                (text_of(at), by, stored.id),
            )
            self._database.change(
                "UPDATE comparison SET pair = ?, title = ?, published_on = ?, document = ?, content_sha256 = ?,"
                " changed_at = ?, listed_on = ? WHERE id = ?",
                (
                    comparison.pair,
                    comparison.title,
                    _date_text(comparison.published_on),
                    document.text,
                    document.sha256,
                    text_of(at),
                    listed_on,
                    stored.id,
                ),
            )
            self._catalogue.put(stored.id, comparison, listed_on)

    def revisions(self, comparison_id: int) -> list[Revised]:
        """What it was before, newest first."""
        rows = self._database.query(
            "SELECT changed_at, operator, document FROM comparison_revision WHERE comparison_id = ? ORDER BY id DESC",
            (comparison_id,),
        )
        return [Revised(moment_of(row["changed_at"]), row["operator"], comparison_of(row["document"])) for row in rows]

    def candidates(self) -> list[Stored]:
        """Those not of the archive."""
        rows = self._database.query("SELECT * FROM comparison WHERE archived = 0 ORDER BY id")
        return [_stored(row) for row in rows]

    def last_sent_labels(self) -> dict[int, dict[str, str]]:
        """Comparison id → tool slug → label, as each was last sent."""
        rows = self._database.query(
            "SELECT item.comparison_id, item.labels FROM issue_item item JOIN issue ON issue.id = item.issue_id"
            " WHERE issue.frozen_at IS NOT NULL ORDER BY issue.cutoff_at"
        )
        return {row["comparison_id"]: json.loads(row["labels"]) for row in rows}


def _stored(row: sqlite3.Row) -> Stored:
    return Stored(
        row["id"],
        comparison_of(row["document"]),
        moment_of(row["first_seen_at"]),
        bool(row["archived"]),
        row["content_sha256"],
        moment_of(row["changed_at"]),
    )


def _date_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
