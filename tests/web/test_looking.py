"""The list of all comparisons, the search in it, and a page for each tool."""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import quote

import pytest

from newsletter.app.container import App
from newsletter.app.readers import what_browser_keeps
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Pricing, Tool, Verdict, panel_of_counts
from tests.fakes.house import add_active, add_comparison
from tests.rendering.week import KESTREL, PLUMBLINE

HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }}&copy;<img src=x onerror=alert(1)>"
TODAY = date(2026, 11, 19)


def fill(app: App, count: int = 30) -> None:
    for number in range(count):
        left = Tool(f"Reed {number}", f"reed-{number}", category=f"Topic {number % 14}", panel=panel_of_counts(1, 0))
        right = Tool("Heron", "heron", category="Developer Tools", panel=PanelVerdict(Label.SKIP, 25))
        day = TODAY - timedelta(days=number)
        add_comparison(app, Comparison(f"reed-{number}-vs-heron", (left, right), published_on=day))


def canonical(page: str) -> str:
    found = re.search(r'<link rel="canonical" href="http://localhost:8000([^"]+)">', page)
    assert found
    return found[1]


def test_the_list_has_a_labelled_search_and_rows_with_lean_marks_category_and_day(visitor, app: App):
    fill(app)
    page = visitor.get("/compare").text
    assert '<label for="q">Search all comparisons</label>' in page
    assert '<form class="search" method="get" action="/compare" role="search">' in page
    assert "<strong>30 comparisons</strong>, newest first" in page
    first = page[page.index('<ul class="finds">') :]
    first = first[: first.index("</li>")]
    for part in (
        '<h2><a href="/compare/reed-0-vs-heron">Reed 0 vs Heron</a></h2>',
        "Panel leans Reed 0: 100% against 25%.",
        'Topic 0 · <time datetime="2026-11-19">19 November 2026</time>',
        '<span class="badge ship">Ship</span> <span class="percent">100%</span>',
        '<span class="badge skip">Skip</span> <span class="percent">25%</span>',
    ):
        assert part in first
    assert page.count("<h2><a") == 24


def test_pages_lead_to_one_another_and_each_has_one_address(visitor, app: App):
    fill(app)
    first, second = visitor.get("/compare?page=1").text, visitor.get("/compare?page=2").text
    assert 'rel="next" href="/compare?page=2"' in first
    assert 'rel="prev"' not in first
    assert canonical(first) == "/compare"
    assert 'rel="prev" href="/compare"' in second
    assert 'rel="next"' not in second
    assert "Page 2 of 2" in second
    assert canonical(second) == "/compare?page=2"


def test_categories_have_counts_the_chosen_one_is_marked_and_many_are_folded_away(visitor, app: App):
    fill(app)
    page = visitor.get("/compare").text
    assert '<a href="/compare" aria-current="page">All <span class="quiet">30</span></a>' in page
    assert '<a href="/compare?category=developer-tools">Developer Tools <span class="quiet">30</span></a>' in page
    folded = page[page.index("<details>") : page.index("</details>")]
    assert "3 more categories" in folded
    last = re.findall(r"category=([^\"]+)", folded)[-1]
    chosen = visitor.get(f"/compare?category={last}").text
    assert f'<a href="/compare?category={last}" aria-current="page">' in chosen[chosen.index("<details open>") :]
    assert canonical(chosen) == f"/compare?category={last}"
    assert f"/compare/topics/{last}/feed.xml" in chosen


def test_where_all_are_of_one_category_there_is_nothing_to_choose(visitor, app: App):
    add_comparison(app, Comparison("one", (PLUMBLINE, KESTREL)))
    assert 'aria-label="Categories"' not in visitor.get("/compare").text


def test_a_search_keeps_what_was_typed_and_its_page_belongs_in_no_index(visitor, app: App):
    fill(app)
    answer = visitor.get("/compare?q=reed+21&category=topic-7")
    assert answer.headers["x-robots-tag"] == "noindex"
    assert 'value="reed 21"' in answer.text
    assert "<strong>One comparison</strong> holds “reed 21” in Topic 7, the best match first." in answer.text
    assert '<input type="hidden" name="category" value="topic-7">' in answer.text
    assert '<a class="tap" href="/compare?category=topic-7">Leave the search</a>' in answer.text
    assert 'href="/compare?q=heron&amp;page=2"' in visitor.get("/compare?q=heron").text


def test_a_search_without_a_find_says_what_to_do(visitor, app: App):
    fill(app)
    page = visitor.get("/compare?q=zebra&category=topic-7").text
    assert "<strong>No comparison in Topic 7 holds all of “zebra”.</strong> Try fewer words" in page
    assert '<a class="tap" href="/compare">See all comparisons</a>' in page
    elsewhere = visitor.get("/compare?q=reed+8&category=topic-7").text
    assert '<a class="tap" href="/compare?q=reed+8">Search in all categories</a>' in elsewhere


def test_an_empty_catalogue_says_so(visitor):
    assert "The first comparison is still to come." in visitor.get("/compare").text


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=2", "page=-1", "page=x", "page=1e9", "page=" + "9" * 400, "page=%D9%A1", "page=%00", "page=",
     "category=x", "category=%00", "category=%ED%A0%80", "category=%27%20OR%201--", "category=%F0%9F%A6%89"],
)  # fmt: skip
def test_a_page_or_a_category_there_is_not_is_a_kind_404(visitor, app: App, query: str):
    fill(app, 3)
    answer = visitor.get(f"/compare?{query}")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize(
    "words",
    [
        "%00",
        "%22",
        "%27",
        "a%20AND",
        "NEAR(",
        "title%3Ax",
        "*",
        "%ED%A0%80",
        "%FF",
        "_" * 9,
        "%E2%80%AE",
        "%0A",
        "a" * 5000,
        quote(HOSTILE),
    ],
)
def test_whatever_is_searched_for_is_answered(visitor, app: App, words: str):
    fill(app, 3)
    assert visitor.get(f"/compare?q={words}").status_code == 200


def test_what_was_typed_is_shown_as_text(visitor, app: App):
    fill(app, 3)
    page = visitor.get(f"/compare?q={quote(HOSTILE)}").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "“&lt;script&gt;alert(1)" in page


def test_hostile_names_and_categories_are_shown_as_text(visitor, app: App):
    hostile = Tool(HOSTILE, "hostile", category=HOSTILE, tagline=HOSTILE, url='https://x.example/"onmouseover=alert(1)')
    add_comparison(app, Comparison("hostile", (hostile, KESTREL)))
    for path in ("/compare", "/tools/hostile", "/"):
        page = visitor.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "onmouseover" not in page


def test_a_tool_page_gathers_its_comparisons_with_what_the_panel_said(visitor, app: App):
    fill(app, 3)
    older = Tool("The Heron", "heron", panel=panel_of_counts(4, 0))
    add_comparison(app, Comparison("old", (older, Tool("Owl", "owl")), published_on=date(2026, 1, 5)))
    page = visitor.get("/tools/heron").text
    assert "<h1>Heron</h1>" in page
    assert '<a href="/compare?category=developer-tools">Developer Tools</a>' in page
    assert "Also compared as The Heron." in page
    assert "<h2>Four comparisons</h2>" in page
    said = page[page.index("What the panel said") : page.index("Would you ship")]
    assert re.findall(r"Beside ([^<]+)<", said) == ["Reed 0", "Reed 1", "Reed 2", "Owl"]
    assert said.count('<span class="badge skip">Skip</span>') == 3
    assert 'id="vote-heron"' in page
    assert 'data-save="heron"' in page
    assert canonical(page) == "/tools/heron"


def test_a_tool_without_a_verdict_has_a_page_without_gaps(visitor, app: App):
    add_comparison(app, Comparison("bare-vs-bones", (Tool("Bare", "bare"), Tool("Bones", "bones"))))
    page = visitor.get("/tools/bare").text
    assert "What the panel said" not in page
    assert '<span class="quiet">No verdict</span>' in page
    assert "<h2>One comparison</h2>" in page


def test_a_tool_page_of_a_reader_shows_their_vote_and_is_kept_by_nobody(visitor, app: App):
    fill(app, 30)
    reader = add_active(app, "reader@example.net")
    app.store.votes.put(reader.id, "heron", Verdict.SHIP, app.now(), None)
    answer = visitor.get("/tools/heron?page=2", headers={"cookie": f"reader={what_browser_keeps(app, reader)}"})
    assert answer.headers["cache-control"] == "private, no-store"
    assert "You said <strong>ship</strong>" in answer.text
    assert '<input type="hidden" name="back" value="/tools/heron?page=2">' in answer.text
    assert "You said" not in visitor.get("/tools/heron?page=2").text


@pytest.mark.parametrize(
    "path", ["/tools/nobody", "/tools/%00", "/tools/%ED%A0%80", "/tools/heron?page=9", "/tools/Heron"]
)
def test_an_unknown_tool_is_a_kind_404(visitor, app: App, path: str):
    fill(app, 1)
    answer = visitor.get(f"/tools/{path}")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_a_tool_of_another_script_is_found_and_linked(visitor, app: App):
    add_comparison(app, Comparison("läufer-vs-東京", (Tool("Läufer", "läufer", category="東京"), Tool("東京", "東京"))))
    assert "l%C3%A4ufer" in visitor.get("/compare/l%C3%A4ufer-vs-%E6%9D%B1%E4%BA%AC").text
    assert visitor.get("/tools/l%C3%A4ufer").status_code == 200
    page = visitor.get("/compare?category=%E6%9D%B1%E4%BA%AC")
    assert page.status_code == 200
    assert canonical(page.text) == "/compare?category=%E6%9D%B1%E4%BA%AC"


def test_an_archived_comparison_is_listed_and_one_of_the_future_is_not(visitor, app: App):
    add_comparison(app, Comparison("old", (PLUMBLINE, KESTREL), published_on=date(2025, 1, 1)), archived=True)
    later = Tool("Laterling", "laterling", category="Later", pricing=Pricing("Free"))
    add_comparison(app, Comparison("later", (later, KESTREL), published_on=TODAY + timedelta(days=1)))
    assert "/compare/old" in visitor.get("/compare").text
    for path in ("/compare", "/compare?q=laterling", "/compare?q=free", "/tools/kestrel", "/compare/old", "/"):
        page = visitor.get(path).text
        assert "/compare/later" not in page
        assert "Later<" not in page
