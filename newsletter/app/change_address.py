"""Another address for the same reader: asked for by signed link, confirmed by the new address, told to the old one.

Issues are counted by reader, not by address: nobody gets one twice, or misses one, by a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from newsletter.app.container import App
from newsletter.app.leave import of_reader
from newsletter.app.mail_one import queue_mail
from newsletter.app.preferences import masked
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, normal_address
from newsletter.audience.tokens import CONFIRM_DAYS
from newsletter.errors import InputError, TokenError, TransitionError
from newsletter.rendering.address_mails import render_address_changed, render_change_address
from newsletter.rendering.mjml import RenderedMail

_DAY = timedelta(hours=24)
_EVER = 3


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was asked for. `done`: the address is theirs already."""

    subscriber: Subscriber
    address: str
    done: bool


def ask_to_change(app: App, token: str, address: str) -> None:
    """Mail a link to the new address, unless it is suppressed, somebody's, or was mailed enough; nothing tells which.

    Raises TokenError; InputError for what is no address or theirs already; TransitionError for somebody who gets no
    issues, who asked within 24 hours, or where too many mails went out in the last hour.
    """
    address = normal_address(address)
    subscriber = of_reader(app, token)
    if subscriber.status is not SubscriberStatus.ACTIVE or subscriber.email is None:
        raise TransitionError("No issue comes to you.", next_step="Subscribe with the new address.")
    people, now = app.store.subscribers, app.now()
    if people.hash_of(address) == people.hash_of(subscriber.email):
        raise InputError("Your issues come to this address already.")
    mail = _question(app, subscriber, address)  # takes milliseconds, so before the store is held for writing
    with app.store.transaction():
        before = people.asked_change(subscriber.id)
        if before and before[1] > now - _DAY:
            raise TransitionError("You asked for a change within the last 24 hours.", next_step="Try again tomorrow.")
        if people.confirmations_since(now - timedelta(hours=1)) >= app.settings.web.confirmations_per_hour:
            raise TransitionError("Too many asked for a mail just now.", next_step="Try again in an hour.")
        people.ask_change(subscriber.id, address, now)
        if people.suppression(address) or people.by_address(address) is not None:
            return
        if people.may_mail(address, "change", now, now - _DAY, at_most=_EVER):
            key = f"change/{subscriber.id}/{now.timestamp():.0f}"
            queue_mail(app, key, "change_address", address, mail, subscriber_id=subscriber.id)


def of_change(app: App, token: str) -> Change:
    """What a link to confirm a new address is about. Raises TokenError where it is not valid, too old, or not the
    newest, or its reader is gone.
    """
    subscriber_id, wanted = app.signer.read_address_change(token)
    people = app.store.subscribers
    subscriber = people.by_id(subscriber_id)
    if subscriber and subscriber.email and subscriber.status is SubscriberStatus.ACTIVE:
        if people.hash_of(subscriber.email) == wanted:
            return Change(subscriber, subscriber.email, done=True)
        asked = people.asked_change(subscriber_id)
        if asked and people.hash_of(asked[0]) == wanted:
            return Change(subscriber, asked[0], done=False)
    raise TokenError("This link is of no use any more.", next_step="Ask for the change once more.")


def change_address(app: App, token: str) -> Change:
    """The button behind that link. Repeats change nothing.

    Raises TokenError, and TransitionError where the new address was suppressed or became somebody else's meanwhile.
    """
    with app.store.transaction():
        change = of_change(app, token)
        subscriber, people, now = change.subscriber, app.store.subscribers, app.now()
        if change.done:
            return change
        if people.suppression(change.address):
            raise TransitionError("We may not send mail to this address.", next_step="Ask for another one.")
        if not people.change_address(subscriber.id, change.address):
            raise TransitionError(
                "This address has a subscription of its own by now.",
                next_step="Unsubscribe the address you no longer want, by the link in its mails.",
            )
        people.record(subscriber.id, Consent(ConsentKind.ADDRESS_CHANGED, now, "link in a mail to the new address"))
        _queue_news(app, subscriber, change.address)
        return Change(subscriber, change.address, done=True)


def _question(app: App, subscriber: Subscriber, address: str) -> RenderedMail:
    token = app.signer.address_change(subscriber.id, app.store.subscribers.hash_of(address))
    return render_change_address(
        app.mail_templates,
        app.settings.publication,
        change_url=f"{app.settings.site_url}/address/{token}",
        asked_at=app.now(),
        days_valid=CONFIRM_DAYS,
    )


def _queue_news(app: App, subscriber: Subscriber, address: str) -> None:
    """To the old address, unless it is suppressed: that is what many change it for."""
    now = app.now()
    assert subscriber.email is not None
    if app.store.subscribers.suppression(subscriber.email):
        return
    mail = render_address_changed(
        app.mail_templates,
        app.settings.publication,
        new_address=masked(address),
        changed_at=now,
        preferences_url=f"{app.settings.site_url}/preferences/{app.signer.reader(0, subscriber.id)}",
    )
    key = f"changed/{subscriber.id}/{now.timestamp():.0f}"
    queue_mail(app, key, "address_changed", subscriber.email, mail, subscriber_id=subscriber.id)
