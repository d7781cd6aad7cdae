"""What programs of operators read in pages, and what they hand in as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.import_comparisons import ComparisonImport, Upload, import_uploads
from newsletter.app.import_subscribers import ImportReport, Wanted, read_list
from newsletter.app.leave import erase_subscriber
from newsletter.app.look_up import list_issues, look_at_number
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.formats import to_document
from newsletter.errors import ContentChangedError, InputError, NotFoundError
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
    """(subscribers, the id to go on after) in the order they came; a page of a search may be short, and go on."""
    return app.store.lists.subscribers(after, limit, status, search)


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


def import_one(
    app: App,
    upload: Upload,
    *,
    archived: bool,
    published_on: date | None = None,
    partial: bool = False,
    columns: Mapping[str, str] | None = None,
    dry_run: bool = False,
    seen: str | None = None,
    by: str,
) -> ComparisonImport:
    """Import one source that somebody sent us, `by` them, and put it on record; what was `seen` is the mark of a dry
    run. Raises ContentChangedError, with nothing imported, where anything else would come of it.
    """
    with app.store.transaction():
        looked = import_uploads(
            app, [upload], archived=archived, published_on=published_on, partial=partial, columns=columns
        )
        if seen not in (None, looked.mark):
            raise ContentChangedError(
                "It would not do what you saw any more, so nothing was imported.", next_step="Look at it once more."
            )
        if dry_run:
            return looked
        return import_uploads(
            app,
            [upload],
            archived=archived,
            published_on=published_on,
            partial=partial,
            columns=columns,
            seen=looked.marks,
            by=by,
            via="api",
        )


def import_subscriber_text(
    app: App, csv: str, wanted: Wanted, *, name: str, dry_run: bool, seen: str | None = None
) -> ImportReport:
    """Import the text of a list, as import_subscribers() does a file of that `name`; what was `seen` is the mark of a
    dry run. Raises InputError where it cannot be read at all, ContentChangedError where another plan comes of it.
    """
    with read_list(app, name, BytesIO(csv.encode()), wanted) as read:
        return read.look() if dry_run else read.apply(shown=seen)


def comparisons_as_documents(app: App) -> list[dict[str, object]]:
    """All of them, as documents that import again."""
    return [to_document(stored.comparison) for stored in app.store.comparisons.all()]


def settings_in_force(app: App) -> dict[str, tuple[str, str]]:
    """Dotted key → (value, where it came from); secrets are masked."""
    return {key: (value, app.settings.came_from.get(key, "default")) for key, value in flat(app.settings).items()}
