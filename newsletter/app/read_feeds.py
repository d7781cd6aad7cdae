"""What feed readers and search engines are told: entries of the newest comparisons and issues, and every public page.

Nothing that is not out yet: a comparison from its day on, an issue once it is frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import corrections_of
from newsletter.app.read_pages import issue_page, published_issues
from newsletter.comparisons.model import Tool
from newsletter.errors import NotFoundError
from newsletter.issues import Item
from newsletter.rendering.context import ComparisonView, IssueView, comparison_view, paragraphs
from newsletter.rendering.words import one_line
from newsletter.selection import Section
from newsletter.store.catalogue import Listed

ENTRIES = 30
"""The newest so many stand in a feed."""


@dataclass(frozen=True, slots=True)
class Said:
    """One review. `marks`: `84 ship`; empty where neither is known, as is the name."""

    reviewer: str
    marks: str
    text: tuple[str, ...]
    """Paragraphs."""


@dataclass(frozen=True, slots=True)
class SideText:
    """What stands of a tool beside its card: the paragraphs of its description, and its reviews."""

    description: tuple[str, ...]
    reviews: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What every entry has. Times are aware UTC."""

    id: str
    """A URN that outlives a change of the site's address."""
    path: str
    published_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ComparisonEntry(Entry):
    """One comparison, whole."""

    view: ComparisonView
    sides: tuple[SideText, SideText]
    topics: tuple[tuple[str, str], ...]
    """(slug, name)"""


@dataclass(frozen=True, slots=True)
class IssueEntry(Entry):
    """One issue, whole. `corrections`: (local date in words, text)."""

    view: IssueView
    corrections: tuple[tuple[str, str], ...]


def newest_comparisons(app: App, topic: str = "") -> list[ComparisonEntry]:
    """The newest, of one topic where that is given."""
    found = app.store.catalogue.page(local_day(app), topic=topic, limit=ENTRIES)
    return [_comparison_entry(app, listed) for listed in found]


def topic_name(app: App, slug: str) -> str:
    """What the newest comparison calls it. Raises NotFoundError."""
    for topic in app.store.catalogue.topics(local_day(app)):
        if topic.slug == slug:
            return one_line(topic.name)
    raise NotFoundError("There are no comparisons of this topic here.", next_step="See all comparisons.")


def newest_issues(app: App) -> list[IssueEntry]:
    """The newest that are out."""
    return [_issue_entry(app, link.key) for link in published_issues(app, ENTRIES)]


def every_page(app: App) -> Iterator[tuple[str, date | datetime | None]]:
    """(path and query, when it last changed) of every page that everybody may read, the newest comparisons first."""
    today, catalogue = local_day(app), app.store.catalogue
    yield from (("/", None), ("/compare", None), ("/issues", None))
    yield from ((f"/compare?category={topic.slug}", None) for topic in catalogue.topics(today))
    yield from ((f"/issues/{link.key}", _moments(app, link.key)[-1]) for link in published_issues(app))
    yield from ((f"/compare/{slug}", changed_at) for slug, changed_at in catalogue.every_comparison(today))
    yield from ((f"/tools/{slug}", day) for slug, day in catalogue.every_tool(today))


def local_day(app: App) -> date:
    """Today where the newsletter is at home."""
    return app.now().astimezone(app.settings.zone).date()


def out_since(app: App, day: date) -> datetime:
    """The moment (UTC) from which on a comparison of that local date is listed."""
    return datetime.combine(day, time(), app.settings.zone).astimezone(UTC)


def _comparison_entry(app: App, listed: Listed) -> ComparisonEntry:
    comparison, out_at = listed.comparison, out_since(app, listed.listed_on)
    path = f"/compare/{comparison.slug}"
    # a brief one has no quotes chosen for it: here every review stands whole
    view = comparison_view(1, Item(comparison, Section.BRIEF, f"{app.settings.site_url}{quote(path)}"))
    topics = {side.topic: one_line(side.category or "") for side in comparison.sides if side.topic}
    left, right = (_side_text(side) for side in comparison.sides)
    updated_at = max(listed.changed_at, out_at)
    return ComparisonEntry(feed_id(app, path), path, out_at, updated_at, view, (left, right), tuple(topics.items()))


def _side_text(side: Tool) -> SideText:
    reviews = (
        Said(
            one_line(review.reviewer or ""),
            " ".join(str(mark) for mark in (review.score, review.verdict) if mark is not None),
            paragraphs(review.text or ""),
        )
        for review in side.reviews
    )
    return SideText(paragraphs(side.description or ""), tuple(reviews))


def _issue_entry(app: App, key: str) -> IssueEntry:
    path, moments = f"/issues/{key}", _moments(app, key)
    corrections = tuple(corrections_of(app, key))
    return IssueEntry(feed_id(app, path), path, moments[0], moments[-1], issue_page(app, key), corrections)


def _moments(app: App, key: str) -> list[datetime]:
    """When a published issue went out, and when it was corrected, in order."""
    issue = find_issue(app, key)
    assert issue.frozen_at is not None  # else it is not published
    return sorted((issue.frozen_at, *(correction.at for correction in app.store.issues.corrections(issue.id))))


def feed_id(app: App, path: str) -> str:
    """A URN for what stands at `path`, which outlives a change of the site's address."""
    return uuid5(NAMESPACE_OID, f"{app.store.meta.instance}{path}").urn
