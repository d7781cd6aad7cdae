"""One request: a deadline over all of it, and a strict answer to whether anything had left."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from newsletter.delivery.provider import Doubt, Refusal, Refused
from newsletter.providers import _http
from newsletter.providers._http import Answer, HttpClient, _Exchange
from tests.fakes.resend_server import FakeResend


@pytest.fixture
def client() -> Any:
    client = HttpClient()
    yield client
    client.close()


def test_a_request_that_was_given_up_before_it_left_never_leaves(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    looked_up = threading.Event()

    def slow(*args: Any, **settings: Any) -> Any:
        time.sleep(0.4)
        found = real(*args, **settings)
        looked_up.set()
        return found

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with FakeResend() as fake:
        answer = client.post(f"{fake.url}/emails/batch", b"[]", {}, 0.1)
        assert isinstance(answer, Refused)
        assert answer.refusal is Refusal.NOT_CONNECTED
        assert looked_up.wait(2)
        for thread in threading.enumerate():
            if thread.name == "provider request":
                thread.join(2)
        assert fake.requests == []


def test_the_thread_of_a_request_that_was_cut_off_ends_soon(client: HttpClient) -> None:
    with FakeResend(script=[{"fault": "slow", "seconds": 1}]) as fake:
        assert isinstance(client.post(f"{fake.url}/emails/batch", b"[]", {}, 0.1), Doubt)
        for thread in threading.enumerate():
            if thread.name == "provider request":
                thread.join(0.5)
                assert not thread.is_alive()


def test_the_next_request_after_one_that_was_cut_off_gets_its_own_answer(client: HttpClient) -> None:
    with FakeResend(script=[{"fault": "slow", "seconds": 0.5}]) as fake:
        assert isinstance(client.post(f"{fake.url}/emails/batch", b"[]", {}, 0.1), Doubt)
        answer = client.post(f"{fake.url}/elsewhere", b"[]", {}, 5)
        assert isinstance(answer, Answer)
        assert answer.status == 404
        assert answer.headers["content-type"] == "application/json"


class _Interrupted(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        super().wait(0.2)
        raise KeyboardInterrupt


class _InterruptedExchange(_Exchange):
    def __init__(self, session: requests.Session) -> None:
        super().__init__(session)
        self.done = _Interrupted()


def test_ctrl_c_while_waiting_cuts_the_request_off(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "_Exchange", _InterruptedExchange)
    with FakeResend(script=[{"fault": "slow", "seconds": 1}]) as fake:
        with pytest.raises(KeyboardInterrupt):
            client.post(f"{fake.url}/emails/batch", b"[]", {}, 5)
        for thread in threading.enumerate():
            if thread.name == "provider request":
                thread.join(0.5)
                assert not thread.is_alive()


def test_a_mistake_of_ours_is_raised_and_not_taken_for_the_network(client: HttpClient) -> None:
    with pytest.raises(TypeError):
        client.post("http://127.0.0.1:9/", 7, {}, 5)  # type: ignore[arg-type]  # the mistake


def test_neither_proxies_nor_netrc_of_the_environment_are_used(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("default login thief password thief\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with FakeResend() as fake:
        answer = client.post(f"{fake.url}/emails/batch", b"[]", {"Authorization": "Bearer mine"}, 5)
        assert isinstance(answer, Answer)
        assert fake.requests[0]["headers"]["authorization"] == "Bearer mine"


def test_a_certificate_that_is_not_trusted_stops_the_request_before_it_leaves(client: HttpClient) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parents[1] / "fakes" / "loopback.pem")
    with FakeResend() as fake:
        server = fake._server
        server.socket = context.wrap_socket(server.socket, server_side=True)
        answer = client.post(fake.url.replace("http", "https"), b"[]", {}, 5)
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.NOT_CONNECTED
    assert "CERTIFICATE_VERIFY_FAILED" in answer.detail
    assert fake.requests == []
