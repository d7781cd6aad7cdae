"""The host: the pages, the ticker and the sender in one process, or the sender alone. SIGTERM drains all three."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from newsletter.app.container import App
from newsletter.bootstrap import templates_folder
from newsletter.errors import ConfigError
from newsletter.sender import Sender

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from newsletter.web.copying import Copied

log = logging.getLogger(__name__)
_DRAIN_SECONDS = 20


def free_port(host: str, port: int, *, or_any: bool) -> socket.socket:
    """A listening socket. With `or_any`, another port where this one is taken. Raises ConfigError otherwise."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer on a kept connection waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        if not or_any:
            listener.close()
            raise ConfigError(
                f"Cannot listen on {host}:{port}: {error.strerror}.", next_step="Stop what uses it, or set web.port."
            ) from None
        listener.bind((host, 0))
    listener.listen(128)
    return listener


@contextmanager
def sending(app: App) -> Iterator[None]:
    """A sender beside whatever happens inside; it stops, with its steps settled, at the end."""
    sender = Sender(app)
    sender.start()
    try:
        yield
    finally:
        sender.stop()


def copy_site(app: App, folder: Path, told: Callable[[int, int], None]) -> Copied:
    """Everything that everybody may read, as files in `folder`. Raises InputError for a folder that is not ours."""
    from newsletter.web.copying import copy_site as copy

    return copy(app, templates_folder(), folder, told=told)


def serve_farewell(
    app: App, listener: socket.socket, *, moved_to: str = "", started: Callable[[str], None] = lambda url: None
) -> None:
    """Serve only what lets readers leave, after a move: nothing is drafted or sent. Until SIGTERM or Ctrl-C."""
    import uvicorn

    from newsletter.web.farewell import create_farewell

    server = uvicorn.Server(_config(create_farewell(app, templates_folder(), moved_to)))
    started(_address_of(listener))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def serve(app: App, listener: socket.socket, *, started: Callable[[str], None] = lambda url: None) -> None:
    """Serve until SIGTERM or Ctrl-C; returns when requests and deliveries under way are finished.

    `started` is called with the address once it listens.
    """
    import uvicorn

    from newsletter.scheduler import build_scheduler
    from newsletter.web.site import create_site
    from newsletter.web.templating import compile_templates

    stopping = threading.Event()
    compile_templates(templates_folder())
    config = _config(create_site(app, templates_folder(), stopping))

    class Server(uvicorn.Server):
        """Tells open streams to end: uvicorn waits for them, and they for the issue."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            stopping.set()
            super().handle_exit(sig, frame)

    server = Server(config)
    sender = Sender(app)
    ticker = build_scheduler(app)
    sender.start()
    ticker.start()
    # uvicorn raises the signal again when it is done; without a handler that would end the process before the drain
    signal.signal(signal.SIGTERM, lambda number, frame: log.info("Draining."))
    started(_address_of(listener))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        log.info("Stopped by Ctrl-C.")
    finally:
        ticker.shutdown(wait=True)
        if not sender.stop(_DRAIN_SECONDS):
            log.warning("A request was still under way; it is settled at the next start.")


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _config(site: FastAPI) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        site,
        http="h11",  # it refuses a head of more than 64 KiB; httptools, the default where it is installed, does not
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the pages decide themselves whom they believe about a visitor's address
        timeout_graceful_shutdown=_DRAIN_SECONDS // 2,
    )
