"""Leaving: unsubscribe, undo, why, pause instead, be erased."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.app.container import App
from newsletter.app.subscribe import find_subscriber
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.audience.tokens import CONFIRM_DAYS
from newsletter.errors import InputError, TokenError

PAUSE_WEEKS = (4, 8, 12)

REASONS = {
    "too_often": "It came too often",
    "not_for_me": "The tools were not for me",
    "no_time": "I have no time to read it",
    "never_asked": "I never asked for it",
    "other": "Something else",
}
"""What somebody who left may give as their reason, and how it reads."""

MOST_WORDS = 500
"""Characters of what they may add."""

FORGET_DAYS = 30
"""So long the records of mails that were sent, and providers' reports on them, hold an address."""

_FORGOTTEN = "forgotten_at"


def of_reader(app: App, token: str) -> Subscriber:
    """Whom a link in an issue belongs to, whatever became of them. Raises TokenError where it is forged or cut."""
    subscriber = app.store.subscribers.by_id(app.signer.read_reader(token).subscriber_id)
    if subscriber is None:
        raise TokenError("This link is not one of ours.", next_step="Open it again from the e-mail.")
    return subscriber


def unsubscribe(app: App, token: str, *, source: str) -> Subscriber:
    """Leave, at once and for good. Repeats change nothing. Raises TokenError."""
    subscriber = of_reader(app, token)
    with app.store.transaction():
        if app.store.subscribers.unsubscribe(subscriber.id, app.now()):
            app.store.subscribers.record(subscriber.id, Consent(ConsentKind.UNSUBSCRIBED, app.now(), source))
            app.store.messages.cancel_waiting(subscriber.id, "welcome")  # it may carry an issue
            app.store.results.left_by(app.signer.read_reader(token).issue_id, subscriber.id, app.now())
    return of_reader(app, token)


def undo_unsubscribe(app: App, token: str) -> Subscriber:
    """The undo beneath: active again, unless the address is suppressed. Raises TokenError."""
    subscriber = of_reader(app, token)
    with app.store.transaction():
        people = app.store.subscribers
        allowed = subscriber.email is not None and not people.suppression(subscriber.email)
        if allowed and people.activate(subscriber.id, app.now(), SubscriberStatus.UNSUBSCRIBED):
            people.record(subscriber.id, Consent(ConsentKind.RESUBSCRIBED, app.now(), "undo on the unsubscribe page"))
            if subscriber.unsubscribed_at is not None:
                app.store.results.came_back(subscriber.id, subscriber.unsubscribed_at)
    return of_reader(app, token)


def say_why(app: App, token: str, reason: str, words: str) -> Subscriber:
    """Why somebody left, one of REASONS and words of their own, either of them empty; nothing of both is nothing.

    Kept only while they are unsubscribed; saying it again replaces it. Raises TokenError, and InputError for a reason
    that is not offered or too many words.
    """
    subscriber, words = of_reader(app, token), words.replace("\r\n", "\n").strip()
    if reason and reason not in REASONS:
        raise InputError("This reason is not one of those offered.", next_step="Choose one of them, or none.")
    if len(words) > MOST_WORDS:
        raise InputError(f"That is longer than {MOST_WORDS} characters.", next_step="Say it shorter.")
    if subscriber.status is SubscriberStatus.UNSUBSCRIBED and (reason or words):
        app.store.subscribers.left_because(subscriber.id, reason or "other", words, app.now())
    return subscriber


def reasons_given(app: App, since: datetime) -> dict[str, int]:
    """How a reason reads → how many left for it since then (aware UTC), most first."""
    counts = app.store.subscribers.leaving_counts(since)
    return {REASONS.get(reason, reason): count for reason, count in counts.items()}


def pause(app: App, token: str, weeks: int, *, source: str = "unsubscribe page") -> Subscriber:
    """No issue for so many weeks. Raises TokenError, and InputError for weeks that are not offered."""
    if weeks not in PAUSE_WEEKS:
        raise InputError("A pause is 4, 8 or 12 weeks long.", next_step="Choose one of them.")
    return _pause(app, token, app.now() + timedelta(weeks=weeks), ConsentKind.PAUSED, source)


def end_pause(app: App, token: str, *, source: str = "unsubscribe page") -> Subscriber:
    """The next issue comes again. Raises TokenError."""
    return _pause(app, token, None, ConsentKind.RESUMED, source)


def _pause(app: App, token: str, until: datetime | None, kind: ConsentKind, source: str) -> Subscriber:
    subscriber = of_reader(app, token)
    with app.store.transaction():
        if app.store.subscribers.pause(subscriber.id, until):
            app.store.subscribers.record(subscriber.id, Consent(kind, app.now(), source))
    return of_reader(app, token)


def erase_subscriber(app: App, address: str) -> Subscriber:
    """The operator erases one person; see erase(). Raises NotFoundError."""
    subscriber = find_subscriber(app, address)
    _erase(app, subscriber, "operator")
    return subscriber


def erase(app: App, token: str) -> None:
    """Blank everything that tells who it was; the address stays suppressed by its keyed hash. Raises TokenError.

    What stays: the row's id, the dates and kinds of its record, the issues that went to it and what became of them.
    Repeats change nothing.
    """
    subscriber = of_reader(app, token)
    if subscriber.email is not None:
        with app.store.transaction():
            if subscriber.status is SubscriberStatus.ACTIVE:
                app.store.results.left_by(app.signer.read_reader(token).issue_id, subscriber.id, app.now())
            _erase(app, subscriber, "erase page")


def _erase(app: App, subscriber: Subscriber, source: str) -> None:
    assert subscriber.email is not None
    store = app.store
    with store.transaction():
        store.subscribers.suppress(subscriber.email, SuppressionReason.ERASED, app.now())
        store.subscribers.record(subscriber.id, Consent(ConsentKind.ERASED, app.now(), source))
        store.subscribers.erase(subscriber.id)
        store.votes.forget_reader(subscriber.id)
        store.saved.forget_reader(subscriber.id)
        store.traces.forget_reader(subscriber.id)


def forget_in_time(app: App) -> None:
    """Blank what is kept for FORGET_DAYS only, addresses in requests and reports; and new addresses that were asked for
    and never confirmed, once their link is of no use. To be called often: it looks once an hour.
    """
    now, last = app.now(), app.store.meta.get(_FORGOTTEN)
    if last and timedelta() <= now - datetime.fromisoformat(last) < timedelta(hours=1):
        return
    before, traces = now - timedelta(days=FORGET_DAYS), app.store.traces
    while traces.forget_requests(before) or traces.forget_reports(before):
        pass  # each time no more than others can wait for
    app.store.subscribers.forget_changes(now - timedelta(days=CONFIRM_DAYS))
    app.store.meta.put(_FORGOTTEN, now.isoformat())
