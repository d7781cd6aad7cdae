"""Where a request says it goes and where it says it comes from: names that we answer to, origins compared rightly."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

Origin = tuple[str, str | None, int | None]

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
_PORTS = {"http": 80, "https": 443}


class Names:
    """The names that the site answers to. Nothing is ever made of a name that was asked for; an unknown one is refused
    so that a foreign name which resolves to this machine cannot pass for ours.
    """

    def __init__(self, site_url: str, hosts: Iterable[str] = ()) -> None:
        """`hosts`: further names, with or without a port. Ports are not compared: a proxy sends its own, ours or none,
        and no name gains by another port.
        """
        own = urlsplit(site_url).hostname or ""
        self._names = {own, *map(name_in, hosts)}

    def answer_to(self, scope: Scope) -> bool:
        """Whether `Host` names us: by a name that is set, or by one of this machine where this machine asks."""
        sent = Headers(scope=scope).getlist("host")
        name = name_in(sent[0]) if len(sent) == 1 else ""
        return bool(name) and (name in self._names or (_is_near(name) and _is_near((scope.get("client") or ("",))[0])))


def origin_of(url: str) -> Origin:
    """Scheme, name and port; the port of the scheme where none is written, and a false one where it is no number."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", None, -1
    return parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme)


def name_in(host: str) -> str:
    """The name in a `Host` header, in lower case and without brackets; nothing where it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else ""


def _is_near(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
