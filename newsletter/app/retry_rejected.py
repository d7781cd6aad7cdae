"""Try again what the provider definitely refused, and nothing else: on purpose, after a look at who and why."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.readiness import require_live
from newsletter.app.send_issue import batch_size
from newsletter.errors import TransitionError
from newsletter.issues import Issue, IssueStatus

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Retry:
    """What trying again would do."""

    key: str
    recipients: int
    """Who would get it: definitely refused, and still to be mailed."""
    left: int
    """Who was refused as well, and has left, paused or been suppressed since; they get nothing."""
    people: list[dict[str, str | None]]
    """The first hundred of the recipients: email, and detail, which is why they were refused."""
    why_not: str = ""
    """Why it cannot be done now, in a sentence; empty where it can."""


def look_at_retry(app: App, key: str) -> Retry:
    """Who would get it and why they did not; changes nothing. Raises NotFoundError."""
    issue = find_issue(app, key)
    if not issue.counts.rejected:
        return Retry(key, 0, 0, [], f"Nothing of issue {key} was definitely refused.")
    refused, recipients, people = app.store.deliveries.refused(issue.id, _SHOWN)
    why_not = ""
    if issue.status is IssueStatus.CANCELLED:
        why_not = f"Issue {key} is cancelled: nobody gets it any more."
    elif issue.status is not IssueStatus.SENT:
        why_not = f"Issue {key} is {issue.status}: what was refused can be tried again once it is sent."
    elif not recipients:
        why_not = f"Everybody whom the provider refused for issue {key} has left or is suppressed since."
    return Retry(key, recipients, refused - recipients, people, why_not)


def retry_rejected(app: App, key: str, *, expected: int | None = None) -> tuple[Issue, int]:
    """Whom the provider definitely refused waits again, under new keys, and the issue is sending: a running sender
    takes it up. Never what is accepted or unknown, and nobody who has left or is suppressed since.

    `expected`: how many it was when they looked. Returns the issue and how many wait. Raises NotFoundError;
    TransitionError where there is nothing to try again, the issue is not sent, or it is another number than expected;
    ChecksFailedError where a live send is refused.
    """
    look = look_at_retry(app, key)
    if look.why_not:
        raise TransitionError(look.why_not, next_step=f"See `newsletter issues report {key}`.")
    if expected is not None and expected != look.recipients:
        raise TransitionError(
            f"It would go to {look.recipients} now, not to {expected}.", next_step="Look at them once more."
        )
    require_live(app)
    issue = find_issue(app, key)
    frozen = app.store.issues.frozen_mail(issue.id)
    assert frozen is not None
    size = batch_size(app, len(frozen[0].encode()) + len(frozen[1].encode()))
    with app.store.transaction():
        if not app.store.issues.move(issue.id, IssueStatus.SENT, IssueStatus.SENDING, finished_at=None):
            raise TransitionError(
                f"Issue {key} changed this moment.", next_step="Look at it and try again.", permanent=False
            )
        waiting = app.store.deliveries.try_again(issue.id, size)
        if waiting != look.recipients:
            raise TransitionError(
                f"Somebody left this moment: it would go to {waiting} now, not to {look.recipients}.",
                next_step="Look at them once more.",
                permanent=False,
            )
    return find_issue(app, key), waiting
