"""Subject and preheader, proposed from the sharpest facts of a week. docs/words.md has every rule.

Each fact is written down with the claims it makes, so that the preheader can be a second fact and not the same again.
No name is ever cut: a line that is too long with a whole name takes the short one, and else another line is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.comparisons.model import Label, PanelVerdict, Tool, Verdict
from newsletter.errors import InputError
from newsletter.issues import Item
from newsletter.rendering.reviews import lone_dissenter, score_rows
from newsletter.rendering.week import short_names, tally, the
from newsletter.rendering.words import (
    PREHEADER_LIMITS,
    SUBJECT_LEAST,
    SUBJECT_LIMIT,
    capital,
    changes,
    in_mail_order,
    in_words,
    lean,
    lean_sentence,
    one_line,
)
from newsletter.selection import Section

TOOL_WITHIN = 20
"""Characters of a subject within which its tool is named."""
FACT_WITHIN = 40
"""Characters of a subject within which its fact is told, where the name leaves the room."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to announce an issue: 30–60 and 40–110 characters."""

    subject: str
    preheader: str
    fact: str
    """What it rests on: `lone dissenter on Gemma 3n: the Founder, 52`."""


@dataclass(frozen=True, slots=True)
class _Fact:
    kind: int
    """Its rank: 0 is the sharpest."""
    told: str
    """What it rests on."""
    subjects: tuple[str, ...]
    """Ways to say it, the best first."""
    claims: frozenset[tuple[str, ...]]
    more: tuple[tuple[str, frozenset[tuple[str, ...]]], ...] = ()
    """Sentences that may follow it alone, because they lean on its subject."""


_Claims = frozenset[tuple[str, ...]]


def propose(items: Sequence[Item], count: int = 3) -> list[Proposal]:
    """`count` (at most 3) ways to announce these items, the sharpest fact first, each of another kind where there is
    one. Raises InputError where there are no items.
    """
    if not items:
        raise InputError("This issue holds no comparison.", next_step="Add one, or skip the slot.")
    ordered = in_mail_order(items)
    names = short_names(side.name for item in ordered for side in item.comparison.sides)
    weighed = [item for item in ordered if item.section is not Section.BRIEF] or ordered
    facts = sorted((fact for item in weighed for fact in _facts(item, names)), key=lambda fact: fact.kind)
    firsts = [fact for place, fact in enumerate(facts) if all(fact.kind != one.kind for one in facts[:place])]
    rest = [fact for fact in facts if fact not in firsts]
    found: dict[str, Proposal] = {}
    for fact in (*firsts, *rest, *_questions(ordered)):
        subject = _fitting(fact.subjects, len(ordered) - 1)
        if subject and subject not in found:
            found[subject] = Proposal(subject, _preheader(fact, subject, ordered, names), fact.told)
        if len(found) == count:
            break
    return list(found.values())


def propose_subject(items: Sequence[Item]) -> str:
    """The best subject. Raises InputError where there are no items."""
    return propose(items, 1)[0].subject


def propose_preheader(items: Sequence[Item]) -> str:
    """The preheader that goes with it. Raises InputError where there are no items."""
    return propose(items, 1)[0].preheader


def _fitting(subjects: Iterable[str], others: int) -> str | None:
    """The first that tells its fact within 40 characters, else within 60; a short one says how many more there are."""
    for limit in (FACT_WITHIN, SUBJECT_LIMIT):
        for subject in subjects:
            if len(subject) > limit:
                continue
            longer = f"{subject}, and {others} more verdict{'s' if others > 1 else ''}" if others > 0 else subject
            for option in (subject, longer):
                if SUBJECT_LEAST <= len(option) <= SUBJECT_LIMIT:
                    return option
    return None


def _facts(item: Item, names: dict[str, str]) -> Iterator[_Fact]:
    """What is sharp about one comparison."""
    changed = changes(item)
    for side in item.comparison.sides:
        called = [name for name in dict.fromkeys((_name(side), names[_name(side)])) if len(name) <= TOOL_WITHIN]
        if side.slug in changed:
            old, _, new = changed[side.slug].partition(",")[0].partition(";")[0].partition(" → ")
            said = tuple(f"{name} flips from {old} to {new}" for name in called)
            yield _Fact(0, f"flip: {_name(side)}, {changed[side.slug]}", said, _of("label", side))
        yield from _panel_facts(side, called)
    yield from _pair_facts(item, names)


def _panel_facts(side: Tool, called: list[str]) -> Iterator[_Fact]:
    """A lone dissenter, a split panel, one that skips with one voice."""
    panel = side.panel
    if panel is None or panel.ship is None or panel.skip is None or panel.ship + panel.skip < 2:
        return
    dissenter = lone_dissenter(side)
    claims = _of("tally", side) | _of("label", side)
    said = tuple(f"{name}: {_voices(panel)}" for name in called)
    if dissenter:
        who, score = the(dissenter.reviewer or ""), dissenter.score
        mark = f", {score}" if score is not None else ""
        more = ((f"{capital(who)} gives it {score}.", _of("dissent", side)),) if score is not None else ()
        yield _Fact(1, f"lone dissenter on {_name(side)}: {who}{mark}", said, claims, more)
    elif panel.label is Label.MIXED:
        yield _Fact(2, f"split panel on {_name(side)}: {panel.tally}", said, claims)
    elif panel.ship == 0:
        yield _Fact(4, f"landslide against {_name(side)}: {panel.tally}", said, claims)


def _pair_facts(item: Item, names: dict[str, str]) -> Iterator[_Fact]:
    """A landslide, a reviewer with opposed verdicts, a lean, or none."""
    sides, found = item.comparison.sides, lean(item.comparison)
    claims = frozenset().union(*(_of(what, side) for side in sides for what in ("tally", "label")))
    pairs = list(_pairs(item, names))
    if found.side is None:
        if found.evidence:
            said = tuple(f"{one} vs {other}: no lean, {found.evidence}" for one, other in pairs)
            yield _Fact(7, f"no lean between {_title(item)}: {found.evidence}", said, claims)
        return
    ahead, behind = sides[found.side], sides[1 - found.side]
    ordered = [pair[:: 1 if found.side == 0 else -1] for pair in pairs]
    said = tuple(f"{one} leads {other}, {found.evidence}" for one, other in ordered)
    kind = 3 if ahead.panel and behind.panel and _apart(ahead.panel, behind.panel) >= 50 else 6
    yield _Fact(kind, f"{'landslide' if kind == 3 else 'lean'}: {_name(ahead)}, {found.evidence}", said, claims)
    for row in score_rows(item.comparison, names):
        if row.split:
            shipped = int(row.cells[0].verdict is not Verdict.SHIP)
            who = capital(the(row.reviewer))
            turned = [pair[:: 1 if shipped == 0 else -1] for pair in pairs]
            said = tuple(f"{one} or {other}: {the(row.reviewer)} splits" for one, other in turned)
            yield _Fact(5, f"{who} ships {_name(sides[shipped])}, skips {_name(sides[1 - shipped])}", said, frozenset())


def _questions(ordered: Sequence[Item]) -> Iterator[_Fact]:
    """What can be said where nothing is known, or no name fits."""
    names = short_names(side.name for item in ordered for side in item.comparison.sides)
    item = ordered[0]
    claims = frozenset({("title", item.comparison.slug)})
    for ask in ("{} vs {}: which one should you ship?", "{} or {}? Compared side by side", "{} vs {}, side by side"):
        yield _Fact(8, f"the pair: {_title(item)}", tuple(ask.format(*pair) for pair in _pairs(item, names)), claims)
    number = f"{capital(in_words(len(ordered)))} comparison{'s' if len(ordered) > 1 else ''}"
    for ask in ("which tool should you ship with?", "what to ship, what to skip", "ship or skip, side by side"):
        yield _Fact(9, "how many comparisons there are", (f"{number}: {ask}",), frozenset())


def _pairs(item: Item, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Both names, whole and then short, where the first is not too long for a subject."""
    one, other = map(_name, item.comparison.sides)
    for pair in dict.fromkeys(((one, other), (names[one], other), (one, names[other]), (names[one], names[other]))):
        if len(pair[0]) <= TOOL_WITHIN and len(pair[1]) <= TOOL_WITHIN * 2:
            yield pair


def _preheader(fact: _Fact, subject: str, ordered: Sequence[Item], names: dict[str, str]) -> str:
    """Second facts until there are 40 characters; none that the subject claims, and never above 110."""
    least, most = PREHEADER_LIMITS
    chosen, claimed = "", set(fact.claims)
    for sentence, claims in (*fact.more, *_seconds(ordered, names)):
        longer = f"{chosen} {sentence}".strip()
        if claimed & claims or len(longer) > most or _clauses(sentence) & _clauses(subject):
            continue
        chosen, claimed = longer, claimed | claims
        if len(chosen) >= least:
            return chosen
    return f"{chosen} Everything we know of both tools, on one page.".strip()


def _clauses(text: str) -> set[str]:
    return set(re.split(r"[.,:;?] ?", text)) - {""}


def _seconds(ordered: Sequence[Item], names: dict[str, str]) -> Iterator[tuple[str, _Claims]]:
    """Sentences with their claims, the sharpest first."""
    for item in ordered:
        found, sides = lean(item.comparison), item.comparison.sides
        both = frozenset().union(*(_of(what, side) for side in sides for what in ("tally", "label")))
        if found.evidence:
            yield lean_sentence(item.comparison).removesuffix(" Choose by job."), both
        for side in sides:
            if side.panel and side.panel.tally:
                yield f"{_name(side)} goes {side.panel.tally}.", _of("tally", side)
    yield f"{tally(ordered)}.", frozenset({("summary",)})
    for item in ordered[1:]:
        yield f"Also {_title(item)}.", frozenset({("also",), ("title", item.comparison.slug)})
    if len(ordered) == 1 and ordered[0].comparison.category:
        yield f"One comparison in {one_line(ordered[0].comparison.category)}.", frozenset({("category",)})


def _voices(panel: PanelVerdict) -> str:
    """`three say ship, one says skip`, `all four say skip`."""
    ship, skip = panel.ship or 0, panel.skip or 0
    if not (ship and skip):
        number = "both" if ship + skip == 2 else f"all {in_words(ship + skip)}"
        return f"{number} say {'ship' if ship else 'skip'}"
    parts = ((ship, "ship"), (skip, "skip"))
    return ", ".join(f"{in_words(count)} {'says' if count == 1 else 'say'} {verdict}" for count, verdict in parts)


def _apart(one: PanelVerdict, other: PanelVerdict) -> int:
    return abs((one.share or 0) - (other.share or 0)) if one.share is not None and other.share is not None else 0


def _of(what: str, side: Tool) -> _Claims:
    return frozenset({(what, side.slug)})


def _name(side: Tool) -> str:
    return one_line(side.name)


def _title(item: Item) -> str:
    return f"{_name(item.comparison.left)} vs {_name(item.comparison.right)}"
