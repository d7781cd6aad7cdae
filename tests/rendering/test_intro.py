"""The intro in Markdown: what it takes, and that everything else stays the text it is."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mjml import mjml2html

from newsletter.rendering.context import paragraphs
from newsletter.rendering.intro import Listing, Paragraph, read_intro, rows
from newsletter.rendering.lint import Finding, lint_mail
from newsletter.rendering.mjml import RenderedMail, mail_environment, render_correction, render_issue
from newsletter.rendering.plaintext import wrap
from tests.rendering.conftest import TEMPLATES

ALL = """Hello *there*, **all *of* you**: read [the **long** one](https://example.org/a_(b)).
Or [write](mailto:ada@example.org?subject=Hi).\\
A new line.

- one
- two
  1. two a

     with more to say
- [https://example.org](https://example.org).

3. three
4. four"""
KEPT = ("p", "em", "strong", "a", "ul", "ol", "li", "br")
TAG = re.compile(rf"</?(?:{'|'.join(KEPT)})\b[^<>]*>")


class Tags(HTMLParser):
    """Every tag in its place, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "br":
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


MAIL = mail_environment(jinja2.FileSystemLoader(TEMPLATES)).from_string(
    '{% import "email/partials/parts.mjml.j2" as parts %}{{ parts.written(intro, brand) }}'
)
WEB = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True).from_string(
    '{% from "web/partials/written.html.j2" import written %}{{ written(intro) }}'
)


def in_mail(text: str) -> str:
    return MAIL.render(intro=read_intro(text), brand={"ink": "#1B1A17"})


def on_page(text: str) -> str:
    return WEB.render(intro=read_intro(text))


def as_text(text: str) -> str:
    return "\n".join(wrap(row.words, row.indent, row.first) for row in rows(read_intro(text)))


def words(blocks: Any) -> str:
    """All that it says."""
    found = ""
    for block in blocks:
        if isinstance(block, Paragraph):
            found += " ".join(run.text for line in block.lines for span in line for run in span.runs) + " "
        else:
            assert isinstance(block, Listing)
            found += "".join(map(words, block.items))
    return found


def found_in(environment: jinja2.Environment, week: ModuleType, intro: str, *, here: bool = False) -> list[Finding]:
    mail = rendered(environment, week, intro)
    return lint_mail(
        mail, nonce=week.NONCE, publication=week.PUBLICATION, allow_loopback=here, headers=week.SLOT_HEADERS
    )


def rendered(environment: jinja2.Environment, week: ModuleType, intro: str) -> RenderedMail:
    return render_issue(environment, week.PUBLICATION, week.content(*week.full_week(), intro=intro), week.NONCE)


def test_all_that_it_takes_on_the_page() -> None:
    assert re.sub(r"\s+", " ", on_page(ALL)).strip() == (
        "<p>Hello <em>there</em>, <strong>all </strong><strong><em>of</em></strong><strong> you</strong>: read "
        '<a href="https://example.org/a_(b)">the <strong>long</strong> one</a>. Or '
        '<a href="mailto:ada@example.org?subject=Hi">write</a>.<br>A new line.</p> '
        "<ul> <li>one</li> <li>two<ol> <li>two a<p>with more to say</p> </li> </ol> </li>"
        ' <li><a href="https://example.org">https://example.org</a>.</li> </ul> <ol start="3"> <li>three</li>'
        " <li>four</li> </ol>"
    )


def test_all_that_it_takes_in_the_text_part() -> None:
    assert as_text(ALL) == (
        "Hello there, all of you: read the long one (https://example.org/a_(b)).\n"
        "Or write (ada@example.org).\n"
        "A new line.\n"
        "\n"
        "- one\n"
        "- two\n"
        "  1. two a\n"
        "     with more to say\n"
        "- https://example.org.\n"
        "\n"
        "3. three\n"
        "4. four\n"
    )


def test_all_that_it_takes_keeps_the_rules_for_a_mail(environment: jinja2.Environment, week: ModuleType) -> None:
    assert found_in(environment, week, ALL) == []
    html = rendered(environment, week, ALL).html
    assert '<a href="https://example.org/a_(b)" style="color:#1B1A17">the <strong>long</strong> one</a>' in html
    assert '<ol start="3" style="margin:16px 0px 0px 24px;padding:0px">' in html


def test_a_correction_takes_the_same(environment: jinja2.Environment, week: ModuleType) -> None:
    content = week.content(intro="We are *sorry*: [the facts](https://example.org/facts).")
    original = week.content(*week.full_week())
    mail = render_correction(
        environment,
        week.PUBLICATION,
        content,
        original=original,
        text="*As is*",
        reason="It was wrong",
        nonce="abcdef12",
    )
    assert '<em>sorry</em>: <a href="https://example.org/facts"' in mail.html
    assert "*As is*" in mail.html
    assert "the facts (https://example.org/facts)." in mail.text


@pytest.mark.parametrize(
    "text",
    [
        *("[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,hi)", "[x](file:///etc/passwd)"),
        *(
            "[x](vbscript:x)",
            "[x](//evil.test)",
            "[x](/unsubscribe)",
            "[x](https://a@evil.test/)",
            "[x](&#106;avascript:1)",
        ),
        *("![a picture](https://example.org/x.png)", "<https://example.org>", "<b>bold</b>", "`code`", "# Heading"),
        *(
            "> quoted",
            "***",
            "---",
            "~~gone~~",
            "| a | b |",
            "&amp; &copy;",
            "[a]: https://example.org",
            "    indented",
        ),
        *("```\nfenced\n```", "Title\n=====", "[x]", "[x](mailto:)", "[x](mailto:nobody)", "https://example.org"),
    ],
)
def test_everything_else_stays_its_text(text: str) -> None:
    for html in (on_page(text), in_mail(text)):
        assert set(Tags(html).seen) == {"p"}
        assert Tags(html).text.split() == text.split()
    assert as_text(text).split() == text.split()


def test_a_sign_is_itself_behind_a_backslash() -> None:
    assert as_text(r"\*no\* \[x](https://example.org)") == "*no* [x](https://example.org)\n"


def test_a_link_without_words_shows_its_address() -> None:
    assert '<a href="https://example.org/">https://example.org/</a>' in on_page("[ ](https://example.org/)")


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/x", "http://127.0.0.1/", "https://intranet/", "http://example.org/"]
)
def test_a_link_of_the_intro_passes_the_rules_of_all_links(
    environment: jinja2.Environment, week: ModuleType, url: str
) -> None:
    assert [(finding.rule, url in finding.message) for finding in found_in(environment, week, f"[x]({url})")] == [
        (10, True)
    ]


def test_a_link_to_this_machine_passes_where_nothing_leaves_it(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    assert found_in(environment, week, "[x](http://localhost:8000/x)", here=True) == []


def test_no_provider_finds_a_placeholder_in_an_address(environment: jinja2.Environment, week: ModuleType) -> None:
    mail = rendered(environment, week, "[x](https://example.org/{{y}}?%a.b%) [z](mailto:a@example.org?subject={{y}})")
    for part in (mail.html[mail.html.index("<body") :], mail.text):
        assert "{{" not in part
        assert "%a.b%" not in part


@pytest.mark.parametrize("sign", ["[", "*", "- ", "*a ", "_*", "> ", "[a](", "![", "- a\n", "\\", "  - a\n", "1. "])
def test_no_text_takes_long_or_breaks_it(sign: str) -> None:
    text = sign * (4000 // len(sign))
    began = time.perf_counter()
    mjml2html(f"<mjml><mj-body><mj-text>{in_mail(text)}</mj-text></mj-body></mjml>")
    assert time.perf_counter() - began < 2


@given(
    st.lists(
        st.sampled_from(
            ["Two words", "a-b", "(so)", "é!", "שלום", "2", "1.5", "\r", "\t", "\xa0", "\n", "\r\n", "\n\n"]
        )
    )
)
def test_an_intro_without_signs_reads_as_it_did(pieces: list[str]) -> None:
    text = re.sub(r"[^\S\n]+\n", "\n", "x" + " ".join(pieces))  # two blanks before it would ask for a line break
    assert [Tags(html).text for html in re.findall("<p .*?</p>", in_mail(text))] == list(
        paragraphs(text.replace("\r\n", "\n").replace("\r", " "))
    )
    assert as_text(text) == "".join(f"{wrap(paragraph)}\n\n" for paragraph in paragraphs(text))[:-1]


SIGNS = st.sampled_from(
    [
        *"*_[]()!\\<>&\"'{}%-+#`~|=\n a",
        *(
            "\n\n",
            "\n- ",
            "\n1. ",
            "  \n",
            "**",
            "[x](https://example.org)",
            "[x](javascript:1)",
            "mailto:a@example.org",
        ),
        *("</mj-text>", "<script>", "<!--", "-->", "]]>", "&lt;", "https://example.org/"),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.lists(SIGNS).map("".join)))
@example("- [*a](https://example.org/'\"onload=x)*\n\n  b")
@example("</mj-text><mj-raw><script>alert(1)</script></mj-raw><mj-text>")
@example("- - - - - - - - a")
@example("\ud800\x00\u202e[\ud800](https://example.org)")
def test_any_text_gives_well_formed_html_and_never_breaks_the_mail(text: str) -> None:
    mail = in_mail(text)
    for html in (mail, on_page(text)):
        tags = Tags(html)
        assert set(tags.seen) <= set(KEPT)
        assert {name for name, _ in tags.attributes} <= {"href", "style", "start"}
        for name, value in tags.attributes:
            assert name != "href" or re.match(r"(https?://|mailto:)", str(value))
        assert "<" not in TAG.sub("", html)
    assert "<mj-" not in mjml2html(f"<mjml><mj-body><mj-text>{mail}</mj-text></mj-body></mjml>")
    said = re.sub(r"[\W_]", "", "".join(one.text for one in map(Tags, (mail, on_page(text)))))
    assert set(said) <= set(text)
