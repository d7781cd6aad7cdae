"""What is known of batches: each is one provider request, and its key is its number."""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass

from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BatchStatus
from newsletter.store.delivery_facts import OPEN
from newsletter.store.sqlite import Sqlite


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One provider request as the ledger knows it. Moments are Unix seconds."""

    issue_id: int
    number: int
    first_id: int
    last_id: int
    status: BatchStatus
    provider: str | None
    owner: str | None
    lease_until: float | None
    attempts: int
    first_sent_at: float | None
    body_sha256: bytes | None
    detail: str | None
    members: tuple[tuple[int, Recipient], ...]
    """(subscriber id, recipient) of the request that was built; empty before."""


class BatchFacts:
    """Questions about batches; nothing here changes them."""

    _database: Sqlite

    def next_not_before(self, issue_id: int) -> float | None:
        """When the next waiting batch may go, Unix seconds; None where none waits."""
        moment: float | None = self._database.value(
            "SELECT min(not_before) FROM batch WHERE issue_id = ? AND status = 'waiting'", (issue_id,)
        )
        return moment

    def batch(self, issue_id: int, number: int) -> BatchRow | None:
        row = self._database.one("SELECT * FROM batch WHERE issue_id = ? AND number = ?", (issue_id, number))
        return batch_of(row) if row else None

    def batches(self, issue_id: int, *statuses: BatchStatus) -> list[BatchRow]:
        """In order of number."""
        marks = ", ".join("?" * len(statuses))
        rows = self._database.query(
            f"SELECT * FROM batch WHERE issue_id = ? AND status IN ({marks}) ORDER BY number",
            [issue_id, *map(str, statuses)],
        )
        return [batch_of(row) for row in rows]

    def lately(self, issue_id: int, limit: int) -> list[tuple[float, int]]:
        """(when its request left, Unix seconds; how many it was cut for) of the settled with the highest numbers, which
        are those that were claimed last; the newest first.
        """
        rows = self._database.query(
            "SELECT first_sent_at, size FROM batch WHERE issue_id = ? AND status = 'settled'"
            " ORDER BY number DESC LIMIT ?",
            (issue_id, limit),
        )
        found = [(row["first_sent_at"], row["size"]) for row in rows if row["first_sent_at"] is not None]
        return sorted(found, reverse=True)

    def doubted(self, issue_id: int) -> list[BatchRow]:
        """The batches in whose range a delivery is unknown, in order of number."""
        rows = self._database.query(
            "SELECT * FROM batch WHERE issue_id = ? AND status IN ('unknown', 'settled') AND EXISTS"
            f" (SELECT 1 FROM delivery INDEXED BY delivery_open WHERE delivery.issue_id = batch.issue_id AND {OPEN}"
            " AND delivery.status = 'unknown' AND subscriber_id BETWEEN first_id AND last_id) ORDER BY number",
            (issue_id,),
        )
        return [batch_of(row) for row in rows]

    def leased(self) -> list[BatchRow]:
        """Every batch, of any issue, that is claimed or in flight."""
        rows = self._database.query(
            "SELECT batch.* FROM issue JOIN batch ON batch.issue_id = issue.id"
            " AND batch.status IN ('claimed', 'in_flight') WHERE issue.frozen_at IS NOT NULL"
        )
        return [batch_of(row) for row in rows]


def batch_of(row: sqlite3.Row) -> BatchRow:
    """Of a whole row of the table."""
    members = json.loads(zlib.decompress(row["request"])) if row["request"] else []
    return BatchRow(
        row["issue_id"],
        row["number"],
        row["first_id"],
        row["last_id"],
        BatchStatus(row["status"]),
        row["provider"],
        row["owner"],
        row["lease_until"],
        row["attempts"],
        row["first_sent_at"],
        row["body_sha256"],
        row["detail"],
        tuple((number, Recipient(rid, address, values)) for number, rid, address, values in members),
    )
