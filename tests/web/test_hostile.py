"""Hostile text in comparisons: on every page, feed, card and mail it is the text it is, and in no header at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest

from newsletter.app.draft_issue import draft_issue
from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.model import Verdict
from newsletter.providers.outbox import Outbox
from tests.fakes.furnished import Furnished, doors
from tests.fakes.hostile import EVIL, UNSEEN, Elements, ask, check_mails, check_page, hostile
from tests.fakes.house import add_comparison, deliver_all_mail
from tests.web.conftest import Open, Visitor


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    return open_site(peer="127.0.0.1", web={"welcome_issue": True})


@pytest.fixture
def house(visitor: Visitor) -> Furnished:
    """With every hostile comparison in it, voted on and saved by Ada, and a draft that is made of them."""
    house = Furnished(visitor.app)
    app = house.app
    for number, evil in enumerate(EVIL.values()):
        add_comparison(app, hostile(number, evil))
        app.store.votes.put(house.ada.id, f"one-{number}", Verdict.SHIP, app.now(), None)
    app.store.saved.put(house.ada.id, [f"one-{number}" for number in range(len(EVIL))], app.now(), at_most=200)
    return house


def pages(visitor: Visitor, house: Furnished) -> Iterator[tuple[str, httpx.Response]]:
    """Every page that shows something of a comparison: once, and once for every hostile one it can be asked for."""
    topics = [row["topic"] for row in house.app.store.database.query("SELECT DISTINCT topic FROM comparison_tool")]
    assert len(topics) > 10
    for door in doors(visitor.site):
        if door.method != "GET":
            continue
        asked: list[dict[str, str]] = [{}]
        if "{slug}" in door.route:
            of_tool = re.search("/tools/|^/v/", door.route)
            names = ("one-{}", "other-{}") if of_tool else ("hostile-{}",)
            asked = [{"slug": name.format(number)} for name in names for number in range(len(EVIL))]
        elif "{topic}" in door.route:
            asked = [{"topic": topic} for topic in topics if topic]
        for other in asked:
            path = house.path(door, **other)
            for options in ({}, house.options(door)):
                yield path, ask(visitor, "GET", path, **options)


def test_no_page_feed_picture_or_answer_makes_more_of_hostile_text_than_text(visitor, house):
    seen = 0
    for path, answer in pages(visitor, house):
        assert answer.status_code in (200, 303), (path, answer.status_code)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind == "text/html" and "sandbox" not in answer.headers["content-security-policy"]:
            check_page(answer.text, path)
        elif kind.endswith("xml") and "svg" not in kind:
            tree = ElementTree.fromstring(answer.content)
            assert not [one for one in tree.iter() if "script" in str(one.tag)]
            for link in tree.iter("{http://www.w3.org/2005/Atom}link"):
                assert link.attrib["href"].startswith("http://localhost:8000/"), link.attrib
            assert "<!ENTITY" not in answer.text.replace("&lt;!ENTITY", "")
        elif kind.endswith("json"):
            json.loads(answer.text)
        elif kind == "image/png":
            assert answer.content.startswith(b"\x89PNG")
        seen += 1
    assert seen > 300


def test_the_mail_of_saved_tools_says_hostile_names_as_text(visitor: Visitor, house: Furnished):
    before = check_mails(house)
    headers = {"sec-fetch-site": "same-origin"}
    ask(visitor, "POST", f"/saved/{house.token('reader')}/mail", headers=headers)
    deliver_all_mail(house.app)
    assert check_mails(house) == before + 1
    assert isinstance(house.app.provider, Outbox)
    html = house.app.provider.read_mail(house.app.provider.list_mails(1)[0].id).html
    found = Elements(html)
    assert not [tag for tag, _ in found.found if tag in ("script", "iframe", "form", "base", "object", "svg")]
    assert not [name for _, attributes in found.found for name in attributes if name.startswith("on")]
    assert not [one for _, one in found.found if one.get("href", "").startswith(("javascript:", "data:"))]


def test_a_draft_of_hostile_comparisons_is_shown_in_a_frame_that_runs_nothing(visitor: Visitor, house: Furnished):
    house.app.now.pass_by(days=7)  # type: ignore[attr-defined]  # the clock of the house
    issue = draft_issue(house.app).issue
    assert issue is not None
    token = house.app.signer.draft(issue.id)
    page = ask(visitor, "GET", f"/drafts/{token}")
    check_page(page.text, "/drafts")
    mail = ask(visitor, "GET", f"/drafts/{token}/html")
    policy = mail.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert not [tag for tag, _ in Elements(mail.text).found if tag in ("script", "iframe", "form", "object")]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//evil.example/",
        "https://evil.example@one.example/",
        "https://one.example\\@evil.example/",
        "https://one.example/\r\nX-Injected: y",
        "https://xn--/\u202e",
        "file:///etc/passwd",
        "https:evil.example",
    ],
)
def test_an_address_that_hides_where_it_leads_never_comes_in(url: str):
    document = {"sides": [{"name": "One", "url": url}, {"name": "Two"}]}
    parsed = parse_source(json.dumps(document), "x.json")
    assert not parsed.located
    assert parsed.rejects


@pytest.mark.parametrize("words", UNSEEN.values(), ids=UNSEEN)
@pytest.mark.parametrize("key", ["name", "tagline", "description", "category", "best_for"])
def test_signs_that_nobody_sees_never_come_in(words: str, key: str):
    document = {"sides": [{"name": "One", key: words}, {"name": "Two"}]}
    parsed = parse_source(json.dumps(document), "x.json")
    assert not parsed.located
    assert "control character" in parsed.rejects[0].reason
