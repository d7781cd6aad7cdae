"""The picture that a link to an issue or a comparison is shown with elsewhere (Open Graph), in the dress of the pages.

One element leads: the lean sentence, or an issue's subject. The same card gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

from newsletter.app.read_comparison import ComparisonPage
from newsletter.app.read_pages import SiteFacts
from newsletter.comparisons.model import Label
from newsletter.issues import Brand
from newsletter.rendering.colours import PAPER
from newsletter.rendering.context import IssueView
from newsletter.web.lettering import (
    DIGITS,
    SANS,
    SANS_BOLD,
    SERIF,
    SERIF_BOLD,
    draw_line,
    fit,
    width_of,
)

WIDTH, HEIGHT = 1200, 630
"""Pixels: the shape that every reader of Open Graph shows whole."""
_LEFT, _RIGHT = 64, 1136
_QUIET, _LINE = "#5A564C", "#D6CFBF"
_LABELS = {Label.SHIP: "#0B6B3A", Label.MIXED: "#7A4E00", Label.SKIP: "#A3211B"}
_FRAME = 36
"""Pixels round the card that stay paper, whatever a letter's marks reach for."""
_MOST_ROWS = 3


@dataclass(frozen=True, slots=True)
class CardSide:
    """One tool."""

    name: str
    label: Label | None
    share: int | None
    """Ship votes in per cent, 0–100."""
    leads: bool


@dataclass(frozen=True, slots=True)
class Card:
    """What one card says; an unknown fact is an empty string or tuple."""

    newsletter: str
    mark: str
    """In the accent colour: the issue's key, or the category."""
    day: str
    title: str
    """Above the headline, small."""
    headline: str
    lead: str
    """Below the headline, small."""
    sides: tuple[CardSide, ...] = ()
    rows: tuple[str, ...] = ()
    """Titles of an issue's comparisons, in its order."""
    brand: Brand = field(default_factory=Brand)

    @property
    def words(self) -> str:
        """The card for those who do not see it."""
        return " · ".join(filter(None, (self.title, self.headline, self.lead)))


def issue_card(facts: SiteFacts, issue: IssueView) -> Card:
    """Subject, summary, and the first comparisons by title."""
    titles = tuple(view.title for view in (*issue.full, *issue.briefs))
    key = f"Issue {issue.key}"
    return Card(
        facts.name, key, issue.day, "", issue.subject, issue.summary, rows=titles[:_MOST_ROWS], brand=facts.brand
    )


def comparison_card(facts: SiteFacts, page: ComparisonPage) -> Card:
    """The lean, and both tools with mark and share."""
    sides = tuple(CardSide(side.name, side.label, side.share, side.leads) for side in page.sides)
    return Card(
        facts.name, page.category or "", page.published or "", page.title, page.lean, "", sides, brand=facts.brand
    )


def site_card(facts: SiteFacts) -> Card:
    """The publication itself, for every page that has no card of its own."""
    lead = "Two tools, side by side. A panel says ship or skip, and why."
    return Card(facts.name, "", "", "", "Which AI tool should you ship with?", lead, brand=facts.brand)


@lru_cache(maxsize=64)
def draw_card(card: Card) -> bytes:
    """A PNG of 1200 × 630 pixels."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    _top(draw, card)
    bottom = 440 if card.sides else HEIGHT - 52 - 50 * len(card.rows)
    _headline(draw, card, 118, bottom - 12)
    for place, side in enumerate(card.sides):
        _side(draw, card.brand, side, _LEFT + place * 552, bottom)
    for place, title in enumerate(card.rows):
        _row(draw, card.brand, place + 1, title, bottom + 50 * place)
    draw.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=PAPER, width=_FRAME)
    kept = BytesIO()
    picture.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _top(draw: ImageDraw.ImageDraw, card: Card) -> None:
    """The newsletter's name, and what this is, over a rule."""
    mark = fit(card.mark, SANS_BOLD, (24,), 380, 1).lines[0]
    day = f"{' · ' if mark else ''}{card.day}" if card.day else ""
    start = _RIGHT - width_of(mark, SANS_BOLD, 24) - width_of(day, SANS, 24)
    name = fit(card.newsletter, SANS_BOLD, (30, 27, 24), start - _LEFT - 32, 1)
    draw_line(draw, (_LEFT, 86), name.lines[0], SANS_BOLD, name.size, card.brand.ink)
    end = draw_line(draw, (start, 86), mark, SANS_BOLD, 24, card.brand.accent)
    draw_line(draw, (end, 86), day, SANS, 24, _QUIET)
    draw.rectangle((_LEFT, 108, _RIGHT - 1, 110), card.brand.ink)


def _headline(draw: ImageDraw.ImageDraw, card: Card, top: int, bottom: int) -> None:
    """Title, headline and lead, as large as they can be, in the middle between two heights."""
    width = _RIGHT - _LEFT
    title = fit(card.title, SANS_BOLD, (30, 27, 24), width, 1) if card.title else None
    lead = fit(card.lead, SANS, (30, 27, 24), width, 1) if card.lead else None
    face = SERIF_BOLD if card.lead else SERIF
    room = bottom - top - (56 if title else 0) - (60 if lead else 0) - 36
    for size in (92, 84, 76, 68, 60, 54, 48, 42):
        text = fit(card.headline, face, (size,), width, max(1, int(room / (size * 1.14))))
        if not text.lines[-1].endswith("…"):
            break
    step = text.size * 1.14
    height = step * len(text.lines) + (56 if title else 0) + (60 if lead else 0)
    y = top + (bottom - top - height) / 2
    if title:
        draw_line(draw, (_LEFT, y + 34), title.lines[0], SANS_BOLD, title.size, card.brand.ink)
        y += 56
    for line in text.lines:
        draw_line(draw, (_LEFT, y + text.size * 0.86), line, face, text.size, card.brand.ink)
        y += step
    if lead:
        draw_line(draw, (_LEFT, y + 42), lead.lines[0], SANS, lead.size, card.brand.ink)


def _side(draw: ImageDraw.ImageDraw, brand: Brand, side: CardSide, left: int, top: int) -> None:
    """One tool under its rule, the leader's thick."""
    draw.rectangle((left, top, left + 519, top + (8 if side.leads else 1)), brand.ink if side.leads else _LINE)
    name = fit(side.name, SANS_BOLD, (32, 29, 26, 24), 520, 1)
    draw_line(draw, (left, top + 56), name.lines[0], SANS_BOLD, name.size, brand.ink)
    if side.label:
        left = _badge(draw, side.label, left, top + 78) + 22
    if side.share is not None:
        draw_line(draw, (left, top + 121), f"{side.share}%", DIGITS, 54, brand.ink)


def _badge(draw: ImageDraw.ImageDraw, label: Label, left: int, top: int) -> int:
    """The mark of a verdict: filled, outlined with a bar, or dashed. Returns its right edge."""
    colour, word, height = _LABELS[label], label.upper(), 46
    start = left + (28 if label is Label.MIXED else 18)
    wide = sum(width_of(letter, SANS_BOLD, 24) + 2 for letter in word) - 2
    right = int(start + wide + 18)
    box = (left, top, right, top + height)
    if label is Label.SKIP:
        _dashed(draw, box, colour)
    else:
        draw.rectangle(box, colour if label is Label.SHIP else None, colour, 3)
    if label is Label.MIXED:
        draw.rectangle((left, top, left + 11, top + height), colour)
    at = float(start)
    for letter in word:
        at = draw_line(draw, (at, top + 32), letter, SANS_BOLD, 24, PAPER if label is Label.SHIP else colour) + 2
    return right


def _dashed(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], colour: str) -> None:
    left, top, right, bottom = box
    across, down = (right - left - 8) / 6, (bottom - top - 8) / 2
    for place in range(7):
        x = left + round(across * place)
        for y in (top, bottom - 2):
            draw.rectangle((x, y, x + 8, y + 2), colour)
    for place in range(3):
        y = top + round(down * place)
        for x in (left, right - 2):
            draw.rectangle((x, y, x + 2, y + 8), colour)


def _row(draw: ImageDraw.ImageDraw, brand: Brand, number: int, title: str, top: int) -> None:
    """One comparison of an issue: its number and its title over a hair line."""
    draw.rectangle((_LEFT, top, _RIGHT - 1, top + (2 if number == 1 else 0)), brand.ink if number == 1 else _LINE)
    start = draw_line(draw, (_LEFT, top + 35), f"No. {number}", SANS_BOLD, 24, brand.accent)
    shown = fit(title, SANS_BOLD, (26, 24), _RIGHT - start - 20, 1)
    draw_line(draw, (start + 20, top + 35), shown.lines[0], SANS_BOLD, shown.size, brand.ink)
