"""Put a mail to one person into the queue. A sender takes it from there; nothing here opens a connection."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from newsletter.app.container import App
from newsletter.audience.tokens import CONFIRM_DAYS
from newsletter.rendering.mjml import RenderedMail, render_notice
from newsletter.rendering.personal_mails import render_confirmation, render_known

CONFIRM_EVERY = timedelta(hours=24)
CONFIRM_AT_MOST = 3
"""One address gets so many mails for having been entered in a form, until somebody confirms."""


def queue_mail(
    app: App,
    key: str,
    kind: str,
    address: str,
    mail: RenderedMail,
    *,
    subscriber_id: int | None = None,
    headers: dict[str, str] | None = None,
) -> int | None:
    """The id of the queued mail, or None where one of this `key` was queued before."""
    settings = app.settings
    envelope: dict[str, Any] = {
        "sender_name": settings.sender_name or settings.name,
        "sender": settings.sender,
        "reply_to": settings.reply_to or None,
        "subject": mail.subject,
        "headers": headers or {"Auto-Submitted": "auto-generated"},  # RFC 3834
        "nonce": secrets.token_hex(8),
    }
    return app.store.messages.add(key, kind, address, envelope, mail.html, mail.text, app.now(), subscriber_id)


def queue_confirmation(app: App, subscriber_id: int, address: str, *, asked_at: datetime | None = None) -> int | None:
    """Ask for confirmation, at most once in 24 hours and three times in all; None where that is used up. The mail says
    that they asked for it at `asked_at` (aware UTC), or now.
    """
    now = app.now()
    with app.store.transaction():
        if not _may_confirm(app, subscriber_id):
            return None
        url = f"{app.settings.site_url}/confirm/{app.signer.confirmation(subscriber_id)}"
        mail = render_confirmation(
            app.mail_templates,
            app.settings.publication,
            confirm_url=url,
            asked_at=asked_at or now,
            days_valid=CONFIRM_DAYS,
        )
        key = f"confirm/{subscriber_id}/{secrets.token_hex(8)}"  # once by _may_confirm()
        return queue_mail(app, key, "confirmation", address, mail, subscriber_id=subscriber_id)


def queue_known(app: App, subscriber_id: int, address: str) -> int | None:
    """Tell a subscriber who asked once more that they are one, within the same limits; None where they are used up."""
    now = app.now()
    with app.store.transaction():
        if not _may_confirm(app, subscriber_id):
            return None
        token = app.signer.reader(0, subscriber_id)
        mail = render_known(
            app.mail_templates,
            app.settings.publication,
            preferences_url=f"{app.settings.site_url}/preferences/{token}",
            unsubscribe_url=f"{app.settings.site_url}/unsubscribe/{token}",
            asked_at=now,
        )
        key = f"known/{subscriber_id}/{secrets.token_hex(8)}"
        return queue_mail(app, key, "subscribed already", address, mail, subscriber_id=subscriber_id)


def _may_confirm(app: App, subscriber_id: int) -> bool:
    now = app.now()
    return app.store.subscribers.may_confirm(subscriber_id, now, now - CONFIRM_EVERY, CONFIRM_AT_MOST)


def queue_notice(
    app: App, key: str, subject: str, heading: str, paragraphs: list[str], button: tuple[str, str] | None = None
) -> int | None:
    """Tell the operator, once per `key`; None where it was told before or there is no address for notices."""
    if not app.settings.notices_to:
        return None
    mail = render_notice(
        app.mail_templates,
        app.settings.publication,
        subject=subject,
        heading=heading,
        paragraphs=paragraphs,
        button=button,
    )
    return queue_mail(app, key, "notice", app.settings.notices_to, mail)
