"""The record of who did what: append to it, and read it."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.store.operators import Deed


def note(app: App, operator: str, act: str, *, subject: str = "", detail: str = "", via: str) -> None:
    """Append one entry. `subject`: `issue 2026-W48`, `comparison a-vs-b`; `via`: console, api, command line."""
    app.store.operators.note(Deed(app.now(), operator, act, subject, detail, via))


def what_was_done(app: App, subject: str = "", limit: int = 100, before: int | None = None) -> list[tuple[int, Deed]]:
    """(id, entry), newest first."""
    return app.store.operators.deeds(subject, limit, before)
