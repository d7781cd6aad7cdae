"""All that is stored of one person, for the person: docs/your-data.md has the shape, and a test holds them together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from newsletter.app.container import App
from newsletter.app.leave import REASONS
from newsletter.app.look_up import Person, look_at
from newsletter.audience.consent import Consent
from newsletter.audience.subscriber import Subscriber


def your_data(app: App, subscriber: Subscriber) -> dict[str, Any]:
    """A JSON document. Moments are ISO 8601 UTC; what is not there is null, or an empty list."""
    person = look_at(app, subscriber)
    return {
        "newsletter": app.settings.name,
        "exported_at": _moment(app.now()),
        "address": subscriber.email,
        "status": str(subscriber.status),
        "suppressed": person.suppression and str(person.suppression),
        "created_at": _moment(subscriber.created_at),
        "confirmed_at": _moment(subscriber.confirmed_at),
        "unsubscribed_at": _moment(subscriber.unsubscribed_at),
        "paused_until": _moment(subscriber.paused_until),
        "preferences": {
            "topics": sorted(person.topics),
            "frequency": str(subscriber.frequency),
            "time_zone": subscriber.zone or None,
        },
        "new_address": _new_address(person),
        "record": [_consent(consent) for consent in person.consents],
        "mails": [
            {
                "kind": mail["kind"],
                "at": _moment(datetime.fromisoformat(mail["created_at"])),
                "status": mail["status"],
                "outcome": mail["outcome"],
            }
            for mail in person.mails
        ],
        "issues": [
            {
                "key": one["key"],
                "status": one["status"],
                "outcome": one["outcome"],
                "detail": one["detail"],
                "left_at": one["left_at"] and _moment(datetime.fromisoformat(one["left_at"])),
            }
            for one in person.deliveries
        ],
        "votes": [{"tool": tool, "choice": str(choice)} for tool, choice in sorted(person.votes.items())],
        "saved": [{"tool": tool, "at": _moment(at)} for tool, at in person.saved.items()],
        "left": [
            {"at": _moment(at), "reason": REASONS.get(reason, reason), "words": words or None}
            for at, reason, words in person.leavings
        ],
    }


def _new_address(person: Person) -> dict[str, str | None] | None:
    if person.asked_change is None:
        return None
    address, asked_at = person.asked_change
    return {"address": address, "asked_at": _moment(asked_at)}


def _consent(consent: Consent) -> dict[str, str | None]:
    return {
        "kind": str(consent.kind),
        "at": _moment(consent.at),
        "source": consent.source,
        "text": consent.text or None,
        "text_version": consent.version or None,
        "ip": consent.ip,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
