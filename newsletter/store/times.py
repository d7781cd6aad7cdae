"""Moments and dates as the database keeps them: UTC text whose order is the order of time."""

from __future__ import annotations

from datetime import UTC, datetime


def text_of(moment: datetime) -> str:
    """`2026-11-16T08:00:00.000000+00:00`; `moment` must be aware."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be kept")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str) -> datetime:
    """The reverse of text_of()."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """The reverse of text_of(), None for None."""
    return None if text is None else datetime.fromisoformat(text)
