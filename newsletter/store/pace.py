"""One limiter for all processes: a row per name that reserves the next moment."""

from __future__ import annotations

from newsletter.delivery.pacing import reserve
from newsletter.store.sqlite import Sqlite


class Pace:
    """Limiters by name. Moments are Unix seconds."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def reserve(self, name: str, now: float, rate_per_second: float) -> float:
        """The moment at which this request may leave."""
        with self._database.transaction():
            next_at = self._database.value("SELECT next_at FROM pace WHERE name = ?", (name,)) or 0.0
            leave, keep = reserve(next_at, now, rate_per_second)
            self._put(name, keep)
            return leave

    def free_at(self, name: str) -> float:
        """When the next request may leave; 0 where nothing holds it back."""
        return float(self._database.value("SELECT next_at FROM pace WHERE name = ?", (name,)) or 0.0)

    def hold(self, name: str, until: float) -> None:
        """Nothing leaves before `until`: the whole provider asked us to wait."""
        with self._database.transaction():
            self._put(name, max(self.free_at(name), until))

    def _put(self, name: str, next_at: float) -> None:
        self._database.change(
            "INSERT INTO pace VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at",
            (name, next_at),
        )
