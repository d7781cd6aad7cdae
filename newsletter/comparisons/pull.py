"""What came of pulling comparisons from one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull of one source: when (aware UTC), what went wrong, or empty, and what it did: kind → comparisons."""

    source: str
    at: datetime
    problem: str
    counts: dict[str, int]

    @property
    def brought(self) -> str:
        """`3 new, 1 changed`, or what went wrong."""
        if self.problem:
            return f"failed: {self.problem}"
        found = [f"{count} {kind}" for kind, count in self.counts.items() if count]
        return f"{', '.join(found) or 'nothing'}."

    @property
    def in_words(self) -> str:
        """One line about it."""
        return f"Source {self.source}{' ' if self.problem else ': '}{self.brought}"
