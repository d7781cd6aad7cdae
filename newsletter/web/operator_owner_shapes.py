"""The same of who may come in, keys, backups and what else concerns the machine: what is answered and taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from newsletter.delivery.status import DeliveryStatus
from newsletter.operators import Role
from newsletter.web.api_shapes import Document
from newsletter.web.operator_shapes import Address, Asked, Flag, Told

_NEXT = Field(None, description="The cursor of the next page; absent on the last one.")


class Operator(Told):
    """One person who may sign in, or may no more."""

    id: int
    email: str
    role: Role
    created_at: datetime
    has_totp: bool = Field(description="They are asked for a code.")
    disabled_at: datetime | None = Field(None, description="Since then they are out.")


class OperatorList(Told):
    """In the order they came."""

    operators: list[Operator]
    next: int | None = _NEXT


class NewInvitation(Asked):
    """Who may come in; also the way back for who lost a password."""

    email: Address
    role: Role


class Invitation(Told):
    """A link that lets them in once, within a day."""

    email: str
    role: Role
    url: str | None = Field(None, description="Shown once: absent where a call is answered again.")


class OperatorEdit(Asked):
    """What to change. What is absent stays."""

    role: Role | None = Field(None, description="From their next click on.")
    allowed: Flag | None = Field(None, description="False ends their sessions; their keys go and come back with them.")


class Key(Told):
    """A key of a program."""

    id: int
    name: str
    hint: str = Field(description="Its last four characters.")
    role: Role = Field(description="What it was made for.")
    reach: Role | None = Field(None, description="What it may do now, by its maker's role; absent: nothing.")
    made_by: str
    made_at: datetime
    used_at: datetime | None = Field(None, description="To the minute.")
    revoked_at: datetime | None = None


class KeyList(Told):
    """In the order they were made."""

    keys: list[Key]
    next: int | None = _NEXT


class NewKey(Asked):
    """What it is for, and what it may do: never more than the key that makes it, and no longer."""

    name: str = Field(min_length=1, max_length=60)
    role: Role = Role.VIEWER


class MadeKey(Told):
    """A new key."""

    id: int
    name: str
    role: Role
    key: str | None = Field(None, description="Shown once: absent where a call is answered again.")


class Revoked(Told):
    """It opens nothing any more."""

    id: int
    revoked: bool


class Rotation(Asked):
    """For a key that leaked: no link that was sent so far works any more."""

    forget_old: Flag = False


class Rotated(Told):
    """New links are signed with a new key. What runs goes by the old one until it is started again."""

    old_links: bool = Field(description="Links that were sent before go on working.")
    restart: list[str] = Field(description="What runs now.")


class NewProviderTest(Asked):
    """An address of yours."""

    to: Address


class ProviderTest(Told):
    """One test of the provider."""

    at: datetime
    status: DeliveryStatus
    address: str | None = None
    detail: str = Field(description="What the provider said.")


class ProviderTestList(Told):
    """The last five, newest first."""

    tests: list[ProviderTest]


class SubscribeForm(Told):
    """The subscribe form, for a page of your own site."""

    html: str
    form_origins: list[str] = Field(description="It is accepted from these, and from nowhere else.")


class ComparisonInside(Told):
    """One comparison, also before its day."""

    slug: str
    document: Document
    archived: bool
    listed_on: Annotated[date, Field(description="The local date from which readers find it.")]
    seen: str = Field(description="A mark of what it says now, to be sent with a change of it; the same is its ETag.")
