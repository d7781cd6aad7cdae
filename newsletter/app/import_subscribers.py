"""Subscribers from a CSV file: a plan first, then exactly that plan, in one transaction."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TextIO

from newsletter.app.container import App
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.imports import BadRow, Row, read_rows
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.errors import ContentChangedError, InputError


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do. `rejects_file` is where the bad rows went, if there were any."""

    counts: dict[str, int]
    """new, confirmed (was pending), unchanged, unsubscribed, suppressed, duplicate, rejected → rows."""
    rejects: tuple[BadRow, ...]
    rejects_file: Path | None
    mark: str
    """Hex, of what was read and what comes of it: two of a kind are the same plan."""


_PROGRESS_ROWS = 500
_KINDS = ("new", "confirmed", "unchanged", "unsubscribed", "suppressed", "duplicate", "rejected")
_WRITTEN = ("new", "confirmed")

Progress = Callable[[int], None]


def import_subscribers(
    app: App, path: Path, consent: str, *, dry_run: bool, progress: Progress = lambda rows: None
) -> ImportReport:
    """Import every usable row as active, with `consent` stored as the proof; never revive who left or is suppressed.

    Bad rows go to `NAME.rejects.csv` beside the file, each with its line and reason. Raises InputError where the file
    cannot be read at all; then nothing is imported. `progress` is called with the number of rows since the last call.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            report = _import(app, path.name, _rows(str(path), file), consent, dry_run=dry_run, progress=progress)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", next_step="See that it is there.") from None
    if report.rejects and not dry_run:
        rejects_file = path.with_suffix(".rejects.csv")
        _write_rejects(rejects_file, report.rejects)
        return replace(report, rejects_file=rejects_file)
    return report


def import_upload(app: App, name: str, content: bytes, consent: str, *, shown: str | None) -> ImportReport:
    """The same of a file that somebody sent us: a dry run while nothing was `shown`, after that exactly the plan whose
    mark that is. Raises InputError as import_subscribers() does, ContentChangedError where another plan comes of it.
    """
    short = re.split(r"[/\\]", name)[-1]
    with TextIOWrapper(BytesIO(content), encoding="utf-8-sig", newline="") as file:
        rows = list(_rows(short, file))  # others can write meanwhile
    with app.store.transaction() if shown is not None else nullcontext():
        report = _import(app, short, rows, consent, dry_run=shown is None)
        if shown is not None and report.mark != shown:
            raise ContentChangedError(
                "What it comes to has changed since you looked, so nothing was imported.",
                next_step="Look at the new numbers, then import.",
            )
        return report


def _import(
    app: App,
    name: str,
    rows: Iterable[Row | BadRow],
    consent: str,
    *,
    dry_run: bool,
    progress: Progress = lambda rows: None,
) -> ImportReport:
    """A dry run decides as an import does, and writes nothing."""
    consent = consent.strip()
    if not consent:
        raise InputError(
            "An import needs the text these people agreed to, and where.",
            next_step='Like "Form on example.com, 2025: …".',
        )
    rejects: list[BadRow] = []
    counts: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
    seen: set[bytes] = set()
    mark = sha256(f"{name}\n{consent}\n".encode())
    with nullcontext() if dry_run else app.store.transaction():
        for number, row in enumerate(rows, 1):
            if number % _PROGRESS_ROWS == 0:
                progress(_PROGRESS_ROWS)
            if isinstance(row, BadRow):
                rejects.append(row)
                kind = "rejected"
            else:
                kind = _decide(app, row, seen)
                mark.update(row.email.encode())
            mark.update(f"\t{row.line} {kind}\n".encode())
            counts[kind] += 1
            if kind in _WRITTEN and not dry_run:
                assert isinstance(row, Row)
                _write(app, row, name, consent, pending=kind == "confirmed")
    return ImportReport(dict(counts), tuple(rejects), None, mark.hexdigest())


def _decide(app: App, row: Row, seen: set[bytes]) -> str:
    people = app.store.subscribers
    key = people.hash_of(row.email)
    if key in seen:
        return "duplicate"
    seen.add(key)
    if people.suppression(row.email):
        return "suppressed"
    found = people.by_address(row.email)
    if found is None:
        return "new"
    if found.unsubscribed_at:  # also where somebody asked in their name and they have not confirmed
        return "unsubscribed"
    return "confirmed" if found.status is SubscriberStatus.PENDING else "unchanged"


def _write(app: App, row: Row, name: str, consent: str, *, pending: bool) -> None:
    people, now = app.store.subscribers, app.now()
    found = people.by_address(row.email) if pending else None
    if found:
        people.activate(found.id, now, SubscriberStatus.PENDING)
    subscriber_id = found.id if found else people.add(row.email, SubscriberStatus.ACTIVE, now)
    people.record(subscriber_id, Consent(ConsentKind.IMPORTED, now, f"{name}, line {row.line}", consent))


def _rows(name: str, file: TextIO) -> Iterator[Row | BadRow]:
    try:
        yield from read_rows(file)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text (byte {error.start}).", next_step="Save it as CSV UTF-8 and import that."
        ) from None


def _write_rejects(path: Path, rejects: Sequence[BadRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "cells"])
        for row in rejects:
            writer.writerow([row.line, row.reason, *(inert_cell(cell) for cell in row.cells)])


def inert_cell(cell: str) -> str:
    """A spreadsheet runs cells that begin like a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
