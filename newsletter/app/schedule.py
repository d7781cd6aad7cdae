"""The weekly rule ahead: the next slots, and skipping one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.app.container import App
from newsletter.app.draft_issue import create_issue
from newsletter.errors import TransitionError
from newsletter.issues import IssueStatus, next_slots, require_status, slot_of_key


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One slot ahead, and the issue that has it, if there is one. `at` aware UTC, `local` in the operator's zone."""

    key: str
    at: datetime
    local: datetime
    status: str


def upcoming(app: App, count: int = 5) -> list[Upcoming]:
    """The next slots, soonest first."""
    found = []
    for slot in next_slots(app.settings.weekly_rule, app.now(), count):
        issue = app.store.issues.by_key(slot.key)
        status = str(issue.status) if issue else app.settings.schedule.mode
        found.append(Upcoming(slot.key, slot.at, slot.at.astimezone(app.settings.zone), status))
    return found


def skip_slot(app: App, key: str, reason: str) -> None:
    """No issue for this slot; its comparisons wait. Undo by drafting it. Raises TransitionError if it is too late."""
    slot = slot_of_key(app.settings.weekly_rule, key)
    issue = app.store.issues.by_key(slot.key)
    if issue is None:
        create_issue(app, slot, min(app.now(), slot.at), IssueStatus.SKIPPED, reason)
        return
    require_status(key, issue.status, IssueStatus.SKIPPED)
    if not app.store.issues.move(issue.id, issue.status, IssueStatus.SKIPPED, reason=reason, content_sha256=None):
        raise TransitionError(
            f"Issue {key} changed this moment.", next_step="Look at it and try again.", permanent=False
        )
