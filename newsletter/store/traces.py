"""What sending leaves behind of a person, to be forgotten in time: addresses in built requests and in reports."""

from __future__ import annotations

import json
import zlib
from datetime import datetime

from newsletter.store.sqlite import Sqlite
from newsletter.store.times import text_of

_AT_ONCE = 2_000
"""Rows in one go: whoever else writes must not wait long."""

_MAY_LEAVE = ("claimed", "in_flight")
"""Of these batches the bytes may still be needed to send them, or to send the same again."""


class Traces:
    """Across batches, deliveries and events."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def forget_requests(self, before: datetime) -> int:
        """Drop the built requests of issues frozen before then; how many. Those with a delivery in doubt stay: it is
        settled by them.
        """
        return self._database.change(
            "UPDATE batch SET request = NULL WHERE (issue_id, number) IN (SELECT issue_id, number FROM batch"
            " WHERE request IS NOT NULL AND issue_id IN (SELECT id FROM issue WHERE frozen_at < ?)"
            " AND status IN ('settled', 'split', 'cancelled', 'unknown') AND NOT EXISTS"
            "  (SELECT 1 FROM delivery WHERE delivery.issue_id = batch.issue_id"
            "  AND subscriber_id BETWEEN first_id AND last_id AND delivery.status = 'unknown') LIMIT ?)",
            (text_of(before), _AT_ONCE),
        )

    def forget_reports(self, before: datetime) -> int:
        """Drop the words of reports received before then and dealt with; how many. That they came is kept."""
        return self._database.change(
            "UPDATE event SET raw = X'' WHERE id IN (SELECT id FROM event WHERE raw <> X'' AND received_at < ?"
            " AND status <> 'pending' ORDER BY received_at LIMIT ?)",
            (text_of(before), _AT_ONCE),
        )

    def forget_reader(self, subscriber_id: int) -> None:
        """Blank the address of somebody who is erased in every request that will not leave again, and what was
        reported of their mails. Reports as they came wait for forget_reports().
        """
        marks = ", ".join("?" * len(_MAY_LEAVE))
        with self._database.transaction():
            self._database.change(
                "UPDATE delivery SET detail = NULL WHERE issue_id IN (SELECT id FROM issue) AND subscriber_id = ?"
                " AND detail IS NOT NULL",
                (subscriber_id,),
            )
            rows = self._database.query(
                "SELECT issue_id, number, request FROM batch WHERE request IS NOT NULL"
                f" AND ? BETWEEN first_id AND last_id AND status NOT IN ({marks})",
                (subscriber_id, *_MAY_LEAVE),
            )
            for row in rows:
                self._database.change(
                    "UPDATE batch SET request = ?, detail = NULL WHERE issue_id = ? AND number = ?",
                    (_without(row["request"], subscriber_id), row["issue_id"], row["number"]),
                )

    def sent_to(self, issue_id: int, subscriber_id: int) -> str | None:
        """The address in the newest request of this delivery; None where that is forgotten."""
        rows = self._database.query(
            "SELECT request FROM batch WHERE request IS NOT NULL AND issue_id = ? AND ? BETWEEN first_id AND last_id"
            " ORDER BY number DESC",
            (issue_id, subscriber_id),
        )
        for row in rows:
            for number, _, address, _ in json.loads(zlib.decompress(row["request"])):
                if number == subscriber_id:
                    return address or None
        return None


def _without(request: bytes, subscriber_id: int) -> bytes:
    """`request` as Deliveries.start() wrote it, with this one's place in it and nothing else."""
    members = json.loads(zlib.decompress(request))
    kept = [
        [number, rid, "", {}] if number == subscriber_id else [number, rid, *rest] for number, rid, *rest in members
    ]
    return zlib.compress(json.dumps(kept).encode(), 1)
