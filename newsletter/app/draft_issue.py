"""Choose the week and make an issue of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, time

from newsletter.app.compose_issue import content_of, keep_votes
from newsletter.app.container import App
from newsletter.errors import ChecksFailedError, TransitionError
from newsletter.issues import ISSUE_MOVES, Issue, IssueStatus, Slot, next_slots, require_status, slot_of_key
from newsletter.rendering.proposals import propose_preheader, propose_subject
from newsletter.selection import Candidate, Outcome, Section, Selection, choose_week
from newsletter.store.comparisons import Stored
from newsletter.store.issues import ChoiceRow, ItemRow

_DRAFTED = (IssueStatus.DRAFT, IssueStatus.APPROVED, IssueStatus.HOLDING)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The issue, and every candidate with its reason. `issue` is None where somebody else has this slot."""

    issue: Issue | None
    selection: Selection


def draft_issue(app: App, key: str | None = None, *, again: bool = False) -> Drafted:
    """Draft the issue of a slot, the next one by default; `again` chooses anew and drops edits.

    Raises ChecksFailedError where the week has too little to send, and TransitionError where the issue is past that.
    """
    now = app.now()
    slot = slot_of_key(app.settings.weekly_rule, key) if key else next_slots(app.settings.weekly_rule, now, 1)[0]
    existing = app.store.issues.by_key(slot.key)
    if existing:
        if existing.status in _DRAFTED and not again:
            raise TransitionError(
                f"Issue {slot.key} is drafted already.",
                next_step="Edit it, or add --again to choose anew (this drops edits of content and order).",
            )
        if existing.status is not IssueStatus.DRAFT:
            if key is None and IssueStatus.DRAFT not in ISSUE_MOVES[existing.status]:
                later = next_slots(app.settings.weekly_rule, now, 2)[1]
                raise TransitionError(
                    f"Issue {slot.key} is {existing.status} already.",
                    next_step=f"The week after it: `newsletter issues draft --slot {later.key}`.",
                )
            require_status(slot.key, existing.status, IssueStatus.DRAFT)
    cutoff = min(now, slot.at)
    selection = choose_for(app, cutoff)
    if selection.skip_reason:
        raise ChecksFailedError(
            selection.skip_reason, next_step="Import more with `newsletter comparisons import`, or lower the minimum."
        )
    with app.store.transaction():
        if existing:
            if not app.store.issues.move(existing.id, existing.status, IssueStatus.DRAFT):
                raise TransitionError(
                    f"Issue {slot.key} changed this moment.", next_step="Look at it and try again.", permanent=False
                )
            app.store.issues.set(
                existing.id, cutoff_at=cutoff, reason="", content_sha256=None, approved_at=None, hold_until=None
            )
            issue_id = existing.id
        else:
            created = create_issue(app, slot, cutoff, IssueStatus.DRAFT, "")
            if created is None:
                return Drafted(None, selection)
            issue_id = created
        fill_issue(app, issue_id, selection)
    return Drafted(app.store.issues.by_id(issue_id), selection)


def create_issue(app: App, slot: Slot, cutoff: datetime, status: IssueStatus, reason: str) -> int | None:
    """The id of a new issue, or None where this slot has one already."""
    return app.store.issues.create(slot, cutoff, status, reason, secrets.token_hex(8), app.now())


def fill_issue(app: App, issue_id: int, selection: Selection) -> None:
    """Write the choice, its reasons, and a subject and preheader made from it."""
    stored = {found.comparison.slug: found for found in app.store.comparisons.all()}
    issues = app.store.issues
    issues.put_choices(
        issue_id,
        [
            ChoiceRow(
                stored[choice.candidate.comparison.slug].id,
                str(choice.outcome),
                choice.section and str(choice.section),
                choice.reason,
            )
            for choice in selection.choices
        ],
    )
    chosen = sorted(selection.chosen, key=lambda choice: list(Section).index(choice.section or Section.BRIEF))
    issues.put_items(
        issue_id,
        [
            ItemRow(
                stored[choice.candidate.comparison.slug].id,
                choice.section or Section.BRIEF,
                dict(choice.candidate.sent_labels or ()) if choice.candidate.changes else {},
                choice.candidate.comparison.labels,
            )
            for choice in chosen
        ],
    )
    if not chosen:
        return  # a week that is skipped has its reasons, and nothing to say
    issue = issues.by_id(issue_id)
    assert issue is not None
    keep_votes(app, issue)
    items = content_of(app, issue).items
    issues.set(issue_id, subject=propose_subject(items), preheader=propose_preheader(items), intro="")


def choose_for(app: App, cutoff: datetime) -> Selection:
    """The selection as it would be made at this cut-off."""
    cutoffs = app.store.issues.cutoffs(cutoff)
    sent = app.store.comparisons.last_sent_labels()
    candidates = []
    for stored in app.store.comparisons.candidates():
        candidate = _candidate(app, stored, cutoffs, sent.get(stored.id))
        if candidate.seen_at <= cutoff and _worth_telling(app, stored, candidate, cutoffs):
            candidates.append(candidate)
    return choose_week(candidates, app.settings.rules)


def _candidate(app: App, stored: Stored, cutoffs: list[datetime], labels: dict[str, str] | None) -> Candidate:
    seen_at = stored.first_seen_at
    if stored.comparison.published_on:
        midnight = datetime.combine(stored.comparison.published_on, time(0), tzinfo=app.settings.zone)
        seen_at = midnight.astimezone(UTC)
    waited = sum(1 for cutoff in cutoffs if cutoff >= seen_at)
    return Candidate(stored.comparison, seen_at, waited, None if labels is None else tuple(sorted(labels.items())))


def _worth_telling(app: App, stored: Stored, candidate: Candidate, cutoffs: list[datetime]) -> bool:
    """False for what was settled in earlier issues: sent and since then untouched, or expired and told so."""
    if candidate.sent_labels is not None:
        return bool(candidate.changes) or not cutoffs or stored.changed_at > cutoffs[-1]
    return candidate.waited <= app.settings.rules.wait_issues + 1


def expired_of(selection: Selection) -> list[str]:
    """Titles of those that will never be candidates again."""
    return [choice.candidate.comparison.title for choice in selection.choices if choice.outcome is Outcome.EXPIRED]
