"""A store with an issue that is being sent, and shorthands for what a sender does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from newsletter.audience.subscriber import SubscriberStatus
from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BatchStatus
from newsletter.issues import Counts, Issue, IssueStatus, Slot
from newsletter.store.batches import BatchRow
from newsletter.store.store import Store

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
LEASE = 1000.0


class Ledger:
    """A store with one sending issue, and shorthands for what a sender does."""

    def __init__(self, store: Store, readers: int, batch_size: int) -> None:
        self.store = store
        self.ids = [
            store.subscribers.add(f"r{number}@example.com", SubscriberStatus.ACTIVE, NOW) for number in range(readers)
        ]
        issue_id = store.issues.create(Slot(date(2026, 11, 16), NOW), NOW, IssueStatus.APPROVED, "", "ab" * 8, NOW)
        assert issue_id is not None
        self.issue_id = issue_id
        store.issues.move(issue_id, IssueStatus.APPROVED, IssueStatus.SENDING, frozen_at=NOW)
        self.frozen = store.deliveries.freeze(issue_id, batch_size)

    @property
    def issue(self) -> Issue:
        issue = self.store.issues.by_id(self.issue_id)
        assert issue is not None
        return issue

    @property
    def counts(self) -> Counts:
        """Kept and counted, which must be the same."""
        counts = self.issue.counts
        tally = self.store.deliveries.tally(self.issue_id)
        for name in ("waiting", "in_flight", "accepted", "rejected", "suppressed", "unknown", "cancelled"):
            assert getattr(counts, name) == tally[name], name
        assert counts.frozen == tally.total()
        return counts

    def claim(self, owner: str = "me", now: float = 0.0) -> BatchRow:
        batch = self.store.deliveries.claim(self.issue_id, owner, now, LEASE)
        assert batch is not None
        return batch

    def start(self, batch: BatchRow) -> BatchRow:
        """The batch in flight, with everybody who may be mailed."""
        may, _ = self.store.deliveries.addresses(batch)
        recipients = [(who.id, Recipient(f"1-{who.id}", who.address, {"u": "x"})) for who in may]
        assert self.store.deliveries.start(batch, "fake", recipients, b"sha", 10.0, LEASE)
        return self.again(batch)

    def again(self, batch: BatchRow) -> BatchRow:
        found = self.store.deliveries.batch(self.issue_id, batch.number)
        assert found is not None
        return found

    def ranges(self, *statuses: str) -> list[tuple[int, int, int]]:
        """(number, first, last) of the batches, first and last as places among the readers."""
        found = self.store.deliveries.batches(self.issue_id, *map(BatchStatus, statuses or ("waiting",)))
        return [(batch.number, self.ids.index(batch.first_id), self.ids.index(batch.last_id)) for batch in found]


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)
