"""Whole issues, as they were last looked at. `GOLDEN=write pytest tests/rendering/test_golden.py` writes them anew."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import jinja2
import pytest

from newsletter.rendering.context import issue_view
from newsletter.rendering.lint import lint_mail
from newsletter.rendering.markup import Element, read_html
from newsletter.rendering.mjml import RenderedMail, render_issue, split_mail
from newsletter.rendering.plaintext import columns
from newsletter.rendering.slots import reader_slots
from tests.rendering.week import NONCE, PUBLICATION, SLOT_HEADERS
from tests.rendering.weeks import WEEKS

GOLDEN = Path(__file__).parent / "golden"
FIVE_IN_FULL = 650
"""Words: what begins with a letter; a score is none."""


def filled(mail: RenderedMail) -> tuple[str, str]:
    """HTML and text as a reader gets them who saved Kestrel."""
    values = reader_slots(PUBLICATION.site_url, "1.7.abc", date(2026, 3, 14), mail.tools, {"kestrel"})
    html, text = (part.fill(values) for part in split_mail(mail, NONCE))
    return html, text


def held(name: str, found: str) -> None:
    """Compare with the golden file, or write it where the environment says so."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found


def outline(element: Element, depth: int = 0) -> Iterator[str]:
    """What is seen, a line each, with the tags that carry meaning: layout, styles and comments are left out."""
    for part in element.flow:
        if isinstance(part, str):
            if text := " ".join(part.split()):
                yield "  " * depth + text
        elif part.tag not in ("style", "title", "meta", "head"):
            shown = part.tag in ("h1", "h2", "h3", "a", "table", "tr", "th", "td", "blockquote", "p", "img")
            shown = shown and part.attributes.get("role") != "presentation" and not _layout(part)
            if shown:
                named = {key: part.attributes[key] for key in ("href", "scope", "src") if key in part.attributes}
                yield "  " * depth + part.tag + "".join(f" {key}={value}" for key, value in named.items())
            yield from outline(part, depth + shown)


def _layout(element: Element) -> bool:
    tables = [one for one in element.lineage() if one.tag == "table"]
    return element.tag in ("tr", "td") and bool(tables) and tables[0].attributes.get("role") == "presentation"


@pytest.fixture(params=WEEKS, scope="module")
def rendered(request: pytest.FixtureRequest, environment: jinja2.Environment) -> tuple[str, RenderedMail]:
    return request.param, render_issue(environment, PUBLICATION, WEEKS[request.param](), NONCE)


def test_the_text_part_is_as_it_was_looked_at(rendered: tuple[str, RenderedMail]) -> None:
    name, mail = rendered
    held(
        f"{name}.txt",
        f"Subject: {mail.subject}\nPreheader: {mail.preheader}\n\n{filled(mail)[1]}",
    )


def test_the_mail_says_what_it_was_looked_at_to_say(rendered: tuple[str, RenderedMail]) -> None:
    name, mail = rendered
    body = next(one for one in read_html(filled(mail)[0]).walk() if one.tag == "body")
    held(f"{name}.outline.txt", "\n".join(outline(body)) + "\n")


@pytest.mark.parametrize("name", WEEKS)
def test_the_view_holds_the_facts_it_held(name: str) -> None:
    view = dataclasses.asdict(issue_view(PUBLICATION, WEEKS[name]()))
    held(f"{name}.json", json.dumps(view, ensure_ascii=False, indent=1) + "\n")


def test_every_week_follows_the_rules_for_a_mail(rendered: tuple[str, RenderedMail]) -> None:
    _, mail = rendered
    assert lint_mail(mail, nonce=NONCE, publication=PUBLICATION, allow_loopback=False, headers=SLOT_HEADERS) == []


def test_no_week_has_an_empty_cell_or_a_word_for_nothing(rendered: tuple[str, RenderedMail]) -> None:
    _, mail = rendered
    cells = [one for one in read_html(mail.html).walk() if one.tag in ("td", "th", "p", "h3", "span", "blockquote")]
    logos = [one for one in cells if any(part.tag == "img" for part in one.walk())]
    assert [one.place for one in cells if not one.hidden and not one.text.strip() and one not in logos] == []
    assert not re.search(r"\bNone\b|\bundefined\b|—|: *$", read_html(mail.html).text)


def test_text_lines_fit_78_columns_but_for_addresses(rendered: tuple[str, RenderedMail]) -> None:
    _, mail = rendered
    text = filled(mail)[1]
    assert [line for line in text.splitlines() if columns(line) > 78 and "https://" not in line] == []


def test_five_in_full_have_at_most_650_words(environment: jinja2.Environment) -> None:
    content = WEEKS["rich"]()
    five = dataclasses.replace(content, items=content.items[:5])
    text = filled(render_issue(environment, PUBLICATION, five, NONCE))[1]
    read = re.sub(r"(Ship|Skip) it: |https?://\S+", "", text)  # the way to vote is no reading
    words = re.findall(r"[^\W\d_][\w’'-]*", read)
    assert 300 < len(words) <= FIVE_IN_FULL
