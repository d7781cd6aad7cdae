"""A newsletter that is served on loopback, and operators who come in through a browser of their own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from newsletter.app.container import App
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, Clock, add_active, build_house, draft_week

WORDS = "harbour lantern oblique seven"


@dataclass
class House:
    """A newsletter that is served on loopback, with a clock of the test's."""

    app: App
    clock: Clock
    url: str
    server: uvicorn.Server
    stopping: threading.Event
    thread: threading.Thread
    contexts: list[BrowserContext] = field(default_factory=list)

    def stop(self) -> float:
        """Seconds until it ended; called again, at once."""
        began = time.monotonic()
        self.stopping.set()
        self.server.should_exit = True
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()
        return time.monotonic() - began

    def status(self, key: str) -> IssueStatus:
        found = self.app.store.issues.by_key(key)
        assert found is not None
        return found.status

    def session(self, email: str = "ada@example.com", role: Role = Role.OWNER) -> str:
        """The token of a session that has begun."""
        return accept_invitation(self.app, make_invitation(self.app, email, role), "", WORDS)


def serve(folder: Path) -> House:
    listener, clock, stopping = socket.create_server(("127.0.0.1", 0)), Clock(), threading.Event()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = build_house(folder, clock, site_url=url)
    config = uvicorn.Config(
        create_site(app, TEMPLATES, stopping), log_level="warning", access_log=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return House(app, clock, url, server, stopping, thread)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = serve(tmp_path)
    yield found
    for context in found.contexts:
        context.close()
    found.stop()
    found.app.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(house: House, browser: Browser) -> Enter:
    """`enter("ada@example.com", width=375)`: a page of a browser of its own, signed in."""

    def come(email: str = "ada@example.com", *, width: int = 1280, signed_in: bool = True, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=house.url, **options)
        house.contexts.append(context)
        if signed_in:
            context.add_cookies([{"name": "session", "value": house.session(email), "url": house.url}])
        return context.new_page()

    return come


@pytest.fixture
def key(house: House) -> str:
    """A drafted week, and two readers."""
    for name in ("lena", "omar"):
        add_active(house.app, f"{name}@example.org")
    return draft_week(house.app).key
