"""Subscribers and suppressions in pages, as an operator looks through them, and the moments of one person's story."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.store.sqlite import Sqlite
from newsletter.store.subscribers import subscriber_of
from newsletter.store.times import moment_of, moment_or_none, text_of

_RARE = 20_000
"""Readers of a topic that are looked through in 50 ms."""
_LOOKED = 200_000
"""Addresses that one page looks through for a part of one, in 40 ms of a processor. An index of their parts would
answer for all of them at once, and keep parts of those that were erased until it is merged.
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    subscriber: Subscriber
    suppression: SuppressionReason | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of the list."""

    people: list[Listed]
    after: int
    """The id after which the next one begins; 0 on the last."""
    cut: bool
    """It ends where it does because enough was looked through, and not because it is full or there is nobody else."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One address that is never mailed, known by `key`: the keyed hash in hex."""

    id: int
    key: str
    reason: SuppressionReason
    at: datetime
    words: str
    """Why an operator did it; else empty."""
    email: str | None
    """Where a subscriber has it still."""
    subscriber_id: int | None


class PeopleLists:
    """Every page is found by where the one before it ended, so that the last comes as quickly as the first."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def page(
        self, status: str = "", topic: str = "", search: str = "", *, begins: bool = False, after: int = 0, limit: int
    ) -> Leaf:
        """Of one `status` and `topic` where given: who came last first, or with `search`, in the order of addresses
        that hold it (or begin with it). `after`: as the page before told.
        """
        where: list[str] = []
        values: list[Any] = []
        rare = bool(topic) and self._is_rare(topic)
        end: sqlite3.Row | None = None
        if search:
            source, order = "subscriber INDEXED BY subscriber_email", "email COLLATE NOCASE"
            where.append("email IS NOT NULL")
            if after:  # an erased one has no place any more: then from the first, so that nobody is left out
                where.append("email COLLATE NOCASE > COALESCE((SELECT email FROM subscriber WHERE id = ?), '')")
                values.append(after)
            if not begins and not rare:
                end = self._database.one(
                    f"SELECT id, email FROM {source} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT 1 OFFSET ?",
                    [*values, _LOOKED],
                )
            if end:
                where.append("email COLLATE NOCASE <= ?")
                values.append(end["email"])
            if begins:
                where.append("email COLLATE NOCASE BETWEEN ? AND ?")
                values += [search, f"{search}\U0010ffff"]
            else:
                where.append("email LIKE ? ESCAPE '\\'")
                values.append(f"%{_literal(search)}%")
        else:
            source, order = "subscriber", "subscriber.id DESC"
            if after:
                where.append("subscriber.id < ?")
                values.append(after)
        if status:
            where.append("subscriber.status = ?")
            values.append(status)
        if topic:
            # what is rare is looked through first; most readers with a topic are active
            if rare or (not search and status in ("", SubscriberStatus.ACTIVE)):
                source = "subscriber_topic CROSS JOIN subscriber ON subscriber.id = subscriber_id"
                order = order.replace("subscriber.id", "subscriber_id")
                where = [one.replace("subscriber.id <", "subscriber_id <") for one in where]
                where.append("topic = ?")
            else:
                where.append(
                    "EXISTS (SELECT 1 FROM subscriber_topic WHERE subscriber_id = subscriber.id AND topic = ?)"
                )
            values.append(topic)
        rows = self._database.query(
            "SELECT subscriber.*, (SELECT reason FROM suppression WHERE"
            " suppression.address_hash = subscriber.address_hash) AS suppressed"
            f" FROM {source} WHERE {' AND '.join(where) or '1'} ORDER BY {order} LIMIT ?",
            [*values, limit + 1],
        )
        people = [
            Listed(subscriber_of(row), row["suppressed"] and SuppressionReason(row["suppressed"]))
            for row in rows[:limit]
        ]
        if len(rows) > limit:
            return Leaf(people, people[-1].subscriber.id, cut=False)
        return Leaf(people, end["id"] if end else 0, cut=end is not None)

    def _is_rare(self, topic: str) -> bool:
        sql = "SELECT 1 FROM subscriber_topic WHERE topic = ? LIMIT 1 OFFSET ?"
        return self._database.value(sql, (topic, _RARE)) is None

    def topics(self) -> list[str]:
        """Every topic that somebody chose, found by leaps along the index."""
        rows = self._database.query(
            "WITH RECURSIVE chosen (topic) AS (SELECT min(topic) FROM subscriber_topic UNION ALL"
            " SELECT (SELECT min(topic) FROM subscriber_topic WHERE topic > chosen.topic) FROM chosen"
            " WHERE chosen.topic IS NOT NULL) SELECT topic FROM chosen WHERE topic IS NOT NULL"
        )
        return [row["topic"] for row in rows]

    def came_and_left(self, begin: datetime, end: datetime) -> tuple[int, int]:
        """How many confirmed, and how many left, from `begin` on and before `end` (aware UTC)."""
        moments = (text_of(begin), text_of(end))
        came = self._database.value(
            "SELECT count(*) FROM subscriber WHERE confirmed_at >= ? AND confirmed_at < ?", moments
        )
        left = self._database.value(
            "SELECT count(*) FROM subscriber WHERE unsubscribed_at >= ? AND unsubscribed_at < ?", moments
        )
        return int(came), int(left)

    def issues_of(self, subscriber_id: int) -> list[dict[str, Any]]:
        """Every issue this person was a recipient of: key, subject, status, outcome, detail, `frozen_at`, `outcome_at`
        (aware UTC; None without an outcome).
        """
        rows = self._database.query(
            "SELECT key, subject, delivery.status, outcome, outcome_at, detail, frozen_at FROM delivery"
            " JOIN issue ON issue.id = issue_id"
            # by the whole key, issue by issue: else every delivery there is would be read
            " WHERE issue_id IN (SELECT id FROM issue) AND subscriber_id = ?",
            (subscriber_id,),
        )
        return [
            dict(row) | {"frozen_at": moment_of(row["frozen_at"]), "outcome_at": moment_or_none(row["outcome_at"])}
            for row in rows
        ]

    def votes_of(self, subscriber_id: int) -> list[tuple[datetime, str, str]]:
        """(when, tool slug, choice) of each vote that stands."""
        rows = self._database.query(
            "SELECT at, tool, choice FROM vote WHERE subscriber_id = ? AND choice IS NOT NULL", (subscriber_id,)
        )
        return [(moment_of(row["at"]), row["tool"], row["choice"]) for row in rows]

    def suppressions(self, reason: str = "", *, before: int = 0, limit: int) -> list[Suppressed]:
        """The newest first, of one `reason` where given; `before`: the id with which the page before ended."""
        where: list[str] = ["1"]
        values: list[Any] = []
        for condition, value in (("reason = ?", reason), ("s.rowid < ?", before)):
            if value:
                where.append(condition)
                values.append(value)
        return self._suppressed(" AND ".join(where), values, limit)

    def suppressed(self, key: bytes) -> Suppressed | None:
        """By the keyed hash of the address."""
        return next(iter(self._suppressed("s.address_hash = ?", [key], 1)), None)

    def suppression_counts(self) -> dict[str, int]:
        """Reason → how many addresses, all reasons."""
        rows = self._database.query("SELECT reason, count(*) AS n FROM suppression GROUP BY reason")
        return dict.fromkeys(map(str, SuppressionReason), 0) | {row["reason"]: row["n"] for row in rows}

    def lift(self, key: bytes) -> bool:
        """True where an operator had suppressed it; every other reason stays."""
        sql = "DELETE FROM suppression WHERE address_hash = ? AND reason = 'operator'"
        return self._database.change(sql, (key,)) == 1

    def _suppressed(self, where: str, values: Sequence[Any], limit: int) -> list[Suppressed]:
        rows = self._database.query(
            "SELECT s.rowid AS number, s.address_hash, reason, s.created_at, words, email, subscriber.id"
            " FROM suppression AS s LEFT JOIN subscriber ON subscriber.address_hash = s.address_hash"
            f" WHERE {where} ORDER BY s.rowid DESC LIMIT ?",
            [*values, limit],
        )
        return [_suppressed(row) for row in rows]


def _suppressed(row: sqlite3.Row) -> Suppressed:
    return Suppressed(
        row["number"],
        row["address_hash"].hex(),
        SuppressionReason(row["reason"]),
        moment_of(row["created_at"]),
        row["words"],
        row["email"],
        row["id"],
    )


def _literal(text: str) -> str:
    """`text` with what LIKE takes for a pattern made plain."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
