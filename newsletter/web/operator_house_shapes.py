"""The same of comparisons, subscribers, the schedule and the house: what is answered and taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from newsletter.audience.subscriber import Frequency, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Verdict
from newsletter.issues import IssueStatus
from newsletter.web.api_shapes import Document
from newsletter.web.operator_shapes import Address, Asked, Flag, IssueBrief, Task, Told


class NewComparisons(Asked):
    """One source: documents, or the text of a file."""

    documents: list[Document] | None = Field(None, min_length=1, max_length=1000)
    text: str | None = Field(None, min_length=1)
    format: str = Field("page", pattern="^(page|yaml|json)$", description="Of the text.")
    archive: Flag = Field(description="What is new is of the archive: shown, and never in an issue.")
    published_on: date | None = Field(None, description="For those that carry no date.")
    partial: Flag = Field(False, description="Take pages that were cut short, as far as they go.")


class Entry(Told):
    """What becomes of one comparison."""

    kind: str
    line: int
    name: str
    reason: str
    fix: str


class ComparisonImport(Told):
    """All of it; where anything is rejected, nothing was taken."""

    applied: bool
    counts: dict[str, int]
    entries: list[Entry]


class ComparisonEdit(Asked):
    """What to change. What is absent stays."""

    document: Document | None = Field(None, description="What it says from now on.")
    published_on: date | None = Field(None, description="The local date from which readers find it.")
    archived: Flag | None = Field(None, description="Whether it is of the archive: shown, and never in a draft.")


class FieldChange(Told):
    """One field that is another now."""

    field: str
    before: str
    after: str


class ComparisonEdited(Told):
    """What a change came to."""

    slug: str
    changed: bool
    changes: list[FieldChange] = Field(description="Of the document, field by field.")


class Documents(Told):
    """Every comparison, as it imports again."""

    documents: list[Document]


class Subscriber(Told):
    """One person; without an address once erased."""

    id: int
    email: str | None = None
    status: SubscriberStatus
    created_at: datetime
    confirmed_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    paused_until: datetime | None = None
    frequency: Frequency
    zone: str


class SubscriberList(Told):
    """In the order they came."""

    subscribers: list[Subscriber]
    next: int | None = Field(None, description="The cursor of the next page; absent on the last one.")
    counts: dict[str, int] = Field(description="Of all, by status.")


class Consent(Told):
    """One entry of the record of consent."""

    kind: str
    at: datetime
    source: str
    text: str
    version: str


class Person(Told):
    """All that is known of one subscriber."""

    subscriber: Subscriber
    suppression: SuppressionReason | None = None
    consents: list[Consent]
    deliveries: list[dict[str, str | None]]
    mails: list[dict[str, Any]]
    topics: list[str]
    votes: dict[str, Verdict]
    saved: dict[str, datetime]
    asked_change: str | None = Field(None, description="The address they asked to change to, and did not confirm.")


class NewSubscriber(Asked):
    """Somebody, and what proves their consent; without it they are sent a confirmation."""

    email: Address
    consent: str | None = Field(None, min_length=1, max_length=2_000)


class Added(Told):
    """Who was added, without the address."""

    id: int
    status: SubscriberStatus
    confirmation_sent: bool


class NewSubscribers(Asked):
    """The text of a CSV file with a column `email`, and what these people agreed to, where and when."""

    csv: str = Field(min_length=1)
    consent: str = Field(min_length=1, max_length=2_000)


class BadRow(Told):
    """A row that cannot be used."""

    line: int
    reason: str


class SubscriberImport(Told):
    """What was done, or with `dry_run` would be."""

    applied: bool
    counts: dict[str, int]
    rejects: list[BadRow]


class Erased(Told):
    """Nothing tells any more who it was."""

    id: int
    erased: bool


class PauseFor(Asked):
    """For how many weeks; 0 ends a pause."""

    weeks: Literal[0, 4, 8, 12]


class Suppressed(Told):
    """An address that is never mailed, known by a keyed hash; in the list with the address of a subscriber."""

    key: str
    reason: SuppressionReason
    at: datetime
    words: str = Field(description="Why an operator did it; else empty.")
    email: str | None = None
    subscriber_id: int | None = None


class SuppressionList(Told):
    """The newest first."""

    suppressions: list[Suppressed]
    next: int | None = Field(None, description="The cursor of the next page; absent on the last one.")
    counts: dict[str, int] = Field(description="Of all, by reason.")


class NewSuppression(Asked):
    """An address, and why, for whoever wants to lift it one day."""

    email: Address
    reason: str = Field(min_length=1, max_length=300)


class Slot(Told):
    """One slot ahead: what happens then, or the status of its issue."""

    key: str
    at: datetime
    local: datetime = Field(description="In the newsletter's time zone.")
    status: str


class Schedule(Told):
    """Soonest first."""

    slots: list[Slot]


class Skip(Asked):
    """Why there is no issue that week."""

    reason: str = Field("Skipped by the operator.", max_length=500)


class Skipped(Told):
    """Its comparisons wait for the next issue."""

    key: str
    status: IssueStatus


class Health(Told):
    """How it stands. `beats`: when each running part was last alive; mails to one person and reports by status."""

    ready: bool = Field(description="Nothing stands between this newsletter and a live send.")
    tasks: list[Task]
    beats: dict[str, datetime]
    mails: dict[str, int]
    reports: dict[str, int]
    pending: list[IssueBrief]


class Setting(Told):
    """One setting. `came_from`: default, file, environment or flag."""

    value: str
    came_from: str


class Settings(Told):
    """Every setting in force, by its dotted key; secrets are masked."""

    settings: dict[str, Setting]


class Deed(Told):
    """One entry of the record."""

    at: datetime
    operator: str
    act: str
    subject: str
    detail: str
    via: str


class Log(Told):
    """Newest first."""

    log: list[Deed]
    next: int | None = Field(None, description="The cursor of the next page; absent on the last one.")
