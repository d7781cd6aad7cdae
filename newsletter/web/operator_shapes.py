"""What the operator's part of the API answers and takes, as its description tells it.

A fact that is not known is absent. Times are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from newsletter.issues import IssueStatus
from newsletter.rendering.findings import Severity
from newsletter.rendering.words import PREHEADER_LIMITS, SUBJECT_LIMIT

KEY = r"^[0-9]{4}-W[0-9]{2}(-c[0-9]{1,4})?$"
SLOT = r"^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$"
SlotKey = Annotated[str, Field(pattern=SLOT, description="The ISO week of its day.", examples=["2026-W48"])]
Address = Annotated[str, Field(min_length=3, max_length=254, examples=["reader@example.net"])]
Slugs = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]


def _a_number(value: object) -> object:
    """JSON Schema calls 3.0 an integer, and neither "3" nor true."""
    if isinstance(value, str | bool):
        raise ValueError("Input should be a number")
    return value


Whole = Annotated[int, BeforeValidator(_a_number)]
Flag = Annotated[bool, Field(strict=True)]


class Told(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True)


class Asked(BaseModel):
    """A body; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class Counts(Told):
    """How the recipients of an issue stand; `frozen` is the sum of the others."""

    frozen: int
    waiting: int
    in_flight: int
    accepted: int
    rejected: int
    suppressed: int
    unknown: int
    cancelled: int


class IssueBrief(Told):
    """One issue in a list."""

    key: str
    status: IssueStatus
    reason: str = Field(description="Why it was skipped, missed, stopped or paused.")
    subject: str
    day: date
    counts: Counts
    approved_at: datetime | None = None
    hold_until: datetime | None = Field(None, description="Until then a send can be undone.")
    frozen_at: datetime | None = Field(None, description="When its recipients were settled.")
    finished_at: datetime | None = None


class IssueList(Told):
    """Newest first."""

    issues: list[IssueBrief]
    next: str | None = Field(None, description="The cursor of the next page; absent on the last one.")


class Stopped(Told):
    """What was on its way, as it is now."""

    stopped: list[IssueBrief]


class Place(Told):
    """A comparison in an issue."""

    slug: str
    title: str
    section: str
    changed_since: bool = Field(description="It was revised after the issue was approved.")


class Choice(Told):
    """What was decided about a candidate, and why."""

    slug: str
    title: str
    outcome: str
    section: str | None = None
    reason: str


class Pull(Told):
    """What came of pulling a source of comparisons."""

    source: str
    at: datetime
    problem: str = Field(description="What went wrong, or empty.")
    counts: dict[str, int] = Field(description="new, changed, unchanged, rejected → comparisons.")


class IssueWhole(IssueBrief):
    """One issue."""

    preheader: str
    intro: str
    seen: str = Field(description="A mark of the content as it is now, to be sent with a change of it.")
    places: list[Place] = Field(description="In the order of the mail.")
    choices: list[Choice]
    audience: dict[str, int] = Field(description="The sum behind `recipients`, as of now.")
    pulls: list[Pull] = Field(description="Of the sources, just before it was drafted.")


class NewDraft(Asked):
    """Which issue to draft; the next one by default."""

    slot: SlotKey | None = None
    again: Flag = Field(False, description="Choose anew; edits of content and order are dropped.")


class Edit(Asked):
    """What to change. What is absent stays."""

    seen: str | None = Field(
        None, max_length=64, description="The `seen` of the issue that you looked at; or send its ETag as If-Match."
    )
    subject: str | None = Field(None, min_length=1, max_length=SUBJECT_LIMIT + 18)
    preheader: str | None = Field(None, min_length=PREHEADER_LIMITS[0], max_length=PREHEADER_LIMITS[1])
    intro: str | None = Field(None, max_length=20_000, description="A little Markdown; docs/words.md says which.")
    order: Slugs = Field([], description="Slugs that come first, in this order.")
    add: Slugs = []
    drop: Slugs = []
    full: Slugs = []
    brief: Slugs = []


class Finding(Told):
    """A rule that the mail breaks."""

    rule: int
    severity: Severity
    place: str
    message: str
    fix: str


class Task(Told):
    """One thing that must be so before a live send."""

    name: str
    done: bool
    detail: str
    fix: str


class Checks(Told):
    """Everything that speaks against it."""

    blocked: bool
    findings: list[Finding]
    tasks: list[Task]


class Proposal(Told):
    """One way to announce it."""

    subject: str
    preheader: str
    fact: str


class AsReader(Told):
    """Whose mail it is, and why they would not get it (empty where they do)."""

    number: int
    address: str
    why_not: str


class Preview(Told):
    """Both parts of the mail, with links that lead nowhere."""

    subject: str
    preheader: str
    html: str
    text: str
    html_bytes: int
    content_sha256: str
    approved: bool = Field(description="This is the content that was approved.")
    proposals: list[Proposal]
    reader: AsReader | None = Field(None, description="Who it is drawn for; absent where it is nobody.")


class NewTest(Asked):
    """Where a test goes."""

    to: Address


class TestAnswer(Told):
    """It is queued; a running sender delivers it."""

    __test__ = False
    mail: int


class Approval(Asked):
    """The code of the test mail: it says that you received this very content."""

    code: str | None = Field(None, max_length=20)


class Send(Asked):
    """The number of readers that you expect it to go to."""

    recipients: Whole = Field(ge=0, le=1_000_000_000)


class Word(Asked):
    """Your word on what is unknown, all of it or one address."""

    sent: Flag = Field(description="They got it; else it is sent to them now.")
    address: Address | None = None


class Settled(Told):
    """How many were settled, and the issue as it is now."""

    settled: int
    issue: IssueBrief


class Unknown(Told):
    """What is known of one delivery in doubt."""

    subscriber: int
    address: str
    key: str = Field(description="Of the request, by which the provider knows it.")
    provider: str | None = None
    sent_at: float | None = Field(None, description="Seconds since 1970.")
    attempts: int
    detail: str


class UnknownList(Told):
    """All of an issue."""

    unknown: list[Unknown]


class NewCorrection(Asked):
    """What is right; with a reason it is drafted as a mail as well."""

    text: str = Field(min_length=1, max_length=20_000)
    reason: str | None = Field(None, min_length=1, max_length=2_000)


class Correction(Told):
    """It stands on the web. `mail`: the key of its drafted mail."""

    text: str
    at: datetime
    mail: str | None = None


class Refused(Told):
    """Somebody who would get it, and why they did not."""

    email: str | None = None
    detail: str | None = Field(None, description="In the words of the provider.")


class Retry(Told):
    """What trying again would do."""

    recipients: int = Field(description="Definitely refused, and still to be mailed.")
    left: int = Field(description="Refused as well, and gone or suppressed since: they get nothing.")
    people: list[Refused] = Field(description="The first hundred of the recipients.")
    why_not: str = Field(description="Why it cannot be done now, or empty.")


class TriedAgain(Told):
    """How many wait now, and the issue as it is."""

    again: int
    issue: IssueBrief


class Figure(Told):
    """A number of a report; `count` and `share` are absent where nobody can say yet."""

    name: str = Field(examples=["delivered"])
    count: int | None = None
    share: float | None = Field(None, description="Of the recipients, in per cent.")
    median: float | None = Field(None, description="Of the shares of the last eight issues; absent where none knows.")


class Report(Told):
    """What became of an issue."""

    key: str
    status: IssueStatus
    reason: str
    counts: Counts
    sums_up: bool = Field(description="The seven statuses sum to `frozen`.")
    outcomes: dict[str, int] = Field(description="What was reported since, and of how many.")
    no_report: int | None = Field(None, description="Accepted, and silent for 72 hours; absent until then.")
    seconds: float | None = None
    figures: list[Figure] = Field(description="Each number beside the median of the issues before.")


class Missed(Told):
    """Somebody who did not get it; without an address where they were erased since."""

    subscriber: int
    email: str | None = None
    status: str
    outcome: str | None = None
    detail: str | None = None


class MissedList(Told):
    """In the order they came."""

    missed: list[Missed]
    next: int | None = Field(None, description="The cursor of the next page; absent on the last one.")
