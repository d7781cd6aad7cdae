"""The content policy as a real browser holds it: every page, over a real server, with scripts and without."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Request

from tests.browser.conftest import Running


@dataclass
class Elsewhere:
    """Another site, on another origin of this machine, that remembers who came and by which page."""

    url: str
    referers: list[str | None] = field(default_factory=list)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/favicon.ico":
                found.referers.append(self.headers.get("Referer"))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

        def log_message(self, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Door)
    found = Elsewhere(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Seen:
    """What a browser met on its way through every page."""

    asked: set[str] = field(default_factory=set)
    told: list[tuple[str, str]] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    visited: int = 0


def walk(running: Running, context: BrowserContext) -> Seen:
    seen, page = Seen(), context.new_page()
    page.on("request", lambda request: seen.asked.add(request.url))
    page.on("console", lambda message: seen.told.append((page.url, message.text)))
    page.on("pageerror", lambda error: seen.errors.append(f"{page.url} {error}"))
    page.on("dialog", lambda dialog: (seen.dialogs.append(page.url), dialog.dismiss()))
    for path in running.paths:
        page.goto(running.url + path, wait_until="load")
        seen.visited += 1
    return seen


@pytest.fixture(scope="module", params=[True, False], ids=["with scripts", "without scripts"])
def seen(running: Running, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """A browser that knows Ada."""
    context = browser.new_context(java_script_enabled=request.param)
    kept = running.house.app.signer.browser(running.house.ada.id)
    context.add_cookies([{"name": "reader", "value": kept, "url": running.url}])
    yield walk(running, context)
    context.close()


def test_no_page_asks_for_anything_from_another_host(seen: Seen, running: Running):
    assert seen.visited == len(running.paths) > 80
    assert [url for url in seen.asked if not url.startswith((f"{running.url}/", "data:"))] == []


def test_no_page_breaks_its_own_policy_or_runs_into_an_error(seen: Seen):
    expected = ("Failed to load resource: the server responded with a status of 4", "sandboxed")
    of_pages = [(url, words) for url, words in seen.told if not url.endswith((".xml", ".png"))]  # Chromium styles these
    assert [told for told in of_pages if not any(words in told[1] for words in expected)] == []
    assert seen.errors == []


def test_hostile_text_opens_no_dialog(seen: Seen):
    assert seen.dialogs == []


def test_the_walk_would_see_a_policy_that_is_broken(running: Running, browser: Browser):
    """Otherwise the tests above could not fail."""
    context = browser.new_context()
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(running.url)
    for script in (
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')",
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://elsewhere.invalid/x.png'}))",
        "fetch('https://elsewhere.invalid/x').catch(() => 0)",
    ):
        page.evaluate(script)
    page.wait_for_timeout(100)
    assert sum("Content Security Policy" in one for one in told) >= 4, told
    assert page.evaluate("window.ran") is None
    context.close()


def test_no_page_of_ours_stands_in_a_frame_of_another_site(running: Running, browser: Browser, elsewhere: Elsewhere):
    context = browser.new_context()
    page = context.new_page()
    page.goto(elsewhere.url)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    token = running.house.token("reader")
    page.set_content(f'<iframe src="{running.url}/unsubscribe/{token}"></iframe>')
    page.wait_for_timeout(300)
    assert any("frame-ancestors" in one for one in told), told
    assert not [frame for frame in page.frames if "Unsubscribe" in frame.content()]
    context.close()


def test_another_site_learns_neither_path_nor_token_from_a_link_on_a_page_with_one(
    running: Running, browser: Browser, elsewhere: Elsewhere
):
    context = browser.new_context()
    page = context.new_page()
    for path in (f"/preferences/{running.house.token('reader')}", f"/v/{running.house.token('reader')}/kestrel/ship"):
        page.goto(running.url + path)
        page.evaluate(
            "url => document.querySelector('main').append(Object.assign(document.createElement('a'),"
            " {href: url, id: 'out', textContent: 'out'}))",
            f"{elsewhere.url}/from{path.count('/')}",
        )
        page.click("#out")
        page.wait_for_url(f"{elsewhere.url}/**")
    assert elsewhere.referers[-2:] == [None, None]
    context.close()


def test_our_own_forms_are_taken_where_the_page_before_held_a_token(running: Running, browser: Browser):
    """What `no-referrer` would break: the browser names our origin."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.goto(f"{running.url}/v/{running.house.token('reader', running.house.bob)}/kestrel/ship")
    page.locator("main form button").first.click()
    assert sent[0].all_headers()["origin"] == running.url
    assert page.locator("h1").inner_text() != "This form came from elsewhere"
    context.close()


def test_no_script_can_read_what_the_browser_keeps_of_a_reader(running: Running, browser: Browser):
    context = browser.new_context(user_agent="A person")  # the browser of the walk opened the canary
    page = context.new_page()
    page.goto(f"{running.url}/v/{running.house.token('reader', running.house.bob)}/kestrel/skip")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("main form button").first.click()
    page.wait_for_load_state()
    assert [cookie["name"] for cookie in context.cookies()] == ["reader"]
    assert page.evaluate("document.cookie") == ""
    context.close()
