"""A Resend to test against: it keeps idempotency keys, records what it takes before it answers, and fails on demand.

In a test: `with FakeResend(log) as resend: … resend.url … resend.taken()`. As a process:
`python tests/fakes/resend_server.py --port 0 --log FILE [--script JSON] [--poison ADDRESS …] [--latency SECONDS]`; it
prints its address as the first line. Started again on the same log, it still knows every key it took.

Faults are given as a list, one per request to come, by `script`, `fail()` or POST /_control {"script": […]}:

    pass            as if there were no fault             malformed  takes it; 200 with half a JSON document
    throttle        429, Retry-After                      short      takes it; 200 with one id too few
    quota           429 daily_quota_exceeded              drip       takes it; then one byte every 50 ms
    error           500 before anything is taken          drip_head  the same, within the header lines
    error_after     500 after taking it                   slow       takes it; answers after `seconds`
    reset           takes it, then resets the connection  redirect   307 to another path
    busy            409 concurrent_idempotent_requests    flood      takes it; an answer of 3 MB

GET /_taken gives what was taken, as JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API_KEY = "re_test_0123456789"
Fault = str | dict[str, Any]


class FakeResend:
    """Serves on loopback from `start` (or `with`) to `close`; `port` 0 picks a free one."""

    def __init__(
        self,
        log: Path | None = None,
        port: int = 0,
        script: Iterable[Fault] = (),
        poison: Iterable[str] = (),
        latency: float = 0.0,
    ) -> None:
        self.poison = set(poison)
        self.latency = latency
        self.requests: list[dict[str, Any]] = []
        """Header names in lower case and body of every batch request that arrived."""
        self._script = list(script)
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[str, list[str]]] = {}
        self._working: set[str] = set()
        self._entries: list[dict[str, Any]] = []
        self._log = log
        if log is not None and log.exists():
            for line in log.read_text("utf-8").splitlines():
                self._remember(json.loads(line))
        self._file = None if log is None else log.open("a", encoding="utf-8")
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> FakeResend:
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> FakeResend:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def fail(self, *faults: Fault) -> None:
        """Faults for the requests to come, one each."""
        with self._lock:
            self._script.extend(faults)

    def taken(self) -> list[dict[str, str]]:
        """One entry per mail that was taken: key, to, id, rid. A replay takes nothing."""
        with self._lock:
            return [
                {"key": entry["key"], **mail}
                for entry in self._entries
                if entry["event"] == "taken"
                for mail in entry["mails"]
            ]

    def replays(self) -> list[str]:
        """The keys of the requests that were answered from memory."""
        with self._lock:
            return [entry["key"] for entry in self._entries if entry["event"] == "replay"]

    # what a request meets, in order

    def next_fault(self) -> dict[str, Any]:
        with self._lock:
            fault = self._script.pop(0) if self._script else "pass"
        return {"fault": fault} if isinstance(fault, str) else fault

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer; what is taken is on the disk before this returns."""
        key = headers.get("idempotency-key", "")
        if headers.get("authorization", "") != f"Bearer {API_KEY}":
            missing = "authorization" not in headers
            return (401, _error(401, "missing_api_key")) if missing else (403, _error(403, "invalid_api_key"))
        if len(key) > 256:
            return 400, _error(400, "invalid_idempotency_key")
        digest = hashlib.sha256(body).hexdigest()
        with self._lock:
            known = self._keys.get(key) if key else None
            if known is None and key in self._working:
                return 409, _error(409, "concurrent_idempotent_requests")
            if known is None and key:
                self._working.add(key)
        try:
            if known is not None:
                if known[0] != digest:
                    return 409, _error(409, "invalid_idempotent_request")
                self._write({"event": "replay", "key": key})
                return 200, {"data": [{"id": one} for one in known[1]]}
            refused, mails = _mails(body, self.poison)
            if refused is not None:
                return refused["statusCode"], refused
            entry = {"event": "taken", "key": key, "sha256": digest, "mails": mails}
            self._write(entry)
            return 200, {"data": [{"id": mail["id"]} for mail in mails]}
        finally:
            with self._lock:
                self._working.discard(key)

    def control(self, wanted: dict[str, Any]) -> None:
        self.fail(*wanted.get("script", []))
        self.poison |= set(wanted.get("poison", []))
        self.latency = float(wanted.get("latency", self.latency))

    def _write(self, entry: dict[str, Any]) -> None:
        with self._lock:
            if self._file is not None:
                self._file.write(json.dumps(entry) + "\n")
                self._file.flush()
                os.fsync(self._file.fileno())
            self._remember(entry)

    def _remember(self, entry: dict[str, Any]) -> None:
        self._entries.append(entry)
        if entry["event"] == "taken" and entry["key"]:
            self._keys[entry["key"]] = (entry["sha256"], [mail["id"] for mail in entry["mails"]])


def _mails(body: bytes, poison: set[str]) -> tuple[dict[str, Any] | None, list[dict[str, str]]]:
    """What is wrong with a batch, and its mails."""
    try:
        batch = json.loads(body)
    except ValueError:
        return _error(400, "validation_error", "The body is not JSON."), []
    if not isinstance(batch, list) or not 1 <= len(batch) <= 100:
        return _error(422, "validation_error", "A batch holds 1 to 100 emails."), []
    mails = []
    for index, mail in enumerate(batch):
        lacking = [name for name in ("from", "to", "subject") if not isinstance(mail, dict) or not mail.get(name)]
        if lacking or not (mail.get("html") or mail.get("text")):
            return _error(422, "missing_required_field", f"Email {index} lacks {lacking or 'html'}."), []
        to = mail["to"] if isinstance(mail["to"], list) else [mail["to"]]
        if any(not isinstance(one, str) or "@" not in one or one in poison for one in to) or len(to) > 50:
            return _error(422, "validation_error", f"Invalid `to` field in email {index}: {to[0]}."), []
        tags = {tag["name"]: tag["value"] for tag in mail.get("tags", [])}
        mails.append({"to": to[0], "id": str(uuid.uuid4()), "rid": tags.get("rid", "")})
    return None, mails


def _error(status: int, name: str, message: str = "See the documentation.") -> dict[str, Any]:
    return {"statusCode": status, "name": name, "message": message}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of every test here."""


def _handler(resend: FakeResend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(200 if self.path == "/_taken" else 404, resend.taken())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.path == "/_control":
                resend.control(json.loads(body))
                return self._answer(200, {})
            if self.path != "/emails/batch":
                return self._answer(404, _error(404, "not_found"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            resend.requests.append({"headers": headers, "body": body})
            return self._meet(resend.next_fault(), headers, body)

        def _meet(self, fault: dict[str, Any], headers: dict[str, str], body: bytes) -> None:
            kind = fault["fault"]
            time.sleep(resend.latency)
            if kind == "throttle":
                given = {"Retry-After": str(fault.get("seconds", 2))}
                return self._answer(429, _error(429, "rate_limit_exceeded"), given)
            if kind == "quota":
                return self._answer(429, _error(429, "daily_quota_exceeded"))
            if kind == "busy":
                return self._answer(409, _error(409, "concurrent_idempotent_requests"))
            if kind == "error":
                return self._send(500, b"<html>Internal Server Error</html>")
            if kind == "redirect":
                return self._send(307, b"", {"Location": "/elsewhere"})
            status, answer = resend.take(headers, body)
            if kind == "slow":
                time.sleep(fault.get("seconds", 1.0))
            if kind == "reset":
                return self._reset()
            if kind == "error_after":
                return self._send(500, b"<html>Internal Server Error</html>")
            if kind == "malformed":
                return self._send(200, json.dumps(answer).encode()[:-9])
            if kind == "short":
                answer["data"].pop()
            if kind == "flood":
                return self._send(200, json.dumps(answer).encode() + b" " * 3_000_000)
            if kind in ("drip", "drip_head"):
                return self._drip(json.dumps(answer).encode(), kind == "drip_head")
            return self._answer(status, answer)

        def _answer(self, status: int, answer: object, headers: dict[str, str] | None = None) -> None:
            self._send(status, json.dumps(answer).encode(), headers)

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _drip(self, body: bytes, within_head: bool) -> None:
            self.close_connection = True
            head = f"HTTP/1.1 200 OK\r\nX-Slow: {'z' * 400}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            whole = head + body
            done = 20 if within_head else len(head)
            self.wfile.write(whole[:done])
            for index in range(done, len(whole)):
                self.wfile.flush()
                time.sleep(0.05)
                self.wfile.write(whole[index : index + 1])

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: the log is what was taken."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description="A stateful fake of Resend's batch endpoint.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--script", default="[]", help="JSON list of faults, one per request")
    parser.add_argument("--poison", action="append", default=[], help="an address that is refused with 422")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    given = parser.parse_args()
    resend = FakeResend(given.log, given.port, json.loads(given.script), given.poison, given.latency).start()
    sys.stdout.write(resend.url + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
