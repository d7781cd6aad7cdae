"""Change what an issue says and in which order. Any change makes an approved issue a draft again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.errors import ContentChangedError, InputError, NotFoundError, TransitionError
from newsletter.issues import Issue, IssueStatus
from newsletter.rendering.words import PREHEADER_LIMITS, SUBJECT_LIMIT
from newsletter.selection import Section
from newsletter.store.issues import ItemRow

_EDITABLE = (IssueStatus.DRAFT, IssueStatus.APPROVED, IssueStatus.HOLDING)


def edit_issue(
    app: App,
    key: str,
    *,
    subject: str | None = None,
    preheader: str | None = None,
    intro: str | None = None,
    order: Sequence[str] = (),
    add: Sequence[str] = (),
    drop: Sequence[str] = (),
    full: Sequence[str] = (),
    brief: Sequence[str] = (),
    by: str = "command line",
    seen: str | None = None,
) -> Issue:
    """Set the texts that are given. `order` names slugs that come first, in that order; `add`, `drop`, `full` and
    `brief` name slugs. `seen` is the content_mark() that `by` was looking at.

    Raises InputError for text or slugs that cannot be, TransitionError once the issue is sending, and
    ContentChangedError where somebody else changed what was `seen`; then nothing is changed.
    """
    texts = _texts(subject, preheader, intro)
    with app.store.transaction():
        issue = _editable(app, key)
        before = app.store.issues.snapshot(issue.id)
        _require_seen(app, issue, before, seen)
        if texts:
            app.store.issues.set(issue.id, **texts)
        if order or add or drop or full or brief:
            rows = _arranged(app, app.store.issues.items(issue.id), order, add, drop, full, brief)
            app.store.issues.put_items(issue.id, rows)
        if app.store.issues.snapshot(issue.id) != before:
            app.store.issues.keep_edit(issue.id, before, by, app.now())
        _void_approval(app, issue)
    return find_issue(app, key)


def undo_edit(app: App, key: str, *, seen: str | None = None) -> Issue:
    """Take the newest change back; again for the one before. Raises TransitionError where there is none, and
    ContentChangedError as edit_issue() does.
    """
    with app.store.transaction():
        issue = _editable(app, key)
        _require_seen(app, issue, app.store.issues.snapshot(issue.id), seen)
        last = app.store.issues.last_edit(issue.id)
        if last is None:
            raise TransitionError(f"Nothing of issue {key} was changed.", next_step="There is nothing to undo.")
        app.store.issues.restore(issue.id, last[0], last[3])
        _void_approval(app, issue)
    return find_issue(app, key)


def _require_seen(app: App, issue: Issue, snapshot: str, seen: str | None) -> None:
    if seen is not None and seen != _mark(snapshot):
        last = app.store.issues.last_edit(issue.id)
        raise ContentChangedError(
            f"{last[2] if last else 'Somebody else'} changed issue {issue.key} while you were looking at it.",
            next_step="Nothing of yours was saved over it: look at it as it is now, then say it again.",
        )


def content_mark(app: App, issue: Issue) -> str:
    """16 hex digits that change with the content."""
    return _mark(app.store.issues.snapshot(issue.id))


def _mark(snapshot: str) -> str:
    return sha256(snapshot.encode()).hexdigest()[:16]


def _editable(app: App, key: str) -> Issue:
    issue = find_issue(app, key)
    if issue.status not in _EDITABLE:
        raise TransitionError(
            f"Issue {key} is {issue.status}: its content is settled.",
            next_step="Draft it first." if issue.status in (IssueStatus.SKIPPED, IssueStatus.MISSED) else "",
        )
    return issue


def _void_approval(app: App, issue: Issue) -> None:
    if issue.status is not IssueStatus.DRAFT:
        app.store.issues.move(issue.id, issue.status, IssueStatus.DRAFT, hold_until=None)
    app.store.issues.set(issue.id, content_sha256=None, approved_at=None)


def _texts(subject: str | None, preheader: str | None, intro: str | None) -> dict[str, str]:
    found = {}
    for name, text, limits in (
        ("subject", subject, (1, SUBJECT_LIMIT + 18)),
        ("preheader", preheader, PREHEADER_LIMITS),
    ):
        if text is None:
            continue
        if not limits[0] <= len(text.strip()) <= limits[1]:
            raise InputError(
                f"The {name} has {len(text.strip())} characters; {limits[0]} to {limits[1]} are allowed.",
                next_step="Write it shorter or longer.",
            )
        if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
            raise InputError(f"The {name} holds a line break or control character.", next_step="Leave it out.")
        found[name] = text.strip()
    if intro is not None:
        found["intro"] = intro.strip()
    return found


def _arranged(
    app: App,
    rows: list[ItemRow],
    order: Sequence[str],
    add: Sequence[str],
    drop: Sequence[str],
    full: Sequence[str],
    brief: Sequence[str],
) -> list[ItemRow]:
    stored = app.store.comparisons.by_ids([row.comparison_id for row in rows])
    by_slug = {stored[row.comparison_id].comparison.slug: row for row in rows}
    for slug in add:
        found = app.store.comparisons.by_slug(slug)
        if found is None:
            raise NotFoundError(f"There is no comparison {slug}.", next_step="See `newsletter comparisons list`.")
        by_slug.setdefault(slug, ItemRow(found.id, Section.FULL, {}, found.comparison.labels))
    for slug in (*order, *drop, *full, *brief):
        if slug not in by_slug:
            raise NotFoundError(
                f"{slug} is not in this issue.", next_step=f"In it are: {', '.join(by_slug) or 'none'}."
            )
    for slug in drop:
        del by_slug[slug]
    for section, slugs in ((Section.FULL, full), (Section.BRIEF, brief)):
        for slug in slugs:
            keeps = Section.CHANGED if section is Section.FULL and by_slug[slug].before else section
            by_slug[slug] = replace(by_slug[slug], section=keeps)
    if not by_slug:
        raise InputError("An issue needs at least one comparison.", next_step="Drop fewer.")
    places = {slug: place for place, slug in enumerate(order)}
    ranked = sorted(by_slug.items(), key=lambda item: places.get(item[0], len(places)))
    return [row for _, row in sorted(ranked, key=lambda item: list(Section).index(item[1].section))]
