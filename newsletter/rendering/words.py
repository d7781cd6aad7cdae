"""Sentences made from facts about one comparison: the lean, and what changed. docs/words.md has every rule.

Every sentence says only what the comparisons hold. proposals.py has subject and preheader, week.py the whole issue.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.comparisons.model import Comparison, Label, Tool
from newsletter.issues import Item
from newsletter.selection import Section

SUBJECT_LIMIT = 60
"""Characters; the first 40 decide on a phone."""
SUBJECT_LEAST = 30
"""Characters of a subject that we propose."""
PREHEADER_LIMITS = (40, 110)
"""Characters: below, the client fills up with whatever comes next; above, it is cut."""
SCORE_GAP = 3
"""Points between two mean scores from which the panel leans."""

_MONTHS = ("Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MOST_IN_WORDS = len(_NUMBERS) - 1
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
    """`text` without control and direction-override characters, its white space collapsed.

    Text that ends right to left gets a left-to-right mark, so that a colon or a number after it stays after it.
    """
    line = " ".join(text.translate(CONTROLS).split())
    return f"{line}\u200e" if not line.isascii() and right_to_left(line[::-1]) else line


def right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs right to left."""
    return next((kind != "L" for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), False)


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


def in_words(count: int) -> str:
    """`three`; from thirteen on in digits."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def capital(text: str) -> str:
    """`text` with its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Lean:
    """What a comparison comes to. `side` is 0 (left), 1 (right), or None where neither leads."""

    side: int | None
    evidence: str
    """`4–0 against 3–1`, the leader's first; or what both share, `both 100%`; empty where neither side is judged."""


def lean(comparison: Comparison) -> Lean:
    """The side with the higher share; on a tie the one whose mean score is 3 or more points higher; else neither.

    Where a share is unknown the labels stand for it; without labels, scores alone decide.
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
            evidence = f"mean score {_half_up(high)} against {_half_up(low)}"
            return Lean(int(low == left.mean_score), f"{shared}, {evidence}" if shared else evidence)
        shared = shared or f"mean scores within {SCORE_GAP} points"
    judged = [side for side in comparison.sides if side.panel or side.mean_score is not None]
    return Lean(None, shared or (f"only {one_line(judged[0].name)} is judged" if len(judged) == 1 else ""))


def lean_sentence(comparison: Comparison) -> str:
    """`Panel leans Kestrel: 4–0 against 3–1.`, `No lean: both 100%. Choose by job.` or `No lean: choose by job.`"""
    found = lean(comparison)
    if found.side is not None:
        return f"Panel leans {one_line(comparison.sides[found.side].name)}: {found.evidence}."
    return f"No lean: {found.evidence}. Choose by job." if found.evidence else "No lean: choose by job."


def changes(item: Item) -> dict[str, str]:
    """Tool slug → `Ship → Skip, 14 Nov; Skeptic 72 → 48`, for each side whose label changed since it was last sent.

    The day and the one score that moved farthest stand there where they are known.
    """
    found = {}
    for slug, old in item.before:
        side = next((side for side in item.comparison.sides if side.slug == slug), None)
        new = item.comparison.labels.get(slug)
        if side and new != old:
            day = f", {item.changed_on.day} {_MONTHS[item.changed_on.month - 1]}" if item.changed_on else ""
            moved = _moved(item, side)
            found[slug] = f"{one_line(old)} → {new or 'no verdict'}{day}{f'; {moved}' if moved else ''}"
    return found


def _moved(item: Item, side: Tool) -> str:
    now = {review.reviewer: review.score for review in side.reviews if review.reviewer and review.score is not None}
    moves = [
        (abs(now[reviewer] - score), f"{one_line(reviewer)} {score} → {now[reviewer]}")
        for slug, reviewer, score in item.before_scores
        if slug == side.slug and reviewer in now and now[reviewer] != score
    ]
    return max(moves, key=lambda move: move[0])[1] if moves else ""


def in_mail_order(items: Iterable[Item]) -> list[Item]:
    """Changed verdicts first, then those in full, then those in brief; within each as the operator put them."""
    order = list(Section)
    return sorted(items, key=lambda item: order.index(item.section))


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, verbatim but for white space. `e.g. That` and `Inc. This` are no ends."""
    marked = _SENTENCE_END.sub(lambda found: f"{found[0].rstrip()}\n", one_line(text))
    return [sentence.strip() for sentence in marked.split("\n") if sentence.strip()]


_SENTENCE_END = re.compile(
    r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bDr\.)(?<!\bInc\.)(?<!\bcf\.)"
    r"((?<=[.!?])[\"'”’)\]]*)\s+(?=[\"'“‘(\[]*(?:[^\W_a-zß-öø-ÿ]|`))|((?<=[。！？])[」』”]*)\s*(?=\S)"
)


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
