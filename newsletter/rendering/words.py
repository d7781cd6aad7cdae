"""Sentences made from facts: the lean of a comparison, the summary of an issue, a first subject and preheader.

Every sentence says only what the comparisons hold. The operator may change subject and preheader afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.comparisons.model import Comparison, Label, Tool
from newsletter.errors import InputError
from newsletter.issues import Item
from newsletter.selection import Section

SUBJECT_LIMIT = 60
"""Characters; the first 40 decide on a phone."""
PREHEADER_LIMITS = (40, 110)
"""Characters: below, the client fills up with whatever comes next; above, it is cut."""
SCORE_GAP = 3
"""Points between two mean scores from which the panel leans."""

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
CONTROLS = dict.fromkeys(
    [
        *range(32),
        *range(127, 160),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
        0xFFFE,
        0xFFFF,
    ],
    " ",
)
"""For str.translate: control characters, direction overrides, and code points that no mail can hold become spaces."""
_RANK = {Label.SKIP: 0, Label.MIXED: 1, Label.SHIP: 2}


def one_line(text: str) -> str:
    """`text` without control and direction-override characters, its white space collapsed."""
    return " ".join(text.translate(CONTROLS).split())


def shorten(text: str, limit: int) -> str:
    """`text` cut at a word with `…`, at most `limit` characters; within a word where the first is too long."""
    if len(text) <= limit:
        return text
    room = text[:limit]  # one character too many, so that a word that just fits is not lost
    cut = room.rfind(" ")
    head = room[:cut] if cut > limit // 3 else room[: limit - 1]
    while head and unicodedata.combining(text[len(head)]):
        head = head[:-1]
    return head.rstrip(" ,;:–-(") + "…"


@dataclass(frozen=True, slots=True)
class Lean:
    """What a comparison comes to. `side` is 0 (left), 1 (right), or None where neither leads."""

    side: int | None
    evidence: str
    """`4–0 against 3–1`, the leader's first; or what both share, `both 100%`."""


def lean(comparison: Comparison) -> Lean | None:
    """The side with the higher share, else with a mean score 3 or more points higher, else neither.

    None where too little is known to say even that. Where only labels are known they stand for the share.
    """
    left, right = comparison.sides
    shared = ""
    if left.panel and right.panel:
        if left.panel.share is not None and right.panel.share is not None:
            ahead, shared = left.panel.share - right.panel.share, f"both {left.panel.share}%"
        else:
            ahead, shared = _RANK[left.panel.label] - _RANK[right.panel.label], f"both {left.panel.label}"
        if ahead:
            return Lean(int(ahead < 0), " against ".join(_results(*(comparison.sides[:: 1 if ahead > 0 else -1]))))
    if left.mean_score is not None and right.mean_score is not None:
        high, low = sorted((left.mean_score, right.mean_score), reverse=True)
        if high - low >= SCORE_GAP:
            return Lean(int(low == left.mean_score), f"mean score {_half_up(high)} against {_half_up(low)}")
        shared = shared or f"mean scores within {SCORE_GAP} points"
    return Lean(None, shared) if shared else None


def lean_sentence(comparison: Comparison) -> str | None:
    """`The panel leans Kestrel: 4–0 against 3–1.`, `No lean: both 100%.`, or None where nothing can be said."""
    found = lean(comparison)
    if found is None:
        return None
    if found.side is None:
        return f"No lean: {found.evidence}. Choose by job."
    return f"The panel leans {_name(comparison.sides[found.side])}: {found.evidence}."


def changes(item: Item) -> dict[str, str]:
    """Tool slug → `was Ship, now Skip`, for each side whose label changed since it was last sent."""
    found = {}
    for slug, old in item.before:
        new = item.comparison.labels.get(slug)
        if new != old and any(side.slug == slug for side in item.comparison.sides):
            found[slug] = f"was {one_line(old)}, now {new or 'without a verdict'}"
    return found


def in_mail_order(items: Iterable[Item]) -> list[Item]:
    """Changed verdicts first, then those in full, then those in brief; within each as the operator put them."""
    order = list(Section)
    return sorted(items, key=lambda item: order.index(item.section))


def summary(items: Sequence[Item]) -> str:
    """`Nine tools: five Ship, one Mixed, two Skip, one without a verdict.` A tool counts once, by its slug."""
    found: dict[str, set[Label]] = {}
    for side in (side for item in items for side in item.comparison.sides):
        found.setdefault(side.slug, set()).update([side.panel.label] if side.panel else [])
    counts = {str(label): sum(labels == {label} for labels in found.values()) for label in Label}
    counts["judged both ways"] = sum(len(labels) > 1 for labels in found.values())
    unjudged = sum(not labels for labels in found.values())
    if unjudged and unjudged < len(found):
        counts["without a verdict"] = unjudged
    words = len(found) < len(_NUMBERS)  # one form in one sentence: with thirteen tools all are digits
    parts = [f"{_NUMBERS[count].lower() if words else count} {name}" for name, count in counts.items() if count]
    tools = f"{_NUMBERS[len(found)] if words else len(found)} tool{'s' if len(found) != 1 else ''}"
    return f"{tools}{': ' if parts else ''}{', '.join(parts)}."


def propose_subject(items: Sequence[Item]) -> str:
    """A subject of at most 60 characters, tool names first. Raises InputError where there are no items."""
    ordered = in_mail_order(_some(items))
    first, more = ordered[0], len(ordered) - 1
    rest = f", and {more} more verdict{'s' if more > 1 else ''}" if more else ""
    changed = changes(first)
    options = [f"{_name(side)}: {changed[side.slug]}{rest}" for side in first.comparison.sides if side.slug in changed]
    found = lean(first.comparison)
    if not more and found and found.side is not None:
        options.append(f"{_title(first)}: the panel leans {_name(first.comparison.sides[found.side])}")
    options.append(_title(first) + rest)
    for option in options:
        if len(option) <= SUBJECT_LIMIT:
            return option
    room = SUBJECT_LIMIT - len(rest) - len(" vs ")
    left, right = map(_name, first.comparison.sides)
    half = room // 2
    left, right = shorten(left, max(half, room - len(right))), shorten(right, max(half, room - len(left)))
    return f"{left} vs {right}{rest}"


def propose_preheader(items: Sequence[Item]) -> str:
    """A second fact, of 40–110 characters. Raises InputError where there are no items."""
    least, most = PREHEADER_LIMITS
    chosen = ""
    for fact in _facts(in_mail_order(_some(items))):
        longer = f"{chosen} {fact}".strip()
        if len(longer) <= most:
            chosen = longer
        if len(chosen) >= least:
            return chosen
    return f"{chosen} Both sides, side by side, on one page.".strip()


def _facts(ordered: Sequence[Item]) -> Iterator[str]:
    """Facts that the subject does not hold, the strongest first."""
    first, later = ordered[0], ordered[1:]
    said = ((item, lean(item.comparison), lean_sentence(item.comparison)) for item in later)
    for item, found, sentence in said:
        if found and sentence:
            yield f"No lean in {_title(item)}." if found.side is None else sentence
            break
    yield summary(ordered)
    if later:
        yield f"Also {_title(later[0])}."
    elif first.comparison.category:
        yield f"One comparison in {one_line(first.comparison.category)}."


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, verbatim but for white space. `e.g. That` and `Inc. This` are no ends."""
    marked = _SENTENCE_END.sub(lambda found: f"{found[0].rstrip()}\n", one_line(text))
    return [sentence.strip() for sentence in marked.split("\n") if sentence.strip()]


_SENTENCE_END = re.compile(
    r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bDr\.)(?<!\bInc\.)(?<!\bcf\.)"
    r"((?<=[.!?])[\"'”’)\]]*)\s+(?=[\"'“‘(\[]*(?:[^\W_a-zß-öø-ÿ]|`))|((?<=[。！？])[」』”]*)(?=\S)"
)


def _some(items: Sequence[Item]) -> Sequence[Item]:
    if not items:
        raise InputError("This issue holds no comparison.", next_step="Add one, or skip the slot.")
    return items


def _title(item: Item) -> str:
    return one_line(item.comparison.title)


def _name(side: Tool) -> str:
    return one_line(side.name)


def _results(*sides: Tool) -> tuple[str, ...]:
    """What the panel says of each side, in the most telling form that all have."""
    panels = [side.panel for side in sides if side.panel]
    tallies = tuple(panel.tally for panel in panels if panel.tally)
    if len(tallies) == len(sides):
        return tallies
    if all(panel.share is not None for panel in panels):
        return tuple(f"{panel.share}%" for panel in panels)
    return tuple(panel.label for panel in panels)


def _half_up(value: float) -> int:
    return int(value + 0.5)
