"""Long lists in pages, each by the id after which it begins."""

from __future__ import annotations

from newsletter.audience.subscriber import Subscriber
from newsletter.store.sqlite import Sqlite
from newsletter.store.subscribers import Subscribers


class Lists:
    """Subscribers, and who did not get an issue. A page costs the same wherever it begins."""

    def __init__(self, database: Sqlite, subscribers: Subscribers) -> None:
        self._database = database
        self._subscribers = subscribers

    def subscribers(self, after: int, limit: int, status: str = "", search: str = "") -> list[Subscriber]:
        """In the order they came. `search`: a part of the address, as it is written."""
        rows = self._database.query(
            "SELECT id FROM subscriber WHERE id > ? AND (? = '' OR status = ?)"
            " AND (? = '' OR instr(lower(email), lower(?)) > 0) ORDER BY id LIMIT ?",
            (after, status, status, search, search, limit),
        )
        found = (self._subscribers.by_id(row["id"]) for row in rows)
        return [one for one in found if one is not None]

    def missed(self, issue_id: int, after: int, limit: int) -> list[tuple[int, dict[str, str | None]]]:
        """(subscriber id, who did not get the issue, and why), in the order of the ids."""
        rows = self._database.query(
            "SELECT subscriber_id, email, delivery.status, outcome, detail FROM delivery"
            " JOIN subscriber ON id = subscriber_id WHERE issue_id = ? AND subscriber_id > ?"
            " AND (delivery.status <> 'accepted' OR outcome IN ('hard_bounce', 'soft_bounce'))"
            " ORDER BY subscriber_id LIMIT ?",
            (issue_id, after, limit),
        )
        return [
            (row["subscriber_id"], {name: row[name] for name in ("email", "status", "outcome", "detail")})
            for row in rows
        ]
