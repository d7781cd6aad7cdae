"""Between the operator's word and the first mail: a hold in which the send can be undone, and what ends it."""

from __future__ import annotations

from datetime import timedelta

from newsletter.app.approve_issue import require_clean
from newsletter.app.compose_issue import compose_issue, find_issue
from newsletter.app.container import App
from newsletter.app.look_up import look_at_issue
from newsletter.app.mail_one import queue_notice
from newsletter.app.readiness import require_live
from newsletter.app.send_issue import freeze_issue
from newsletter.errors import ChecksFailedError, ContentChangedError, NewsletterError, TransitionError
from newsletter.issues import Issue, IssueStatus, require_status

HOLD = timedelta(seconds=60)


def hold_issue(app: App, key: str, *, recipients: int) -> Issue:
    """Approved → holding for a minute; then it is sent, unless undo_hold() comes first. Nothing leaves before.

    `recipients` is the number that the operator said. Raises TransitionError where the audience is another by now, and
    all that freeze_issue() raises, so that what cannot be sent does not begin to count down.
    """
    issue = find_issue(app, key)
    require_status(key, issue.status, IssueStatus.HOLDING)
    if issue.status is not IssueStatus.APPROVED:
        raise TransitionError(f"Issue {key} is {issue.status}, not approved.", next_step="Approve it first.")
    counted = look_at_issue(app, key).audience["recipients"]
    if counted != recipients:
        raise TransitionError(
            f"It would go to {counted} readers by now, not to {recipients}.", next_step="Look, and type the new number."
        )
    if counted == 0:
        raise ChecksFailedError("There is nobody to send it to.", next_step="Add subscribers.")
    composed = compose_issue(app, issue)
    if composed.sha256 != issue.content_sha256:
        raise ContentChangedError(
            f"Issue {key} is not what was approved.", next_step="Look at it, and approve it anew."
        )
    require_clean(app, issue, composed)
    require_live(app)
    if app.provider.capabilities.live and issue.test_sha256 != composed.sha256:
        raise ChecksFailedError(
            "Nobody has confirmed receiving a test of this very content.", next_step="Send a test, and enter its code."
        )
    if not app.store.issues.move(
        issue.id, IssueStatus.APPROVED, IssueStatus.HOLDING, hold_until=app.now() + HOLD, reason=""
    ):
        raise TransitionError(f"Issue {key} changed this moment.", next_step="Look at it again.", permanent=False)
    return find_issue(app, key)


def undo_hold(app: App, key: str) -> Issue:
    """Holding → approved: nothing went out. Raises TransitionError where it is too late."""
    issue = find_issue(app, key)
    if issue.status is IssueStatus.HOLDING and app.store.issues.move(
        issue.id, IssueStatus.HOLDING, IssueStatus.APPROVED, hold_until=None
    ):
        return find_issue(app, key)
    now = find_issue(app, key)
    raise TransitionError(
        f"Issue {key} is {now.status}: the hold is over.",
        next_step="Pause it to stop what has not left yet." if now.status is IssueStatus.SENDING else "",
    )


def end_holds(app: App) -> str | None:
    """Send what has been held long enough; one sentence about it, or None. Any number of processes may try at once."""
    told = None
    for issue in app.store.issues.in_status(IssueStatus.HOLDING):
        if issue.hold_until is None or issue.hold_until > app.now():
            continue
        try:
            freeze_issue(app, issue.key, tested=False)
            told = f"Issue {issue.key} is sending: its hold is over."
        except NewsletterError as error:
            now = app.store.issues.by_id(issue.id)
            if now is None or now.status not in (IssueStatus.HOLDING, IssueStatus.DRAFT):
                continue  # another process was quicker, and it goes out
            if not error.permanent:
                raise  # the next time tries again
            app.store.issues.move(issue.id, IssueStatus.HOLDING, IssueStatus.DRAFT, hold_until=None, reason=str(error))
            queue_notice(
                app,
                f"stopped/{issue.key}/{issue.content_sha256}",
                f"Issue {issue.key} did not go out",
                f"Issue {issue.key} was stopped when its hold ended",
                [str(error)],
            )
            told = f"Issue {issue.key} is stopped: {error}"
    return told
