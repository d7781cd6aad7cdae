"""How much a page weighs on the wire, on a first visit, with everything it loads but pictures."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser

from newsletter.comparisons.model import Comparison, Tool, slugify
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, Clock, add_active, add_comparison, build_house, publish_week
from tests.rendering.week import full_week

LIMIT = 60_000
"""Bytes: head and body of every answer, as they were sent."""

COMPARISONS = 60


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of a running site whose lists are full."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    clock = Clock()
    app = build_house(tmp_path_factory.mktemp("house"), clock, site_url=url)
    reader = add_active(app, "reader@example.net")
    issue = publish_week(app)
    sides = [side for item in full_week() for side in item.comparison.sides]
    one = _named(sides[0], 0)
    for number in range(1, COMPARISONS):
        other = _named(sides[number % len(sides)], number)
        add_comparison(app, Comparison(f"{one.slug}-vs-{other.slug}", (one, other), published_on=clock().date()))
    token = app.signer.reader(issue.id, reader.id)
    server = uvicorn.Server(uvicorn.Config(create_site(app, TEMPLATES), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield {
        "home": f"{url}/",
        "archive": f"{url}/issues",
        "issue": f"{url}/issues/{issue.key}",
        "comparisons": f"{url}/compare",
        "comparison": f"{url}/compare/{full_week()[0].comparison.slug}",
        "tool": f"{url}/tools/{one.slug}",
        "preferences": f"{url}/preferences/{token}",
    }
    server.should_exit = True
    thread.join()
    app.close()


def _named(side: Tool, number: int) -> Tool:
    name = f"{side.name} {number}"
    return replace(side, name=name, slug=slugify(name))


def weights(browser: Browser, address: str) -> dict[str, float]:
    """Address → bytes, of all that a browser loads which has nothing of ours yet, pictures apart."""
    context = browser.new_context()
    page = context.new_page()
    kinds: dict[str, tuple[str, str, int]] = {}
    found: dict[str, float] = {}

    def answered(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = (event["type"], event["response"]["url"], event["response"]["status"])

    def loaded(event: dict[str, Any]) -> None:
        kind, url, _ = kinds[event["requestId"]]
        if kind != "Image":
            found[url] = event["encodedDataLength"]

    watch = context.new_cdp_session(page)
    watch.send("Network.enable")
    watch.on("Network.responseReceived", answered)
    watch.on("Network.loadingFinished", loaded)
    page.goto(address, wait_until="networkidle")
    assert {(url, status) for _, url, status in kinds.values() if status != 200} == set()
    context.close()
    return found


@pytest.mark.parametrize("name", ["home", "archive", "issue", "comparisons", "comparison", "tool", "preferences"])
def test_a_first_visit_transfers_less_than_60_kb(browser: Browser, addresses: dict[str, str], name: str):
    found = weights(browser, addresses[name])
    assert addresses[name] in found
    assert any("site.css" in url for url in found)
    assert sum(found.values()) < LIMIT, found


def test_the_scales_count_every_byte_of_what_is_too_heavy(browser: Browser, addresses: dict[str, str]):
    found = weights(browser, addresses["home"])
    page = browser.new_page()
    page.goto(addresses["home"])
    assert 0 < found[addresses["home"]] < len(page.content())
    page.close()
