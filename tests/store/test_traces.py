"""What sending leaves behind of a person is forgotten: in time, at once for who is erased, and never too early."""

from __future__ import annotations

import pytest

from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.store.deliveries import Settlement
from newsletter.store.store import Store
from tests.store.ledger import NOW, Ledger, later


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store, readers=4, batch_size=2)


def settle(ledger: Ledger, status: DeliveryStatus = DeliveryStatus.ACCEPTED) -> None:
    """Claim the next batch, start it, and settle all of it as `status`."""
    batch = ledger.start(ledger.claim())
    ledger.store.deliveries.move(batch, BatchStatus.SETTLED)
    moved = [Settlement(number, status, detail="as they said") for number, _ in batch.members]
    ledger.store.deliveries.settle(ledger.issue_id, moved, DeliveryStatus.IN_FLIGHT)


def kept(ledger: Ledger) -> list[int]:
    rows = ledger.store.database.query("SELECT number FROM batch WHERE request IS NOT NULL ORDER BY number")
    return [row["number"] for row in rows]


def test_settled_requests_go_in_time_and_those_in_flight_stay(ledger: Ledger) -> None:
    settle(ledger)
    ledger.start(ledger.claim())
    traces = ledger.store.traces
    assert traces.forget_requests(NOW) == 0
    assert kept(ledger) == [1, 2]
    assert traces.forget_requests(later(hours=1)) == 1
    assert kept(ledger) == [2]
    assert traces.forget_requests(later(hours=1)) == 0


def test_a_request_with_a_delivery_in_doubt_stays_until_it_is_settled(ledger: Ledger) -> None:
    settle(ledger)
    settle(ledger, DeliveryStatus.UNKNOWN)
    assert ledger.store.traces.forget_requests(later(hours=1)) == 1
    assert kept(ledger) == [2]
    accepted = [Settlement(number, DeliveryStatus.ACCEPTED) for number in ledger.ids[2:]]
    ledger.store.deliveries.settle(ledger.issue_id, accepted, DeliveryStatus.UNKNOWN)
    assert ledger.store.traces.forget_requests(later(hours=1)) == 1
    assert kept(ledger) == []


def test_an_erased_reader_goes_from_settled_requests_and_the_others_stay(ledger: Ledger) -> None:
    settle(ledger)
    gone, other = ledger.ids[:2]
    ledger.store.traces.forget_reader(gone)
    (batch,) = ledger.store.deliveries.batches(ledger.issue_id, BatchStatus.SETTLED)
    assert [(number, who.address, dict(who.values)) for number, who in batch.members] == [
        (gone, "", {}),
        (other, "r1@example.com", {"u": "x"}),
    ]
    said = {row["key"]: row["detail"] for row in ledger.store.deliveries.of_subscriber(gone)}
    assert list(said.values()) == [None]
    assert ledger.store.deliveries.of_subscriber(other)[0]["detail"] == "as they said"


def test_a_request_in_flight_keeps_its_bytes(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    ledger.store.traces.forget_reader(ledger.ids[0])
    assert ledger.again(batch).members == batch.members


def test_where_a_delivery_went_is_known_while_its_request_is(ledger: Ledger) -> None:
    first, last = ledger.ids[0], ledger.ids[-1]
    settle(ledger)
    traces = ledger.store.traces
    assert traces.sent_to(ledger.issue_id, first) == "r0@example.com"
    assert traces.sent_to(ledger.issue_id, last) is None
    traces.forget_reader(first)
    assert traces.sent_to(ledger.issue_id, first) is None


def test_reports_lose_their_words_in_time_once_they_are_dealt_with(store: Store) -> None:
    for number in range(3):
        store.events.add("resend", str(number), b"a@example.com", later(hours=number))
    for report in store.events.pending(2):
        store.events.done(report, "applied")
    assert store.traces.forget_reports(later(hours=1)) == 1
    assert store.traces.forget_reports(later(hours=9)) == 1
    assert store.traces.forget_reports(later(hours=9)) == 0
    assert [report.raw for report in store.events.pending(9)] == [b"a@example.com"]
    assert store.events.counts() == {"applied": 2, "pending": 1}


def test_what_is_to_be_forgotten_is_found_without_reading_all_there_is(store: Store) -> None:
    def plan(sql: str, *parameters: object) -> str:
        return " ".join(row["detail"] for row in store.database.query(f"EXPLAIN QUERY PLAN {sql}", parameters))

    assert "INDEX batch_request" in plan(
        "SELECT number FROM batch WHERE request IS NOT NULL AND ? BETWEEN first_id AND last_id", 1
    )
    assert "INDEX message_of" in plan("SELECT id FROM message WHERE subscriber_id = ?", 1)
    assert "INDEX event_raw" in plan(
        "SELECT id FROM event WHERE raw <> X'' AND received_at < ? ORDER BY received_at", ""
    )
