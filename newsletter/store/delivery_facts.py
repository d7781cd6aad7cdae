"""What the ledger says: where deliveries stand, what was reported of them, who did not get an issue."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from newsletter.delivery.status import DeliveryStatus
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import text_of

ACCEPTED_OF = (
    " AND EXISTS (SELECT 1 FROM delivery AS got WHERE got.issue_id = :accepted_of AND got.subscriber_id = subscriber.id"
    " AND got.status = 'accepted')"
)
"""Only subscribers whose delivery of one issue was accepted."""


class DeliveryFacts:
    """Questions to the ledger; nothing here changes it."""

    _database: Sqlite

    def status(self, issue_id: int, subscriber_id: int) -> DeliveryStatus | None:
        found = self._database.value(
            "SELECT status FROM delivery WHERE issue_id = ? AND subscriber_id = ?", (issue_id, subscriber_id)
        )
        return found and DeliveryStatus(found)

    def outcome(self, issue_id: int, subscriber_id: int) -> tuple[str | None, str | None]:
        """The event that stands for this delivery and its detail; None and None where there is none."""
        row = self._database.one(
            "SELECT outcome, detail FROM delivery WHERE issue_id = ? AND subscriber_id = ? AND outcome IS NOT NULL",
            (issue_id, subscriber_id),
        )
        return (row["outcome"], row["detail"]) if row else (None, None)

    def by_provider_id(self, provider_id: str) -> tuple[int, int] | None:
        """(issue id, subscriber id); a scan, for reports that lost our own id."""
        row = self._database.one(
            "SELECT issue_id, subscriber_id FROM delivery WHERE provider_id = ?", (provider_id.encode(),)
        )
        return (row["issue_id"], row["subscriber_id"]) if row else None

    def outcomes(self, issue_id: int) -> dict[str, int]:
        """Event → how many deliveries it stands for."""
        rows = self._database.query(
            "SELECT outcome, count(*) AS n FROM delivery WHERE issue_id = ? AND outcome IS NOT NULL GROUP BY outcome",
            (issue_id,),
        )
        return {row["outcome"]: row["n"] for row in rows}

    def silent(self, issue_id: int) -> int:
        """How many accepted deliveries no event stands for."""
        return int(
            self._database.value(
                "SELECT count(*) FROM delivery WHERE issue_id = ? AND status = 'accepted' AND outcome IS NULL",
                (issue_id,),
            )
        )

    def not_accepted(self, issue_id: int, limit: int = -1) -> list[dict[str, str | None]]:
        """Who did not get it, and why: address, status, outcome, detail."""
        rows = self._database.query(
            "SELECT email, delivery.status, outcome, detail FROM delivery JOIN subscriber ON id = subscriber_id"
            " WHERE issue_id = ? AND (delivery.status <> 'accepted' OR outcome IN ('hard_bounce', 'soft_bounce'))"
            " ORDER BY subscriber_id LIMIT ?",
            (issue_id, limit),
        )
        return [dict(row) for row in rows]

    def accepted_audience(self, issue_id: int, now: datetime) -> dict[str, int]:
        """The sum behind the recipients of a correction: accepted − left (or paused) since = recipients."""
        accepted = self._database.value("SELECT accepted FROM issue WHERE id = ?", (issue_id,))
        recipients = self._database.value(
            "SELECT count(*) FROM subscriber WHERE status = 'active'"
            " AND (paused_until IS NULL OR paused_until <= :now) AND NOT EXISTS"
            f" (SELECT 1 FROM suppression WHERE suppression.address_hash = subscriber.address_hash){ACCEPTED_OF}",
            {"now": text_of(now), "accepted_of": issue_id},
        )
        return {"accepted": accepted, "left": accepted - recipients, "recipients": recipients}

    def in_status(self, issue_id: int, status: DeliveryStatus) -> list[int]:
        """Subscriber ids, in order."""
        rows = self._database.query(
            "SELECT subscriber_id FROM delivery WHERE issue_id = ? AND status = ? ORDER BY subscriber_id",
            (issue_id, str(status)),
        )
        return [row["subscriber_id"] for row in rows]

    def of_subscriber(self, subscriber_id: int) -> list[dict[str, str | None]]:
        """Every issue this person was a recipient of."""
        rows = self._database.query(
            "SELECT key, delivery.status, outcome, detail FROM delivery JOIN issue ON issue.id = issue_id"
            # by the whole key, issue by issue: else every delivery there is would be read
            " WHERE issue_id IN (SELECT id FROM issue) AND subscriber_id = ? ORDER BY slot",
            (subscriber_id,),
        )
        return [dict(row) for row in rows]

    def tally(self, issue_id: int) -> Counter[str]:
        """Status → how many, counted row by row: what the kept counts must equal."""
        rows = self._database.query(
            "SELECT status, count(*) AS n FROM delivery WHERE issue_id = ? GROUP BY status", (issue_id,)
        )
        return Counter({row["status"]: row["n"] for row in rows})
