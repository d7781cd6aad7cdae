"""One HTTP request with a total deadline, and the one question that matters when it fails: had anything been sent?

`requests` counts its timeout anew at every read and does not count the look-up of the name, so the request runs in a
thread of its own, which is cut off at the deadline. Whether bytes had left is not guessed from the kind of exception:
the connection itself notes it, just before its first byte.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from newsletter.delivery.provider import Doubt, Refusal, Refused
from newsletter.providers._fields import for_person
from newsletter.providers._perthread import PerThread

MAX_ANSWER = 1 << 20
"""Bytes of an answer that are read; more is not an answer to a batch of mails."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Posts bodies. Neither the environment's proxies nor a .netrc are looked at, and no redirect is followed."""

    def __init__(self) -> None:
        self._sessions: PerThread[requests.Session] = PerThread(requests.Session.close)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer | Refused | Doubt:
        """The answer; Refused where no byte of the request left; Doubt where some did and no answer came.

        Takes at most `timeout` seconds in all.
        """
        exchange = _Exchange(self._sessions.take() or _session())
        work = threading.Thread(
            target=exchange.run, args=(url, body, headers, timeout), name="provider request", daemon=True
        )
        work.start()
        try:
            exchange.done.wait(timeout)
        finally:  # also where Ctrl-C ends the waiting: the request must not go on behind our back
            late = exchange.abandon()
        if not late:
            self._sessions.keep(exchange.session)
        return exchange.outcome()

    def close(self) -> None:
        """Close idle connections."""
        self._sessions.close_all()


class _AbandonedError(OSError):
    """The deadline passed before the request could leave."""


class _TooLongError(OSError):
    """The answer is longer than any answer to a batch."""


class _Exchange:
    """One request and what became of it, shared by the thread that makes it and the one that waits."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self.done = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._abandoned = False
        self._answer: Answer | None = None
        self._error: Exception | None = None

    def run(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
        """Make the request; never raises."""
        _here.exchange = self
        try:
            with self.session.post(
                url, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False, stream=True
            ) as response:
                read = b""
                for chunk in response.iter_content(1 << 16):
                    read += chunk
                    if len(read) > MAX_ANSWER:
                        raise _TooLongError(f"the answer is longer than {MAX_ANSWER} bytes")
                names = {name.lower(): value for name, value in response.headers.items()}
                self._answer = Answer(response.status_code, names, read)
        except Exception as error:  # handed to the thread that waits, which decides what it means
            self._error = error
        with self._lock:
            self.done.set()
            abandoned = self._abandoned
        if abandoned:
            self.session.close()

    def leaving(self, sock: socket.socket) -> None:
        """The first byte is about to leave through `sock`. Raises where nobody waits for the answer any more."""
        with self._lock:
            if self._abandoned:
                raise _AbandonedError("the deadline passed before the request left")
            self._socket = sock

    def abandon(self) -> bool:
        """Cut the request off, unless it is done; whether it was cut off."""
        with self._lock:
            if self.done.is_set():
                return False
            self._abandoned = True
            if self._socket is not None:
                with suppress(OSError):  # closed by the other side at this very moment
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # SSLSocket's own would disturb its reader
            return True

    def outcome(self) -> Answer | Refused | Doubt:
        """What became of it. An error that is not the network's is a mistake of ours, and is raised."""
        if self._abandoned:
            told: str = "no answer within the time allowed"
        elif self._answer is not None:
            return self._answer
        elif isinstance(self._error, (requests.RequestException, urllib3.exceptions.HTTPError, OSError)):
            told = _cause(self._error)
        else:
            raise self._error or AssertionError("a request ended without an answer and without an error")
        if self._socket is None:
            return Refused(Refusal.NOT_CONNECTED, f"No connection: {told}.")
        return Doubt(f"Sent, but {told}.")


def _cause(error: BaseException) -> str:
    """The innermost reason: the outer layers repeat the address of the server and little else."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return for_person(f"{type(error).__name__}: {error}").rstrip(".")


_here = threading.local()


class _Watched:
    """A connection that tells the exchange of its thread before anything leaves."""

    sock: Any

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]  # as http.client does, but before we say that we are sending
        _here.exchange.leaving(self.sock)
        super().send(data)  # type: ignore[misc]  # a mixin: the connection it stands before has one


class _Connection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers = requests.structures.CaseInsensitiveDict(
        {"User-Agent": "weekly-verdicts", "Accept": "application/json", "Accept-Encoding": "identity"}
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session
