"""What became of a comparison since it was first published: a verdict that flipped is news, a new text is told too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from newsletter.app.container import App
from newsletter.comparisons.model import Comparison, PanelVerdict, Tool
from newsletter.rendering.context import day_in_words
from newsletter.rendering.words import one_line

_MOST_READ = 50
_MOST_SHOWN = 10
_COUNT = "the panel’s votes"

_KINDS: tuple[tuple[str, Callable[[Tool], object]], ...] = (
    ("names", lambda side: one_line(side.name)),
    ("categories", lambda side: side.category),
    ("taglines", lambda side: side.tagline),
    ("descriptions", lambda side: side.description),
    ("prices", lambda side: side.pricing),
    ("who it is best for", lambda side: side.best_for),
    (_COUNT, lambda side: _votes(side.panel)),
    ("reviews", lambda side: side.reviews),
)
"""What a revision may have changed, in words. Links are no news, and readers' votes change by themselves."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One change; at least one of the two is known."""

    day: str
    """`16 November 2026`"""
    day_on: date
    verdicts: tuple[str, ...]
    """`Kestrel went from Ship to Skip`"""
    kinds: str
    """What else changed: `prices and reviews`; empty for nothing."""


def revisions_of(app: App, comparison_id: int, comparison: Comparison) -> tuple[Revision, ...]:
    """How a comparison came to be what it is now, newest first. Days are local."""
    kept = app.store.comparisons.revisions(comparison_id)[:_MOST_READ]
    found = []
    states = (comparison, *(revised.was for revised in kept))
    for revised, (now, was) in zip(kept, pairwise(states), strict=True):
        verdicts, kinds = _verdicts(was, now), _kinds(was, now)
        if verdicts:
            kinds = [kind for kind in kinds if kind != _COUNT]  # said already
        if verdicts or kinds:
            day = revised.at.astimezone(app.settings.zone).date()
            found.append(Revision(day_in_words(day), day, verdicts, listed(kinds)))
    return tuple(found[:_MOST_SHOWN])


def listed(parts: list[str]) -> str:
    """`one, two and three`"""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _verdicts(was: Comparison, now: Comparison) -> tuple[str, ...]:
    told = []
    for side in now.sides:
        before, after = was.labels.get(side.slug), now.labels.get(side.slug)
        name = one_line(side.name)
        if before == after:
            continue
        if before is None:
            told.append(f"{name} got its first verdict, {after}")
        elif after is None:
            told.append(f"{name} lost its verdict, {before}")
        else:
            told.append(f"{name} went from {before} to {after}")
    return tuple(told)


def _kinds(was: Comparison, now: Comparison) -> list[str]:
    before, after = ({side.slug: side for side in state.sides} for state in (was, now))
    both = [(before[slug], after[slug]) for slug in after if slug in before]
    found = [] if len(both) == 2 else ["tools"]
    return found + [kind for kind, of in _KINDS if any(of(old) != of(new) for old, new in both)]


def _votes(panel: PanelVerdict | None) -> tuple[int | None, ...] | None:
    return None if panel is None else (panel.share, panel.ship, panel.skip)
