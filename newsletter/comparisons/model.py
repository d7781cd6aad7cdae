"""What a comparison is: two tools side by side, each judged by a panel, ship or skip.

All classes are frozen and compare by value. Nothing here reads a file or a clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from newsletter.errors import InputError


class Verdict(StrEnum):
    """One reviewer's verdict on one tool."""

    SHIP = "ship"
    SKIP = "skip"


class Label(StrEnum):
    """A panel's verdict on one tool: Ship above half, Mixed at half, Skip below."""

    SHIP = "Ship"
    MIXED = "Mixed"
    SKIP = "Skip"

    @classmethod
    def of_share(cls, share: float) -> Label:
        """The label of a share of ship votes, 0–100."""
        if share == 50:
            return cls.MIXED
        return cls.SHIP if share > 50 else cls.SKIP


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer on one tool. Any of the four may be unknown, not all of them."""

    reviewer: str | None = None
    score: int | None = None
    """0–100."""
    verdict: Verdict | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class VoteTally:
    """Votes of readers on one tool."""

    ship: int
    skip: int


@dataclass(frozen=True, slots=True)
class PanelVerdict:
    """What the panel says of one tool. The counts are unknown where a page gives only the share."""

    label: Label
    share: int | None = None
    """Ship votes in per cent of all, 0–100, rounded half up; unknown where only the label is given."""
    ship: int | None = None
    skip: int | None = None

    @property
    def tally(self) -> str | None:
        """`3–1`, ship first, or None where the counts are unknown."""
        return None if self.ship is None or self.skip is None else f"{self.ship}–{self.skip}"


@dataclass(frozen=True, slots=True)
class Pricing:
    """`entry` is one word (Free, Paid …); `detail` is free text."""

    entry: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One side of a comparison. Text belongs to the side: the same tool may read differently elsewhere."""

    name: str
    slug: str
    url: str | None = None
    category: str | None = None
    tagline: str | None = None
    description: str | None = None
    pricing: Pricing | None = None
    best_for: str | None = None
    panel: PanelVerdict | None = None
    community: VoteTally | None = None
    reviews: tuple[Review, ...] = ()

    @property
    def topic(self) -> str:
        """The slug of its category: what readers choose by. Empty where it has none."""
        try:
            return slugify(self.category) if self.category else ""
        except InputError:
            return ""

    @property
    def mean_score(self) -> float | None:
        """Mean of the scores that are known, 0–100."""
        scores = [review.score for review in self.reviews if review.score is not None]
        return sum(scores) / len(scores) if scores else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two tools side by side. `slug` names it; `pair` is what it is, whichever tool stands left."""

    slug: str
    sides: tuple[Tool, Tool]
    published_on: date | None = None
    url: str | None = None

    @property
    def left(self) -> Tool:
        return self.sides[0]

    @property
    def right(self) -> Tool:
        return self.sides[1]

    @property
    def title(self) -> str:
        return f"{self.left.name} vs {self.right.name}"

    @property
    def pair(self) -> str:
        """The unordered pair of tool slugs, as one string."""
        return pair_key(self.left.slug, self.right.slug)

    @property
    def category(self) -> str | None:
        """The left side's category, else the right's."""
        return self.left.category or self.right.category

    @property
    def labels(self) -> dict[str, str]:
        """Tool slug → panel label, for the sides that have one: what a changed verdict is measured by."""
        return {side.slug: str(side.panel.label) for side in self.sides if side.panel}


def pair_key(one: str, other: str) -> str:
    """The identity of a comparison that has no slug of its own: `a-vs-b`, the smaller slug first."""
    return "-vs-".join(sorted((one, other)))


_SPOKEN = {"+": " plus ", "#": " sharp ", "&": " and "}


def slugify(name: str) -> str:
    """`Skills (mattpocock)` → `skills-mattpocock`. Letters of any script stay; raises InputError if none is left."""
    spoken = "".join(_SPOKEN.get(character, character) for character in name)
    plain = unicodedata.normalize("NFKD", spoken).casefold()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    slug = re.sub(r"[\W_]+", "-", plain).strip("-")
    if not slug:
        raise InputError(f"The name {name!r} has no letter or digit to make a slug of.", next_step="Give a slug.")
    return slug


def panel_of(reviews: Iterable[Review]) -> PanelVerdict | None:
    """The panel verdict that follows from the reviews, or None unless every review has a verdict."""
    verdicts = [review.verdict for review in reviews]
    if not verdicts or None in verdicts:
        return None
    return panel_of_counts(verdicts.count(Verdict.SHIP), verdicts.count(Verdict.SKIP))


def panel_of_counts(ship: int, skip: int) -> PanelVerdict:
    """The panel verdict of `ship` against `skip` votes, of which there is at least one."""
    share = ship * 100 / (ship + skip)
    return PanelVerdict(label=Label.of_share(share), share=int(share + 0.5), ship=ship, skip=skip)
