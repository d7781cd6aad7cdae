"""How a send goes on, as a page shows it: the counts, the rate, the time left, and the last that happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.guests import who_waits
from newsletter.issues import Counts, IssueStatus

_LATELY = 200
"""Batches that a rate is taken from, at most."""
_PAUSE = 60.0
"""Seconds without a request after which the rate counts anew."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One look. `left`: seconds until the hold ends, or until the last mail leaves at this rate; None where unknown."""

    status: IssueStatus
    reason: str
    counts: Counts
    per_cent: int
    """Of the frozen that are settled; never 100 while something is open."""
    rate: float
    """Mails a second, as they leave now; 0 where that is not known, or nothing leaves."""
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
    rate = _rate(app, issue.id, now.timestamp()) if issue.status is IssueStatus.SENDING else 0.0
    left: float | None = None
    if issue.status is IssueStatus.HOLDING and issue.hold_until:
        left = max(0.0, (issue.hold_until - now).total_seconds())
    elif issue.status is IssueStatus.SENDING and rate > 0:
        left = counts.open / rate
    events = [(deed.at, f"{deed.operator} {deed.act}") for _, deed in app.store.operators.deeds(f"issue {key}", 20)]
    waits = who_waits(app) if issue.status is IssueStatus.SENDING else ""
    return Progress(issue.status, issue.reason, counts, per_cent, rate, left, events, waits)


def _rate(app: App, issue_id: int, now: float) -> float:
    """Mails a second, from the requests that left without a pause up to `now` (Unix seconds). What was paused, or was
    tried again much later, says nothing of how long the rest takes.
    """
    paced = app.settings.delivery.requests_per_second or app.provider.capabilities.rate_per_second
    pause = max(_PAUSE, 3 / paced) if paced else _PAUSE
    last, mails, before = now, 0, 0
    for at, size in app.store.deliveries.lately(issue_id, _LATELY):
        if last - at > pause:
            break
        last, mails, before = at, mails + before, size  # the oldest only tells when: it left at the begin
    return mails / (now - last) if now > last else 0.0
