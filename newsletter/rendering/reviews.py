"""The panel's voices on one comparison: a scorecard, and one sentence of each side worth quoting.

Nobody is invented: a review without a name has no row, and a reviewer of one tool only stands beneath the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.comparisons.model import Comparison, Review, Tool, Verdict
from newsletter.rendering.words import one_line, sentences

QUOTE_LIMIT = 200
"""Characters of a quote."""
QUOTE_LEAST = 40
EVEN = 2
"""Points of difference up to which a reviewer finds two tools even."""
_LEANS_ON_OTHERS = re.compile(
    r"(this|that|these|those|it|its|it's|the answer|still|but|and|or|nor|so|also|they|their|he|she|which|yet|however"
    r"|instead|otherwise|both|neither|either|then|there|here)\b",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"\b(but|only|unless|until|without|except|breaks?|fails?|cannot|can't|never|not|nobody|nothing|risks?|limits?"
    r"|limited|stops?|missing|lacks?|too|little|worse|slow|loses?|costs?|before)\b",
    re.IGNORECASE,
)
"""Words by which a sentence limits or warns."""

Key = tuple[str, int]
"""(reviewer or "", how many reviews of that name came before on this side)."""


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
    """One named reviewer on both tools."""

    reviewer: str
    cells: tuple[ScoreCell, ScoreCell]
    gap: str
    """`SmolVLM2 +20`, `even`, `SPLIT`; without scores `both ship` or `both skip`."""
    points: int
    """The difference of the scores, 0 where one is unknown."""

    @property
    def split(self) -> bool:
        """Ship for one, skip for the other."""
        return self.gap == SPLIT


SPLIT = "SPLIT"


@dataclass(frozen=True, slots=True)
class Aside:
    """Marks that have no counterpart to stand beside. `lead`: `On Mossgate only`."""

    lead: str
    marks: tuple[tuple[str | None, ScoreCell], ...]
    """(reviewer, mark); without a reviewer where none is named."""

    @property
    def words(self) -> str:
        """`On Mossgate only: Founder 57 skip, Builder ship`"""
        return f"{self.lead}: {', '.join(f'{who} {cell.words}' if who else cell.words for who, cell in self.marks)}"


@dataclass(frozen=True, slots=True)
class Quote:
    """A reviewer's sentence, whole and verbatim."""

    text: str
    reviewer: str | None
    cell: ScoreCell | None
    dissents: bool
    """Alone in the panel with this verdict."""


def score_rows(comparison: Comparison, names: Mapping[str, str]) -> tuple[ScoreRow, ...]:
    """One row per named reviewer of both tools, in the order of the page. `names`: tool name → short name."""
    left, right = (_cells(side) for side in comparison.sides)
    shown = [names.get(one_line(side.name), one_line(side.name)) for side in comparison.sides]
    rows = []
    for key in left:
        one, other = left[key], right.get(key)
        gap = _gap(one, other, shown) if key[0] and other else None
        if gap and other:
            points = abs(one.score - other.score) if one.score is not None and other.score is not None else 0
            rows.append(ScoreRow(key[0], (one, other), gap, points))
    return tuple(rows)


def score_asides(comparison: Comparison) -> tuple[Aside, ...]:
    """The marks that score_rows() leaves out: reviewers of one tool only, and per tool those without a name."""
    cells = [_cells(side) for side in comparison.sides]
    rowed = {key for key in cells[0] if key[0] and key in cells[1] and _gap(cells[0][key], cells[1][key], ["", ""])}
    asides = []
    for place, side in enumerate(comparison.sides):
        name, elsewhere = one_line(side.name), {key[0] for key in cells[1 - place]}
        left_out = [(key[0] or None, cell) for key, cell in cells[place].items() if key not in rowed]
        for lead, marks in (
            (f"On {name} only", [mark for mark in left_out if mark[0] and mark[0] not in elsewhere]),
            (f"On {name}", [mark for mark in left_out if mark[0] and mark[0] in elsewhere]),
            (f"{name}, reviewers not named", [mark for mark in left_out if not mark[0]]),
        ):
            if marks:
                asides.append(Aside(lead, tuple(marks)))
    return tuple(asides)


def widest_gap(rows: tuple[ScoreRow, ...]) -> str | None:
    """`Founder: SmolVLM2 +20`, `Founder splits`, or None where nobody sees more than two points between them."""
    split = max((row for row in rows if row.split), key=lambda row: row.points, default=None)
    if split:
        return f"{split.reviewer} splits"
    wide = max((row for row in rows if row.points > EVEN), key=lambda row: row.points, default=None)
    return f"{wide.reviewer}: {wide.gap}" if wide else None


def choose_quotes(comparison: Comparison) -> tuple[Quote | None, Quote | None]:
    """One sentence for each side.

    By the reviewer with opposed verdicts, else by the one with the widest gap (and so on to the narrowest), else the
    first sentence that limits or warns, else the first. Always whole, verbatim, of 40–200 characters, and fit to stand
    alone; a side without such a sentence has no quote, and no sentence is quoted twice.
    """
    left, right = (_keyed(side) for side in comparison.sides)
    both = [key for key in left if key[0] and key in right]
    ranked = sorted(both, key=lambda key: _contrast(left[key], right[key]), reverse=True)
    telling = [key for key in ranked if _contrast(left[key], right[key]) > (False, 0)]
    said = _quote(comparison.sides[0], left, telling, taken="")
    return said, _quote(comparison.sides[1], right, telling, taken=said.text if said else "")


def lone_dissenter(side: Tool) -> Review | None:
    """The one named reviewer whose verdict differs from all others', of whom there are two or more."""
    verdicts = [review.verdict for review in side.reviews]
    if len(verdicts) < 3 or None in verdicts:
        return None
    for verdict in Verdict:
        if verdicts.count(verdict) == 1:
            review = side.reviews[verdicts.index(verdict)]
            return review if one_line(review.reviewer or "") else None
    return None


def stands_alone(sentence: str) -> bool:
    """Whether a sentence can be read without the one before it: no leaning first word, its quotation marks closed."""
    marks = all(sentence.count(opening) == sentence.count(closing) for opening, closing in ("“”", "()", "[]"))
    return marks and sentence.count('"') % 2 == 0 and not _LEANS_ON_OTHERS.match(sentence.lstrip("\"'“‘("))


def _quote(side: Tool, reviews: Mapping[Key, Review], telling: list[Key], taken: str) -> Quote | None:
    every = [(sentence, review) for review in reviews.values() for sentence in _fit(review) if sentence != taken]
    chosen = [(sentence, reviews[key]) for key in telling for sentence in _fit(reviews[key]) if sentence != taken]
    limiting = [(sentence, review) for sentence, review in every if _LIMITS.search(sentence)]
    for sentence, review in (*chosen, *limiting, *every):
        name = one_line(review.reviewer or "") or None
        return Quote(sentence, name, _cell(review), dissents=name is not None and review is lone_dissenter(side))
    return None


def _fit(review: Review) -> list[str]:
    """The sentences that may be quoted: a whole one ends like a sentence."""
    return [
        sentence
        for sentence in sentences(review.text or "")
        if QUOTE_LEAST <= len(sentence) <= QUOTE_LIMIT
        and sentence.rstrip("\"'”’)]」』").endswith((".", "!", "?", "。", "！", "？", "؟"))
        and stands_alone(sentence)
    ]


def _gap(one: ScoreCell, other: ScoreCell, names: list[str]) -> str | None:
    """None where a score stands against a verdict, and nothing can be said."""
    if {one.verdict, other.verdict} == set(Verdict):
        return SPLIT
    if one.score is not None and other.score is not None:
        points = one.score - other.score
        return f"{names[int(points < 0)]} +{abs(points)}" if abs(points) > EVEN else "even"
    return f"both {one.verdict}" if one.verdict and one.verdict is other.verdict else None


def _cell(review: Review) -> ScoreCell | None:
    return None if review.score is None and review.verdict is None else ScoreCell(review.score, review.verdict)


def _keyed(side: Tool) -> dict[Key, Review]:
    found: dict[Key, Review] = {}
    for review in side.reviews:
        name = one_line(review.reviewer or "")
        found[name, sum(key[0] == name for key in found)] = review
    return found


def _cells(side: Tool) -> dict[Key, ScoreCell]:
    cells = {key: _cell(review) for key, review in _keyed(side).items()}
    return {key: cell for key, cell in cells.items() if cell}


def _contrast(one: Review, other: Review) -> tuple[bool, int]:
    """How much a reviewer's two reviews differ: opposed verdicts, then points."""
    gap = abs(one.score - other.score) if one.score is not None and other.score is not None else 0
    return {one.verdict, other.verdict} == set(Verdict), gap
