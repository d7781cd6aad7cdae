"""The rules for a mail that need eyes: layout, words, contrast and sizes in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import pytest
from playwright.sync_api import Page

from newsletter.rendering.mjml import render_issue, render_notice, split_mail
from newsletter.rendering.personal_mails import render_confirmation
from newsletter.rendering.slots import longest_slots
from tests.rendering.weeks import WEEKS

TESTS = Path(__file__).parents[1]
WIDTHS = (320, 375, 600, 1000)
PageAt = Callable[[str, int, bool], Page]

OVERFLOWING = """() => [...document.body.querySelectorAll('*')]
  .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 0.5 || r.left < -0.5) })
  .concat(document.documentElement.scrollWidth > innerWidth ? [document.documentElement] : [])
  .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 40))"""

TEXTS = """
  const texts = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node; node = walker.nextNode();)
    if (node.data.trim() && node.parentElement.getClientRects().length
        && !['STYLE', 'SCRIPT'].includes(node.parentElement.tagName)) texts.push(node)
"""

SPLIT_WORDS = (
    "() => {"
    + TEXTS
    + r"""
  const split = []
  for (const node of texts) for (const word of node.data.matchAll(/[^\s\-–—\/]+/g)) {
    const range = document.createRange()
    range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length)
    if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) split.push(word[0])
  }
  return split
}"""
)

LOW_CONTRAST = (
    "() => {"
    + TEXTS
    + r"""
  const parse = colour => { const n = colour.match(/[\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1] }
  const light = rgb => rgb.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor)
      if (colour[3] > 0) return colour
    }
    return [255, 255, 255, 1]
  }
  return texts.map(node => {
    const [a, b] = [light(parse(getComputedStyle(node.parentElement).color)), light(behind(node.parentElement))]
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.data.trim().slice(0, 40)]
  }).filter(([ratio]) => ratio < 4.5)
}"""
)

SMALL_TEXTS = (
    "([least, within]) => {"
    + TEXTS
    + """
  return texts.filter(node => node.parentElement.matches(within))
    .filter(node => parseFloat(getComputedStyle(node.parentElement).fontSize) < least)
    .map(node => node.data.trim().slice(0, 40))
}"""
)


def boxes(page: Page, selector: str) -> list[dict[str, Any]]:
    """Position and text of every element that fits, in px."""
    found: list[dict[str, Any]] = page.eval_on_selector_all(
        selector,
        """all => all.map(e => { const r = e.getBoundingClientRect()
          return {left: r.left, top: r.top, width: r.width, height: r.height, text: e.textContent.trim()} })""",
    )
    return found


def without_styles(html: str) -> str:
    """The mail as a client shows it that throws every <style> away."""
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_and_no_word_is_split(page_at: PageAt, html: str, width: int) -> None:
    page = page_at(html, width, False)
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(SPLIT_WORDS) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page_at: PageAt, html: str, dark: bool) -> None:
    page = page_at(html, 600, dark)
    assert page.evaluate(LOW_CONTRAST) == []


def test_the_dark_scheme_turns_the_whole_page_dark(page_at: PageAt, html: str) -> None:
    page = page_at(html, 1000, True)
    colours = page.evaluate(
        "() => ['body', '.bg'].map(s => getComputedStyle(document.querySelector(s)).backgroundColor)"
    )
    assert colours == ["rgb(23, 21, 15)"] * 2


def test_two_columns_at_600_become_one_below_the_other_at_375(page_at: PageAt, html: str) -> None:
    wide, narrow = (boxes(page_at(html, width, False), "h3") for width in (600, 375))
    assert len(wide) == len(narrow) == 10
    for left, right in zip(wide[::2], wide[1::2], strict=True):
        assert abs(left["top"] - right["top"]) < 1
        assert right["left"] > left["left"] + left["width"]
    for first, second in zip(narrow[::2], narrow[1::2], strict=True):
        assert abs(first["left"] - second["left"]) < 1
        assert second["top"] > first["top"] + first["height"]


def test_sides_keep_their_distance_when_stacked(page_at: PageAt, html: str) -> None:
    page = page_at(html, 375, False)
    columns = boxes(page, "td.l, td.r")
    names = boxes(page, "h3")
    for column, name in zip(columns[1::2], names[1::2], strict=True):
        assert name["top"] - column["top"] >= 24


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_is_below_14_px_and_what_is_read_has_16(page_at: PageAt, html: str, width: int) -> None:
    page = page_at(html, width, False)
    assert page.evaluate(SMALL_TEXTS, [14, "*"]) == []
    assert page.evaluate(SMALL_TEXTS, [16, "h1, h2, h3, p:not(.m), .line, .btn a"]) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_thumb_can_hit_every_button_and_every_link_of_the_list(page_at: PageAt, html: str, width: int) -> None:
    page = page_at(html, width, False)
    buttons = boxes(page, ".btn a")
    assert [button["text"] for button in buttons][:2] == [
        "Compare Tallow Notes and Rubber Owl",
        "Compare Plumbline and Kestrel",
    ]
    links = boxes(page, "p > a, td:not(.btn) > a")
    assert len(links) == 10 + 2 * 10 + 4 + 1  # briefs, votes, the foot, the web
    assert [box["text"] for box in buttons + links if box["height"] < 44] == []


@pytest.mark.parametrize("name", [name for name in WEEKS if name != "hostile"])  # its name alone fills a phone
def test_the_first_verdict_stands_within_500_px_on_a_phone(
    page_at: PageAt, environment: jinja2.Environment, week: ModuleType, name: str
) -> None:
    content = replace(WEEKS[name](), intro="")
    mail = render_issue(environment, week.PUBLICATION, content, week.NONCE)
    page = page_at(mail.html, 375, False)
    lean = boxes(page, "p.serif")[0]
    assert lean["text"].startswith(("Panel leans", "No lean"))
    assert lean["top"] + lean["height"] <= 500
    (masthead,) = boxes(page, "td.rule:first-child")
    assert masthead["height"] <= 64


@pytest.mark.parametrize("width", [320, 600])
@pytest.mark.parametrize("name", WEEKS)
def test_every_week_of_the_golden_files_is_sound_on_a_phone_and_wide(
    page_at: PageAt, environment: jinja2.Environment, week: ModuleType, name: str, width: int
) -> None:
    mail = render_issue(environment, week.PUBLICATION, WEEKS[name](), week.NONCE)
    html = split_mail(mail, week.NONCE)[0].fill(longest_slots(week.PUBLICATION.site_url, mail.tools))
    page = page_at(html, width, width == 320)
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(LOW_CONTRAST) == []
    if name not in ("scripts", "hostile"):  # Chinese has no blanks between words, nor has markup
        assert page.evaluate(SPLIT_WORDS) == []


def test_a_tally_is_never_parted(page_at: PageAt, html: str) -> None:
    for width in range(320, 420, 10):
        page = page_at(html, width, False)
        spans = boxes(page, "p.serif > span")
        assert spans
        assert [box["text"] for box in spans if box["height"] > 40] == []


AXE = resources.files("axe_playwright_python") / "axe.min.js"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(page_at: PageAt, html: str, dark: bool) -> None:
    page = page_at(html, 600, dark)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "() => axe.run({rules: {'landmark-one-main': {enabled: false}, region: {enabled: false}}})"
        ".then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))"
    )
    assert found == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_verdict_can_be_read_without_any_style_block(page_at: PageAt, html: str, dark: bool) -> None:
    page = page_at(without_styles(html), 375, dark)
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(SPLIT_WORDS) == []
    assert page.evaluate(LOW_CONTRAST) == []
    marks = [(box["text"], box["height"] > 20) for box in boxes(page, ".ship, .mixed, .skip")]
    assert marks == [(word, True) for word in ("Ship", "Skip", "Ship", "Ship", "Mixed", "Skip", "Ship", "Ship")]


def test_marks_differ_without_colour(page_at: PageAt, html: str) -> None:
    page = page_at(html, 375, False)
    shapes = {
        name: page.eval_on_selector(
            f".{name}",
            "e => { const s = getComputedStyle(e); return [s.borderTopStyle, s.borderLeftWidth, s.backgroundColor] }",
        )
        for name in ("ship", "mixed", "skip")
    }
    assert shapes["ship"][2] != "rgba(0, 0, 0, 0)"
    assert shapes["mixed"] == ["solid", "8px", "rgba(0, 0, 0, 0)"]
    assert shapes["skip"] == ["dashed", "2px", "rgba(0, 0, 0, 0)"]


def test_opening_a_mail_asks_the_network_for_nothing(page_at: PageAt, html: str, requested: list[str]) -> None:
    page_at(html, 600, False).wait_for_load_state("networkidle")
    assert requested == []


def test_the_preheader_is_not_seen(page_at: PageAt, html: str, mail: Any) -> None:
    page = page_at(html, 600, False)
    assert mail.preheader in (page.text_content("body") or "")
    assert mail.preheader not in page.inner_text("body")


@pytest.mark.parametrize("width", [320, 600])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_mails_to_one_person_are_as_sound(
    page_at: PageAt, environment: jinja2.Environment, week: ModuleType, width: int, dark: bool
) -> None:
    confirmation = render_confirmation(
        environment,
        week.PUBLICATION,
        confirm_url="https://verdicts.example.org/confirm/abc",
        asked_at=datetime(2026, 11, 16, 14, 5, tzinfo=UTC),
        days_valid=7,
    )
    notice = render_notice(
        environment,
        week.PUBLICATION,
        subject="Issue 2026-W47 is drafted",
        heading="Issue 2026-W47 is drafted",
        paragraphs=["Five in full, ten in brief.", "Nothing goes out until you approve it."],
        button=("Open the draft", "https://verdicts.example.org/issues/2026-W47"),
    )
    for one in (confirmation, notice):
        page = page_at(one.html, width, dark)
        for check in (OVERFLOWING, SPLIT_WORDS, LOW_CONTRAST):
            assert page.evaluate(check) == []
        assert page.evaluate(SMALL_TEXTS, [14, "*"]) == []
        assert [box["height"] >= 44 for box in boxes(page, ".btn a")] == [True]


@pytest.mark.parametrize("width", WIDTHS)
def test_very_long_names_break_no_layout(
    page_at: PageAt, environment: jinja2.Environment, week: ModuleType, width: int
) -> None:
    long = week.tool("Antidisestablishmentarianism" * 3, "84+ 60-", tagline="x" * 200, category="y" * 90)
    names = week.item(long, week.tool("文字文字文字" * 9, "50-", tagline="文" * 120))
    mail = render_issue(environment, week.PUBLICATION, week.content(names), week.NONCE)
    assert page_at(mail.html, width, False).evaluate(OVERFLOWING) == []


def test_the_checks_themselves_see_what_is_wrong(page_at: PageAt, requested: list[str]) -> None:
    bad = (
        '<body style="margin:0"><p style="width:30px;word-break:break-all">Verdict</p><p style="color:#999999">pale</p>'
        '<p style="font-size:13px">small</p><div style="width:700px">wide</div><img src="https://example.org/x.png">'
    )
    page = page_at(bad, 600, False)
    assert page.evaluate(SPLIT_WORDS) == ["Verdict"]
    assert [text for _, text in page.evaluate(LOW_CONTRAST)] == ["pale"]
    assert page.evaluate(SMALL_TEXTS, [14, "*"]) == ["small"]
    assert "DIV wide" in page.evaluate(OVERFLOWING)
    assert requested == ["https://example.org/x.png"]
