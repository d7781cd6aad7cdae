"""Which comparisons make this week's issue, in which order, and why: one pure function, choose_week().

Ranking, in this order (docs/how-the-choice-is-made.md says the same for operators):

1. changed verdicts first;
2. heat, 0–200: how split the more split of the two panels is (0 unanimous, 100 half and half), plus how far apart the
   two tools are (mean scores, one point of score counting four and 100 at most; shares where scores are missing);
3. the newer one;
4. the slug, so that there is always one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.comparisons.model import Comparison


class Section(StrEnum):
    """Where in the mail a comparison stands."""

    CHANGED = "changed"
    FULL = "full"
    BRIEF = "brief"


@dataclass(frozen=True, slots=True)
class Rules:
    """How many, and how long a comparison may wait. `cap_per_category` None: no cap."""

    full: int = 5
    brief: int = 10
    minimum: int = 3
    cap_per_category: int | None = None
    wait_issues: int = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A comparison that could go into the issue.

    `seen_at`: aware UTC, when it was published, else first seen. `waited`: issues sent since then without it.
    `sent_labels`: tool slug → label as it was last sent, or None where it never was.
    """

    comparison: Comparison
    seen_at: datetime
    waited: int = 0
    sent_labels: tuple[tuple[str, str], ...] | None = None

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """(tool name, label when last sent, label now) for every verdict that changed since."""
        if self.sent_labels is None:
            return []
        now = self.comparison.labels
        names = {side.slug: side.name for side in self.comparison.sides}
        return [
            (names[slug], before, now[slug]) for slug, before in self.sent_labels if slug in now and now[slug] != before
        ]


class Outcome(StrEnum):
    """In the issue, waiting for a later one, or never a candidate again."""

    IN = "in"
    WAITING = "waiting"
    EXPIRED = "expired"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate, in or out, and the reason as one sentence for the operator."""

    candidate: Candidate
    outcome: Outcome
    section: Section | None
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Every candidate in the order of the ranking. `skip_reason` is set where the week has too little to send."""

    choices: tuple[Choice, ...]
    skip_reason: str = ""

    @property
    def chosen(self) -> tuple[Choice, ...]:
        """Those that are in, in the order of the mail."""
        return tuple(choice for choice in self.choices if choice.outcome is Outcome.IN)


def split_of(comparison: Comparison) -> int:
    """0 where both panels are unanimous (or their shares unknown), 100 where one of them is half and half."""
    return max((2 * min(share, 100 - share) for share in _shares(comparison)), default=0)


def gap_of(comparison: Comparison) -> float:
    """How far apart the two tools are, 0–100: mean scores (a point counts four), else shares, else 0."""
    left, right = comparison.left.mean_score, comparison.right.mean_score
    if left is not None and right is not None:
        return min(100.0, 4 * abs(left - right))
    shares = _shares(comparison)
    return float(abs(shares[0] - shares[1])) if len(shares) == 2 else 0.0


def heat_of(comparison: Comparison) -> float:
    """split_of() plus gap_of(), 0–200."""
    return split_of(comparison) + gap_of(comparison)


def choose_week(candidates: Sequence[Candidate], rules: Rules) -> Selection:
    """Choose. The same candidates in any order give the same selection; every one of them is in it once."""
    ranked = sorted(candidates, key=_rank)
    fresh = [candidate for candidate in ranked if _is_fresh(candidate, rules)]
    if len(fresh) < rules.minimum:
        return _skipped(ranked, rules, f"{_found(len(fresh))} to send, and the minimum is {rules.minimum}.")

    per_category: Counter[str] = Counter()
    full = brief = 0
    choices = []
    for candidate in ranked:
        category = candidate.comparison.category or ""
        capped = rules.cap_per_category is not None and category and per_category[category] >= rules.cap_per_category
        section = None
        if not _is_fresh(candidate, rules):
            choices.append(_out(candidate, rules, ""))
            continue
        if capped:
            choices.append(_out(candidate, rules, f"the cap of {rules.cap_per_category} for {category} is reached"))
            continue
        if full < rules.full:
            full += 1
            section = Section.CHANGED if candidate.changes else Section.FULL
        elif brief < rules.brief:
            brief += 1
            section = Section.BRIEF
        if section is None:
            choices.append(_out(candidate, rules, f"{full + brief} rank higher and the issue is full"))
            continue
        per_category[category] += 1
        choices.append(Choice(candidate, Outcome.IN, section, _why_in(candidate, section, full + brief)))
    if full + brief < min(rules.minimum, rules.full + rules.brief):
        cap = f"the cap of {rules.cap_per_category} for each category leaves {full + brief}"
        return _skipped(ranked, rules, f"{_found(len(fresh))} to send, {cap}, and the minimum is {rules.minimum}.")
    return Selection(tuple(choices))


def _skipped(ranked: Sequence[Candidate], rules: Rules, why: str) -> Selection:
    return Selection(tuple(_out(candidate, rules, "the week is skipped") for candidate in ranked), why)


def _found(count: int) -> str:
    return {0: "There is nothing", 1: "There is one comparison"}.get(count, f"There are {count} comparisons")


def _is_fresh(candidate: Candidate, rules: Rules) -> bool:
    if candidate.sent_labels is not None:
        return bool(candidate.changes)
    return candidate.waited <= rules.wait_issues


def _rank(candidate: Candidate) -> tuple[bool, float, float, str]:
    comparison = candidate.comparison
    return (not candidate.changes, -heat_of(comparison), -candidate.seen_at.timestamp(), comparison.slug)


def _shares(comparison: Comparison) -> list[int]:
    return [side.panel.share for side in comparison.sides if side.panel and side.panel.share is not None]


def _why_in(candidate: Candidate, section: Section, place: int) -> str:
    if candidate.changes:
        facts = "; ".join(f"{name} went from {before} to {now}" for name, before, now in candidate.changes)
        return f"In as changed verdict, place {place}: {facts} since it was last sent."
    where = "in full" if section is Section.FULL else "in brief"
    waited = f"; waited {_issues(candidate.waited)}" if candidate.waited else ""
    return f"In, {where}, place {place}: {_facts(candidate.comparison)}{waited}."


def _facts(comparison: Comparison) -> str:
    facts = []
    panels = [
        (side.name, side.panel, side.panel.share)
        for side in comparison.sides
        if side.panel and side.panel.share is not None
    ]
    if split := split_of(comparison):
        name, panel = max(panels, key=lambda item: min(item[2], 100 - item[2]))[:2]
        facts.append(f"the panel is split on {name} ({panel.tally or f'{panel.share} %'})")
    left, right = comparison.left.mean_score, comparison.right.mean_score
    if left is not None and right is not None:
        facts.append(f"mean scores are {abs(left - right):.0f} apart")
    elif len(panels) == 2:
        facts.append(f"shares are {gap_of(comparison):.0f} points apart, scores are missing")
    if not facts:
        facts.append("no scores and no shares, so it ranks by date alone")
    return f"{', '.join(facts)} (heat {split + gap_of(comparison):.0f} of 200)"


def _out(candidate: Candidate, rules: Rules, because: str) -> Choice:
    if candidate.sent_labels is not None and not candidate.changes:
        return Choice(candidate, Outcome.SENT, None, "Out: it was sent before and its verdicts are the same.")
    if not _is_fresh(candidate, rules):
        return Choice(
            candidate, Outcome.EXPIRED, None, f"Out for good: it waited {_issues(rules.wait_issues)} without a place."
        )
    left = rules.wait_issues - candidate.waited
    if candidate.changes:
        rest = "it waits for the next issue"
    elif left <= 0:
        rest = "this was its last chance, it expires now"
    elif left == 1:
        rest = "the next issue is its last chance"
    else:
        rest = f"it may wait for {_issues(left)} more"
    return Choice(candidate, Outcome.WAITING, None, f"Out this week: {because}; {rest}.")


def _issues(count: int) -> str:
    return "one issue" if count == 1 else f"{count} issues"
