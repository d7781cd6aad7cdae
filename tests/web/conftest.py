"""A site over a real store and outbox, and a visitor who checks every page that comes back."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from newsletter.app.container import App
from newsletter.web import joining
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, Clock, build_house

_VOID = {"meta", "link", "input", "br", "img"}


class Outline(HTMLParser):
    """What a page is made of; fails where tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


class Visitor:
    """Asks for pages, and checks what holds for every one of them."""

    def __init__(self, portal: BlockingPortal, app: App, peer: str, site: FastAPI | None = None) -> None:
        self.app = app
        self.peer = peer
        self.origin = re.match(r"https?://[^/]+", app.settings.site_url)[0]  # type: ignore[index]  # a setting's rule
        self._portal = portal
        self.site = site or create_site(app, TEMPLATES)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)

    def ask(
        self,
        method: str,
        path: str,
        *,
        peer: str | None = None,
        may_show: tuple[str, ...] | None = (),
        may_set: tuple[str, ...] = (),
        **options: Any,
    ) -> httpx.Response:
        """`may_show`: addresses that may stand on this page, None for any; `may_set`: cookies it may set."""

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.site, client=(peer or self.peer, 50_000))
            async with httpx.AsyncClient(transport=transport, base_url=self.origin) as client:
                return await client.request(method, path, **options)

        answer: httpx.Response = self._portal.call(once)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert {cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")} <= set(may_set)
        policy = answer.headers["content-security-policy"]
        if "text/html" in answer.headers.get("content-type", "") and "sandbox" not in policy:
            assert "frame-ancestors 'none'" in policy
            if method != "HEAD":
                self._check_page(answer, may_show)
        return answer

    def _check_page(self, answer: httpx.Response, may_show: tuple[str, ...] | None) -> None:
        html = answer.text
        outline = Outline(html)
        assert outline.all("html") == [{"lang": "en"}]
        assert len(outline.all("h1")) == 1
        assert html.partition("</head>")[0].count("<title>") == 1  # a drawing has titles of its own
        assert {"name": "newsletter-instance", "content": self.app.store.meta.instance} in outline.all("meta")
        run = [script for script in outline.all("script") if script.get("type") != "application/ld+json"]
        names = [str(script["src"]).partition("?")[0].rpartition("/")[2] for script in run]
        assert names in ([], ["app.js"], ["app.js", "console.js"] if answer.url.path.startswith("/console") else [])
        assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on")]
        assert not re.search(r"\bNone\b|>\s*[—–-]\s*<|&amp;(amp|lt|gt|#)", html)
        ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {label["for"] for label in outline.all("label")} <= set(ids)
        assert {form["method"] for form in outline.all("form")} <= {"post", "get"}
        for asking in re.findall(r'<form[^>]* method="get".*?</form>', html, re.DOTALL):
            form = Outline(asking)
            fields = {field["id"] for field in form.all("input") if field.get("type") != "hidden"}
            assert fields
            assert fields <= {label["for"] for label in form.all("label")}
        sender = self.app.settings.sender
        if may_show is not None:
            assert set(re.findall(r"[\w.+-]+@[\w.-]+\w", html)) <= {sender, *may_show}
        if not any(link.get("rel") == "canonical" for link in outline.all("link")):
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-robots-tag"] == "noindex"


Open = Callable[..., Visitor]


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_site(tmp_path: Path, clock: Clock, portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A function (settings) → a visitor of a new site, from outside unless `peer` says otherwise."""
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.0)
    apps: list[App] = []

    def build(peer: str = "203.0.113.7", **settings: Any) -> Visitor:
        folder = tmp_path / str(len(apps))
        folder.mkdir()
        apps.append(build_house(folder, clock, **settings))
        return Visitor(portal, apps[-1], peer)

    yield build
    for app in apps:
        app.close()


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    return open_site()


@pytest.fixture
def app(visitor: Visitor) -> App:
    return visitor.app


@pytest.fixture
def dump(app: App) -> Callable[[], str]:
    """A function → everything in the database, as text."""

    def everything() -> str:
        connection = sqlite3.connect(app.store.path)
        try:
            return "\n".join(connection.iterdump())
        finally:
            connection.close()

    return everything
