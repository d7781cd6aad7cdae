"""The host as a process of its own: what holds before any of our code sees a request."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import OUTBOX, build_ground


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where `newsletter serve` listens."""
    ground = build_ground(tmp_path, 1, OUTBOX, rate=1.0)
    host = ground.host()
    try:
        assert host.stdout is not None
        said = json.loads("".join(iter(host.stdout.readline, "}\n")) + "}")
        yield int(said["url"].rpartition(":")[2])
    finally:
        ground.close()


def test_a_request_whose_head_never_ends_is_refused_and_not_kept_in_memory(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: " + b"a" * 2**17)
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
