"""A tool's own page: the tool as its newest comparison has it, and all comparisons of it that are listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from newsletter.app.container import App
from newsletter.app.read_catalogue import (
    PER_PAGE,
    CatalogueRow,
    Mark,
    counted,
    link_to,
    mark_of,
    monogram,
    offset_of,
    pages_of,
    row_of,
)
from newsletter.app.read_feeds import local_day
from newsletter.comparisons.model import Comparison, Tool
from newsletter.errors import NotFoundError
from newsletter.rendering.context import day_in_words
from newsletter.rendering.words import CONTROLS, one_line
from newsletter.store.catalogue import Listed

_MOST_VERDICTS = 8
_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class ToolVerdict:
    """What the panel said of a tool, and when, and beside which other."""

    mark: Mark
    against: str
    slug: str
    """Of the comparison."""
    day: str
    day_on: date


@dataclass(frozen=True, slots=True)
class ToolPage:
    """A tool, as its newest comparison has it, and all its comparisons."""

    slug: str
    name: str
    monogram: str
    also: tuple[str, ...]
    """Other names that comparisons give it."""
    category: str | None
    topic: str
    """The slug of the category, or empty."""
    tagline: str | None
    url: str | None
    verdicts: tuple[ToolVerdict, ...]
    """The newest few, on the first page."""
    rows: tuple[CatalogueRow, ...]
    count: int
    count_in_words: str
    page: int
    pages: int


def tool_page(app: App, slug: str, page: int = 1) -> ToolPage:
    """Raises NotFoundError for a tool that no comparison has, and for a page there is not."""
    today, catalogue = local_day(app), app.store.catalogue
    count = catalogue.count_of_tool(slug, today) if _is_slug(slug) else 0
    if not count:
        raise NotFoundError("There is no such tool here.", next_step="Look for it among the comparisons.")
    listed = catalogue.of_tool(slug, today, limit=PER_PAGE, offset=offset_of(page, count))
    newest = listed if page == 1 else catalogue.of_tool(slug, today, limit=1)
    side, _ = _sides_of(newest[0].comparison, slug)
    name = one_line(side.name)
    names = {found.casefold(): found for found in map(one_line, reversed(catalogue.names_of_tool(slug, today)))}
    return ToolPage(
        slug=slug,
        name=name,
        monogram=monogram(name),
        also=tuple(names[key] for key in reversed(names) if key != name.casefold())[:_MOST_NAMES],
        category=one_line(side.category or "") or None,
        topic=side.topic,
        tagline=one_line(side.tagline or "") or None,
        url=link_to(side.url),
        verdicts=tuple(filter(None, (_verdict(one, slug) for one in listed[:_MOST_VERDICTS]))) if page == 1 else (),
        rows=tuple(map(row_of, listed)),
        count=count,
        count_in_words=counted(count),
        page=page,
        pages=pages_of(count),
    )


def _verdict(listed: Listed, slug: str) -> ToolVerdict | None:
    side, other = _sides_of(listed.comparison, slug)
    if side.panel is None:
        return None
    return ToolVerdict(
        mark=mark_of(side),
        against=one_line(other.name),
        slug=listed.comparison.slug,
        day=day_in_words(listed.listed_on),
        day_on=listed.listed_on,
    )


def _sides_of(comparison: Comparison, slug: str) -> tuple[Tool, Tool]:
    """The tool, and the other one."""
    left, right = comparison.sides
    return (left, right) if left.slug == slug else (right, left)


def _is_slug(text: str) -> bool:
    return bool(text) and text.translate(CONTROLS) == text
