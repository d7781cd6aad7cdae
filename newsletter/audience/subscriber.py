"""A subscriber, and what an address must be to become one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from newsletter.audience.addresses import plain_address
from newsletter.errors import InputError


class SubscriberStatus(StrEnum):
    """pending → active → unsubscribed; erased keeps the row's id and nothing else."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    ERASED = "erased"


class Frequency(StrEnum):
    """How often somebody wants an issue: every one, or only those with a comparison of their topics."""

    WEEKLY = "weekly"
    TOPICS = "topics"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One person. `email` is None once erased. Times are aware UTC."""

    id: int
    email: str | None
    status: SubscriberStatus
    created_at: datetime
    confirmed_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    paused_until: datetime | None = None
    """Active, and no issue comes before that."""
    frequency: Frequency = Frequency.WEEKLY
    zone: str = ""
    """Where their days begin, like `Europe/Berlin`; empty is the newsletter's own."""


class SuppressionReason(StrEnum):
    """Why an address is never mailed again."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    OPERATOR = "operator"


def normal_address(text: str) -> str:
    """The address in its normal form, ASCII only. Raises InputError saying what is wrong with it."""
    text = text.strip()
    if plain := plain_address(text):
        return plain
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise InputError(f"{text[:80]!r} is not an e-mail address: {error}", next_step="Correct it.") from None
    return found.ascii_email or found.normalized


def address_hash(key: bytes, address: str) -> bytes:
    """16 bytes by which an address is known again after it was erased; upper and lower case are one."""
    return hmac.digest(key, address.casefold().encode(), hashlib.sha256)[:16]


def address_hasher(key: bytes) -> Callable[[str], bytes]:
    """address_hash() of one key, for a million addresses: what is the same for all of them is done once."""
    keyed = hmac.new(key, digestmod=hashlib.sha256)

    def hash_of(address: str) -> bytes:
        one = keyed.copy()
        one.update(address.casefold().encode())
        return one.digest()[:16]

    return hash_of
