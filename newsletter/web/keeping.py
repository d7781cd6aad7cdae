"""Public pages are kept once rendered, and given again while nothing has changed that they are made of; pure ASGI.

Only answers without a person in them are kept: `Cache-Control: no-cache`, to a request without the reader's cookie.
They alone are compressed, too: where a page repeats what a visitor wrote, its compressed length can tell a secret that
stands on it as well (BREACH, 2013), and these hold no secret.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.errors import StoreError
from newsletter.web.visitors import is_local

KEPT_BYTES = 64 * 1024 * 1024
"""Of bodies in all; what was not asked for the longest goes first."""

_LARGEST = 1024 * 1024
_OVERHEAD = 1000
_GZIP_FROM = 500
_QUERY = re.compile(rb"(category=[a-z0-9-]{1,60})?&?(page=[0-9]{1,4})?")
"""What may be asked of a page that is kept. Search words have no end: they would drive out everything else."""

_GZIP = re.compile(rb"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")

RawHeaders = list[tuple[bytes, bytes]]
Mark = Callable[[Sequence[str]], Hashable]
Key = tuple[str, bytes, bool]


@dataclass(frozen=True, slots=True)
class Form:
    """An answer as it is, or compressed. `unchanged`: the headers of a 304."""

    etag: bytes
    headers: RawHeaders
    unchanged: RawHeaders
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer (None: not yet), good for as long as the mark with the tallies of `tools` is `mark`."""

    mark: Hashable
    tools: tuple[str, ...]
    plain: Form | None = None
    small: Form | None = None

    @property
    def size(self) -> int:
        return _OVERHEAD + sum(len(form.body) for form in (self.plain, self.small) if form)


class Keeping:
    """Stands between the guard and the pages. It lives on the event loop alone, and so needs no lock."""

    def __init__(self, app: ASGIApp, *, mark: Mark, reader_cookie: str, room: int = KEPT_BYTES) -> None:
        """`mark` tells, within microseconds, by what public pages are known to be the same: with the tallies of the
        tools it is given. `room` in bytes.
        """
        self._app = app
        self._mark = mark
        self._cookie = f"{reader_cookie}=".encode()
        self._room = room
        self._size = 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or self._is_for_one_reader(scope):
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")  # one file for all, whatever stands behind the question mark
        key = (scope["path"], b"" if static else scope["query_string"], not static and is_local(Request(scope)))
        if not _QUERY.fullmatch(key[1]):
            await self._app(scope, receive, send)
            return
        before = self._kept.get(key)
        tools = before.tools if before else ()
        try:
            mark = None if static else self._mark(tools)
        except StoreError:  # the page will meet the same trouble, and tell
            await self._app(scope, receive, send)
            return
        if before and before.plain and before.mark == mark:
            self._kept.move_to_end(key)
            await _answer(before, scope, send)
            return

        async def keep(start: Message, body: bytes) -> None:
            shown = tuple(scope["state"].get("tools", ()))
            made = await run_in_threadpool(_made, start["headers"], body, mark, shown)
            # a mark without the tallies that the page shows would hide a vote that came while it was rendered
            self._put(key, made if shown == tools else Kept(None, shown))
            await _answer(made, scope, send)

        scope.setdefault("state", {})
        await self._app(scope, receive, _whole(send, keep))

    def _is_for_one_reader(self, scope: Scope) -> bool:
        return any(
            (name == b"cookie" and self._cookie in value) or name in (b"range", b"authorization")
            for name, value in scope["headers"]
        )

    def _put(self, key: Key, kept: Kept) -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = kept
        self._size += kept.size - (before.size if before else 0)
        while self._size > self._room:
            self._size -= self._kept.popitem(last=False)[1].size


def _whole(send: Send, keep: Callable[[Message, bytes], Awaitable[None]]) -> Send:
    """A way out that hands an answer which may be kept to `keep`, once it is whole; every other goes on to `send`."""
    start: Message | None = None
    body = bytearray()

    async def way_out(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _may_be_kept(message):
            start = message
        elif start is None:
            await send(message)
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await keep(start, bytes(body))

    return way_out


def _may_be_kept(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    control = headers.get("cache-control", "")
    return (
        start["status"] == 200
        and (control == "no-cache" or control.endswith(", immutable"))
        and int(headers.get("content-length", _LARGEST)) < _LARGEST
        and not any(name in headers for name in ("set-cookie", "etag", "content-encoding"))
    )


def _made(headers: RawHeaders, body: bytes, mark: Hashable, tools: tuple[str, ...]) -> Kept:
    """Both forms. Each has a tag of its own: it stands for the very bytes (RFC 9110, 8.8.3.3)."""
    kept = [(name, value) for name, value in headers if name not in (b"content-length", b"content-type", b"vary")]
    kind = [(name, value) for name, value in headers if name == b"content-type"]
    vary = [value for name, value in headers if name == b"vary"]
    kept.append((b"vary", b", ".join((*vary, b"Accept-Encoding"))))
    digest = hashlib.sha256(body).hexdigest()[:32]

    def form(etag: str, body: bytes, *more: tuple[bytes, bytes]) -> Form:
        unchanged = [*kept, (b"etag", etag.encode())]
        length = (b"content-length", str(len(body)).encode())
        return Form(etag.encode(), [*unchanged, *kind, *more, length], unchanged, body)

    small = None
    if len(body) >= _GZIP_FROM:
        small = form(f'"{digest}-gzip"', gzip.compress(body, 9, mtime=0), (b"content-encoding", b"gzip"))
    return Kept(mark, tools, form(f'"{digest}"', body), small)


async def _answer(kept: Kept, scope: Scope, send: Send) -> None:
    asked = {name: value for name, value in scope["headers"] if name in (b"accept-encoding", b"if-none-match")}
    small = kept.small if _GZIP.search(asked.get(b"accept-encoding", b"")) else None
    form = small or kept.plain
    assert form is not None
    if form.etag in asked.get(b"if-none-match", b""):
        status, headers, body = 304, form.unchanged, b""
    else:
        status, headers, body = 200, form.headers, form.body
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
