"""Stands where a provider will be once its credentials are set, so that everything but sending works until then."""

from __future__ import annotations

from dataclasses import replace

from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Capabilities, Outcome, Refusal, Refused


class Unready:
    """Takes nothing, and says what is missing."""

    def __init__(self, name: str, capabilities: Capabilities, missing: str) -> None:
        """`missing`: the sentence that every refusal carries."""
        self.name = name
        self.capabilities = replace(capabilities, ready=False)
        self._missing = missing

    def build(self, batch: Batch) -> Request:
        """Nothing to build: it is built anew when there is somebody to send it to."""
        return Request(())

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        """Always refused."""
        return Refused(Refusal.ACCOUNT, self._missing)

    def close(self) -> None:
        """Nothing is held open."""
