"""A newsletter in a temporary folder: real store, real outbox, a clock that stands still until it is moved."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail
from newsletter.app.draft_issue import draft_issue
from newsletter.app.send_issue import freeze_issue
from newsletter.app.subscribe import add_subscriber
from newsletter.audience.subscriber import Subscriber
from newsletter.bootstrap import build_app, templates_folder
from newsletter.comparisons.model import Comparison
from newsletter.issues import Issue
from newsletter.providers.outbox import Outbox
from newsletter.settings import Settings
from tests.rendering.week import full_week

TEMPLATES = templates_folder()
BEGAN = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "name": "Weekly AI Tool Verdicts",
    "sender": "verdicts@example.org",
    "postal_address": "Verdict Press\nExample Street 1\n12345 Sampletown",
    "site_url": "http://localhost:8000",
    "time_zone": "Europe/Berlin",
    "about_panel": "The panel: four reviewers who each ship or skip a tool after a week with it.",
}


class Clock:
    """Tells the time it is set to."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


class NoSite:
    """Nobody looks at our pages from outside."""

    def instance_at(self, url: str) -> str | None:
        return None


def build_house(folder: Path, clock: Clock, **settings: Any) -> App:
    kept = {"database": folder / "subscribers.db", "delivery": {"outbox": {"folder": folder / "outbox"}}}
    return replace(build_app(Settings(**(SETTINGS | kept | settings))), now=clock, site=NoSite())


def add_comparison(app: App, comparison: Comparison, *, archived: bool = False) -> str:
    """Its slug."""
    app.store.comparisons.add(comparison, app.now(), archived)
    return comparison.slug


def add_active(app: App, address: str) -> Subscriber:
    return add_subscriber(app, address, evidence="told us so at a fair")[0]


def draft_week(app: App) -> Issue:
    """The sample week, drafted."""
    for item in full_week():
        add_comparison(app, item.comparison)
    drafted = draft_issue(app).issue
    assert drafted is not None
    return drafted


def publish_week(app: App) -> Issue:
    """The sample week, frozen: its mails may go."""
    key = draft_week(app).key
    approve_issue(app, key)
    return freeze_issue(app, key)


def deliver_all_mail(app: App) -> None:
    """What the sender does with mails to one person."""
    owner = app.owners.enter()
    while deliver_mail(app, owner):
        pass
    app.owners.leave(owner)


def confirmation_path(app: App) -> str:
    """The path of the newest confirmation link that was mailed."""
    assert isinstance(app.provider, Outbox)
    newest = app.provider.read_mail(app.provider.list_mails(1)[0].id)
    found = re.search(r"/confirm/[\w.=-]+", newest.text)
    assert found, newest.text
    return found[0]
