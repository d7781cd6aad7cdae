"""Proof of consent: an append-only record of what a person was told, and what they did about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256


class ConsentKind(StrEnum):
    """What happened."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    IMPORTED = "imported"
    UNPROVEN = "imported_without_proof"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    PAUSED = "paused"
    RESUMED = "resumed"
    PREFERENCES = "preferences"
    ADDRESS_CHANGED = "address_changed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry. `text` is what the person was shown or the evidence named; `ip` is kept for a short time only."""

    kind: ConsentKind
    at: datetime
    source: str
    text: str = ""
    ip: str | None = None
    version: str = ""
    """Of the text, where it has one: FORM_VERSION."""

    @property
    def text_sha256(self) -> str:
        """Hex; tells versions of a form apart."""
        return sha256(self.text.encode()).hexdigest()


IP_RETENTION = timedelta(days=30)
"""So long the IP address of an entry is kept."""

FORM_VERSION = "2026-11"
"""Change it with FORM_TEXT."""

FORM_TEXT = (
    "One e-mail a week with the panel's verdicts on new AI tools. "
    "You confirm your address first and can leave at any time."
)
"""What the subscribe form says; stored with every consent that came through it."""
