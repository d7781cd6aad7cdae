"""The site in a real browser, against a real server: without scripts, on every width, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from newsletter.app.container import App
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Pricing, Review, Tool, VoteTally
from newsletter.providers.outbox import Outbox
from tests.fakes.house import (
    add_active,
    add_comparison,
    deliver_all_mail,
    publish_week,
)
from tests.fakes.running import listening
from tests.rendering.week import KESTREL, PLUMBLINE

OVERFLOWING = """() => [...document.body.querySelectorAll('*')].filter(e => {
    if (e.closest('.scroll, .trap, .skip-to')) return false
    const box = e.getBoundingClientRect()
    return box.width && (box.right > innerWidth + 0.5 || box.left < -0.5)
  }).concat(document.documentElement.scrollWidth > innerWidth ? [document.body] : [])
  .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 40))"""

SMALL_TARGETS = """() =>
  [...document.querySelectorAll('button, .button, input:not([type=hidden]), nav a, .tap, .links a')].filter(e =>
    !e.closest('.trap') && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80))"""

FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true})
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = rgb => rgb.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const ground = e => {
    for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c }
    return [255, 255, 255, 255]
  }
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let seen = 0
  for (let node; node = walker.nextNode();) {
    const e = node.parentElement
    if (!node.data.trim() || !e.getClientRects().length || e.closest('.trap, .skip-to')) continue
    seen++
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x)
    const contrast = (a + 0.05) / (b + 0.05)
    if (contrast < 4.5) found.push(contrast.toFixed(2) + ' ' + node.data.trim().slice(0, 40))
  }
  return seen ? found : ['there is no text here']
}"""


@dataclass(frozen=True)
class Running:
    """A site that listens on loopback, and a path for each of its pages."""

    app: App
    url: str
    paths: dict[str, str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with listening(tmp_path_factory.mktemp("house")) as (app, url):
        paths = fill(app)
        yield Running(app, url, paths)


def fill(app: App) -> dict[str, str]:
    """An issue, comparisons rich and thin, a mail: the path of each page."""
    reader = add_active(app, "reader@example.net")
    issue = publish_week(app)
    rich = Tool(
        **{name: getattr(PLUMBLINE, name) for name in ("name", "slug", "category", "tagline", "reviews", "panel")},
        url="https://plumbline.example/",
        description="It reads the history of a repository, and names the commit after which modules knew too much.",
        pricing=Pricing("Free", "Free / Open Source (MIT)"),
        community=VoteTally(10, 2),
        best_for="Teams with one large repository",
    )
    thin = Tool(
        "Skills-with-an-exceedingly-long-hyphenated-name (mattergrove)",
        "skills",
        category="Developer Tools",
        panel=PanelVerdict(Label.MIXED, 50),
        reviews=(Review(text="Averyveryveryveryverylongwordwithoutanybreakinitthatmustnotpushthepagewide."),),
    )
    add_comparison(app, Comparison("rich", (rich, KESTREL), published_on=date(2026, 11, 18)))
    add_comparison(app, Comparison("thin", (thin, Tool("Quillon", "quillon", panel=PanelVerdict(Label.SKIP, 25)))))
    assert isinstance(app.provider, Outbox)
    (app.provider.folder / "odd").mkdir(parents=True)
    (app.provider.folder / "odd" / "1.eml").write_bytes(
        b"From: a@example.net\r\nTo: b@example.net\r\nSubject: Hello\r\nContent-Type: text/html\r\n\r\n"
        b"<p id=a>calm</p><script>document.getElementById('a').textContent = 'ran'</script>"
    )
    pending = app.signer.confirmation(reader.id)
    return {
        "home": "/",
        "issues": "/issues",
        "issue": f"/issues/{issue.key}",
        "rich comparison": "/compare/rich",
        "thin comparison": "/compare/thin",
        "subscribed": "/subscribed",
        "welcome": f"/confirm/{pending}",
        "leave": f"/unsubscribe/{app.signer.reader(issue.id, reader.id)}",
        "test mail": "/unsubscribe/test",
        "problem": "/confirm/nonsense",
        "outbox": "/outbox",
        "mail": "/outbox/odd/1.eml",
    }


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False)
    yield context
    context.close()


def test_a_reader_subscribes_confirms_leaves_and_comes_back_without_scripts(
    running: Running, scriptless: BrowserContext
):
    page = scriptless.new_page()
    page.goto(running.url)
    page.get_by_label("Your e-mail address").fill("new@example.net")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_text("If that address can receive our mail, a link is on its way.")).to_be_visible()
    deliver_all_mail(running.app)

    page.get_by_role("link", name="open the outbox").click()
    page.get_by_role("link", name="Confirm your subscription").click()
    expect(page.get_by_text("new@example.net").first).to_be_visible()
    with scriptless.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Confirm my subscription").click()
    tab = opened.value
    assert status_of(running.app) is SubscriberStatus.PENDING
    tab.get_by_role("button", name="Yes, subscribe me").click()
    expect(tab.get_by_role("heading", name="Welcome, you are subscribed")).to_be_visible()
    assert status_of(running.app) is SubscriberStatus.ACTIVE

    found = running.app.store.subscribers.by_address("new@example.net")
    assert found is not None
    tab.goto(f"{running.url}/unsubscribe/{running.app.signer.reader(1, found.id)}")
    assert status_of(running.app) is SubscriberStatus.ACTIVE
    tab.get_by_role("button", name="Unsubscribe").click()
    expect(tab.get_by_role("heading", name="You are out")).to_be_visible()
    assert status_of(running.app) is SubscriberStatus.UNSUBSCRIBED
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_role("heading", name="You are back")).to_be_visible()
    assert status_of(running.app) is SubscriberStatus.ACTIVE


def status_of(app: App) -> SubscriberStatus:
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    return found.status


def test_an_address_that_the_browser_lets_pass_is_told_so_with_the_field_kept(
    running: Running, scriptless: BrowserContext
):
    page = scriptless.new_page()
    page.goto(running.url)
    page.get_by_label("Your e-mail address").fill("someone@localhost")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_text("Not quite:")).to_be_visible()
    expect(page.get_by_label("Your e-mail address")).to_have_value("someone@localhost")


def test_a_form_on_another_site_cannot_subscribe_anybody(running: Running, browser: Browser):
    context = browser.new_context()
    page = context.new_page()
    page.set_content(
        f'<form method="post" action="{running.url}/subscribe"><input name="email" value="victim@example.net">'
        "<button>Go</button></form>"
    )
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", name="This form came from elsewhere")).to_be_visible()
    assert running.app.store.subscribers.by_address("victim@example.net") is None
    context.close()


def test_a_script_in_a_mail_does_not_run_in_its_frame_nor_on_a_page_of_its_own(running: Running, browser: Browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{running.url}/outbox/odd/1.eml")
    expect(page.frame_locator("iframe").locator("#a")).to_have_text("calm")
    page.goto(f"{running.url}/outbox/odd/1.eml/html")
    expect(page.locator("#a")).to_have_text("calm")
    context.close()


@dataclass
class Looks:
    """What was found wrong on each page, by its name."""

    too_wide: dict[str, list[str]]
    too_small: dict[str, list[str]]
    faint: dict[str, list[str]]
    asked: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def looks(running: Running, browser: Browser) -> Looks:
    """Every page, opened once and looked at in every width, light and dark."""
    found = Looks({}, {}, {}, [], [])
    page = browser.new_page()
    page.on("request", lambda request: found.asked.append(request.url))
    page.on("console", lambda message: found.complaints.append(message.text))
    for name, path in running.paths.items():
        page.goto(running.url + path)
        for width in (320, 375, 600, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            found.too_wide[f"{name} at {width}"] = page.evaluate(OVERFLOWING)
            found.too_small[f"{name} at {width}"] = page.evaluate(SMALL_TARGETS)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of the two
            found.faint[f"{name}, {scheme}"] = page.evaluate(FAINT)
    page.close()
    return found


def only_wrong(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: wrong for name, wrong in found.items() if wrong}


def test_no_page_is_wider_than_the_window(looks: Looks, running: Running):
    assert len(looks.too_wide) == 4 * len(running.paths)
    assert only_wrong(looks.too_wide) == {}


def test_everything_to_press_is_at_least_44_px_high(looks: Looks):
    assert only_wrong(looks.too_small) == {}


def test_every_text_stands_out_from_its_ground_in_light_and_dark(looks: Looks):
    assert only_wrong(looks.faint) == {}


def test_the_measures_of_looks_can_fail(running: Running, browser: Browser):
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(f"{running.url}/issues")
    page.evaluate("document.body.style.cssText = 'color: #888888; background: #777777; width: 400px'")
    page.evaluate("document.querySelector('main button').style.cssText = 'min-height: 0; padding: 0'")
    assert all(page.evaluate(measure) for measure in (FAINT, OVERFLOWING, SMALL_TARGETS))
    page.close()


def test_pages_ask_for_nothing_from_anywhere_else_and_keep_to_their_own_policy(looks: Looks, running: Running):
    assert {url.startswith(running.url) for url in looks.asked} == {True}
    expected = ("status of 400", "script", "sandboxed")  # the problem page, and the script in the odd mail
    assert [told for told in looks.complaints if not any(words in told for words in expected)] == []


def test_the_keyboard_reaches_the_form_first_by_the_skip_link_and_focus_is_seen(running: Running, browser: Browser):
    page = browser.new_page()
    page.goto(running.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    field = page.get_by_label("Your e-mail address")
    expect(field).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.close()
