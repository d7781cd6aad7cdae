"""The same of comparisons, subscribers, the schedule and the house: what is answered and taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from newsletter.audience.arrivals import Standing
from newsletter.audience.subscriber import Frequency, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Verdict
from newsletter.issues import IssueStatus
from newsletter.web.api_shapes import Document
from newsletter.web.operator_shapes import Address, Asked, Flag, IssueBrief, Task, Told, Whole

Columns = Annotated[
    dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=1000)]], Field(max_length=200)
]


class NewComparisons(Asked):
    """One source: documents, the text of a file, or what is at an address."""

    documents: list[Document] | None = Field(None, min_length=1, max_length=1000)
    text: str | None = Field(None, min_length=1)
    format: str = Field("page", pattern="^(page|yaml|json|csv|tsv)$", description="Of the text.")
    url: str | None = Field(None, pattern="^https://", max_length=2000, description="Of a public https document.")
    columns: Columns = Field({}, description="Of a table: field of a comparison → the table's column.")
    seen: str | None = Field(None, max_length=64, description="The `mark` of a dry run: do exactly that, or nothing.")
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
    known: list[str] = Field(description="When, by whom and as what this very file was imported before.")
    mark: str = Field(description="Of all this: two of a kind are the same.")


class ComparisonEdit(Asked):
    """What to change. What is absent stays."""

    seen: str | None = Field(None, max_length=64, description="Its `seen`, or send its ETag as If-Match.")
    document: Document | None = Field(None, description="What it says from now on; asks for what you looked at.")
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
    seen: str = Field(description="A mark of what it says now, to be sent with the next change.")
    changed: bool
    changes: list[FieldChange] = Field(description="Of the document, field by field.")


class Version(Told):
    """What became of a comparison by one revision; the first version, which changed nothing, is 1 and not told."""

    number: int
    at: datetime
    by: str = Field(description="An operator, a key or `command line`; empty where nobody kept it.")
    changes: list[FieldChange]


class Versions(Told):
    """The present one comes first."""

    slug: str
    seen: str = Field(description="A mark of what it says now, to be sent with a restore.")
    versions: list[Version]


class Restore(Asked):
    """Which version, and what you looked at."""

    revision: Whole = Field(ge=1, le=1_000_000_000)
    seen: str | None = Field(None, max_length=64, description="The `seen` of what you looked at.")


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
    """The text of a list with a column `email`, and what these people agreed to, where and when.

    Who brings no proof of their own and has no `consent` here is flagged: kept as pending and not mailed, or with
    `reconfirm` asked by mail whether they want it. `name`: of the file, which may say what is in it. `status`: of all.
    """

    csv: str = Field(min_length=1)
    consent: str = Field("", max_length=2_000)
    reconfirm: bool = False
    name: str = Field("sent.csv", min_length=1, max_length=100)
    status: Standing | None = None
    columns: Columns = Field({}, description="What we call a column (email, status, topics …) → what the list does.")
    seen: str | None = Field(None, max_length=300, description="The `mark` of a dry run: do exactly that, or nothing.")


class BadRow(Told):
    """A row that cannot be used."""

    line: int
    reason: str
    fix: str


class PlannedRow(Told):
    """A row of a plan."""

    line: int
    email: str
    reason: str


class EarlierImport(Told):
    """When a file of these very bytes was imported."""

    at: datetime
    operator: str
    name: str


class SubscriberImport(Told):
    """What was done, or with `dry_run` would be.

    `counts`: kind → rows, which sum up to all. `stopping`: active readers who get nothing from now on because they left
    where the list comes from. `asking`: people who are asked by mail. `rejects`: a thousand at most. `first`: kind →
    its first twenty rows, told by a dry run alone.
    """

    applied: bool
    counts: dict[str, int]
    stopping: int
    asking: int
    topics_left_out: int = Field(description="Tags of theirs that are no topics here.")
    instructions: list[str]
    rejects: list[BadRow]
    first: dict[str, list[PlannedRow]] | None = None
    dialect: str = Field(description="Whose export it is: `mailchimp`, `ghost` …, or `plain`.")
    earlier: EarlierImport | None = None
    mark: str = Field(description="Of the plan: two of a kind are the same.")


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
    """One setting. `came_from`: default, file, environment, flag or demo."""

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
