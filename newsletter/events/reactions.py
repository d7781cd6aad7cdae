"""What follows from an event: for what we say of the mail, for its delivery, and for its address."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.delivery.status import DeliveryStatus
from newsletter.events.vocabulary import EventKind

PRECEDENCE: tuple[EventKind, ...] = (
    EventKind.ACCEPTED,
    EventKind.DEFERRED,
    EventKind.REJECTED,
    EventKind.DELIVERED,  # a mailbox took it: proof against a provider that says it refused it
    EventKind.SOFT_BOUNCE,  # bounces arrive after the mailbox's yes as well, and are the last word then
    EventKind.HARD_BOUNCE,
    EventKind.COMPLAINT,
)
"""From weak to strong. Events arrive twice and in any order, so the strongest counts and not the last."""

SUPPRESSING: frozenset[EventKind] = frozenset({EventKind.HARD_BOUNCE, EventKind.COMPLAINT})
"""Never mail this address again, at once."""

_STRENGTH = {kind: strength for strength, kind in enumerate(PRECEDENCE)}
_OPEN = frozenset({DeliveryStatus.IN_FLIGHT, DeliveryStatus.UNKNOWN})
_NEVER_LEFT = frozenset({DeliveryStatus.WAITING, DeliveryStatus.SUPPRESSED, DeliveryStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an event asks for."""

    status: DeliveryStatus
    """Where the delivery stands now; as before, or one move of DELIVERY_MOVES on."""
    suppress: EventKind | None = None
    """Why its address is suppressed; None: it is not."""
    quarantined: bool = False
    """The event is about a mail that never left, as far as we know: to be counted and shown to the operator."""


def outcome_after(current: EventKind | None, event: EventKind) -> EventKind:
    """The stronger of the two: the same whatever the order, however often."""
    return event if current is None or _STRENGTH[event] > _STRENGTH[current] else current


def reaction(status: DeliveryStatus, event: EventKind) -> Reaction:
    """What a verified event means for a delivery in `status`.

    It settles what is in flight or unknown: the provider knows the mail, so it had taken it, or refused it. A delivery
    that is waiting is never moved; but a hard bounce or a complaint is about the address, and suppresses it even then.
    """
    suppress = event if event in SUPPRESSING else None
    if status in _NEVER_LEFT:
        return Reaction(status, suppress, quarantined=True)
    if event is EventKind.REJECTED:
        return Reaction(DeliveryStatus.REJECTED if status in _OPEN else status, suppress)
    return Reaction(DeliveryStatus.ACCEPTED, suppress)
