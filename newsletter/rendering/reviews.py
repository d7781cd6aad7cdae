"""The panel's voices on one comparison: a scorecard, and the one sentence worth quoting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from newsletter.comparisons.model import Comparison, Review, Tool, Verdict
from newsletter.rendering.words import one_line, sentences, shorten

QUOTE_LIMIT = 200
"""Characters of a quote."""
_QUOTE_LEAST = 40
_LEANS_ON_OTHERS = re.compile(
    r"(this|that|these|those|it|its|it's|the answer|still|but|and|or|nor|so|also|they|their|he|she|which|yet|however"
    r"|instead|otherwise|both|neither|either|then|there|here)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """One reviewer on one tool; at least one of the two is known."""

    score: int | None
    verdict: Verdict | None

    @property
    def words(self) -> str:
        """`84 ship`, or the one that is known."""
        return " ".join(str(fact) for fact in (self.score, self.verdict) if fact is not None)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One reviewer on both tools. A cell is None where nothing is known of that side."""

    reviewer: str
    cells: tuple[ScoreCell | None, ScoreCell | None]
    split: bool
    """Ship for one, skip for the other."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A reviewer's sentence, verbatim unless it ends in `…`."""

    text: str
    source: str
    """`Founder on Gemma 3n`; without a name where the reviewer is not known."""


def score_rows(comparison: Comparison) -> tuple[ScoreRow, ...]:
    """One row per named reviewer in the order of the page, then the reviews without a name as `Review 1`, `Review 2`.

    Reviews without a name are numbered on each side by themselves: nobody claims that both are one person's.
    """
    named: list[ScoreRow] = []
    unnamed: list[ScoreRow] = []
    left, right = (_cells(side) for side in comparison.sides)
    for reviewer, turn in dict.fromkeys((*left, *right)):
        cells = left.get((reviewer, turn)), right.get((reviewer, turn))
        if reviewer and any(cells):
            split = {cell.verdict for cell in cells if cell} == set(Verdict)
            named.append(ScoreRow(reviewer, cells, split))
        elif any(cells):
            unnamed.append(ScoreRow(f"Review {len(unnamed) + 1}", cells, split=False))
    return (*named, *unnamed)


def choose_quote(comparison: Comparison) -> Quote | None:
    """One sentence of a review.

    From the reviewer who ships one tool and skips the other, else from the one whose two scores lie farthest apart,
    else from the first whose sentence stands alone: on the tool they like less. A whole sentence of 40–200 characters
    that does not lean on the one before; only if no review has one, the first is cut at a word.
    """
    pairs = [(one, other) for one, other in _pairs(comparison) if (one and one.text) or (other and other.text)]
    candidates = []
    for one, other in sorted(pairs, key=lambda pair: _contrast(*pair), reverse=True):
        sides = [(review, side) for review, side in zip((one, other), comparison.sides, strict=True) if review]
        candidates += [(review, side) for review, side in sorted(sides, key=_liking) if review.text]
    for review, side in candidates:
        for sentence in sentences(review.text or ""):
            if _QUOTE_LEAST <= len(sentence) <= QUOTE_LIMIT and stands_alone(sentence):
                return Quote(sentence, _source(review, side))
    for review, side in candidates[:1]:
        return Quote(shorten(one_line(review.text or ""), QUOTE_LIMIT), _source(review, side))
    return None


def stands_alone(sentence: str) -> bool:
    """Whether a sentence can be read without the one before it: no leaning first word, its quotation marks closed."""
    marks = all(sentence.count(opening) == sentence.count(closing) for opening, closing in ("“”", "()", "[]"))
    return marks and sentence.count('"') % 2 == 0 and not _LEANS_ON_OTHERS.match(sentence.lstrip("\"'“‘("))


def _keyed(side: Tool) -> dict[tuple[str, int], Review]:
    """Reviews by (reviewer or "", how many times that name came before)."""
    found: dict[tuple[str, int], Review] = {}
    for review in side.reviews:
        name = one_line(review.reviewer or "")
        found[name, sum(key[0] == name for key in found)] = review
    return found


def _cells(side: Tool) -> dict[tuple[str, int], ScoreCell | None]:
    return {
        key: None if review.score is None and review.verdict is None else ScoreCell(review.score, review.verdict)
        for key, review in _keyed(side).items()
    }


def _pairs(comparison: Comparison) -> list[tuple[Review | None, Review | None]]:
    """Each named reviewer's two reviews; those without a name one by one, left and right in turn."""
    left, right = (_keyed(side) for side in comparison.sides)
    pairs = [(left.get(key), right.get(key)) for key in dict.fromkeys((*left, *right)) if key[0]]
    for one, other in zip_longest(*([review for key, review in side.items() if not key[0]] for side in (left, right))):
        pairs += [(one, None)] if one else []
        pairs += [(None, other)] if other else []
    return pairs


def _contrast(one: Review | None, other: Review | None) -> tuple[bool, int]:
    """How much a reviewer's two reviews differ: opposed verdicts, then points."""
    if one is None or other is None:
        return False, 0
    gap = abs(one.score - other.score) if one.score is not None and other.score is not None else 0
    return {one.verdict, other.verdict} == {Verdict.SHIP, Verdict.SKIP}, gap


def _liking(entry: tuple[Review, Tool]) -> tuple[bool, int]:
    review = entry[0]
    return review.verdict is not Verdict.SKIP, 101 if review.score is None else review.score


def _source(review: Review, side: Tool) -> str:
    reviewer = one_line(review.reviewer or "")
    return f"{reviewer} on {one_line(side.name)}" if reviewer else f"From the panel, on {one_line(side.name)}"
