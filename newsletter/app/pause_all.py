"""Stop everything that is on its way to readers, with one word; each issue is resumed on its own."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.app.send_issue import pause_issue
from newsletter.errors import TransitionError
from newsletter.issues import Issue, IssueStatus

_MOVING = (IssueStatus.HOLDING, IssueStatus.SENDING)


def on_its_way(app: App) -> list[Issue]:
    """What is held, being sent or paused, in this order."""
    return [issue for status in (*_MOVING, IssueStatus.PAUSED) for issue in app.store.issues.in_status(status)]


def pause_all(app: App) -> list[Issue]:
    """Pause every issue that is being sent, and make every held one a draft again: those issues, as they are now.

    Undo: resume_issue() for each that is paused, a new approval for each draft. Raises TransitionError where nothing
    is on its way, so that nobody believes to have stopped something.
    """
    with app.store.transaction():
        stopped = [
            pause_issue(app, issue.key, "Paused by the operator, with everything else.")
            for status in _MOVING
            for issue in app.store.issues.in_status(status)
        ]
    if not stopped:
        raise TransitionError("Nothing is on its way, so there is nothing to pause.")
    return stopped
