"""What every function of the app is handed: settings, the store, the ways out, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import jinja2

from newsletter.app.failpoints import Failpoints
from newsletter.app.owners import Owners
from newsletter.audience.tokens import Signer
from newsletter.delivery.provider import Provider
from newsletter.events.webhook import Webhook
from newsletter.settings import Settings
from newsletter.store.store import Store


class Site(Protocol):
    """Looks at our own pages from outside."""

    def instance_at(self, url: str) -> str | None:
        """The newsletter id that the page at `url` shows, or None where it shows none or does not answer."""
        ...


class Document(Protocol):
    """A document that was fetched."""

    @property
    def url(self) -> str:
        """Where it was in the end."""
        ...

    @property
    def kind(self) -> str:
        """Its media type, or empty."""
        ...

    @property
    def body(self) -> bytes: ...


class Documents(Protocol):
    """Fetches documents from addresses that somebody typed."""

    def fetch(self, url: str, *, http: bool = False, private: bool = False) -> Document:
        """Raises InputError where there is none to be had, or where it must not be asked for."""
        ...


@dataclass(frozen=True)
class App:
    """Built by bootstrap.build_app(), and by tests with a clock and a network of their own."""

    settings: Settings
    store: Store
    provider: Provider
    webhooks: Mapping[str, Webhook]
    signer: Signer
    mail_templates: jinja2.Environment
    site: Site
    documents: Documents
    now: Callable[[], datetime]
    """Aware UTC."""
    failpoints: Failpoints
    owners: Owners

    def close(self) -> None:
        """Let go of connections and files."""
        self.provider.close()
        self.owners.close()
        self.store.close()
