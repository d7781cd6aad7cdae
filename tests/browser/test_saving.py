"""Saving tools in a real browser: with a list of its own, with a signed link, and without scripts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from newsletter.app.bookmarks import merge_tools, saved_slugs
from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.model import Comparison, Tool
from tests.browser.conftest import chromium_path
from tests.fakes.house import add_active, add_comparison
from tests.fakes.running import listening
from tests.rendering.week import KESTREL, PLUMBLINE

PAIR = "/compare/plumbline-vs-kestrel"
GARBAGE = (
    "not json",
    "null",
    "7",
    '{"slug": "kestrel"}',
    '[null, 7, "kestrel", {"slug": 7, "name": []}, {"name": "Kestrel"}, {"slug": "a b", "name": "A"}]',
    '[{"slug": "\\ud800", "name": "Half a letter"}, {"slug": ["kestrel"], "name": null}]',
)


@dataclass(frozen=True)
class Running:
    """A site that listens on loopback."""

    app: App
    url: str

    def newcomer(self) -> tuple[Subscriber, str]:
        """A reader nobody met before, and the address of their list."""
        reader = add_active(self.app, f"reader{time.monotonic_ns()}@example.net")
        return reader, f"{self.url}/saved/{self.app.signer.reader(1, reader.id)}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with listening(tmp_path_factory.mktemp("house")) as (app, url):
        add_comparison(app, Comparison("plumbline-vs-kestrel", (PLUMBLINE, KESTREL)))
        long = Tool("Skills-with-an-exceedingly-long-hyphenated-name (mattergrove)", "skills")
        add_comparison(app, Comparison("skills-vs-kestrel", (long, KESTREL)))
        yield Running(app, url)


Opened = Callable[..., BrowserContext]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """A function (options of a context) → a browser that nobody used before; its pages may have no error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def new(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield new
    for context in contexts:
        context.close()
    assert errors == []


def keep(page: Page, *slugs: str) -> None:
    """What the page's browser keeps."""
    tools = json.dumps([{"slug": slug, "name": slug.title()} for slug in slugs])
    page.evaluate("text => localStorage.setItem('saved-tools', text)", tools)


def kept(page: Page) -> Any:
    return json.loads(page.evaluate("localStorage.getItem('saved-tools') ?? '[]'"))


def save_button(page: Page, name: str, *, pressed: bool = False) -> Locator:
    return page.get_by_role("button", name=f"{'Saved' if pressed else 'Save'} {name}", exact=True, pressed=pressed)


def test_a_tool_saved_without_login_is_there_after_a_reload_and_on_another_page(running: Running, opened: Opened):
    page = opened().new_page()
    page.goto(running.url + PAIR)
    expect(page.get_by_text("No bookmarks yet.")).to_be_visible()
    save_button(page, "Kestrel").click()
    expect(page.get_by_role("status")).to_have_text("Kestrel is saved.")
    expect(save_button(page, "Kestrel", pressed=True)).to_have_text("Saved")
    expect(page.get_by_text("No bookmarks yet.")).to_be_hidden()

    page.reload()
    expect(save_button(page, "Kestrel", pressed=True)).to_be_visible()
    expect(save_button(page, "Plumbline")).to_be_visible()

    page.goto(f"{running.url}/saved")
    expect(page.get_by_role("link", name="Kestrel")).to_have_attribute("href", "/tools/kestrel")
    page.get_by_role("button", name="Remove Kestrel").click()
    expect(page.get_by_text("No bookmarks yet.")).to_be_visible()
    assert kept(page) == []


def test_a_page_without_the_list_says_what_happened_beside_the_button(running: Running, opened: Opened):
    page = opened().new_page()
    page.goto(f"{running.url}/tools/kestrel")
    save_button(page, "Kestrel").click()
    expect(page.get_by_role("status")).to_have_text("Kestrel is saved.")
    expect(page.get_by_role("status")).to_be_in_viewport()
    save_button(page, "Kestrel", pressed=True).click()
    expect(page.get_by_role("status")).to_have_text("Kestrel is no longer saved.")
    assert kept(page) == []


def test_two_tabs_agree(running: Running, opened: Opened):
    context = opened()
    one, other = context.new_page(), context.new_page()
    one.goto(running.url + PAIR)
    other.goto(running.url + PAIR)
    save_button(one, "Kestrel").click()
    expect(save_button(other, "Kestrel", pressed=True)).to_be_visible()
    save_button(other, "Plumbline").click()
    expect(one.get_by_role("button", name="Remove Plumbline")).to_be_visible()
    other.get_by_role("button", name="Remove Kestrel").click()
    expect(save_button(one, "Kestrel")).to_be_visible()
    assert [tool["slug"] for tool in kept(one)] == ["plumbline"]


@pytest.mark.parametrize("text", GARBAGE)
def test_whatever_stands_in_the_storage_no_page_breaks_and_saving_goes_on(running: Running, opened: Opened, text: str):
    page = opened().new_page()
    page.goto(f"{running.url}/saved")
    page.evaluate("text => localStorage.setItem('saved-tools', text)", text)
    page.goto(running.url + PAIR)
    expect(page.get_by_text("No bookmarks yet.")).to_be_visible()
    save_button(page, "Kestrel").click()
    expect(page.get_by_role("button", name="Remove Kestrel")).to_be_visible()
    assert kept(page) == [{"slug": "kestrel", "name": "Kestrel"}]


def test_names_from_the_storage_are_text_and_slugs_lead_nowhere_else(running: Running, opened: Opened):
    page = opened().new_page()
    page.goto(f"{running.url}/saved")
    tools = [{"slug": "//elsewhere.example/?a=1#b", "name": "<img src=x onerror=alert(1)>"}]
    page.evaluate("text => localStorage.setItem('saved-tools', text)", json.dumps(tools))
    page.reload()
    link = page.get_by_role("link", name="<img src=x onerror=alert(1)>")
    expect(link).to_have_attribute("href", "/tools/%2F%2Felsewhere.example%2F%3Fa%3D1%23b")
    assert page.locator("main img").count() == 0


def test_a_full_storage_and_a_full_list_are_said(running: Running, opened: Opened):
    page = opened().new_page()
    page.goto(running.url + PAIR)
    keep(page, *(f"tool-{number}" for number in range(200)))
    page.reload()
    save_button(page, "Kestrel").click()
    expect(page.get_by_role("status")).to_have_text("Your list holds 200 tools. Remove some first.")
    assert len(kept(page)) == 200
    page.evaluate("localStorage.clear(); localStorage.setItem('other', 'x'.repeat(5 * 1024 * 1024 - 10))")
    page.reload()
    save_button(page, "Kestrel").click()
    expect(page.get_by_role("status")).to_contain_text("This browser keeps no list for us.")
    expect(save_button(page, "Kestrel")).to_be_visible()


def test_a_browser_that_blocks_storage_gets_whole_pages_that_say_so(running: Running, browser: Browser, tmp_path: Path):
    profile = tmp_path / "Default"
    profile.mkdir()
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Preferences").write_text(json.dumps(blocked))
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=chromium_path(), args=["--no-sandbox"]
    )
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    page.goto(running.url + PAIR)
    thrown = page.evaluate("() => { try { localStorage; return null } catch (error) { return error.name } }")
    assert thrown == "SecurityError"
    expect(page.get_by_text("This browser keeps no list for us.")).to_be_visible()
    save_button(page, "Kestrel").click()
    expect(page.get_by_role("status")).to_contain_text("This browser keeps no list for us.")
    expect(save_button(page, "Kestrel")).to_be_visible()
    _, link = running.newcomer()
    page.goto(link)
    expect(page.get_by_role("heading", name="Saved tools")).to_be_visible()
    context.close()
    assert errors == []


def test_a_signed_link_takes_what_the_browser_kept_into_the_readers_record(running: Running, opened: Opened):
    reader, link = running.newcomer()
    merge_tools(running.app, reader, ["skills"])
    page = opened().new_page()
    page.goto(f"{running.url}/saved")
    keep(page, "kestrel", "plumbline", "no-such-tool")
    page.goto(link)
    for name in ("Kestrel", "Plumbline", "Skills-with-an-exceedingly-long-hyphenated-name (mattergrove)"):
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    assert saved_slugs(running.app, reader) == {"kestrel", "plumbline", "skills"}
    assert kept(page) == []
    page.goto(running.url + PAIR)  # known from now on
    expect(save_button(page, "Kestrel", pressed=True)).to_be_visible()


def test_a_browser_that_kept_nothing_posts_nothing_when_it_opens_a_signed_link(running: Running, opened: Opened):
    _, link = running.newcomer()
    context = opened()
    methods: list[str] = []
    context.on("request", lambda request: methods.append(request.method))
    page = context.new_page()
    page.goto(link)
    page.wait_for_load_state("networkidle")
    assert set(methods) == {"GET"}
    assert context.cookies() == []


def test_what_could_not_be_handed_over_stays_in_the_browser(running: Running, opened: Opened):
    reader, link = running.newcomer()
    context = opened()
    context.route("**/saved/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page = context.new_page()
    page.goto(f"{running.url}/saved")
    keep(page, "kestrel")
    page.goto(link)
    expect(page.get_by_role("status")).to_contain_text("They are still here.")
    assert [tool["slug"] for tool in kept(page)] == ["kestrel"]
    assert saved_slugs(running.app, reader) == frozenset()


def test_a_reader_saves_and_removes_without_scripts(running: Running, opened: Opened):
    reader, link = running.newcomer()
    page = opened(java_script_enabled=False).new_page()
    page.goto(link)
    page.get_by_role("button", name="Remember me here").click()
    expect(page.get_by_role("heading", name="This browser knows you")).to_be_visible()
    page.goto(running.url + PAIR)
    save_button(page, "Kestrel").click()
    expect(page).to_have_url(f"{running.url}{PAIR}#save-kestrel")
    expect(save_button(page, "Kestrel", pressed=True)).to_be_in_viewport()
    assert saved_slugs(running.app, reader) == {"kestrel"}
    page.goto(f"{running.url}/saved")
    page.get_by_role("button", name="Mail me my list").click()
    expect(page.get_by_role("status").first).to_contain_text("It is on its way.")
    page.get_by_role("button", name="Remove Kestrel").click()
    expect(page.get_by_text("No bookmarks yet.")).to_be_visible()
    assert saved_slugs(running.app, reader) == frozenset()


def test_without_scripts_and_link_the_page_says_how_and_the_button_leads_there(running: Running, opened: Opened):
    page = opened(java_script_enabled=False).new_page()
    page.goto(running.url + PAIR)
    page.get_by_role("link", name="Save Kestrel").click()
    expect(page).to_have_url(f"{running.url}/saved")
    expect(page.locator("noscript p")).to_contain_text("Open the link to your saved tools in any issue")
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.get_by_text("No bookmarks yet.")).to_be_hidden()


def test_the_keyboard_saves_removes_and_is_not_lost(running: Running, opened: Opened):
    page = opened().new_page()
    page.goto(running.url + PAIR)
    for name in ("Kestrel", "Plumbline"):
        save_button(page, name).focus()
        page.keyboard.press("Space")
        expect(save_button(page, name, pressed=True)).to_be_focused()
    page.get_by_role("button", name="Remove Plumbline").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Kestrel")).to_be_focused()


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ("<option>Asia/Tokyo</option><option>Europe/Lisbon</option>", "Europe/Lisbon"),
        ("<option selected>Asia/Tokyo</option><option>Europe/Lisbon</option>", "Asia/Tokyo"),
        ("<option>Asia/Tokyo</option>", ""),
    ],
)
def test_the_time_zone_of_the_browser_is_chosen_where_none_is(
    running: Running, opened: Opened, given: str, chosen: str
):
    page = opened(timezone_id="Europe/Lisbon").new_page()
    html = f"""<select data-zone><option value="">Ours</option>{given}</select>
        <script type="module" src="/static/app.js"></script>"""
    page.route("**/zones", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{running.url}/zones")
    expect(page.locator("select")).to_have_value(chosen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_lists_fit_have_room_for_a_finger_and_axe_finds_nothing(
    running: Running, opened: Opened, width: int, scheme: str
):
    reader, link = running.newcomer()
    merge_tools(running.app, reader, ["kestrel", "plumbline", "skills"])
    page = opened(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    for address in (f"{running.url}/saved", f"{running.url}/saved/test", running.url + PAIR, link, f"{link}?mailed=1"):
        for slugs in ((), ("kestrel", "averyveryveryverylongname-withoutanybreakinit-thatmustnotpushthepagewide")):
            page.goto(f"{running.url}/favicon.svg")
            page.evaluate("localStorage.clear()")
            if not address.startswith(link):  # there they would join the list
                keep(page, *slugs)
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            small = page.locator("main button, main .save, main .tap").evaluate_all(
                "all => all.filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)"
            )
            assert small == []
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
