"""Files that were applied, and the people from them who are to be asked whether they want the newsletter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.audience.subscriber import Subscriber
from newsletter.store.sqlite import Sqlite
from newsletter.store.subscribers import subscriber_of
from newsletter.store.times import moment_of, text_of


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One file that was applied. `at`: aware UTC; `sha256`: hex, of its bytes; `counts`: what came of it."""

    kind: str
    sha256: str
    name: str
    at: datetime
    operator: str
    via: str
    counts: Mapping[str, int]


class ImportRuns:
    """All of them, subscribers and comparisons."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def add(self, run: ImportRun) -> None:
        """Remember one more."""
        self._database.insert(
            "INSERT INTO import_run (kind, sha256, name, at, operator, via, counts) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run.kind, run.sha256, run.name, text_of(run.at), run.operator, run.via, json.dumps(dict(run.counts))),
        )

    def newest(self, kind: str, sha256: str) -> ImportRun | None:
        """The newest of these bytes, whatever the file was called."""
        row = self._database.one(
            "SELECT * FROM import_run WHERE kind = ? AND sha256 = ? ORDER BY id DESC LIMIT 1", (kind, sha256)
        )
        if row is None:
            return None
        at, counts = moment_of(row["at"]), json.loads(row["counts"])
        return ImportRun(row["kind"], row["sha256"], row["name"], at, row["operator"], row["via"], counts)

    def to_ask(self, limit: int) -> list[Subscriber]:
        """The first who are to be asked, in the order they came: pending still, and not suppressed."""
        rows = self._database.query(
            "SELECT subscriber.* FROM reconfirmation JOIN subscriber ON subscriber.id = subscriber_id"
            " WHERE status = 'pending' AND unsubscribed_at IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM suppression WHERE suppression.address_hash = subscriber.address_hash)"
            " ORDER BY subscriber_id LIMIT ?",
            (limit,),
        )
        return [subscriber_of(row) for row in rows]

    def asked_through(self, subscriber_id: int | None) -> None:
        """All up to this one need not be asked any more; None: nobody need."""
        self._database.change(
            "DELETE FROM reconfirmation WHERE ? IS NULL OR subscriber_id <= ?", (subscriber_id, subscriber_id)
        )

    def waiting(self) -> int:
        """How many are still to be asked."""
        return int(self._database.value("SELECT count(*) FROM reconfirmation"))
