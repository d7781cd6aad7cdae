"""What happens by itself: the weekly slot is drafted, announced or missed, and a hold that is over sends."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from newsletter.app.approve_issue import blocking, queue_test
from newsletter.app.compose_issue import check_mail, compose_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import choose_for, create_issue, expired_of, fill_issue
from newsletter.app.hold_issue import end_holds
from newsletter.app.idempotency import forget_answers
from newsletter.app.leave import forget_in_time
from newsletter.app.mail_one import queue_notice
from newsletter.app.readiness import Task, live_tasks
from newsletter.app.subscribe import catch_up_confirmations
from newsletter.app.vote import tidy_votes
from newsletter.issues import Issue, IssueStatus, Slot, newest_due_slot
from newsletter.selection import Selection

_IP_RETENTION = timedelta(days=30)


def tick(app: App) -> str | None:
    """Do what is due; one sentence about it, or None where nothing was. Any number of processes may tick at once."""
    app.store.meta.beat("ticker", app.now())
    app.store.subscribers.forget_ips(app.now() - _IP_RETENTION)
    tidy_votes(app)
    forget_in_time(app)
    forget_answers(app)
    catch_up_confirmations(app)
    sent = end_holds(app)
    if app.settings.schedule.mode == "off":
        return sent
    slot = newest_due_slot(app.settings.weekly_rule, app.now())
    if slot.at < app.store.meta.created_at or app.store.issues.by_key(slot.key):
        return sent
    return _run_slot(app, slot) or sent


def _run_slot(app: App, slot: Slot) -> str | None:
    late = app.now() - slot.at
    if late > timedelta(hours=app.settings.schedule.catch_up_hours):
        reason = f"Nothing ran when it was due at {_local(slot, app.settings.zone)}. Decide: draft it, or skip it."
        with app.store.transaction():
            if create_issue(app, slot, slot.at, IssueStatus.MISSED, reason) is None:
                return None
            queue_notice(
                app,
                f"missed/{slot.key}",
                f"Issue {slot.key} was missed",
                f"Issue {slot.key} was missed",
                [
                    reason,
                    f"To draft it: newsletter issues draft --slot {slot.key}.",
                    f"To skip it: newsletter schedule skip {slot.key}.",
                ],
            )
        return f"Issue {slot.key} is missed: decide."
    selection = choose_for(app, slot.at)
    auto = app.settings.schedule.mode == "auto"
    # asks the network, so before the transaction; all the rest is in one, so that whoever dies in it leaves nothing
    tasks = live_tasks(app) if auto and app.provider.capabilities.live else []
    with app.store.transaction():
        return _draft(app, slot, selection, [task for task in tasks if not task.done], auto=auto)


def _draft(app: App, slot: Slot, selection: Selection, open_tasks: list[Task], *, auto: bool) -> str | None:
    status = IssueStatus.SKIPPED if selection.skip_reason else IssueStatus.DRAFT
    issue_id = create_issue(app, slot, slot.at, status, selection.skip_reason)
    if issue_id is None:
        return None  # another process was quicker
    fill_issue(app, issue_id, selection)
    issue = app.store.issues.by_id(issue_id)
    assert issue is not None
    expired = expired_of(selection)
    notes = [f"No longer candidates, after waiting too long: {', '.join(expired)}."] if expired else []
    if status is IssueStatus.SKIPPED:
        queue_notice(
            app,
            f"skipped/{slot.key}",
            f"Issue {slot.key} is skipped",
            f"Issue {slot.key} is skipped",
            [selection.skip_reason, "The comparisons wait for the next issue.", *notes],
        )
        return f"Issue {slot.key} is skipped: {selection.skip_reason}"
    if auto:
        return _begin_hold(app, issue, open_tasks, notes)
    queue_notice(
        app,
        f"draft/{slot.key}",
        f"Issue {slot.key} is drafted: {issue.subject}"[:120],
        f"Issue {slot.key} is ready for you",
        [
            f"{len(selection.chosen)} of {len(selection.choices)} candidates are in.",
            f"Why each is in or out: newsletter issues show {slot.key}. Then test, approve and send it.",
            *notes,
        ],
        _link(app, issue),
    )
    return f"Issue {slot.key} is drafted."


def _begin_hold(app: App, issue: Issue, open_tasks: list[Task], notes: list[str]) -> str:
    """Auto mode: if every check passes, send the operator a test and hold; else leave a draft and say why."""
    composed = compose_issue(app, issue)
    problems = [f"{finding.place}: {finding.message}" for finding in blocking(check_mail(app, issue, composed))]
    problems += [f"{task.name}: {task.detail}" for task in open_tasks]
    if not app.settings.notices_to:
        problems.append("operator: there is no address to send the test to")
    if problems:
        queue_notice(
            app,
            f"draft/{issue.key}",
            f"Issue {issue.key} does not go out by itself",
            f"Issue {issue.key} is a draft: checks stop it",
            [*problems, f"Mend that, then approve and send: newsletter issues check {issue.key}.", *notes],
            _link(app, issue),
        )
        return f"Issue {issue.key} is drafted; checks stop it."
    minutes = app.settings.schedule.hold_minutes
    until = app.now() + timedelta(minutes=minutes)
    app.store.issues.move(
        issue.id,
        IssueStatus.DRAFT,
        IssueStatus.HOLDING,
        content_sha256=composed.sha256,
        approved_at=app.now(),
        hold_until=until,
    )
    queue_test(app, issue.key, app.settings.notices_to)
    queue_notice(
        app,
        f"hold/{issue.key}",
        f"Issue {issue.key} goes out at {until.astimezone(app.settings.zone):%H:%M}",
        f"Issue {issue.key} goes out in {minutes:g} minutes",
        [
            "Every check passed and a test is on its way to you.",
            f"To stop it: newsletter issues pause {issue.key}. It is a draft again then.",
            *notes,
        ],
        _link(app, issue),
    )
    return f"Issue {issue.key} holds until {until.astimezone(app.settings.zone):%H:%M}."


def _link(app: App, issue: Issue) -> tuple[str, str]:
    return f"Look at issue {issue.key}", f"{app.settings.site_url}/drafts/{app.signer.draft(issue.id)}"


def _local(slot: Slot, zone: ZoneInfo) -> str:
    return f"{slot.at.astimezone(zone):%a %d %b %H:%M} {zone.key} ({slot.at:%H:%M} UTC)"
