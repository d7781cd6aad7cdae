"""A total deadline: a socket's own timeout starts anew at every read, so a server that drips is never late."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any


class ForbiddenAddressError(OSError):
    """The name leads to an address that must not be dialled. The argument is the address."""


class Deadline:
    """A moment, `seconds` from now, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, more than 0. TimeoutError where none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time allowed for it is over")
        return left


def anywhere(address: str) -> bool:
    """Every address may be dialled."""
    return True


def dial(host: str, port: int, deadline: Deadline, may: Callable[[str], bool] = anywhere) -> socket.socket:
    """A TCP connection to the first address of `host` that takes one. OSError where none does in time.

    Where `may` refuses one of the addresses that the name leads to, none is dialled: ForbiddenAddressError.
    """
    problem = OSError("the name has no address")
    found = _resolve(host, port, deadline)
    for *_, address in found:
        if not may(address[0]):
            raise ForbiddenAddressError(address[0])
    for family, kind, proto, _, address in found:
        sock = socket.socket(family, kind, proto)
        try:
            sock.settimeout(deadline.remaining())
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem


def _resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """Look the name up in a thread that can be left behind: getaddrinfo takes no timeout, and may take a minute."""
    found: list[Any] = []
    failed: list[Exception] = []

    def look() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or longer than 63 characters
            failed.append(error)

    thread = threading.Thread(target=look, name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if thread.is_alive():
        raise TimeoutError("looking up its name took too long")
    if failed:
        why = getattr(failed[0], "strerror", None) or failed[0]
        raise OSError(f"its name cannot be looked up ({why})")
    return found
