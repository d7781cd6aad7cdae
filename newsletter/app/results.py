"""All that the console's report page shows of one issue."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import corrections_of
from newsletter.app.report_issue import evidence_of_unknown, report_issue
from newsletter.app.retry_rejected import Retry, look_at_retry
from newsletter.issues import Issue, IssueStatus
from newsletter.reports import IssueReport


@dataclass(frozen=True, slots=True)
class Results:
    """A report, and what can still be done."""

    report: IssueReport
    issue: Issue
    unknown: list[dict[str, object]]
    retry: Retry
    corrections: list[tuple[str, str]]
    """(local date in words, text), oldest first."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is unknown of an issue, and what it would mean to say that it was not sent."""

    unknown: list[dict[str, object]]
    again: int
    """Who would get it again: who left or is suppressed since gets nothing."""
    cancelled: bool
    """The issue is cancelled: nobody gets anything."""


def results_of(app: App, key: str) -> Results:
    """As they stand now. Raises NotFoundError."""
    report = report_issue(app, key)
    return Results(
        report, find_issue(app, key), evidence_of_unknown(app, key), look_at_retry(app, key), corrections_of(app, key)
    )


def doubt_of(app: App, key: str) -> Doubt:
    """Raises NotFoundError."""
    issue = find_issue(app, key)
    cancelled = issue.status is IssueStatus.CANCELLED
    again = 0 if cancelled else app.store.deliveries.unknown_who_may(issue.id)
    return Doubt(evidence_of_unknown(app, key), again, cancelled)
