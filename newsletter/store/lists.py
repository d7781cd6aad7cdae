"""Long lists in pages, each by the id after which it begins."""

from __future__ import annotations

from newsletter.audience.subscriber import Subscriber
from newsletter.store.delivery_facts import MISSED, MISSED_FROM
from newsletter.store.sqlite import Sqlite
from newsletter.store.subscribers import Subscribers

_LOOKED = 100_000
"""Subscribers that one page looks through for a part of an address, at most."""

_LAST_ID = 2**63 - 1


class Lists:
    """Subscribers, and who did not get an issue. A page costs the same wherever it begins."""

    def __init__(self, database: Sqlite, subscribers: Subscribers) -> None:
        self._database = database
        self._subscribers = subscribers

    def subscribers(
        self, after: int, limit: int, status: str = "", search: str = ""
    ) -> tuple[list[Subscriber], int | None]:
        """(subscribers, the id to go on after; None at the end) in the order they came. `search`: a part of the
        address, as it is written; it may find nobody yet and still go on, because enough was looked through.
        """
        end: int | None = None
        if search:
            sql = "SELECT id FROM subscriber WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
            end = self._database.value(sql, (after, _LOOKED - 1))
        rows = self._database.query(
            "SELECT id FROM subscriber WHERE id > ? AND id <= ? AND (? = '' OR status = ?)"
            " AND (? = '' OR instr(lower(email), lower(?)) > 0) ORDER BY id LIMIT ?",
            (after, end or _LAST_ID, status, status, search, search, limit + 1),
        )
        ids = [row["id"] for row in rows]
        found = [one for one in map(self._subscribers.by_id, ids[:limit]) if one is not None]
        return found, ids[limit - 1] if len(ids) > limit else end

    def missed(self, issue_id: int, after: int, limit: int) -> list[tuple[int, dict[str, str | None]]]:
        """(subscriber id, who did not get the issue, and why), in the order of the ids."""
        rows = self._database.query(
            f"SELECT subscriber_id, email, delivery.status, outcome, detail FROM {MISSED_FROM}"
            f" WHERE issue_id = ? AND subscriber_id > ? AND {MISSED} ORDER BY subscriber_id LIMIT ?",
            (issue_id, after, limit),
        )
        return [
            (row["subscriber_id"], {name: row[name] for name in ("email", "status", "outcome", "detail")})
            for row in rows
        ]
