"""What holds for every request, as pure ASGI: only names of ours, safety headers, writes only from our own pages,
bodies within a cap, and errors that tell nothing but that there was one.

The rule for cross-origin writes is that of Go's `http.CrossOriginProtection` (1.25). docs/safety.md tells it all.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.errors import where_it_arose
from newsletter.web.origins import Names, origin_of

log = logging.getLogger(__name__)

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
"""No inline script or style, nothing from elsewhere. What stands in a frame is a mail, with a policy of its own."""

_UNUSED = ("accelerometer", "camera", "geolocation", "gyroscope", "magnetometer", "microphone", "payment", "usb")
BODY_BYTES = 64 * 1024
WEBHOOK_BYTES = 1024 * 1024
UPLOAD_BYTES = 5 * 1024 * 1024
"""Of what operators import."""
CARRIED_BYTES = UPLOAD_BYTES * 3 // 2
"""Of a form that carries the same on from a page of ours: base64 makes it a third larger."""
BODY_SECONDS = 30.0
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OPEN = re.compile(r"/unsubscribe/[^/]+|/webhooks/[^/]+")
"""Written to from elsewhere: mail clients (RFC 8058) with a token, and providers with a signature."""
_UPLOADS = re.compile(r"/console/import/[^/]+")
_CARRIED = re.compile(r"/console/import/[^/]+/[^/]+")
_FORMS = frozenset({"/subscribe", "/api/v1/subscribe"})
"""Written to from the origins that the settings name, too."""
_NAMELESS = re.compile(r"/healthz|/static/[^/]+")
"""Asked under any name: by machines that know an address alone, and by the page that tells of the right name."""
_KEYED = "/api/v1/"
"""Written to from anywhere with a key: no page of another site can send one from a visitor's browser, because that asks
first (Fetch, 4.8: `Authorization` is no safe header) and is not let."""
_IMPORTS = "/api/v1/imports/"
"""Take as much as a webhook."""
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}

ShowProblem = Callable[[Request, int], Response]


class Guard:
    """Stands before the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        site_url: str,
        logo_url: str,
        problem: ShowProblem,
        hosts: Iterable[str] = (),
        form_origins: Iterable[str] = (),
    ) -> None:
        """`logo_url`: the one picture from elsewhere that pages may show; empty for none. `hosts`: names we answer to
        besides that of `site_url`. `form_origins`: other sites whose pages may hold the subscribe form.
        """
        self._app = app
        self._names = Names(site_url, hosts)
        self._site = origin_of(site_url)
        self._forms = {origin_of(one) for one in form_origins}
        self._problem = problem
        policy = CONTENT_POLICY.replace("data:;", f"data:{_from(logo_url)};")
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # with no-referrer, browsers send `Origin: null` with our own forms
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
        }
        if urlsplit(site_url).scheme == "https":
            self._headers["Content-Security-Policy"] = f"{policy}; upgrade-insecure-requests"
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
                self._add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        # the server drops the body of an answer to HEAD, so that every page which answers GET answers it
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else {**scope}
        try:
            refusal, body = await self._look_at(scope, receive)
            if refusal == 204:
                await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send_safely)
            elif refusal:
                await self._problem(Request(scope), refusal)(scope, receive, send_safely)
            else:
                await self._app(inner, _replay(body, receive), send_safely)
        except Exception as error:
            log.error("%s %s failed: %s", scope["method"], _template(inner), where_it_arose(error))
            if started:
                raise ConnectionError("the answer was cut short") from None
            await self._problem(Request(scope), 500)(scope, receive, send_safely)

    async def _look_at(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """A status to answer the request with at once, or 0 and its whole body."""
        headers, path = Headers(scope=scope), scope["path"]
        writes = scope["method"] not in _SAFE
        is_open = writes and _OPEN.fullmatch(path) is not None  # who leaves by an old name of ours is let go as well
        if not is_open and not _NAMELESS.fullmatch(path) and not self._names.answer_to(scope):
            return 421, b""
        if not writes:
            asks_first = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
            return (204 if asks_first and self._named_form(scope, headers) else 0), b""
        is_open = is_open or self._named_form(scope, headers) or _holds_key(path, headers)
        if not is_open and not self._from_our_pages(headers):
            return 403, b""
        cap = _cap(path)
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
        if origin is not None and origin_of(origin) == self._site:
            return True
        fetch_site = headers.get("sec-fetch-site")
        if fetch_site is not None:
            return fetch_site in ("same-origin", "none")
        # plain http to an address of the local network: browsers send no Sec-Fetch-Site there
        return origin is None or origin.partition("://")[2] == headers.get("host")

    def _named_form(self, scope: Scope, headers: Headers) -> bool:
        """Whether this is the subscribe form on the page of an origin that the settings name."""
        return scope["path"] in _FORMS and origin_of(headers.get("origin", "")) in self._forms

    def _add_headers(self, headers: MutableHeaders, scope: Scope) -> None:
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        # social cards are for other sites to show; everything else is for our own pages
        picture = headers.get("content-type", "").startswith("image/")
        headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if picture else "same-origin")
        if scope["path"] in _FORMS:
            headers.add_vary_header("Origin")
            asked = Headers(scope=scope)
            if self._named_form(scope, asked):
                headers["Access-Control-Allow-Origin"] = asked["origin"]


def _holds_key(path: str, headers: Headers) -> bool:
    """Whether a program asks that says who it is by a key, and not by the cookies of a browser."""
    bearer = headers.get("authorization", "")[:7].lower() == "bearer "  # a browser sends Basic by itself
    return path.startswith(_KEYED) and bearer and "cookie" not in headers


def _from(logo_url: str) -> str:
    """The origin of a picture, with a space before it, as a policy names it; nothing where there is none."""
    found = re.match(r"https://[A-Za-z0-9.-]+(:\d+)?(?=[/?#]|$)", logo_url)
    return f" {found[0]}" if found else ""


def _cap(path: str) -> int:
    """The most bytes that a body sent there may have."""
    if path.startswith(("/webhooks/", _IMPORTS)):
        return WEBHOOK_BYTES
    if _CARRIED.fullmatch(path):
        return CARRIED_BYTES
    return UPLOAD_BYTES if _UPLOADS.fullmatch(path) else BODY_BYTES


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
