"""A comparison's own page: everything known of both sides, ready to print. What is not known is absent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from newsletter.app.container import App
from newsletter.app.read_catalogue import CatalogueRow, link_to, monogram, related_rows
from newsletter.app.read_feeds import local_day
from newsletter.app.read_revisions import Revision, listed, revisions_of
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Review, Tool, Verdict, VoteTally
from newsletter.errors import NotFoundError
from newsletter.rendering.context import day_in_words
from newsletter.rendering.words import capital, in_words, lean, lean_sentence, one_line

_UNVOTED = "No community votes yet"


@dataclass(frozen=True, slots=True)
class SideCard:
    """One tool."""

    name: str
    slug: str
    monogram: str
    category: str | None
    topic: str
    """The slug of the category, or empty."""
    tagline: str | None
    description: tuple[str, ...]
    """Paragraphs."""
    label: Label | None
    share: int | None
    """Ship votes in per cent, 0–100."""
    count: str | None
    """`3 of 4 ship`"""
    entry: str | None
    pricing: str | None
    best_for: str | None
    community: str
    """`10 ship, 2 skip`, or that there are none yet."""
    url: str | None
    leads: bool


@dataclass(frozen=True, slots=True)
class Voice:
    """One reviewer on one tool; at least one of the three is known."""

    score: int | None
    verdict: Verdict | None
    text: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """Two reviews side by side. Without a name nobody claims that both are one person's."""

    reviewer: str | None
    voices: tuple[Voice | None, Voice | None]


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """One comparison."""

    slug: str
    title: str
    lead: str
    """A sentence: what the page holds."""
    category: str | None
    published: str | None
    """`16 November 2026`"""
    published_on: date | None
    sides: tuple[SideCard, SideCard]
    lean: str
    """A sentence."""
    decision: tuple[tuple[str, tuple[str | None, str | None]], ...]
    """(what, (left, right)); at least one of the two is known."""
    voices: tuple[VoiceRow, ...]
    revisions: tuple[Revision, ...]
    related: tuple[CatalogueRow, ...]
    description: str
    """For search engines."""


def comparison_page(app: App, slug: str) -> ComparisonPage:
    """The page of a comparison, archived or not. Raises NotFoundError until its day."""
    found = app.store.catalogue.by_slug(slug, local_day(app))
    if found is None:
        raise NotFoundError("There is no such comparison here.", next_step="Look for it in the list of all.")
    comparison = found.comparison
    leader = lean(comparison).side
    left, right = (_card(side, place == leader) for place, side in enumerate(comparison.sides))
    sentence = lean_sentence(comparison)
    title = f"{left.name} vs {right.name}"
    return ComparisonPage(
        slug=comparison.slug,
        title=title,
        lead=_lead(comparison),
        category=_known(comparison.category),
        published=day_in_words(comparison.published_on) if comparison.published_on else None,
        published_on=comparison.published_on,
        sides=(left, right),
        lean=sentence,
        decision=_decision(left, right),
        voices=_voices(*comparison.sides),
        revisions=revisions_of(app, found.id, comparison),
        related=related_rows(app, found),
        description=f"{title}: which one should you ship with? {sentence}",
    )


def _lead(comparison: Comparison) -> str:
    """`What the panel says, what each costs, eight reviews and how readers vote, side by side.`"""
    sides = comparison.sides
    count = sum(_voice(review) is not None for side in sides for review in side.reviews)
    holds = {
        "what the panel says": any(side.panel for side in sides),
        "what each costs": any(side.pricing for side in sides),
        "who each is best for": any(side.best_for for side in sides),
        f"{in_words(count)} review{'s' if count > 1 else ''}": count,
        "how readers vote": True,
    }
    return f"{capital(listed([part for part, there in holds.items() if there]))}, side by side."


def _card(side: Tool, leads: bool) -> SideCard:
    panel, pricing = side.panel, side.pricing
    entry, detail = (_known(pricing.entry), _known(pricing.detail)) if pricing else (None, None)
    return SideCard(
        name=one_line(side.name),
        slug=side.slug,
        monogram=monogram(side.name),
        category=_known(side.category),
        topic=side.topic,
        tagline=_known(side.tagline),
        description=_paragraphs(side.description),
        label=panel.label if panel else None,
        share=panel.share if panel else None,
        count=_count(panel),
        entry=entry,
        pricing=detail or entry,
        best_for=_known(side.best_for),
        community=_votes(side.community),
        url=link_to(side.url),
        leads=leads,
    )


def _decision(left: SideCard, right: SideCard) -> tuple[tuple[str, tuple[str | None, str | None]], ...]:
    """Nothing where nothing is known of either but that nobody voted yet."""
    rows = (
        ("Panel verdict", (_verdict(left), _verdict(right))),
        ("Community", (left.community, right.community)),
        ("Pricing", (left.pricing, right.pricing)),
        ("Best for", (left.best_for, right.best_for)),
        ("Category", (left.category, right.category)),
    )
    known = tuple((what, cells) for what, cells in rows if any(cells))
    return () if known == (("Community", (_UNVOTED, _UNVOTED)),) else known


def _verdict(side: SideCard) -> str | None:
    share = None if side.share is None else f"{side.share}%"
    return ", ".join(filter(None, (side.label, share, side.count))) or None


def _voices(left: Tool, right: Tool) -> tuple[VoiceRow, ...]:
    """Named reviewers in the order of the page, then those without a name, the first on the left beside the first on
    the right.
    """
    sides = [_keyed(left), _keyed(right)]
    names = [key for key in dict.fromkeys((*sides[0], *sides[1])) if key[0]]
    rows = [VoiceRow(key[0], (_voice(sides[0].get(key)), _voice(sides[1].get(key)))) for key in names]
    unnamed = ([review for key, review in side.items() if not key[0]] for side in sides)
    rows += [VoiceRow(None, (_voice(one), _voice(other))) for one, other in zip_longest(*unnamed)]
    return tuple(row for row in rows if any(row.voices))


def _keyed(side: Tool) -> dict[tuple[str, int], Review]:
    """Reviews by (reviewer or "", how many times that name came before)."""
    found: dict[tuple[str, int], Review] = {}
    for review in side.reviews:
        name = one_line(review.reviewer or "")
        found[name, sum(key[0] == name for key in found)] = review
    return found


def _voice(review: Review | None) -> Voice | None:
    if review is None:
        return None
    voice = Voice(review.score, review.verdict, _paragraphs(review.text))
    return None if voice == Voice(None, None, ()) else voice


def _count(panel: PanelVerdict | None) -> str | None:
    if panel is None or panel.ship is None or panel.skip is None:
        return None
    return f"{panel.ship} of {panel.ship + panel.skip} ship"


def _votes(tally: VoteTally | None) -> str:
    return f"{tally.ship} ship, {tally.skip} skip" if tally and tally.ship + tally.skip else _UNVOTED


def _known(text: str | None) -> str | None:
    return one_line(text or "") or None


def _paragraphs(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, map(one_line, re.split(r"\n\s*\n", (text or "").replace("\r\n", "\n")))))
