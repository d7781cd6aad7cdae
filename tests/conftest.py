"""What many tests need: a real app on a real database in a folder of its own, with a clock that is told the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from newsletter.app.container import App
from newsletter.bootstrap import build_app
from newsletter.settings import Settings

hypothesis.settings.register_profile("ours", deadline=None)  # a machine that is busy fails no test
hypothesis.settings.load_profile("ours")

START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
"""A Wednesday; the next slot of the default rule is Monday 23 November 2026, 2026-W48."""


class Clock:
    """The time, as the test says."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """`advance(hours=2)`."""
        self.now += timedelta(**by)


class KnownSite:
    """Stands for the network: the address at which our own pages answer, and with which id."""

    def __init__(self, instance: str | None = None) -> None:
        self.instance = instance

    def instance_at(self, url: str) -> str | None:
        return self.instance


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_app(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., App]]:
    """`make_app(name=…, delivery={…})`: an app with the outbox, unless the settings say otherwise.

    Called again it is another process on the same database.
    """
    made: list[App] = []

    def make(*, provider: Any = None, site: Any = None, **settings: Any) -> App:
        defaults: dict[str, Any] = {
            "name": "Test Verdicts",
            "sender": "verdicts@example.com",
            "reply_to": "editor@example.com",
            "postal_address": "Example Press, 1 Test Street, 12345 Exampleton",
            "database": tmp_path / "subscribers.db",
            "delivery": {"outbox": {"folder": tmp_path / "outbox"}},
        }
        app = build_app(Settings(**(defaults | settings)))
        app = replace(app, now=clock, site=site or KnownSite(app.store.meta.instance))
        app.store.meta.put("created_at", (START - timedelta(days=365)).isoformat(timespec="microseconds"))
        if provider is not None:
            app = replace(app, provider=provider)
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    """The app with default settings."""
    return make_app()
