"""Whatever the data: no empty cell, no repeated card, no cut word, and no sentence that is not in the data."""

from __future__ import annotations

import re
from datetime import date

import jinja2
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.comparisons.model import (
    Comparison,
    Label,
    PanelVerdict,
    Pricing,
    Review,
    Tool,
    Verdict,
    VoteTally,
    panel_of,
)
from newsletter.issues import Item
from newsletter.rendering.context import issue_view
from newsletter.rendering.markup import read_html
from newsletter.rendering.mjml import render_issue, split_mail
from newsletter.rendering.reviews import QUOTE_LIMIT
from newsletter.rendering.slots import reader_slots
from newsletter.rendering.week import SUMMARY_WORDS
from newsletter.rendering.words import one_line
from newsletter.selection import Section
from tests.rendering.week import NONCE, PUBLICATION, content

SENTENCES = (
    "Setup is a folder of plain files that anyone can read and keep.",
    "A repository without good tests gets very little from such a tool.",
    "This one leans on the sentence before it and should not be quoted.",
    "Short.",
    "Nobody ran the thing on a Friday, and that says more than the report does.",
    "Ein Werkzeug, das seine Grenzen nennt, ist selten genug, um es zu behalten.",
    "An endless sentence " + "that goes on and on " * 15 + "and ends.",
    "没有测试的代码库从这样的工具里得到的很少，而且它自己也这样说，这一点值得一提，因为很少有工具会这样做。",
)
TEXTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" ".join)
NAMES = st.sampled_from(
    ["Gemma 3n", "SmolVLM2 Turbo", "SmolLM3", "Understudy 3.0 by Halfmoon", "קורא הקוד", "文字校对", "AB", "C" * 45]
)
REVIEWS = st.builds(
    Review,
    st.none() | st.sampled_from(["Builder", "Skeptic", "Founder", "Ada Quill"]),
    st.none() | st.integers(0, 100),
    st.none() | st.sampled_from(Verdict),
    TEXTS,
)


@st.composite
def sides(draw: st.DrawFn) -> Tool:
    reviews = tuple(draw(st.lists(REVIEWS, max_size=5)))
    shared = st.integers(0, 100).map(lambda share: PanelVerdict(Label.of_share(share), share))
    name = draw(NAMES)
    return Tool(
        name,
        f"slug-{draw(st.sampled_from('abcd'))}",
        category=draw(st.none() | st.sampled_from(["Developer Tools", "Writing"])),
        tagline=draw(st.none() | st.sampled_from(["Reads a change twice", "Keeps notes", " "])),
        best_for=draw(st.none() | st.sampled_from(["Reads a change twice", "Small teams"])),
        pricing=draw(st.none() | st.builds(Pricing, st.none() | st.just("Free"), st.none() | st.just("Free (MIT)"))),
        panel=panel_of(reviews) or draw(st.none() | shared),
        community=draw(st.none() | st.builds(VoteTally, st.integers(0, 9), st.integers(0, 9))),
        reviews=reviews,
    )


ITEMS = st.builds(
    Item,
    st.builds(Comparison, st.just("x"), st.tuples(sides(), sides())),
    st.sampled_from(Section),
    st.just("https://verdicts.example.org/compare/x"),
    st.just((("slug-a", "Ship"),)),
    st.none() | st.just(date(2026, 11, 14)),
    st.just((("slug-a", "Founder", 40),)),
)
WEEKS = st.lists(ITEMS, min_size=1, max_size=5).map(tuple)


@settings(max_examples=40, deadline=None)
@given(WEEKS)
def test_every_quote_is_a_whole_sentence_of_that_reviewer_on_that_tool(items: tuple[Item, ...]) -> None:
    ordered = sorted(items, key=lambda item: list(Section).index(item.section))
    view = issue_view(PUBLICATION, content(*items))
    for item, shown in zip(ordered, (*view.full, *view.briefs), strict=True):
        quotes = [side.quote for side in shown.sides]
        for tool, quote in zip(item.comparison.sides, quotes, strict=True):
            if quote:
                said = [one for one in tool.reviews if quote.text in one_line(one.text or "")]
                assert quote.reviewer in [one.reviewer for one in said]
                assert quote.text in SENTENCES
                assert len(quote.text) <= QUOTE_LIMIT
        assert not all(quotes) or quotes[0] != quotes[1]


@settings(max_examples=40, deadline=None)
@given(WEEKS)
def test_every_number_and_name_of_a_block_is_in_its_data(items: tuple[Item, ...]) -> None:
    ordered = sorted(items, key=lambda item: list(Section).index(item.section))
    view = issue_view(PUBLICATION, content(*items))
    for item, shown in zip(ordered, (*view.full, *view.briefs), strict=True):
        left, right = item.comparison.sides
        marks = {(tool.slug, one.reviewer, one.score, one.verdict) for tool in (left, right) for one in tool.reviews}
        for row in shown.rows:
            for tool, cell in zip((left, right), row.cells, strict=True):
                assert (tool.slug, row.reviewer, cell.score, cell.verdict) in marks
        for aside in shown.asides:
            assert {(who, cell.score, cell.verdict) for who, cell in aside.marks} <= {mark[1:] for mark in marks}
        if re.search(r"\d–\d", shown.lean):
            assert left.panel and left.panel.tally and left.panel.tally in shown.lean  # noqa: PT018  # one fact for mypy
            assert right.panel and right.panel.tally and right.panel.tally in shown.lean  # noqa: PT018  # one fact for mypy
        counted = sum(len(row.cells) for row in shown.rows) + sum(len(aside.marks) for aside in shown.asides)
        assert counted == sum(
            one.score is not None or one.verdict is not None for t in (left, right) for one in t.reviews
        )


@settings(max_examples=40, deadline=None)
@given(WEEKS)
def test_no_card_is_printed_twice_and_every_reference_leads_to_one(items: tuple[Item, ...]) -> None:
    ordered = sorted(items, key=lambda item: list(Section).index(item.section))
    view = issue_view(PUBLICATION, content(*items))
    printed: dict[str, int] = {}
    for item, shown in zip(ordered, view.full, strict=False):
        for tool, side in zip(item.comparison.sides, shown.sides, strict=True):
            card = side.tagline or side.pricing or side.best_for
            assert not (card and tool.slug in printed)
            if side.see:
                assert printed[tool.slug] == side.see
            if card:
                printed[tool.slug] = shown.number


@settings(max_examples=40, deadline=None)
@given(WEEKS)
def test_the_summary_is_one_sentence_of_at_most_sixteen_words(items: tuple[Item, ...]) -> None:
    said = issue_view(PUBLICATION, content(*items)).summary
    assert len(said.split()) <= SUMMARY_WORDS
    assert said.endswith(".")


@settings(max_examples=25, deadline=None)
@given(WEEKS)
def test_no_part_of_a_mail_is_blank_cut_or_invented(environment: jinja2.Environment, items: tuple[Item, ...]) -> None:
    mail = render_issue(environment, PUBLICATION, content(*items), NONCE)
    html, text = (
        part.fill(reader_slots("https://a.example", "1.7.abc", None, mail.tools)) for part in split_mail(mail, NONCE)
    )
    for one in read_html(html).walk():
        if one.tag in ("td", "th", "p", "h2", "h3", "span", "blockquote", "a") and not one.hidden:
            assert one.text.strip(), one.place
    for whole in (read_html(html).text, text):
        assert not re.search(r"\bNone\b|…|—|\(\)|: *$|, *$|  +[,.]", whole)
