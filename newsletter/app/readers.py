"""Who a reader is: by the signed link they opened, or by the browser in which they acted with one."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.errors import TokenError

_GONE = (SubscriberStatus.ERASED, SubscriberStatus.PENDING)


def reader_of_link(app: App, token: str) -> Subscriber:
    """Whom a link in an issue belongs to. Raises TokenError where it is forged or cut, or the reader is erased."""
    subscriber = app.store.subscribers.by_id(app.signer.read_reader(token).subscriber_id)
    if subscriber is None or subscriber.status in _GONE:
        raise TokenError("This link is of no use any more.", next_step="Subscribe to get new ones.")
    return subscriber


def reader_of_browser(app: App, kept: str) -> Subscriber | None:
    """Who acted in this browser with a signed link, by what it keeps of that; None for nobody we still know."""
    subscriber_id = app.signer.read_browser(kept)
    subscriber = None if subscriber_id is None else app.store.subscribers.by_id(subscriber_id)
    return None if subscriber is None or subscriber.status in _GONE else subscriber


def what_browser_keeps(app: App, subscriber: Subscriber) -> str:
    """The value by which reader_of_browser() knows this reader again."""
    return app.signer.browser(subscriber.id)


def what_asking_keeps(app: App, address: str) -> str:
    """What the browser keeps that asked for `address`; equal in form for every address, known here or not."""
    return app.signer.asked_here(app.store.subscribers.hash_of(address))


def asked_in_this_browser(app: App, kept: str, subscriber: Subscriber) -> bool:
    """Whether this browser asked for the address of `subscriber`, by what it keeps of that."""
    found = app.signer.read_asked_here(kept)
    return (
        found is not None and subscriber.email is not None and found == app.store.subscribers.hash_of(subscriber.email)
    )
