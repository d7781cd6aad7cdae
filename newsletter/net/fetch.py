"""Fetch a document from an address that somebody typed, without becoming their way into the network behind us.

The name is looked up once, every address it leads to must be one of the public internet, and what is dialled is that
very address: a name that answers differently a moment later (DNS rebinding) gains nothing. Redirects are followed
through the same door, at most three. OWASP, Server-Side Request Forgery Prevention Cheat Sheet.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from newsletter.errors import InputError
from newsletter.net.dial import Deadline, ForbiddenAddressError, dial

SECONDS = 10.0
"""For all of it: names, connections, redirects and the last byte."""
MOST_BYTES = 5 * 1024 * 1024
MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document. `url`: where it was in the end; `kind`: its media type, without parameters, or empty."""

    url: str
    kind: str
    body: bytes


def is_public(address: str) -> bool:
    """True for an address of the public internet: not private, loopback, link-local (where clouds answer with their
    metadata), shared, reserved, multicast, nor an IPv6 address that wraps such an IPv4 one.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1]) or _nat64(found)
        if inner and not is_public(str(inner)):
            return False
        if found in _SITE_LOCAL:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address behind 64:ff9b::/96 (RFC 6052)."""
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class Fetcher:
    """Fetches by GET. Neither the environment's proxies nor a .netrc are looked at, and no cookie is kept."""

    def __init__(
        self, seconds: float = SECONDS, most_bytes: int = MOST_BYTES, may: Callable[[str], bool] = is_public
    ) -> None:
        self._seconds = seconds
        self._most = most_bytes
        self._may = may

    def fetch(self, url: str, *, http: bool = False, private: bool = False) -> Fetched:
        """The document at `url`. `http`: not only https; `private`: also addresses of this network, which somebody
        must have allowed. Raises InputError in one line where there is none to be had.
        """
        work = _Work(url, Deadline(self._seconds), self._most, http, (lambda _: True) if private else self._may)
        thread = threading.Thread(target=work.run, name="fetch", daemon=True)
        thread.start()
        work.done.wait(self._seconds)
        if work.abandon():
            raise InputError(
                f"{url} took longer than {self._seconds:g} seconds.", next_step="Try again later.", permanent=False
            )
        return work.outcome()


class _Work:
    """One document being fetched, shared by the thread that fetches and the one that waits."""

    def __init__(self, url: str, deadline: Deadline, most: int, http: bool, may: Callable[[str], bool]) -> None:
        self._url = url
        self._deadline = deadline
        self._most = most
        self._http = http
        self._may = may
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._abandoned = False
        self._found: Fetched | None = None
        self._error: Exception | None = None
        self.done = threading.Event()

    def run(self) -> None:
        """Never raises: what went wrong is told by outcome()."""
        try:
            self._found = self._follow()
        except Exception as error:  # handed to the thread that waits
            self._error = error
        self.done.set()

    def abandon(self) -> bool:
        """Cut it off, unless it is done; whether it was cut off."""
        with self._lock:
            if self.done.is_set():
                return False
            self._abandoned = True
            for sock in self._sockets:
                with suppress(OSError):  # closed by the other side at this very moment
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
            return True

    def outcome(self) -> Fetched:
        if self._found is not None:
            return self._found
        error = self._error
        if isinstance(error, InputError):
            raise error
        if isinstance(error, (requests.RequestException, urllib3.exceptions.HTTPError, OSError)):
            inside = isinstance(_root(error), ForbiddenAddressError)
            raise InputError(
                f"{self._url} cannot be fetched: {_cause(error)}.",
                next_step="Only `allow_private` lets an address lead into this network."
                if inside
                else "See that the address is right and answers.",
                permanent=inside,
            ) from None
        raise error or AssertionError("a fetch ended without a document and without an error")

    def dial(self, host: str, port: int) -> socket.socket:
        sock = dial(host, port, self._deadline, self._may)
        with self._lock:
            if self._abandoned:
                sock.close()
                raise TimeoutError("the time allowed for it is over")
            self._sockets.append(sock)
        return sock

    def _follow(self) -> Fetched:
        url = self._url
        with _session(self) as session:
            for _ in range(MOST_REDIRECTS + 1):
                self._require_allowed(url)
                with session.get(
                    url, timeout=self._deadline.remaining(), allow_redirects=False, stream=True
                ) as response:
                    onward = response.headers.get("location", "")
                    if response.status_code not in _REDIRECTS or not onward:
                        return self._read(url, response)
                url = urljoin(url, onward)
        raise InputError(f"{self._url} redirects more than {MOST_REDIRECTS} times.", next_step="Give where it ends.")

    def _require_allowed(self, url: str) -> None:
        """Before anything is looked up: the scheme, and a host without a name or password."""
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018  # it raises where the port is none
        except ValueError:
            parts = urlsplit("")
        schemes = ("https", "http") if self._http else ("https",)
        if parts.scheme not in schemes or not parts.hostname or parts.username is not None:
            only = "https:// or http://" if self._http else "https://"
            led = "" if url == self._url else f"{self._url} leads to "
            raise InputError(
                f"{led}{url[:200]}: that is no address that may be fetched.",
                next_step=f"It begins with {only} and holds no password."
                + ("" if self._http else " Only `allow_http` lets http through."),
            )

    def _read(self, url: str, response: requests.Response) -> Fetched:
        if response.status_code != 200:
            raise InputError(
                f"{url} answered {response.status_code}.", next_step="See that it is there.", permanent=False
            )
        if response.headers.get("content-encoding", "identity") != "identity":
            raise InputError(f"{url} answers packed, though it was asked not to.", next_step="Mend that there.")
        body = bytearray()
        for chunk in response.raw.stream(1 << 16, decode_content=False):
            body += chunk
            if len(body) > self._most:
                raise InputError(
                    f"{url} is larger than {self._most / 1024 / 1024:g} MiB.", next_step="Ask for less of it."
                )
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(url, kind, bytes(body))


def _root(error: BaseException) -> BaseException:
    """The innermost reason: the outer layers repeat the address and little else."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _cause(error: BaseException) -> str:
    error = _root(error)
    if isinstance(error, ForbiddenAddressError):
        return f"its name leads to {error}, which is no address of the public internet"
    return f"{error}".rstrip(".")[:200] or type(error).__name__


class _Guarded:
    """A connection that goes only through the door of its work."""

    host: str
    port: int

    def __init__(self, *args: Any, work: _Work, **options: Any) -> None:
        super().__init__(*args, **options)
        self._work = work

    def _new_conn(self) -> socket.socket:
        return self._work.dial(self.host, self.port)


class _Connection(_Guarded, HTTPConnection):
    pass


class _SecureConnection(_Guarded, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    """Makes connections that go through the door of `work`; names and certificates are checked as ever."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": (HTTPConnectionPool, _Connection), "https": (HTTPSConnectionPool, _SecureConnection)}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type("_Pool", (pool,), {"ConnectionCls": staticmethod(partial(connection, work=self._work))})
            for scheme, (pool, connection) in pools.items()
        }


def _session(work: _Work) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"User-Agent": "weekly-verdicts", "Accept": "application/json, */*;q=0.5"})
    session.headers["Accept-Encoding"] = "identity"  # what arrives is what is counted
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(work))
    return session
