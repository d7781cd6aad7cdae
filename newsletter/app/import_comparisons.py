"""Comparisons from files, folders and patterns: each source whole or not at all, and twice is the same as once."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from newsletter.app.container import App
from newsletter.comparisons.formats import Located, Parsed, Reject, content_sha256, parse_source
from newsletter.comparisons.model import Comparison
from newsletter.errors import InputError
from newsletter.store.comparisons import Stored

ENDINGS = (".yaml", ".yml", ".json", ".txt", ".md")


class Kind(StrEnum):
    """What an import makes of one comparison."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One comparison of a source (or one thing in it that is none): what becomes of it, where it stands, and why."""

    kind: Kind
    source: str
    line: int
    name: str
    reason: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonImport:
    """All entries, in order; `applied` False for a dry run."""

    entries: tuple[Entry, ...]
    applied: bool

    @property
    def counts(self) -> dict[str, int]:
        """Kind → how many, all four."""
        found = Counter(str(entry.kind) for entry in self.entries)
        return {str(kind): found[kind] for kind in Kind}


def needs_archive_answer(app: App) -> bool:
    """True while nothing is stored: the operator must say whether the first import is the archive or new."""
    return app.store.comparisons.count() == 0


def expand_sources(names: Sequence[str]) -> list[Path]:
    """Files as named; folders and patterns as the files in them that we read, sorted. Raises InputError for none."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            here = sorted(item for item in path.rglob("*") if item.suffix.lower() in ENDINGS and item.is_file())
        elif path.exists():
            here = [path]
        else:
            here = sorted(Path(item) for item in glob.glob(name, recursive=True) if Path(item).is_file())
        if not here:
            raise InputError(
                f"{name}: there is no such file, or none we read in it.", next_step=f"We read {', '.join(ENDINGS)}."
            )
        found.extend(item for item in here if item not in found)
    return found


def import_comparisons(
    app: App,
    sources: Sequence[Path],
    *,
    archived: bool = False,
    published_on: date | None = None,
    partial: bool = False,
    dry_run: bool = False,
    progress: Callable[[Path], None] = lambda path: None,
) -> ComparisonImport:
    """Apply each source in a transaction of its own, unless it holds anything that must be rejected.

    `archived`: what is new is of the archive, never a candidate. `published_on`: for those that have no date. A dry
    run does the same and takes it back.
    """
    entries: list[Entry] = []
    try:
        with app.store.transaction() if dry_run else nullcontext():
            for path in sources:
                progress(path)
                entries.extend(_one_source(app, path, archived, published_on, partial))
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return ComparisonImport(tuple(entries), not dry_run)


class _DryRun(Exception):
    """Rolls the transaction back."""


class _Rejected(Exception):
    """Rolls one source back."""


def _one_source(app: App, path: Path, archived: bool, published_on: date | None, partial: bool) -> list[Entry]:
    source = str(path)
    try:
        parsed = parse_source(path.read_bytes().decode("utf-8-sig"), source, partial=partial)
    except UnicodeDecodeError as error:
        fault = Reject(source, 1, f"The file is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.")
        parsed = Parsed((), (fault,))
    except OSError as error:
        parsed = Parsed((), (Reject(source, 1, f"The file cannot be read: {error.strerror}.", "See its rights."),))
    rejects = [Entry(Kind.REJECTED, source, bad.line, "", bad.reason, bad.fix) for bad in parsed.rejects]
    if not parsed.located and not rejects:
        rejects = [Entry(Kind.REJECTED, source, 1, "", "There is no comparison in it.", "Leave this file out.")]
    entries: list[Entry] = []
    try:
        with app.store.transaction():
            seen: dict[int, int] = {}
            for located in parsed.located:
                entries.append(_one(app, source, located, archived, published_on, seen))
            rejects += [entry for entry in entries if entry.kind is Kind.REJECTED]
            if rejects:
                raise _Rejected
    except _Rejected:
        whole = [
            Entry(Kind.REJECTED, source, entry.line, entry.name, "Not applied: its file has errors.", "Mend those.")
            for entry in entries
            if entry.kind is not Kind.REJECTED
        ]
        return sorted(rejects + whole, key=lambda entry: entry.line)
    return entries


def _one(
    app: App, source: str, located: Located, archived: bool, published_on: date | None, seen: dict[int, int]
) -> Entry:
    comparison = located.comparison
    entry = Entry(Kind.NEW, source, located.line, comparison.title, " ".join(located.notes))
    try:
        stored = _same_as(app, comparison)
    except InputError as error:
        return replace(entry, kind=Kind.REJECTED, reason=error.what, fix=error.next_step)
    now = app.now()
    if stored is None:
        dated = replace(comparison, published_on=comparison.published_on or published_on)
        local = now.astimezone(app.settings.zone)
        seen[app.store.comparisons.add(dated, local, archived)] = located.line
        return entry
    if stored.id in seen:
        reason = f"It is the same comparison as in line {seen[stored.id]}."
        return replace(entry, kind=Kind.REJECTED, reason=reason, fix="Leave one out, or give them slugs.")
    seen[stored.id] = located.line
    # what a page cannot know, and what names it, stays
    known = replace(
        comparison,
        slug=stored.comparison.slug,
        published_on=comparison.published_on or stored.comparison.published_on,
        url=comparison.url or stored.comparison.url,
    )
    turned = replace(known, sides=(known.right, known.left))
    if stored.content_sha256 in (content_sha256(known), content_sha256(turned)):
        return replace(entry, kind=Kind.UNCHANGED)
    app.store.comparisons.revise(stored, known, now)
    return replace(entry, kind=Kind.CHANGED)


def _same_as(app: App, comparison: Comparison) -> Stored | None:
    """The stored comparison that this one is. Raises InputError where that cannot be told."""
    by_slug = app.store.comparisons.by_slug(comparison.slug)
    if by_slug is not None:
        if by_slug.comparison.pair != comparison.pair:
            raise InputError(
                f"The slug {comparison.slug} already names {by_slug.comparison.title}.", next_step="Give another slug."
            )
        return by_slug
    if comparison.slug != comparison.pair:
        return None  # it has a slug of its own, and nothing has that slug
    same_pair = app.store.comparisons.by_pair(comparison.pair)
    if len(same_pair) > 1:
        names = ", ".join(found.comparison.slug for found in same_pair)
        raise InputError(
            f"There are {len(same_pair)} comparisons of these two tools: {names}.", next_step="Give the slug of one."
        )
    return same_pair[0] if same_pair else None
