"""Candidates of a week, made of a few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Review, Tool
from newsletter.selection import Candidate, Choice, Selection

MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)


def panel(share: int | None, tally: tuple[int, int] | None = None) -> PanelVerdict:
    ship, skip = tally or (None, None)
    return PanelVerdict(Label.of_share(share if share is not None else 100), share, ship, skip)


def tool(slug: str, share: int | None = None, score: int | None = None, category: str | None = None) -> Tool:
    reviews = () if score is None else (Review(score=score),)
    return Tool(slug.title(), slug, category=category, panel=None if share is None else panel(share), reviews=reviews)


def candidate(
    slug: str,
    shares: tuple[int | None, int | None] = (None, None),
    scores: tuple[int | None, int | None] = (None, None),
    category: str | None = None,
    days: int = 0,
    waited: int = 0,
    sent: dict[str, str] | None = None,
) -> Candidate:
    """`slug` against `slug-b`, seen `days` before Monday."""
    left, right = (
        tool(name, share, score, category)
        for name, share, score in zip((slug, f"{slug}-b"), shares, scores, strict=True)
    )
    return Candidate(
        Comparison(slug, (left, right)),
        MONDAY - timedelta(days=days),
        waited,
        None if sent is None else tuple(sent.items()),
    )


def slugs(selection: Selection) -> list[str]:
    return [choice.candidate.comparison.slug for choice in selection.choices]


def only(selection: Selection, slug: str) -> Choice:
    (found,) = [choice for choice in selection.choices if choice.candidate.comparison.slug == slug]
    return found
