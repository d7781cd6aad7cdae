"""Coming and leaving: ask, confirm, leave, come back, be added by the operator, be erased."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.app.container import App
from newsletter.app.mail_one import queue_confirmation
from newsletter.audience.consent import FORM_TEXT, Consent, ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason, normal_address
from newsletter.errors import InputError, NotFoundError, TokenError


def subscribe(app: App, address: str, *, source: str, ip: str | None) -> None:
    """Somebody asks for the newsletter on a page. New and unsubscribed people get a confirmation mail, within the
    limits; everybody else nothing. The caller answers the same in every case. Raises InputError for no address.
    """
    address = normal_address(address)
    now = app.now()
    with app.store.transaction():
        people = app.store.subscribers
        found = people.by_address(address)
        budget = app.settings.web.confirmations_per_hour
        if (
            people.suppression(address)
            or (found and found.status is SubscriberStatus.ACTIVE)
            or people.confirmations_since(now - timedelta(hours=1)) >= budget
        ):
            return
        subscriber_id = found.id if found else people.add(address, SubscriberStatus.PENDING, now)
        if found and found.status is SubscriberStatus.UNSUBSCRIBED:
            people.ask_again(found.id)
        if queue_confirmation(app, subscriber_id, address) is not None:
            people.record(subscriber_id, Consent(ConsentKind.ASKED, now, source, FORM_TEXT, ip))


def confirm(app: App, token: str, *, ip: str | None) -> Subscriber:
    """The button on the confirmation page: pending → active. Repeats change nothing. Raises TokenError."""
    subscriber = of_confirmation(app, token)
    with app.store.transaction():
        if subscriber.status is SubscriberStatus.PENDING and app.store.subscribers.activate(
            subscriber.id, app.now(), SubscriberStatus.PENDING
        ):
            consent = Consent(ConsentKind.CONFIRMED, app.now(), "confirmation link", ip=ip)
            app.store.subscribers.record(subscriber.id, consent)
    return subscriber


def of_confirmation(app: App, token: str) -> Subscriber:
    """Whom a confirmation link belongs to. Raises TokenError where it is not valid, or the person is gone."""
    subscriber = app.store.subscribers.by_id(app.signer.read_confirmation(token))
    if (
        subscriber is None
        or subscriber.email is None
        or subscriber.status is SubscriberStatus.UNSUBSCRIBED
        or app.store.subscribers.suppression(subscriber.email)
    ):
        raise TokenError("This link is of no use any more.", next_step="Subscribe once more to get a new one.")
    return subscriber


def of_reader(app: App, token: str) -> Subscriber:
    """Whom a link in an issue belongs to. Raises TokenError where it is forged or cut."""
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
    return of_reader(app, token)


def undo_unsubscribe(app: App, token: str) -> Subscriber:
    """The undo beneath: active again, unless the address is suppressed. Raises TokenError."""
    subscriber = of_reader(app, token)
    with app.store.transaction():
        people = app.store.subscribers
        allowed = subscriber.email is not None and not people.suppression(subscriber.email)
        if allowed and people.activate(subscriber.id, app.now(), SubscriberStatus.UNSUBSCRIBED):
            people.record(subscriber.id, Consent(ConsentKind.RESUBSCRIBED, app.now(), "undo on the unsubscribe page"))
    return of_reader(app, token)


PAUSE_WEEKS = (4, 8, 12)


def pause(app: App, token: str, weeks: int) -> Subscriber:
    """No issue for so many weeks. Raises TokenError, and InputError for weeks that are not offered."""
    if weeks not in PAUSE_WEEKS:
        raise InputError("A pause is 4, 8 or 12 weeks long.", next_step="Choose one of them.")
    return _pause(app, token, app.now() + timedelta(weeks=weeks), ConsentKind.PAUSED)


def end_pause(app: App, token: str) -> Subscriber:
    """The next issue comes again. Raises TokenError."""
    return _pause(app, token, None, ConsentKind.RESUMED)


def _pause(app: App, token: str, until: datetime | None, kind: ConsentKind) -> Subscriber:
    subscriber = of_reader(app, token)
    with app.store.transaction():
        if app.store.subscribers.pause(subscriber.id, until):
            app.store.subscribers.record(subscriber.id, Consent(kind, app.now(), "unsubscribe page"))
    return of_reader(app, token)


def add_subscriber(app: App, address: str, *, evidence: str | None) -> tuple[Subscriber, int | None]:
    """The operator adds one person: active with `evidence` of consent, else asked to confirm.

    Returns the person and the id of the confirmation mail, where one is queued. Raises InputError for an address that
    is none, is suppressed, or has left: only they themselves can come back.
    """
    address = normal_address(address)
    now = app.now()
    with app.store.transaction():
        people = app.store.subscribers
        if reason := people.suppression(address):
            raise InputError(f"{address} is suppressed ({reason}) and is never mailed.")
        found = people.by_address(address)
        left = found and (found.status is SubscriberStatus.UNSUBSCRIBED or (evidence and found.unsubscribed_at))
        if left:  # also where somebody asked in their name and they have not confirmed
            raise InputError(
                f"{address} unsubscribed; only they themselves can come back.", next_step="They use the subscribe page."
            )
        if found and found.status is SubscriberStatus.ACTIVE:
            return found, None
        status = SubscriberStatus.ACTIVE if evidence else SubscriberStatus.PENDING
        subscriber_id = found.id if found else people.add(address, status, now)
        queued = None
        if evidence:
            people.activate(subscriber_id, now, SubscriberStatus.PENDING)
            people.record(subscriber_id, Consent(ConsentKind.IMPORTED, now, "added by the operator", evidence))
        else:
            queued = queue_confirmation(app, subscriber_id, address)
            if queued is not None:
                people.record(subscriber_id, Consent(ConsentKind.ASKED, now, "added by the operator", FORM_TEXT))
        added = people.by_id(subscriber_id)
        assert added is not None
        return added, queued


def find_subscriber(app: App, address: str) -> Subscriber:
    """Raises NotFoundError."""
    found = app.store.subscribers.by_address(normal_address(address))
    if found is None:
        raise NotFoundError(f"There is no subscriber {address}.", next_step="See `newsletter subscribers list`.")
    return found


def erase_subscriber(app: App, address: str) -> Subscriber:
    """Blank everything that tells who it was; the address stays suppressed by its keyed hash. Raises NotFoundError."""
    subscriber = find_subscriber(app, address)
    assert subscriber.email is not None
    with app.store.transaction():
        people = app.store.subscribers
        people.suppress(subscriber.email, SuppressionReason.ERASED, app.now())
        people.record(subscriber.id, Consent(ConsentKind.ERASED, app.now(), "operator"))
        people.erase(subscriber.id)
    return subscriber
