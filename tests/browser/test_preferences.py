"""Preferences, leaving and being erased in a real browser: without scripts, on every width, light and dark."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, expect

from newsletter.app.change_address import ask_to_change
from newsletter.app.container import App
from newsletter.app.leave import erase, pause, unsubscribe
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Comparison, Tool, Verdict
from tests.browser.test_site import FAINT, OVERFLOWING, SMALL_TARGETS
from tests.fakes.house import add_active, add_comparison
from tests.fakes.running import listening

CATEGORIES = ("Developer Tools", "Design", "Averyveryverylongcategorywithoutanybreakinitthatmustnotpushthepagewide")


@dataclass(frozen=True)
class Running:
    """A site that listens on loopback."""

    app: App
    url: str

    def newcomer(self) -> tuple[Subscriber, str]:
        """A reader nobody met before, and their token."""
        reader = add_active(self.app, f"reader{time.monotonic_ns()}@example.net")
        return reader, self.app.signer.reader(1, reader.id)

    def again(self, reader: Subscriber) -> Subscriber:
        found = self.app.store.subscribers.by_id(reader.id)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with listening(tmp_path_factory.mktemp("house")) as (app, url):
        for number, category in enumerate(CATEGORIES):
            sides = (
                Tool(f"Tool {number}", f"tool-{number}", category=category),
                Tool("Rival", "rival", category=category),
            )
            add_comparison(app, Comparison(f"pair-{number}", sides, published_on=date(2026, 11, 16)))
        yield Running(app, url)


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A function → a browser with nothing in it; closed at the end."""
    contexts: list[BrowserContext] = []

    def open_one(**options: object) -> BrowserContext:
        contexts.append(browser.new_context(**options))  # type: ignore[arg-type]  # handed on as they are
        return contexts[-1]

    yield open_one
    for context in contexts:
        context.close()


def test_a_reader_chooses_pauses_exports_and_is_erased_without_scripts(
    running: Running, opened: Callable[..., BrowserContext]
):
    reader, token = running.newcomer()
    context = opened(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.url}/preferences/{token}")
    page.get_by_label("Only when there is something of my topics").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(page.get_by_label("Only when there is something of my topics")).to_be_checked()
    page.get_by_label("Design").check()
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_label("Design")).to_be_checked()
    kept = running.again(reader)
    assert (kept.frequency, kept.zone) == (Frequency.TOPICS, "Asia/Tokyo")
    assert "reader" in {cookie["name"] for cookie in context.cookies()}

    page.get_by_role("button", name="8 weeks").click()
    expect(page.get_by_role("heading", name="Paused until 14 January 2027")).to_be_visible()
    page.get_by_role("button", name="End the pause now").click()
    assert running.again(reader).paused_until is None

    with page.expect_download() as download:
        page.get_by_role("link", name="Export my data").click()
    document = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert (document["address"], document["preferences"]["topics"]) == (reader.email, ["design"])

    page.get_by_role("link", name="Erase me").click()
    expect(page.get_by_role("heading", name="Erase everything about you?")).to_be_visible()
    assert running.again(reader).status is SubscriberStatus.ACTIVE
    page.get_by_role("button", name="Erase me").click()
    expect(page.get_by_role("heading", name="You are erased")).to_be_visible()
    assert running.again(reader).email is None
    assert "reader" not in {cookie["name"] for cookie in context.cookies()}


def test_a_reader_leaves_says_why_and_comes_back_without_scripts(
    running: Running, opened: Callable[..., BrowserContext]
):
    reader, token = running.newcomer()
    page = opened(java_script_enabled=False).new_page()
    page.goto(f"{running.url}/unsubscribe/{token}")
    page.get_by_role("button", name="Unsubscribe").click()
    assert running.again(reader).status is SubscriberStatus.UNSUBSCRIBED
    page.get_by_label("I have no time to read it").check()
    page.get_by_label("In your own words").fill("A new job")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you for telling us")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Open your preferences").click()
    expect(page.get_by_role("heading", name="Your preferences")).to_be_visible()
    assert running.again(reader).status is SubscriberStatus.ACTIVE


def test_choices_are_made_with_the_keyboard_alone(running: Running, opened: Callable[..., BrowserContext]):
    reader, token = running.newcomer()
    page = opened().new_page()
    page.goto(f"{running.url}/preferences/{token}")
    page.get_by_label("Developer Tools").focus()
    page.keyboard.press("Space")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert running.app.store.subscribers.topics(reader.id) == {"developer-tools"}


def every_page(running: Running) -> dict[str, str]:
    """Each page in each of its states → its path."""
    app = running.app
    people = {name: running.newcomer() for name in ("plain", "full", "paused", "left", "erased", "bounced", "moving")}
    full = people["full"][0].id
    app.store.subscribers.prefer(full, ["design", "a-topic-that-is-gone"], Frequency.TOPICS, "US/Eastern")
    for tool, choice in (("rival", Verdict.SKIP), ("tool-1", Verdict.SHIP)):
        app.store.votes.put(full, tool, choice, app.now(), None)
    app.store.saved.put(full, ["rival"], app.now(), at_most=9)
    pause(app, people["paused"][1], 4)
    unsubscribe(app, people["left"][1], source="page")
    erase(app, people["erased"][1])
    app.store.subscribers.suppress(people["bounced"][0].email or "", SuppressionReason.HARD_BOUNCE, app.now())
    new = f"new{time.monotonic_ns()}@example.com"
    ask_to_change(app, people["moving"][1], new)
    change = app.signer.address_change(people["moving"][0].id, app.store.subscribers.hash_of(new))
    return {
        **{f"preferences, {name}": f"/preferences/{token}" for name, (_, token) in people.items()},
        **{f"unsubscribe, {name}": f"/unsubscribe/{token}" for name, (_, token) in people.items()},
        "erase": f"/preferences/{people['full'][1]}/erase",
        "address": f"/address/{change}",
        "test": "/preferences/test",
        "a broken link": "/preferences/x",
    }


def test_every_page_fits_has_room_for_a_finger_stands_out_and_axe_finds_nothing(
    running: Running, opened: Callable[..., BrowserContext]
):
    wrong = {}
    page = opened().new_page()
    for name, path in every_page(running).items():
        page.goto(running.url + path)
        for width in (320, 375, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wrong[f"{name} at {width}"] = page.evaluate(OVERFLOWING) + page.evaluate(SMALL_TARGETS)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            said = [found.generate_report()] if found.violations_count else []
            wrong[f"{name}, {scheme}"] = page.evaluate(FAINT) + said
    assert {name: said for name, said in wrong.items() if said} == {}


def test_the_page_weighs_less_than_60_kb_with_everything_it_loads(
    running: Running, opened: Callable[..., BrowserContext]
):
    _, token = running.newcomer()
    page = opened().new_page()
    weights: list[int] = []
    page.on("response", lambda response: weights.append(len(response.body())))
    page.goto(f"{running.url}/preferences/{token}", wait_until="networkidle")
    assert sum(weights) < 60_000
