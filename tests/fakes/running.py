"""A site that really listens, for browsers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from newsletter.app.container import App
from newsletter.delivery.provider import Provider
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, Clock, build_house


@contextmanager
def listening(
    folder: Path, clock: Clock | None = None, *, provider: Provider | None = None, **settings: Any
) -> Iterator[tuple[App, str]]:
    """A house in `folder` and the address on loopback at which its site answers, until the end.

    `provider`: one in place of the outbox.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = build_house(folder, clock or Clock(), site_url=url, **settings)
    if provider is not None:
        app = replace(app, provider=provider)
    config = uvicorn.Config(create_site(app, TEMPLATES), log_level="warning", access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield app, url
    server.should_exit = True
    thread.join()
    app.close()
