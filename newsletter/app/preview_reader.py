"""An issue through one reader's eyes: what differs for them, and why they would not get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.app.compose_issue import Composed, content_of, corrected_issue
from newsletter.app.container import App
from newsletter.app.subscribe import find_subscriber
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus, SuppressionReason
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.audience.zones import is_zone
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import NotFoundError
from newsletter.issues import Issue
from newsletter.rendering.context import day_in_words
from newsletter.rendering.slots import reader_slots


@dataclass(frozen=True, slots=True)
class AsReader:
    """Whose mail it is. `why_not` is a sentence, empty where they get it."""

    number: int
    """The subscriber's id."""
    address: str
    """`a reader who was erased` where that is so."""
    why_not: str


_SUPPRESSED = {
    SuppressionReason.HARD_BOUNCE: "Their address is suppressed: it bounced for good.",
    SuppressionReason.COMPLAINT: "Their address is suppressed: they reported a mail as spam.",
    SuppressionReason.ERASED: "Their address is suppressed: its owner was erased.",
    SuppressionReason.OPERATOR: "Their address is suppressed: an operator did that.",
}
_SETTLED = {
    DeliveryStatus.IN_FLIGHT: "",
    DeliveryStatus.ACCEPTED: "",
    DeliveryStatus.REJECTED: "The provider refused it for them.",
    DeliveryStatus.SUPPRESSED: "They left, or were suppressed, before their turn came.",
    DeliveryStatus.UNKNOWN: "Whether it was sent to them is unknown.",
    DeliveryStatus.CANCELLED: "The issue was cancelled before their turn came.",
}


def number_of_reader(app: App, address: str) -> int:
    """The id of the subscriber with this address. Raises NotFoundError, and InputError for what is no address."""
    return find_subscriber(app, address).id


def as_reader(app: App, issue: Issue, composed: Composed, number: int) -> tuple[AsReader, dict[str, str]]:
    """Who it is, and what stands in their slots; every link of theirs is dead. Raises NotFoundError."""
    person = app.store.subscribers.by_id(number)
    if person is None:
        raise NotFoundError("There is no such subscriber.", next_step="See the list of subscribers.")
    zone = ZoneInfo(person.zone) if is_zone(person.zone) else app.settings.zone
    since = (person.confirmed_at or person.created_at).astimezone(zone).date()
    saved = app.store.saved.among([number], composed.mail.tools).get(number, frozenset())
    values = reader_slots(app.settings.site_url, DEAD_TOKEN, since, composed.mail.tools, saved)
    address = person.email or "a reader who was erased"
    return AsReader(number, address, _why_not(app, issue, composed, person)), values


def _why_not(app: App, issue: Issue, composed: Composed, person: Subscriber) -> str:
    """In the order of weight; what was settled when the issue was frozen comes first."""
    if issue.frozen_at is not None:
        status = app.store.deliveries.status(issue.id, person.id)
        if status in _SETTLED:
            return _SETTLED[status]
        if status is None:
            joined = person.confirmed_at or person.created_at
            if person.status is SubscriberStatus.ACTIVE and joined > issue.frozen_at:
                return f"They joined too late: on {_day(app, joined)}, after the readers of this issue were settled."
            return _now(app, issue, composed, person) or "They were not among its readers when these were settled."
    return _now(app, issue, composed, person)


def _now(app: App, issue: Issue, composed: Composed, person: Subscriber) -> str:
    """The same rules as of the send, see store/deliveries.py, for one person and with the reason."""
    if person.status is SubscriberStatus.PENDING:
        return "They have not confirmed yet."
    if person.status is not SubscriberStatus.ACTIVE or person.email is None:
        left = f" on {_day(app, person.unsubscribed_at)}" if person.unsubscribed_at else ""
        return "They were erased." if person.status is SubscriberStatus.ERASED else f"They unsubscribed{left}."
    if reason := app.store.subscribers.suppression(person.email):
        return _SUPPRESSED[reason]
    if person.paused_until and person.paused_until > (issue.frozen_at or app.now()):
        return f"They are paused until {_day(app, person.paused_until)}."
    original, content = corrected_issue(app, issue), composed.content
    if original is not None:
        if app.store.deliveries.status(original, person.id) is not DeliveryStatus.ACCEPTED:
            return "The issue that it corrects did not go to them."
        corrected = app.store.issues.by_id(original)
        assert corrected is not None
        content = content_of(app, corrected)
    if person.frequency is Frequency.TOPICS:
        chosen = app.store.subscribers.topics(person.id)
        if not chosen & {side.topic for item in content.items for side in item.comparison.sides}:
            theirs = f"theirs are {', '.join(sorted(chosen))}" if chosen else "they chose none"
            return f"They want only issues with their topics, and none of them is in it: {theirs}."
    return ""


def _day(app: App, moment: datetime) -> str:
    return day_in_words(moment.astimezone(app.settings.zone).date())
