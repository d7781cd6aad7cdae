"""None"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import ModuleType

import jinja2
import pytest

from newsletter.comparisons.model import Label, PanelVerdict, Pricing
from newsletter.issues import Brand
from newsletter.rendering.lint import lint_mail
from newsletter.rendering.markup import Element, read_html
from newsletter.rendering.mjml import (
    RenderedMail,
    render_correction,
    render_issue,
    split_mail,
)
from newsletter.rendering.slots import reader_slots
from newsletter.selection import Section

SITE, TOKEN = "https://verdicts.example.org", "1.7.abc"
LINK = f"{SITE}/unsubscribe/{TOKEN}"


def text_of(html: str) -> str:
    return " ".join(read_html(html).text.split())


def elements(mail: RenderedMail, tag: str) -> list[Element]:
    return [element for element in read_html(mail.html).walk() if element.tag == tag]


def test_the_mail_of_the_sample_week_breaks_no_rule(mail: RenderedMail, week: ModuleType) -> None:
    findings = lint_mail(
        mail, nonce=week.NONCE, publication=week.PUBLICATION, allow_loopback=False, headers=week.SLOT_HEADERS
    )
    assert findings == []


def test_five_in_full_and_ten_in_brief_stay_under_ninety_thousand_bytes(mail: RenderedMail) -> None:
    assert len(mail.html.encode()) <= 90_000


def test_the_headline_is_the_subject_and_every_comparison_has_a_heading(mail: RenderedMail) -> None:
    assert [one.text for one in elements(mail, "h1")] == [mail.subject]
    assert [one.text for one in elements(mail, "h2")] == [
        "Tallow Notes vs Rubber Owl",
        "Plumbline vs Kestrel",
        "Skills (mattergrove) vs Understudy 3.0 by Halfmoon Instruments",
        "Gatepost vs Quillon",
        "Marlinspike vs Ledgerline",
        "In brief",
    ]


def test_html_and_text_hold_the_same_facts(mail: RenderedMail) -> None:
    for whole in (text_of(mail.html), " ".join(mail.text.split())):
        for fact in (
            "Plumbline vs Kestrel",
            "Panel leans Plumbline: 4–0 against 3–1.",
            "Changed: Rubber Owl, Ship → Skip",
            "Code review that reads the ticket before it reads the patch",
            "Free / Open Source (MIT)",
            "Best for: Teams with one large repository",
            "no procurement",
            "Dissent: Founder, 52 skip",
            "SPLIT",
            "On Marlinspike only: Futurist 88",
            "even",
            "Compare Plumbline and Kestrel",
            "Brief Alder",
            "A quiet week.",
            "You get this because you have been subscribed to Weekly AI Tool Verdicts",
            "four reviewers who each ship or skip",
            "12345 Sampletown",
        ):
            assert fact in whole


def test_the_text_part_reads_like_a_letter(environment: jinja2.Environment, week: ModuleType) -> None:
    content = week.content(week.item(week.PLUMBLINE, week.KESTREL), subject="Plumbline vs Kestrel")
    mail = render_issue(environment, week.PUBLICATION, content, week.NONCE)
    text = split_mail(mail, week.NONCE)[1].fill(reader_slots(SITE, TOKEN, None, mail.tools, {"kestrel"}))
    start = text.index("=" * 72)
    assert (
        text[start : text.index("-" * 72)]
        == f"""\
{"=" * 72}
No. 1: Developer Tools
Plumbline vs Kestrel

Panel leans Plumbline: 4–0 against 3–1.

Plumbline
  [SHIP] 100%, 4 of 4 ship
  Finds the commit that bent your architecture
  Best for: Teams with one large repository
  Price: Free / Open Source (MIT)
  > “The buyer is a team lead with a card and no procurement
  > department.”
  > Founder, 74 ship
  Ship it: https://verdicts.example.org/v/1.7.abc/plumbline/ship
  Skip it: https://verdicts.example.org/v/1.7.abc/plumbline/skip

Kestrel (you saved this)
  [SHIP] 75%, 3 of 4 ship
  Code review that reads the ticket before it reads the patch
  Price: Paid · $18 per seat and month, 14 days free
  > “A business that sells Kestrel to them has until spring before the
  > editor vendors give the same thing away.”
  > Dissent: Founder, 52 skip
  Ship it: https://verdicts.example.org/v/1.7.abc/kestrel/ship
  Skip it: https://verdicts.example.org/v/1.7.abc/kestrel/skip

           Plumbline   Kestrel
Builder    88 ship     84 ship   Plumbline +4
Skeptic    85 ship     78 ship   Plumbline +7
Futurist   81 ship     90 ship   Kestrel +9
Founder    74 ship     52 skip   SPLIT

Compare Plumbline and Kestrel:
https://verdicts.example.org/compare/plumbline-vs-kestrel

"""
    )


def test_lines_of_the_text_part_are_at_most_72_columns_but_for_addresses(mail: RenderedMail) -> None:
    assert [line for line in mail.text.splitlines() if len(line) > 72 and "https://" not in line] == []


def test_no_cell_is_empty_and_nothing_says_none(mail: RenderedMail) -> None:
    cells = [one for one in read_html(mail.html).walk() if one.tag in ("td", "th", "p", "h3", "span")]
    assert [one.place for one in cells if not one.hidden and not one.text.strip()] == []
    for whole in (mail.html, mail.text):
        assert "None" not in whole
        assert "—" not in whole


def test_thin_comparisons_lose_lines_and_not_their_frame(environment: jinja2.Environment, week: ModuleType) -> None:
    labelled = week.tool("Two", panel=PanelVerdict(Label.MIXED), pricing=Pricing("Free"))
    shared = week.tool("Three", panel=PanelVerdict(Label.SKIP, 20))
    content = week.content(
        week.item(week.tool("One"), labelled),
        week.item(shared, week.tool("One"), Section.BRIEF),
        week.item(labelled, week.tool("One"), Section.BRIEF),
    )
    mail = render_issue(environment, week.PUBLICATION, content, week.NONCE)
    assert "One vs Two Mixed" not in text_of(mail.html)
    html, text = (part.fill(reader_slots(SITE, TOKEN, None, mail.tools)) for part in split_mail(mail, week.NONCE))
    assert "Three ○ Skip 20% vs One" in text_of(html)
    assert "Two ◐ Mixed vs OneYou get this" in text_of(html)
    assert "[SKIP] 20% Three vs\nOne\n" in text
    assert [one.attributes for one in elements(mail, "table") if one.attributes.get("role") != "presentation"] == []
    assert elements(mail, "blockquote") == []


def test_scores_without_names_stand_under_their_tool_and_invent_no_reviewer(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    one = week.tool("One", reviews=week.reviews("One", "80+ 70-"))
    anonymous = week.tool("Two", reviews=tuple(_nameless(week)))
    mail = render_issue(environment, week.PUBLICATION, week.content(week.item(one, anonymous)), week.NONCE)
    for whole in (text_of(mail.html), mail.text):
        assert "On One only: Builder 80" in whole
        assert "Two, reviewers not named: 55" in whole


def _nameless(week: ModuleType) -> list[object]:
    return [type(review)(None, review.score, review.verdict) for review in week.reviews("Two", "55+")]


def test_a_long_name_stacks_the_scorecard(mail: RenderedMail) -> None:
    heads = [[th.text for th in table.walk() if th.tag == "th"] for table in elements(mail, "table")]
    assert ["Plumbline", "Kestrel", "Builder", "Skeptic", "Futurist", "Founder"] in heads
    assert any(
        row[:3] == ["Builder", "Skills (mattergrove)", "Understudy 3.0 by Halfmoon Instruments"] for row in heads
    )


def test_a_test_mail_says_so_first_and_in_the_subject(environment: jinja2.Environment, week: ModuleType) -> None:
    content = week.content(*week.full_week())
    mail = render_issue(environment, week.PUBLICATION, content, week.NONCE, test_code="K3QX7A")
    sentence = "This is a test of issue 2026-W47. If it looks right, approve it with code K3QX7A."
    assert mail.subject == f"[Test] {content.subject}"
    assert text_of(mail.html).startswith(sentence)
    assert mail.text.replace("\n", " ").startswith(sentence)
    assert elements(mail, "h1")[0].text == content.subject


def test_splitting_finds_the_unsubscribe_link_in_both_parts(mail: RenderedMail, week: ModuleType) -> None:
    html, text = split_mail(mail, week.NONCE)
    assert set(html.slots) == set(text.slots) == mail.slots
    values = reader_slots(SITE, TOKEN, date(2026, 3, 14), mail.tools)
    assert html.fill(values).count(f'href="{LINK}"') == 1
    assert text.fill(values).count(LINK) == 1
    assert "__nl" not in html.fill(values) + text.fill(values)


def test_the_footer_says_since_when_this_reader_gets_it(mail: RenderedMail, week: ModuleType) -> None:
    html, text = split_mail(mail, week.NONCE)
    said = "You get this because you have been subscribed to Weekly AI Tool Verdicts since 14 March 2026."
    values = reader_slots(SITE, TOKEN, date(2026, 3, 14), mail.tools)
    assert said in text_of(html.fill(values))
    assert said in " ".join(text.fill(values).split())
    assert "since the day you confirmed." in text.fill(reader_slots(SITE, TOKEN, None, mail.tools))


def test_every_tool_of_a_full_comparison_can_be_voted_on_in_both_parts(mail: RenderedMail, week: ModuleType) -> None:
    html, text = (part.fill(reader_slots(SITE, TOKEN, None, mail.tools)) for part in split_mail(mail, week.NONCE))
    shown = [
        (link.attributes["href"], link.attributes["aria-label"])
        for link in read_html(html).walk()
        if link.tag == "a" and "/v/" in link.attributes["href"]
    ]
    tools = [side for one in week.full_week() for side in one.comparison.sides if one.section is not Section.BRIEF]
    assert sorted(shown) == sorted(
        (f"{SITE}/v/{TOKEN}/{tool.slug}/{choice}", f"{choice.capitalize()} it: {tool.name}")
        for tool in tools
        for choice in ("ship", "skip")
    )
    assert all(f" it: {url}\n" in text for url, _ in shown)


def test_a_slug_of_any_script_is_encoded_in_its_links(environment: jinja2.Environment, week: ModuleType) -> None:
    content = week.content(week.item(week.tool("小狐", "+ + + +"), week.KESTREL))
    mail = render_issue(environment, week.PUBLICATION, content, week.NONCE)
    html, text = (part.fill(reader_slots(SITE, TOKEN, None, mail.tools)) for part in split_mail(mail, week.NONCE))
    hrefs = [link.attributes.get("href") for link in read_html(html).walk()]
    assert f"{SITE}/v/{TOKEN}/%E5%B0%8F%E7%8B%90/ship" in hrefs
    assert f"Ship it: {SITE}/v/{TOKEN}/%E5%B0%8F%E7%8B%90/ship\n" in text


def test_a_tool_that_the_reader_saved_says_so_wherever_it_stands_and_no_other_does(
    mail: RenderedMail, week: ModuleType
) -> None:
    values = reader_slots(SITE, TOKEN, None, mail.tools, {"kestrel", "brief-birch"})
    html, text = (part.fill(values) for part in split_mail(mail, week.NONCE))
    for part in (text_of(html), text):
        assert part.count("(you saved this)") == 2
        assert "Kestrel (you saved this)" in part
        assert "Brief Birch (you saved this)" in part
    nothing = reader_slots(SITE, TOKEN, None, mail.tools)
    html, text = (part.fill(nothing) for part in split_mail(mail, week.NONCE))
    assert "saved this" not in html + text
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_one_link_is_there_for_programs_only_and_the_text_part_has_none(mail: RenderedMail, week: ModuleType) -> None:
    html, text = (part.fill(reader_slots(SITE, TOKEN, None, mail.tools)) for part in split_mail(mail, week.NONCE))
    (canary,) = [link for link in read_html(html).walk() if "/c/" in link.attributes.get("href", "")]
    assert canary.attributes["href"] == f"{SITE}/c/{TOKEN}"
    assert canary.hidden
    assert (canary.attributes["aria-hidden"], canary.attributes["tabindex"]) == ("true", "-1")
    assert "/c/" not in text


def test_the_footer_leads_to_preferences_and_to_what_the_reader_saved(mail: RenderedMail, week: ModuleType) -> None:
    html, text = (part.fill(reader_slots(SITE, TOKEN, None, mail.tools)) for part in split_mail(mail, week.NONCE))
    for where in ("preferences", "saved"):
        assert f'href="{SITE}/{where}/{TOKEN}"' in html
        assert f"{SITE}/{where}/{TOKEN}\n" in text


def test_the_brand_dresses_the_mail_in_both_schemes_and_shows_its_logo(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    brand = Brand("#0B1F3A", "#E8EEF7", "#0A5C5C", "#7FE0E0", "https://verdicts.example.org/logo.png", 96)
    publication = replace(week.PUBLICATION, brand=brand)
    mail = render_issue(environment, publication, week.content(*week.full_week()), week.NONCE)
    plain = Brand()
    for colour in (plain.ink, plain.ink_dark, plain.accent, plain.accent_dark):
        assert colour not in mail.html
    (logo,) = elements(mail, "img")
    assert (logo.attributes["src"], logo.attributes["alt"]) == ("https://verdicts.example.org/logo.png", "")
    assert (logo.attributes["width"], logo.attributes["height"]) == ("96", "32")
    findings = lint_mail(
        mail, nonce=week.NONCE, publication=publication, allow_loopback=False, headers=week.SLOT_HEADERS
    )
    assert findings == []


def test_outlooks_comments_are_merged_and_stay_balanced(mail: RenderedMail) -> None:
    assert not re.search(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>", mail.html)
    depth = 0
    for found in re.finditer(r"<!--\[if[^\]]*\]>(?P<bare><!-->)?|(?:<!--)?<!\[endif\]-->", mail.html):
        depth += 1 if found[0].startswith("<!--[if") else -1
        assert depth in (0, 1)
    assert depth == 0


def test_outlook_sees_every_table_cell_closed(mail: RenderedMail) -> None:
    unwrapped = re.sub(r"<!--\[if mso \| IE\]>|<!\[endif\]-->", "", mail.html)
    for tag in ("table", "tr", "td"):
        assert len(re.findall(rf"<{tag}[\s>]", unwrapped)) == unwrapped.count(f"</{tag}>")


def test_rendering_twice_gives_the_same_bytes(
    environment: jinja2.Environment, mail: RenderedMail, week: ModuleType
) -> None:
    content = week.content(*week.full_week(), intro="A quiet week.\n\nReply if we got one wrong.")
    assert render_issue(environment, week.PUBLICATION, content, week.NONCE) == mail


@pytest.mark.parametrize("nonce", ["", "abc", "5EED0123", "5eed012g", "5eed0123 "])
def test_a_nonce_that_is_not_hex_is_refused(environment: jinja2.Environment, week: ModuleType, nonce: str) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        render_issue(environment, week.PUBLICATION, week.content(), nonce)


def test_a_correction_leads_to_preferences_and_has_nothing_to_vote_on(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    mail = render_correction(
        environment,
        week.PUBLICATION,
        replace(week.content(), subject="A correction", intro=""),
        original=week.content(*week.full_week()),
        text="It costs $9.",
        reason="We were wrong.",
        nonce=week.NONCE,
    )
    for part in split_mail(mail, week.NONCE):
        filled = part.fill(reader_slots(SITE, TOKEN, None))
        assert f"{SITE}/preferences/{TOKEN}" in filled
        assert LINK in filled
        assert not re.search(r"/v/|/c/|saved this|__nl", filled)
