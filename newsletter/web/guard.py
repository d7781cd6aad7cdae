"""What holds for every request, as pure ASGI: safety headers, writes only from our own pages, bodies within a cap, and
errors that tell nothing but that there was one.

The rule for cross-origin writes is that of Go's `http.CrossOriginProtection` (1.25).
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
BODY_BYTES = 64 * 1024
WEBHOOK_BYTES = 1024 * 1024
BODY_SECONDS = 30.0
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OPEN = re.compile(r"/unsubscribe/[^/]+|/webhooks/[^/]+")
"""Written to from elsewhere: mail clients (RFC 8058) with a token, and providers with a signature."""
_PORTS = {"http": 80, "https": 443}

ShowProblem = Callable[[Request, int], Response]


class Guard:
    """Stands before the application."""

    def __init__(self, app: ASGIApp, *, site_url: str, logo_url: str, problem: ShowProblem) -> None:
        """`logo_url`: the one picture from elsewhere that pages may show; empty for none."""
        self._app = app
        self._site = urlsplit(site_url)
        self._problem = problem
        self._headers = {
            "Content-Security-Policy": CONTENT_POLICY.replace("data:;", f"data:{_from(logo_url)};"),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # with no-referrer, browsers send `Origin: null` with our own forms
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if self._site.scheme == "https":
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        # the server drops the body of an answer to HEAD, so that every page which answers GET answers it
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else {**scope}
        try:
            refusal, body = await self._look_at(scope, receive)
            if refusal:
                await self._problem(Request(scope), refusal)(scope, receive, send_safely)
            else:
                await self._app(inner, _replay(body, receive), send_safely)
        except Exception as error:
            log.error("%s %s failed: %s", scope["method"], _template(inner), _places(error))
            if started:
                raise ConnectionError("the answer was cut short") from None
            await self._problem(Request(scope), 500)(scope, receive, send_safely)

    async def _look_at(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """A status to refuse the request with, or 0 and its whole body."""
        headers = Headers(scope=scope)
        if scope["method"] in _SAFE:
            return 0, b""
        if not _OPEN.fullmatch(scope["path"]) and not self._from_our_pages(headers):
            return 403, b""
        cap = WEBHOOK_BYTES if scope["path"].startswith("/webhooks/") else BODY_BYTES
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:18]) > cap:
            return 413, b""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(receive, cap)
        except (TimeoutError, ClientDisconnect):
            return 408, b""
        return (413, b"") if body is None else (0, body)

    def _from_our_pages(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is not None and _origin(urlsplit(origin)) == _origin(self._site):
            return True
        fetch_site = headers.get("sec-fetch-site")
        if fetch_site is not None:
            return fetch_site in ("same-origin", "none")
        # plain http to an address of the local network: browsers send no Sec-Fetch-Site there
        return origin is None or urlsplit(origin).netloc == headers.get("host")


def _from(logo_url: str) -> str:
    """The origin of a picture, with a space before it, as a policy names it; nothing where there is none."""
    found = re.match(r"https://[A-Za-z0-9.-]+(:\d+)?(?=[/?#]|$)", logo_url)
    return f" {found[0]}" if found else ""


async def _read(receive: Receive, cap: int) -> bytes | None:
    """The whole body, or None where it is more than `cap` bytes. Raises ClientDisconnect."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > cap:
            return None
        more = message.get("more_body", False)
    return bytes(body)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once, in one piece; after that whatever the server has to say."""
    told = False

    async def replayed() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _template(scope: Scope) -> str:
    """The path as the route has it, `/confirm/{token}`: never a token."""
    return getattr(scope.get("route"), "path", "(no route)")


def _places(error: BaseException) -> str:
    """The class of an error and where it arose. Its words stay out: they may hold an address or a token."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = f", from {type(error.__cause__).__name__}" if error.__cause__ else ""
    return f"{type(error).__name__}{cause} at {where}"
