"""Keys with which programs operate: made and shown once, kept as a hash, revoked for good.

A key reaches no further than whoever made it does now: who is let out takes their keys along, and who is let in again
finds them working; who is given a lesser role has lesser keys. A new password changes nothing of this.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from newsletter.app.container import App
from newsletter.app.makers import maker_of, reach_of
from newsletter.app.record import note
from newsletter.errors import InputError, NotFoundError, TransitionError
from newsletter.operators import RIGHTS, Right, Role
from newsletter.store.api_keys import ApiKey

__all__ = ["ApiKey", "all_keys", "kept_key", "key_of", "make_key", "may", "revoke_key"]

_PREFIX = "nl_"
"""By which scanners for lost secrets know it."""
_NOTED = timedelta(minutes=1)
_LONGEST_NAME = 60


def make_key(
    app: App,
    name: str,
    role: Role,
    *,
    by: str = "command line",
    via: str = "command line",
    made_with: ApiKey | None = None,
) -> str:
    """A new key, which nobody can read again. `name` stands in the record; `made_with`: the key of the program that
    asks for it. Raises InputError.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InputError(f"A key needs a name of 1 to {_LONGEST_NAME} characters.", next_step="Say what it is for.")
    key = _PREFIX + secrets.token_urlsafe(32)
    with app.store.transaction():
        number = app.store.api_keys.add(_hash(key), name, key[-4:], role, by, maker_of(app, by, made_with), app.now())
        note(app, by, "made a key", subject=f"key {number}", detail=f"{name}, as {role}", via=via)
    return key


def all_keys(app: App) -> list[ApiKey]:
    """In the order they were made, each with its reach; with those that open nothing any more."""
    return [_with_reach(app, key) for key in app.store.api_keys.all()]


def revoke_key(app: App, number: int, *, by: str = "command line", via: str = "command line") -> ApiKey:
    """It opens nothing from here on. Raises NotFoundError, and TransitionError where it is revoked already."""
    with app.store.transaction():
        found = app.store.api_keys.by_id(number)
        if found is None:
            raise NotFoundError(f"There is no key {number}.", next_step="See `newsletter operators keys`.")
        if not app.store.api_keys.revoke(number, app.now()):
            raise TransitionError(f"Key {number} is revoked already.")
        note(app, by, "revoked a key", subject=f"key {number}", detail=found.name, via=via)
    return found


def key_of(app: App, authorization: str) -> ApiKey | None:
    """Whose `Authorization` header this is: that of a key that works, with its reach, else None. Its use is noted once
    a minute.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(_PREFIX):
        return None
    found = kept_key(app, key)
    if found is None or found.reach is None:
        return None
    if found.used_at is None or app.now() - found.used_at >= _NOTED:
        app.store.api_keys.use(found.id, app.now())
    return found


def kept_key(app: App, key: str) -> ApiKey | None:
    """What is kept of it, with its reach, without a use being noted."""
    found = app.store.api_keys.by_hash(_hash(key))
    return _with_reach(app, found) if found else None


def may(key: ApiKey, right: Right) -> bool:
    """Whether it reaches that far."""
    return key.reach is not None and RIGHTS[key.reach] >= right


def _with_reach(app: App, key: ApiKey) -> ApiKey:
    return replace(key, reach=None if key.revoked_at else reach_of(app, key.maker, key.role))


def _hash(key: str) -> bytes:
    """256 random bits need no slow hash: nobody guesses them, and the database alone opens nothing."""
    return hashlib.sha256(key.encode()).digest()
