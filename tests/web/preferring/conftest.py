"""A reader with two topics to choose from, and their signed link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.model import Comparison, Tool
from tests.fakes.house import add_active, add_comparison

ADDRESS = "zephyrine@example.net"


@pytest.fixture
def reader(app: App) -> Subscriber:
    for slug, category in (("one", "Developer Tools"), ("two", "Design")):
        sides = (Tool(slug.title(), slug, category=category), Tool("Rival", "rival", category=category))
        add_comparison(app, Comparison(f"{slug}-vs-rival", sides))
    return add_active(app, ADDRESS)


@pytest.fixture
def token(app: App, reader: Subscriber) -> str:
    return app.signer.reader(1, reader.id)


@pytest.fixture
def path(token: str) -> str:
    return f"/preferences/{token}"


@pytest.fixture
def save(visitor: Any, path: str) -> Callable[..., Any]:
    """A function (what the form says, path beneath) → the answer; it may set the reader's cookie."""

    def post(data: Any = None, beneath: str = "", **options: Any) -> Any:
        return visitor.post(f"{path}{beneath}", data=data or {}, may_set=("reader",), **options)

    return post
