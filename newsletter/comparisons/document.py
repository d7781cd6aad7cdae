"""The comparison document: a tree of nodes into a Comparison, and back. docs/comparison-document.md explains it.

A document is refused with all its errors at once, each with its own line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from newsletter.comparisons.fields import Fields
from newsletter.comparisons.model import (
    Comparison,
    Label,
    PanelVerdict,
    Pricing,
    Review,
    Tool,
    Verdict,
    VoteTally,
    pair_key,
    slugify,
)
from newsletter.comparisons.nodes import Node, node_of
from newsletter.comparisons.panel import settle_panel
from newsletter.comparisons.source import Problem, show
from newsletter.errors import InputError

DOCUMENT_KEYS = ("slug", "published_on", "url", "sides")
SIDE_KEYS = (
    "name", "slug", "url", "category", "tagline", "description", "pricing", "best_for", "panel", "community", "reviews",
)  # fmt: skip
PRICING_KEYS = ("entry", "detail")
PANEL_KEYS = ("share", "ship", "skip", "label")
COMMUNITY_KEYS = ("ship", "skip")
REVIEW_KEYS = ("reviewer", "score", "verdict", "text")

_SIDES = ("left", "right")
_KEYS_OF_A_REVIEW = "any of `reviewer`, `score`, `verdict` and `text`"


def read_document(node: Node) -> tuple[Comparison | None, list[Problem]]:
    """The comparison of one document, or None and everything that is wrong with it."""
    problems: list[Problem] = []
    if node.kind != "mapping":
        return None, [
            Problem(node.line, "This is not a comparison document.", "A document is a mapping with the key `sides`.")
        ]
    top = Fields(node, DOCUMENT_KEYS, "", problems)
    slug, published_on, url = top.slug("slug"), top.day("published_on"), top.url("url")
    sides = [_side(child, f"{where} side", problems) for child, where in zip(_sides(top), _SIDES, strict=False)]
    slugs = [side.slug for side in sides if side is not None]
    if len(slugs) == 2 and slugs[0] == slugs[1]:
        top.problem("sides", f"Both sides have the slug `{show(slugs[0])}`.", "Give the two sides different slugs.")
    if problems or len(sides) != 2 or sides[0] is None or sides[1] is None:
        return None, problems
    return Comparison(slug or pair_key(*slugs), (sides[0], sides[1]), published_on, url), []


def from_document(document: Mapping[str, Any]) -> Comparison:
    """The comparison of a document held as plain values. Raises InputError with everything that is wrong with it."""
    comparison, problems = read_document(node_of(document))
    if comparison is None:
        raise InputError(
            " ".join(problem.reason for problem in problems),
            next_step=" ".join(dict.fromkeys(problem.fix for problem in problems)),
        )
    return comparison


def to_document(comparison: Comparison) -> dict[str, Any]:
    """The canonical document: keys in their published order, what is not known absent, slugs written out."""
    return _known(
        slug=comparison.slug,
        published_on=comparison.published_on.isoformat() if comparison.published_on else None,
        url=comparison.url,
        sides=[_side_document(side) for side in comparison.sides],
    )


def _side_document(side: Tool) -> dict[str, Any]:
    pricing, panel, community = side.pricing, side.panel, side.community
    return _known(
        name=side.name,
        slug=side.slug,
        url=side.url,
        category=side.category,
        tagline=side.tagline,
        description=side.description,
        pricing=_known(entry=pricing.entry, detail=pricing.detail) if pricing else None,
        best_for=side.best_for,
        panel=_known(share=panel.share, ship=panel.ship, skip=panel.skip, label=str(panel.label)) if panel else None,
        community=_known(ship=community.ship, skip=community.skip)
        if community and community.ship + community.skip
        else None,
        reviews=[_review_document(review) for review in side.reviews],
    )


def _review_document(review: Review) -> dict[str, Any]:
    verdict = str(review.verdict) if review.verdict else None
    return _known(reviewer=review.reviewer, score=review.score, verdict=verdict, text=review.text)


def _known(**fields: object) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None and value not in ("", [], {})}


def _sides(top: Fields) -> list[Node]:
    """The nodes of the two sides; fewer after a problem."""
    if not top.has("sides"):
        top.missing("sides", "Give two sides, left and right.")
    nodes = top.items("sides")
    if nodes and len(nodes) != 2:
        top.problem("sides", f"`sides` has {'one' if len(nodes) == 1 else len(nodes)}.", "Give two, left and right.")
    return nodes[:2]


def _side(node: Node, where: str, problems: list[Problem]) -> Tool | None:
    """One side, or None where it has no name, or no slug can be made of it."""
    if node.kind != "mapping":
        problems.append(
            Problem(node.line, f"{where.capitalize()}: this is not a mapping.", "Give it the key `name` at least.")
        )
        return None
    side = Fields(node, SIDE_KEYS, where, problems)
    name, slug = _name_and_slug(side)
    pricing = side.child("pricing", PRICING_KEYS)
    reviews = tuple(
        _review(child, f"{where}, review {place}", problems) for place, child in enumerate(side.items("reviews"), 1)
    )
    tool = Tool(
        name=name or "",
        slug=slug or "",
        url=side.url("url"),
        category=side.one_line("category"),
        tagline=side.one_line("tagline"),
        description=side.text("description"),
        pricing=Pricing(pricing.one_line("entry"), pricing.text("detail")) if pricing else None,
        best_for=side.one_line("best_for"),
        panel=_panel(side, reviews),
        community=_community(side),
        reviews=reviews,
    )
    return tool if name and slug else None


def _name_and_slug(side: Fields) -> tuple[str | None, str | None]:
    if not side.has("name"):
        side.missing("name", "Give the name of the tool.")
    name, slug = side.one_line("name"), side.slug("slug")
    if name and not side.has("slug"):
        try:
            slug = slugify(name)
        except InputError as error:
            side.problem("name", error.what, error.next_step)
    return name, slug


def _panel(side: Fields, reviews: tuple[Review, ...]) -> PanelVerdict | None:
    label, share, counts = None, None, None
    if panel := side.child("panel", PANEL_KEYS):
        label, share, counts = panel.choice("label", Label), panel.whole("share", 100), panel.votes()
        if counts == (0, 0):
            panel.problem("ship", "A panel needs a vote at least.", "Leave the panel out.")
            counts = None
    verdict, contradictions = settle_panel(label, share, counts, reviews)
    for contradiction in contradictions:
        side.problem("panel", contradiction, "Correct the one that is wrong, or leave it out.")
    return verdict


def _community(side: Fields) -> VoteTally | None:
    """The readers' votes; none yet (0 and 0) is the same as not given."""
    community = side.child("community", COMMUNITY_KEYS)
    counts = community.votes() if community else None
    return VoteTally(*counts) if counts and any(counts) else None


def _review(node: Node, where: str, problems: list[Problem]) -> Review:
    if node.kind != "mapping":
        problems.append(
            Problem(node.line, f"{where.capitalize()}: this is not a mapping.", f"Give it {_KEYS_OF_A_REVIEW}.")
        )
        return Review()
    review = Fields(node, REVIEW_KEYS, where, problems)
    if not node.fields:
        review.problem("", "The review is empty.", f"Give it {_KEYS_OF_A_REVIEW}, or leave it out.")
    return Review(
        reviewer=review.one_line("reviewer"),
        score=review.whole("score", 100),
        verdict=review.choice("verdict", Verdict),
        text=review.text("text"),
    )
