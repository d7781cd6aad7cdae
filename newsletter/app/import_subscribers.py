"""Subscribers from a CSV file: a plan first, then exactly that plan, in one transaction."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.app.container import App
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.imports import BadRow, Row, read_rows
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.errors import InputError


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do. `rejects_file` is where the bad rows went, if there were any."""

    counts: dict[str, int]
    """new, confirmed (was pending), unchanged, unsubscribed, suppressed, duplicate, rejected → rows."""
    rejects: tuple[BadRow, ...]
    rejects_file: Path | None


_PROGRESS_ROWS = 500
_KINDS = ("new", "confirmed", "unchanged", "unsubscribed", "suppressed", "duplicate", "rejected")


def import_subscribers(
    app: App, path: Path, consent: str, *, dry_run: bool, progress: Callable[[int], None] = lambda rows: None
) -> ImportReport:
    """Import every usable row as active, with `consent` stored as the proof; never revive who left or is suppressed.

    Bad rows go to `NAME.rejects.csv` beside the file, each with its line and reason. Raises InputError where the file
    cannot be read at all; then nothing is imported. `progress` is called with the number of rows since the last call.
    """
    if not consent.strip():
        raise InputError(
            "An import needs the text these people agreed to, and where.",
            next_step='Add --consent "Form on example.com, 2025: …".',
        )
    rejects: list[BadRow] = []
    counts: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
    seen: set[bytes] = set()
    try:
        with app.store.transaction():
            for number, row in enumerate(_rows(path), 1):
                if number % _PROGRESS_ROWS == 0:
                    progress(_PROGRESS_ROWS)
                if isinstance(row, BadRow):
                    rejects.append(row)
                    counts["rejected"] += 1
                    continue
                counts[_apply(app, row, path, consent.strip(), seen)] += 1
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    rejects_file = None
    if rejects and not dry_run:
        rejects_file = path.with_suffix(".rejects.csv")
        _write_rejects(rejects_file, rejects)
    return ImportReport(dict(counts), tuple(rejects), rejects_file)


class _DryRun(Exception):
    """Rolls the transaction back: a dry run does the real thing and takes it back."""


def _apply(app: App, row: Row, path: Path, consent: str, seen: set[bytes]) -> str:
    people = app.store.subscribers
    key = people.hash_of(row.email)
    if key in seen:
        return "duplicate"
    seen.add(key)
    if people.suppression(row.email):
        return "suppressed"
    found = people.by_address(row.email)
    if found and found.unsubscribed_at:  # also where somebody asked in their name and they have not confirmed
        return "unsubscribed"
    if found and found.status is not SubscriberStatus.PENDING:
        return "unchanged"
    now = app.now()
    if found:
        people.activate(found.id, now, SubscriberStatus.PENDING)
    subscriber_id = found.id if found else people.add(row.email, SubscriberStatus.ACTIVE, now)
    people.record(subscriber_id, Consent(ConsentKind.IMPORTED, now, f"{path.name}, line {row.line}", consent))
    return "confirmed" if found else "new"


def _rows(path: Path) -> Iterator[Row | BadRow]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from read_rows(file)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}).", next_step="Save it as CSV UTF-8 and import that."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", next_step="See that it is there.") from None


def _write_rejects(path: Path, rejects: list[BadRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "cells"])
        for row in rejects:
            writer.writerow([row.line, row.reason, *(inert_cell(cell) for cell in row.cells)])


def inert_cell(cell: str) -> str:
    """A spreadsheet runs cells that begin like a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
