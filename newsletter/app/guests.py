"""Until everything for a live send is done, claims let through the operator and at most five guests; the rest waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from newsletter.app.container import App
from newsletter.app.readiness import Task, tasks_of_claims
from newsletter.audience.subscriber import normal_address

_FACT = "only_guests"
_DONE_FOR, _OPEN_FOR = 600.0, 30.0
"""Seconds until the list is looked at again."""


def guests_of(app: App) -> list[str]:
    """The operator and the guests, each once."""
    own = [app.settings.notices_to] if app.settings.notices_to else []
    return list(dict.fromkeys(normal_address(address) for address in (*own, *app.settings.delivery.guests)))


def only_guests_in_words(app: App, tasks: Sequence[Task]) -> str:
    """Who is mailed while one of `tasks` is open; empty where everybody is."""
    names = [task.name for task in tasks if not task.done]
    if not names or not app.provider.capabilities.live:
        return ""
    count = len(guests_of(app))
    return (
        f"Open before a live send: {', '.join(names)}. Until then only the operator and the guests are mailed"
        f" ({count} address{'' if count == 1 else 'es'}); everybody else waits, and goes out when all is done."
    )


def who_waits(app: App) -> str:
    """What the sender last found, in words; empty where nobody waits for the list."""
    return app.store.meta.get(_FACT) or "" if app.provider.capabilities.live else ""


class Doorkeeper:
    """Asked by every claim. Threads share one; the list, which asks the network too, is looked at now and then."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._again_at = 0.0
        self._only: frozenset[int] | None = None

    def only(self) -> frozenset[int] | None:
        """Ids of the subscribers who may be mailed now; None where everybody may."""
        app = self._app
        if not app.provider.capabilities.live:
            return None
        with self._lock:
            now = app.now().timestamp()
            if now >= self._again_at:
                words = only_guests_in_words(app, tasks_of_claims(app))
                if words != (app.store.meta.get(_FACT) or ""):
                    app.store.meta.put(_FACT, words)
                found = [app.store.subscribers.by_address(address) for address in guests_of(app)] if words else []
                self._only = frozenset(one.id for one in found if one) if words else None
                self._again_at = now + (_OPEN_FOR if words else _DONE_FOR)
            return self._only
