"""What a comparison says, field by field, and what became of each field from one state of it to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from newsletter.comparisons.model import Comparison, PanelVerdict, Review, Tool, VoteTally


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; empty where it was not known. `field`: `Kestrel: tagline`."""

    field: str
    before: str
    after: str


def facts_of(side: Tool) -> dict[str, str]:
    """Field → what stands in it, in the order of the document; what is not known is absent."""
    pricing = side.pricing
    found = {
        "name": side.name,
        "slug": side.slug,
        "link": side.url,
        "category": side.category,
        "tagline": side.tagline,
        "description": side.description,
        "price in a word": pricing.entry if pricing else None,
        "pricing": pricing.detail if pricing else None,
        "best for": side.best_for,
        "panel": _panel(side.panel),
        "votes it came with": _votes(side.community),
        **_reviews(side.reviews),
    }
    return {field: text for field, text in found.items() if text}


def field_changes(was: Comparison, now: Comparison) -> tuple[FieldChange, ...]:
    """Every field that differs. Sides are the same by their slugs, reviews by their reviewers."""
    found = _differing("", _of_itself(was), _of_itself(now))
    before = {side.slug: side for side in was.sides}
    after = {side.slug: side for side in now.sides}
    if list(before) != list(after) and before.keys() == after.keys():
        found.append(FieldChange("left and right", was.title, now.title))
    for slug in dict.fromkeys((*after, *before)):
        old, new = before.get(slug), after.get(slug)
        name = (new or old or now.left).name
        found += _differing(f"{name}: ", facts_of(old) if old else {}, facts_of(new) if new else {})
    return tuple(found)


def placed_like(was: Comparison, now: Comparison) -> Comparison:
    """`now`, with each tool on the side where it was: which stands left is no news."""
    left, right = now.sides
    turned = (left.slug, right.slug) == (was.right.slug, was.left.slug)
    return replace(now, sides=(right, left)) if turned else now


def says_the_same(one: Comparison, other: Comparison) -> bool:
    """True where they differ at most in the order of their sides and reviews: that is no news."""
    return _in_one_order(one) == _in_one_order(other)


def _in_one_order(comparison: Comparison) -> Comparison:
    left, right = sorted(
        (replace(side, reviews=tuple(sorted(side.reviews, key=repr))) for side in comparison.sides),
        key=lambda side: (side.slug, repr(side)),
    )
    return replace(comparison, sides=(left, right))


def _of_itself(comparison: Comparison) -> dict[str, str]:
    found = {
        "publication date": comparison.published_on.isoformat() if comparison.published_on else None,
        "address": comparison.url,
    }
    return {field: text for field, text in found.items() if text}


def _differing(where: str, before: dict[str, str], after: dict[str, str]) -> list[FieldChange]:
    return [
        FieldChange(f"{where}{field}", before.get(field, ""), after.get(field, ""))
        for field in dict.fromkeys((*after, *before))
        if before.get(field) != after.get(field)
    ]


def _panel(panel: PanelVerdict | None) -> str | None:
    if panel is None:
        return None
    share = None if panel.share is None else f"{panel.share} %"
    counts = None if panel.ship is None or panel.skip is None else f"{panel.ship} ship, {panel.skip} skip"
    return ", ".join(filter(None, (str(panel.label), share, counts)))


def _votes(tally: VoteTally | None) -> str | None:
    return f"{tally.ship} ship, {tally.skip} skip" if tally else None


def _reviews(reviews: tuple[Review, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for review in reviews:
        name = f"review by {review.reviewer}" if review.reviewer else "review"
        times = sum(field == name or field.startswith(f"{name} (") for field in found)
        marks = [str(mark) for mark in (review.score, review.verdict) if mark is not None]
        text = " – ".join(filter(None, (", ".join(marks), review.text)))
        found[f"{name} ({times + 1})" if times else name] = text
    return found


def with_slugs(comparison: Comparison, renamed: Mapping[str, str]) -> Comparison:
    """The same with the slugs that its tools have now (old → new); its own slug, which is its address, stays."""
    if not any(side.slug in renamed for side in comparison.sides):
        return comparison
    left, right = (replace(side, slug=renamed.get(side.slug, side.slug)) for side in comparison.sides)
    return replace(comparison, sides=(left, right))
