"""Coming: ask, confirm, be added by the operator."""

from __future__ import annotations

from datetime import timedelta

from newsletter.app.container import App
from newsletter.app.mail_one import CONFIRM_AT_MOST, CONFIRM_EVERY, queue_confirmation, queue_known, queue_notice
from newsletter.app.welcome import prepare_welcome, queue_welcome
from newsletter.audience.consent import FORM_TEXT, FORM_VERSION, Consent, ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, normal_address
from newsletter.errors import InputError, NotFoundError, TokenError

WAIT_AT_MOST = timedelta(hours=24)
"""Who has waited longer for a confirmation does not expect it any more."""


def subscribe(app: App, address: str, *, source: str, ip: str | None) -> None:
    """Somebody asks for the newsletter. New and unsubscribed people get a confirmation mail, subscribers the link to
    their preferences, within the limits; a suppressed address nothing. Where too many ask in one hour they keep a
    place, and catch_up_confirmations() sees to it. The caller answers the same in every case.

    Raises InputError for what is no address.
    """
    address = normal_address(address)
    now = app.now()
    with app.store.transaction():
        people = app.store.subscribers
        if people.suppression(address):
            return
        found = people.by_address(address)
        subscriber_id = found.id if found else people.add(address, SubscriberStatus.PENDING, now)
        active = found is not None and found.status is SubscriberStatus.ACTIVE
        if free_confirmations(app) <= 0:
            heard = people.wait_for_confirmation(subscriber_id, now, now - CONFIRM_EVERY, CONFIRM_AT_MOST)
        else:
            queue = queue_known if active else queue_confirmation
            heard = queue(app, subscriber_id, address) is not None
        if heard and not active:
            people.ask_again(subscriber_id)
            people.record(subscriber_id, Consent(ConsentKind.ASKED, now, source, FORM_TEXT, ip, FORM_VERSION))


def catch_up_confirmations(app: App) -> int:
    """Answer those who asked within the last 24 hours while too many did, the longest waiting first; how many.

    The operator is told once an hour that somebody must wait.
    """
    now = app.now()
    answered = 0
    with app.store.transaction():
        people = app.store.subscribers
        people.give_up_waiting(now - WAIT_AT_MOST)
        waiting = people.waiting_for_confirmation()
        free = free_confirmations(app) if waiting else 0
        for person in waiting:
            if answered == free:
                break
            assert person.email is not None
            active = person.status is SubscriberStatus.ACTIVE
            queue = queue_known if active else queue_confirmation
            answered += queue(app, person.id, person.email) is not None
        if left := len(people.waiting_for_confirmation()):
            _tell_that_too_many_ask(app, left)
    return answered


def free_confirmations(app: App) -> int:
    """How many more may be asked to confirm in this hour."""
    used = app.store.subscribers.confirmations_since(app.now() - timedelta(hours=1))
    return max(0, app.settings.web.confirmations_per_hour - used)


def _tell_that_too_many_ask(app: App, left: int) -> None:
    budget = app.settings.web.confirmations_per_hour
    wait = "One person waits for a confirmation" if left == 1 else f"{left:,} people wait for a confirmation"
    queue_notice(
        app,
        f"confirmations/{app.now():%Y-%m-%dT%H}",
        f"{wait}: more ask than web.confirmations_per_hour allows",
        "Many people ask for the newsletter",
        [
            f"{wait}. {budget:,} an hour may go out, and that many did.",
            "Nobody is lost: who asked within the last 24 hours gets theirs as soon as the hour allows, the longest"
            " waiting first.",
            "Look at who they are: newsletter subscribers list --status pending.",
            "If they are people, raise web.confirmations_per_hour in newsletter.toml and start it again. If a program"
            " makes them up, leave it: the limit holds it off.",
        ],
    )


def confirm(app: App, token: str, *, ip: str | None) -> Subscriber:
    """The button on the confirmation page: pending → active, and a welcome. Repeats change nothing. Raises
    TokenError.
    """
    subscriber = of_confirmation(app, token)
    if subscriber.status is not SubscriberStatus.PENDING:
        return subscriber
    prepare_welcome(app)  # takes a while the first time, and the store is not held for that long
    with app.store.transaction():
        people, now = app.store.subscribers, app.now()
        if people.activate(subscriber.id, now, SubscriberStatus.PENDING):
            people.record(subscriber.id, Consent(ConsentKind.CONFIRMED, now, "confirmation link", ip=ip))
            queue_welcome(app, subscriber)
    return of_confirmation(app, token)


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
                asked = Consent(ConsentKind.ASKED, now, "added by the operator", FORM_TEXT, version=FORM_VERSION)
                people.record(subscriber_id, asked)
        added = people.by_id(subscriber_id)
        assert added is not None
        return added, queued


def find_subscriber(app: App, address: str) -> Subscriber:
    """Raises NotFoundError."""
    found = app.store.subscribers.by_address(normal_address(address))
    if found is None:
        raise NotFoundError(f"There is no subscriber {address}.", next_step="See `newsletter subscribers list`.")
    return found
