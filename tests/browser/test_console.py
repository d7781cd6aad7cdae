"""The console in a real browser, over a real server: from the first link to a sent issue, and what is in the way."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.hold_issue import end_holds
from newsletter.app.sign_in import accept_invitation, first_door, make_invitation
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from newsletter.web.site import create_site
from tests.fakes.furnished import Furnished, doors
from tests.fakes.house import TEMPLATES, Clock, add_active, add_comparison, build_house, draft_week
from tests.rendering.week import full_week

WORDS = "harbour lantern oblique seven"
SCHEMES = [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")]
NO_PAGES = ("/html", "/web", "/text", "/source", "/progress", ".csv", ".json", "/raw", "/export", "/sign-in")
SMALL = """() => [...document.querySelectorAll('button, .button, select, nav a, .tap, .links a, summary,' +
    'input:not([type=hidden], [type=checkbox], [type=radio])')].filter(one => one.checkVisibility() &&
    !one.closest('.skip-to') && one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 90))"""


@dataclass
class House:
    """A newsletter that is served on loopback, with a clock of the test's."""

    app: App
    clock: Clock
    url: str
    server: uvicorn.Server
    stopping: threading.Event
    thread: threading.Thread
    contexts: list[BrowserContext] = field(default_factory=list)

    def stop(self) -> float:
        """Seconds until it ended; called again, at once."""
        began = time.monotonic()
        self.stopping.set()
        self.server.should_exit = True
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()
        return time.monotonic() - began

    def status(self, key: str) -> IssueStatus:
        found = self.app.store.issues.by_key(key)
        assert found is not None
        return found.status

    def session(self, email: str = "ada@example.com", role: Role = Role.OWNER) -> str:
        """The token of a session that has begun."""
        return accept_invitation(self.app, make_invitation(self.app, email, role), "", WORDS)


def serve(folder: Path) -> House:
    listener, clock, stopping = socket.create_server(("127.0.0.1", 0)), Clock(), threading.Event()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = build_house(folder, clock, site_url=url)
    config = uvicorn.Config(
        create_site(app, TEMPLATES, stopping), log_level="warning", access_log=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return House(app, clock, url, server, stopping, thread)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = serve(tmp_path)
    yield found
    for context in found.contexts:
        context.close()
    found.stop()
    found.app.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(house: House, browser: Browser) -> Enter:
    """`enter("ada@example.com", width=375)`: a page of a browser of its own, signed in."""

    def come(email: str = "ada@example.com", *, width: int = 1280, signed_in: bool = True, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=house.url, **options)
        house.contexts.append(context)
        if signed_in:
            context.add_cookies([{"name": "session", "value": house.session(email), "url": house.url}])
        return context.new_page()

    return come


@pytest.fixture
def key(house: House) -> str:
    """A drafted week, and two readers."""
    for name in ("lena", "omar"):
        add_active(house.app, f"{name}@example.org")
    return draft_week(house.app).key


def send_it(house: House) -> None:
    """What the server's ticker and sender do once the hold is over."""
    house.clock.pass_by(seconds=61)
    end_holds(house.app)
    deliverer = Deliverer(house.app, house.app.owners.enter(), lambda seconds: False)
    while deliverer.step().worked:
        pass


def test_from_the_first_link_to_a_sent_issue_without_the_command_line(house: House, enter: Enter) -> None:
    for name in ("lena", "omar"):
        add_active(house.app, f"{name}@example.org")
    for item in full_week():
        add_comparison(house.app, item.comparison)
    link = first_door(house.app)
    assert link is not None
    page = enter(signed_in=False)
    page.goto(link)
    page.get_by_label("Your e-mail address").fill("ada@example.com")
    page.get_by_label("A password of 15 characters or more").fill(WORDS)
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_text("You are in.")).to_be_visible()

    page.get_by_role("link", name="Issues", exact=True).click()
    page.get_by_role("button", name="Draft 2026-W48").click()
    expect(page.get_by_text("Every check passes")).to_be_visible()
    page.get_by_role("button", name="Approve it as it is").click()
    expect(page.get_by_text("Approved, as it is now.")).to_be_visible()
    expect(page.get_by_text("goes to 2 readers through outbox")).to_be_visible()
    page.get_by_label("type the number of readers").fill("2")
    page.get_by_role("button", name="Send to 2 readers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Goes out in")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert house.status("2026-W48") is IssueStatus.HOLDING

    send_it(house)
    expect(page.get_by_role("heading", level=1)).to_have_text("Issue 2026-W48 is sent")
    page.get_by_role("link", name="Open the report").click()
    expect(page.get_by_text("Every one of them is accounted for.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/console")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_within_the_minute_it_is_undone_and_an_open_page_says_so(house: House, enter: Enter, key: str) -> None:
    page = enter()
    approve_issue(house.app, key)
    page.goto(f"/console/issues/{key}/review")
    page.get_by_label("type the number of readers").fill("3")
    page.get_by_role("button", name="Send to").click()
    expect(page.get_by_text("It would go to 2 readers by now, not to 3.")).to_be_visible()
    page.get_by_label("type the number of readers").fill("2")
    page.get_by_role("button", name="Send to").click()
    beside = page.context.new_page()
    beside.goto(page.url)
    page.get_by_role("button", name="Undo").click()
    expect(beside.get_by_role("heading", level=1)).to_have_text(f"Issue {key} is approved")
    house.clock.pass_by(seconds=61)
    assert end_holds(house.app) is None
    assert house.status(key) is IssueStatus.APPROVED


def test_a_draft_that_the_checks_block_is_neither_approved_nor_sent(house: House, enter: Enter) -> None:
    add_active(house.app, "lena@example.org")
    for number, item in enumerate(full_week()):
        bad = replace(item.comparison, url="https://intranet/x") if number == 0 else item.comparison
        add_comparison(house.app, bad)
    page = enter()
    page.goto("/console/issues")
    page.get_by_role("button", name="Draft 2026-W48").click()
    expect(page.locator("#glance")).to_contain_text("blocked by checks")
    expect(page.locator("#checks .block").first).to_contain_text("a host that only this network knows")
    expect(page.get_by_role("button", name="Approve it")).to_be_disabled()
    page.evaluate("document.querySelector('form[action$=approve] button').disabled = false")
    page.get_by_role("button", name="Approve it").click()
    expect(page.get_by_role("alert")).to_contain_text("Checks block this")
    page.goto("/console/issues/2026-W48/review")
    expect(page.get_by_text("only an approved issue can be sent")).to_be_visible()
    expect(page.get_by_role("button", name="Send to")).to_have_count(0)
    assert house.status("2026-W48") is IssueStatus.DRAFT


def test_texts_save_themselves_and_a_second_tab_never_overwrites_the_first(
    house: House, enter: Enter, key: str
) -> None:
    ada, bob = enter(), enter("bob@example.com")
    for page in (ada, bob):
        page.goto(f"/console/issues/{key}")
    ada.get_by_label("Subject", exact=True).fill("What Ada chose to say")
    expect(ada.locator("[data-saved]")).to_have_text("Saved")
    expect(ada.locator("[data-counts=subject]")).to_have_text("21 of 78")
    ada.get_by_label("Subject", exact=True).fill("What Ada chose to say then")
    expect(ada.locator("[data-saved]")).to_have_text("Saved")
    bob.get_by_label("Subject", exact=True).fill("What Bob chose to say")
    expect(bob.locator("[data-saved]")).to_contain_text("ada@example.com changed issue")
    expect(bob.get_by_label("Subject", exact=True)).to_have_value("What Bob chose to say")
    found = house.app.store.issues.by_key(key)
    assert found is not None
    assert found.subject == "What Ada chose to say then"


def test_what_is_typed_is_saved_before_anything_else_that_is_pressed(house: House, enter: Enter, key: str) -> None:
    page = enter()
    page.goto(f"/console/issues/{key}")
    page.get_by_label("Subject", exact=True).fill("Typed and not yet saved")
    page.get_by_role("button", name="Approve it as it is").click()
    expect(page.get_by_text("Approved, as it is now.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Typed and not yet saved")


def test_a_preview_through_a_readers_eyes_survives_a_save_and_no_frame_calls_out(
    house: House, enter: Enter, key: str
) -> None:
    page = enter()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(house.url)))
    page.goto(f"/console/issues/{key}")
    page.get_by_label("As one reader gets it").fill("lena@example.org")
    page.get_by_role("button", name="Show it").click()
    expect(page).to_have_url(f"{house.url}/console/issues/{key}?reader=1#preview")
    page.get_by_label("Intro").fill("A *quiet* week.")
    expect(page.locator("[data-saved]")).to_have_text("Saved")
    expect(page.locator("#preview .note")).to_contain_text("lena@example.org")
    mail = page.frame_locator("iframe").first
    expect(mail.locator("em")).to_have_text("quiet")
    expect(mail.get_by_role("link", name="Unsubscribe or pause")).to_have_attribute(
        "href", f"{house.url}/unsubscribe/test"
    )
    page.get_by_role("link", name="Web version").click()
    web = page.frame_locator("iframe").first
    expect(web.locator("em")).to_have_text("quiet")
    expect(web.locator("h1")).to_have_css("font-weight", "700")
    web.locator("#email").fill("somebody@example.org")
    web.get_by_role("button", name="Subscribe").click()
    expect(page.locator(".views [aria-current]")).to_have_text("Web version")
    assert house.app.store.subscribers.by_address("somebody@example.org") is None
    ours = ("/console/issues/", "/static/", "/favicon.svg")
    assert [one for one in asked if not one.startswith(ours)] == []
    assert not [one for one in asked if "example.org" in one], "no address of a reader in an address"


def test_the_order_is_changed_by_dragging_and_by_keys(house: House, enter: Enter, key: str) -> None:
    page = enter()
    page.goto(f"/console/issues/{key}")
    order = "() => [...document.querySelectorAll('.arranged [data-slug]')].map(one => one.dataset.slug)"
    first, second, *_ = before = page.evaluate(order)
    page.locator(f'[data-slug="{first}"] button[value=down]').press("Enter")
    expect(page.locator("[data-slug]").first).to_have_attribute("data-slug", second)
    expect(page.locator(f'[data-slug="{first}"] button[value=down]')).to_be_focused()
    grips = page.locator(".grip")
    grips.nth(1).scroll_into_view_if_needed()
    held, onto = grips.nth(1).bounding_box(), grips.nth(0).bounding_box()
    assert held
    assert onto
    page.mouse.move(held["x"] + 20, held["y"] + 20)
    page.mouse.down()
    page.mouse.move(onto["x"] + 20, onto["y"] + 2, steps=8)
    with page.expect_response("**/order") as answered:
        page.mouse.up()
    assert answered.value.status == 303
    page.reload()
    assert page.evaluate(order) == before


def test_without_scripts_the_same_way_leads_to_a_send_and_the_page_looks_again(
    house: House, enter: Enter, key: str
) -> None:
    page = enter(java_script_enabled=False)
    page.goto(f"/console/issues/{key}")
    page.get_by_label("Subject", exact=True).fill("Said without scripts")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator('.arranged li:nth-child(2) button[value="up"]').click()
    page.get_by_role("button", name="Approve it as it is").click()
    page.get_by_label("type the number of readers").fill("2")
    page.get_by_role("button", name="Send to").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Goes out in")
    send_it(house)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Issue {key} is sent")


def test_the_keyboard_alone_sends_an_issue(house: House, enter: Enter, key: str) -> None:
    page = enter()
    page.goto("/console")

    def press(role: Any, name: str, exact: bool = False) -> None:
        wanted = page.get_by_role(role, name=name, exact=exact).first
        for _ in range(80):
            if wanted.evaluate("one => one === document.activeElement"):
                break
            page.keyboard.press("Tab")
        expect(wanted).to_be_focused()
        assert wanted.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
        page.keyboard.press("Enter")

    press("link", f"Issue {key} is drafted")
    expect(page.get_by_role("heading", name="Content")).to_be_visible()
    press("link", "Send", exact=True)
    press("button", "Approve it as it is")
    expect(page.get_by_text("To confirm, type")).to_be_visible()
    page.get_by_label("type the number of readers").focus()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Goes out in")
    page.keyboard.press("Enter")  # Undo has the focus
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Issue {key} is approved")


def test_everything_is_paused_from_the_desk_and_resumed_one_by_one(house: House, enter: Enter, key: str) -> None:
    page = enter()
    approve_issue(house.app, key)
    page.goto(f"/console/issues/{key}/review")
    page.get_by_label("type the number of readers").fill("2")
    page.get_by_role("button", name="Send to").click()
    house.clock.pass_by(seconds=61)
    end_holds(house.app)
    page.goto("/console")
    page.get_by_role("button", name="Pause everything").click()
    expect(page.get_by_text("Everything is paused.")).to_be_visible()
    assert house.status(key) is IssueStatus.PAUSED
    page.get_by_role("button", name=f"Resume issue {key}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Issue {key} is sending")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Issue {key} is paused")


def test_an_open_sending_page_does_not_keep_the_server_from_stopping(house: House, enter: Enter, key: str) -> None:
    page = enter()
    approve_issue(house.app, key)
    page.goto(f"/console/issues/{key}/review")
    page.get_by_label("type the number of readers").fill("2")
    with page.expect_request("**/progress"):
        page.get_by_role("button", name="Send to").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Goes out in")
    page.wait_for_timeout(300)
    assert house.stop() < 3


def paths_of(house: House, furnished: Furnished) -> list[str]:
    found = [
        furnished.path(door, token=make_invitation(house.app, "", Role.VIEWER), number=str(furnished.ada.id))
        for door in doors(house.server.config.app, console=True)  # type: ignore[arg-type]  # the site that was given
        if door.method == "GET"
    ]
    return [path for path in found if not path.endswith(NO_PAGES)] + ["/console/sign-in"]


@pytest.mark.parametrize(("width", "scheme"), SCHEMES)
def test_axe_finds_nothing_on_any_page_and_all_of_it_fits_and_can_be_pressed(
    house: House, enter: Enter, width: int, scheme: str
) -> None:
    furnished = Furnished(house.app)
    page = enter(width=width, color_scheme=scheme)
    wrong, looked = {}, 0
    for path in paths_of(house, furnished):
        page.goto(path)
        if page.evaluate("document.contentType") != "text/html":
            continue
        looked += 1
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = [
            f"{one['id']}: {node['html'][:100]}"
            for one in Axe().run(page, options={"iframes": False}).response["violations"]
            for node in one["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("wider than the screen")
        found += page.evaluate(SMALL)
        if found:
            wrong[path] = found
    assert looked >= 8
    assert wrong == {}


def test_on_a_telephone_no_list_hides_its_state_beside_the_screen(house: House, enter: Enter, key: str) -> None:
    add_active(house.app, "reading.list.of.the.platform.team.in.the.second.building@example.net")
    page = enter(width=375)
    for path, state in (("issues", "draft"), ("subscribers", "active"), ("settings", "default")):
        page.goto(f"/console/{path}")
        lists = page.locator(".scroll")
        assert lists.evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)"), path
        box = lists.get_by_text(state, exact=True).first.bounding_box()
        assert box, path
        assert box["x"] + box["width"] <= 375, path
