"""The look at our own pages from outside, against a real server on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newsletter.net.site import HttpSite

PAGE = '<html><head><meta name="newsletter-instance" content="0a1b2c"></head></html>'
Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, format: str, *args: object) -> None:
                return None

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def page(text: str, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Location", "/elsewhere")
        request.end_headers()
        request.wfile.write(text.encode())

    return answer


def test_the_newsletter_id_of_our_own_page_is_found(serve: Serve) -> None:
    assert HttpSite().instance_at(serve(page(PAGE))) == "0a1b2c"


def test_another_page_shows_no_id(serve: Serve) -> None:
    assert HttpSite().instance_at(serve(page("<html>Somebody else's</html>"))) is None


@pytest.mark.parametrize("status", [301, 404, 500])
def test_an_error_or_a_redirect_is_no_answer(serve: Serve, status: int) -> None:
    assert HttpSite().instance_at(serve(page(PAGE, status))) is None


def test_nothing_that_listens_is_no_answer() -> None:
    assert HttpSite().instance_at("http://127.0.0.1:9/") is None


def test_a_page_that_drips_is_given_up_in_time(serve: Serve) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(200):
                request.wfile.write(b"x")
                request.wfile.flush()
                time.sleep(0.05)
            request.wfile.write(PAGE.encode())
        except OSError:
            return  # the client gave up, as it should

    started = time.monotonic()
    assert HttpSite(timeout=0.3).instance_at(serve(drip)) is None
    assert time.monotonic() - started < 5


def test_a_page_that_stops_halfway_is_no_answer(serve: Serve) -> None:
    def stop(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"<html>")

    assert HttpSite(timeout=0.5).instance_at(serve(stop)) is None
