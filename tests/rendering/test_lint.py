"""Each static rule catches its breach in a mail that is sound but for it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from newsletter.rendering.lint import Finding, Severity, lint_mail
from newsletter.rendering.lint_page import address_fault
from newsletter.rendering.mjml import RenderedMail

NONCE = "5eed0123abcd"
LEAVE = f"__nl{NONCE}_unsubscribe_url__"
HEADERS = {"list-unsubscribe": f"<{LEAVE}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
PREHEADER = "A second fact, long enough to stand in an inbox line."
MJML = '<mjml lang="en"><mj-body><mj-section padding="0px"><mj-text>Hi</mj-text></mj-section></mj-body></mjml>'
HTML = f"""<!doctype html><html lang="en" dir="ltr"><head><title>Subject</title>
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<style>.a {{ color: #112233 }}
@media (prefers-color-scheme:dark){{ .bg, .in > td {{ background: #000000 !important }} }}</style>
</head><body><div style="display:none">{PREHEADER}</div><div class="bg" style="background-color:#FFFFFF">
<h1>Headline</h1><h2>Below it</h2>
<table role="presentation"><tr><td>x</td></tr></table>
<table><tr><th scope="col">Name</th></tr></table>
<a href="https://a.example.org/x">Compare A and B</a> <a href="{LEAVE}">Unsubscribe</a>
<a href="mailto:we@a.example">We</a>
<p style="font-size:14px">Press, Street 1</p></div></body></html>"""
TEXT = f"Compare A and B:\nhttps://a.example.org/x\nUnsubscribe:\n{LEAVE}\nPress, Street 1\n"
SOUND = RenderedMail("Subject", PREHEADER, HTML, TEXT, MJML)


@pytest.fixture
def check(week: ModuleType) -> Any:
    def lint(mail: RenderedMail = SOUND, *, postal: str = "Press, Street 1", **changes: Any) -> list[Finding]:
        publication = replace(week.PUBLICATION, postal_address=postal)
        facts: dict[str, Any] = {"nonce": NONCE, "allow_loopback": False, "headers": HEADERS, **changes}
        return lint_mail(mail, publication=publication, **facts)

    return lint


def html(old: str, new: str) -> RenderedMail:
    assert old in HTML
    return replace(SOUND, html=HTML.replace(old, new))


def mjml(old: str, new: str) -> RenderedMail:
    assert old in MJML
    return replace(SOUND, mjml=MJML.replace(old, new))


def test_the_sound_mail_is_clean(check: Any) -> None:
    assert check() == []


HEAD2 = "<h2>Below it</h2>"
BREACHES = [
    (1, "block", html(HEAD2, "<mj-foo>x</mj-foo>"), "reached the HTML"),
    (1, "block", mjml("mj-text", "mj-foo"), "list of those that are safe"),
    (1, "block", mjml('lang="en"', 'owa="desktop"'), "ignores the attribute 'owa'"),
    (1, "block", mjml("</mj-text>", ""), "not well-formed"),
    (2, "block", mjml("<mj-body>", "<mj-body/><mj-body>"), "2 mj-body"),
    (2, "block", mjml('<mj-section padding="0px"><mj-text>Hi</mj-text></mj-section>', ""), "empty"),
    (3, "block", mjml('"0px"', '"0 24px"'), "without unit"),
    (3, "block", mjml('padding="0px"', 'padding-left="0"'), "without unit"),
    (4, "warn", html("#FFFFFF", "#FFF"), "#FFF has not six"),
    (4, "warn", html("color: #112233", "color:#12345678"), "#12345678 has not six"),
    (4, "warn", html('class="bg"', 'class="bg" bgcolor="#abc"'), "#abc has not six"),
    (5, "block", mjml('"0px"', '"0px\n0px"'), r"'\n'"),
    (5, "block", mjml("Hi", '<a title="é">x</a>'), r"'\xe9'"),
    (5, "block", mjml("Hi", '<a title="a\\b">x</a>'), "'\\\\'"),
    (5, "block", mjml('"0px"', "'0px'"), "single quotes"),
    (6, "warn", html("Headline", "x" * 90_000), "bytes"),
    (6, "block", html("Headline", "x" * 100_000), "bytes"),
    (7, "block", html(' lang="en"', ""), "no lang"),
    (7, "block", html(' dir="ltr"', ""), "no dir"),
    (7, "block", html("<title>Subject</title>", "<title> </title>"), "no title"),
    (8, "warn", replace(html(PREHEADER, "x" * 39), preheader="x" * 39), "has 39 characters"),
    (8, "warn", replace(html(PREHEADER, "x" * 111), preheader="x" * 111), "has 111 characters"),
    (8, "warn", html(f'<div style="display:none">{PREHEADER}</div>', ""), "not at the top"),
    (8, "warn", html("display:none", "display:none;font-size:1px"), "1 px"),
    (8, "warn", mjml("<mj-body>", "<mj-preview>x</mj-preview><mj-body>"), "mj-preview"),
    (9, "block", html(HEAD2, '<img src="https://a.example/i" width="9">'), "without alt"),
    (9, "warn", html(HEAD2, '<img src="https://a.example/i" alt="">'), "without width"),
    (9, "block", html(HEAD2, '<img src="http://a.example/i" alt="" width="9">'), "is not https"),
    (10, "block", html('href="https://a.example.org/x"', 'href="#"'), "'#'"),
    (10, "block", html('href="https://a.example.org/x"', 'href=""'), "holds characters"),
    (10, "block", html('href="https://a.example.org/x"', ""), "holds characters"),
    (10, "block", html('href="https://a.example.org/x"', 'href="javascript:alert(1)"'), "not a full https"),
    (10, "block", html(HEAD2, f'<a href="https://evil.test/?{LEAVE}\\">x</a>'), "holds characters"),
    (10, "block", html(HEAD2, '<a href="mailto:nobody">x</a>'), "not a full https"),
    (11, "block", html(' role="presentation"', ""), "without role"),
    (11, "block", html(' scope="col"', ""), "does not say what it heads"),
    (11, "block", html('<th scope="col">Name</th>', "<td>Name</td>"), "without role"),
    (12, "block", html("<h1>Headline</h1>", "<p>Headline</p>"), "0 h1"),
    (12, "block", html(HEAD2, "<h1>Another</h1>"), "2 h1"),
    (12, "warn", html(HEAD2, "<h3>Too deep</h3>"), "h3 follows h1"),
    (14, "warn", html("font-size:14px", "font-size:13px"), "13 px"),
    (14, "block", html("font-size:14px", "font-size:12.5px"), "12.5 px"),
    (14, "block", html("<td>x</td>", '<td style="font-size:0px">x</td>'), "0 px"),
    (15, "warn", html("Compare A and B</a>", "Click here!</a>"), "'Click here!'"),
    (15, "block", html("Compare A and B</a>", "</a>"), "without words"),
    (17, "block", html('name="color-scheme"', 'name="x"'), "meta color-scheme"),
    (17, "block", html('name="supported-color-schemes"', 'name="x"'), "meta supported-color-schemes"),
    (17, "block", html(".bg, ", ""), "stays as it is"),
    (17, "block", html("<td>x</td>", '<td bgcolor="#000000">x</td>'), "stays as it is"),
    (18, "block", html(HEAD2, "<script>x</script>"), "<script>"),
    (18, "block", html(HEAD2, "<form></form>"), "<form>"),
    (18, "block", html("<title>", '<link rel="stylesheet"><title>'), "<link>"),
    (18, "block", html("<h1>", '<h1 onclick="x">'), "onclick"),
    (18, "block", html("<h1>", '<h1 style="color:red;background-image:url(x)">'), "loads something"),
    (18, "block", html(".a {", "@import 'x'; .a {"), "from elsewhere"),
    (18, "block", html(".a {", "@font-face {src: x} .a {"), "from elsewhere"),
    (19, "block", html(f'<a href="{LEAVE}">Unsubscribe</a>', ""), "No link to unsubscribe"),
    (19, "block", html('href="' + LEAVE, 'style="display:none" href="' + LEAVE), "No link to unsubscribe"),
    (19, "block", replace(SOUND, text=TEXT.replace(LEAVE, "")), "no link to unsubscribe"),
    (19, "block", replace(SOUND, text=TEXT.replace("https://a.example.org/x", "")), "lacks the link https://a.ex"),
    (19, "block", html("Press, Street 1", "Press"), "lacks 'Press, Street 1'"),
    (19, "block", replace(SOUND, text=TEXT.replace("Street", "")), "lacks 'Press, Street 1'"),
]


@pytest.mark.parametrize(("rule", "severity", "mail", "message"), BREACHES)
def test_a_breach_is_found_with_its_rule_its_weight_and_a_way_out(
    check: Any, rule: int, severity: str, mail: RenderedMail, message: str
) -> None:
    found = [finding for finding in check(mail) if finding.rule == rule and message in finding.message]
    assert [finding.severity for finding in found] == [Severity(severity)]
    assert found[0].place
    assert found[0].fix


def test_a_link_for_programs_needs_no_words_and_no_twin_in_the_text_but_a_sound_address(check: Any) -> None:
    hidden = '<a style="display:none" href="{}"></a>'
    assert check(html(HEAD2, HEAD2 + hidden.format("https://a.example.org/c/1"))) == []
    (found,) = check(html(HEAD2, HEAD2 + hidden.format("http://a.example.org/c/1")))
    assert found.rule == 10


def test_a_link_to_preferences_is_no_link_to_unsubscribe(check: Any) -> None:
    other = f"__nl{NONCE}_preferences_url__"
    found = check(replace(SOUND, html=HTML.replace(LEAVE, other), text=TEXT.replace(LEAVE, other)))
    assert [finding.place for finding in found] == ["html", "text"]
    assert {finding.rule for finding in found} == {19}


def test_the_size_is_that_of_the_longest_mail_a_reader_gets(check: Any) -> None:
    marker = f"__nl{NONCE}_saved_1__"
    many = replace(html("Headline", marker * 4_000), tools=("kestrel",))
    assert check(many) == [], "a marker takes 17 bytes, and its token more"
    assert {finding.rule for finding in check(replace(many, html=many.html.replace(marker, "x" * len(marker))))} == {6}


def test_every_static_rule_has_a_breach_above() -> None:
    assert {rule for rule, *_ in BREACHES} == {*range(1, 13), 14, 15, 17, 18, 19}


def test_the_documentation_names_a_guard_for_each_of_the_twenty_rules() -> None:
    root = Path(__file__).parents[2]
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", (root / "docs" / "mail-rules.md").read_text(), re.MULTILINE)
    assert [int(rule) for rule, _ in rows] == list(range(1, 21))
    for _, guards in rows:
        for guard in re.findall(r"`([^`]+)`", guards):
            assert (root / guard).exists() or (root / "newsletter" / guard).exists()
    static = {int(rule) for rule, guards in rows if "rendering/lint" in guards}
    assert static == {rule for rule, *_ in BREACHES}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "List-Unsubscribe holds no https address."),
        ({**HEADERS, "list-unsubscribe": "<mailto:leave@a.example>"}, "List-Unsubscribe holds no https address."),
        ({**HEADERS, "list-unsubscribe": "<http://a.example/u>"}, "List-Unsubscribe holds no https address."),
        ({"list-unsubscribe": f"<{LEAVE}>"}, "List-Unsubscribe-Post is missing"),
    ],
)
def test_headers_that_offer_no_button_block(check: Any, headers: dict[str, str], message: str) -> None:
    found = check(headers=headers)
    assert any(finding.message.startswith(message) and finding.severity is Severity.BLOCK for finding in found)


def test_a_literal_https_address_in_the_header_will_do(check: Any) -> None:
    assert check(headers={**HEADERS, "list-unsubscribe": "<mailto:x@a.example>, <https://a.example/u>"}) == []


def test_a_missing_postal_address_blocks_unless_nothing_leaves_the_machine(check: Any) -> None:
    assert [finding.message for finding in check(postal="")] == ["There is no postal address."]
    assert check(postal="", allow_loopback=True) == []


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "news.localhost"])
def test_links_to_this_machine_pass_only_where_nothing_leaves_it(check: Any, host: str) -> None:
    url = "https://a.example.org/x"
    mail = replace(SOUND, html=HTML.replace(url, f"http://{host}/x"), text=TEXT.replace(url, f"http://{host}/x"))
    assert [finding.rule for finding in check(mail)] == [10]
    assert check(mail, allow_loopback=True) == []


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://a.example/x?y=1#z", None),
        ("http://a.example", "is not https"),
        ("https://a@b.example", "without credentials"),
        ("https://a.example\\@b", "characters"),
        ("https://exаmple.org", "characters"),
        ("https://[::1", "not an address"),
        ("https://a.example:port", "not an address"),
        ("https://intranet/x", "only this network"),
        ("https://", "not a full https"),
    ],
)
def test_an_address_is_judged_by_scheme_and_host(url: str, fault: str | None) -> None:
    found = address_fault(url, allow_loopback=False)
    assert found is None if fault is None else fault in (found or "")


def test_two_equal_breaches_in_one_place_are_told_once(check: Any) -> None:
    assert len([one for one in check(html(HEAD2, "<script>x</script>" * 2)) if one.rule == 18]) == 1


def test_findings_come_in_the_order_of_the_rules(check: Any) -> None:
    broken = replace(html(' lang="en"', ""), preheader="", mjml="<mjml>")
    assert [finding.rule for finding in check(broken)] == [1, 7, 8]
