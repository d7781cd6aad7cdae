"""Sentences about a whole issue: its summary, short names, and how readers voted. docs/words.md has every rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Review, Tool, panel_of_counts
from newsletter.issues import Item
from newsletter.rendering.reviews import lone_dissenter
from newsletter.rendering.words import MOST_IN_WORDS, capital, in_words, one_line

SUMMARY_WORDS = 16
_WHOLE = 12
"""Characters up to which a name is never shortened."""
_ARTICLES = frozenset({"the", "a", "an"})
_ROLES = frozenset(
    {
        *("Builder", "Skeptic", "Futurist", "Founder", "Operator", "Designer", "Engineer", "Developer", "Maintainer"),
        *("Investor", "Analyst", "Researcher", "Pragmatist", "Optimist", "Critic", "Contrarian", "Architect"),
    }
)
"""Reviewers that take an article; any other name might be a person's."""


@dataclass(frozen=True, slots=True)
class Dissent:
    """One reviewer alone against the rest of the panel on one tool."""

    tool: Tool
    review: Review

    @property
    def sentence(self) -> str:
        """`the Founder skips Gemma 3n`"""
        return f"{the(self.review.reviewer or '')} {self.review.verdict}s {one_line(self.tool.name)}"


def the(reviewer: str) -> str:
    """`the Founder`, but `Ada Quill`."""
    name = one_line(reviewer)
    return f"the {name}" if name in _ROLES else name


def dissents(items: Iterable[Item]) -> list[Dissent]:
    """Every lone dissent, a tool counted once by its slug."""
    found: dict[str, Dissent] = {}
    for side in (side for item in items for side in item.comparison.sides):
        review = lone_dissenter(side)
        if review and side.slug not in found:
            found[side.slug] = Dissent(side, review)
    return list(found.values())


def summary(items: Sequence[Item]) -> str:
    """`Three tools, three Ships, one dissent: the Founder skips Gemma 3n.` At most 16 words.

    A tool counts once, by its slug. The dissent is told where there is exactly one and the sentence has room for it.
    """
    base, lone = tally(items), dissents(items)
    number = str(len(lone)) if base[0].isdigit() else in_words(len(lone))
    options = [f"{base}, {number} dissents."] if len(lone) > 1 else []
    if len(lone) == 1:
        options = [f"{base}, one dissent: {lone[0].sentence}.", f"{base}, one dissent."]
    return next((option for option in options if len(option.split()) <= SUMMARY_WORDS), f"{base}.")


def tally(items: Sequence[Item]) -> str:
    """`Three tools, two Ships, one unjudged`: the summary without its dissents and its full stop."""
    found: dict[str, set[Label]] = {}
    for side in (side for item in items for side in item.comparison.sides):
        found.setdefault(side.slug, set()).update([side.panel.label] if side.panel else [])
    parts = []
    for label, more in ((Label.SHIP, "Ships"), (Label.MIXED, "Mixed"), (Label.SKIP, "Skips")):
        if count := sum(labels == {label} for labels in found.values()):
            parts.append((count, str(label) if count == 1 else more))
    if both := sum(len(labels) > 1 for labels in found.values()):
        parts.append((both, "judged both ways"))
    unjudged = sum(not labels for labels in found.values())
    if unjudged and unjudged < len(found):
        parts.append((unjudged, "unjudged"))
    worded = len(found) <= MOST_IN_WORDS  # one form in one sentence: with thirteen tools all are digits
    shown = [f"{in_words(count) if worded else count} {name}" for count, name in parts]
    tools = f"{in_words(len(found)) if worded else len(found)} tool{'s' if len(found) != 1 else ''}"
    return capital(", ".join((tools, *shown)))


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Name → the fewest of its first words that no other name of the issue begins with; never a part of a word.

    Names of up to 12 characters stay whole, and so does one that cannot be shortened without becoming unclear.
    """
    whole = list(dict.fromkeys(map(one_line, names)))
    split = {name: name.casefold().split() for name in whole}
    return {name: _shortest(name, [split[other] for other in whole if other != name]) for name in whole}


def _shortest(name: str, others: list[list[str]]) -> str:
    words = name.split()
    for count in range(1, len(words)):
        head = " ".join(words[:count])
        start = head.casefold().split()
        if len(name) <= _WHOLE or len(head) < 4 or not head[-1].isalnum() or start[0] in _ARTICLES:
            continue
        if all(other[:count] != start for other in others):
            return head
    return name


@dataclass(frozen=True, slots=True)
class VotedView:
    """How readers voted on one comparison of the last issue, against the panel. Sentences, one per tool with votes."""

    title: str
    url: str
    lines: tuple[str, ...]


def reader_votes(comparison: Comparison) -> tuple[str, ...]:
    """`Readers ship Kestrel 10–2; the panel skips it.` for each side that readers voted on; empty where none was."""
    return tuple(
        _voted(side, panel_of_counts(side.community.ship, side.community.skip))
        for side in comparison.sides
        if side.community and side.community.ship + side.community.skip
    )


def _voted(side: Tool, readers: PanelVerdict) -> str:
    verbs = {Label.SHIP: ("ship", "ships"), Label.MIXED: ("split on", "splits on"), Label.SKIP: ("skip", "skips")}
    said = f"Readers {verbs[readers.label][0]} {one_line(side.name)} {readers.tally}"
    if side.panel is None:
        return f"{said}."
    if side.panel.label is readers.label:
        return f"{said}, as the panel does."
    return f"{said}; the panel {verbs[side.panel.label][1]} it."
