"""The ledger: whatever happens to batches and deliveries, the kept counts are the counted ones."""

from __future__ import annotations

import random
import sqlite3

import pytest

from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BATCH_MOVES, BatchStatus, DeliveryStatus
from newsletter.errors import StoreError, TransitionError
from newsletter.issues import Counts, IssueStatus
from newsletter.store.deliveries import Settlement
from newsletter.store.store import Store
from tests.store.ledger import LEASE, NOW, Ledger, later

D = DeliveryStatus


def test_freezing_takes_the_active_who_are_not_suppressed_in_batches(store: Store) -> None:
    people = store.subscribers
    people.add("pending@example.com", SubscriberStatus.PENDING, NOW)
    people.add("bounced@example.com", SubscriberStatus.ACTIVE, NOW)
    people.suppress("Bounced@Example.com", SuppressionReason.HARD_BOUNCE, NOW)
    left = people.add("left@example.com", SubscriberStatus.ACTIVE, NOW)
    people.unsubscribe(left, NOW)
    ledger = Ledger(store, 10, 4)
    assert ledger.frozen == 10
    assert ledger.counts == Counts(frozen=10, waiting=10)
    assert ledger.ranges() == [(1, 0, 3), (2, 4, 7), (3, 8, 9)]
    assert [row["size"] for row in store.database.query("SELECT size FROM batch ORDER BY number")] == [4, 4, 2]


def test_nobody_to_freeze_is_no_delivery_and_no_batch(store: Store) -> None:
    ledger = Ledger(store, 0, 4)
    assert (ledger.frozen, ledger.ranges(), ledger.counts) == (0, [], Counts())


def test_nobody_is_frozen_into_an_issue_twice(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ledger.store.deliveries.freeze(ledger.issue_id, 4)
    assert ledger.counts == Counts(frozen=10, waiting=10)


def test_the_table_itself_refuses_counts_that_do_not_sum_up(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        ledger.store.issues.shift(ledger.issue_id, waiting=-1)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        ledger.store.issues.set(ledger.issue_id, accepted=1)


def test_batches_are_claimed_in_order_each_by_one_owner(ledger: Ledger) -> None:
    one, two, three = ledger.claim("a"), ledger.claim("b"), ledger.claim("a")
    assert [(batch.number, batch.owner, batch.lease_until) for batch in (one, two, three)] == [
        (1, "a", LEASE), (2, "b", LEASE), (3, "a", LEASE)
    ]  # fmt: skip
    assert {batch.status for batch in (one, two, three)} == {BatchStatus.CLAIMED}
    assert ledger.store.deliveries.claim(ledger.issue_id, "a", 0.0, LEASE) is None
    assert ledger.counts == Counts(frozen=10, waiting=10)
    assert [batch.number for batch in ledger.store.deliveries.leased()] == [1, 2, 3]


@pytest.mark.parametrize("status", ["paused", "cancelled", "sent", "approved"])
def test_nothing_is_claimed_of_an_issue_that_is_not_sending(ledger: Ledger, status: str) -> None:
    ledger.store.issues.set(ledger.issue_id, status=status)
    assert ledger.store.deliveries.claim(ledger.issue_id, "a", 0.0, LEASE) is None


def test_a_batch_that_is_to_wait_is_not_claimed_before_its_time(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    assert ledger.store.deliveries.give_back(batch, 50.0, "throttled")
    assert ledger.claim(now=49.0).number == 2
    assert ledger.claim(now=50.0).number == 1
    assert ledger.store.deliveries.next_not_before(ledger.issue_id) == 0.0


def test_the_next_moment_is_none_where_nothing_waits(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.claim()
    assert ledger.store.deliveries.next_not_before(ledger.issue_id) is None


def test_who_left_since_the_freeze_is_told_apart_when_the_batch_is_claimed(ledger: Ledger) -> None:
    people = ledger.store.subscribers
    people.unsubscribe(ledger.ids[0], NOW)
    people.suppress("r2@example.com", SuppressionReason.COMPLAINT, NOW)
    people.erase(ledger.ids[3])
    may, gone = ledger.store.deliveries.addresses(ledger.claim())
    assert [(who.id, who.address) for who in may] == [(ledger.ids[1], "r1@example.com")]
    assert gone == [ledger.ids[0], ledger.ids[2], ledger.ids[3]]


def test_starting_commits_what_the_request_is_made_of(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    assert (batch.status, batch.provider, batch.body_sha256) == (BatchStatus.IN_FLIGHT, "fake", b"sha")
    assert (batch.attempts, batch.first_sent_at, batch.lease_until) == (1, 10.0, LEASE)
    assert batch.members[0] == (ledger.ids[0], Recipient(f"1-{ledger.ids[0]}", "r0@example.com", {"u": "x"}))
    assert ledger.counts == Counts(frozen=10, waiting=6, in_flight=4)


def test_a_claim_that_was_lost_starts_nothing(ledger: Ledger) -> None:
    batch = ledger.claim("a")
    assert ledger.store.deliveries.give_back(batch, 0.0, "its lease ran out")
    assert ledger.claim("b").number == 1
    assert not ledger.store.deliveries.start(batch, "fake", [], b"", 0.0, LEASE)
    assert ledger.counts == Counts(frozen=10, waiting=10)


def test_a_start_with_somebody_who_does_not_wait_any_more_is_refused_whole(ledger: Ledger) -> None:
    batch = ledger.claim()
    gone = [Settlement(ledger.ids[0], D.SUPPRESSED)]
    may, _ = ledger.store.deliveries.addresses(batch)
    ledger.store.deliveries.settle(ledger.issue_id, gone, D.WAITING)
    recipients = [(who.id, Recipient(str(who.id), who.address, {})) for who in may]
    with pytest.raises(StoreError, match="Batch 1: 1 of its recipients do not wait any more"):
        ledger.store.deliveries.start(batch, "fake", recipients, b"", 0.0, LEASE)
    assert ledger.again(batch).status is BatchStatus.CLAIMED
    assert ledger.counts == Counts(frozen=10, waiting=9, suppressed=1)


def test_settling_moves_only_those_that_stand_where_they_are_expected(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    settle = ledger.store.deliveries.settle
    one, two, three, four = ledger.ids[:4]
    assert settle(ledger.issue_id, [Settlement(one, D.ACCEPTED, "p1")], D.IN_FLIGHT) == 1
    moved = settle(
        ledger.issue_id,
        [
            Settlement(one, D.UNKNOWN),
            Settlement(two, D.ACCEPTED),
            Settlement(three, D.REJECTED, None, "no such box"),
            Settlement(four, D.UNKNOWN, detail="left out"),
        ],
        D.IN_FLIGHT,
    )
    assert moved == 3
    assert ledger.counts == Counts(frozen=10, waiting=6, accepted=2, rejected=1, unknown=1)
    assert ledger.store.deliveries.by_provider_id("p1") == (ledger.issue_id, one)
    assert ledger.store.deliveries.by_provider_id("p2") is None
    assert ledger.store.deliveries.in_status(ledger.issue_id, D.ACCEPTED) == [one, two]
    assert ledger.store.deliveries.status(ledger.issue_id, three) is D.REJECTED
    assert ledger.store.deliveries.status(ledger.issue_id, 999) is None
    assert settle(ledger.issue_id, [], D.IN_FLIGHT) == 0


def test_settling_keeps_to_the_table(ledger: Ledger) -> None:
    with pytest.raises(TransitionError, match="Nothing goes from waiting to accepted"):
        ledger.store.deliveries.settle(ledger.issue_id, [Settlement(ledger.ids[0], D.ACCEPTED)], D.WAITING)
    with pytest.raises(TransitionError, match="Nothing goes from waiting to settled"):
        ledger.store.deliveries.move(
            ledger.store.deliveries.batches(ledger.issue_id, BatchStatus.WAITING)[0], BatchStatus.SETTLED
        )


def test_a_provider_id_once_known_stays(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    one = ledger.ids[0]
    ledger.store.deliveries.settle(ledger.issue_id, [Settlement(one, D.REJECTED, "p1", "no")], D.IN_FLIGHT)
    ledger.store.deliveries.settle(ledger.issue_id, [Settlement(one, D.ACCEPTED)], D.REJECTED)
    assert ledger.store.deliveries.by_provider_id("p1") == (ledger.issue_id, one)


def test_what_was_refused_waits_again_under_the_same_key_with_the_same_members(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    assert ledger.store.deliveries.give_back(batch, 5.0, "throttled")
    assert ledger.counts == Counts(frozen=10, waiting=10)
    again = ledger.claim(now=5.0)
    assert (again.number, again.members, again.attempts) == (1, batch.members, 1)
    assert not ledger.store.deliveries.give_back(batch, 5.0, "too late"), "it is somebody's by now"


def test_a_claim_given_back_moves_no_delivery(ledger: Ledger) -> None:
    assert ledger.store.deliveries.give_back(ledger.claim(), 0.0, "stopped")
    assert ledger.counts == Counts(frozen=10, waiting=10)
    assert ledger.ranges() == [(1, 0, 3), (2, 4, 7), (3, 8, 9)]


def test_a_batch_is_split_into_children_with_numbers_of_their_own(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    ids = ledger.ids
    assert ledger.store.deliveries.split(batch, [ids[:2], ids[2:4]], "poison")
    assert ledger.counts == Counts(frozen=10, waiting=10)
    assert ledger.ranges() == [(2, 4, 7), (3, 8, 9), (4, 0, 1), (5, 2, 3)]
    assert ledger.again(batch).status is BatchStatus.SPLIT
    parents = ledger.store.database.query("SELECT parent FROM batch WHERE number > 3 ORDER BY number")
    assert [row["parent"] for row in parents] == [1, 1]
    assert not ledger.store.deliveries.split(batch, [ids[:2]], "again"), "it is not in flight any more"


def test_a_claimed_batch_may_be_split_too_and_those_an_event_settled_stay_settled(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    ledger.store.deliveries.settle(ledger.issue_id, [Settlement(ledger.ids[0], D.ACCEPTED)], D.IN_FLIGHT)
    assert ledger.store.deliveries.give_back(batch, 0.0, "refused")
    assert ledger.counts == Counts(frozen=10, waiting=9, accepted=1)
    claimed = ledger.claim()
    assert ledger.store.deliveries.split(claimed, [ledger.ids[1:4]], "somebody in it left")
    assert ledger.counts == Counts(frozen=10, waiting=9, accepted=1)


def test_recutting_touches_only_what_nobody_has_claimed(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    ledger.claim()
    ledger.store.deliveries.recut(ledger.issue_id, 1)
    assert ledger.ranges("waiting") == [(3, 8, 8), (4, 9, 9)]
    assert ledger.ranges("claimed") == [(2, 4, 7)]
    assert ledger.counts == Counts(frozen=10, waiting=6, in_flight=4)


def test_recutting_into_larger_batches_joins_what_is_left(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    ledger.store.deliveries.recut(ledger.issue_id, 100)
    assert ledger.ranges("waiting") == [(2, 4, 9)]


def test_cancelling_leaves_what_is_claimed_or_under_way(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    ledger.claim()
    assert ledger.store.deliveries.cancel_waiting(ledger.issue_id) == 2
    assert ledger.counts == Counts(frozen=10, waiting=4, in_flight=4, cancelled=2)
    assert ledger.ranges("cancelled") == [(3, 8, 9)]
    assert ledger.store.deliveries.cancel_waiting(ledger.issue_id) == 0


def test_an_in_flight_batch_is_taken_over_by_one_only(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim("dead"))
    taken = ledger.store.deliveries.renew(batch, "b", 0.0, 2000.0)
    assert taken is not None
    assert (taken.owner, taken.lease_until, taken.attempts) == ("b", 2000.0, 2)
    assert ledger.store.deliveries.renew(batch, "c", 0.0, 2000.0) is None


def test_a_batch_on_hold_is_free_for_anybody_after_its_moment(ledger: Ledger) -> None:
    batch = ledger.start(ledger.claim())
    ledger.store.deliveries.hold(batch, 60.0, "a timeout")
    held = ledger.again(batch)
    assert (held.owner, held.lease_until, held.detail) == (None, None, "a timeout")
    assert ledger.store.deliveries.renew(held, "b", 59.0, LEASE) is None
    assert ledger.store.deliveries.renew(held, "b", 60.0, LEASE) is not None


def test_no_batch_is_none(ledger: Ledger) -> None:
    assert ledger.store.deliveries.batch(ledger.issue_id, 99) is None


def test_outcomes_keep_the_words_of_the_event_that_stands(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    deliveries, one = ledger.store.deliveries, ledger.ids[0]
    deliveries.settle(ledger.issue_id, [Settlement(one, D.REJECTED, None, "said the provider")], D.IN_FLIGHT)
    assert deliveries.outcome(ledger.issue_id, one) == (None, None)
    deliveries.put_outcome(ledger.issue_id, one, "rejected", NOW, "")
    assert deliveries.outcome(ledger.issue_id, one) == ("rejected", "said the provider")
    deliveries.put_outcome(ledger.issue_id, one, "hard_bounce", later(hours=1), "no such box")
    assert deliveries.outcome(ledger.issue_id, one) == ("hard_bounce", "no such box")
    deliveries.put_outcome(ledger.issue_id, one, "hard_bounce", NOW, "an older one")
    assert deliveries.outcome(ledger.issue_id, one) == ("hard_bounce", "no such box")
    deliveries.put_outcome(ledger.issue_id, one, "hard_bounce", later(hours=2), "")
    assert deliveries.outcome(ledger.issue_id, one) == ("hard_bounce", None)


def test_who_did_not_get_it_is_listed_with_the_reason(ledger: Ledger) -> None:
    ledger.start(ledger.claim())
    deliveries, (one, two, three, four) = ledger.store.deliveries, ledger.ids[:4]
    accepted = [Settlement(number, D.ACCEPTED) for number in (one, two, three)]
    deliveries.settle(ledger.issue_id, [*accepted, Settlement(four, D.REJECTED, None, "no")], D.IN_FLIGHT)
    deliveries.put_outcome(ledger.issue_id, one, "hard_bounce", NOW, "no such box")
    deliveries.put_outcome(ledger.issue_id, two, "delivered", NOW, "")
    found = deliveries.not_accepted(ledger.issue_id, 2)
    assert found == [
        {"email": "r0@example.com", "status": "accepted", "outcome": "hard_bounce", "detail": "no such box"},
        {"email": "r3@example.com", "status": "rejected", "outcome": None, "detail": "no"},
    ]
    assert len(deliveries.not_accepted(ledger.issue_id)) == 2, "those on their way may get it yet"
    assert deliveries.outcomes(ledger.issue_id) == {"hard_bounce": 1, "delivered": 1}
    assert deliveries.silent(ledger.issue_id) == 1
    assert deliveries.of_subscriber(four) == [
        {"key": "2026-W47", "status": "rejected", "outcome": None, "detail": "no", "left_at": None}
    ]


def test_an_issue_is_finished_once_nothing_is_open_and_only_then(ledger: Ledger) -> None:
    issues, number = ledger.store.issues, ledger.issue_id
    assert not issues.finish(number, NOW)
    ledger.start(ledger.claim())
    ledger.store.deliveries.cancel_waiting(number)
    assert not issues.finish(number, NOW)
    in_flight = [Settlement(reader, D.UNKNOWN) for reader in ledger.ids[:4]]
    ledger.store.deliveries.settle(number, in_flight, D.IN_FLIGHT)
    assert issues.finish(number, NOW)
    assert not issues.finish(number, NOW)
    assert (ledger.issue.status, ledger.issue.finished_at) == (IssueStatus.SENT, NOW)


@pytest.mark.parametrize("seed", range(12))
def test_any_walk_through_the_ledger_keeps_its_counts_true(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    ledger = Ledger(store, 30, 7)
    deliveries = store.deliveries
    for _ in range(60):
        leased = deliveries.leased()
        batch = chance.choice(leased) if leased else None
        act = chance.randrange(9)
        if act <= 2 or batch is None:
            deliveries.claim(ledger.issue_id, chance.choice("ab"), 0.0, LEASE)
        elif act == 3:
            store.subscribers.unsubscribe(chance.choice(ledger.ids), NOW)
        elif batch.status is BatchStatus.CLAIMED:
            may, gone = deliveries.addresses(batch)
            deliveries.settle(ledger.issue_id, [Settlement(number, D.SUPPRESSED) for number in gone], D.WAITING)
            if may:
                ledger.start(batch)
            else:
                deliveries.move(batch, BatchStatus.SETTLED)
        elif act == 4:
            deliveries.give_back(batch, 0.0, "no")
        elif act == 5 and len(batch.members) > 1:
            ids = [number for number, _ in batch.members]
            deliveries.split(batch, [ids[:1], ids[1:]], "poison")
        elif act == 6:
            deliveries.recut(ledger.issue_id, chance.randint(1, 9))
        else:
            results = [chance.choice([D.ACCEPTED, D.REJECTED, D.UNKNOWN]) for _ in batch.members]
            settlements = [
                Settlement(number, status) for (number, _), status in zip(batch.members, results, strict=True)
            ]
            deliveries.settle(ledger.issue_id, settlements, D.IN_FLIGHT)
            deliveries.move(batch, BatchStatus.SETTLED)
        assert ledger.counts.frozen == 30
    waiting = deliveries.in_status(ledger.issue_id, D.WAITING)
    reachable = [
        (batch.first_id, batch.last_id)
        for batch in deliveries.batches(ledger.issue_id, BatchStatus.WAITING, BatchStatus.CLAIMED)
    ]
    for number in waiting:
        assert any(first <= number <= last for first, last in reachable), "whoever waits is in a batch that will go"


def test_the_table_of_batches_names_every_status(store: Store) -> None:
    assert set(BATCH_MOVES) == set(BatchStatus)
