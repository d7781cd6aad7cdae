"""Freeze an approved issue and let it go; pause, resume and cancel it."""

from __future__ import annotations

import json
from dataclasses import replace

from newsletter.app.approve_issue import require_clean
from newsletter.app.compose_issue import compose_issue, corrected_issue, find_issue
from newsletter.app.container import App
from newsletter.app.readiness import require_live
from newsletter.app.record import note
from newsletter.errors import ChecksFailedError, ContentChangedError, TransitionError
from newsletter.issues import Issue, IssueStatus, require_status, to_manifest

_OVERHEAD_BYTES = 4096
"""Headers, MIME structure and addresses of one mail, generously."""


def batch_size(app: App, mail_bytes: int) -> int:
    """Recipients in one request: the provider's count and its bytes both hold."""
    limits = app.provider.capabilities
    return max(1, min(limits.max_batch, limits.max_bytes // (2 * mail_bytes + _OVERHEAD_BYTES)))


def freeze_issue(app: App, key: str, *, tested: bool = True, by: str = "", via: str = "command line") -> Issue:
    """Approved (or holding) → sending, with its recipients and batches, in one transaction.

    Checks first that the content is the one that was approved, and that a live send is lawful; `tested` False leaves
    the operator's word out (auto mode: the hold was their time to stop it). `by` names whoever sends it for the record,
    where that is not on record yet. Raises ContentChangedError (the issue is a draft again) or ChecksFailedError.
    """
    issue = find_issue(app, key)
    require_unsent(issue)
    if not app.settings.sender:
        raise ChecksFailedError("There is no sender address.", next_step="Set `sender` in newsletter.toml.")
    composed = compose_issue(app, issue)
    if composed.sha256 != issue.content_sha256:
        app.store.issues.move(
            issue.id, issue.status, IssueStatus.DRAFT, content_sha256=None, approved_at=None, hold_until=None
        )
        raise ContentChangedError(
            f"Issue {key} is not what was approved: a comparison, a setting or a template changed since.",
            next_step="It is a draft again: look at it, then approve it anew.",
        )
    require_clean(app, issue, composed)
    require_live(app)
    if tested and app.provider.capabilities.live and issue.test_sha256 != composed.sha256:
        raise ChecksFailedError(
            "Nobody has confirmed receiving a test of this very content.",
            next_step=f"Run `newsletter issues test {key} --to YOU`, then approve it with --code CODE.",
        )
    now = app.now()
    with app.store.transaction():
        moved = app.store.issues.move(
            issue.id,
            issue.status,
            IssueStatus.SENDING,
            frozen_at=now,
            manifest=to_manifest(composed.content),
            envelope=json.dumps(composed.envelope | {"at": now.isoformat()}),
            html=composed.mail.html,
            text=composed.mail.text,
            reason="",
        )
        if not moved:
            raise TransitionError(f"Somebody else changed issue {key} this moment.", permanent=False)
        # labels as they are sent: what a changed verdict will be measured by
        items = app.store.issues.items(issue.id)
        stored = app.store.comparisons.by_ids([item.comparison_id for item in items])
        app.store.issues.put_items(
            issue.id, [replace(item, labels=stored[item.comparison_id].comparison.labels) for item in items]
        )
        original = corrected_issue(app, issue)
        told = items if original is None else app.store.issues.items(original)
        about = app.store.comparisons.by_ids([item.comparison_id for item in told]).values()
        topics = {side.topic for one in about for side in one.comparison.sides}
        app.store.issues.put_topics(issue.id, topics - {""})
        size = batch_size(app, len(composed.mail.html.encode()) + len(composed.mail.text.encode()))
        if app.store.deliveries.freeze(issue.id, size, original) == 0:
            raise ChecksFailedError(
                "There is nobody to send it to.", next_step="Add subscribers; only active ones are mailed."
            )
        if by:
            note(app, by, "sent it", subject=f"issue {key}", via=via)
    app.failpoints.hit("frozen")
    return find_issue(app, key)


def require_unsent(issue: Issue) -> None:
    """Raise TransitionError unless it may be frozen: it is approved or holding, and never was."""
    require_status(issue.key, issue.status, IssueStatus.SENDING)
    if issue.frozen_at is not None:  # paused, or sent with something left to settle: its content is what it was
        raise TransitionError(
            f"Issue {issue.key} is {issue.status}: its recipients are settled.",
            next_step="Use `newsletter issues resume`." if issue.status is IssueStatus.PAUSED else "",
        )


def pause_issue(app: App, key: str, reason: str = "Paused by the operator.") -> Issue:
    """Nothing new is claimed from here on. A holding issue becomes a draft: it will not go out by itself."""
    issue = find_issue(app, key)
    after = IssueStatus.DRAFT if issue.status is IssueStatus.HOLDING else IssueStatus.PAUSED
    require_status(key, issue.status, after)
    _move(app, issue, after, reason=reason)
    return find_issue(app, key)


def resume_issue(app: App, key: str) -> Issue:
    """Paused → sending; what waits goes to the provider in force now, in batches of its size."""
    issue = find_issue(app, key)
    require_status(key, issue.status, IssueStatus.SENDING)
    if issue.status is not IssueStatus.PAUSED:
        raise TransitionError(f"Issue {key} is {issue.status}, not paused.", next_step="Use `newsletter issues send`.")
    require_live(app)
    frozen = app.store.issues.frozen_mail(issue.id)
    assert frozen is not None
    size = batch_size(app, len(frozen[0].encode()) + len(frozen[1].encode()))
    with app.store.transaction():
        _move(app, issue, IssueStatus.SENDING, reason="")
        app.store.deliveries.recut(issue.id, size)
    return find_issue(app, key)


def cancel_issue(app: App, key: str) -> Issue:
    """Nobody who is still waiting gets it; what is under way settles. This cannot be undone."""
    issue = find_issue(app, key)
    require_status(key, issue.status, IssueStatus.CANCELLED)
    with app.store.transaction():
        _move(app, issue, IssueStatus.CANCELLED, finished_at=app.now(), reason="Cancelled by the operator.")
        if issue.frozen_at:
            app.store.deliveries.cancel_waiting(issue.id)
    return find_issue(app, key)


def _move(app: App, issue: Issue, after: IssueStatus, **values: object) -> None:
    if not app.store.issues.move(issue.id, issue.status, after, **values):
        raise TransitionError(
            f"Issue {issue.key} changed this moment.", next_step="Look at it and try again.", permanent=False
        )
