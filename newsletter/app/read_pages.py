"""What the pages show: read only, nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from newsletter.app.compose_issue import content_of, find_issue
from newsletter.app.container import App
from newsletter.audience.consent import FORM_TEXT
from newsletter.errors import NotFoundError, StoreError
from newsletter.issues import Brand, IssueStatus
from newsletter.rendering.context import IssueView, day_in_words, issue_view, postal_lines

STALE_AFTER = timedelta(minutes=2)
"""A part of `serve` that has been silent for longer is taken to be dead."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What stands on every page, and never changes while the process runs."""

    name: str
    instance: str
    """A public id by which our own pages are known again."""
    site_url: str
    base: str
    """The path under which readers reach the site, without a slash at its end; mostly empty."""
    when: str
    """`Every Monday at 09:00, Europe/Berlin time`"""
    sender_name: str
    sender: str | None
    form_text: str
    postal_lines: tuple[str, ...]
    about_panel: str | None
    brand: Brand
    living: bool = True
    """False where only pages are left: in a copy, and after a farewell. Nothing can be sent from them then."""


@dataclass(frozen=True, slots=True)
class IssueLink:
    """One issue in a list."""

    key: str
    subject: str
    day: str
    """`16 November 2026`"""
    day_on: date


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """How the parts of `serve` are. Ages in seconds; None for a part that never ran here."""

    ok: bool
    database: bool
    ticker_age: float | None = None
    sender_age: float | None = None
    queued_mails: int = 0
    sending_issues: int = 0


class MailSummary(Protocol):
    """One mail of the outbox, as a list shows it."""

    @property
    def id(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class MailContent(Protocol):
    """One whole mail. `headers` in order, decoded."""

    @property
    def mail(self) -> MailSummary: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def html(self) -> str: ...
    @property
    def text(self) -> str: ...


@runtime_checkable
class Mailbox(Protocol):
    """A provider that keeps what it was given, and shows it."""

    def list_mails(self, limit: int = 100) -> Sequence[MailSummary]: ...
    def read_mail(self, mail_id: str) -> MailContent: ...
    def read_raw(self, mail_id: str) -> bytes: ...


def site_facts(app: App) -> SiteFacts:
    """From the settings, and the id from the store."""
    settings = app.settings
    schedule = settings.schedule
    zone = "UTC" if settings.time_zone == "UTC" else f"{settings.time_zone.replace('_', ' ')} time"
    weekly = f"Every {schedule.weekday.capitalize()} at {schedule.at:%H:%M}, {zone}"
    return SiteFacts(
        name=settings.name,
        instance=app.store.meta.instance,
        site_url=settings.site_url,
        base=urlsplit(settings.site_url).path.rstrip("/"),
        when="Once a week" if schedule.mode == "off" else weekly,
        sender_name=settings.sender_name or settings.name,
        sender=settings.sender or None,
        form_text=FORM_TEXT,
        postal_lines=postal_lines(settings.publication),
        about_panel=settings.about_panel.strip() or None,
        brand=settings.publication.brand,
    )


def published_issues(app: App, limit: int = -1) -> list[IssueLink]:
    """The issues that readers have, newest first."""
    return [IssueLink(key, subject, day_in_words(day), day) for key, subject, day in app.store.issues.published(limit)]


def issue_page(app: App, key: str) -> IssueView:
    """The web version of an issue. Raises NotFoundError until it is frozen: nobody reads a draft."""
    if not app.store.issues.published(key=key):
        raise NotFoundError(f"There is no issue {key[:40]} here.", next_step="See the list of all issues.")
    return issue_view(app.settings.publication, content_of(app, find_issue(app, key)))


def content_mark(app: App, tools: Sequence[str]) -> tuple[date, int, int]:
    """Equal for as long as every public page that shows the tallies of `tools`, and of no other, would be the same.

    Read anew each time (about 20 µs), so that what another process writes shows at once.
    """
    today = app.now().astimezone(app.settings.zone).date()
    return today, app.store.catalogue.version, app.store.votes.changes(tools) if tools else 0


def mailbox_of(app: App) -> Mailbox | None:
    """The outbox, where that is the provider in force."""
    return app.provider if isinstance(app.provider, Mailbox) else None


def health(app: App) -> SiteHealth:
    """Whether the database takes writes (tried, and rolled back) and every part that ever ran is alive."""
    try:
        beats = app.store.meta.heartbeats()
        queued = app.store.messages.counts().get("waiting", 0)
        sending = len(app.store.issues.in_status(IssueStatus.SENDING))
        _try_writing(app)
    except StoreError:
        return SiteHealth(ok=False, database=False)
    ages = {name: max(0.0, (app.now() - at).total_seconds()) for name, (at, _) in beats.items()}
    return SiteHealth(
        ok=all(age <= STALE_AFTER.total_seconds() for age in ages.values()),
        database=True,
        ticker_age=ages.get("ticker"),
        sender_age=ages.get("sender"),
        queued_mails=queued,
        sending_issues=sending,
    )


class _RollBack(Exception):
    """The way out of a transaction that is to leave nothing."""


def _try_writing(app: App) -> None:
    try:
        with app.store.transaction():
            app.store.meta.put("health", "")  # BEGIN IMMEDIATE alone succeeds on a read-only database
            raise _RollBack
    except _RollBack:
        return
