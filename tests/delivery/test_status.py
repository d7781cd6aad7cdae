"""The tables of deliveries and batches, move by move."""

from __future__ import annotations

import pytest

from newsletter.delivery.status import BATCH_MOVES, DELIVERY_MOVES, BatchStatus, DeliveryStatus, require_move
from newsletter.errors import TransitionError

D, B = DeliveryStatus, BatchStatus

DELIVERIES = {
    D.WAITING: {D.IN_FLIGHT, D.SUPPRESSED, D.CANCELLED},
    D.IN_FLIGHT: {D.ACCEPTED, D.REJECTED, D.UNKNOWN, D.WAITING},
    D.UNKNOWN: {D.ACCEPTED, D.REJECTED, D.WAITING, D.CANCELLED},
    D.ACCEPTED: set(),
    D.REJECTED: {D.ACCEPTED, D.WAITING},
    D.SUPPRESSED: set(),
    D.CANCELLED: set(),
}
BATCHES = {
    B.WAITING: {B.CLAIMED, B.CANCELLED},
    B.CLAIMED: {B.IN_FLIGHT, B.WAITING, B.SETTLED, B.SPLIT},
    B.IN_FLIGHT: {B.SETTLED, B.WAITING, B.SPLIT, B.UNKNOWN},
    B.UNKNOWN: {B.SETTLED},
    B.SETTLED: set(),
    B.SPLIT: set(),
    B.CANCELLED: set(),
}


@pytest.mark.parametrize("before", D)
@pytest.mark.parametrize("after", D)
def test_a_delivery_moves_along_its_table_and_nowhere_else(before: D, after: D) -> None:
    if after in DELIVERIES[before]:
        require_move(DELIVERY_MOVES, before, after)
    else:
        with pytest.raises(TransitionError) as caught:
            require_move(DELIVERY_MOVES, before, after)
        assert str(caught.value) == f"Nothing goes from {before} to {after}."


@pytest.mark.parametrize("before", B)
@pytest.mark.parametrize("after", B)
def test_a_batch_moves_along_its_table_and_nowhere_else(before: B, after: B) -> None:
    if after in BATCHES[before]:
        require_move(BATCH_MOVES, before, after)
    else:
        with pytest.raises(TransitionError) as caught:
            require_move(BATCH_MOVES, before, after)
        assert str(caught.value) == f"Nothing goes from {before} to {after}."


def test_what_may_have_been_sent_waits_again_only_after_a_refusal_or_the_operators_word() -> None:
    again = {before for before, after in DELIVERY_MOVES.items() if D.WAITING in after}
    assert again == {D.IN_FLIGHT, D.UNKNOWN, D.REJECTED}
    assert D.WAITING not in DELIVERY_MOVES[D.ACCEPTED]


def test_a_batch_in_doubt_is_never_sent_again() -> None:
    assert not BATCH_MOVES[B.UNKNOWN] & {B.WAITING, B.CLAIMED, B.IN_FLIGHT, B.SPLIT}


def test_every_status_has_its_row_and_is_kept_under_its_word() -> None:
    assert set(DELIVERY_MOVES) == set(D)
    assert set(BATCH_MOVES) == set(B)
    assert [str(status) for status in D] == [
        "waiting", "in_flight", "accepted", "rejected", "suppressed", "unknown", "cancelled"
    ]  # fmt: skip
    assert [str(status) for status in B] == [
        "waiting", "claimed", "in_flight", "settled", "unknown", "split", "cancelled"
    ]  # fmt: skip
