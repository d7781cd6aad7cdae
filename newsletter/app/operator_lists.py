"""What programs of operators read in pages, and what they hand in as text."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.import_comparisons import ComparisonImport, import_comparisons
from newsletter.app.import_subscribers import ImportReport, import_subscribers
from newsletter.app.leave import erase_subscriber
from newsletter.app.look_up import list_issues, look_at_number
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.formats import to_document
from newsletter.errors import InputError, NotFoundError
from newsletter.issues import Issue
from newsletter.settings import flat


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody who did not get an issue. `email` None: erased since."""

    subscriber: int
    email: str | None
    status: str | None
    outcome: str | None
    detail: str | None


def issues_after(app: App, key: str, limit: int) -> tuple[list[Issue], str | None]:
    """(issues, the key to go on after), newest first, from behind `key`. Raises InputError for no key of ours."""
    found = list_issues(app)
    keys = [issue.key for issue in found]
    if key and key not in keys:
        raise InputError("This cursor is not one of ours.", next_step="Take the one of the page before, or none.")
    begin = keys.index(key) + 1 if key else 0
    shown = found[begin : begin + limit]
    return shown, shown[-1].key if begin + limit < len(found) else None


def subscribers_after(
    app: App, after: int, limit: int, *, status: str = "", search: str = ""
) -> tuple[list[Subscriber], int | None]:
    """(subscribers, the id to go on after) in the order they came."""
    found = app.store.lists.subscribers(after, limit + 1, status, search)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def missed_after(app: App, key: str, after: int, limit: int) -> tuple[list[Missed], int | None]:
    """(who did not get the issue, the id to go on after). Raises NotFoundError."""
    rows = app.store.lists.missed(find_issue(app, key).id, after, limit + 1)
    found = [Missed(number, row["email"], row["status"], row["outcome"], row["detail"]) for number, row in rows[:limit]]
    return found, found[-1].subscriber if len(rows) > limit else None


def erase_person(app: App, number: int) -> None:
    """Blank everything that tells who it was; the address is never mailed again. Raises NotFoundError."""
    found = look_at_number(app, number).subscriber
    if found.email is None:
        raise NotFoundError(f"Subscriber {number} is erased already.")
    erase_subscriber(app, found.email)


def import_comparison_text(
    app: App,
    text: str,
    ending: str,
    *,
    archived: bool,
    published_on: date | None = None,
    partial: bool = False,
    dry_run: bool = False,
) -> ComparisonImport:
    """Import one source that came as text; `ending` tells its format, like that of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sent{ending}"
        path.write_text(text, encoding="utf-8")
        return import_comparisons(
            app, [path], archived=archived, published_on=published_on, partial=partial, dry_run=dry_run
        )


def import_subscriber_text(app: App, csv: str, consent: str, *, dry_run: bool) -> ImportReport:
    """Import a CSV text, as import_subscribers() does a file. Raises InputError where it cannot be read at all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sent.csv"
        path.write_text(csv, encoding="utf-8", newline="")
        return import_subscribers(app, path, consent, dry_run=dry_run)


def comparisons_as_documents(app: App) -> list[dict[str, object]]:
    """All of them, as documents that import again."""
    return [to_document(stored.comparison) for stored in app.store.comparisons.all()]


def settings_in_force(app: App) -> dict[str, tuple[str, str]]:
    """Dotted key → (value, where it came from); secrets are masked."""
    return {key: (value, app.settings.came_from.get(key, "default")) for key, value in flat(app.settings).items()}
