"""The words for what happens to a mail after a provider took it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """accepted: the provider took it. delivered: the mailbox took it. The rest say why it did not stay there."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Event:
    """One report about one recipient."""

    kind: EventKind
    at: datetime
    """Aware UTC, by the provider's clock."""
    rid: str | None = None
    """Ours, where the provider handed it back."""
    provider_id: str | None = None
    address: str | None = None
    detail: str = ""
