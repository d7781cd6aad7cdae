"""The console in a real browser, over a real server: from the first link to a sent issue, and what is in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from playwright.sync_api import expect

from newsletter.app.approve_issue import approve_issue
from newsletter.app.deliver import Deliverer
from newsletter.app.hold_issue import end_holds
from newsletter.app.sign_in import first_door
from newsletter.issues import IssueStatus
from tests.browser.console.conftest import WORDS, Enter, House
from tests.fakes.house import add_active, add_comparison
from tests.rendering.week import full_week


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
