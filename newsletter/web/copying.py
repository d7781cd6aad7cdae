"""A copy of all that everybody may read, as files: to be put on any web space, or opened from a disk.

Pages are asked of the site itself, as a browser would ask, and every link that leads to another page of the copy is
made relative to it. Forms are left out: nobody is there to answer them.
"""

from __future__ import annotations

import asyncio
import html
import posixpath
import re
import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fastapi import FastAPI

from newsletter.app.container import App
from newsletter.app.read_pages import site_facts
from newsletter.errors import InputError
from newsletter.web.feeds import feeds
from newsletter.web.identity import Identity
from newsletter.web.joining import Asking, joining
from newsletter.web.looking import looking
from newsletter.web.machines import machines
from newsletter.web.reading import reading
from newsletter.web.site import finish
from newsletter.web.templating import Pages

_FIRST = ("/", "/compare", "/issues", "/feed.xml", "/issues/feed.xml", "/sitemap.xml", "/robots.txt", "/favicon.svg")
_LINK = re.compile(r'(?P<before>(?:href|src)=")(?P<link>/[^"]*)(?=")')
_PLAIN = re.compile(r"[\w.-]+")
MARK = ".copy-of-the-site"
"""A file that tells a copy of ours from a folder of somebody else's."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How many files a copy has, their bytes, and links that lead to nothing."""

    files: int
    bytes: int
    missing: tuple[str, ...]


def copy_site(app: App, templates: Path, folder: Path, *, told: Callable[[int, int], None]) -> Copied:
    """Write the copy into `folder`, which must be new, empty, or an earlier copy; it is put there whole or not at all.

    `told` is called with how many files are written and how many are known of. Raises InputError for another folder.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file())):
        raise InputError(f"{folder} exists and is no copy of ours.", next_step="Name a folder that does not exist yet.")
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        copied = asyncio.run(_Copying(_still_site(app, templates), app, beside, told).run())
        (beside / MARK).write_text(f"{app.now():%Y-%m-%d %H:%M} UTC\n", "utf-8")
        earlier = folder.with_name(f".{folder.name}.old")
        if folder.exists():
            folder.rename(earlier)
        beside.rename(folder)
        shutil.rmtree(earlier, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return copied


def _still_site(app: App, templates: Path) -> FastAPI:
    """The routes that everybody may read, without what answers to a person."""
    pages = Pages(templates, replace(site_facts(app), living=False), has_outbox=False)
    identity, site = Identity(app), FastAPI(openapi_url=None, redirect_slashes=False)
    joining(site, app, pages, identity, Asking(app))
    feeds(site, app, pages)
    looking(site, app, pages, identity)
    reading(site, app, pages, identity)
    machines(site, app)
    finish(site, app, pages)
    return site


class _Copying:
    """One copy under way."""

    def __init__(self, site: FastAPI, app: App, folder: Path, told: Callable[[int, int], None]) -> None:
        self._site = site
        self._folder = folder
        self._told = told
        parts = urlsplit(app.settings.site_url)
        self._scheme, self._host, self._base = parts.scheme, parts.netloc, parts.path.rstrip("/")
        self._bytes = 0
        self._missing: list[str] = []

    async def run(self) -> Copied:
        waiting = deque(self._base + path for path in _FIRST)
        known = set(waiting)
        written = 0
        while waiting:
            link = waiting.popleft()
            body, is_page = await self._get(link)
            if body is None:
                self._missing.append(link)
                continue
            if is_page:
                text = body.decode()
                for found in _LINK.finditer(text):
                    other = html.unescape(found["link"]).partition("#")[0]
                    if other.startswith(f"{self._base}/") and other not in known:
                        known.add(other)
                        waiting.append(other)
                body = _LINK.sub(partial(self._relative, link), text).encode()
            path = self._folder / self._file(link)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            written += 1
            self._bytes += len(body)
            self._told(written, len(known))
        return Copied(written, self._bytes, tuple(self._missing))

    async def _get(self, link: str) -> tuple[bytes | None, bool]:
        """What the site answers, and whether that is a page; None where it has nothing there."""
        parts = urlsplit(link)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": self._scheme,
            "path": unquote(parts.path.removeprefix(self._base)),
            "raw_path": parts.path.removeprefix(self._base).encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(b"host", self._host.encode())],
            "client": ("203.0.113.1", 1),
            "server": (self._host, 443),
        }
        answer: dict[str, Any] = {}
        pieces: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            answer.update(message if message["type"] == "http.response.start" else {})
            pieces.append(message.get("body", b""))

        await self._site(scope, receive, send)
        if answer["status"] != 200:
            return None, False
        kind = dict(answer["headers"]).get(b"content-type", b"")
        return b"".join(pieces), kind.startswith(b"text/html")

    def _relative(self, here: str, match: re.Match[str]) -> str:
        link, _, part = html.unescape(match["link"]).partition("#")
        if not link.startswith(f"{self._base}/"):
            return match[0]
        there = posixpath.relpath(self._file(link), posixpath.dirname(self._file(here)) or ".")
        return match["before"] + html.escape(quote(there) + (f"#{part}" if part else ""))

    def _file(self, link: str) -> str:
        """`/compare?category=notes&page=2` → `compare/category-notes/page-2/index.html`; a file keeps its name."""
        parts = urlsplit(link)
        path = unquote(parts.path.removeprefix(self._base)).strip("/")
        if "." in posixpath.basename(path):
            return path
        asked = [f"{name}-{value}" for name, value in parse_qsl(parts.query)]
        return "/".join(filter(None, [path, *map(_safe, asked), "index.html"]))


def _safe(piece: str) -> str:
    return piece if _PLAIN.fullmatch(piece) else quote(piece, safe="").replace("%", "_")
