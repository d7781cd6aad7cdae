"""What runs in a process of its own: senders whose memory is measured, a place that takes mails, the pages alone."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.house import make_house
from newsletter.app.container import App
from newsletter.bootstrap import build_app, templates_folder
from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Answered, Outcome, SendResult, SendStatus
from newsletter.issues import IssueStatus
from newsletter.providers.resend import Resend
from newsletter.sender import Sender
from newsletter.settings import load

_KEY = "re_benchmark"


class Near(Resend):
    """Resend at an address of this machine: nothing goes live, so no list of tasks holds anybody back."""

    capabilities = replace(Resend.capabilities, live=False)


class Sink(Near):
    """Builds what Resend gets, and takes it at once without sending it anywhere."""

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        return Answered(
            tuple(SendResult(one.rid, SendStatus.ACCEPTED, f"{batch.key}/{one.rid}") for one in batch.recipients)
        )


def send(folder: Path, provider: str) -> None:
    """Send the issue that is sending, and say in how many seconds and with how much memory."""
    app = build_app(load(folder / "newsletter.toml"))
    if provider == "sink":
        app = _unlimited(replace(app, provider=Sink(_KEY)))
    elif provider.startswith("http"):
        app = _unlimited(replace(app, provider=Near(_KEY, base_url=provider)))
    (issue,) = app.store.issues.in_status(IssueStatus.SENDING)
    sender = Sender(app)
    began = time.perf_counter()
    sender.start()
    while (now := app.store.issues.by_id(issue.id)) and now.status is IssueStatus.SENDING:
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    sender.stop()
    assert now is not None
    counts = now.counts
    app.close()
    _say({"seconds": seconds, "accepted": counts.accepted, "frozen": counts.frozen, "peak_mb": _peak_megabytes()})


def _unlimited(app: App) -> App:
    delivery = app.settings.delivery.model_copy(update={"requests_per_second": 1e6})
    return replace(app, settings=app.settings.model_copy(update={"delivery": delivery}))


def _peak_megabytes() -> float:
    """VmHWM begins anew with every program, unlike getrusage's ru_maxrss, which a child inherits."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found
    return int(found[1]) / 1024


class _Takes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        left = int(self.headers["content-length"])
        mails = 0
        tail = b""
        while left:
            piece = self.rfile.read(min(left, 1 << 20))
            left -= len(piece)
            mails += (tail + piece).count(_MARK) - tail.count(_MARK)
            tail = piece[-len(_MARK) :]
        ids = [{"id": f"{self.headers['idempotency-key']}-{number}"} for number in range(mails)]
        body = json.dumps({"data": ids}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


_MARK = b'"name":"rid"'


def take() -> None:
    """A place on loopback that takes every mail; prints its address."""
    ThreadingHTTPServer.request_queue_size = 64
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Takes)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def pages(folder: Path, with_sender: str, subscribers: int = 0) -> None:
    """The pages, with a sender as threads beside them (to the outbox, or `paced` as Resend lets it) or without one;
    prints their address.

    With `subscribers` it makes a house of so many first, and prints the key of its approved issue too.
    """
    import uvicorn

    from newsletter.serve import free_port
    from newsletter.web.site import create_site

    key = ""
    if subscribers:
        app, key = make_house(folder, subscribers)
    else:
        app = build_app(load(folder / "newsletter.toml"))
    listener = free_port("127.0.0.1", 0, or_any=False)
    server = uvicorn.Server(uvicorn.Config(create_site(app, templates_folder()), log_level="warning", access_log=False))
    if with_sender == "threads":
        Sender(app).start()
    elif with_sender == "paced":
        Sender(replace(app, provider=Sink(_KEY))).start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]} {key}", flush=True)
    server.run(sockets=[listener])


def serve_all(folder: Path) -> None:
    """What `newsletter serve` runs; prints its address."""
    from newsletter.serve import free_port, serve

    app = build_app(load(folder / "newsletter.toml"))
    serve(app, free_port("127.0.0.1", 0, or_any=False), started=lambda url: print(url, flush=True))


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)


def main() -> None:
    acts: dict[str, Callable[..., None]] = {
        "send": lambda folder, provider: send(Path(folder), provider),
        "take": take,
        "serve": lambda folder: serve_all(Path(folder)),
        "pages": lambda folder, with_sender, subscribers=0: pages(Path(folder), with_sender, int(subscribers)),
    }
    acts[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
