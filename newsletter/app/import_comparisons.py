"""Comparisons from files, folders and patterns: each source whole or not at all, and twice is the same as once."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path

from newsletter.app.container import App
from newsletter.app.imported_files import in_words, recognise, remember
from newsletter.app.record import note
from newsletter.comparisons.changes import FieldChange, field_changes, placed_like, says_the_same, with_slugs
from newsletter.comparisons.formats import Located, Parsed, Reject, content_sha256, parse_source, written
from newsletter.comparisons.model import Comparison
from newsletter.errors import ContentChangedError, InputError
from newsletter.store.comparisons import Stored

ENDINGS = (".yaml", ".yml", ".json", ".csv", ".tsv", ".xlsx", ".txt", ".md")


_HELD_BACK = "Not applied: its file has errors."


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
    marks: tuple[str, ...] = ()
    """Of each entry 16 hex digits, which differ where what is to be stored, or what it replaces, differs."""
    changes: tuple[tuple[FieldChange, ...], ...] = ()
    """Of each entry what it changes, field by field."""
    known: tuple[str, ...] = ()
    """A sentence for each file that was imported before, with these very bytes: when, by whom and as what."""

    @property
    def counts(self) -> dict[str, int]:
        """Kind → how many, all four."""
        found = Counter(str(entry.kind) for entry in self.entries)
        return {str(kind): found[kind] for kind in Kind}

    @property
    def mark(self) -> str:
        """The marks as one, 64 hex digits."""
        return sha256("".join(self.marks).encode()).hexdigest()

    @property
    def wrong(self) -> tuple[Entry, ...]:
        """What has to be mended; without what is only held back because its file has errors."""
        return tuple(one for one in self.entries if one.kind is Kind.REJECTED and one.reason != _HELD_BACK)

    @property
    def instructions(self) -> tuple[tuple[str, int], ...]:
        """(what is wrong and what to do, in how many places), the most frequent first."""
        return tuple(Counter(f"{one.reason} {one.fix}" for one in self.wrong).most_common())

    @property
    def repeated(self) -> tuple[str, ...]:
        """What is wrong in several places, counted and in words, the most frequent first."""
        return tuple(f"{count:,} times: {what}" for what, count in self.instructions if count > 1)


@dataclass(frozen=True, slots=True)
class Upload:
    """A source that is no file here. The ending of its name tells how it is read, as that of a file does."""

    name: str
    content: bytes

    def read(self) -> bytes:
        return self.content


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
    by: str = "command line",
) -> ComparisonImport:
    """Apply each source in a transaction of its own, unless it holds anything that must be rejected.

    `archived`: what is new is of the archive, never a candidate. `published_on`: for those that have no date. A dry
    run does the same and takes it back. What it revises is kept as revised `by` somebody.
    """
    run = _Run(app, archived, published_on, by)
    try:
        with app.store.transaction() if dry_run else nullcontext():
            for path in sources:
                progress(path)
                run.take_file(str(path), path.read_bytes, partial, via="command line")
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return run.told(applied=not dry_run)


def import_uploads(
    app: App,
    uploads: Sequence[Upload],
    *,
    archived: bool = False,
    published_on: date | None = None,
    partial: bool = False,
    columns: Mapping[str, str] | None = None,
    seen: Sequence[str] | None = None,
    by: str = "command line",
    via: str = "command line",
) -> ComparisonImport:
    """The same of sources that were handed over: a dry run, unless `seen` holds the marks of one. `columns` as for
    parse_source().

    Then exactly that is applied, and noted as done `by` somebody. Raises ContentChangedError, with nothing applied,
    where it would do anything else.
    """
    run = _Run(app, archived, published_on, by)
    # read before the transaction: it takes seconds, and nobody else could write meanwhile
    parsed = [
        (upload.name, _parsed(upload.name, upload.read, partial, columns), sha256(upload.content).hexdigest())
        for upload in uploads
    ]
    try:
        with app.store.transaction():
            for source, each, content in parsed:
                run.take_known(source, each, content, via)
            done = run.told(applied=seen is not None)
            if seen is None:
                raise _DryRun
            _require_same(done, seen)
            what = f"{done.counts['new']} new, {done.counts['changed']} changed"
            note(app, by, "imported comparisons", detail=what, via=via)
    except _DryRun:
        pass
    return done


def import_parsed(
    app: App,
    parsed: Iterable[tuple[str, Parsed]],
    *,
    archived: bool = False,
    published_on: date | None = None,
    dry_run: bool,
    by: str,
) -> ComparisonImport:
    """The same of sources, each with its name, that were read already."""
    run = _Run(app, archived, published_on, by)
    try:
        with app.store.transaction():
            for source, each in parsed:
                run.take(source, each)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return run.told(applied=not dry_run)


def _require_same(now: ComparisonImport, seen: Sequence[str]) -> None:
    if now.marks == tuple(seen):
        return
    pairs = zip_longest(now.entries, now.marks, seen)
    other = [entry for entry, mark, before in pairs if entry is not None and mark != before]
    told = "; ".join(f"{entry.name or entry.source} is {entry.kind} by now" for entry in other[:_MOST_TOLD])
    more = f", and {len(other) - _MOST_TOLD} more" if len(other) > _MOST_TOLD else ""
    raise ContentChangedError(
        f"It would not do what you saw any more: {told or 'it holds less'}{more}.",
        next_step="Nothing was imported. Look at what it would do now, and apply that.",
    )


_MOST_TOLD = 3


class _DryRun(Exception):
    """Rolls the transaction back."""


class _Rejected(Exception):
    """Rolls one source back."""


def _parsed(source: str, read: Callable[[], bytes], partial: bool, columns: Mapping[str, str] | None) -> Parsed:
    try:
        content = read()
    except OSError as error:
        return Parsed((), (Reject(source, 1, f"The file cannot be read: {error.strerror}.", "See its rights."),))
    return parse_source(content, source, partial=partial, columns=columns)


@dataclass(frozen=True, slots=True)
class _Met:
    """An entry, the content that is stored and the one that is to be, by their hashes, and what differs in them."""

    entry: Entry
    before: str = ""
    after: str = ""
    changes: tuple[FieldChange, ...] = ()


class _Run:
    """One import under way."""

    def __init__(self, app: App, archived: bool, published_on: date | None, by: str) -> None:
        self._app = app
        self._by = by
        self._archived = archived
        self._published_on = published_on
        self._met: list[_Met] = []
        self._known: list[str] = []
        self._renamed = {one.old: one.new for one in app.store.tools.renamed()}

    def told(self, *, applied: bool) -> ComparisonImport:
        return ComparisonImport(
            tuple(met.entry for met in self._met),
            applied,
            tuple(_mark(met, self._archived) for met in self._met),
            tuple(met.changes for met in self._met),
            tuple(self._known),
        )

    def take_file(self, source: str, read: Callable[[], bytes], partial: bool, via: str) -> None:
        """A whole file, or nothing of it."""
        try:
            content = read()
        except OSError as error:
            fault = Reject(source, 1, f"The file cannot be read: {error.strerror}.", "See its rights.")
            self.take(source, Parsed((), (fault,)))
            return
        parsed = parse_source(content, source, partial=partial)
        self.take_known(source, parsed, sha256(content).hexdigest(), via)

    def take_known(self, source: str, parsed: Parsed, content: str, via: str) -> None:
        """The same of one that was read, and whose bytes have this SHA-256: told where it was imported before."""
        before = recognise(self._app, "comparisons", content)
        if before is not None:
            self._known.append(f"{source}: {in_words(self._app, before)}")
        with self._app.store.transaction():
            first = len(self._met)
            self.take(source, parsed)
            kinds = Counter(str(met.entry.kind) for met in self._met[first:])
            if before is None and not kinds["rejected"]:
                remember(self._app, "comparisons", content, source, kinds, operator=self._by, via=via)

    def take(self, source: str, parsed: Parsed) -> None:
        """A whole source, or nothing of it."""
        rejects = [_Met(Entry(Kind.REJECTED, source, bad.line, "", bad.reason, bad.fix)) for bad in parsed.rejects]
        if not parsed.located and not rejects:
            rejects = [
                _Met(Entry(Kind.REJECTED, source, 1, "", "There is no comparison in it.", "Leave this file out."))
            ]
        found: list[_Met] = []
        try:
            with self._app.store.transaction(), self._app.store.comparisons.gathered():
                seen: dict[int, int] = {}
                for located in parsed.located:
                    found.append(self._one(source, located, seen))
                rejects += [met for met in found if met.entry.kind is Kind.REJECTED]
                if rejects:
                    raise _Rejected
        except _Rejected:
            whole = [
                _Met(replace(met.entry, kind=Kind.REJECTED, reason=_HELD_BACK, fix="Mend those."))
                for met in found
                if met.entry.kind is not Kind.REJECTED
            ]
            found = sorted(rejects + whole, key=lambda met: met.entry.line)
        self._met += found

    def _with_todays_slugs(self, comparison: Comparison) -> Comparison:
        """Documents from elsewhere call a tool as ever after it was renamed here."""
        known = with_slugs(comparison, self._renamed)
        if known is comparison or comparison.slug != comparison.pair:
            return known
        # its address was made of the old slug: the same comparison may still have it
        return known if self._app.store.comparisons.by_slug(comparison.slug) else replace(known, slug=known.pair)

    def _one(self, source: str, located: Located, seen: dict[int, int]) -> _Met:
        app, comparison = self._app, self._with_todays_slugs(located.comparison)
        entry = Entry(Kind.NEW, source, located.line, comparison.title, " ".join(located.notes))
        try:
            stored = _same_as(app, comparison)
        except InputError as error:
            return _Met(replace(entry, kind=Kind.REJECTED, reason=error.what, fix=error.next_step))
        now = app.now()
        if stored is None:
            dated = replace(comparison, published_on=comparison.published_on or self._published_on)
            local = now.astimezone(app.settings.zone)
            document = written(dated)
            seen[app.store.comparisons.add(dated, local, self._archived, document)] = located.line
            return _Met(entry, after=document.sha256)
        if stored.id in seen:
            reason = f"It is the same comparison as in line {seen[stored.id]}."
            return _Met(replace(entry, kind=Kind.REJECTED, reason=reason, fix="Leave one out, or give them slugs."))
        seen[stored.id] = located.line
        # what a page cannot know, and what names it, stays
        known = replace(
            placed_like(stored.comparison, comparison),
            slug=stored.comparison.slug,
            published_on=comparison.published_on or stored.comparison.published_on,
            url=comparison.url or stored.comparison.url,
        )
        before, after = stored.content_sha256, content_sha256(known)
        if says_the_same(stored.comparison, known):
            return _Met(replace(entry, kind=Kind.UNCHANGED), before, before)
        app.store.comparisons.revise(stored, known, now, self._by)
        return _Met(replace(entry, kind=Kind.CHANGED), before, after, field_changes(stored.comparison, known))


def _mark(met: _Met, archived: bool) -> str:
    kept = archived and met.entry.kind is Kind.NEW
    facts = (met.entry.kind, met.entry.source, met.entry.line, met.entry.reason, met.before, met.after, kept)
    return sha256("\0".join(map(str, facts)).encode()).hexdigest()[:16]


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
