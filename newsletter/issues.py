"""An issue: one weekly number, the states it passes through, and the slot it belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.comparisons.formats import from_document, to_document
from newsletter.comparisons.model import Comparison
from newsletter.errors import InputError, TransitionError
from newsletter.selection import Section


class IssueStatus(StrEnum):
    """Where an issue stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    HOLDING = "holding"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    MISSED = "missed"


ISSUE_MOVES: dict[IssueStatus, frozenset[IssueStatus]] = {
    IssueStatus.DRAFT: frozenset(
        {IssueStatus.APPROVED, IssueStatus.HOLDING, IssueStatus.SKIPPED, IssueStatus.CANCELLED}
    ),
    IssueStatus.APPROVED: frozenset(
        # an edit makes it a draft
        {IssueStatus.DRAFT, IssueStatus.HOLDING, IssueStatus.SENDING, IssueStatus.SKIPPED, IssueStatus.CANCELLED}
    ),
    IssueStatus.HOLDING: frozenset(  # undone, it is what it was before: approved, or a draft of the ticker's
        {IssueStatus.DRAFT, IssueStatus.APPROVED, IssueStatus.SENDING, IssueStatus.CANCELLED}
    ),
    IssueStatus.SENDING: frozenset({IssueStatus.PAUSED, IssueStatus.SENT, IssueStatus.CANCELLED}),
    IssueStatus.PAUSED: frozenset({IssueStatus.SENDING, IssueStatus.CANCELLED}),
    IssueStatus.SENT: frozenset({IssueStatus.SENDING}),  # what was settled as not sent, or refused, goes out after all
    IssueStatus.CANCELLED: frozenset(),
    IssueStatus.SKIPPED: frozenset({IssueStatus.DRAFT}),  # the operator drafts it after all
    IssueStatus.MISSED: frozenset({IssueStatus.DRAFT, IssueStatus.SKIPPED}),  # the operator decides
}


def require_status(key: str, before: IssueStatus, after: IssueStatus) -> None:
    """Raise TransitionError unless issue `key` may go from `before` to `after`."""
    if after not in ISSUE_MOVES[before]:
        then = f"See `newsletter issues show {key}`."
        if (before, after) == (IssueStatus.DRAFT, IssueStatus.SENDING):
            then = f"Approve it first: newsletter issues approve {key}."
        raise TransitionError(f"Issue {key} is {before}; from there it cannot become {after}.", next_step=then)


@dataclass(frozen=True, slots=True)
class Item:
    """One comparison of an issue. `before`: tool slug → label when it was last sent, where that changed."""

    comparison: Comparison
    section: Section
    url: str
    before: tuple[tuple[str, str], ...] = ()
    changed_on: date | None = None
    """The local date from which the verdict was another, where it is known."""
    before_scores: tuple[tuple[str, str, int], ...] = ()
    """(tool slug, reviewer, score) as it was when `before` held, of named reviewers."""


@dataclass(frozen=True, slots=True)
class Brand:
    """How mails and pages are dressed. Colours are `#RRGGBB`, each for one scheme; the logo is 32 px high."""

    ink: str = "#1B1A17"
    ink_dark: str = "#F2EEE4"
    accent: str = "#8C1D18"
    accent_dark: str = "#FFB3A7"
    logo_url: str = ""
    logo_width: int = 32
    """Pixels."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What stays the same from issue to issue, and stands in every mail. From the settings."""

    name: str
    site_url: str
    """Without a slash at its end."""
    postal_address: str = ""
    about_panel: str = ""
    brand: Brand = Brand()


@dataclass(frozen=True, slots=True)
class IssueContent:
    """All that a mail and a web page are made of; what approval freezes."""

    key: str
    day: date
    """The slot's local date."""
    subject: str
    preheader: str
    intro: str
    items: tuple[Item, ...]
    voted: tuple[Item, ...] = ()
    """Comparisons of the last issue whose sides hold how readers voted."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One due moment of the weekly rule."""

    day: date
    """Local date: the identity of the slot."""
    at: datetime
    """Aware UTC."""

    @property
    def key(self) -> str:
        """The ISO week of the local date, `2026-W47`."""
        year, week, _ = self.day.isocalendar()
        return f"{year}-W{week:02d}"


def to_manifest(content: IssueContent) -> str:
    """The content as JSON, to be kept with a frozen issue: what was sent, whatever is revised later.

    What is not known is left out.
    """
    texts = {"subject": content.subject, "preheader": content.preheader, "intro": content.intro}
    lists = {"items": list(map(_kept, content.items))}
    if content.voted:
        lists["voted"] = list(map(_kept, content.voted))
    return json.dumps({"key": content.key, "day": content.day.isoformat(), **texts, **lists})


def from_manifest(manifest: str) -> IssueContent:
    """The reverse of to_manifest(); what an older one does not hold is absent."""
    kept = json.loads(manifest)
    items, voted = (tuple(map(_item, kept.get(name, []))) for name in ("items", "voted"))
    texts = (kept["subject"], kept["preheader"], kept["intro"])
    return IssueContent(kept["key"], date.fromisoformat(kept["day"]), *texts, items, voted)


def _kept(item: Item) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "comparison": to_document(item.comparison),
        "section": str(item.section),
        "url": item.url,
        "before": dict(item.before),
    }
    if item.changed_on:
        kept["changed_on"] = item.changed_on.isoformat()
    if item.before_scores:
        kept["before_scores"] = item.before_scores
    return kept


def _item(kept: dict[str, Any]) -> Item:
    changed_on = kept.get("changed_on")
    return Item(
        from_document(kept["comparison"]),
        Section(kept["section"]),
        kept["url"],
        tuple(sorted(kept["before"].items())),
        date.fromisoformat(changed_on) if changed_on else None,
        tuple((slug, reviewer, score) for slug, reviewer, score in kept.get("before_scores", [])),
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How a frozen issue's recipients stand: kept, never counted. `frozen` is the sum of the rest."""

    frozen: int = 0
    waiting: int = 0
    in_flight: int = 0
    accepted: int = 0
    rejected: int = 0
    suppressed: int = 0
    unknown: int = 0
    cancelled: int = 0

    @property
    def open(self) -> int:
        """Those for whom something is still to happen by itself."""
        return self.waiting + self.in_flight


@dataclass(frozen=True, slots=True)
class Issue:
    """One weekly number as it is stored. Times are aware UTC; hashes are hex."""

    id: int
    key: str
    slot: Slot
    cutoff_at: datetime
    status: IssueStatus
    reason: str
    """Why it was skipped, missed or paused, as a sentence."""
    nonce: str
    subject: str
    preheader: str
    intro: str
    test_sha256: str | None
    """The content whose test the operator said they received."""
    content_sha256: str | None
    """The content that was approved."""
    approved_at: datetime | None
    hold_until: datetime | None
    frozen_at: datetime | None
    finished_at: datetime | None
    counts: Counts
    corrects: int | None = None
    """The correction that this mails, where it is no weekly number of its own."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What an issue that was sent should have said. Dated, and never changed or taken back."""

    id: int
    issue_id: int
    at: datetime
    text: str
    reason: str
    """Why it is mailed as well; empty where it stands on the web alone."""


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """When an issue is due: a weekday (Monday is 0) and a local time in a zone."""

    weekday: int
    at: time
    zone: ZoneInfo


def slot_on(rule: WeeklyRule, day: date) -> Slot:
    """The slot of one local date. A time that a clock change skips becomes the same distance after the gap
    (02:30 → 03:30); one that comes twice is the first of the two.
    """
    local = datetime.combine(day, rule.at, tzinfo=rule.zone)  # fold=0: the first of two; in a gap, the offset before it
    return Slot(day, local.astimezone(UTC))


def newest_due_slot(rule: WeeklyRule, now: datetime) -> Slot:
    """The newest slot that is not after `now` (aware). There is always one."""
    today = now.astimezone(rule.zone).date()
    day = today - timedelta(days=(today.weekday() - rule.weekday) % 7)
    slot = slot_on(rule, day)
    return slot if slot.at <= now else slot_on(rule, day - timedelta(days=7))


def next_slots(rule: WeeklyRule, now: datetime, count: int) -> list[Slot]:
    """The next `count` slots after `now`, soonest first."""
    newest = newest_due_slot(rule, now).day
    return [slot_on(rule, newest + timedelta(days=7 * week)) for week in range(1, count + 1)]


def slot_of_key(rule: WeeklyRule, key: str) -> Slot:
    """The slot of an issue key. Raises InputError where the key is not like `2026-W47` or has no such week."""
    try:
        year, _, week = key.partition("-W")
        slot = slot_on(rule, date.fromisocalendar(int(year), int(week), rule.weekday + 1))
    except (ValueError, OverflowError):
        raise InputError(f"{key!r} is not an issue key.", next_step="Write year and ISO week, like 2026-W47.") from None
    if slot.key != key:
        raise InputError(f"{key!r} is not an issue key.", next_step=f"Write {slot.key}.")
    return slot
