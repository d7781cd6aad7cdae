"""Subscribing in a real browser: one press in the browser that asked, a button elsewhere, nothing for programs."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsletter.app.container import App
from newsletter.app.form_elsewhere import form_elsewhere
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus
from tests.browser.test_site import FAINT, OVERFLOWING, SMALL_TARGETS
from tests.fakes.house import add_active, publish_week
from tests.fakes.running import listening

ELSEWHERE = "http://localhost:4321"
ADDRESS = "new@example.net"
WELCOME = "Welcome, you are subscribed"
OpenContext = Callable[..., BrowserContext]


@dataclass(frozen=True)
class Running:
    """A site that listens on loopback."""

    app: App
    url: str


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with listening(tmp_path_factory.mktemp("house"), web={"form_origins": [ELSEWHERE]}) as (app, url):
        add_active(app, "reader@example.net")
        publish_week(app)
        yield Running(app, url)


@pytest.fixture
def context(browser: Browser) -> Iterator[OpenContext]:
    """A function (settings of the context) → a browser that knows nothing of any other."""
    opened: list[BrowserContext] = []

    def build(**settings: object) -> BrowserContext:
        opened.append(browser.new_context(**settings))  # type: ignore[arg-type]  # as the caller says
        return opened[-1]

    yield build
    for one in opened:
        one.close()


def subscribe_in(page: Page, running: Running) -> None:
    page.goto(running.url)
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Now look at your inbox")).to_be_visible()


def subscriber(running: Running) -> Subscriber:
    found = running.app.store.subscribers.by_address(ADDRESS)
    assert found is not None
    return found


def link(running: Running) -> str:
    return f"{running.url}/confirm/{running.app.signer.confirmation(subscriber(running).id)}"


def is_active(running: Running) -> bool:
    return subscriber(running).status is SubscriberStatus.ACTIVE


def test_in_the_browser_that_asked_opening_the_link_is_enough(running: Running, context: OpenContext) -> None:
    page = context().new_page()
    subscribe_in(page, running)
    page.goto(link(running))
    expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()
    assert is_active(running)


def test_in_any_other_browser_the_button_confirms(running: Running, context: OpenContext) -> None:
    subscribe_in(context().new_page(), running)
    page = context().new_page()
    page.goto(link(running), wait_until="networkidle")
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(300)
    assert not is_active(running)
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()
    assert is_active(running)


def test_a_browser_that_asked_for_another_address_needs_the_button_too(running: Running, context: OpenContext) -> None:
    running.app.store.subscribers.add(ADDRESS, SubscriberStatus.PENDING, running.app.now())
    page = context().new_page()
    page.goto(running.url)
    page.get_by_label("Your e-mail address").fill("stranger@example.net")
    page.get_by_role("button", name="Subscribe").click()
    page.goto(link(running), wait_until="networkidle")
    page.wait_for_timeout(300)
    assert not is_active(running)


def test_a_program_that_fetches_the_link_or_runs_its_script_confirms_nothing(
    running: Running, context: OpenContext
) -> None:
    subscribe_in(context().new_page(), running)
    for _ in range(3):
        with urllib.request.urlopen(link(running)) as answer:
            assert answer.status == 200
        page = context().new_page()
        page.goto(link(running), wait_until="networkidle")
        page.evaluate("for (const kind of ['pointerdown', 'keydown', 'wheel']) dispatchEvent(new Event(kind))")
        page.wait_for_timeout(200)
    assert not is_active(running)


def test_without_javascript_the_button_confirms_in_the_browser_that_asked(
    running: Running, context: OpenContext
) -> None:
    page = context(java_script_enabled=False).new_page()
    subscribe_in(page, running)
    page.goto(link(running))
    assert not is_active(running)
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()
    assert is_active(running)


def test_topics_and_the_time_zone_of_the_browser_are_saved_by_one_press(running: Running, context: OpenContext) -> None:
    page = context(timezone_id="Asia/Tokyo").new_page()
    subscribe_in(page, running)
    page.goto(link(running))
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    page.get_by_label("Writing").check()
    page.get_by_label("Only when there is something of my topics").check()
    page.get_by_role("button", name="Save my choices").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    found = subscriber(running)
    assert (found.frequency, found.zone) == (Frequency.TOPICS, "Asia/Tokyo")
    assert running.app.store.subscribers.topics(found.id) == {"writing"}


def test_going_back_after_confirming_asks_nothing_twice(running: Running, context: OpenContext) -> None:
    page = context().new_page()
    subscribe_in(page, running)
    page.goto(link(running))
    expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()
    page.goto(link(running))
    expect(page.get_by_role("heading", name="You are subscribed already")).to_be_visible()


def test_the_printed_form_works_on_a_named_site_and_its_browser_is_the_one_that_asked(
    running: Running, context: OpenContext
) -> None:
    theirs = context()
    html = f"<!doctype html><title>Theirs</title>{form_elsewhere(running.app)}"
    theirs.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
    page = theirs.new_page()
    page.goto(f"{ELSEWHERE}/news")
    expect(page.get_by_label("Leave this empty")).to_be_hidden()
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Now look at your inbox")).to_be_visible()
    (consent,) = running.app.store.subscribers.consents(subscriber(running).id)
    assert consent.source == f"subscribe form at {ELSEWHERE}"
    page.goto(link(running))
    expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()


def test_the_pages_of_joining_look_right_on_every_width_light_and_dark(running: Running, context: OpenContext) -> None:
    subscribe_in(context().new_page(), running)
    page = context().new_page()
    wrong: dict[str, list[str]] = {}
    for name in ("confirm", "welcome"):
        page.goto(link(running))
        if name == "welcome":
            page.get_by_role("button", name="Yes, subscribe me").click()
            expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()
        for width in (320, 375, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wrong[f"{name} at {width}"] = page.evaluate(OVERFLOWING) + page.evaluate(SMALL_TARGETS)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of the two
            wrong[f"{name}, {scheme}"] = page.evaluate(FAINT)
    assert {name: found for name, found in wrong.items() if found} == {}
