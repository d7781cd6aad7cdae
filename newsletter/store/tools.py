"""The slugs of tools: what votes, bookmarks and pages are kept by, and what a slug was called before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.comparisons.changes import with_slugs
from newsletter.comparisons.formats import written
from newsletter.store.catalogue import Catalogue, bump
from newsletter.store.documents import comparison_of
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of

_KEPT_BY = ("vote", "web_vote", "tally", "issue_tally", "saved_tool")
"""Tables with a column `tool`, besides the catalogue's own."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A slug that leads to another one: since when (aware UTC), and by whom."""

    old: str
    new: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """What is kept by a slug: how many comparisons have it, readers' votes, and lists that it is on."""

    comparisons: int
    votes: int
    saved: int


class Tools:
    """All slugs of tools."""

    def __init__(self, database: Sqlite, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    def current(self, slug: str) -> str:
        """What a slug is called now: itself, unless it was renamed."""
        return str(self._database.value("SELECT new FROM renamed_tool WHERE old = ?", (slug,)) or slug)

    def renamed(self) -> list[Renamed]:
        """Every old slug, the newest first."""
        rows = self._database.query("SELECT old, new, at, operator FROM renamed_tool ORDER BY at DESC, old")
        return [Renamed(row["old"], row["new"], moment_of(row["at"]), row["operator"]) for row in rows]

    def use(self, slug: str) -> ToolUse:
        """What is kept by it now."""
        return ToolUse(
            self._database.value("SELECT count(*) FROM comparison_tool WHERE tool = ?", (slug,)),
            self._database.value("SELECT COALESCE(sum(ship + skip), 0) FROM tally WHERE tool = ?", (slug,)),
            self._database.value("SELECT count(*) FROM saved_tool WHERE tool = ?", (slug,)),
        )

    def is_used(self, slug: str) -> bool:
        """Whether anything is kept by it, a vote on a tool that is gone too."""
        return any(
            self._database.value(f"SELECT 1 FROM {table} WHERE tool = ? LIMIT 1", (slug,))
            for table in ("comparison_tool", *_KEPT_BY)
        )

    def issues_on_their_way(self, slug: str) -> list[str]:
        """Keys of the issues that are being sent, or about to be, with a comparison of it."""
        rows = self._database.query(
            "SELECT DISTINCT issue.key FROM comparison_tool JOIN issue_item USING (comparison_id)"
            " JOIN issue ON issue.id = issue_item.issue_id"
            " WHERE tool = ? AND issue.status IN ('holding', 'sending', 'paused') ORDER BY issue.key",
            (slug,),
        )
        return [row["key"] for row in rows]

    def rename(self, old: str, new: str, at: datetime, by: str) -> None:
        """Keep by `new`, which nothing uses, all that was kept by `old`; and remember that."""
        with self._database.transaction():
            ids = [
                row["comparison_id"]
                for row in self._database.query("SELECT comparison_id FROM comparison_tool WHERE tool = ?", (old,))
            ]
            for number in ids:
                self._rename_in(number, old, new)
            for table in _KEPT_BY:
                self._database.change(f"UPDATE {table} SET tool = ? WHERE tool = ?", (new, old))
            self._database.change("DELETE FROM renamed_tool WHERE old = ?", (new,))  # a way back
            self._database.change("UPDATE renamed_tool SET new = ? WHERE new = ?", (new, old))
            self._database.change("INSERT INTO renamed_tool VALUES (?, ?, ?, ?)", (old, new, text_of(at), by))
            bump(self._database)

    def _rename_in(self, number: int, old: str, new: str) -> None:
        """One comparison: as it is, as it was, and what issues remember of its labels."""
        row = self._database.one("SELECT document, listed_on FROM comparison WHERE id = ?", (number,))
        assert row is not None
        comparison = with_slugs(comparison_of(row["document"]), {old: new})
        document = written(comparison)
        self._database.change(
            "UPDATE comparison SET pair = ?, document = ?, content_sha256 = ? WHERE id = ?",
            (comparison.pair, document.text, document.sha256, number),
        )
        self._catalogue.put(number, comparison, row["listed_on"])
        for was in self._database.query(
            "SELECT id, document FROM comparison_revision WHERE comparison_id = ?", (number,)
        ):
            before = written(with_slugs(comparison_of(was["document"]), {old: new})).text
            self._database.change("UPDATE comparison_revision SET document = ? WHERE id = ?", (before, was["id"]))
        for item in self._database.query(
            "SELECT issue_id, before, labels FROM issue_item WHERE comparison_id = ?", (number,)
        ):
            earlier, labels = (_rekeyed(json.loads(item[name]), old, new) for name in ("before", "labels"))
            self._database.change(
                "UPDATE issue_item SET before = ?, labels = ? WHERE issue_id = ? AND comparison_id = ?",
                (json.dumps(earlier), json.dumps(labels), item["issue_id"], number),
            )
        for edit in self._database.query(
            "SELECT issue_edit.id, content FROM issue_edit JOIN issue_item USING (issue_id) WHERE comparison_id = ?",
            (number,),
        ):
            *texts, items = json.loads(edit["content"])
            items = [[one, section, _rekeyed(before, old, new)] for one, section, before in items]
            self._database.change(
                "UPDATE issue_edit SET content = ? WHERE id = ?", (json.dumps([*texts, items]), edit["id"])
            )


def _rekeyed(facts: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if key == old else key: value for key, value in facts.items()}
