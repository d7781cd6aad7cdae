"""What a provider is: it builds a request, sends it, and says what became of it without guessing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from newsletter.delivery.message import Batch, Request


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the core must know of a provider."""

    max_batch: int
    """Recipients in one request."""
    max_bytes: int
    """Bytes of one request."""
    live: bool
    """False only where nothing can leave this machine."""
    replay_seconds: float = 0.0
    """So long after its first attempt the same request under the same key is taken at most once. 0: never."""
    rate_per_second: float | None = None
    """Requests per second the provider allows; None: no limit of its own."""
    loopback_links: bool = False
    """Links to http://localhost are fine in mails sent here."""
    ready: bool = True
    """False where credentials are missing: what is in flight waits to be replayed until they are there."""


class SendStatus(StrEnum):
    """What a provider said of one recipient."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class SendResult:
    """A provider's answer for one recipient; `detail` is for a person, without addresses or secrets."""

    rid: str
    status: SendStatus
    provider_id: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The provider answered for recipients one by one. Those it left out are in doubt."""

    results: tuple[SendResult, ...]


class Refusal(StrEnum):
    """Why nothing of a request was taken: what to do about it depends on whose fault it is."""

    NOT_CONNECTED = "not_connected"  # no byte of it left: try again
    THROTTLED = "throttled"  # try again when told
    CONTENT = "content"  # this request is wrong: halve it until the poison is found
    ACCOUNT = "account"  # key, domain or quota: pause and ask the operator


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite no to the whole request: nobody in it was mailed."""

    refusal: Refusal
    detail: str
    retry_after: float | None = None
    """Seconds, where the provider said so."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Sent or not, nobody can say: a timeout, a reset, an answer that is on no list."""

    detail: str


Outcome = Answered | Refused | Doubt


class Provider(Protocol):
    """One way out. Adapters read no clock, mint no randomness, and open no database."""

    name: str
    capabilities: Capabilities

    def build(self, batch: Batch) -> Request:
        """The request for this batch: the same bytes every time."""
        ...

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        """Send a built request and read the answer; never takes longer than `timeout` seconds in all."""
        ...

    def close(self) -> None:
        """Let go of connections; the provider may be used again."""
        ...
