"""Reading, for every face: lists and details, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.app.compose_issue import corrected_issue, find_issue
from newsletter.app.container import App
from newsletter.app.subscribe import find_subscriber
from newsletter.audience.consent import Consent
from newsletter.audience.subscriber import Subscriber, SuppressionReason, normal_address
from newsletter.comparisons.model import Verdict
from newsletter.comparisons.pull import Pull
from newsletter.errors import InputError, NotFoundError
from newsletter.issues import Issue, IssueStatus
from newsletter.selection import Section
from newsletter.store.comparisons import Stored
from newsletter.store.people_lists import Leaf


def list_comparisons(app: App, search: str = "") -> list[Stored]:
    """Newest first."""
    return app.store.comparisons.all(search)


def list_subscribers(app: App, status: str = "", search: str = "", limit: int = -1) -> Iterator[Subscriber]:
    """In the order they came."""
    return app.store.subscribers.each(status, search, limit)


def subscriber_counts(app: App) -> dict[str, int]:
    """Status → how many."""
    return app.store.subscribers.counts()


def page_of_subscribers(
    app: App,
    status: str = "",
    topic: str = "",
    search: str = "",
    *,
    begins: bool = False,
    after: int = 0,
    limit: int,
) -> Leaf:
    """Some of them, who came last first; with `search` those whose address holds it (or `begins` with it), in order of
    addresses. `after`: as the page before told.
    """
    return app.store.people.page(status, topic, search, begins=begins, after=after, limit=limit)


def known_by(app: App, address: str) -> Subscriber | None:
    """Who has exactly this address, found at once; None also for what is no address."""
    try:
        return app.store.subscribers.by_address(normal_address(address))
    except InputError:
        return None


def topics_chosen(app: App) -> list[str]:
    """Slugs of the topics that somebody chose."""
    return app.store.people.topics()


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of one subscriber."""

    subscriber: Subscriber
    suppression: SuppressionReason | None
    consents: list[Consent]
    deliveries: list[dict[str, str | None]]
    mails: list[dict[str, Any]]
    topics: list[str]
    votes: dict[str, Verdict]
    """Tool slug → choice."""
    saved: dict[str, datetime]
    """Tool slug → when, newest first."""
    leavings: list[tuple[datetime, str, str]]
    """(when, reason, words) of each time they said why they left."""
    asked_change: tuple[str, datetime] | None
    """The address they want to change to, and when they asked."""


def look_at_subscriber(app: App, address: str) -> Person:
    """Raises NotFoundError."""
    return look_at(app, find_subscriber(app, address))


def look_at_number(app: App, number: int) -> Person:
    """The same by id, which somebody who is erased still has. Raises NotFoundError."""
    found = app.store.subscribers.by_id(number)
    if found is None:
        raise NotFoundError("There is no such subscriber.", next_step="See the list of subscribers.")
    return look_at(app, found)


def look_at(app: App, subscriber: Subscriber) -> Person:
    """The same of somebody who is known already."""
    store, number = app.store, subscriber.id
    return Person(
        subscriber,
        store.subscribers.suppression(subscriber.email or ""),
        store.subscribers.consents(number),
        store.deliveries.of_subscriber(number),
        store.messages.of_subscriber(number),
        sorted(store.subscribers.topics(number)),
        store.votes.of_reader(number),
        store.saved.of_reader(number),
        store.subscribers.leavings(number),
        store.subscribers.asked_change(number),
    )


def list_issues(app: App) -> list[Issue]:
    """Newest slot first."""
    return app.store.issues.all()


@dataclass(frozen=True, slots=True)
class Place:
    """A comparison's place in an issue."""

    slug: str
    title: str
    section: Section
    changed_since: bool
    """It was revised after the issue was approved."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What was decided about a candidate, and why."""

    slug: str
    title: str
    outcome: str
    section: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class IssueDetail:
    """An issue with its comparisons in order, every candidate's reason, and its audience as of now."""

    issue: Issue
    places: list[Place]
    choices: list[Explained]
    audience: dict[str, int]
    pulls: list[Pull]
    """Of the sources, just before it was drafted."""


def look_at_issue(app: App, key: str) -> IssueDetail:
    """Raises NotFoundError."""
    issue = find_issue(app, key)
    rows, choices = app.store.issues.items(issue.id), app.store.issues.choices(issue.id)
    ids = {row.comparison_id for row in rows} | {choice.comparison_id for choice in choices}
    stored = app.store.comparisons.by_ids(sorted(ids))
    places = []
    for row in rows:
        found = stored[row.comparison_id]
        changed = issue.approved_at is not None and found.changed_at > issue.approved_at
        places.append(Place(found.comparison.slug, found.comparison.title, row.section, changed))
    explained = [
        Explained(
            stored[choice.comparison_id].comparison.slug,
            stored[choice.comparison_id].comparison.title,
            choice.outcome,
            choice.section,
            choice.reason,
        )
        for choice in choices
    ]
    original, now = corrected_issue(app, issue), app.now()
    people, ledger = app.store.subscribers, app.store.deliveries
    if original is None:
        topics = {side.topic for row in rows for side in stored[row.comparison_id].comparison.sides} - {""}
        audience = people.audience(now, sorted(topics))
    else:
        audience = ledger.accepted_audience(original, now)
    return IssueDetail(issue, places, explained, audience, app.store.sources.for_issue(issue.id))


@dataclass(frozen=True, slots=True)
class Health:
    """How the running parts are. Beats: name → (aware UTC, detail); counts by status."""

    beats: dict[str, tuple[datetime, str]]
    mails: dict[str, int]
    reports: dict[str, int]
    pending_issues: list[Issue]


def look_at_health(app: App) -> Health:
    """Raises StoreError where the database does not answer."""
    waiting = (IssueStatus.SENDING, IssueStatus.PAUSED, IssueStatus.HOLDING, IssueStatus.MISSED)
    return Health(
        app.store.meta.heartbeats(),
        app.store.messages.counts(),
        app.store.events.counts(),
        app.store.issues.in_status(*waiting),
    )
