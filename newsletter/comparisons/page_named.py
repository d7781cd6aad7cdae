"""The scorecard that names its reviewers: a name, then for each tool a line `84/100 · ship` and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from newsletter.comparisons.model import Review, Verdict
from newsletter.comparisons.page_parts import Counts, Line, Scorecard

_SCORE = re.compile(r"(?:(\d{1,3})\s?/\s?100|[—–-])(?:\s*[·•]\s*(ship|skip))?", re.IGNORECASE)
_STUMP = re.compile(r"\d{1,3}(?:/\d{0,3})?(?:\s*[·•]\s*\w{0,4})?")
_NAME = re.compile(r"[^\W\d_][\w'’&/-]*(?: [\w'’&/-]+){0,3}")
_MOST_UNDECIDED = 10
"""Reviewers with one review each, above which their sides are not searched for (it doubles with each)."""


@dataclass(slots=True)
class _Said:
    """One reviewer on one tool."""

    score: int | None
    verdict: Verdict | None
    paragraphs: list[str] = field(default_factory=list)

    def review(self, reviewer: str) -> Review | None:
        """The review, or None where a dash stands for it."""
        if self.score is None and self.verdict is None and not self.paragraphs:
            return None
        return Review(reviewer, self.score, self.verdict, "\n\n".join(self.paragraphs) or None)


@dataclass(slots=True)
class _Reviewer:
    """A reviewer and, in page order, what is said. `at` is the side of the first one."""

    name: str
    line: int
    said: list[_Said] = field(default_factory=list)
    at: int = 0


def has_scores(lines: Sequence[Line]) -> bool:
    """Whether this is a scorecard of this layout."""
    return any(_SCORE.fullmatch(line.text) for line in lines)


def without_stump(lines: Sequence[Line]) -> list[Line]:
    """Drop from the end of a page cut short what would be misread as text: part of a score, a lone name."""
    kept = list(lines)
    if kept and _STUMP.fullmatch(kept[-1].text) and not _SCORE.fullmatch(kept[-1].text):
        kept.pop()
    above_is_score = len(kept) > 1 and _SCORE.fullmatch(kept[-2].text)
    if kept and _NAME.fullmatch(kept[-1].text) and not above_is_score:
        kept.pop()
    return kept


def read_named(lines: Sequence[Line], counts: tuple[Counts, Counts], cut: bool) -> Scorecard:
    """Read the reviews. `counts`: the panel's votes on each side; `cut`: the page ends with these lines."""
    card = Scorecard(named=True)
    reviewers = _reviewers(lines, card)
    undecided = [each for each in reviewers if len(each.said) == 1 and not (cut and each is reviewers[-1])]
    if undecided and not _decide(reviewers, undecided, counts):
        for reviewer in undecided:
            what = f"The {reviewer.name} has one review, and nothing tells which tool it judges"
            card.faults.append((reviewer.line, f"{what}: the other one is missing."))
        reviewers = [each for each in reviewers if each not in undecided]
    elif undecided:
        names = ", ".join(each.name for each in undecided)
        card.notes.append(f"One tool only is reviewed by: {names}; the panel's votes tell which.")
    for reviewer in reviewers:
        for side, said in enumerate(reviewer.said, reviewer.at):
            if review := said.review(reviewer.name):
                card.sides[side].append(review)
    if cut and reviewers:
        _note_end(card, reviewers, counts)
    return card


def _reviewers(lines: Sequence[Line], card: Scorecard) -> list[_Reviewer]:
    """Group the lines. A reviewer's name is known by the score line that follows it."""
    reviewers: list[_Reviewer] = []
    loose: list[Line] = []
    for line in lines:
        score = _SCORE.fullmatch(line.text)
        if not score:
            loose.append(line)
            continue
        name = loose[-1] if _opens(reviewers, loose) else None
        if not reviewers and len(loose) > 1:
            card.faults.append((loose[0].number, "There is text above the first reviewer."))
        if reviewers:
            reviewers[-1].said[-1].paragraphs = [each.text for each in (loose[:-1] if name else loose)]
        if name:
            reviewers.append(_Reviewer(name.text, name.number))
        loose = []
        if not reviewers or len(reviewers[-1].said) == 2:
            card.faults.append((line.number, "A score stands here without the name of a reviewer above it."))
            continue
        points = int(score[1]) if score[1] else None
        if points is not None and points > 100:
            card.faults.append((line.number, f"A score of {points} is more than 100."))
            points = None
        reviewers[-1].said.append(_Said(points, Verdict(score[2].lower()) if score[2] else None))
    if reviewers:
        reviewers[-1].said[-1].paragraphs = [each.text for each in loose]
    return reviewers


def _opens(reviewers: list[_Reviewer], loose: list[Line]) -> bool:
    """Whether the last line above a score is a reviewer's name, and not the end of what the one before says."""
    if not loose or not _NAME.fullmatch(loose[-1].text):
        return False
    if not reviewers or len(reviewers[-1].said) == 2:
        return True
    return len(loose) > 1  # a second score of the same reviewer follows at least a paragraph on the first


def _decide(reviewers: list[_Reviewer], undecided: list[_Reviewer], counts: tuple[Counts, Counts]) -> bool:
    """Set the side of each undecided review, where exactly one way agrees with the votes on both sides."""
    if len(undecided) > _MOST_UNDECIDED:
        return False
    ways = []
    for sides in product((0, 1), repeat=len(undecided)):
        for reviewer, side in zip(undecided, sides, strict=True):
            reviewer.at = side
        if all(_tally(reviewers, side) == counts[side] for side in (0, 1)):
            ways.append(sides)
    for reviewer, side in zip(undecided, ways[0] if len(ways) == 1 else [0] * len(undecided), strict=True):
        reviewer.at = side
    return len(ways) == 1


def _tally(reviewers: list[_Reviewer], side: int) -> tuple[int, int]:
    verdicts = [said.verdict for each in reviewers for at, said in enumerate(each.said, each.at) if at == side]
    return verdicts.count(Verdict.SHIP), verdicts.count(Verdict.SKIP)


def _note_end(card: Scorecard, reviewers: list[_Reviewer], counts: tuple[Counts, Counts]) -> None:
    """Note where the page ends, and what by then is still to come."""
    last = reviewers[-1]
    side = ("left", "right")[len(last.said) - 1]
    card.reached = f"the {last.name}'s {side} review"
    if not last.said[-1].paragraphs and last.said[-1].review(last.name):
        card.reached = f"the score of {card.reached}"
        card.missing.append(f"the text of the {last.name}'s {side} review")
    if side == "left":
        card.missing.append(f"the {last.name}'s right review")
    more = max((sum(each) for each in counts if each), default=0) - len(reviewers)
    if more > 0:
        card.missing.append("one more reviewer" if more == 1 else f"{more} more reviewers")
