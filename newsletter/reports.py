"""What became of an issue, in numbers that sum up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from newsletter.issues import Issue

SILENCE = timedelta(hours=72)
"""After so long without a report an accepted mail counts as "no report"; that is silence, not failure."""


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
    missed: tuple[Mapping[str, str | None], ...]
    """Who did not get it, and why; the first hundred."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report_on(
    issue: Issue, outcomes: Mapping[str, int], silent: int, missed: list[dict[str, str | None]], now: datetime
) -> IssueReport:
    """The report as of `now`. `silent`: accepted deliveries that no event stands for."""
    counts = asdict(issue.counts)
    parts = sum(count for name, count in counts.items() if name != "frozen")
    no_report = silent if issue.finished_at and now - issue.finished_at >= SILENCE else None
    seconds = None
    if issue.frozen_at and issue.finished_at:
        seconds = (issue.finished_at - issue.frozen_at).total_seconds()
    return IssueReport(
        issue.key,
        str(issue.status),
        issue.reason,
        counts,
        parts == issue.counts.frozen,
        dict(outcomes),
        no_report,
        seconds,
        tuple(missed[:100]),
    )
