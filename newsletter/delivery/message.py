"""What is sent: one message, its recipients, and the batch that becomes one provider request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

from newsletter.rendering.personalise import Segments


class Stream(StrEnum):
    """Providers keep these apart: the issue to everyone, and mail to one person who just asked for it."""

    BROADCAST = "broadcast"
    TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True)
class Sender:
    """The From header. `name` may hold any script; `address` is ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Message:
    """A mail before it is filled in for a reader.

    `headers` holds what goes beyond From, To, Reply-To, Subject, Date, Message-ID and MIME. `nonce` (hex) is fixed per
    message: Message-IDs and MIME boundaries come from it, so that building it again gives the same bytes.
    """

    sender: Sender
    reply_to: str | None
    subject: str
    html: Segments
    text: Segments
    headers: tuple[tuple[str, Segments], ...]
    stream: Stream
    at: datetime
    """Aware UTC; becomes the Date header."""
    nonce: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """One reader of one message. `rid` is stable per (message, reader), of `[A-Za-z0-9_-]`, and no secret."""

    rid: str
    address: str
    values: Mapping[str, str]
    """Slot name → text, for every slot of the message."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One provider request to be. `key` is its idempotency key, at most 200 characters of `[A-Za-z0-9_/-]`."""

    key: str
    message: Message
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True)
class Request:
    """The bytes of one provider request, in parts as the provider wants them."""

    parts: tuple[bytes, ...]

    @cached_property
    def sha256(self) -> bytes:
        """Over all parts, each preceded by its length, 32 bytes."""
        digest = sha256()
        for part in self.parts:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        return digest.digest()
