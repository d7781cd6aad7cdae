"""Comparisons from wherever somebody points: files and folders, an address, another SQLite database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from newsletter.app.container import App
from newsletter.app.import_comparisons import (
    ComparisonImport,
    Upload,
    expand_sources,
    import_comparisons,
    import_parsed,
)
from newsletter.app.pull_sources import fetched, read_source
from newsletter.comparisons.formats import Parsed
from newsletter.errors import InputError
from newsletter.sections import SourceSettings

DATABASES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True, slots=True)
class Reading:
    """How what is named is read. `columns`: field of a comparison → column; `table` or `query`: of a database."""

    columns: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    query: str = ""
    allow_http: bool = False
    allow_private: bool = False


def is_elsewhere(name: str) -> bool:
    """Whether it names an address or a database, and no files."""
    return name.startswith(("https://", "http://")) or Path(name).suffix.lower() in DATABASES


def import_places(
    app: App,
    names: Sequence[str],
    reading: Reading,
    *,
    archived: bool = False,
    published_on: date | None = None,
    partial: bool = False,
    dry_run: bool = False,
    progress: Callable[[Path], None] = lambda path: None,
    by: str = "command line",
) -> ComparisonImport:
    """As import_comparisons() of files; a dry run takes everything back. Raises InputError where one cannot be read."""
    if not any(map(is_elsewhere, names)) and not reading.columns:
        return import_comparisons(
            app,
            expand_sources(names),
            archived=archived,
            published_on=published_on,
            partial=partial,
            dry_run=dry_run,
            progress=progress,
            by=by,
        )
    read = list(_read(app, names, reading))  # before the transaction: the network takes seconds
    return import_parsed(app, read, archived=archived, published_on=published_on, dry_run=dry_run, by=by)


def fetch_upload(app: App, url: str) -> Upload:
    """The document at an https address on the public internet, to be handed to import_uploads() like a file, so that
    what was looked at is applied. Takes seconds: not in a transaction. Raises InputError where there is none to be had.
    """
    content, ending = fetched(app, url)
    plainly = PurePosixPath(urlsplit(url).path).suffix.lower() == ending and url.endswith(ending)
    return Upload(url if plainly else f"{url}, read as {ending}", content)


def _read(app: App, names: Sequence[str], reading: Reading) -> Iterator[tuple[str, Parsed]]:
    for name in names:
        yield from read_source(app, _source(name, reading))


def _source(name: str, reading: Reading) -> SourceSettings:
    facts: dict[str, Any] = {"name": "import", "columns": dict(reading.columns)}
    if name.startswith(("https://", "http://")):
        facts |= {"url": name, "allow_http": reading.allow_http, "allow_private": reading.allow_private}
    elif Path(name).suffix.lower() in DATABASES:
        facts |= {"sqlite": Path(name), "table": reading.table, "query": reading.query}
    else:
        facts |= {"path": Path(name)}
    try:
        return SourceSettings(**facts)
    except ValidationError:
        raise InputError(
            f"{name} is a database.", next_step="Say what to read of it: --table NAME or --query SQL."
        ) from None
