"""The states of a delivery and of a batch, and every move between them that exists."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from newsletter.errors import TransitionError


class DeliveryStatus(StrEnum):
    """Where one recipient's copy of one issue stands. A frozen issue's recipients are the sum of these seven."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


DELIVERY_MOVES: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.WAITING: frozenset(
        {
            DeliveryStatus.IN_FLIGHT,
            DeliveryStatus.SUPPRESSED,  # unsubscribed or suppressed between freeze and claim
            DeliveryStatus.CANCELLED,
        }
    ),
    DeliveryStatus.IN_FLIGHT: frozenset(
        {
            DeliveryStatus.ACCEPTED,
            DeliveryStatus.REJECTED,
            DeliveryStatus.UNKNOWN,
            DeliveryStatus.WAITING,  # a definite refusal: nothing was sent
        }
    ),
    DeliveryStatus.UNKNOWN: frozenset(
        {
            DeliveryStatus.ACCEPTED,  # an event proves it, or the operator settles it --sent
            DeliveryStatus.REJECTED,  # an event proves that the provider took it and then refused to send it
            DeliveryStatus.WAITING,  # the operator settles it --not-sent: it is sent again
            DeliveryStatus.CANCELLED,  # --not-sent on a cancelled issue
        }
    ),
    DeliveryStatus.ACCEPTED: frozenset(),
    DeliveryStatus.REJECTED: frozenset(
        {
            DeliveryStatus.ACCEPTED,  # the provider said no, yet a verified event shows that it went out
            DeliveryStatus.WAITING,  # it was definitely refused, and the operator has it tried again
        }
    ),
    DeliveryStatus.SUPPRESSED: frozenset(),
    DeliveryStatus.CANCELLED: frozenset(),
}


class BatchStatus(StrEnum):
    """Where one provider request stands. Batches are claimed, recipients never."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    SETTLED = "settled"
    UNKNOWN = "unknown"
    SPLIT = "split"
    CANCELLED = "cancelled"


BATCH_MOVES: dict[BatchStatus, frozenset[BatchStatus]] = {
    BatchStatus.WAITING: frozenset({BatchStatus.CLAIMED, BatchStatus.CANCELLED}),
    BatchStatus.CLAIMED: frozenset(
        {
            BatchStatus.IN_FLIGHT,  # committed before the request leaves
            BatchStatus.WAITING,  # the owner died before anything left
            BatchStatus.SETTLED,  # nobody in it may be mailed any more
            BatchStatus.SPLIT,  # refused before, and somebody in it left since: the rest goes under a new key
        }
    ),
    BatchStatus.IN_FLIGHT: frozenset(
        {
            BatchStatus.SETTLED,
            BatchStatus.WAITING,  # a definite refusal that may pass: throttled, never connected
            BatchStatus.SPLIT,  # a definite refusal of the content: halves are tried under new keys
            BatchStatus.UNKNOWN,
        }
    ),
    BatchStatus.UNKNOWN: frozenset({BatchStatus.SETTLED}),
    BatchStatus.SETTLED: frozenset(),
    BatchStatus.SPLIT: frozenset(),
    BatchStatus.CANCELLED: frozenset(),
}

Status = TypeVar("Status", DeliveryStatus, BatchStatus)


def require_move(moves: dict[Status, frozenset[Status]], before: Status, after: Status) -> None:
    """Raise TransitionError unless the table has a move from `before` to `after`."""
    if after not in moves[before]:
        raise TransitionError(f"Nothing goes from {before} to {after}.")
