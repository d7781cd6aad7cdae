"""A call that comes twice under one name is done once, and answered the same.

The rule is that of draft-ietf-httpapi-idempotency-key-header-07.

The answer is kept in the transaction of the act itself: either both are there, or neither.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.app.container import App
from newsletter.errors import InputError, TransitionError

KEPT = timedelta(hours=24)
"""How long an answer is given again."""

_BROKEN_OFF = timedelta(minutes=2)
"""A call that began so long ago and has no answer died on its way: it may be made again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A call under way, whose answer is to be kept."""

    name: bytes
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What the call was answered before. `body`: JSON, or empty."""

    status: int
    body: bytes


def claim_call(app: App, key_id: int, name: str, request: bytes) -> Claim | Answered:
    """Begin the call that key `key_id` names `name`; `request` is all of it. Raises InputError where that name was
    another call's, and TransitionError while the same call is under way.
    """
    hashed, asked = hashlib.sha256(f"{key_id}:{name}".encode()).digest(), hashlib.sha256(request).digest()
    now = app.now()
    with app.store.transaction():
        kept = app.store.api_keys.answer(hashed)
        if kept is not None and now - kept.at < KEPT:
            if kept.request_sha256 != asked:
                raise InputError("This Idempotency-Key was that of another call.", next_step="Take a new one.")
            if kept.status is not None:
                return Answered(kept.status, kept.body)
            if now - kept.at < _BROKEN_OFF:
                raise TransitionError(
                    "The same call is under way.", next_step="Ask again in a moment.", permanent=False
                )
        app.store.api_keys.begin(hashed, asked, now)
    return Claim(hashed, now)


def keep_answer(app: App, claim: Claim, status: int, body: bytes) -> None:
    """To be called in the transaction of the act. Raises TransitionError where another took the call over meanwhile."""
    if not app.store.api_keys.finish(claim.name, claim.begun_at, status, body):
        raise TransitionError("The same call was made again meanwhile.", next_step="Ask again.", permanent=False)


def give_up(app: App, claim: Claim) -> None:
    """The call changed nothing: it may be made again under its name. One that was answered stays answered."""
    app.store.api_keys.give_up(claim.name, claim.begun_at)


def forget_answers(app: App) -> int:
    """Those of more than 24 hours ago; how many."""
    return app.store.api_keys.forget_answers(app.now() - KEPT)
