"""Votes: one per reader and tool, kept tallies, and what becomes of a program's votes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.audience.subscriber import SubscriberStatus
from newsletter.comparisons.model import Verdict, VoteTally
from newsletter.issues import IssueStatus, Slot
from newsletter.store.store import Store
from newsletter.store.votes import Tally

SHIP, SKIP = Verdict.SHIP, Verdict.SKIP
NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
WITHIN = timedelta(minutes=10)
PERSON, PROGRAM, OTHER = b"person", b"program", b"other"


@pytest.fixture(autouse=True)
def readers(store: Store) -> list[int]:
    return [store.subscribers.add(f"r{n}@example.com", SubscriberStatus.ACTIVE, NOON) for n in (1, 2, 3)]


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def tally(store: Store, tool: str = "kestrel") -> Tally:
    return store.votes.tallies([tool])[tool]


def test_a_reader_has_one_vote_on_a_tool_which_can_be_changed_and_taken_back(store: Store) -> None:
    store.votes.put(1, "kestrel", SHIP, at(0), PERSON)
    store.votes.put(1, "kestrel", SHIP, at(1), PERSON)
    store.votes.put(2, "kestrel", SHIP, at(1), PERSON)
    assert tally(store).readers == VoteTally(2, 0)
    store.votes.put(1, "kestrel", SKIP, at(2), PERSON)
    assert (tally(store).readers, store.votes.of_reader(1)) == (VoteTally(1, 1), {"kestrel": SKIP})
    store.votes.put(1, "kestrel", None, at(3), PERSON)
    store.votes.put(3, "kestrel", None, at(3), PERSON)
    assert (tally(store).readers, store.votes.of_reader(1)) == (VoteTally(1, 0), {})


def test_votes_from_the_web_are_counted_apart_and_forgotten_but_for_the_tally(store: Store) -> None:
    store.votes.put(1, "kestrel", SHIP, at(0), PERSON)
    for voter, choice in ((b"v1", SKIP), (b"v1", SHIP), (b"v2", SKIP), (b"v3", SKIP), (b"v3", None)):
        store.votes.put_web(voter, "kestrel", choice, at(0))
    assert tally(store) == Tally(VoteTally(1, 0), VoteTally(1, 1))
    assert store.votes.of_visitor(b"v1", ["kestrel", "other"]) == {"kestrel": SHIP}
    assert store.votes.forget_visitors(at(1)) == 2
    assert tally(store).web == VoteTally(1, 1)
    assert store.votes.of_visitor(b"v1", ["kestrel"]) == {}


@pytest.mark.parametrize("minutes", [-9, 0, 9])
def test_what_a_client_votes_within_minutes_of_the_hidden_link_is_undone(store: Store, minutes: float) -> None:
    for reader in (1, 2):
        store.votes.put(reader, "kestrel", SHIP, at(minutes), PROGRAM)
    store.votes.put(3, "kestrel", SHIP, at(minutes), PERSON)
    store.votes.trip(1, PROGRAM, at(0))
    assert store.votes.void_programs(at(9), WITHIN) == 2, "its neighbours' too, and nobody else's"
    assert tally(store).readers == VoteTally(1, 0)
    assert store.votes.void_programs(at(9), WITHIN) == 0


@pytest.mark.parametrize("minutes", [-11, 11])
def test_what_it_votes_at_another_time_stays(store: Store, minutes: float) -> None:
    store.votes.put(1, "kestrel", SHIP, at(minutes), PROGRAM)
    store.votes.trip(1, PROGRAM, at(0))
    assert store.votes.void_programs(at(11), WITHIN) == 0
    assert tally(store).readers == VoteTally(1, 0)


@pytest.mark.parametrize("presses", [[SKIP], [SHIP, SKIP], [None], [SKIP, None, SKIP], [None, SKIP, None]])
def test_a_readers_own_vote_comes_back_whatever_a_program_pressed(store: Store, presses: list[Verdict | None]) -> None:
    store.votes.put(1, "kestrel", SHIP, at(-60), PERSON)
    for press in presses:
        store.votes.put(1, "kestrel", press, at(-1), PROGRAM)
    store.votes.trip(1, PROGRAM, at(0))
    store.votes.void_programs(at(0), WITHIN)
    assert (tally(store).readers, store.votes.of_reader(1)) == (VoteTally(1, 0), {"kestrel": SHIP})


def test_a_vote_that_a_person_casts_after_a_program_stays_and_hides_the_programs(store: Store) -> None:
    store.votes.put(1, "kestrel", SKIP, at(-2), PROGRAM)
    store.votes.put(1, "kestrel", SHIP, at(-1), PERSON)
    store.votes.trip(1, PROGRAM, at(0))
    assert store.votes.void_programs(at(0), WITHIN) == 0
    assert store.votes.of_reader(1) == {"kestrel": SHIP}


def test_a_client_has_tripped_since_then_and_no_other_has(store: Store) -> None:
    store.votes.trip(1, PROGRAM, at(0))
    assert store.votes.tripped(PROGRAM, at(-1))
    assert not store.votes.tripped(PROGRAM, at(1))
    assert not store.votes.tripped(OTHER, at(-1))


def test_many_hits_within_seconds_are_one(store: Store) -> None:
    for second in range(100):
        store.votes.trip(1, PROGRAM, NOON + timedelta(seconds=second / 20))
    store.votes.trip(1, OTHER, NOON)
    assert store.database.value("SELECT count(*) FROM canary") == 2


def test_who_pressed_is_forgotten_once_no_hit_can_undo_it(store: Store) -> None:
    store.votes.put(1, "kestrel", SHIP, at(0), PERSON)
    store.votes.put(1, "other", SHIP, at(-60), PERSON)
    store.votes.put(1, "other", None, at(0), PERSON)
    store.votes.trip(1, PROGRAM, at(0))
    store.votes.void_programs(at(19), WITHIN)
    assert store.database.value("SELECT count(client) FROM vote") == 2
    store.votes.void_programs(at(21), WITHIN)
    rows = store.database.query("SELECT tool, choice, client FROM vote")
    assert [tuple(row) for row in rows] == [("kestrel", "ship", None)]
    assert store.database.value("SELECT count(*) FROM canary") == 0


def test_an_erased_readers_votes_leave_the_tally(store: Store) -> None:
    for reader in (1, 2):
        store.votes.put(reader, "kestrel", SHIP, at(0), PERSON)
    store.votes.put(1, "other", SKIP, at(0), PERSON)
    store.votes.put(1, "other", None, at(0), PERSON)
    store.votes.trip(1, PROGRAM, at(0))
    store.votes.forget_reader(1)
    assert (tally(store).readers, tally(store, "other").readers) == (VoteTally(1, 0), VoteTally(0, 0))
    assert store.database.value("SELECT count(*) FROM vote WHERE subscriber_id = 1") == 0
    assert store.database.value("SELECT count(*) FROM canary") == 0


def test_what_an_issue_says_of_votes_is_kept_as_it_was(store: Store) -> None:
    issue = store.issues.create(Slot(NOON.date(), NOON), NOON, IssueStatus.DRAFT, "", "00", NOON)
    assert issue
    store.votes.put(1, "kestrel", SHIP, at(0), PERSON)
    store.votes.put_web(b"v", "other", SHIP, at(0))
    store.votes.keep_for(issue, ["kestrel", "other", "unheard-of"])
    store.votes.put(2, "kestrel", SKIP, at(1), PERSON)
    assert store.votes.kept_for(issue) == {"kestrel": VoteTally(1, 0)}
    store.votes.keep_for(issue, [])
    assert store.votes.kept_for(issue) == {}


PRESSES = st.tuples(
    st.integers(1, 3),
    st.sampled_from(["a", "b"]),
    st.sampled_from([SHIP, SKIP, None]),
    st.sampled_from([PERSON, PROGRAM]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(PRESSES, max_size=12), st.booleans())
def test_the_kept_tallies_are_always_the_counted_ones(
    tmp_path_factory: pytest.TempPathFactory, presses: list[tuple[int, str, Verdict | None, bytes]], hit: bool
) -> None:
    store = Store(tmp_path_factory.mktemp("votes") / "subscribers.db")
    try:
        for n in (1, 2, 3):
            store.subscribers.add(f"r{n}@example.com", SubscriberStatus.ACTIVE, NOON)
        for minute, (reader, tool, choice, client) in enumerate(presses):
            store.votes.put(reader, tool, choice, at(minute / 10), client)
            store.votes.put_web(client, tool, choice, at(minute / 10))
        if hit:
            store.votes.trip(1, PROGRAM, at(0))
        store.votes.void_programs(at(1), WITHIN)
        cast = [(tool, choice) for n in (1, 2, 3) for tool, choice in store.votes.of_reader(n).items()]
        for tool in ("a", "b"):
            assert tally(store, tool).readers == VoteTally(cast.count((tool, SHIP)), cast.count((tool, SKIP)))
    finally:
        store.close()
