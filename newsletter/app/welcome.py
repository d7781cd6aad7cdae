"""The welcome of a new subscriber: a mail with the latest issue beneath, and what they may choose on the page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.app.container import App
from newsletter.app.mail_one import queue_mail
from newsletter.app.preferences import TopicChoice, topic_choices
from newsletter.app.read_pages import site_facts
from newsletter.audience.subscriber import Frequency, Subscriber
from newsletter.audience.zones import zones_by_region
from newsletter.issues import Issue
from newsletter.rendering.personal_mails import Pieces, render_welcome, welcome_with_issue
from newsletter.rendering.slots import reader_slots


@dataclass(frozen=True, slots=True)
class FirstChoices:
    """What a new subscriber may choose, all of it optional. `path` is where it is sent to."""

    path: str
    topics: tuple[TopicChoice, ...]
    only_topics: bool
    zone: str
    own_zone: str
    """The newsletter's, which is meant where `zone` is empty."""
    zones: Mapping[str, tuple[tuple[str, str], ...]]
    """By region: (name, label)."""


def first_choices(app: App, subscriber: Subscriber) -> FirstChoices:
    """For the page after confirming. Changes nothing."""
    return FirstChoices(
        f"/preferences/{app.signer.reader(0, subscriber.id)}",
        topic_choices(app, subscriber),
        subscriber.frequency is Frequency.TOPICS,
        subscriber.zone,
        app.settings.time_zone,
        zones_by_region(),
    )


def prepare_welcome(app: App) -> None:
    """Render the latest issue for a welcome, if one carries it and that was not done before."""
    issue = _latest(app)
    if issue is not None:
        _pieces(app, issue)


def queue_welcome(app: App, subscriber: Subscriber) -> int | None:
    """Welcome a subscriber who has just confirmed. The latest issue comes with it, unless the settings say otherwise
    or this person got it before: nobody gets an issue twice.
    """
    assert subscriber.email is not None
    issue = _latest(app)
    if issue is not None and app.store.deliveries.status(issue.id, subscriber.id) is None:
        queued = _queue_with_issue(app, subscriber, subscriber.email, issue)
        if queued is not None:
            return queued
    facts, token = site_facts(app), app.signer.reader(0, subscriber.id)
    mail = render_welcome(
        app.mail_templates,
        app.settings.publication,
        when=facts.when,
        sender=facts.sender or "",
        preferences_url=f"{app.settings.site_url}/preferences/{token}",
        unsubscribe_url=f"{app.settings.site_url}/unsubscribe/{token}",
    )
    key = f"welcome/{subscriber.id}/{secrets.token_hex(8)}"  # once, since the caller activates once
    headers = _headers(app, token)
    return queue_mail(app, key, "welcome", subscriber.email, mail, subscriber_id=subscriber.id, headers=headers)


def _queue_with_issue(app: App, subscriber: Subscriber, address: str, issue: Issue) -> int | None:
    """None where an earlier welcome brought them this issue: the key is the same then."""
    pieces, token = _pieces(app, issue), app.signer.reader(issue.id, subscriber.id)
    since = app.now().astimezone(app.settings.zone).date()
    saved = app.store.saved.of_reader(subscriber.id)  # of one who comes back
    mail = pieces.fill(reader_slots(app.settings.site_url, token, since, pieces.tools, saved))
    return queue_mail(
        app,
        f"welcome/{subscriber.id}/issue/{issue.key}",
        "welcome",
        address,
        mail,
        subscriber_id=subscriber.id,
        headers=_headers(app, token),
    )


def _latest(app: App) -> Issue | None:
    """The newest issue that readers have, where a welcome carries it."""
    newest = app.store.issues.published(1) if app.settings.web.welcome_issue else []
    return app.store.issues.by_key(newest[0][0]) if newest else None


def _pieces(app: App, issue: Issue) -> Pieces:
    manifest = app.store.issues.manifest(issue.id)
    assert manifest is not None
    facts = site_facts(app)
    return welcome_with_issue(
        app.mail_templates,
        app.settings.publication,
        manifest,
        issue.nonce,
        when=facts.when,
        sender=facts.sender or "",
    )


def _headers(app: App, token: str) -> dict[str, str]:
    leave = f"<{app.settings.site_url}/unsubscribe/{token}>"
    if app.settings.unsubscribe_mailbox:
        leave += f", <mailto:{app.settings.unsubscribe_mailbox}?subject=unsubscribe>"
    return {
        "List-Unsubscribe": leave,  # RFC 2369
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
        "Auto-Submitted": "auto-generated",  # RFC 3834
    }
