"""What programs read of the catalogue: comparisons in pages, one whole, topics, and tools with their votes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from newsletter.app.container import App
from newsletter.app.read_feeds import local_day
from newsletter.comparisons.formats import to_document
from newsletter.comparisons.model import Comparison, Label
from newsletter.errors import InputError, NotFoundError
from newsletter.rendering.words import lean, lean_sentence, one_line
from newsletter.store.votes import Tally

CURSOR = r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.([0-9]{1,18})|([0-9]{1,6})"
"""Below which comparison a page begins; of a search, after how many matches."""

NEWEST = 100
"""Comparisons of one tool, at most."""


@dataclass(frozen=True, slots=True)
class BriefSide:
    """One tool. `share`: ship votes in per cent, 0–100."""

    tool: str
    name: str
    category: str | None
    label: Label | None
    share: int | None


@dataclass(frozen=True, slots=True)
class Brief:
    """One comparison in a list."""

    slug: str
    title: str
    lean: str
    """A sentence."""
    leader: str | None
    """The slug of the tool that it leans to."""
    listed_on: date
    sides: tuple[BriefSide, BriefSide]


@dataclass(frozen=True, slots=True)
class Batch:
    """A page of a list, and the cursor of the next one where there is one."""

    comparisons: tuple[Brief, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Whole:
    """One comparison. `document` is what `comparisons import` reads; `votes`: tool slug → votes."""

    brief: Brief
    document: dict[str, Any]
    votes: dict[str, Tally]


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """A tool, and its comparisons, newest first."""

    slug: str
    name: str
    comparisons: tuple[Brief, ...]
    votes: Tally


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A category, by its slug."""

    slug: str
    name: str
    comparisons: int


def find_comparisons(app: App, *, words: str, topic: str, cursor: str, limit: int) -> Batch:
    """Those that hold all `words`, the best match first; without words all, newest first. Raises InputError for a
    cursor that is not ours.
    """
    day, offset, below = local_day(app), 0, None
    if cursor:
        offset, below = _place(cursor, searching=bool(words))
    catalogue = app.store.catalogue
    if words:
        found = catalogue.search(words, day, topic=topic, limit=limit + 1, offset=offset)
    else:
        found = catalogue.page(day, topic=topic, limit=limit + 1, below=below)
    shown, after = found[:limit], None
    if len(found) > limit:
        after = str(offset + limit) if words else f"{shown[-1].listed_on.isoformat()}.{shown[-1].id}"
    return Batch(tuple(_brief(one.comparison, one.listed_on) for one in shown), after)


def whole_comparison(app: App, slug: str) -> Whole:
    """Raises NotFoundError."""
    listed = app.store.catalogue.by_slug(slug, local_day(app))
    if listed is None:
        raise NotFoundError("There is no such comparison here.")
    votes = app.store.votes.tallies([side.slug for side in listed.comparison.sides])
    return Whole(_brief(listed.comparison, listed.listed_on), to_document(listed.comparison), votes)


def every_topic(app: App) -> list[TopicFacts]:
    """The largest first."""
    found = app.store.catalogue.topics(local_day(app))
    return [TopicFacts(topic.slug, one_line(topic.name), topic.count) for topic in found]


def tool_facts(app: App, slug: str) -> ToolFacts:
    """Raises NotFoundError."""
    today = local_day(app)
    tool = app.store.catalogue.tools((slug,), today).get(slug)
    if tool is None:
        raise NotFoundError("There is no such tool here.")
    found = app.store.catalogue.of_tool(slug, today, limit=NEWEST)
    briefs = tuple(_brief(one.comparison, one.listed_on) for one in found)
    return ToolFacts(slug, one_line(tool.name), briefs, app.store.votes.tallies((slug,))[slug])


def _place(cursor: str, *, searching: bool) -> tuple[int, tuple[date, int] | None]:
    """(offset, below)"""
    found = re.fullmatch(CURSOR, cursor)
    day, last, offset = found.groups() if found else (None, None, None)
    try:
        if searching and offset:
            return int(offset), None
        if not searching and day and last:
            return 0, (date.fromisoformat(day), int(last))
    except ValueError:  # 31 February
        pass
    raise InputError("This cursor is not one of ours.", next_step="Take the one of the page before, or none.")


def _brief(comparison: Comparison, listed_on: date) -> Brief:
    leader = lean(comparison).side
    left, right = (
        BriefSide(
            side.slug,
            one_line(side.name),
            one_line(side.category or "") or None,
            side.panel.label if side.panel else None,
            side.panel.share if side.panel else None,
        )
        for side in comparison.sides
    )
    return Brief(
        slug=comparison.slug,
        title=f"{left.name} vs {right.name}",
        lean=lean_sentence(comparison),
        leader=None if leader is None else comparison.sides[leader].slug,
        listed_on=listed_on,
        sides=(left, right),
    )
