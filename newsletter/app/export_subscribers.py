"""Subscribers as CSV, piece by piece: a million of them are never in memory at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from newsletter.app.container import App
from newsletter.app.import_subscribers import inert_cell

COLUMNS = ("email", "status", "created_at", "confirmed_at", "unsubscribed_at")
_AT_ONCE = 5000


def export_subscribers(app: App) -> Iterator[str]:
    """CSV in pieces, the header first: everybody with an address, in the order they came. Moments are ISO 8601 UTC.

    Each piece is read by itself, so that no reader of the store is kept open while a slow line takes it.
    """
    yield ",".join(COLUMNS) + "\n"
    last = 0
    while people := app.store.people.after(last, _AT_ONCE):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for person in people:
            moments = (person.created_at, person.confirmed_at, person.unsubscribed_at)
            dates = [moment.isoformat() if moment else "" for moment in moments]
            writer.writerow([inert_cell(person.email or ""), str(person.status), *dates])
        last = people[-1].id
        yield text.getvalue()
