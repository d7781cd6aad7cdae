"""Fetching from an address that somebody typed: real servers, and a name server that is told what to say."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from newsletter.errors import InputError
from newsletter.net.fetch import Fetcher, is_public

Answer = Callable[[BaseHTTPRequestHandler], None]
PEM = Path(__file__).parents[1] / "fakes" / "loopback.pem"


class Serve(Protocol):
    def __call__(self, answer: Answer, made: Callable[[ThreadingHTTPServer], object] = ...) -> str: ...


DOCUMENT = b'[{"sides": []}]'


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[ThreadingHTTPServer] = []

    def start(answer: Answer, made: Callable[[ThreadingHTTPServer], object] = lambda server: None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, format: str, *args: object) -> None:
                return None

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        made(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server says: name → addresses."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look(host: str, port: int, **options: Any) -> Any:
        if host not in known:
            return real(host, port, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return known


def give(body: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:5601:5601",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_an_address_of_the_public_internet_is_known(address: str) -> None:
    assert is_public(address)


def test_a_document_comes_with_its_kind_and_where_it_was_in_the_end(serve: Serve) -> None:
    there = serve(give(DOCUMENT, "application/json; charset=utf-8"))
    first = serve(give(b"", status=302, Location=there + "week.json"))
    found = Fetcher().fetch(first, http=True, private=True)
    assert (found.body, found.kind, found.url) == (DOCUMENT, "application/json", there + "week.json")


def test_this_network_is_refused_unless_somebody_allowed_it_and_nothing_is_asked_of_it(serve: Serve) -> None:
    asked: list[str] = []
    there = serve(lambda request: asked.append(request.path))
    with pytest.raises(InputError, match=r"leads to 127\.0\.0\.1, which is no address of the public internet"):
        Fetcher().fetch(there, http=True)
    assert asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse_the_name(names: dict[str, list[str]]) -> None:
    names["feed.example"] = ["93.184.216.34", "169.254.169.254"]
    with pytest.raises(InputError, match=r"leads to 169\.254\.169\.254"):
        Fetcher().fetch("https://feed.example/week.json")


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_dialled(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(serve(give(DOCUMENT)).rstrip("/").rpartition(":")[2])
    answers = iter(["127.0.0.1", "169.254.169.254"])
    checked: list[str] = []

    def look(host: str, port: int, **options: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def may(address: str) -> bool:
        checked.append(address)
        return address == "127.0.0.1"

    monkeypatch.setattr(socket, "getaddrinfo", look)
    found = Fetcher(may=may).fetch(f"http://feed.example:{port}/", http=True)
    assert (found.body, checked) == (DOCUMENT, ["127.0.0.1"])
    assert list(answers) == ["169.254.169.254"]


def test_a_redirect_into_this_network_is_refused(serve: Serve, names: dict[str, list[str]]) -> None:
    names["metadata.example"] = ["169.254.169.254"]
    outside = serve(give(b"", status=307, Location="http://metadata.example/latest/meta-data"))
    with pytest.raises(InputError, match=r"leads to 169\.254\.169\.254"):
        Fetcher(may=lambda address: address == "127.0.0.1").fetch(outside, http=True)


@pytest.fixture
def secure(serve: Serve) -> str:
    """The port of a server with a certificate for localhost that nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    servers: list[ThreadingHTTPServer] = []
    there = serve(give(DOCUMENT), servers.append)
    servers[0].socket = context.wrap_socket(servers[0].socket, server_side=True)
    return there.rstrip("/").rpartition(":")[2]


def test_a_certificate_is_checked_against_the_name_and_not_against_the_address(
    secure: str, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["localhost"] = names["feed.example"] = ["127.0.0.1"]
    with pytest.raises(InputError, match="CERTIFICATE_VERIFY_FAILED"):
        Fetcher().fetch(f"https://localhost:{secure}/", private=True)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(PEM))
    assert Fetcher().fetch(f"https://localhost:{secure}/", private=True).body == DOCUMENT
    with pytest.raises(InputError, match="Hostname mismatch"):
        Fetcher().fetch(f"https://feed.example:{secure}/", private=True)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.com/", "gopher://x/"])
def test_a_redirect_to_another_scheme_is_refused(serve: Serve, target: str) -> None:
    there = serve(give(b"", status=302, Location=target))
    with pytest.raises(InputError, match="may be fetched"):
        Fetcher().fetch(there, http=True, private=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/feed.json",
        "file:///etc/passwd",
        "https://",
        "https://ada:secret@example.com/",
        "https://example.com:99999/",
        "example.com",
        "",
    ],
)
def test_only_https_without_a_password_is_fetched_and_a_name_is_not_even_looked_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any, **options: Any) -> Any:
        raise AssertionError("it was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(InputError, match="may be fetched"):
        Fetcher().fetch(url)


def test_more_than_three_redirects_are_no_document(serve: Serve) -> None:
    there = serve(lambda request: give(b"", status=302, Location=request.path + "x")(request))
    with pytest.raises(InputError, match="redirects more than 3 times"):
        Fetcher().fetch(there, http=True, private=True)


def test_a_document_that_is_too_large_is_refused_while_it_arrives(serve: Serve) -> None:
    sent: list[int] = []

    def flood(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(5_000):
                request.wfile.write(b"x" * 65_536)
                sent.append(1)
        except OSError:
            return

    with pytest.raises(InputError, match="larger than 5 MiB"):
        Fetcher().fetch(serve(flood), http=True, private=True)
    assert len(sent) < 5_000


def test_a_packed_document_is_refused_because_its_size_is_not_known(serve: Serve) -> None:
    there = serve(give(b"\x1f\x8b", Content_Encoding="gzip"))
    with pytest.raises(InputError, match="packed"):
        Fetcher().fetch(there, http=True, private=True)


@pytest.mark.parametrize("head", [True, False])
def test_a_server_that_drips_is_cut_off_at_the_deadline(serve: Serve, head: bool) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        if head:
            request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        else:
            request.send_response(200)
            request.end_headers()
        try:
            for number in range(200):
                request.wfile.write(b"x-%d: y\r\n" % number)
                time.sleep(0.05)
        except OSError:
            return

    before = time.monotonic()
    with pytest.raises(InputError, match="longer than") as told:
        Fetcher(seconds=0.5).fetch(serve(drip), http=True, private=True)
    assert time.monotonic() - before < 3
    assert not told.value.permanent


def test_an_error_page_and_a_server_that_is_not_there_are_told_in_one_line(serve: Serve) -> None:
    with pytest.raises(InputError, match="answered 503"):
        Fetcher().fetch(serve(give(b"", status=503)), http=True, private=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match="cannot be fetched") as told:
        Fetcher().fetch(f"http://127.0.0.1:{port}/", http=True, private=True)
    assert "\n" not in str(told.value)
