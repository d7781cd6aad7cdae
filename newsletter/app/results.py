"""An issue's numbers beside the median of those before it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from newsletter.app.container import App
from newsletter.app.report_issue import report_issue
from newsletter.issues import Issue
from newsletter.reports import IssueReport

BEFORE = 8
"""Issues that the median is of."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, its share of the frozen in per cent, and the median share of the issues before, if there are any."""

    name: str
    count: int
    share: float
    median: float | None


@dataclass(frozen=True, slots=True)
class Results:
    """A report, ready to be shown."""

    report: IssueReport
    issue: Issue
    figures: list[Figure]


def results_of(app: App, key: str) -> Results:
    """As they stand now. Raises NotFoundError."""
    report = report_issue(app, key)
    issue = app.store.issues.by_key(key)
    assert issue is not None
    before = [
        _shares(report_issue(app, one.key))
        for one in app.store.issues.all()
        if one.frozen_at and one.corrects is None and one.slot.day < issue.slot.day
    ][:BEFORE]
    figures = [
        Figure(name, count, share, median(one.get(name, (0, 0.0))[1] for one in before) if before else None)
        for name, (count, share) in _shares(report).items()
    ]
    return Results(report, issue, figures)


def _shares(report: IssueReport) -> dict[str, tuple[int, float]]:
    frozen = report.counts["frozen"]
    numbers = {
        "accepted": report.counts["accepted"],
        "delivered": report.outcomes.get("delivered", 0),
        "hard bounce": report.outcomes.get("hard_bounce", 0),
        "soft bounce": report.outcomes.get("soft_bounce", 0),
        "complaint": report.outcomes.get("complaint", 0),
        "rejected": report.counts["rejected"],
        "suppressed": report.counts["suppressed"],
        "unknown": report.counts["unknown"],
        "cancelled": report.counts["cancelled"],
    }
    return {name: (count, count * 100 / frozen if frozen else 0.0) for name, count in numbers.items()}
