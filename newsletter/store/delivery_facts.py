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

WANTS = (
    "(paused_until IS NULL OR paused_until <= (SELECT frozen_at FROM issue WHERE issue.id = :issue))"
    " AND (frequency = 'weekly' OR EXISTS (SELECT 1 FROM subscriber_topic JOIN issue_topic USING (topic)"
    " WHERE subscriber_topic.subscriber_id = subscriber.id AND issue_topic.issue_id = :issue))"
)
"""Whether a subscriber wants this issue: no pause when it was frozen, and of their topics where only those count."""

MISSED_FROM = "delivery INDEXED BY delivery_missed JOIN subscriber ON subscriber.id = delivery.subscriber_id"
MISSED = (
    "(delivery.status IN ('rejected', 'suppressed', 'unknown', 'cancelled')"
    " OR outcome IN ('rejected', 'hard_bounce', 'soft_bounce'))"
)
"""Who did not get an issue, word for word as their index says it: else SQLite reads every delivery."""

_MAY_BE_MAILED = (
    f"subscriber.status = 'active' AND {WANTS} AND NOT EXISTS"
    " (SELECT 1 FROM suppression WHERE suppression.address_hash = subscriber.address_hash)"
)
_OPEN_FROM = "delivery INDEXED BY delivery_open JOIN subscriber ON subscriber.id = delivery.subscriber_id"
OPEN = "delivery.status IN ('rejected', 'unknown')"
"""Word for word as the index `delivery_open` says it."""
_REFUSED = (
    f"issue_id = :issue AND {OPEN} AND delivery.status = 'rejected' AND COALESCE(outcome, 'rejected') = 'rejected'"
)
REFUSED_WHO_MAY = f"SELECT delivery.subscriber_id FROM {_OPEN_FROM} WHERE {_REFUSED} AND {_MAY_BE_MAILED}"
"""Subscriber ids whom the provider definitely refused, and who may still be mailed. Takes `:issue`."""


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
        """Event → how many deliveries it stands for, by the kept count."""
        rows = self._database.query(
            "SELECT outcome, sum(n) AS n FROM delivery_count WHERE issue_id = ? GROUP BY outcome HAVING sum(n) > 0",
            (issue_id,),
        )
        return {row["outcome"]: row["n"] for row in rows}

    def silent(self, issue_id: int) -> int:
        """How many accepted deliveries no event stands for, by the kept counts."""
        return int(
            self._database.value(
                "SELECT accepted - (SELECT COALESCE(sum(n), 0) FROM delivery_count WHERE issue_id = issue.id"
                " AND delivery_count.status = 'accepted') FROM issue WHERE id = ?",
                (issue_id,),
            )
        )

    def not_accepted(self, issue_id: int, limit: int = -1, after: int = 0) -> list[dict[str, str | None]]:
        """Who did not get it, and why: address, status, outcome, detail; of subscribers with an id above `after`."""
        rows = self._database.query(
            f"SELECT email, delivery.status, outcome, detail FROM {MISSED_FROM}"
            f" WHERE issue_id = ? AND subscriber_id > ? AND {MISSED} ORDER BY subscriber_id LIMIT ?",
            (issue_id, after, limit),
        )
        return [dict(row) for row in rows]

    def refused(self, issue_id: int, limit: int) -> tuple[int, int, list[dict[str, str | None]]]:
        """(how many the provider definitely refused, how many of them may still be mailed, the first of those: address
        and why).
        """
        refused = self._database.value(
            f"SELECT count(*) FROM delivery INDEXED BY delivery_open WHERE {_REFUSED}", {"issue": issue_id}
        )
        may = self._database.value(f"SELECT count(*) FROM ({REFUSED_WHO_MAY})", {"issue": issue_id})
        first = self._database.query(
            "SELECT email, detail FROM delivery JOIN subscriber ON subscriber.id = delivery.subscriber_id"
            f" WHERE issue_id = :issue AND subscriber_id IN ({REFUSED_WHO_MAY} ORDER BY 1 LIMIT :limit) ORDER BY id",
            {"issue": issue_id, "limit": limit},
        )
        return refused, may, [dict(row) for row in first]

    def unknown_who_may(self, issue_id: int) -> int:
        """How many deliveries in doubt are of somebody who may still be mailed."""
        return int(
            self._database.value(
                f"SELECT count(*) FROM {_OPEN_FROM} WHERE issue_id = :issue AND {OPEN}"
                f" AND delivery.status = 'unknown' AND {_MAY_BE_MAILED}",
                {"issue": issue_id},
            )
        )

    def unknown(self, issue_id: int) -> list[int]:
        """Subscriber ids of the deliveries in doubt, in order."""
        rows = self._database.query(
            f"SELECT subscriber_id FROM delivery INDEXED BY delivery_open WHERE issue_id = ? AND {OPEN}"
            " AND delivery.status = 'unknown' ORDER BY subscriber_id",
            (issue_id,),
        )
        return [row["subscriber_id"] for row in rows]

    def provider_id(self, issue_id: int, subscriber_id: int) -> str | None:
        """What the provider called this delivery's mail."""
        found = self._database.value(
            "SELECT provider_id FROM delivery WHERE issue_id = ? AND subscriber_id = ?", (issue_id, subscriber_id)
        )
        return found and bytes(found).decode()

    def accepted_audience(self, issue_id: int, now: datetime) -> dict[str, int]:
        """The sum behind the recipients of a correction: accepted − left (or paused) since = recipients."""
        accepted = self._database.value("SELECT accepted FROM issue WHERE id = ?", (issue_id,))
        left = self._database.value(  # they are few, each found by an index; those who stayed are a million
            "SELECT (SELECT count(*) FROM subscriber WHERE status IN ('pending', 'unsubscribed', 'erased')"
            f" {ACCEPTED_OF}) + (SELECT count(*) FROM (SELECT subscriber_id AS id FROM stopped) AS subscriber"
            f" WHERE true{ACCEPTED_OF})"
            " + (SELECT count(*) FROM subscriber INDEXED BY subscriber_paused WHERE paused_until > :now"
            f" AND status = 'active' AND subscriber.id NOT IN (SELECT subscriber_id FROM stopped){ACCEPTED_OF})",
            {"now": text_of(now), "accepted_of": issue_id},
        )
        return {"accepted": accepted, "left": left, "recipients": accepted - left}

    def in_status(self, issue_id: int, status: DeliveryStatus) -> list[int]:
        """Subscriber ids, in order."""
        rows = self._database.query(
            "SELECT subscriber_id FROM delivery WHERE issue_id = ? AND status = ? ORDER BY subscriber_id",
            (issue_id, str(status)),
        )
        return [row["subscriber_id"] for row in rows]

    def of_subscriber(self, subscriber_id: int) -> list[dict[str, str | None]]:
        """Every issue this person was a recipient of; `left_at`: when they unsubscribed by a link of it."""
        rows = self._database.query(
            "SELECT key, delivery.status, outcome, detail, (SELECT at FROM issue_leaving WHERE"
            " issue_leaving.issue_id = issue.id AND issue_leaving.subscriber_id = :id) AS left_at"
            " FROM delivery JOIN issue ON issue.id = issue_id"
            # by the whole key, issue by issue: else every delivery there is would be read
            " WHERE issue_id IN (SELECT id FROM issue) AND subscriber_id = :id ORDER BY slot",
            {"id": subscriber_id},
        )
        return [dict(row) for row in rows]

    def tally(self, issue_id: int) -> Counter[str]:
        """Status → how many, counted row by row: what the kept counts must equal."""
        rows = self._database.query(
            "SELECT status, count(*) AS n FROM delivery WHERE issue_id = ? GROUP BY status", (issue_id,)
        )
        return Counter({row["status"]: row["n"] for row in rows})
