"""Who operates the newsletter: their roles, what each role may do, and the rules of their passwords and sessions.

Pure: nothing here hashes, stores or looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from newsletter.errors import InputError

IDLE = timedelta(minutes=30)
"""A session ends when nothing was asked for so long,"""
LONGEST = timedelta(hours=12)
"""and after so long in any case."""
PASSWORD_LENGTH = (15, 256)
"""Characters; length is what makes a password hard to guess (NIST SP 800-63B-4, 3.1.1.2)."""
INVITE = timedelta(hours=24)
"""How long a set-up link or an invitation works."""


class Role(StrEnum):
    """What somebody may do. Each may do what the one before may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


class Right(IntEnum):
    """What an act asks for: to look, to change what goes out, or to change who may and how."""

    LOOK = 0
    EDIT = 1
    OWN = 2


RIGHTS = {Role.VIEWER: Right.LOOK, Role.EDITOR: Right.EDIT, Role.OWNER: Right.OWN}


def lesser(one: Role, other: Role) -> Role:
    """The one of the two that may less."""
    return min(one, other, key=RIGHTS.__getitem__)


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a key or an invitation: an operator, or a key (`parent_id`); neither, where it was the command line."""

    operator_id: int | None = None
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """One person who may sign in. Times are aware UTC."""

    id: int
    email: str
    role: Role
    created_at: datetime
    has_totp: bool
    disabled_at: datetime | None = None

    def may(self, right: Right) -> bool:
        return self.disabled_at is None and RIGHTS[self.role] >= right


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    operator: Operator
    began_at: datetime
    seen_at: datetime

    def over(self, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return now - self.seen_at >= IDLE or now - self.began_at >= LONGEST


def checked_password(password: str, email: str) -> str:
    """`password`, if it may be one. Raises InputError saying what is wrong with it."""
    least, most = PASSWORD_LENGTH
    if not least <= len(password) <= most:
        raise InputError(
            f"The password has {len(password)} characters; {least} to {most} are allowed.",
            next_step="Take four or five words that do not belong together.",
        )
    plain = password.casefold()
    if len(set(plain)) < 5 or plain.strip() in (email.casefold(), email.casefold() * 2):
        raise InputError("That password is easily guessed.", next_step="Take words that do not belong together.")
    return password
