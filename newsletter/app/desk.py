"""The operator's desk: the next issue, what needs attention, the last issues, and how the parts are."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.app.container import App
from newsletter.app.look_up import look_at_health
from newsletter.app.read_pages import STALE_AFTER
from newsletter.app.readiness import Task, live_tasks
from newsletter.app.schedule import Upcoming, upcoming
from newsletter.issues import Issue, IssueStatus

_LAST = 8
_NEEDS = {
    IssueStatus.DRAFT: "is drafted and waits for you",
    IssueStatus.APPROVED: "is approved and not sent yet",
    IssueStatus.MISSED: "was missed: decide",
    IssueStatus.PAUSED: "is paused",
}


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that waits for somebody. `key`: of the issue it is about, or empty."""

    words: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One running part. `detail` in words."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the first screen shows."""

    upcoming: Upcoming | None
    """None where nothing is scheduled."""
    current: Issue | None
    """The newest issue that is not finished."""
    attention: list[Attention]
    last: list[Issue]
    """Those that were sent or cancelled, newest first."""
    parts: list[Part]
    readers: int
    tasks: list[Task]
    """What is left to do before a live send; what needs the network is not looked at."""


def desk(app: App) -> Desk:
    """As it stands now."""
    issues = app.store.issues.all(40)
    weekly = [issue for issue in issues if issue.corrects is None]
    ended = (IssueStatus.SENT, IssueStatus.CANCELLED, IssueStatus.SKIPPED)
    open_issues = [issue for issue in issues if issue.status not in ended]
    attention = [
        Attention(f"Issue {issue.key} {_NEEDS[issue.status]}", issue.key)
        for issue in open_issues
        if issue.status in _NEEDS
    ]
    attention += [
        Attention(f"Issue {issue.key}: of {issue.counts.unknown} mails nobody can say whether they arrived", issue.key)
        for issue in issues
        if issue.counts.unknown
    ]
    off = app.settings.schedule.mode == "off"
    return Desk(
        None if off else upcoming(app, 1)[0],
        next(iter(open_issues), None),
        attention,
        [issue for issue in weekly if issue.frozen_at][:_LAST],
        parts_of(app),
        app.store.subscribers.counts()["active"],
        [task for task in live_tasks(app, look=False) if not task.done],
    )


def parts_of(app: App) -> list[Part]:
    """How the database, ticker, sender, provider and queue are. Raises StoreError where the database is silent."""
    health, now = look_at_health(app), app.now()
    parts = [Part("Database", True, "answers")]
    for name in ("ticker", "sender"):
        beat = health.beats.get(name)
        if beat is None:
            parts.append(Part(name.capitalize(), False, "has not run here"))
        else:
            age = now - beat[0]
            parts.append(Part(name.capitalize(), age <= STALE_AFTER, f"seen {max(0, int(age.total_seconds()))} s ago"))
    provider = app.provider
    where = "" if provider.capabilities.live else ", nothing leaves this machine"
    parts.append(Part("Provider", provider.capabilities.ready, f"{provider.name}{where}"))
    waiting = health.mails.get("waiting", 0)
    parts.append(Part("Queue", waiting < 1000, f"{waiting} mails to one person wait"))
    return parts
