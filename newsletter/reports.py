"""What became of an issue, in numbers that sum up, each beside the median of the issues before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from newsletter.issues import Issue

SILENCE = timedelta(hours=72)
"""After so long without a report an accepted mail counts as "no report"; that is silence, not failure."""

_REPORTED = ("delivered", "hard_bounce", "soft_bounce", "complaint")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an issue beside the counts of its statuses."""

    outcomes: Mapping[str, int]
    """Event → deliveries it stands for."""
    heard: int
    """Accepted deliveries that some event stands for."""
    left: int
    """Who unsubscribed by one of its links, and did not come back."""
    ship: int
    """Votes cast in its mails, as they stand."""
    skip: int


NOTHING = Kept({}, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and its share of the recipients in per cent; both None where nobody can say (yet)."""

    name: str
    count: int | None
    share: float | None
    median: float | None
    """Of the shares of the issues before; None where there is none that knows."""


@dataclass(frozen=True, slots=True)
class IssueReport:
    """One issue's numbers. `outcomes`: event → deliveries it stands for; `no_report`: accepted, and silent since."""

    key: str
    status: str
    reason: str
    counts: Mapping[str, int]
    sums_up: bool
    """The seven statuses sum to `frozen`."""
    outcomes: Mapping[str, int]
    no_report: int | None
    """None until 72 hours have passed since it was sent."""
    seconds: float | None
    """From freeze to the last settled delivery."""
    figures: tuple[Figure, ...]
    missed: tuple[Mapping[str, str | None], ...]
    """Who did not get it, and why; the first hundred."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report_on(
    issue: Issue,
    kept: Kept,
    missed: Sequence[Mapping[str, str | None]],
    now: datetime,
    before: Sequence[tuple[Issue, Kept]] = (),
) -> IssueReport:
    """The report as of `now`. `before`: the issues that the medians are of."""
    counts = asdict(issue.counts)
    parts = sum(count for name, count in counts.items() if name != "frozen")
    seconds = None
    if issue.frozen_at and issue.finished_at:
        seconds = (issue.finished_at - issue.frozen_at).total_seconds()
    numbers = _numbers(issue, kept, now)
    others = [{name: _share(one, count) for name, count in _numbers(one, its, now).items()} for one, its in before]
    figures = []
    for name, count in numbers.items():
        known = [share for other in others if (share := other[name]) is not None]
        figures.append(Figure(name, count, _share(issue, count), round(median(known), 2) if known else None))
    return IssueReport(
        issue.key,
        str(issue.status),
        issue.reason,
        counts,
        parts == issue.counts.frozen,
        {name: count for name, count in kept.outcomes.items() if count},
        numbers["no_report"],
        seconds,
        tuple(figures),
        tuple(missed[:100]),
    )


def _numbers(issue: Issue, kept: Kept, now: datetime) -> dict[str, int | None]:
    """Name → number. Where not one report came of an issue, nobody can say what mailboxes did with it."""
    counts = issue.counts
    told = bool(sum(kept.outcomes.values())) or not counts.accepted
    silent = issue.finished_at is not None and now - issue.finished_at >= SILENCE
    return {
        "accepted": counts.accepted,
        **{name: kept.outcomes.get(name, 0) if told else None for name in _REPORTED},
        "no_report": counts.accepted - kept.heard if silent else None,
        "unsubscribed": kept.left,
        "ship_votes": kept.ship,
        "skip_votes": kept.skip,
        "rejected": counts.rejected,
        "suppressed": counts.suppressed,
        "unknown": counts.unknown,
        "cancelled": counts.cancelled,
    }


def _share(issue: Issue, count: int | None) -> float | None:
    if count is None:
        return None
    return round(count * 100 / issue.counts.frozen, 2) if issue.counts.frozen else 0.0
