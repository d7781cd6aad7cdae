"""One person's whole story: what they agreed to, every issue and mail, and what was done for them, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.app.container import App
from newsletter.app.leave import REASONS
from newsletter.app.look_up import Person, look_at_number
from newsletter.app.record import what_was_done
from newsletter.audience.consent import Consent, ConsentKind

_CONSENTS = {
    ConsentKind.ASKED: "Asked for the newsletter",
    ConsentKind.CONFIRMED: "Confirmed",
    ConsentKind.IMPORTED: "Added with proof of consent",
    ConsentKind.UNPROVEN: "Imported without proof of consent",
    ConsentKind.UNSUBSCRIBED: "Unsubscribed",
    ConsentKind.RESUBSCRIBED: "Came back",
    ConsentKind.PAUSED: "Paused",
    ConsentKind.RESUMED: "Ended the pause",
    ConsentKind.PREFERENCES: "Chose preferences",
    ConsentKind.ADDRESS_CHANGED: "Changed the address",
    ConsentKind.ERASED: "Erased",
}
_DEEDS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. `at`: aware UTC."""

    at: datetime
    kind: str
    """consent, issue, mail, vote, saved, left, asked or operator."""
    words: str
    detail: str = ""
    quoted: str = ""
    """What they were told, or said, in its own words."""
    issue: str = ""
    """The key of the issue that it is about."""


@dataclass(frozen=True, slots=True)
class Story:
    """A person, and all that happened, newest first."""

    person: Person
    moments: list[Moment]


def story_of(app: App, number: int) -> Story:
    """Raises NotFoundError."""
    person = look_at_number(app, number)
    moments = [*_told(person), *_sent(app, person), *_done(app, person)]
    return Story(person, sorted(moments, key=lambda moment: moment.at, reverse=True))


def _told(person: Person) -> Iterator[Moment]:
    for consent in person.consents:
        yield Moment(consent.at, "consent", _CONSENTS[consent.kind], _where(consent), consent.text)
    for at, reason, words in person.leavings:
        yield Moment(at, "left", f"Left because: {REASONS.get(reason, reason).lower()}", quoted=words)
    for tool, at in person.saved.items():
        yield Moment(at, "saved", f"Saved {tool}")
    if person.asked_change:
        address, at = person.asked_change
        yield Moment(at, "asked", f"Asked to change to {address}", "not confirmed yet")


def _where(consent: Consent) -> str:
    form = f"form of {consent.version}" if consent.version else ""
    return ", ".join(filter(None, (consent.source, form, f"from {consent.ip}" if consent.ip else "")))


def _sent(app: App, person: Person) -> Iterator[Moment]:
    for one in app.store.people.issues_of(person.subscriber.id):
        after = f", then {one['outcome'].replace('_', ' ')}" if one["outcome"] else ""
        words = f"Issue {one['key']}: {one['status'].replace('_', ' ')}{after}"
        reported = f"reported {one['outcome_at']:%-d %B %Y, %H:%M} UTC" if one["outcome_at"] else ""
        detail = ". ".join(filter(None, (one["subject"], one["detail"], reported)))
        yield Moment(one["frozen_at"], "issue", words, detail, issue=one["key"])
    for mail in person.mails:
        after = f", then {mail['outcome'].replace('_', ' ')}" if mail["outcome"] else ""
        status = mail["status"].replace("_", " ")
        yield Moment(
            datetime.fromisoformat(mail["created_at"]), "mail", f"{mail['kind'].capitalize()} mail: {status}{after}"
        )


def _done(app: App, person: Person) -> Iterator[Moment]:
    number = person.subscriber.id
    for at, tool, choice in app.store.people.votes_of(number):
        yield Moment(at, "vote", f"Voted {choice} on {tool}")
    for _, deed in what_was_done(app, f"subscriber {number}", _DEEDS):
        yield Moment(
            deed.at, "operator", f"{deed.operator} {deed.act}", ", ".join(filter(None, (deed.detail, deed.via)))
        )
