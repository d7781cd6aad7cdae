"""Comparisons from the sources that the settings name: pulled before each draft, and whenever somebody asks for it.

A source that fails is told and does not stop the others; each file, document or query is taken whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from newsletter.app.container import App
from newsletter.app.import_comparisons import ENDINGS, Kind, expand_sources, import_parsed
from newsletter.app.record import note
from newsletter.comparisons.formats import Parsed, parse_rows, parse_source
from newsletter.comparisons.pull import Pull
from newsletter.errors import InputError, NotFoundError
from newsletter.sections import SourceSettings
from newsletter.store.sources import read_database

_ENDING_OF = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "text/plain": ".txt",
    "text/markdown": ".md",
}
"""Media type → how such a document is read; all else is JSON."""


def list_sources(app: App) -> list[tuple[SourceSettings, Pull | None]]:
    """Every source of the settings, in their order, with its latest pull."""
    last = app.store.sources.last()
    return [(source, last.get(source.name)) for source in app.settings.sources]


def place_of(source: SourceSettings) -> str:
    """Where it is, for a person."""
    if source.sqlite is not None:
        return f"{source.sqlite}, {'table ' + source.table if source.table else 'a query'}"
    return source.url or str(source.path)


def pull_sources(
    app: App, only: str = "", *, dry_run: bool = False, by: str = "command line", via: str = "command line"
) -> list[Pull]:
    """Pull every source, or `only` one. A dry run takes everything back. Raises NotFoundError for an unknown name."""
    return [pull for _, pull in _pulled(app, only, dry_run=dry_run, by=by, via=via)]


def pull_for_draft(app: App) -> tuple[list[int], list[Pull]]:
    """The same before a draft: the ids to attach() to it, and what became of each."""
    pulled = _pulled(app, "", dry_run=False, by="schedule", via="schedule")
    return [number for number, _ in pulled], [pull for _, pull in pulled]


def _pulled(app: App, only: str, *, dry_run: bool, by: str, via: str) -> list[tuple[int, Pull]]:
    known = {source.name: source for source in app.settings.sources}
    if only and only not in known:
        there = ", ".join(known) or "none"
        raise NotFoundError(
            f"There is no source {only}. There are: {there}.", next_step="See `sources` in docs/settings.md."
        )
    return [_pull(app, source, dry_run, by, via) for source in ([known[only]] if only else known.values())]


def _pull(app: App, source: SourceSettings, dry_run: bool, by: str, via: str) -> tuple[int, Pull]:
    """One source: read before the transaction, because that takes seconds."""
    now = app.now()
    try:
        parsed = list(read_source(app, source))
    except InputError as error:
        pull = Pull(source.name, now, str(error), {})
        return (0 if dry_run else app.store.sources.keep(pull)), pull
    with app.store.transaction():
        done = import_parsed(app, parsed, dry_run=dry_run, by=f"source {source.name}")
        wrong = [entry for entry in done.entries if entry.kind is Kind.REJECTED and entry.name == ""]
        places = [f"{entry.source}, line {entry.line}: {entry.reason} {entry.fix}".strip() for entry in wrong]
        more = f" And {len(places) - 1} more." if len(places) > 1 else ""
        pull = Pull(source.name, now, f"{places[0]}{more}" if places else "", done.counts)
        if dry_run:
            return 0, pull
        if done.counts["new"] or done.counts["changed"]:
            note(app, by, "pulled comparisons", subject=f"source {source.name}", detail=pull.in_words, via=via)
        return app.store.sources.keep(pull), pull


def read_source(app: App, source: SourceSettings) -> Iterable[tuple[str, Parsed]]:
    """Every document of it, under the name that errors call it by. Raises InputError where it cannot be read."""
    columns = source.columns or None
    if source.sqlite is not None:
        header, rows = read_database(source.sqlite, table=source.table, query=source.query)
        yield str(source.sqlite), parse_rows(header, rows, str(source.sqlite), columns)
    elif source.path is not None:
        for path in expand_sources([str(source.path)]):
            yield str(path), parse_source(_bytes(path), str(path), columns=columns)
    else:
        content, ending = fetched(app, source.url, http=source.allow_http, private=source.allow_private)
        yield source.url, parse_source(content, source.url, columns=columns, ending=ending)


def fetched(app: App, url: str, *, http: bool = False, private: bool = False) -> tuple[bytes, str]:
    """The document at an address, and the ending of a file that would be read as it is. Raises InputError."""
    document = app.documents.fetch(url, http=http, private=private)
    ending = PurePosixPath(urlsplit(document.url).path).suffix.lower()
    return document.body, ending if ending in ENDINGS else _ENDING_OF.get(document.kind, ".json")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", next_step="See its rights.") from None
