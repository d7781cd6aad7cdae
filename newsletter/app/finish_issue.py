"""Close an issue that has nothing left to send, and prove that its numbers are true."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import StoreError


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
    kept = {str(status): getattr(issue.counts, status) for status in DeliveryStatus}
    if any(tally[status] != count for status, count in kept.items()):
        raise StoreError(
            f"Issue {issue.key}: the kept counts {kept} are not the counted ones {dict(tally)}.",
            next_step="Make a backup, then run `newsletter doctor`.",
            permanent=True,
        )
