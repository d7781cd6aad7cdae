"""A house with something in every room, and for every route of its site values that are real: who walks the routes
misses none, because a route that asks for a value nobody named here is an error.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount

from newsletter.app.container import App
from newsletter.app.subscribe import subscribe
from newsletter.audience.subscriber import Frequency, Subscriber
from newsletter.comparisons.model import Verdict
from newsletter.issues import Issue
from newsletter.providers.outbox import Outbox
from tests.fakes.house import add_active, deliver_all_mail, publish_week
from tests.rendering.week import full_week

ADA, BOB, EVE = "ada@example.net", "bob@example.net", "eve@example.net"
"""Ada and Bob read; Eve asked for it and has not confirmed."""
ADAS_NEXT, ADAS_THIRD = "ada.next@example.net", "ada.third@example.net"
"""The address that Ada asked to change to, and the one that her form asks for."""
PEOPLE = (ADA, ADAS_NEXT, ADAS_THIRD, BOB, EVE)

TOKEN_KINDS = {"/confirm/{token}": "confirmation", "/drafts/": "draft", "/address/": "address_change"}
"""The beginning of a route → the kind of token it reads; every other reads a reader's."""

FORMS: dict[str, Any] = {
    "/subscribe": {"email": "new@example.net"},
    "/unsubscribe/{token}": {"List-Unsubscribe": "One-Click"},
    "/unsubscribe/{token}/pause": {"weeks": "4"},
    "/unsubscribe/{token}/reason": {"reason": "other", "words": "Too many mails."},
    "/preferences/{token}": {"topics": ["developer-tools"], "frequency": "topics", "zone": "Europe/Paris"},
    "/preferences/{token}/pause": {"weeks": "8"},
    "/preferences/{token}/address": {"email": ADAS_THIRD},
    "/api/v1/subscribe": {"email": "new@example.net"},
    "/api/v1/tools/{slug}/vote": {"choice": "skip"},
    "/tools/{slug}/vote": {"choice": "skip"},
    "/saved": {"tool": ["kestrel"]},
    "/saved/{token}": {"tool": ["kestrel"]},
    "/saved/remove": {"tool": "kestrel"},
    "/saved/{token}/remove": {"tool": "kestrel"},
}
"""What a form of ours sends there; nothing where it is not named."""


@dataclass(frozen=True, slots=True)
class Door:
    """A method of a route."""

    method: str
    route: str

    @property
    def reads_token(self) -> bool:
        return "{token}" in self.route

    @property
    def token_kind(self) -> str:
        return next((kind for start, kind in TOKEN_KINDS.items() if self.route.startswith(start)), "reader")


CONSOLE = "/console"


def doors(site: FastAPI, *, console: bool = False) -> list[Door]:
    """All that readers have, those of mounted applications too, or all of the `console`; HEAD, which GET answers, is
    left out, and what asks for a key.
    """
    keyed = site.state.keyed.rights
    walked = [Door(method, path) for path, methods in _walk(site.routes, "") for method in methods if method != "HEAD"]
    found = [door for door in walked if (door.method, door.route) not in keyed]
    return [door for door in found if (door.route == CONSOLE or door.route.startswith(f"{CONSOLE}/")) is console]


def _walk(routes: list[BaseRoute], before: str) -> Iterator[tuple[str, list[str]]]:
    for route in iter_route_contexts(routes):
        if isinstance(route.route, Mount):
            yield from _walk(route.route.routes, before + route.route.path)
        else:
            assert route.path is not None
            assert route.methods, f"{route.path} is of a kind that nobody walks"
            yield before + route.path, sorted(route.methods)


class Furnished:
    """Ada and Bob, whose issue was sent, who voted and saved; Eve, who was asked to confirm; mails in the outbox."""

    def __init__(self, app: App) -> None:
        self.app = app
        now = app.now()
        ada, bob = add_active(app, ADA), add_active(app, BOB)
        self.issue: Issue = publish_week(app)
        subscribe(app, EVE, source="form", ip="198.51.100.9")
        people, votes, saved = app.store.subscribers, app.store.votes, app.store.saved
        people.ask_change(ada.id, ADAS_NEXT, now - timedelta(days=2))
        people.prefer(ada.id, ["developer-tools"], Frequency.WEEKLY, "Europe/Berlin")
        people.prefer(bob.id, [], Frequency.WEEKLY, "America/Lima")
        for reader, tool, choice in ((ada, "kestrel", Verdict.SHIP), (bob, "plumbline", Verdict.SKIP)):
            votes.put(reader.id, tool, choice, now, None)
            saved.put(reader.id, [tool], now, at_most=50)
        votes.put_web(b"v" * 16, "kestrel", Verdict.SKIP, now)
        deliver_all_mail(app)
        self.ada, self.bob, self.eve = (self._person(address) for address in (ADA, BOB, EVE))

    def _person(self, address: str) -> Subscriber:
        found = self.app.store.subscribers.by_address(address)
        assert found is not None
        return found

    def token(self, kind: str, of: Subscriber | None = None) -> str:
        """A living token of Ada, but Eve's for a confirmation, and the issue's for a draft."""
        signer = self.app.signer
        if kind == "confirmation":
            return signer.confirmation((of or self.eve).id)
        if kind == "draft":
            return signer.draft(self.issue.id)
        if kind == "address_change":
            return signer.address_change((of or self.ada).id, self.app.store.subscribers.hash_of(ADAS_NEXT))
        if kind == "reader":
            return signer.reader(self.issue.id, (of or self.ada).id)
        return {"browser": signer.browser, "asked_here": lambda _: signer.asked_here(b"h" * 16)}[kind](
            (of or self.ada).id
        )

    @cached_property
    def _mail(self) -> tuple[str, str]:
        assert isinstance(self.app.provider, Outbox)
        part, _, name = self.app.provider.list_mails()[0].id.partition("/")
        return part, name

    def path(self, door: Door, *, token: str | None = None, **other: str) -> str:
        """The path of a door with real values in it. Raises KeyError where a value is asked for that is not named."""
        values = {
            "token": self.token(door.token_kind) if token is None else token,
            "key": self.issue.key,
            "part": "1" if door.route.startswith("/sitemap") else self._mail[0],
            "name": self._mail[1],
            "slug": "kestrel" if re.search("/tools/|^/v/", door.route) else full_week()[0].comparison.slug,
            "choice": "ship",
            "topic": "developer-tools",
            "provider": "resend",
            "number": str(self.ada.id),
        }
        return door.route.format(**(values | other))

    def options(self, door: Door, *, of: Subscriber | None = None) -> dict[str, Any]:
        """Body and cookie with which a page of ours would come to it, in a browser of Ada's."""
        cookie = f"reader={self.app.signer.browser((of or self.ada).id)}"
        headers = {"sec-fetch-site": "same-origin", "origin": self.app.settings.site_url, "cookie": cookie}
        if door.method == "GET":
            return {"headers": {"cookie": cookie}}
        if door.route.startswith("/api/"):
            headers["content-type"] = "application/json"
            return {"headers": headers, "content": json.dumps(FORMS.get(door.route, {}))}
        return {"headers": headers, "data": FORMS.get(door.route, {})}

    def rows(self, *, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
        """Table → everything in it, without the tables of `but`; and the names of the mails in the outbox."""
        connection = sqlite3.connect(self.app.store.path)
        try:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found = {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}
        finally:
            connection.close()
        assert isinstance(self.app.provider, Outbox)
        found["the outbox"] = sorted(str(path) for path in self.app.provider.folder.rglob("*"))
        return {name: rows for name, rows in found.items() if name not in but}
