"""What readers look things up in: the list of all comparisons, the search in it, the latest issue.

Nothing of it is there before its day: a comparison is listed from its local date on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import ceil

from newsletter.app.compose_issue import content_of, find_issue
from newsletter.app.container import App
from newsletter.app.read_feeds import local_day
from newsletter.app.read_pages import IssueLink, published_issues
from newsletter.comparisons.model import Comparison, Label, Tool
from newsletter.errors import InputError, NotFoundError
from newsletter.rendering.context import day_in_words
from newsletter.rendering.links import web_address
from newsletter.rendering.week import summary
from newsletter.rendering.words import CONTROLS, in_mail_order, in_words, lean, lean_sentence, one_line
from newsletter.store.catalogue import Listed, Topic

PER_PAGE = 24
LONGEST_SEARCH = 200
"""Characters."""
_MOST_RELATED = 4
_FIRST = 3
"""Comparisons of the latest issue that stand with it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the panel says of one tool."""

    name: str
    slug: str
    label: Label | None
    share: int | None
    """Ship votes in per cent, 0–100."""
    leads: bool


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One comparison in a list."""

    slug: str
    title: str
    lean: str
    """A sentence."""
    category: str | None
    sides: tuple[Mark, Mark]
    day: str
    """`16 November 2026`"""
    day_on: date


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page of the list, or of what a search found."""

    rows: tuple[CatalogueRow, ...]
    count: int
    """On all pages."""
    count_in_words: str
    """`three comparisons`, `no comparison`"""
    page: int
    pages: int
    """At least 1."""
    words: str
    """What was searched for; empty for the list."""
    topic: Topic | None
    """The category that was chosen."""
    topics: tuple[Topic, ...]
    """Those to choose from, the largest first."""
    everything: int
    """What there is without the choice of a category."""


@dataclass(frozen=True, slots=True)
class LatestIssue:
    """The newest issue that readers have, and the first of its comparisons."""

    link: IssueLink
    summary: str
    rows: tuple[CatalogueRow, ...]
    more: int
    """Comparisons beside those."""


def catalogue_page(app: App, words: str = "", topic: str = "", page: int = 1) -> CataloguePage:
    """The list, newest first, or what holds all `words`, the best match first.

    Of `words` the first LONGEST_SEARCH characters count. Raises NotFoundError for a category or a page there is not.
    """
    today, catalogue = local_day(app), app.store.catalogue
    words = " ".join(words.translate(CONTROLS).split())[:LONGEST_SEARCH].rstrip()
    found = catalogue.find(words, today) if words else None
    topics = catalogue.topics(today, found)
    chosen = _chosen(topic, topics)
    if topic and not chosen and words:  # there may be such a category, with nothing found in it
        chosen = _chosen(topic, catalogue.topics(today))
    if topic and not chosen:
        raise NotFoundError("There is no such category here.", next_step="See all comparisons.")
    if found is None:
        everything = catalogue.count(today)
        count = chosen.count if chosen else everything
        listed = catalogue.page(today, topic=topic, limit=PER_PAGE, offset=offset_of(page, count))
    else:
        everything = len(found)
        shown = catalogue.find(words, today, topic=topic) if topic else found
        count, start = len(shown), offset_of(page, len(shown))
        listed = catalogue.by_ids(shown[start : start + PER_PAGE])
    return CataloguePage(
        rows=tuple(map(row_of, listed)),
        count=count,
        count_in_words=counted(count),
        page=page,
        pages=pages_of(count),
        words=words,
        topic=chosen,
        topics=tuple(Topic(one.slug, one_line(one.name), one.count) for one in topics),
        everything=everything,
    )


def related_rows(app: App, listed: Listed) -> tuple[CatalogueRow, ...]:
    """Others of the same tools, then of the same categories."""
    return tuple(map(row_of, app.store.catalogue.related(listed, local_day(app), _MOST_RELATED)))


def newest_rows(app: App) -> tuple[CatalogueRow, ...]:
    """The newest few of all."""
    return tuple(map(row_of, app.store.catalogue.page(local_day(app), limit=_FIRST)))


def latest_issue(app: App) -> LatestIssue | None:
    """None until the first is out."""
    links = published_issues(app, 1)
    if not links:
        return None
    content = content_of(app, find_issue(app, links[0].key))
    items = in_mail_order(content.items)
    rows = tuple(_row(item.comparison, item.comparison.published_on or content.day) for item in items[:_FIRST])
    return LatestIssue(links[0], summary(content.items), rows, len(items) - len(rows))


def issues_beside(app: App, key: str) -> tuple[IssueLink | None, IssueLink | None]:
    """(the issue before, the issue after) a published one."""
    links = published_issues(app)
    place = next((place for place, link in enumerate(links) if link.key == key), None)
    if place is None:
        return None, None
    return links[place + 1] if place + 1 < len(links) else None, links[place - 1] if place else None


def row_of(listed: Listed) -> CatalogueRow:
    """A comparison as a list shows it."""
    return _row(listed.comparison, listed.listed_on)


def monogram(name: str) -> str:
    """The first letter or digit of a name, for those who see it."""
    return next(filter(str.isalnum, name), "·").upper()[:1]


def link_to(url: str | None) -> str | None:
    """None also for an address that no page should link to: an unlinked tool is no loss."""
    try:
        return web_address(url) if url else None
    except InputError:
        return None


def _row(comparison: Comparison, day: date) -> CatalogueRow:
    leader = lean(comparison).side
    left, right = (mark_of(side, place == leader) for place, side in enumerate(comparison.sides))
    return CatalogueRow(
        slug=comparison.slug,
        title=f"{left.name} vs {right.name}",
        lean=lean_sentence(comparison),
        category=one_line(comparison.category or "") or None,
        sides=(left, right),
        day=day_in_words(day),
        day_on=day,
    )


def mark_of(side: Tool, leads: bool = False) -> Mark:
    """What the panel says of one side."""
    panel = side.panel
    return Mark(one_line(side.name), side.slug, panel.label if panel else None, panel.share if panel else None, leads)


def _chosen(slug: str, topics: Iterable[Topic]) -> Topic | None:
    return next((Topic(one.slug, one_line(one.name), one.count) for one in topics if one.slug == slug), None)


def offset_of(page: int, count: int) -> int:
    """Of the first one of a page. Raises NotFoundError where there is no such page."""
    if not 1 <= page <= pages_of(count):
        raise NotFoundError("The list has no such page.", next_step="Start at its first one.")
    return (page - 1) * PER_PAGE


def pages_of(count: int) -> int:
    """How many pages `count` comparisons fill; at least 1."""
    return max(1, ceil(count / PER_PAGE))


def counted(count: int) -> str:
    """`three comparisons`"""
    number = f"{count:,}" if count >= 1000 else in_words(count)
    return f"{number} comparison{'s' if count > 1 else ''}"
