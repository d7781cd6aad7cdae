"""Whatever happens to deliveries and votes, in whatever order: what is kept of an issue is what would be counted."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from newsletter.audience.subscriber import SuppressionReason
from newsletter.comparisons.model import Verdict
from newsletter.delivery.status import DELIVERY_MOVES, BatchStatus, DeliveryStatus
from newsletter.events.reactions import outcome_after, reaction
from newsletter.events.vocabulary import EventKind
from newsletter.reports import NOTHING, Kept
from newsletter.store.deliveries import Settlement
from newsletter.store.sqlite import Sqlite, _migrations
from newsletter.store.store import Store
from tests.store.ledger import LEASE, NOW, Ledger, later

D = DeliveryStatus
READERS = st.integers(0, 4)
CHOICES = st.sampled_from([*Verdict, None])
CLIENTS = st.sampled_from([b"p" * 16, None])


class OneIssue(RuleBasedStateMachine):
    """An issue that is being sent to five readers; every run begins with it as new."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger, self.store, self.issue_id = ledger, ledger.store, ledger.issue_id
        self.minutes = 0
        self._undone = self.store.transaction()
        self._undone.__enter__()

    def teardown(self) -> None:
        self._undone.__exit__(LookupError, LookupError(), None)

    @rule(reader=READERS)
    def erase(self, reader: int) -> None:
        number = self.ledger.ids[reader]
        self.store.subscribers.suppress(f"r{reader}@example.com", SuppressionReason.ERASED, self.soon())
        self.store.subscribers.erase(number)
        self.store.votes.forget_reader(number)
        self.store.traces.forget_reader(number)

    @invariant()
    def what_is_kept_is_what_is_there(self) -> None:
        assert self.store.results.kept([self.issue_id]) == self.store.results.counted([self.issue_id])
        assert self.ledger.counts.frozen == 5
        silent = "SELECT count(*) FROM delivery WHERE status = 'accepted' AND outcome IS NULL"
        assert self.store.deliveries.silent(self.issue_id) == self.store.database.value(silent)

    def soon(self) -> datetime:
        self.minutes += 1
        return later(minutes=self.minutes)


class Sending(OneIssue):
    """Answers, reports, doubts, retries, leaving, and the end of it."""

    @rule(answer=st.sampled_from([D.ACCEPTED, D.REJECTED, D.UNKNOWN]))
    def send_a_batch(self, answer: DeliveryStatus) -> None:
        batch = self.store.deliveries.claim(self.issue_id, "me", 0.0, LEASE)
        if batch is None:
            return
        may, gone = self.store.deliveries.addresses(batch)
        self.store.deliveries.settle(self.issue_id, [Settlement(one, D.SUPPRESSED) for one in gone], D.WAITING)
        if not may:
            assert self.store.deliveries.move(batch, BatchStatus.SETTLED)
            return
        batch = self.ledger.start(batch)
        ids = [number for number, _ in batch.members]
        self.store.deliveries.move(batch, BatchStatus.UNKNOWN if answer is D.UNKNOWN else BatchStatus.SETTLED)
        self.store.deliveries.settle(self.issue_id, [Settlement(one, answer) for one in ids], D.IN_FLIGHT)

    @rule(reader=READERS, kind=st.sampled_from([*EventKind]))
    def report(self, reader: int, kind: EventKind) -> None:
        number, deliveries = self.ledger.ids[reader], self.store.deliveries
        before = deliveries.status(self.issue_id, number)
        assert before is not None
        follows = reaction(before, kind)
        outcome, _ = deliveries.outcome(self.issue_id, number)
        if follows.status is not before:
            deliveries.settle(self.issue_id, [Settlement(number, follows.status)], before)
        if not follows.quarantined and outcome_after(EventKind(outcome) if outcome else None, kind) is kind:
            deliveries.put_outcome(self.issue_id, number, str(kind), self.soon(), "words")

    @rule(reader=READERS, sent=st.booleans())
    def settle_a_doubt(self, reader: int, sent: bool) -> None:
        number = self.ledger.ids[reader]
        after = D.ACCEPTED if sent else D.WAITING
        if self.store.deliveries.settle(self.issue_id, [Settlement(number, after)], D.UNKNOWN) and not sent:
            self.store.deliveries.add_batch(self.issue_id, [number])

    @rule()
    def try_again(self) -> None:
        assert D.WAITING in DELIVERY_MOVES[D.REJECTED]
        refused, may, people = self.store.deliveries.refused(self.issue_id, 2)
        assert (len(people), may <= refused) == (min(may, 2), True)
        assert self.store.deliveries.try_again(self.issue_id, 2) == may

    @rule()
    def cancel_the_rest(self) -> None:
        self.store.deliveries.cancel_waiting(self.issue_id)

    @rule(reader=READERS)
    def leave(self, reader: int) -> None:
        self.store.subscribers.unsubscribe(self.ledger.ids[reader], self.soon())


class Voting(OneIssue):
    """Votes in mails and on pages, by people and by programs."""

    @rule(reader=st.integers(0, 1), choice=CHOICES, client=CLIENTS, mailed=st.booleans())
    def vote(self, reader: int, choice: Verdict | None, client: bytes | None, mailed: bool) -> None:
        issue_id = self.issue_id if mailed else None
        self.store.votes.put(self.ledger.ids[reader], "kestrel", choice, self.soon(), client, issue_id)

    @rule(reader=READERS)
    def a_program_is_found(self, reader: int) -> None:
        self.store.votes.trip(self.ledger.ids[reader], b"p" * 16, self.soon())
        self.store.votes.void_programs(self.soon(), later(minutes=10) - NOW)


@pytest.mark.parametrize("happens", [Sending, Voting])
def test_kept_is_counted_after_any_sequence(store: Store, happens: type[OneIssue]) -> None:
    ledger = Ledger(store, 5, 2)
    quick = settings(max_examples=60, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(lambda: happens(ledger), settings=quick)  # type: ignore[arg-type]  # takes any factory


def test_a_vote_counts_for_the_issue_in_whose_mail_it_stands(ledger: Ledger) -> None:
    store, (one, two, *_) = ledger.store, ledger.ids
    store.votes.put(one, "kestrel", Verdict.SHIP, NOW, b"c" * 16, ledger.issue_id)
    store.votes.put(two, "kestrel", Verdict.SKIP, NOW, b"c" * 16, ledger.issue_id)
    assert votes(ledger) == (1, 1)
    store.votes.put(one, "kestrel", Verdict.SKIP, later(minutes=1), None)
    assert votes(ledger) == (0, 1), "changed on a page, it is no vote of this mail any more"
    store.votes.put(two, "kestrel", None, later(minutes=1), b"c" * 16, ledger.issue_id)
    assert votes(ledger) == (0, 0)


def test_where_a_program_voted_the_vote_before_it_counts_for_its_own_issue_again(ledger: Ledger) -> None:
    store, one = ledger.store, ledger.ids[0]
    store.votes.put(one, "kestrel", Verdict.SHIP, NOW, None, ledger.issue_id)
    store.votes.put(one, "kestrel", Verdict.SKIP, later(hours=1), b"p" * 16, ledger.issue_id + 1)
    assert votes(ledger) == (0, 0)
    store.votes.trip(one, b"p" * 16, later(hours=1))
    assert store.votes.void_programs(later(hours=1), later(minutes=10) - NOW) == 1
    assert votes(ledger) == (1, 0)


def test_who_left_by_a_link_counts_until_they_come_back(ledger: Ledger) -> None:
    results, (one, two, *_) = ledger.store.results, ledger.ids
    results.left_by(ledger.issue_id, one, NOW)
    results.left_by(ledger.issue_id, two, NOW)
    results.left_by(ledger.issue_id, one, later(hours=1))
    results.left_by(99, one, NOW)
    assert results.kept([ledger.issue_id, 99]) == {ledger.issue_id: Kept({}, 0, 2, 0, 0), 99: NOTHING}
    results.came_back(one, later(hours=1))
    assert results.kept([ledger.issue_id])[ledger.issue_id].left == 1


def test_a_database_from_before_has_its_counts_filled_from_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    database = Sqlite(path)
    before = _migrations()
    before._migrations = [step for step in before._migrations if step.name < "0004"]
    with database.transaction():
        before.apply(database.utils())
    columns = "id, key, slot, slot_at, cutoff_at, status, created_at, nonce, frozen_at, frozen, accepted"
    for number in (1, 2):
        day = f"2026-11-{number:02}"
        database.change(
            f"INSERT INTO issue ({columns}) VALUES (?, ?, ?, ?, ?, 'sent', ?, '', ?, 3, 3)",
            (number, *[day] * 6),
        )
    for number, left_at in ((1, None), (2, "2026-11-01T12"), (3, "2026-11-02T12")):
        status = "unsubscribed" if left_at else "active"
        database.change(
            "INSERT INTO subscriber (id, email, status, created_at, unsubscribed_at) VALUES (?, ?, ?, '2026', ?)",
            (number, f"r{number}@example.com", status, left_at),
        )
        database.change(
            "INSERT INTO consent (subscriber_id, kind, at, source, text_sha256) VALUES (?, 'unsubscribed', '', ?, '')",
            (number, "unsubscribe page"),
        )
        for of in (1, 2):
            database.change(
                "INSERT INTO delivery (issue_id, subscriber_id, status, outcome) VALUES (?, ?, 'accepted', ?)",
                (of, number, "delivered" if number > 1 else None),
            )
    database.close()
    store = Store(path)
    assert store.results.kept([1, 2]) == {1: Kept({"delivered": 2}, 2, 1, 0, 0), 2: Kept({"delivered": 2}, 2, 1, 0, 0)}
    assert store.results.kept([1, 2]) == store.results.counted([1, 2])
    store.close()


def test_the_first_who_missed_it_and_those_in_doubt_are_found_without_reading_every_delivery(ledger: Ledger) -> None:
    seen: list[str] = []
    ledger.store.database.connection.set_trace_callback(seen.append)
    deliveries, lists = ledger.store.deliveries, ledger.store.lists
    deliveries.not_accepted(ledger.issue_id, 100)
    lists.missed(ledger.issue_id, 0, 100)
    deliveries.unknown(ledger.issue_id)
    deliveries.doubted(ledger.issue_id)
    deliveries.refused(ledger.issue_id, 100)
    ledger.store.database.connection.set_trace_callback(None)
    assert len(seen) > 6
    for sql in seen:
        plan = " ".join(row["detail"] for row in ledger.store.database.query(f"EXPLAIN QUERY PLAN {sql}"))
        assert "SCAN delivery" not in plan, (sql, plan)
        assert "delivery_missed" in plan or "delivery_open" in plan, (sql, plan)


def test_a_kept_count_below_nothing_is_refused_by_the_table(ledger: Ledger) -> None:
    one = ledger.ids[0]
    ledger.store.deliveries.put_outcome(ledger.issue_id, one, "delivered", NOW, "")
    ledger.store.database.change("UPDATE delivery_count SET n = 0")
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        ledger.store.database.change("UPDATE delivery SET outcome = NULL WHERE subscriber_id = ?", (one,))


def votes(ledger: Ledger) -> tuple[int, int]:
    kept = ledger.store.results.kept([ledger.issue_id])[ledger.issue_id]
    assert kept == ledger.store.results.counted([ledger.issue_id])[ledger.issue_id]
    return kept.ship, kept.skip
