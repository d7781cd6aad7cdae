"""What pages say to programs: true, the publication's own, and never able to break out of its block."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.read_pages import site_facts
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.web.structured import crumbs, data_block, list_of
from tests.fakes.house import add_active, add_comparison, publish_week
from tests.rendering.week import KESTREL, PLUMBLINE, tool

SITE = "http://localhost:8000"
BREAKOUT = "</script><!-- <script>alert(1)</script> \u2028 & {{ 7*7 }} \\ \" '"


def nodes(page: str) -> list[dict[str, Any]]:
    """The graph of a page's one data block, read as a browser and then a program would."""
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    found = json.loads(block)
    assert found["@context"] == "https://schema.org"
    graph: list[dict[str, Any]] = found["@graph"]
    return graph


def of_kind(graph: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [node for node in graph if node["@type"] == kind]


def every_key(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield key
            yield from every_key(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from every_key(inside)


@pytest.fixture
def graph(visitor, app: App) -> list[dict[str, Any]]:
    """That of a comparison page."""
    add_comparison(app, Comparison("plumbline-vs-kestrel", (PLUMBLINE, KESTREL), published_on=date(2026, 11, 18)))
    return nodes(visitor.get("/compare/plumbline-vs-kestrel").text)


def test_a_comparison_tells_the_way_to_it(graph):
    (way,) = of_kind(graph, "BreadcrumbList")
    assert [(step["position"], step["name"], step["item"]) for step in way["itemListElement"]] == [
        (1, "Weekly AI Tool Verdicts", f"{SITE}/"),
        (2, "Compare", f"{SITE}/compare"),
        (3, "Plumbline vs Kestrel", f"{SITE}/compare/plumbline-vs-kestrel"),
    ]


def test_a_comparison_lists_its_two_tools_in_order(graph):
    (tools,) = of_kind(graph, "ItemList")
    assert [(item["position"], item["item"]["@type"], item["item"]["name"]) for item in tools["itemListElement"]] == [
        (1, "SoftwareApplication", "Plumbline"),
        (2, "SoftwareApplication", "Kestrel"),
    ]
    assert tools["itemListElement"][1]["item"] == {
        "@type": "SoftwareApplication",
        "@id": f"{SITE}/tools/kestrel#tool",
        "name": "Kestrel",
        "url": f"{SITE}/tools/kestrel",
        "description": "Code review that reads the ticket before it reads the patch",
        "applicationCategory": "Developer Tools",
    }


def test_each_review_is_the_publications_in_its_own_words(graph):
    (publication,) = of_kind(graph, "Organization")
    reviews = of_kind(graph, "Review")
    assert [review["reviewBody"] for review in reviews] == [
        "Plumbline: Ship, 100%, 4 of 4 ship. Panel leans Plumbline: 4–0 against 3–1.",
        "Kestrel: Ship, 75%, 3 of 4 ship. Panel leans Plumbline: 4–0 against 3–1.",
    ]
    listed = [item["item"]["@id"] for node in of_kind(graph, "ItemList") for item in node["itemListElement"]]
    assert [review["itemReviewed"]["@id"] for review in reviews] == listed
    for review in reviews:
        assert review["author"] == {"@id": publication["@id"], "@type": "Organization", "name": publication["name"]}
        assert review["datePublished"] == "2026-11-18"
    assert not of_kind(graph, "Person")


def test_nowhere_is_a_rating(graph):
    assert not [key for key in every_key(graph) if "rating" in key.lower() or "offer" in key.lower()]


def test_a_tool_that_nobody_judged_has_no_review(visitor, app: App):
    bare = Tool("Bare", "bare", panel=PanelVerdict(Label.MIXED, 50))
    add_comparison(app, Comparison("bare-vs-bones", (bare, Tool("Bones", "bones"))))
    graph = nodes(visitor.get("/compare/bare-vs-bones").text)
    (review,) = of_kind(graph, "Review")
    assert review["reviewBody"] == "Bare: Mixed, 50%. No lean: only Bare is judged. Choose by job."
    assert "datePublished" not in review


@pytest.mark.parametrize("signs", [BREAKOUT, "</SCRIPT >", "<!--<script>", "]]>", "\u2029"])
def test_hostile_text_cannot_leave_the_block(open_site, signs):
    facts = replace(site_facts(open_site().app), name=signs)
    block = str(data_block(facts, crumbs(facts, (signs, "/compare")), list_of(facts, signs, [(signs, "/tools/x")])))
    assert not set(block) & set("<>&\u2028\u2029")
    (publication, way, listed) = json.loads(block)["@graph"]
    assert publication["name"] == signs
    assert [step["name"] for step in way["itemListElement"]] == [signs, signs]
    assert listed["itemListElement"][0]["name"] == signs


def test_a_hostile_comparison_breaks_no_page(visitor, app: App):
    name = "</script><img src=x onerror=alert(1)><!--"
    add_comparison(app, Comparison("hostile", (replace(KESTREL, name=name, slug="hostile"), PLUMBLINE)))
    for path in ("/compare/hostile", "/compare", "/tools/hostile"):
        page = visitor.get(path).text
        assert "<img" not in page
        assert name in json.dumps(nodes(page))


def test_an_issue_and_the_lists_tell_what_they_hold_in_order(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    (items,) = of_kind(nodes(visitor.get(f"/issues/{issue.key}").text), "ItemList")
    assert [item["position"] for item in items["itemListElement"]] == list(range(1, 16))
    assert all(item["url"].startswith(f"{SITE}/compare/") for item in items["itemListElement"])
    (issues,) = of_kind(nodes(visitor.get("/issues").text), "ItemList")
    assert [item["url"] for item in issues["itemListElement"]] == [f"{SITE}/issues/{issue.key}"]
    (listed,) = of_kind(nodes(visitor.get("/compare").text), "ItemList")
    assert listed["itemListElement"][0]["url"] == f"{SITE}/compare/tallow-notes-vs-bare-bones"


def test_a_tools_page_is_about_the_tool_that_reviews_name(visitor, app: App, graph):
    (about,) = of_kind(nodes(visitor.get("/tools/kestrel").text), "SoftwareApplication")
    assert about["@id"] == of_kind(graph, "Review")[1]["itemReviewed"]["@id"]


def test_a_logo_is_told_where_there_is_one(open_site):
    facts = site_facts(open_site(brand={"logo_url": "https://example.org/logo.png"}).app)
    assert json.loads(data_block(facts))["@graph"][0]["logo"] == "https://example.org/logo.png"
    assert "logo" not in json.loads(data_block(site_facts(open_site().app)))["@graph"][0]


def test_names_of_another_script_have_addresses_that_can_be_followed(visitor, app: App):
    add_comparison(app, Comparison("läufer-vs-東京", (tool("Läufer"), tool("東京"))))
    graph = nodes(visitor.get("/compare/läufer-vs-東京").text)
    (way,) = of_kind(graph, "BreadcrumbList")
    assert way["itemListElement"][-1]["item"] == f"{SITE}/compare/l%C3%A4ufer-vs-%E6%9D%B1%E4%BA%AC"
