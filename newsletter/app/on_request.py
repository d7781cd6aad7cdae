"""What an operator does for one person who asked for it: each leaves its entry in their record."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.app.leave import end_pause, pause, unsubscribe
from newsletter.app.mail_one import queue_confirmation
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.errors import TransitionError

SOURCE = "operator, on request"


def resend_confirmation(app: App, person: Subscriber) -> int:
    """Ask somebody pending once more, within the limits that hold for a form; the id of the mail.

    Raises TransitionError where they are not pending, are suppressed, or were asked too often.
    """
    if person.status is not SubscriberStatus.PENDING or person.email is None:
        raise TransitionError(f"Only who is pending is asked to confirm; this person is {person.status}.")
    if reason := app.store.subscribers.suppression(person.email):
        raise TransitionError(f"The address is suppressed ({reason}) and is never mailed.")
    queued = queue_confirmation(app, person.id, person.email)
    if queued is None:
        raise TransitionError(
            "They were asked within the last 24 hours, or three times already; nobody is asked more often.",
            next_step="They can subscribe again themselves.",
        )
    return queued


def unsubscribe_on_request(app: App, person: Subscriber) -> Subscriber:
    """They leave, at once. Raises TransitionError for somebody who is no subscriber."""
    if person.status not in (SubscriberStatus.ACTIVE, SubscriberStatus.PENDING):
        raise TransitionError(f"There is nothing to unsubscribe; this person is {person.status}.")
    return unsubscribe(app, app.signer.reader(0, person.id), source=SOURCE)


def pause_on_request(app: App, person: Subscriber, weeks: int) -> Subscriber:
    """No issue for so many weeks, one of PAUSE_WEEKS; 0 ends a pause. Raises InputError, and TransitionError for
    somebody who is not active.
    """
    if person.status is not SubscriberStatus.ACTIVE:
        raise TransitionError(f"Only who is active can pause; this person is {person.status}.")
    token = app.signer.reader(0, person.id)
    return pause(app, token, weeks, source=SOURCE) if weeks else end_pause(app, token, source=SOURCE)
