"""The slot of one week, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime

from newsletter.app.container import App
from newsletter.issues import Issue

SLOT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = "2026-W48"
AUTO = {"schedule": {"mode": "auto"}}


def issue_of(app: App, key: str = KEY) -> Issue:
    found = app.store.issues.by_key(key)
    assert found is not None
    return found


def notices(app: App) -> list[str]:
    """The keys of every mail to one person, oldest first."""
    return [row["key"] for row in app.store.database.query("SELECT key FROM message ORDER BY id")]


def texts(app: App) -> str:
    """What all of those say."""
    return "\n".join(row["text"] for row in app.store.database.query("SELECT text FROM message ORDER BY id"))
