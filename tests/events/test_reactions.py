"""Events come twice and in any order; what follows from them does not depend on it."""

from __future__ import annotations

from functools import reduce
from itertools import chain, combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.status import DELIVERY_MOVES, DeliveryStatus
from newsletter.events.reactions import PRECEDENCE, Reaction, outcome_after, reaction
from newsletter.events.vocabulary import EventKind

LEFT = [DeliveryStatus.IN_FLIGHT, DeliveryStatus.UNKNOWN, DeliveryStatus.ACCEPTED, DeliveryStatus.REJECTED]
NEVER_LEFT = [DeliveryStatus.WAITING, DeliveryStatus.SUPPRESSED, DeliveryStatus.CANCELLED]
KINDS = st.sampled_from(EventKind)


def after(status: DeliveryStatus, events: tuple[EventKind, ...]) -> DeliveryStatus:
    return reduce(lambda now, event: reaction(now, event).status, events, status)


def test_every_event_has_its_place_in_the_precedence() -> None:
    assert sorted(PRECEDENCE) == sorted(EventKind)


def test_complaint_outdoes_hard_bounce_outdoes_soft_bounce_outdoes_delivered() -> None:
    assert PRECEDENCE == (
        EventKind.ACCEPTED,
        EventKind.DEFERRED,
        EventKind.REJECTED,
        EventKind.DELIVERED,
        EventKind.SOFT_BOUNCE,
        EventKind.HARD_BOUNCE,
        EventKind.COMPLAINT,
    )


def test_the_first_event_is_the_outcome() -> None:
    for event in EventKind:
        assert outcome_after(None, event) is event


@given(KINDS, KINDS)
def test_of_two_events_the_one_later_in_the_precedence_is_the_outcome(one: EventKind, two: EventKind) -> None:
    assert outcome_after(one, two) is PRECEDENCE[max(PRECEDENCE.index(one), PRECEDENCE.index(two))]


@given(KINDS, KINDS, KINDS)
def test_outcomes_combine_in_any_order_and_grouping_and_as_often_as_they_like(
    one: EventKind, two: EventKind, three: EventKind
) -> None:
    assert outcome_after(one, two) is outcome_after(two, one)
    assert outcome_after(outcome_after(one, two), three) is outcome_after(one, outcome_after(two, three))
    assert outcome_after(one, one) is one


@pytest.mark.parametrize("start", DeliveryStatus)
def test_every_permutation_of_every_set_of_events_ends_in_the_same_status(start: DeliveryStatus) -> None:
    sets = chain.from_iterable(combinations(EventKind, size) for size in range(1, 5))
    for events in sets:
        assert len({after(start, order) for order in permutations(events)}) == 1
        assert after(start, events + events) is after(start, events)


@pytest.mark.parametrize("status", DeliveryStatus)
@pytest.mark.parametrize("event", EventKind)
def test_a_reaction_stays_or_makes_a_move_that_exists(status: DeliveryStatus, event: EventKind) -> None:
    new = reaction(status, event).status
    assert new is status or new in DELIVERY_MOVES[status]


@pytest.mark.parametrize("status", LEFT)
@pytest.mark.parametrize("event", [event for event in EventKind if event is not EventKind.REJECTED])
def test_any_event_but_a_rejection_proves_that_the_mail_was_accepted(status: DeliveryStatus, event: EventKind) -> None:
    assert reaction(status, event).status is DeliveryStatus.ACCEPTED
    assert not reaction(status, event).quarantined


def test_a_rejection_settles_what_is_open_and_moves_nothing_else() -> None:
    assert {status: reaction(status, EventKind.REJECTED) for status in LEFT} == {
        DeliveryStatus.IN_FLIGHT: Reaction(DeliveryStatus.REJECTED),
        DeliveryStatus.UNKNOWN: Reaction(DeliveryStatus.REJECTED),
        DeliveryStatus.ACCEPTED: Reaction(DeliveryStatus.ACCEPTED),
        DeliveryStatus.REJECTED: Reaction(DeliveryStatus.REJECTED),
    }


@pytest.mark.parametrize("status", NEVER_LEFT)
@pytest.mark.parametrize("event", EventKind)
def test_an_event_about_a_mail_that_never_left_is_quarantined_and_moves_nothing(
    status: DeliveryStatus, event: EventKind
) -> None:
    assert reaction(status, event).status is status
    assert reaction(status, event).quarantined


@pytest.mark.parametrize("status", DeliveryStatus)
def test_hard_bounces_and_complaints_suppress_the_address_whatever_the_delivery(status: DeliveryStatus) -> None:
    assert {event: reaction(status, event).suppress for event in EventKind if reaction(status, event).suppress} == {
        EventKind.HARD_BOUNCE: EventKind.HARD_BOUNCE,
        EventKind.COMPLAINT: EventKind.COMPLAINT,
    }
