"""How a send goes on, as a page shows it: the counts, the rate, the time left, and the last that happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.guests import who_waits
from newsletter.issues import Counts, IssueStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """One look. `left`: seconds until the hold ends, or until the last mail leaves at this rate; None where unknown."""

    status: IssueStatus
    reason: str
    counts: Counts
    per_cent: int
    """Of the frozen that are settled; never 100 while something is open."""
    rate: float
    """Mails a second since the freeze."""
    left: float | None
    events: list[tuple[datetime, str]]
    """(when, what), newest first."""
    waits: str = ""
    """Why most of them wait, where the sender lets only guests through; else empty."""

    @property
    def over(self) -> bool:
        """Whether nothing happens by itself any more."""
        return self.status in (IssueStatus.SENT, IssueStatus.CANCELLED, IssueStatus.DRAFT, IssueStatus.APPROVED)


def watch_issue(app: App, key: str) -> Progress:
    """As it stands now. Raises NotFoundError."""
    issue, now = find_issue(app, key), app.now()
    counts = issue.counts
    settled = counts.frozen - counts.open
    per_cent = 0 if not counts.frozen else min(99 if counts.open else 100, settled * 100 // counts.frozen)
    seconds = ((issue.finished_at or now) - issue.frozen_at).total_seconds() if issue.frozen_at else 0.0
    rate = settled / seconds if seconds > 0 else 0.0
    left: float | None = None
    if issue.status is IssueStatus.HOLDING and issue.hold_until:
        left = max(0.0, (issue.hold_until - now).total_seconds())
    elif issue.status is IssueStatus.SENDING and rate > 0:
        left = counts.open / rate
    events = [(deed.at, f"{deed.operator} {deed.act}") for _, deed in app.store.operators.deeds(f"issue {key}", 20)]
    waits = who_waits(app) if issue.status is IssueStatus.SENDING else ""
    return Progress(issue.status, issue.reason, counts, per_cent, rate, left, events, waits)
