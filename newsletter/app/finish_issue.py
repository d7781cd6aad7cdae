"""Close an issue that has nothing left to send, and prove that its numbers are true."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import StoreError
from newsletter.issues import IssueStatus

_PROVEN = 4
"""Issues that doctor counts: a million deliveries take it a second or two."""


def finish_issue(app: App, issue_id: int) -> bool:
    """True where this call made it `sent`. Raises StoreError where the kept counts are not the counted ones."""
    if not app.store.issues.finish(issue_id, app.now()):
        return False
    require_true_counts(app, issue_id)
    return True


def require_true_counts(app: App, issue_id: int) -> None:
    """Raise StoreError unless every kept count equals the number of rows it stands for."""
    issue = app.store.issues.by_id(issue_id)
    assert issue is not None
    tally = app.store.deliveries.tally(issue_id)
    kept: object = {str(status): getattr(issue.counts, status) for status in DeliveryStatus}
    counted: object = {str(status): tally[status] for status in DeliveryStatus}
    if kept == counted:
        kept = app.store.results.kept([issue_id])[issue_id]
        counted = app.store.results.counted([issue_id])[issue_id]
    if kept != counted:
        raise StoreError(
            f"Issue {issue.key}: the kept counts {kept} are not the counted ones {counted}.",
            next_step="Make a backup, then run `newsletter doctor`.",
            permanent=True,
        )


def untrue_counts(app: App) -> list[str]:
    """What require_true_counts() says of the last four frozen issues and those under way; empty where all is well."""
    open_now = (IssueStatus.SENDING, IssueStatus.PAUSED)
    frozen = [issue for issue in app.store.issues.all() if issue.frozen_at is not None]
    said = []
    for place, issue in enumerate(frozen):
        if (place < _PROVEN or issue.status in open_now) and _untrue(app, issue.id):
            with app.store.transaction():  # looked at once more, while no sender changes anything between two looks
                said.append(_untrue(app, issue.id))
    return [one for one in said if one]


def _untrue(app: App, issue_id: int) -> str:
    try:
        require_true_counts(app, issue_id)
    except StoreError as error:
        return error.what
    return ""
