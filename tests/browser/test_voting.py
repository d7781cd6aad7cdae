"""Voting in a real browser, from a real mail: people cast one vote, programs none."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.draft_issue import draft_issue
from newsletter.app.send_issue import freeze_issue
from newsletter.app.tick import tick
from newsletter.app.vote import votes_on
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.comparisons.model import Verdict, VoteTally
from newsletter.providers.outbox import Outbox
from newsletter.rendering.markup import read_html
from tests.fakes.house import add_active, add_comparison
from tests.fakes.running import listening
from tests.rendering.week import full_week

PAIR = "/compare/plumbline-vs-kestrel"
READERS = 12
PRETENDING = """() => {
  const here = document.querySelector('main')
  const all = [
    new PointerEvent('pointerdown', {bubbles: true}), new MouseEvent('mousedown', {bubbles: true}),
    new KeyboardEvent('keydown', {key: 'a', bubbles: true}), new WheelEvent('wheel', {bubbles: true}),
    new TouchEvent('touchstart', {bubbles: true}), new MouseEvent('click', {bubbles: true}),
  ]
  for (const event of all) { here.dispatchEvent(event); document.dispatchEvent(event); window.dispatchEvent(event) }
}"""


@dataclass
class Running:
    """A site that listens on loopback, and a week that was mailed from it; each test takes a reader of its own."""

    app: App
    url: str
    waiting: list[Subscriber] = field(default_factory=list)

    def mail(self) -> tuple[Subscriber, list[str]]:
        """A reader whom nobody met before, and every link of the mail they got, hidden ones too."""
        reader = self.waiting.pop()
        assert isinstance(self.app.provider, Outbox)
        (summary,) = [mail for mail in self.app.provider.list_mails(100) if mail.to == reader.email]
        root = read_html(self.app.provider.read_mail(summary.id).html)
        return reader, [link.attributes["href"] for link in root.walk() if link.attributes.get("href")]

    def vote_of(self, reader: Subscriber) -> Verdict | None:
        return votes_on(self.app, ["kestrel"], reader=reader)["kestrel"].mine

    def readers_say(self) -> VoteTally:
        return votes_on(self.app, ["kestrel"])["kestrel"].tally.readers


def only(links: list[str], part: str) -> str:
    (found,) = [link for link in links if part in link]
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with listening(tmp_path_factory.mktemp("house")) as (app, url):
        readers = [add_active(app, f"reader{number}@example.net") for number in range(READERS)]
        for item in full_week()[:5]:
            add_comparison(app, item.comparison)
        drafted = draft_issue(app).issue
        assert drafted
        approve_issue(app, drafted.key)
        freeze_issue(app, drafted.key)
        deliverer = Deliverer(app, app.owners.enter(), lambda seconds: False)
        while deliverer.step().worked:
            pass
        yield Running(app, url, readers)


Opened = Callable[..., BrowserContext]
_NUMBERS = itertools.count(1)


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """A function (options of a context) → a browser that nobody used before, with a name of its own."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def new(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"user_agent": f"Browser {next(_NUMBERS)}", **options})
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield new
    for context in contexts:
        context.close()
    assert errors == []


def settled(page: Page) -> None:
    """Whatever a page does by itself has been done."""
    page.wait_for_load_state("networkidle")


def test_a_scanner_that_fetches_every_link_of_a_mail_casts_no_vote_and_changes_nothing(
    running: Running, opened: Opened
) -> None:
    reader, links = running.mail()
    before, request = running.readers_say(), opened().request
    for link in links + links[::-1]:
        assert request.get(link).status in (200, 404), link
    tick(running.app)
    assert running.readers_say() == before
    found = running.app.store.subscribers.by_id(reader.id)
    assert found
    assert (found.status, found.paused_until) == (SubscriberStatus.ACTIVE, None)


def test_a_browser_that_opens_every_link_and_makes_up_events_casts_no_vote(running: Running, opened: Opened) -> None:
    _, links = running.mail()
    before, page = running.readers_say(), opened().new_page()
    for link in links:
        if "/v/" in link and ("kestrel" in link or "plumbline" in link):
            page.goto(link)
            page.evaluate(PRETENDING)
            settled(page)
            expect(page.locator("form[data-on-input]")).to_be_attached()
    tick(running.app)
    assert running.readers_say() == before


def test_a_program_that_presses_the_buttons_too_is_undone_once_it_opens_the_hidden_link(
    running: Running, opened: Opened
) -> None:
    reader, links = running.mail()
    before, page = running.readers_say(), opened().new_page()
    page.goto(only(links, "/kestrel/ship"))
    page.evaluate("document.querySelector('form').submit()")
    expect(page.get_by_text("Thank you, your vote counts.")).to_be_visible()
    assert running.vote_of(reader) is Verdict.SHIP
    page.goto(only(links, "/c/"))
    tick(running.app)
    assert running.vote_of(reader) is None
    assert running.readers_say() == before


def test_a_program_that_opened_the_hidden_link_first_casts_nothing_though_it_presses_like_a_person(
    running: Running, opened: Opened
) -> None:
    reader, links = running.mail()
    program = opened(user_agent="The same browser")
    page = program.new_page()
    page.goto(only(links, "/c/"))
    page.goto(only(links, "/kestrel/ship"))
    page.get_by_role("button", name="Yes, I would ship it").click()
    expect(page.get_by_role("heading", name="Your vote does not count yet")).to_be_visible()
    page.goto(only(links, "/kestrel/skip"))
    page.mouse.click(5, 700)
    expect(page.get_by_role("heading", name="Your vote does not count yet")).to_be_visible()
    assert running.vote_of(reader) is None

    person = opened(user_agent="Another browser").new_page()
    person.goto(only(links, "/kestrel/ship"))
    person.get_by_role("button", name="Yes, I would ship it").click()
    expect(person.get_by_text("Thank you, your vote counts.")).to_be_visible()
    assert running.vote_of(reader) is Verdict.SHIP


def _press(page: Page) -> None:
    page.mouse.move(20, 700)
    page.mouse.down()
    page.mouse.up()


def _key(page: Page) -> None:
    page.keyboard.press("Enter")


def _wheel(page: Page) -> None:
    page.mouse.move(20, 300)
    page.mouse.wheel(0, 60)


def _button(page: Page) -> None:
    page.get_by_role("button", name="Yes, I would ship it").click()


@pytest.mark.parametrize("act", [_press, _key, _wheel, _button])
def test_the_first_thing_a_person_does_casts_one_vote(
    running: Running, opened: Opened, act: Callable[[Page], None]
) -> None:
    reader, links = running.mail()
    before, page = running.readers_say(), opened().new_page()
    page.goto(only(links, "/kestrel/ship"))
    settled(page)
    assert running.vote_of(reader) is None
    act(page)
    expect(page.get_by_role("heading", name="You would ship Kestrel")).to_be_visible()
    assert running.vote_of(reader) is Verdict.SHIP
    assert running.readers_say() == VoteTally(before.ship + 1, before.skip)


def test_without_scripts_the_button_casts_it_and_it_is_changed_and_taken_back(running: Running, opened: Opened) -> None:
    reader, links = running.mail()
    page = opened(java_script_enabled=False).new_page()
    page.goto(only(links, "/kestrel/ship"))
    page.get_by_role("button", name="No, I would skip it").click()
    expect(page.get_by_role("heading", name="You would skip Kestrel")).to_be_visible()
    assert running.vote_of(reader) is Verdict.SKIP
    page.get_by_role("button", name="Change it to ship").click()
    assert running.vote_of(reader) is Verdict.SHIP
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="Your vote on Kestrel is taken back")).to_be_visible()
    assert running.vote_of(reader) is None

    page.get_by_role("button", name="I would ship it").click()
    page.get_by_role("link", name="Plumbline vs Kestrel").click()
    expect(page.get_by_role("button", name="Ship Kestrel", pressed=True)).to_be_visible()
    page.get_by_role("button", name="Skip Kestrel", pressed=False).click()
    expect(page).to_have_url(f"{running.url}{PAIR}#vote-kestrel")
    expect(page.locator("#vote-kestrel").get_by_text("You said skip.")).to_be_visible()
    assert running.vote_of(reader) is Verdict.SKIP
    page.get_by_role("button", name="Take back your vote on Kestrel").click()
    assert running.vote_of(reader) is None


def test_somebody_on_the_web_votes_apart_from_the_readers_and_is_thanked(running: Running, opened: Opened) -> None:
    before, page = running.readers_say(), opened(java_script_enabled=False).new_page()
    page.goto(running.url + PAIR)
    page.get_by_role("button", name="Ship Kestrel").click()
    expect(page.get_by_text("Thank you, your vote counts.")).to_be_visible()
    page.get_by_role("link", name="Back to where you were").click()
    expect(page).to_have_url(f"{running.url}{PAIR}#vote-kestrel")
    expect(page.locator("#vote-kestrel").get_by_text("On the web: 1 ship, 0 skip")).to_be_visible()
    assert running.readers_say() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_vote_can_be_used_by_everybody(running: Running, opened: Opened, scheme: str) -> None:
    _, links = running.mail()
    context = opened(color_scheme=scheme)
    page, axe, found = context.new_page(), Axe(), {}
    cast = only(links, "/kestrel/ship")
    for name, path in {
        "ask": cast,
        "counted": f"{running.url}/tools/kestrel/vote",
        "program": f"{running.url}/c/test",
        "test": f"{running.url}/v/test/kestrel/ship",
        "cast": cast,
    }.items():
        page.goto(path)
        if name == "cast":
            page.get_by_role("button", name="Yes, I would ship it").click()
            page.wait_for_load_state()
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            low = page.evaluate(
                "[...document.querySelectorAll('main button, main .tap')]"
                ".filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)"
            )
            assert low == [], name
        found |= {f"{name}: {one['id']}": one["nodes"] for one in axe.run(page).response["violations"]}
    assert found == {}
