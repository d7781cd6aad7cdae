"""The weekly rule ahead: the next slots, and skipping one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.app.container import App
from newsletter.app.draft_issue import create_issue
from newsletter.errors import TransitionError
from newsletter.issues import IssueStatus, Slot, newest_due_slot, next_slots, require_status, slot_of_key


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One slot ahead, and the issue that has it, if there is one. `at` aware UTC, `local` in the operator's zone."""

    key: str
    at: datetime
    local: datetime
    status: str
    note: str = ""
    """What the clock does to it: empty but for the slot after a change."""
    taken: bool = False
    """Whether there is an issue, whose status `status` is then; else that is the mode."""
    reason: str = ""
    """Of the issue: why it was skipped."""


def upcoming(app: App, count: int = 5) -> list[Upcoming]:
    """The next slots, soonest first."""
    found = []
    rule, zone = app.settings.weekly_rule, app.settings.zone
    before = newest_due_slot(rule, app.now())
    for slot in next_slots(rule, app.now(), count):
        issue = app.store.issues.by_key(slot.key)
        status = str(issue.status) if issue else app.settings.schedule.mode
        note = _clock_note(before, slot, rule.at, zone)
        taken, reason = issue is not None, issue.reason if issue else ""
        found.append(Upcoming(slot.key, slot.at, slot.at.astimezone(zone), status, note, taken, reason))
        before = slot
    return found


def rule_in_words(app: App) -> str:
    """`Every Monday at 09:00, Europe/Berlin time`."""
    schedule = app.settings.schedule
    return f"Every {schedule.weekday.capitalize()} at {schedule.at:%H:%M}, {app.settings.time_zone} time"


def offset_in_words(moment: datetime) -> str:
    """How far a local time is from UTC: `UTC+02:00`."""
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _clock_note(before: Slot, slot: Slot, at: time, zone: ZoneInfo) -> str:
    then, now = before.at.astimezone(zone), slot.at.astimezone(zone)
    notes = []
    if then.utcoffset() != now.utcoffset():
        shift = round(((then.utcoffset() or timedelta()) - (now.utcoffset() or timedelta())).total_seconds() / 60)
        span = f"{abs(shift) // 60} h" if shift % 60 == 0 else f"{abs(shift)} min"
        way = "later" if shift > 0 else "earlier"
        notes.append(
            f"The clocks change before it: {offset_in_words(now)} after {offset_in_words(then)}, {span} {way} by UTC."
        )
    if now.time().replace(tzinfo=None) != at:
        notes.append(f"The clock skips {at:%H:%M} that day, so it is {now:%H:%M}.")
    return " ".join(notes)


def skip_slot(app: App, key: str, reason: str) -> None:
    """No issue for this slot; its comparisons wait. Undo by drafting it. Raises TransitionError if it is too late."""
    slot = slot_of_key(app.settings.weekly_rule, key)
    issue = app.store.issues.by_key(slot.key)
    if issue is None:
        if create_issue(app, slot, min(app.now(), slot.at), IssueStatus.SKIPPED, reason) is None:
            raise _changed(key)
        return
    require_status(key, issue.status, IssueStatus.SKIPPED)
    if not app.store.issues.move(issue.id, issue.status, IssueStatus.SKIPPED, reason=reason, content_sha256=None):
        raise _changed(key)


def _changed(key: str) -> TransitionError:
    return TransitionError(f"Issue {key} changed this moment.", next_step="Look at it and try again.", permanent=False)
