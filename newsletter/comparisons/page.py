"""Saved comparison pages, as text: the layout with named reviewers and decision table, and the one with quotes only.

Blank lines do not matter. A page is whole when it has both cards, the scorecard (with the decision table where
reviewers are named) and, below it, the newsletter box: the proof that nothing was cut off. A page that is not whole is
refused with the name of what is missing, or kept as far as it goes where the caller asks for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from newsletter.comparisons.model import Comparison, Pricing, Review, Tool, VoteTally, pair_key, panel_of, slugify
from newsletter.comparisons.page_cards import read_cards
from newsletter.comparisons.page_named import has_scores, read_named, without_stump
from newsletter.comparisons.page_parts import DASHES, Card, Line, Scorecard
from newsletter.comparisons.page_quoted import read_quoted
from newsletter.comparisons.page_table import read_table
from newsletter.comparisons.panel import settle_panel
from newsletter.comparisons.source import Located, Problem, listed, show
from newsletter.errors import InputError

HEADING, INTRO, BREADCRUMB = "AI tool comparison", "Which one should you ship with?", "Compare/"
DECISION, SCORECARD = "Decision", "Reviewer scorecard"
BOX_HEADING, BOX = "Weekly AI Tool Verdicts", "Get the next comparison in your inbox"
_LANDMARKS = (DECISION, SCORECARD, BOX_HEADING, BOX)
_BOOKMARKS = ("Loading bookmarks", "No bookmarks yet", "Bookmark tools to save them")
_LONGEST_TITLE = 1000
_VS = re.compile(r"\svs\.?\s", re.IGNORECASE)

_SAVE_AGAIN = "Save the whole page again, or import it with --partial, which keeps what is there."
_NO_REVIEWS = "The page has no reviews."
_NEITHER = "Save the whole page as text, from its heading down to the newsletter box."


def read_pages(text: str, *, partial: bool = False) -> tuple[list[Located], list[Problem]]:
    """Every page in a text with plain newlines; what is above the first one is passed over. Never raises."""
    located: list[Located] = []
    problems: list[Problem] = []
    pages = list(_split(_lines(text)))
    if not pages:
        fix = f"{_NEITHER} A document has a name that ends in .yaml, .yml or .json."
        problems.append(Problem(1, f"There is no comparison page in it: no line {HEADING!r} with a title below.", fix))
    for page in pages:
        found, wrong = _Page(page, partial).read()
        problems += wrong
        if found is not None:
            located.append(found)
    return located, problems


def _lines(text: str) -> list[Line]:
    plain = text.replace("\u00a0", " ").replace("\ufeff", "")
    lines = (Line(number, line.strip()) for number, line in enumerate(plain.split("\n"), 1))
    return [
        line for line in lines if line.text and (line.text.endswith(HEADING) or not line.text.startswith(_BOOKMARKS))
    ]


def _split(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """The pages: each starts at its breadcrumb, else its heading (text may be glued before it), else its title."""
    starts: list[int] = []
    for place, line in enumerate(lines):
        text = line.text
        below = lines[place + 1].text if place + 1 < len(lines) else ""
        above = lines[place - 1].text if place else ""
        is_breadcrumb = BREADCRUMB in text and bool(_VS.search(text)) and HEADING.startswith(below)
        ends_file = text == HEADING and place + 2 >= len(lines)
        is_heading = text.endswith(HEADING) and (bool(_VS.search(below)) or ends_file)
        is_title = bool(_VS.search(text)) and below.startswith(INTRO) and not above.endswith(HEADING)
        if is_breadcrumb or is_title or (is_heading and starts[-1:] != [place - 1]):
            starts.append(place)
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start:end]


class _Page:
    """One page on its way to a comparison."""

    def __init__(self, lines: Sequence[Line], partial: bool) -> None:
        self.lines, self.partial = lines, partial
        self.missing: list[str] = []
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.reached = "its heading"
        self.cut = True

    def read(self) -> tuple[Located | None, list[Problem]]:
        """The comparison, or everything that keeps it from being used."""
        cards, scorecard = self._parts()
        if self.missing:
            reason = self._what_is_missing()
            if self.partial and len(cards) == 2:
                self.notes.insert(0, f"{reason} The last text that is there may be cut off." if self.cut else reason)
            else:
                fix = _SAVE_AGAIN if len(cards) == 2 else _NEITHER
                return None, [*self.problems, Problem(self.lines[-1].number, reason, fix)]
        if len(cards) < 2:
            return None, self.problems
        for number, fault in scorecard.faults:
            if self.partial:
                self.notes.append(f"{fault} (line {number})")
            else:
                self._refuse(number, fault)
        comparison = None if self.problems else self._comparison(cards, scorecard)
        if self.problems or comparison is None:
            return None, self.problems
        return Located(comparison, self.lines[0].number, (*self.notes, *scorecard.notes)), []

    def _refuse(self, number: int, reason: str) -> None:
        self.problems.append(Problem(number, reason, "Check the page against the site; nothing of it was taken."))

    def _parts(self) -> tuple[list[Card], Scorecard]:
        """The cards and the reviews, and in `missing` what the page lacks."""
        nothing = Scorecard()
        title_at = 1 + max((at for at, line in enumerate(self.lines[:2]) if line.text.endswith(HEADING)), default=-1)
        if title_at >= len(self.lines) or not _is_title(self.lines[title_at].text):
            self.missing = ["the names of the two tools", "all that follows"]
            return [], nothing
        title, body = self.lines[title_at].text, self.lines[title_at + 1 :]
        self.reached = "its title"
        scorecard_at = _find(body, SCORECARD)
        box_at = next((at for at, line in enumerate(body) if at > (scorecard_at or 0) and _is_box(line.text)), None)
        self.cut = box_at is None
        if self.cut and body and any(mark.startswith(body[-1].text) for mark in _LANDMARKS if mark != body[-1].text):
            body = body[:-1]  # the start of a heading must not become the end of a text
        end = len(body) if box_at is None else box_at
        decision_at = _find(body[: end if scorecard_at is None else scorecard_at], DECISION)
        cards_end = next(at for at in (decision_at, scorecard_at, end) if at is not None)
        cards = read_cards(title, [line for line in body[:cards_end] if not line.text.startswith(INTRO)], self.notes)
        if len(cards) < 2 and (scorecard_at is not None or not self.cut):
            reason = f"No two cards carry the two names of the title, {show(title)!r}."
            self._refuse(self.lines[title_at].number, reason)
            return [], nothing
        self._judge_cards(cards)
        if decision_at is not None:
            table_end = end if scorecard_at is None else scorecard_at
            rows = read_table(body[decision_at + 1 : table_end], cards, self.cut and scorecard_at is None, self.notes)
            self.reached = f"the row {rows[-1]} of the decision table" if rows else "the heading of the decision table"
        if scorecard_at is None:
            self.missing += ["the reviewer scorecard", "all below it"] if self.cut else ["the reviewer scorecard"]
            return cards, nothing
        scorecard = self._scorecard(body[scorecard_at + 1 : end], cards)
        if scorecard.named and decision_at is None:
            self.missing.append("the decision table")
        return cards, scorecard

    def _judge_cards(self, cards: list[Card]) -> None:
        for card in cards:
            lacks = list(card.missing)
            if card.label is None and card.share is None:
                lacks.insert(0, "panel verdict")
            if lacks:
                self.missing.append(f"the {listed(lacks)} of {card.name}")
        if len(cards) < 2:
            self.missing.append("the card of the right tool" if cards else "the cards of both tools")
        if cards:
            self.reached = f"the {cards[-1].reached} of {cards[-1].name}"

    def _scorecard(self, lines: Sequence[Line], cards: list[Card]) -> Scorecard:
        if self.cut:
            lines = without_stump(lines)
        left, right = (card.verdict[1] if card.verdict else None for card in cards)
        if not lines:
            scorecard = Scorecard(missing=["the reviews"] if self.cut else [], notes=[] if self.cut else [_NO_REVIEWS])
        elif lines[0].text[0] == "“" or lines[0].text in DASHES:
            scorecard = read_quoted(lines)
        elif has_scores(lines):
            scorecard = read_named(lines, (left, right), self.cut)
        else:
            fault = "The scorecard has neither scores (like 84/100 · ship) nor quotes inside “ ”."
            scorecard = Scorecard(faults=[(lines[0].number, fault)])
        self.reached = scorecard.reached
        self.missing += scorecard.missing
        if self.cut:
            self.missing.append("the newsletter box at its end")
        return scorecard

    def _what_is_missing(self) -> str:
        things = listed(self.missing)
        verb = "are" if len(self.missing) > 1 or " and " in things or things.endswith("s") else "is"
        start = f"The page ends after {self.reached}" if self.cut else "The page is not whole"
        return f"{start}: {things} {verb} missing."

    def _comparison(self, cards: list[Card], scorecard: Scorecard) -> Comparison | None:
        left, right = (self._tool(card, tuple(reviews)) for card, reviews in zip(cards, scorecard.sides, strict=True))
        if left is None or right is None:
            return None
        if left.slug == right.slug:
            self._refuse(cards[1].line, f"Both names make the slug {left.slug!r}, so they would be one tool.")
            return None
        return Comparison(pair_key(left.slug, right.slug), (left, right))

    def _tool(self, card: Card, reviews: tuple[Review, ...]) -> Tool | None:
        try:
            slug = slugify(card.name)
        except InputError as error:
            self._refuse(card.line, error.what)
            return None
        label, counts = card.verdict or (None, None)
        if label and card.label and label is not card.label:
            self._refuse(card.line, f"{card.name}: the card says {card.label}, the decision table says {label}.")
        if card.share is not None and card.share > 100:
            self._refuse(card.line, f"{card.name}: a share of {card.share} % is more than 100.")
        if counts and reviews and panel_of(reviews) and sum(counts) != len(reviews) and not self.partial:
            said = f"the panel has {sum(counts)} votes, but the scorecard has {len(reviews)} verdicts"
            self._refuse(card.line, f"{card.name}: {said}.")
        panel, contradictions = settle_panel(card.label or label, card.share, counts, reviews)
        for contradiction in contradictions:
            self._refuse(card.line, f"{card.name}: {contradiction}")
        return Tool(
            name=card.name,
            slug=slug,
            category=card.category,
            tagline=card.tagline,
            description=card.description,
            pricing=Pricing(card.entry, card.detail) if card.entry or card.detail else None,
            best_for=card.best_for,
            panel=panel,
            community=VoteTally(*card.votes) if card.votes else None,
            reviews=reviews,
        )


def _is_title(text: str) -> bool:
    return len(text) <= _LONGEST_TITLE and bool(_VS.search(text)) and not text.startswith(BREADCRUMB)


def _is_box(text: str) -> bool:
    return text == BOX_HEADING or text.startswith(BOX)


def _find(lines: Sequence[Line], text: str) -> int | None:
    return next((at for at, line in enumerate(lines) if line.text == text), None)
