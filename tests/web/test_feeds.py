"""Feeds that every reader can read whatever stands in a comparison, the sitemap, and what robots stay away from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image

from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Pricing, Review, Tool, Verdict
from newsletter.web import feeds
from tests.fakes.house import add_active, add_comparison, draft_week, publish_week
from tests.rendering.week import KESTREL, PLUMBLINE, full_week, tool

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
SITE = "http://localhost:8000"
HOSTILE = "<script>alert(1)</script>]]>\"'{{ 7*7 }}&copy;<img src=x onerror=alert(1)>"


class Content(HTMLParser):
    """The HTML of an entry: its tags and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name != "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def read(visitor) -> Callable[[str], ElementTree.Element]:
    """A function (path) → the feed there, held against what RFC 4287 asks of every feed and entry."""

    def feed_at(path: str) -> ElementTree.Element:
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
        feed = ElementTree.fromstring(answer.content)
        assert feed.tag == f"{ATOM}feed"
        assert feed.findtext(f"{ATOM}author/{ATOM}name")
        (me,) = (link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self")
        assert me == f"{SITE}{path}"
        ids = [feed.findtext(f"{ATOM}id"), *(entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry"))]
        assert len(ids) == len(set(ids))
        moments = []
        for part in (feed, *feed.iter(f"{ATOM}entry")):
            for name in ("id", "title", "updated"):
                assert len(part.findall(f"{ATOM}{name}")) == 1, name
                assert part.findtext(f"{ATOM}{name}")
            (other,) = (link for link in part.findall(f"{ATOM}link") if link.get("rel") == "alternate")
            address = urlsplit(str(other.get("href")))
            assert visitor.get(f"{address.path}?{address.query}").status_code == 200
            moments.append(datetime.fromisoformat(str(part.findtext(f"{ATOM}updated"))))
            assert moments[-1].tzinfo is not None
        assert moments[0] == max(moments[1:], default=moments[0])
        for entry in feed.iter(f"{ATOM}entry"):
            assert str(entry.findtext(f"{ATOM}published")) <= str(entry.findtext(f"{ATOM}updated"))
            content = entry.find(f"{ATOM}content")
            assert content is not None
            assert content.get("type") == "html"
            assert not list(content)
        return feed

    return feed_at


def entries(feed: ElementTree.Element) -> list[ElementTree.Element]:
    return list(feed.iter(f"{ATOM}entry"))


def titles(feed: ElementTree.Element) -> list[str]:
    return [str(entry.findtext(f"{ATOM}title")) for entry in entries(feed)]


def content(entry: ElementTree.Element) -> Content:
    return Content(str(entry.findtext(f"{ATOM}content")))


def test_an_empty_house_has_feeds_already(read):
    assert titles(read("/feed.xml")) == titles(read("/issues/feed.xml")) == []


def test_the_feed_has_the_newest_thirty_comparisons_first(read, app: App):
    for number in range(33):
        add_comparison(app, Comparison(f"a{number}-vs-b{number}", (tool(f"A{number}"), tool(f"B{number}"))))
    found = titles(read("/feed.xml"))
    assert len(found) == 30
    assert (found[0], found[-1]) == ("A32 vs B32", "A3 vs B3")


def test_an_entry_holds_the_whole_comparison(read, app: App):
    left = replace(PLUMBLINE, description="It reads the history.\n\nThen it names a commit.", url="https://p.example/")
    add_comparison(app, Comparison("plumbline-vs-kestrel", (left, KESTREL)))
    (entry,) = entries(read("/feed.xml"))
    assert entry.findtext(f"{ATOM}summary") == "Panel leans Plumbline: 4–0 against 3–1."
    assert [one.attrib for one in entry.findall(f"{ATOM}category")] == [
        {"term": "developer-tools", "label": "Developer Tools"}
    ]
    said = content(entry)
    for part in (
        "Panel leans Plumbline: 4–0 against 3–1.",
        "Ship 75% (3 of 4 ship)",
        "Finds the commit that bent your architecture",
        "Best for: Teams with one large repository",
        "Pricing: Paid · $18 per seat and month, 14 days free",
        "Then it names a commit.",
        "Skeptic, 85 ship",
        "That earns trust.",
        "88 ship84 shipPlumbline +4",
    ):
        assert part in said.text
    assert said.links == [f"{SITE}/compare/plumbline-vs-kestrel"]


def test_every_topic_has_a_feed_of_its_own_and_no_other_has_one(read, visitor, app: App):
    for item in full_week():
        add_comparison(app, item.comparison)
    assert titles(read("/compare/topics/databases/feed.xml")) == ["Marlinspike vs Ledgerline"]
    assert titles(read("/compare/topics/writing/feed.xml")) == ["Tallow Notes vs Rubber Owl"]
    assert visitor.get("/compare/topics/nothing/feed.xml").status_code == 404


def test_a_comparison_enters_the_feeds_on_its_day_and_is_new_then(read, visitor, app: App, clock):
    sides = (tool("Soon", category="Time"), tool("Later"))
    add_comparison(app, Comparison("soon-vs-later", sides, published_on=date(2026, 11, 21)))
    assert titles(read("/feed.xml")) == []
    assert visitor.get("/compare/topics/time/feed.xml").status_code == 404
    assert "soon" not in visitor.get("/sitemap.xml").text
    clock.pass_by(hours=39, minutes=1)  # a minute past midnight in Berlin
    (entry,) = entries(read("/feed.xml"))
    assert entry.findtext(f"{ATOM}updated") == "2026-11-20T23:00:00Z"
    assert "soon-vs-later" in visitor.get("/sitemap.xml").text


def test_a_revised_comparison_keeps_its_id_and_has_a_new_date(read, app: App, clock):
    add_comparison(app, Comparison("plumbline-vs-kestrel", (PLUMBLINE, KESTREL)))
    (before,) = entries(read("/feed.xml"))
    clock.pass_by(hours=1)
    stored = app.store.comparisons.by_slug("plumbline-vs-kestrel")
    assert stored is not None
    app.store.comparisons.revise(
        stored, replace(stored.comparison, sides=(KESTREL, PLUMBLINE)), clock(), "ada@example.com"
    )
    (after,) = entries(read("/feed.xml"))
    assert before.findtext(f"{ATOM}id") == after.findtext(f"{ATOM}id")
    assert after.findtext(f"{ATOM}updated") == "2026-11-19T09:00:00Z"
    assert before.findtext(f"{ATOM}published") == after.findtext(f"{ATOM}published")


def test_ids_outlive_a_change_of_the_sites_address(read, app: App, open_site):
    add_comparison(app, Comparison("plumbline-vs-kestrel", (PLUMBLINE, KESTREL)))
    (before,) = entries(read("/feed.xml"))
    moved = open_site(site_url="https://new.example.org/news", database=app.store.path)
    answer = moved.get("/feed.xml", headers={"host": "new.example.org"})
    (after,) = entries(ElementTree.fromstring(answer.content))
    assert before.findtext(f"{ATOM}id") == after.findtext(f"{ATOM}id")
    link = after.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "https://new.example.org/news/compare/plumbline-vs-kestrel"


def test_issues_have_a_feed_with_all_that_they_say(read, app: App, clock):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    (entry,) = entries(read("/issues/feed.xml"))
    assert entry.findtext(f"{ATOM}title") == issue.subject
    said = content(entry)
    for part in ("Panel leans Brief Alder", "In brief", "3 of 4 ship", "Builder"):
        assert part in said.text
    assert {urlsplit(link).netloc for link in said.links} == {"localhost:8000"}
    assert "unsubscribe" not in said.text.lower()
    clock.pass_by(hours=2)
    correct_issue(app, issue.key, "Kestrel costs <$12>.")
    (corrected,) = entries(read("/issues/feed.xml"))
    assert corrected.findtext(f"{ATOM}updated") == "2026-11-19T10:00:00Z"
    assert corrected.findtext(f"{ATOM}published") == "2026-11-19T08:00:00Z"
    assert "Corrected 19 November 2026: Kestrel costs <$12>." in content(corrected).text


def test_a_draft_is_in_no_feed_and_in_no_map(read, visitor, app: App):
    key = draft_week(app).key
    assert titles(read("/issues/feed.xml")) == []
    assert key not in visitor.get("/sitemap.xml").text


def test_hostile_text_stays_text_through_both_readings(read, app: App):
    hostile = Tool(
        HOSTILE,
        "hostile",
        "https://x.example/?a=1&b=2",
        HOSTILE,
        HOSTILE,
        HOSTILE,
        Pricing(HOSTILE, HOSTILE),
        HOSTILE,
        PanelVerdict(Label.SHIP, 100, 1, 0),
        None,
        (Review(HOSTILE, 1, Verdict.SHIP, HOSTILE),),
    )
    add_comparison(app, Comparison("hostile", (hostile, KESTREL)))
    (entry,) = entries(read("/feed.xml"))
    assert entry.findtext(f"{ATOM}title") == f"{HOSTILE} vs Kestrel"
    said = content(entry)
    assert said.tags <= {"p", "strong", "h2", "table", "thead", "tbody", "tr", "th", "td", "a"}
    assert said.text.count(HOSTILE) >= 5
    topic = entry.find(f"{ATOM}category")
    assert topic is not None
    assert topic.get("label") == HOSTILE
    read(f"/compare/topics/{topic.get('term')}/feed.xml")


def test_characters_that_xml_cannot_hold_are_left_out_wherever_they_come_from(open_site):
    visitor = open_site(name="Odd\x0b \x00Name\ufffe", about_panel="")
    answer = visitor.get("/feed.xml")
    assert ElementTree.fromstring(answer.content).findtext(f"{ATOM}title") == "Odd Name: comparisons"


@pytest.mark.parametrize("path", ["/feed.xml", "/issues/feed.xml", "/sitemap.xml"])
def test_what_has_not_changed_is_not_sent_again(visitor, app: App, path):
    add_active(app, "reader@example.net")
    publish_week(app)
    tag = visitor.get(path).headers["etag"]
    assert visitor.get(path, headers={"if-none-match": tag}).status_code == 304
    add_comparison(app, Comparison("new-vs-newer", (tool("New"), tool("Newer"))))
    again = visitor.get(path, headers={"if-none-match": tag}).status_code
    assert again == (304 if path == "/issues/feed.xml" else 200)


def mapped(visitor, path: str = "/sitemap.xml") -> list[str]:
    answer = visitor.get(path)
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    found = ElementTree.fromstring(answer.content)
    assert found.tag == f"{MAP}urlset"
    return [str(one.text).removeprefix(SITE) for one in found.iter(f"{MAP}loc")]


def test_the_sitemap_names_every_public_page_once_and_no_other(visitor, app: App):
    add_active(app, "reader@example.net")
    publish_week(app)
    add_comparison(app, Comparison("läufer-vs-東京", (Tool("Läufer", "läufer"), Tool("東京", "東京"))))
    paths = mapped(visitor)
    assert len(paths) == len(set(paths))
    assert paths[:4] == ["/", "/compare", "/issues", "/compare?category=databases"]
    assert "/issues/2026-W48" in paths
    assert "/compare/l%C3%A4ufer-vs-%E6%9D%B1%E4%BA%AC" in paths
    assert len([path for path in paths if path.startswith("/compare/")]) == len(full_week()) + 1
    for path in paths:
        page = visitor.get(path)
        assert page.status_code == 200
        assert f'<link rel="canonical" href="{SITE}{path}">' in page.text, path


def test_the_sitemap_tells_when_a_page_last_changed(visitor, app: App):
    add_comparison(app, Comparison("plumbline-vs-kestrel", (PLUMBLINE, KESTREL), published_on=date(2026, 11, 2)))
    rows = visitor.get("/sitemap.xml").text
    assert "<loc>http://localhost:8000/compare/plumbline-vs-kestrel</loc><lastmod>2026-11-19T08:00:00Z" in rows
    assert "<loc>http://localhost:8000/tools/kestrel</loc><lastmod>2026-11-02</lastmod>" in rows


def test_a_large_sitemap_comes_in_parts_that_together_are_the_whole(visitor, app: App, monkeypatch):
    for item in full_week():
        add_comparison(app, item.comparison)
    whole = mapped(visitor)
    monkeypatch.setattr(feeds, "PART", 20)
    add_comparison(app, Comparison("new-vs-newer", (tool("New"), tool("Newer"))))
    index = ElementTree.fromstring(visitor.get("/sitemap.xml").content)
    assert index.tag == f"{MAP}sitemapindex"
    parts = [str(one.text).removeprefix(SITE) for one in index.iter(f"{MAP}loc")]
    assert parts == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    found = [path for part in parts for path in mapped(visitor, part)]
    assert sorted(found) == sorted([*whole, "/compare/new-vs-newer", "/tools/new", "/tools/newer"])
    for beyond in ("/sitemap-4.xml", "/sitemap-0.xml", "/sitemap-x.xml", "/sitemap-999999999999.xml"):
        assert visitor.get(beyond).status_code == 404


def test_robots_are_told_where_the_map_is_and_what_is_one_persons(visitor, open_site):
    text = visitor.get("/robots.txt").text
    assert text.endswith("\nSitemap: http://localhost:8000/sitemap.xml\n")
    for path in ("confirm", "unsubscribe", "preferences", "v", "c", "saved", "address", "drafts"):
        assert f"Disallow: /{path}/\n" in text
    assert "Disallow: /outbox\n" in text
    below = open_site(site_url="https://example.org/news").get("/robots.txt", headers={"host": "example.org"}).text
    assert "Disallow: /news/unsubscribe/\n" in below
    assert "Sitemap: https://example.org/news/sitemap.xml\n" in below


PUBLIC = ["/", "/issues", "/issues/2026-W48", "/compare", "/compare/plumbline-vs-kestrel", "/tools/kestrel"]


@pytest.mark.parametrize("path", [*PUBLIC, "/compare?category=databases"])
def test_every_public_page_leads_to_the_feeds_and_has_a_card(visitor, app: App, path):
    add_active(app, "reader@example.net")
    publish_week(app)
    page = visitor.get(path).text
    alternates = re.findall(r'<link rel="alternate" type="application/atom\+xml" title="[^"]+" href="([^"]+)">', page)
    topics = ["/compare/topics/databases/feed.xml"] if "category" in path else []
    assert alternates == ["/feed.xml", "/issues/feed.xml", *topics]
    for feed in alternates:
        assert visitor.get(feed).status_code == 200
    told = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[a-z:_]+)" content="([^"]*)">', page))
    assert told["og:type"] == ("article" if path.count("/") > 1 and "tools" not in path else "website")
    assert told["og:url"] == f"{SITE}{path}"
    assert told["twitter:card"] == "summary_large_image"
    assert all(told[name] for name in ("og:title", "og:description", "og:site_name", "og:locale", "og:image:alt"))
    picture = visitor.get(told["og:image"].removeprefix(SITE))
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(picture.content)).size == (1200, 630)


def test_a_page_that_is_not_for_everybody_leads_no_robot_and_no_card_to_it(visitor, app: App):
    for path in ("/subscribed", "/nowhere", "/unsubscribe/none", "/compare?q=kestrel", "/saved"):
        page = visitor.get(path)
        assert page.headers["x-robots-tag"] == "noindex", path
        assert '<meta name="robots" content="noindex">' in page.text
        for part in ("canonical", "og:", "application/ld+json", "application/atom+xml"):
            assert part not in page.text.partition("</head>")[0]


def test_no_robot_is_let_to_any_page_behind_a_token(visitor, app: App):
    """Every route that there is, with a token of each kind that opens it, with one of a test mail, and with none."""
    reader = add_active(app, "reader@example.net")
    issue = publish_week(app)
    draft = app.signer.draft(issue.id)
    tokens = {
        app.signer.reader(issue.id, reader.id),
        app.signer.confirmation(reader.id),
        app.signer.address_change(reader.id, b"x" * 32),
        draft,
        DEAD_TOKEN,
        "forged",
    }
    rules = visitor.get("/robots.txt").text
    paths = {route.path for route in visitor.site.routes if "{token}" in getattr(route, "path", "")}
    assert len({path.split("/")[1] for path in paths}) >= 7
    opened = set()
    for path in sorted(paths):
        assert f"Disallow: /{path.split('/')[1]}/\n" in rules
        for token in tokens:
            filled = path.replace("{token}", token).replace("{slug}", "kestrel").replace("{choice}", "ship")
            page = visitor.get(filled, may_show=("reader@example.net",), may_set=("reader",))
            opened |= {path.split("/")[1]} if page.status_code == 200 else set()
            assert page.headers["x-robots-tag"] == "noindex", path
            assert page.headers["cache-control"] == "no-store", path
            if page.headers.get("content-type", "").startswith("text/html") and not path.endswith("/html"):
                assert '<meta name="robots" content="noindex">' in page.text, path
                assert 'rel="canonical"' not in page.text
    assert opened >= {"confirm", "unsubscribe", "preferences", "v", "saved", "drafts"}
