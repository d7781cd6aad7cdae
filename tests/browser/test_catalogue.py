"""Looking things up in a real browser: without scripts, on every width, light and dark, on paper, with odd content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, expect

from newsletter.app.container import App
from newsletter.comparisons.model import (
    Comparison,
    Label,
    PanelVerdict,
    Pricing,
    Review,
    Tool,
    Verdict,
    VoteTally,
    panel_of_counts,
)
from tests.browser.test_site import FAINT, OVERFLOWING, SMALL_TARGETS, only_wrong
from tests.fakes.house import Clock, add_active, add_comparison, publish_week
from tests.fakes.running import listening
from tests.rendering.week import KESTREL, PLUMBLINE

HOSTILE = "<script>document.title='ran'</script>\"'{{ 7*7 }}<img src=x onerror=\"document.title='ran'\">"
TODAY = date(2026, 11, 19)


@dataclass(frozen=True)
class Running:
    """A site that listens on loopback, and a path for each of its pages."""

    app: App
    url: str
    paths: dict[str, str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    clock = Clock()
    with listening(tmp_path_factory.mktemp("house"), clock) as (app, url):
        paths = fill(app, clock)
        yield Running(app, url, paths)


def fill(app: App, clock: Clock) -> dict[str, str]:
    """Comparisons rich and thin, long, right to left and hostile, a revised one, and two pages of plain ones."""
    add_active(app, "reader@example.net")
    publish_week(app)
    for number in range(30):
        left = Tool(f"Reed {number}", f"reed-{number}", category=f"Topic {number % 14}", panel=panel_of_counts(1, 1))
        right = Tool("Heron", "heron", category="Developer Tools", panel=panel_of_counts(number % 4, 3))
        day = TODAY - timedelta(days=number + 9)
        add_comparison(app, Comparison(f"reed-{number}-vs-heron", (left, right), published_on=day))
    rich = replace(
        PLUMBLINE,
        url="https://plumbline.example/",
        description="It reads the history of a repository, and names the commit.\n\nThen it says who could mend it.",
        community=VoteTally(10, 2),
        best_for="Teams with one large repository",
    )
    was = replace(KESTREL, panel=panel_of_counts(0, 4), reviews=())
    add_comparison(app, Comparison("rich", (rich, was), published_on=TODAY))
    stored = app.store.comparisons.by_slug("rich")
    assert stored is not None
    app.store.comparisons.revise(
        stored, replace(stored.comparison, sides=(rich, KESTREL)), app.now(), "ada@example.com"
    )
    quoted = Tool("Gatepost", "gatepost", panel=PanelVerdict(Label.SHIP, 100), reviews=(Review(text="Said once."),))
    add_comparison(app, Comparison("thin", (quoted, Tool("Quillon", "quillon"))))
    hostile = Tool(
        HOSTILE,
        "hostile",
        category=HOSTILE,
        tagline=HOSTILE,
        description=HOSTILE,
        pricing=Pricing(HOSTILE, HOSTILE),
        best_for=HOSTILE,
        panel=PanelVerdict(Label.SHIP, 100, 1, 0),
        reviews=(Review(HOSTILE, 1, Verdict.SHIP, HOSTILE),),
    )
    add_comparison(app, Comparison("hostile", (hostile, KESTREL)))
    hebrew = Tool(
        "כלי בדיקה מהיר", "rtl", category="כלים", tagline="בודק קוד לפני שהוא נשלח", panel=panel_of_counts(3, 1)
    )
    long = Tool("Skills-with-an-exceedingly-long-hyphenated-name (mattergrove)", "long", category="L" * 60)
    add_comparison(app, Comparison("odd", (hebrew, replace(long, panel=PanelVerdict(Label.MIXED, 50)))))
    return {
        "home": "/",
        "list": "/compare",
        "second page": "/compare?page=2",
        "category": "/compare?category=developer-tools",
        "search": "/compare?q=heron+reed",
        "nothing": "/compare?q=zebra",
        "rich": "/compare/rich",
        "thin": "/compare/thin",
        "hostile": "/compare/hostile",
        "odd": "/compare/odd",
        "tool": "/tools/heron",
        "thin tool": "/tools/quillon",
        "hostile tool": "/tools/hostile",
        "issues": "/issues",
    }


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    yield context
    context.close()


def test_a_reader_searches_chooses_a_category_and_reads_on_without_scripts(
    running: Running, scriptless: BrowserContext
):
    page = scriptless.new_page()
    page.goto(running.url)
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Compare").click()
    page.get_by_role("link", name="Page 2").click()
    expect(page.get_by_text("Page 2 of")).to_be_visible()
    page.get_by_label("Search all comparisons").fill("heron ree")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("30 comparisons")).to_be_visible()
    categories = page.get_by_role("navigation", name="Categories")
    categories.get_by_role("link", name="Topic 1 3").click()
    expect(page.get_by_text("Three comparisons")).to_be_visible()
    expect(page.get_by_label("Search in Topic 1")).to_have_value("heron ree")
    page.get_by_role("link", name="Reed 1 vs Heron").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reed 1 vs Heron")
    expect(page.get_by_text("Which one should you ship with?")).to_be_visible()
    page.get_by_role("heading", name="Heron", level=2).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Heron")
    expect(page.get_by_role("heading", name="30 comparisons")).to_be_visible()


def test_folded_categories_open_by_keyboard_and_without_scripts(running: Running, scriptless: BrowserContext):
    page = scriptless.new_page()
    page.goto(f"{running.url}/compare")
    hidden = page.locator("details a").first
    expect(hidden).not_to_be_visible()
    page.get_by_text("more categories").focus()
    page.keyboard.press("Enter")
    expect(hidden).to_be_visible()


@dataclass
class Looks:
    """What was found wrong on each page, by its name."""

    wrong: dict[str, list[str]]
    axe: dict[str, list[str]]
    titles: list[str]


@pytest.fixture(scope="module")
def looks(running: Running, browser: Browser) -> Looks:
    """Every page, opened once and looked at in every width, light and dark."""
    found = Looks({}, {}, [])
    page = browser.new_page()
    for name, path in running.paths.items():
        page.goto(running.url + path)
        found.titles.append(page.title())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for width in (320, 375, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            found.wrong[f"{name} at {width}"] = page.evaluate(OVERFLOWING) + page.evaluate(SMALL_TARGETS)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of the two
            found.wrong[f"{name}, {scheme}"] = page.evaluate(FAINT)
            violations = Axe().run(page).response["violations"]
            found.axe[f"{name}, {scheme}"] = [
                f"{one['id']}: {node['html'][:120]}" for one in violations for node in one["nodes"]
            ]
    page.close()
    return found


def test_no_page_is_too_wide_too_faint_or_too_small_to_press(looks: Looks, running: Running):
    assert len(looks.wrong) == 6 * len(running.paths)
    assert only_wrong(looks.wrong) == {}


def test_axe_finds_nothing_on_any_page(looks: Looks, running: Running):
    assert len(looks.axe) == 2 * len(running.paths)
    assert only_wrong(looks.axe) == {}


def test_no_text_of_a_comparison_is_run(looks: Looks):
    assert "ran" not in looks.titles


def test_a_printed_comparison_has_all_that_can_be_read_and_nothing_to_press(running: Running, browser: Browser):
    page = browser.new_page(color_scheme="dark")
    page.goto(f"{running.url}/compare/rich")
    page.emulate_media(media="print", color_scheme="dark")
    for text in (
        "Panel leans Plumbline",
        "Code review that reads",
        "The decision",
        "10 ship, 2 skip",
        "Founder",
        "Revisions",
    ):
        expect(page.get_by_text(text).first).to_be_visible()
    pressable = page.locator("nav, form, button, input, .box, .tap, .button")
    assert pressable.count() > 10
    assert [one for one in pressable.all() if one.is_visible()] == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 248, 241)"  # dark costs ink
    assert page.evaluate("getComputedStyle(document.querySelector('.badge.ship')).color") == "rgb(27, 26, 23)"
    page.close()


def test_a_printed_issue_and_tool_have_nothing_to_press_either(running: Running, browser: Browser):
    page = browser.new_page()
    page.emulate_media(media="print")
    for path in ("/tools/heron", "/compare"):
        page.goto(running.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert [one for one in page.locator("nav, form, button, input, .box").all() if one.is_visible()] == []
    page.close()
