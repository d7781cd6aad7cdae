"""Subscribers in pages, each with all that an export says of them, by three queries for thousands of people."""

from __future__ import annotations

from newsletter.audience.takeaway import Leaver
from newsletter.store.sqlite import Sqlite


class Exports:
    """What leaves the house. Nobody who was erased is in it: they have no address."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def leavers(self, after: int, limit: int) -> tuple[list[Leaver], int]:
        """People in the order they came, from the one after that id, and the id of the last; 0 where nobody is left."""
        people = self._database.query(
            "SELECT id, email, status, subscriber.created_at, confirmed_at, unsubscribed_at, paused_until, frequency,"
            " zone, reason FROM subscriber"
            " LEFT JOIN suppression ON suppression.address_hash = subscriber.address_hash"
            " WHERE id > ? AND email IS NOT NULL ORDER BY id LIMIT ?",
            (after, limit),
        )
        if not people:
            return [], 0
        span = (people[0][0], people[-1][0])
        topics: dict[int, str] = {}
        for one, topic in self._database.query(
            "SELECT subscriber_id, topic FROM subscriber_topic WHERE subscriber_id BETWEEN ? AND ?"
            " ORDER BY subscriber_id, topic",
            span,
        ):
            topics[one] = f"{topics[one]} {topic}" if one in topics else topic
        proofs = {  # the newest of each counts
            one: (at, ip)
            for one, at, ip in self._database.query(
                "SELECT subscriber_id, at, ip FROM consent WHERE subscriber_id BETWEEN ? AND ?"
                " AND kind IN ('confirmed', 'imported', 'resubscribed') ORDER BY subscriber_id, id",
                span,
            )
        }
        found = []
        for number, email, status, came, confirmed, left, paused, frequency, zone, reason in people:
            proof_at, proof_ip = proofs.get(number, ("", ""))
            found.append(
                Leaver(
                    email,
                    status,
                    _short(came),
                    _short(confirmed),
                    _short(left),
                    reason or "",
                    _short(proof_at),
                    proof_ip or "",
                    topics.get(number, ""),
                    frequency,
                    zone,
                    _short(paused),
                )
            )
        return found, span[1]

    def suppressed_without_address(self) -> int:
        """How many addresses are suppressed that no subscriber has any more, known by their keyed hash alone."""
        return int(
            self._database.value(
                "SELECT count(*) FROM suppression WHERE NOT EXISTS"
                " (SELECT 1 FROM subscriber WHERE subscriber.address_hash = suppression.address_hash)"
            )
        )


def _short(moment: str | None) -> str:
    """As isoformat() writes it: without microseconds where there are none."""
    return moment.replace(".000000+", "+") if moment else ""
