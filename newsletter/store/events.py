"""Providers' reports: stored raw under their unique id, answered, then applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of


@dataclass(frozen=True, slots=True)
class Report:
    """One report as it came."""

    id: int
    provider: str
    raw: bytes
    received_at: datetime


class Events:
    """All reports: pending → applied, or unmatched (it names no delivery of ours), or unreadable."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def add(self, provider: str, report_id: str, raw: bytes, at: datetime) -> bool:
        """True where it is new."""
        return (
            self._database.change(
                "INSERT INTO event (provider, report_id, raw, received_at, status) VALUES (?, ?, ?, ?, 'pending')"
                " ON CONFLICT DO NOTHING",
                (provider, report_id, raw, text_of(at)),
            )
            == 1
        )

    def pending(self, limit: int, after: int = 0) -> list[Report]:
        """Oldest first, of those with an id above `after`."""
        rows = self._database.query(
            "SELECT id, provider, raw, received_at FROM event WHERE status = 'pending' AND id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [Report(row["id"], row["provider"], row["raw"], moment_of(row["received_at"])) for row in rows]

    def done(self, report: Report, status: str, detail: str = "") -> None:
        self._database.change("UPDATE event SET status = ?, detail = ? WHERE id = ?", (status, detail, report.id))

    def counts(self) -> dict[str, int]:
        """Status → how many."""
        rows = self._database.query("SELECT status, n FROM event_count WHERE n > 0")
        return {row["status"]: row["n"] for row in rows}
