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
from newsletter.app.pull_sources import pull_for_draft
from newsletter.app.readiness import Task, live_tasks, refusing
from newsletter.app.reconfirm import ask_imported
from newsletter.app.sign_in import has_operator
from newsletter.app.subscribe import catch_up_confirmations
from newsletter.app.vote import tidy_votes
from newsletter.audience.consent import IP_RETENTION
from newsletter.issues import Issue, IssueStatus, Slot, newest_due_slot
from newsletter.selection import Selection


def tick(app: App) -> str | None:
    """Do what is due; one sentence about it, or None where nothing was. Any number of processes may tick at once."""
    app.store.meta.beat("ticker", app.now())
    app.store.subscribers.forget_ips(app.now() - IP_RETENTION)
    tidy_votes(app)
    forget_in_time(app)
    forget_answers(app)
    catch_up_confirmations(app)
    ask_imported(app)
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
    pulls, told = pull_for_draft(app)
    cutoff = app.now() if pulls else slot.at  # what was pulled this moment belongs to this week
    selection = choose_for(app, cutoff)
    auto = app.settings.schedule.mode == "auto"
    # asks the network, so before the transaction; all the rest is in one, so that whoever dies in it leaves nothing
    tasks = live_tasks(app) if auto and app.provider.capabilities.live else []
    with app.store.transaction():
        issue_id = create_issue(app, slot, cutoff, _status_for(selection), selection.skip_reason)
        if issue_id is None:
            return None  # another process was quicker
        app.store.sources.attach(pulls, issue_id)
        failed = [pull.in_words for pull in told if pull.problem]
        return _draft(app, issue_id, selection, [task for task in tasks if not task.done], failed, auto=auto)


def _status_for(selection: Selection) -> IssueStatus:
    return IssueStatus.SKIPPED if selection.skip_reason else IssueStatus.DRAFT


def _draft(
    app: App, issue_id: int, selection: Selection, open_tasks: list[Task], notes: list[str], *, auto: bool
) -> str:
    fill_issue(app, issue_id, selection)
    issue = app.store.issues.by_id(issue_id)
    assert issue is not None
    expired = expired_of(selection)
    if expired:
        notes = [*notes, f"No longer candidates, after waiting too long: {', '.join(expired)}."]
    if issue.status is IssueStatus.SKIPPED:
        queue_notice(
            app,
            f"skipped/{issue.key}",
            f"Issue {issue.key} is skipped",
            f"Issue {issue.key} is skipped",
            [selection.skip_reason, "The comparisons wait for the next issue.", *notes],
        )
        return f"Issue {issue.key} is skipped: {selection.skip_reason}"
    if auto:
        return _begin_hold(app, issue, open_tasks, notes)
    if app.provider.capabilities.live and app.settings.sender and app.settings.notices_to:
        queue_test(app, issue.key, app.settings.notices_to)
        notes = ["A test of it is on its way to you, with the code that approving it asks for.", *notes]
    queue_notice(
        app,
        f"draft/{issue.key}",
        f"Issue {issue.key} is drafted: {issue.subject}"[:120],
        f"Issue {issue.key} is ready for you",
        [
            f"{len(selection.chosen)} of {len(selection.choices)} candidates are in.",
            f"Why each is in or out: newsletter issues show {issue.key}. Then test, approve and send it."
            if not has_operator(app)
            else "Look at it, approve it and send it at your desk; nothing leaves before.",
            *notes,
        ],
        _link(app, issue),
    )
    return f"Issue {issue.key} is drafted."


def _begin_hold(app: App, issue: Issue, open_tasks: list[Task], notes: list[str]) -> str:
    """Auto mode: if every check passes, send the operator a test and hold; else leave a draft and say why.

    An open task leaves a draft where guests are named too. Sent to them alone, it would wait for everybody else and
    leave on the day that somebody mends a setting, with nobody looking: that takes a person's word, and review asks
    for it.
    """
    composed = compose_issue(app, issue)
    problems = [f"{finding.place}: {finding.message}" for finding in blocking(check_mail(app, issue, composed))]
    problems += [f"{task.name}: {task.detail}" for task in open_tasks]
    if open_tasks and not refusing(app, open_tasks):  # guests are named, and nothing else is in their way
        notes = ["To let your guests have it before that, send it yourself: all others wait until it is done.", *notes]
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
    """To the desk where anybody can sign in there, else to a page for whoever holds its link."""
    path = f"/console/issues/{issue.key}" if has_operator(app) else f"/drafts/{app.signer.draft(issue.id)}"
    return f"Look at issue {issue.key}", f"{app.settings.site_url}{path}"


def _local(slot: Slot, zone: ZoneInfo) -> str:
    return f"{slot.at.astimezone(zone):%a %d %b %H:%M} {zone.key} ({slot.at:%H:%M} UTC)"
