"""What a webhook is: proof that a report is genuine, and its translation into our vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from newsletter.events.vocabulary import Event


class Webhook(Protocol):
    """One provider's reports, as it posts them."""

    name: str

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        """The report's unique id, from raw body and lower-case header names; `now` in Unix seconds.

        Raises ProviderError unless the report is signed by the provider and fresh.
        """
        ...

    def read(self, body: bytes) -> Sequence[Event]:
        """What it reports; empty where it reports nothing that we keep. ProviderError where it is not its format."""
        ...
