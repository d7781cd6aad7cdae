"""Build the App from settings: the one place that names concrete edges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jinja2

from newsletter.app.container import App
from newsletter.app.failpoints import Failpoints
from newsletter.app.owners import Owners
from newsletter.audience.tokens import Signer
from newsletter.delivery.provider import Provider
from newsletter.events.webhook import Webhook
from newsletter.net.fetch import Fetcher
from newsletter.net.site import HttpSite
from newsletter.providers._unready import Unready
from newsletter.providers.outbox import Outbox
from newsletter.providers.resend import Resend, ResendWebhook
from newsletter.providers.smtp import Smtp
from newsletter.rendering.mjml import mail_environment
from newsletter.settings import Settings
from newsletter.store.store import Store


def build_app(settings: Settings) -> App:
    """Everything, ready to be used. Opens (or makes) the database. Raises ConfigError or StoreError."""
    failpoints = Failpoints(settings.failpoints)
    store = Store(settings.database)
    return App(
        settings=settings,
        store=store,
        provider=build_provider(settings),
        webhooks=build_webhooks(settings),
        signer=Signer(*signing_keys(settings, store)),
        mail_templates=mail_environment(jinja2.FileSystemLoader(templates_folder())),
        site=HttpSite(),
        documents=Fetcher(),
        now=lambda: datetime.now(UTC),
        failpoints=failpoints,
        owners=Owners(settings.database.with_name(f".{settings.database.name}.senders")),
    )


def signing_keys(settings: Settings, store: Store) -> list[bytes]:
    """Newest first: those of the settings, then those kept in the database, which signed before a setting did."""
    given = (settings.secret_key, *settings.old_secret_keys)
    own = (store.meta.signing_key, *store.meta.old_signing_keys)
    return [key.get_secret_value().encode() for key in given if key.get_secret_value()] + list(own)


def build_provider(settings: Settings) -> Provider:
    """The provider that the settings name. A new one is one line here."""
    delivery = settings.delivery
    makers: dict[str, Callable[[], Provider]] = {
        "outbox": lambda: Outbox(delivery.outbox.folder),
        "smtp": lambda: Smtp(
            host=delivery.smtp.host,
            port=delivery.smtp.port,
            username=delivery.smtp.username,
            password=delivery.smtp.password.get_secret_value(),
            security=delivery.smtp.security,
        ),
        "resend": lambda: _resend(delivery.resend.api_key.get_secret_value(), delivery.resend.base_url),
    }
    return makers[delivery.provider]()


def _resend(api_key: str, base_url: str) -> Provider:
    if not api_key:
        return Unready(Resend.name, Resend.capabilities, "No API key is set: delivery.resend.api_key")
    return Resend(api_key, base_url=base_url)


def build_webhooks(settings: Settings) -> dict[str, Webhook]:
    """Provider name → webhook, for those whose secret is set."""
    secret = settings.delivery.resend.webhook_secret.get_secret_value()
    return {"resend": ResendWebhook(secret)} if secret else {}


def templates_folder() -> Path:
    """Where the templates are: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"
