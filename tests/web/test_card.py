"""The social card: a picture that says what the page says, whatever the names are."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from newsletter.app.container import App
from newsletter.comparisons.model import Label
from newsletter.issues import Brand
from newsletter.web import lettering
from newsletter.web.card import Card, CardSide, draw_card
from newsletter.web.lettering import SANS, SANS_BOLD, SERIF, draw_line, fit, width_of
from tests.fakes.house import add_active, add_comparison, draft_week, publish_week
from tests.rendering.week import full_week

COMPARISON = Card(
    "Weekly AI Tool Verdicts",
    "Operations",
    "18 November 2026",
    "Corvidex vs Mossgate",
    "Panel leans Corvidex: 3–0 against 2–2.",
    "",
    (CardSide("Corvidex", Label.SHIP, 100, True), CardSide("Mossgate", Label.MIXED, 50, False)),
)
ISSUE = Card(
    "Weekly AI Tool Verdicts",
    "Issue 2026-W48",
    "23 November 2026",
    "",
    "Thrumline: three say ship, one says skip",
    "17 tools, 9 Ships, 7 Mixed, 1 Skip, 5 dissents.",
    rows=("Corvidex vs Mossgate", "Pocket Heron vs Yarrowcheck", "Rubber Owl vs Tallow Notes"),
)
NAMES = {
    "long": "The Extraordinarily Thorough Repository Cartographer and Migration Planner for Distributed Teams",
    "unbroken": "Donaudampfschifffahrtsgesellschaftskapitaen" * 4,
    "chinese": "智能代码审查助手专业版" * 6,
    "japanese": "コードレビュー・アシスタント、夜間版",
    "hebrew": "עורך הקוד החכם",
    "arabic": "مساعد المراجعة",
    "greek and cyrillic": "Ορίζων Горизонт Škoda Łódź",
    "stacked marks": "Z" + "\u0351\u0357\u035b" * 60 + "algo",
    "emoji": "🚀👩‍👩‍👧‍👦 Rocket",
    "hostile": "<script>\x00\u202e\ud800\nDROP TABLE;--" * 5,
    "endless": "word " * 20_000,
    "empty": "",
}


def named(name: str) -> list[Card]:
    sides = (CardSide(name, Label.SKIP, 0, False), CardSide(name, None, None, True))
    lean = f"Panel leans {name}: 3–0 against 2–2."
    return [
        replace(COMPARISON, newsletter=name, mark=name, title=f"{name} vs {name}", headline=lean, sides=sides),
        replace(ISSUE, newsletter=name, headline=name, lead=name, rows=(f"{name} vs {name}",)),
    ]


def opened(png: bytes) -> Image.Image:
    picture = Image.open(BytesIO(png))
    assert picture.format == "PNG"
    return picture.convert("RGB")


def ink(picture: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of all that is not paper."""
    found = ImageChops.difference(picture, Image.new("RGB", picture.size, "#FBF8F1")).getbbox()
    assert found is not None
    return found


@pytest.mark.parametrize("card", [COMPARISON, ISSUE])
def test_a_card_is_a_picture_of_1200_by_630_that_is_drawn_the_same_again(card: Card):
    png = draw_card(card)
    draw_card.cache_clear()
    assert draw_card(card) == png
    assert opened(png).size == (1200, 630)
    assert len(png) < 100_000


@pytest.mark.parametrize(
    "other",
    [
        replace(COMPARISON, headline="No lean: both 100%. Choose by job."),
        replace(COMPARISON, sides=(COMPARISON.sides[0], replace(COMPARISON.sides[1], share=51))),
        replace(COMPARISON, sides=(COMPARISON.sides[0], replace(COMPARISON.sides[1], label=Label.SKIP))),
        replace(COMPARISON, sides=(COMPARISON.sides[0], replace(COMPARISON.sides[1], leads=True))),
        replace(COMPARISON, newsletter="Another"),
        replace(COMPARISON, mark=""),
        replace(COMPARISON, day=""),
        replace(COMPARISON, brand=Brand(accent="#123456")),
    ],
)
def test_other_facts_make_another_picture(other: Card):
    assert draw_card(other) != draw_card(COMPARISON)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_name_crashes_a_card_or_reaches_into_its_margin(name: str):
    for card in named(name):
        left, top, right, bottom = ink(opened(draw_card(card)))
        assert left >= 60
        assert top >= 36
        assert right <= 1140
        assert bottom <= 594


def test_a_card_wears_the_colours_of_the_brand():
    colours = opened(draw_card(replace(COMPARISON, brand=Brand(ink="#00007F", accent="#7F007F")))).getcolors(100_000)
    shown = {colour for _, colour in colours or []}
    assert {(0, 0, 0x7F), (0x7F, 0, 0x7F), (0x0B, 0x6B, 0x3A)} <= shown
    assert (0x1B, 0x1A, 0x17) not in shown


def test_a_text_is_made_smaller_before_it_is_cut_and_is_cut_at_a_word():
    text = "Corvidex reads every log before it wakes anybody at night"
    assert fit(text, SANS, (40, 20), 600, 1) == lettering.Fitted((text,), 20)
    cut = fit(text, SANS, (40,), 400, 1).lines[0]
    assert cut.endswith("…")
    assert text.startswith(cut[:-1] + " ")
    assert width_of(cut, SANS, 40) <= 400


def test_lines_are_evened_out_so_that_no_word_is_left_alone():
    lines = fit("Panel leans Corvidex: three against two.", SERIF, (60,), 900, 2).lines
    assert len(lines) == 2
    assert width_of(lines[1], SERIF, 60) > 200


def test_a_word_without_end_is_cut_and_chinese_breaks_between_characters():
    assert fit("x" * 300, SANS, (40,), 300, 2).lines[0].endswith("…")
    assert fit("智能代码审查助手", SANS, (40,), 170, 3).lines[0] in "智能代码审查助手"
    assert len(fit("智能代码审查助手", SANS, (40,), 170, 3).lines) > 1


def test_a_letter_comes_from_the_first_font_that_has_it():
    assert lettering._face_of("a", SERIF) == SERIF
    assert lettering._face_of("ő", SERIF) == "Gelasio-LatinExt"
    assert lettering._face_of("ő", SANS_BOLD) == "NotoSans-LatinExt"
    assert lettering._face_of("Ж", SERIF) == "NotoSans-Cyrillic"
    assert lettering._face_of("→", SERIF) == "NotoSansMath-Signs"
    assert lettering._face_of("\U0010fffd", SERIF) == SERIF


def test_without_fonts_of_the_system_other_scripts_are_boxes(monkeypatch):
    monkeypatch.setattr(lettering, "_SYSTEM", ("no-such-font.ttf",))
    lettering._face_of.cache_clear()
    try:
        assert lettering._face_of("智", SERIF) == SERIF
        assert width_of("智", SERIF, 40) > 0
    finally:
        lettering._face_of.cache_clear()


def test_right_to_left_words_are_turned_round_and_others_stay():
    assert lettering._visual("Editor אבג דה 12") == "Editor הד גבא 12"


def test_a_line_ends_where_its_width_says():
    from PIL import ImageDraw

    draw = ImageDraw.Draw(Image.new("RGB", (400, 80)))
    assert draw_line(draw, (10, 50), "Škoda →", SANS, 30, "#FFFFFF") == 10 + width_of("Škoda →", SANS, 30)


def tags(page: str) -> list[str]:
    return [line for line in page.splitlines() if "og:image" in line or "twitter:card" in line]


def test_an_issue_names_its_card_by_its_whole_address(open_site):
    visitor = open_site(site_url="https://verdicts.example.org/weekly")
    add_active(visitor.app, "reader@example.net")
    issue = publish_week(visitor.app)
    page = visitor.get(f"/issues/{issue.key}").text
    address = f"https://verdicts.example.org/weekly/issues/{issue.key}/card.png"
    assert f'<meta property="og:image" content="{address}">' in page
    assert '<meta property="og:image:width" content="1200">' in page
    assert '<meta property="og:image:height" content="630">' in page
    assert f'<meta property="og:image:alt" content="{issue.subject}' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    assert 'content="https://verdicts.example.org/weekly/card.png"' in visitor.get("/issues").text
    picture = visitor.get(f"/issues/{issue.key}/card.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "public, max-age=3600"
    assert opened(picture.content).size == (1200, 630)


def test_a_comparison_names_its_card_and_says_it_in_words(visitor, app: App):
    comparison = full_week()[0].comparison
    add_comparison(app, comparison)
    page = visitor.get(f"/compare/{comparison.slug}").text
    assert f'content="http://localhost:8000/compare/{comparison.slug}/card.png"' in page
    assert f'<meta property="og:image:alt" content="{comparison.title} · ' in page
    assert len(tags(page)) == 6
    assert opened(visitor.get(f"/compare/{comparison.slug}/card.png").content).size == (1200, 630)


def test_what_has_no_page_has_no_card(visitor, app: App):
    add_active(app, "reader@example.net")
    hidden = draft_week(app).key
    for path in (f"/issues/{hidden}/card.png", "/issues/2026-W01/card.png", "/compare/nowhere-vs-nothing/card.png"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
