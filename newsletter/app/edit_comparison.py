"""Look at a comparison from inside, and change it: its document, its date, and whether it is of the archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from newsletter.app.compose_issue import comparison_address, find_comparison
from newsletter.app.container import App
from newsletter.app.read_feeds import local_day
from newsletter.comparisons.changes import FieldChange, facts_of, field_changes, placed_like, says_the_same
from newsletter.comparisons.formats import Reject, content_sha256, dump_yaml, parse_source
from newsletter.comparisons.model import Comparison
from newsletter.errors import ContentChangedError, InputError, NotFoundError
from newsletter.store.comparisons import Shelved, Stored, Taken

PER_PAGE = 50
_MOST_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of the list, and where the next one starts, as cursor; empty at the end."""

    rows: tuple[Shelved, ...]
    after: str


def shelf(app: App, words: str = "", *, archived: bool | None = None, cursor: str = "") -> Shelf:
    """All comparisons, newest first, those of a later day too. Raises InputError for a cursor that is not ours."""
    below = _below(cursor) if cursor else None
    rows = app.store.comparisons.page(words, archived=archived, below=below, limit=PER_PAGE + 1)
    shown = rows[:PER_PAGE]
    after = f"{shown[-1].listed_on}.{shown[-1].stored.id}" if len(rows) > PER_PAGE else ""
    return Shelf(tuple(shown), after)


def _below(cursor: str) -> tuple[date, int]:
    day, _, number = cursor.partition(".")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise ValueError
        return date.fromisoformat(day), int(number)
    except ValueError:
        raise InputError("The list does not go on there.", next_step="Start at its first page.") from None


@dataclass(frozen=True, slots=True)
class Version:
    """What became of a comparison by one revision: when (aware UTC), by whom, and what it changed."""

    number: int
    """The first one, before any revision, is 1."""
    at: datetime
    by: str
    """Empty where nobody kept it."""
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ComparisonDetail:
    """One comparison, all of it."""

    stored: Stored
    listed_on: date
    """The local date from which readers find it."""
    is_listed: bool
    address: str
    """Where its button leads."""
    facts: tuple[tuple[str, tuple[str, str]], ...]
    """(field, (left, right)); empty where it is not known. At least one of the two is."""
    history: tuple[Version, ...]
    """Newest first, the present one before all; not the first one, which changed nothing."""
    taken: tuple[Taken, ...]
    """The issues that have it, newest first."""


def look_at_comparison(app: App, slug: str) -> ComparisonDetail:
    """Raises NotFoundError."""
    stored = find_comparison(app, slug)
    left, right = (facts_of(side) for side in stored.comparison.sides)
    fields = [field for field in dict.fromkeys((*left, *right)) if field != "name"]
    listed_on = app.store.comparisons.listed_on(stored.id)
    return ComparisonDetail(
        stored,
        listed_on,
        listed_on <= local_day(app),
        comparison_address(app, stored.comparison),
        tuple((field, (left.get(field, ""), right.get(field, ""))) for field in fields),
        tuple(_history(app, stored)),
        tuple(app.store.comparisons.taken_by(stored.id)),
    )


def _history(app: App, stored: Stored) -> list[Version]:
    found, now, kept = [], stored.comparison, app.store.comparisons.revisions(stored.id)
    for number, revised in zip(range(len(kept) + 1, 1, -1), kept[:_MOST_HISTORY], strict=False):
        found.append(Version(number, revised.at, revised.by, field_changes(revised.was, now)))
        now = revised.was
    return found


def document_of(stored: Stored) -> str:
    """Its document, as YAML: what edit_comparison() takes."""
    return dump_yaml([stored.comparison])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a document would make of a comparison: what is wrong with it, else what it changes."""

    problems: tuple[Reject, ...]
    changes: tuple[FieldChange, ...] = ()
    sha256: str = ""
    """Of the new content; empty where something is wrong."""
    comparison: Comparison | None = None


def propose_edit(app: App, slug: str, text: str) -> Proposal:
    """A dry run of edit_comparison(). Raises NotFoundError."""
    stored = find_comparison(app, slug)
    parsed = parse_source(text, f"{slug}.yaml")
    if parsed.rejects:
        return Proposal(parsed.rejects)
    line = parsed.located[0].line
    given = parsed.located[0].comparison
    if len(parsed.located) > 1:
        where, what = parsed.located[1].line, f"There are {len(parsed.located)} comparisons in it."
        return _wrong(slug, where, what, "Keep one here; import the others.")
    names_itself = given.slug != given.pair
    if given.slug != slug and names_itself:
        return _wrong(slug, line, f"The slug {given.slug} names another comparison.", f"Keep `slug: {slug}`.")
    if given.pair != stored.comparison.pair:
        tools = " and ".join(side.slug for side in stored.comparison.sides)
        return _wrong(
            slug,
            line,
            f"A comparison keeps its two tools, {tools}.",
            "Keep the `slug` of each side; import a new pair.",
        )
    return _proposed(stored, placed_like(stored.comparison, replace(given, slug=slug)))


def propose_restore(app: App, slug: str, number: int) -> Proposal:
    """A dry run of restore_comparison(). Raises NotFoundError."""
    stored = find_comparison(app, slug)
    states = [revised.was for revised in reversed(app.store.comparisons.revisions(stored.id))] + [stored.comparison]
    if not 1 <= number <= len(states):
        raise NotFoundError(
            f"{stored.comparison.title} has no version {number}.",
            next_step="It has only the one." if len(states) == 1 else f"It has 1 to {len(states)}; see its history.",
        )
    return _proposed(stored, replace(states[number - 1], slug=slug))


def _proposed(stored: Stored, comparison: Comparison) -> Proposal:
    if says_the_same(stored.comparison, comparison):
        return Proposal((), (), stored.content_sha256, stored.comparison)
    return Proposal((), field_changes(stored.comparison, comparison), content_sha256(comparison), comparison)


def _wrong(slug: str, line: int, what: str, fix: str) -> Proposal:
    return Proposal((Reject(f"{slug}.yaml", line, what, fix),))


def require_right(proposal: Proposal) -> Proposal:
    """The same. Raises InputError with everything that is wrong with it."""
    if proposal.problems:
        raise InputError(
            " ".join(f"Line {problem.line}: {problem.reason}" for problem in proposal.problems),
            next_step=" ".join(dict.fromkeys(problem.fix for problem in proposal.problems)),
        )
    return proposal


def edit_comparison(app: App, slug: str, text: str, *, by: str, seen: str | None = None) -> tuple[FieldChange, ...]:
    """Make it what the YAML document `text` says, and keep what it was and who changed it (`by`); what changed,
    nothing where nothing did. The same in another order or layout is no change, and the sides keep their places.

    `seen` is the content_sha256 of what was looked at. Raises NotFoundError, InputError with everything that is wrong,
    and ContentChangedError where somebody else changed it since; then nothing is changed.
    """
    with app.store.transaction():
        stored = _unchanged(app, slug, seen)
        return _apply(app, stored, require_right(propose_edit(app, slug, text)), by)


def restore_comparison(
    app: App, slug: str, number: int, *, by: str, seen: str | None = None
) -> tuple[FieldChange, ...]:
    """Make it what its version `number` said, which is a revision like any other; what changed. Raises NotFoundError
    for no version of it, and as edit_comparison().
    """
    with app.store.transaction():
        stored = _unchanged(app, slug, seen)
        return _apply(app, stored, propose_restore(app, slug, number), by)


def _apply(app: App, stored: Stored, proposal: Proposal, by: str) -> tuple[FieldChange, ...]:
    if proposal.comparison and proposal.sha256 != stored.content_sha256:
        app.store.comparisons.revise(stored, proposal.comparison, app.now(), by)
    return proposal.changes


def publish_comparison(app: App, slug: str, day: date, *, by: str, seen: str | None = None) -> bool:
    """Date it; True where it had another date. Readers find it from that local date on. Raises as edit_comparison()."""
    with app.store.transaction():
        stored = _unchanged(app, slug, seen)
        if stored.comparison.published_on == day:
            return False
        app.store.comparisons.revise(stored, replace(stored.comparison, published_on=day), app.now(), by)
    return True


def change_comparison(
    app: App,
    slug: str,
    *,
    document: Mapping[str, object] | None = None,
    published_on: date | None = None,
    archived: bool | None = None,
    by: str,
    seen: str | None = None,
) -> tuple[tuple[FieldChange, ...], bool]:
    """What is given of the three at once: (what changed in the document, whether anything changed at all). Raises as
    edit_comparison(); then nothing is changed.
    """
    changes: tuple[FieldChange, ...] = ()
    with app.store.transaction():
        _unchanged(app, slug, seen)
        if document is not None:
            changes = edit_comparison(app, slug, json.dumps(document, ensure_ascii=False), by=by)
        dated = published_on is not None and publish_comparison(app, slug, published_on, by=by)
        moved = archived is not None and archive_comparison(app, slug, archived)
    return changes, bool(changes) or dated or moved


def archive_comparison(app: App, slug: str, archived: bool) -> bool:
    """Put it into the archive (no draft takes it; readers find it all the same) or take it out of there; True where
    that changes something. Raises NotFoundError.
    """
    return app.store.comparisons.set_archived(find_comparison(app, slug).id, archived)


def _unchanged(app: App, slug: str, seen: str | None) -> Stored:
    stored = find_comparison(app, slug)
    if seen is not None and stored.content_sha256 != seen:
        raise ContentChangedError(
            f"Somebody changed {stored.comparison.title} while you were looking at it.",
            next_step="Nothing of yours was saved over it: look at it as it is now, then change that.",
        )
    return stored
