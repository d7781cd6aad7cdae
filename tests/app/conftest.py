"""A week that is just due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app.container import App
from tests.app.scripted import add_readers, add_week
from tests.app.slots import SLOT
from tests.conftest import Clock


@pytest.fixture
def week(make_app: Callable[..., App], clock: Clock) -> Callable[..., App]:
    """`week(mode=…)`: three comparisons and three readers, and the slot of 2026-W48 just due; older ones are done."""

    def make(**settings: Any) -> App:
        app = make_app(**settings)
        app.store.meta.put("created_at", "2026-11-18T00:00:00.000000+00:00")
        if app.store.comparisons.count() == 0:
            add_week(app)
            add_readers(app, 3)
        clock.now = SLOT
        return app

    return make
