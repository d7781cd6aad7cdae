"""The parts that a saved comparison page is read into."""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.comparisons.model import Label, Review

DASHES = frozenset({"—", "–", "-"})
"""How a page says that something is not known."""

Counts = tuple[int, int] | None
"""Ship and skip votes, or not known."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its 1-based number in the file, and its text without the space around it."""

    number: int
    text: str


@dataclass(slots=True)
class Card:
    """One tool's card, and what the decision table adds to it. `line`: that of the name."""

    name: str
    line: int
    category: str | None = None
    tagline: str | None = None
    label: Label | None = None
    share: int | None = None
    entry: str | None = None
    description: str | None = None
    detail: str | None = None
    best_for: str | None = None
    verdict: tuple[Label, Counts] | None = None
    """The table's panel verdict: label and votes."""
    votes: Counts = None
    """The readers' votes."""
    missing: list[str] = field(default_factory=list)
    reached: str = "name"
    """The last part that is there."""


@dataclass(slots=True)
class Scorecard:
    """The reviews of both sides, in page order."""

    sides: tuple[list[Review], list[Review]] = field(default_factory=lambda: ([], []))
    named: bool = False
    """Whether reviewers are named: the layout with scores and a decision table."""
    reached: str = "the scorecard's heading"
    """The last part that is there."""
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Line and sentence of everything that cannot be understood."""
