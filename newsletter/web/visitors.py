"""Who is asking: the address behind a proxy of ours, and how often it may ask."""

from __future__ import annotations

import ipaddress
import threading
from collections import deque
from math import ceil

from starlette.requests import Request

from newsletter.web.origins import name_in

_FORWARDING = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip", "via")
_MANY = 20_000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def visitor_address(request: Request) -> Address | None:
    """The visitor's address. `X-Forwarded-For` counts only where the peer is on this machine, and of it only the last
    entry: that is the one which our own proxy wrote.
    """
    peer = _address(request.client.host if request.client else "")
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    if peer is not None and peer.is_loopback and forwarded:
        return _address(forwarded.rpartition(",")[2].strip()) or peer
    return peer


def visitor_key(request: Request) -> str:
    """Under which a visitor is counted: the address, or the /64 that one household or machine has of IPv6."""
    address = visitor_address(request)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


def is_local(request: Request) -> bool:
    """Whether somebody on this very machine asks: the peer is loopback, no proxy stands between (it would look like
    loopback too), and the page was asked for under a name of this machine (else a foreign name that resolves to it
    could read along).
    """
    peer = _address(request.client.host if request.client else "")
    host = name_in(request.headers.get("host", ""))
    named = host == "localhost" or ((named_address := _address(host)) is not None and named_address.is_loopback)
    return peer is not None and peer.is_loopback and named and not any(name in request.headers for name in _FORWARDING)


class Allowance:
    """At most `times` in `seconds` for each visitor, kept in memory."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times = times
        self._seconds = seconds
        self._seen: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, now: float) -> int:
        """0 where it may go on, and it is counted then; else the seconds to wait. `now` in Unix seconds."""
        with self._lock:
            if len(self._seen) >= _MANY:
                self._seen = {name: times for name, times in self._seen.items() if now - times[-1] < self._seconds}
            times = self._seen.setdefault(key, deque(maxlen=self._times))
            if len(times) == self._times and 0 <= now - times[0] < self._seconds:
                return ceil(times[0] + self._seconds - now) or 1
            times.append(now)
            return 0


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
