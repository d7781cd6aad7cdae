"""What an issue says, ready to print: a pure function from its content to plain values.

The mail, its text part and the issue's web page all print this. Nothing here knows of MJML or HTML. A fact that is not
known is None or an empty tuple, never a dash or an empty string.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from newsletter.comparisons.model import Label, PanelVerdict, Tool
from newsletter.errors import InputError
from newsletter.issues import IssueContent, Item, Publication
from newsletter.rendering.intro import Block, read_intro
from newsletter.rendering.links import CONTROL, web_address
from newsletter.rendering.reviews import Aside, Quote, ScoreRow, choose_quotes, score_asides, score_rows, widest_gap
from newsletter.rendering.week import VotedView, reader_votes, short_names, summary
from newsletter.rendering.words import changes, in_mail_order, lean, lean_sentence, one_line
from newsletter.selection import Section

_MOST_DOTS = 8
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class SideView:
    """One tool of a comparison."""

    slug: str
    name: str
    label: Label | None
    share: str | None
    """`75%`"""
    count: str | None
    """`3 of 4 ship`"""
    dots: str | None
    """`●●●○`, ship first, where a panel is small enough to be seen at a glance."""
    see: int | None
    """The number of the comparison that has this tool's card; then tagline, pricing and best-for are None here."""
    tagline: str | None
    pricing: str | None
    best_for: str | None
    community: str | None
    """`10 ship, 2 skip`"""
    change: str | None
    """`Ship → Skip, 14 Nov; Skeptic 72 → 48`"""
    quote: Quote | None
    leads: bool


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """One comparison, in full or in brief."""

    number: int
    title: str
    category: str | None
    sides: tuple[SideView, SideView]
    lean: str
    """A sentence."""
    rows: tuple[ScoreRow, ...]
    asides: tuple[Aside, ...]
    """Marks without a counterpart."""
    gap: str | None
    """`Founder: Kestrel +22`"""
    action: str
    """What the button says."""
    url: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """One issue."""

    newsletter: str
    key: str
    day: str
    """`16 November 2026`"""
    subject: str
    preheader: str
    summary: str
    intro: tuple[Block, ...]
    full: tuple[ComparisonView, ...]
    """Changed verdicts first."""
    briefs: tuple[ComparisonView, ...]
    voted: tuple[VotedView, ...]
    """How readers voted on the last issue's."""
    web_url: str
    site_url: str
    postal_lines: tuple[str, ...]
    about_panel: str | None


def issue_view(publication: Publication, content: IssueContent) -> IssueView:
    """Everything an issue prints. Raises InputError for a subject or an address that cannot be used."""
    ordered = in_mail_order(content.items)
    names = short_names(side.name for item in ordered for side in item.comparison.sides)
    cards: dict[str, int] = {}
    full: list[ComparisonView] = []
    briefs: list[ComparisonView] = []
    for number, item in enumerate(ordered, 1):
        if item.section is Section.BRIEF:
            briefs.append(comparison_view(number, item, names))
        else:
            full.append(comparison_view(number, item, names, cards))
            for side, shown in zip(item.comparison.sides, full[-1].sides, strict=True):
                if has_card(shown):
                    cards.setdefault(side.slug, number)
    return IssueView(
        newsletter=one_line(publication.name),
        key=content.key,
        day=day_in_words(content.day),
        subject=checked_subject(content.subject),
        preheader=one_line(content.preheader),
        summary=summary(content.items),
        intro=read_intro(content.intro),
        full=tuple(full),
        briefs=tuple(briefs),
        voted=tuple(filter(None, map(_voted, content.voted))),
        web_url=web_address(f"{publication.site_url}/issues/{content.key}"),
        site_url=web_address(publication.site_url),
        postal_lines=postal_lines(publication),
        about_panel=one_line(publication.about_panel) or None,
    )


def comparison_view(
    number: int, item: Item, names: Mapping[str, str] | None = None, cards: Mapping[str, int] | None = None
) -> ComparisonView:
    """One comparison as it is printed; `number` is its place in the issue.

    `names`: tool name → name that is short and clear within the issue. `cards`: tool slug → number of the comparison
    that has its card already.
    """
    comparison, found = item.comparison, lean(item.comparison)
    left, right = comparison.sides
    names = names if names is not None else short_names((left.name, right.name))
    changed = changes(item)
    quotes = (None, None) if item.section is Section.BRIEF else choose_quotes(comparison)  # a brief prints none
    seen = dict(cards or {})
    one = _side(left, found.side == 0, changed.get(left.slug), quotes[0], seen.get(left.slug))
    if has_card(one):
        seen.setdefault(left.slug, number)  # a tool may stand against itself, in two versions
    other = _side(right, found.side == 1, changed.get(right.slug), quotes[1], seen.get(right.slug))
    sides = (one, other)
    rows = score_rows(comparison, names)
    return ComparisonView(
        number=number,
        title=f"{sides[0].name} vs {sides[1].name}",
        category=_known(comparison.category),
        sides=sides,
        lean=lean_sentence(comparison),
        rows=rows,
        asides=score_asides(comparison),
        gap=widest_gap(rows),
        action=f"Compare {sides[0].name} and {sides[1].name}",
        url=web_address(item.url),
    )


def has_card(side: SideView) -> bool:
    """Whether anything of a tool is printed that its name and its panel do not say."""
    return bool(side.tagline or side.pricing or side.best_for)


def paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a plain text; a blank line starts one."""
    return tuple(filter(None, map(one_line, re.split(r"\n\s*\n", text.replace("\r\n", "\n")))))


def day_in_words(day: date) -> str:
    """`16 November 2026`"""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def postal_lines(publication: Publication) -> tuple[str, ...]:
    """The postal address, line by line."""
    return tuple(filter(None, map(one_line, publication.postal_address.splitlines())))


def checked_subject(subject: str) -> str:
    """`subject`, if a header can hold it (RFC 5322). Raises InputError where it is empty or has control characters."""
    if not subject.strip():
        raise InputError("The subject is empty.", next_step="Give the issue a subject.")
    if CONTROL.search(subject):
        raise InputError("The subject holds a line break or another control character.", next_step="Write it anew.")
    return subject


def _side(side: Tool, leads: bool, change: str | None, quote: Quote | None, see: int | None) -> SideView:
    panel, votes = side.panel, side.community
    tagline, best_for = _known(side.tagline), _known(side.best_for)
    return SideView(
        slug=side.slug,
        name=one_line(side.name),
        label=panel.label if panel else None,
        share=None if panel is None or panel.share is None else f"{panel.share}%",
        count=_count(panel),
        dots=_dots(panel),
        see=see,
        tagline=None if see else tagline,
        pricing=None if see else _pricing(side),
        best_for=None if see or best_for == tagline else best_for,
        community=f"{votes.ship} ship, {votes.skip} skip" if votes and votes.ship + votes.skip else None,
        change=change,
        quote=quote,
        leads=leads,
    )


def _voted(item: Item) -> VotedView | None:
    lines = reader_votes(item.comparison)
    return VotedView(one_line(item.comparison.title), web_address(item.url), lines) if lines else None


def _dots(panel: PanelVerdict | None) -> str | None:
    if panel is None or panel.ship is None or panel.skip is None or not 1 < panel.ship + panel.skip <= _MOST_DOTS:
        return None
    return "●" * panel.ship + "○" * panel.skip


def _known(text: str | None) -> str | None:
    return one_line(text) or None if text else None


def _count(panel: PanelVerdict | None) -> str | None:
    if panel is None or panel.ship is None or panel.skip is None:
        return None
    return f"{panel.ship} of {panel.ship + panel.skip} ship"


def _pricing(side: Tool) -> str | None:
    """Entry and detail; one of them where it says the other."""
    entry, detail = (_known(side.pricing.entry), _known(side.pricing.detail)) if side.pricing else (None, None)
    if entry and detail:
        return detail if detail.casefold().startswith(entry.casefold()) else f"{entry} · {detail}"
    return entry or detail
