"""The ledger: one frozen row per recipient, one row per provider request. Batches are claimed, recipients never.

A batch is a range of subscriber ids; its members are the deliveries of that range which are `waiting` when it is
claimed, and stand in its `request` from then on. Every method that changes a status changes the issue's counts in the
same transaction.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BATCH_MOVES, DELIVERY_MOVES, BatchStatus, DeliveryStatus, require_move
from newsletter.errors import StoreError
from newsletter.store.batches import BatchFacts, BatchRow, batch_of
from newsletter.store.delivery_facts import ACCEPTED_OF, REFUSED_WHO_MAY, WANTS, DeliveryFacts
from newsletter.store.issues import Issues
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of

_Ids = Sequence[int]
_NOT_CLAIMED = (
    # by its status: a search by the whole key would read every batch of the issue for each of its deliveries
    " AND NOT EXISTS (SELECT 1 FROM batch INDEXED BY batch_status"
    " WHERE batch.issue_id = delivery.issue_id AND batch.status = 'claimed'"
    " AND delivery.subscriber_id BETWEEN batch.first_id AND batch.last_id)"
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one delivery becomes; `provider_id` and `detail` as the provider gave them."""

    subscriber_id: int
    status: DeliveryStatus
    provider_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Addressee:
    """A subscriber who may be mailed. `since`: aware UTC, when they confirmed; `zone`: theirs, or empty."""

    id: int
    address: str
    since: datetime
    zone: str = ""


class Deliveries(DeliveryFacts, BatchFacts):
    """Deliveries and batches of all issues."""

    def __init__(self, database: Sqlite, issues: Issues) -> None:
        self._database = database
        self._issues = issues

    def freeze(self, issue_id: int, batch_size: int, accepted_of: int | None = None) -> int:
        """One delivery per subscriber who is active, not paused, not suppressed, and batches of `batch_size`; how many.

        The issue has its `frozen_at`. With `accepted_of` only those whose delivery of that issue was accepted.
        """
        with self._database.transaction():
            only = "" if accepted_of is None else ACCEPTED_OF
            frozen = self._database.change(
                "INSERT INTO delivery (issue_id, subscriber_id, status) SELECT :issue, id, 'waiting' FROM subscriber"
                f" WHERE status = 'active' AND {WANTS} AND NOT EXISTS"
                " (SELECT 1 FROM suppression WHERE suppression.address_hash = subscriber.address_hash)"
                f"{only} ORDER BY id",
                {"issue": issue_id, "accepted_of": accepted_of},
            )
            self._cut(issue_id, batch_size, first_number=1, free="")
            self._issues.shift(issue_id, frozen=frozen, waiting=frozen)
            return frozen

    def recut(self, issue_id: int, batch_size: int) -> None:
        """Cut the batches that nobody has claimed anew, for another provider's size."""
        with self._database.transaction():
            self._database.change("DELETE FROM batch WHERE issue_id = ? AND status = 'waiting'", (issue_id,))
            number = self._database.value("SELECT COALESCE(max(number), 0) FROM batch WHERE issue_id = ?", (issue_id,))
            self._cut(issue_id, batch_size, first_number=number + 1, free=_NOT_CLAIMED)

    def try_again(self, issue_id: int, batch_size: int) -> int:
        """Whom the provider definitely refused, and who may still be mailed, waits anew in batches with new keys; how
        many. What was reported of the mail that was refused is forgotten.
        """
        require_move(DELIVERY_MOVES, DeliveryStatus.REJECTED, DeliveryStatus.WAITING)
        with self._database.transaction():
            moved = self._database.change(
                "UPDATE delivery SET status = 'waiting', outcome = NULL, outcome_at = NULL, detail = NULL"
                f" WHERE issue_id = :issue AND subscriber_id IN ({REFUSED_WHO_MAY})",
                {"issue": issue_id},
            )
            self._issues.shift(issue_id, rejected=-moved, waiting=moved)
            self.recut(issue_id, batch_size)
            return moved

    def _cut(self, issue_id: int, batch_size: int, first_number: int, free: str) -> None:
        self._database.change(
            "INSERT INTO batch (issue_id, number, first_id, last_id, size, status)"
            " SELECT ?, ? + (place - 1) / ?, min(id), max(id), count(*), 'waiting' FROM"
            " (SELECT subscriber_id AS id, row_number() OVER (ORDER BY subscriber_id) AS place"
            f"  FROM delivery WHERE issue_id = ? AND status = 'waiting'{free}) AS numbered GROUP BY (place - 1) / ?",
            (issue_id, first_number, batch_size, issue_id, batch_size),
        )

    def claim(
        self, issue_id: int, owner: str, now: float, lease_until: float, only: frozenset[int] | None = None
    ) -> BatchRow | None:
        """Claim the next batch of a sending issue that may go, or None. See addresses() for who is in it.

        With `only` nobody but these subscribers is in it: a batch with others too is split, and the others wait on.
        """
        with self._database.transaction():
            among = ""
            if only is not None:
                among = (
                    " AND EXISTS (SELECT 1 FROM delivery WHERE delivery.issue_id = batch.issue_id"
                    " AND +delivery.subscriber_id BETWEEN batch.first_id AND batch.last_id"  # +: look up the few
                    f" AND delivery.status = 'waiting' AND delivery.subscriber_id IN ({', '.join('?' * len(only))}))"
                )
            row = self._database.one(
                "SELECT * FROM batch WHERE issue_id = ? AND status = 'waiting' AND not_before <= ?"
                " AND EXISTS (SELECT 1 FROM issue WHERE issue.id = issue_id AND issue.status = 'sending')"
                f"{among} ORDER BY number LIMIT 1",
                [issue_id, now, *(only or ())],
            )
            if row is None:
                return None
            batch = batch_of(row)
            self.move(batch, BatchStatus.CLAIMED, owner=owner, lease_until=lease_until)
            claimed = self.batch(issue_id, batch.number)
            assert claimed is not None
            if only is None or len(parts := self._apart(claimed, only)) == 1:
                return claimed
            self.split(claimed, parts, "those who may be mailed now go first")
            return self.claim(issue_id, owner, now, lease_until, only)

    def _apart(self, batch: BatchRow, only: frozenset[int]) -> list[list[int]]:
        """The waiting subscribers of a batch, in runs of those in `only` and those not."""
        rows = self._database.query(
            "SELECT subscriber_id AS id FROM delivery WHERE issue_id = ? AND status = 'waiting'"
            " AND subscriber_id BETWEEN ? AND ? ORDER BY subscriber_id",
            (batch.issue_id, batch.first_id, batch.last_id),
        )
        return [list(run) for _, run in groupby((row["id"] for row in rows), key=only.__contains__)]

    def addresses(self, batch: BatchRow) -> tuple[list[Addressee], list[int]]:
        """Of the waiting deliveries of a batch: those that may be mailed now, and ids that may not any more."""
        rows = self._database.query(
            "SELECT delivery.subscriber_id AS id, email, subscriber.status AS status, reason,"
            f" COALESCE(confirmed_at, subscriber.created_at) AS since, zone, {WANTS} AS wants"
            " FROM delivery JOIN subscriber ON subscriber.id = delivery.subscriber_id"
            " LEFT JOIN suppression ON suppression.address_hash = subscriber.address_hash"
            " WHERE issue_id = :issue AND delivery.subscriber_id BETWEEN :first AND :last"
            " AND delivery.status = 'waiting' ORDER BY delivery.subscriber_id",
            {"issue": batch.issue_id, "first": batch.first_id, "last": batch.last_id},
        )
        may, gone = [], []
        for row in rows:
            if row["status"] == "active" and row["reason"] is None and row["wants"]:
                may.append(Addressee(row["id"], row["email"], moment_of(row["since"]), row["zone"]))
            else:
                gone.append(row["id"])
        return may, gone

    def start(
        self,
        batch: BatchRow,
        provider: str,
        recipients: Sequence[tuple[int, Recipient]],
        sha: bytes,
        now: float,
        lease_until: float,
    ) -> bool:
        """Commit that this request is about to leave: claimed → in_flight. False where the claim was lost."""
        request = zlib.compress(
            json.dumps([[number, who.rid, who.address, dict(who.values)] for number, who in recipients]).encode(), 1
        )
        with self._database.transaction():
            if not self.move(
                batch,
                BatchStatus.IN_FLIGHT,
                provider=provider,
                request=request,
                body_sha256=sha,
                first_sent_at=now,
                lease_until=lease_until,
            ):
                return False
            moved = self.settle(batch.issue_id, _all(recipients, DeliveryStatus.IN_FLIGHT), DeliveryStatus.WAITING)
            if moved != len(recipients):
                raise StoreError(
                    f"Batch {batch.number}: {len(recipients) - moved} of its recipients do not wait any more.",
                    next_step="Nothing of it was sent. Please report this.",
                )
            return True

    def renew(self, batch: BatchRow, owner: str, now: float, lease_until: float) -> BatchRow | None:
        """Take over an in_flight batch whose lease is free, to replay it. None where somebody else was quicker."""
        changed = self._database.change(
            "UPDATE batch SET owner = ?, lease_until = ?, attempts = attempts + 1 WHERE issue_id = ? AND number = ?"
            " AND status = 'in_flight' AND owner IS ? AND lease_until IS ? AND not_before <= ?",
            (owner, lease_until, batch.issue_id, batch.number, batch.owner, batch.lease_until, now),
        )
        return self.batch(batch.issue_id, batch.number) if changed == 1 else None

    def hold(self, batch: BatchRow, not_before: float, detail: str) -> None:
        """Leave an in_flight batch to be replayed by anybody after `not_before`."""
        self._database.change(
            "UPDATE batch SET lease_until = NULL, owner = NULL, not_before = ?, detail = ?"
            " WHERE issue_id = ? AND number = ? AND status = 'in_flight' AND owner IS ?",
            (not_before, detail, batch.issue_id, batch.number, batch.owner),
        )

    def settle(self, issue_id: int, settlements: Iterable[Settlement], before: DeliveryStatus) -> int:
        """Move deliveries that stand at `before`; those that an event moved meanwhile stay. How many moved."""
        with self._database.transaction():
            moved: Counter[DeliveryStatus] = Counter()
            by_status: dict[DeliveryStatus, list[Settlement]] = {}
            for settlement in settlements:
                by_status.setdefault(settlement.status, []).append(settlement)
            for status, group in by_status.items():
                require_move(DELIVERY_MOVES, before, status)
                moved[status] = self._database.change_many(
                    "UPDATE delivery SET status = ?, provider_id = COALESCE(?, provider_id), detail = ?"
                    " WHERE issue_id = ? AND subscriber_id = ? AND status = ?",
                    [
                        (
                            str(status),
                            item.provider_id and item.provider_id.encode(),
                            item.detail,
                            issue_id,
                            item.subscriber_id,
                            str(before),
                        )
                        for item in group
                    ],
                )
            total = moved.total()
            self._issues.shift(
                issue_id,
                **{str(before): -total},
                **{str(status): count for status, count in moved.items() if status != before},
            )
            return total

    def move(self, batch: BatchRow, after: BatchStatus, **values: object) -> bool:
        """Move a batch that is as we know it (status and owner). False where it is not any more."""
        require_move(BATCH_MOVES, batch.status, after)
        names = "".join(f", {name} = ?" for name in values)
        return (
            self._database.change(
                f"UPDATE batch SET status = ?, attempts = attempts + ?{names}"
                " WHERE issue_id = ? AND number = ? AND status = ? AND owner IS ?",
                [
                    str(after),
                    int(after is BatchStatus.IN_FLIGHT),
                    *values.values(),
                    batch.issue_id,
                    batch.number,
                    str(batch.status),
                    batch.owner,
                ],
            )
            == 1
        )

    def give_back(self, batch: BatchRow, not_before: float, detail: str) -> bool:
        """Nothing of it was sent: the whole request waits again, under the same key and with the same members."""
        with self._database.transaction():
            if not self.move(
                batch, BatchStatus.WAITING, owner=None, lease_until=None, not_before=not_before, detail=detail
            ):
                return False
            if batch.status is BatchStatus.IN_FLIGHT:
                self.settle(batch.issue_id, _all(batch.members, DeliveryStatus.WAITING), DeliveryStatus.IN_FLIGHT)
            return True

    def split(self, batch: BatchRow, parts: Sequence[_Ids], detail: str) -> bool:
        """Nothing of it was sent: its members wait again in `parts`, each under a new key."""
        with self._database.transaction():
            if not self.move(batch, BatchStatus.SPLIT, detail=detail):
                return False
            if batch.status is BatchStatus.IN_FLIGHT:
                self.settle(batch.issue_id, _all(batch.members, DeliveryStatus.WAITING), DeliveryStatus.IN_FLIGHT)
            for part in parts:
                self.add_batch(batch.issue_id, part, parent=batch.number)
            return True

    def add_batch(self, issue_id: int, ids: _Ids, parent: int | None = None) -> int:
        """A new waiting batch over the range of `ids` (not empty), with a number of its own: a new key."""
        with self._database.transaction():
            number = int(
                self._database.value("SELECT COALESCE(max(number), 0) + 1 FROM batch WHERE issue_id = ?", (issue_id,))
            )
            self._database.change(
                "INSERT INTO batch (issue_id, number, first_id, last_id, size, status, parent)"
                " VALUES (?, ?, ?, ?, ?, 'waiting', ?)",
                (issue_id, number, min(ids), max(ids), len(ids), parent),
            )
            return number

    def cancel_waiting(self, issue_id: int) -> int:
        """Cancel every batch that nobody has claimed and its deliveries; how many deliveries."""
        with self._database.transaction():
            moved = self._database.change(
                f"UPDATE delivery SET status = 'cancelled' WHERE issue_id = ? AND status = 'waiting'{_NOT_CLAIMED}",
                (issue_id,),
            )
            self._database.change(
                "UPDATE batch SET status = 'cancelled' WHERE issue_id = ? AND status = 'waiting'", (issue_id,)
            )
            self._issues.shift(issue_id, waiting=-moved, cancelled=moved)
            return moved

    def put_outcome(self, issue_id: int, subscriber_id: int, outcome: str, at: datetime, detail: str) -> None:
        """This event stands now, with its own detail; of two of a kind the later one does, in whatever order they came.

        Where it is the first and says nothing, what the provider said of the delivery before stays.
        """
        self._database.change(
            "UPDATE delivery SET outcome = ?, outcome_at = ?,"
            " detail = CASE WHEN ? = '' AND outcome IS NULL THEN detail ELSE NULLIF(?, '') END"
            " WHERE issue_id = ? AND subscriber_id = ? AND (outcome IS NULL OR outcome <> ? OR outcome_at < ?)",
            (outcome, text_of(at), detail, detail, issue_id, subscriber_id, outcome, text_of(at)),
        )


def _all(members: Sequence[tuple[int, Recipient]], status: DeliveryStatus) -> list[Settlement]:
    return [Settlement(number, status) for number, _ in members]
