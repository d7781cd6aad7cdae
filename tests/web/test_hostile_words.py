"""Hostile words of visitors: in searches, addresses and forms; and line breaks where a header could begin."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.fakes.furnished import Furnished, doors
from tests.fakes.hostile import EVIL, UNSEEN, ask, check_mails, check_page, hostile
from tests.fakes.house import add_comparison, deliver_all_mail
from tests.web.conftest import Open, Visitor


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    """On this machine."""
    return open_site(peer="127.0.0.1")


@pytest.fixture
def house(visitor: Visitor) -> Furnished:
    return Furnished(visitor.app)


def test_hostile_search_words_and_categories_come_back_as_text(visitor: Visitor):
    add_comparison(visitor.app, hostile(1, "calm"))
    for words in (EVIL | UNSEEN).values():
        for path, params in (
            ("/compare", {"q": words}),
            ("/compare", {"category": words}),
            ("/compare", {"page": words}),
            ("/api/v1/comparisons", {"q": words[:200]}),
            ("/api/v1/comparisons", {"topic": words[:200], "cursor": words[:200]}),
            ("/tools/one-1/vote", {"back": words}),
            ("/saved", {"mailed": words}),
        ):
            answer = ask(visitor, "GET", path, params=params)
            assert answer.status_code < 500, (path, params)
            if answer.headers["content-type"].startswith("text/html"):
                check_page(answer.text, path)


@pytest.mark.parametrize("path", ["/compare/{}", "/tools/{}", "/issues/{}", "/compare/{}/card.png", "/confirm/{}"])
def test_hostile_addresses_are_kind_pages_and_not_repeated_as_markup(visitor: Visitor, path: str):
    for evil in (EVIL | UNSEEN).values():
        asked = path.format(httpx.URL("http://x/", params={"q": evil[:500]}).query.decode().partition("=")[2])
        answer = ask(visitor, "GET", asked.replace("+", "%20"))
        assert answer.status_code in (400, 404), asked
        check_page(answer.text, asked)


BACK = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%0d%0aSet-Cookie:%20a=b",
    "/compare/x\r\nSet-Cookie: a=b",
    "/compare/x\nX-Injected: y",
    "/compare/\u2028x",
    "/compare/é ü",
    "javascript:alert(1)",
    "data:text/html,x",
    "/compare/x#<script>alert(1)</script>",
    "/" + "x" * 5000,
    "http:evil.example",
    " //evil.example",
    "/@evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "\0/x",
]


def test_where_a_form_leads_back_to_is_a_page_of_ours_and_one_line(visitor: Visitor, house: Furnished):
    for back in BACK:
        for path in ("/tools/kestrel/save", "/tools/kestrel/unsave", "/tools/kestrel/vote"):
            for cookie in (f"reader={visitor.app.signer.browser(house.ada.id)}", ""):
                headers = {"sec-fetch-site": "same-origin", "cookie": cookie}
                answer = ask(visitor, "POST", path, data={"back": back, "choice": "ship"}, headers=headers)
                where = answer.headers.get("location", "/x")
                assert "evil" not in urlsplit(where).netloc
                assert where.startswith("/")
                assert where[1:2] not in ("/", "\\")
                assert urljoin(visitor.origin, where).startswith(f"{visitor.origin}/")
                assert {one.partition("=")[0] for one in answer.headers.get_list("set-cookie")} <= {"reader"}


BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "%0d%0a", "\r\n\r\n"]


def test_a_line_break_in_an_address_reaches_no_mail_and_no_header(visitor: Visitor, house: Furnished):
    before = house.app.store.messages.counts()
    addresses = [
        one.replace("|", sign)
        for sign in BREAKS
        for one in (
            "x@example.net|Bcc: everybody@evil.example",
            "x|Bcc: everybody@evil.example|@example.net",
            '"x|Bcc: y"@example.net',
            "x@example.net,|everybody@evil.example",
            "x@exa|mple.net",
        )
    ]
    for number, address in enumerate(addresses):
        ways: tuple[tuple[str, dict[str, Any]], ...] = (
            ("/subscribe", {"data": {"email": address}}),
            ("/api/v1/subscribe", {"json": {"email": address}}),
            (f"/preferences/{house.token('reader')}/address", {"data": {"email": address}}),
        )
        for path, send in ways:
            headers, peer = {"sec-fetch-site": "same-origin"}, f"198.51.100.{number}"
            answer = ask(visitor, "POST", path, headers=headers, peer=peer, **send)
            assert answer.status_code == 422, (path, address)
    assert house.app.store.messages.counts() == before


FIELDS = ("reason", "words", "topics", "zone", "frequency", "weeks", "tool", "choice", "email", "back")


def test_hostile_words_in_any_field_of_any_form_do_no_harm(visitor: Visitor, house: Furnished):
    last = ("/unsubscribe/{token}", "/unsubscribe/{token}/undo", "/preferences/{token}/erase")
    for door in sorted(doors(visitor.site), key=lambda door: door.route in last):
        if door.method == "POST":
            for evil in ("<script>alert(1)</script>", "a\r\nBcc: b\r\n\r\n", "\0", "x" * 5000, "{{ 913*7 }}"):
                for field in FIELDS:
                    options: dict[str, Any] = house.options(door)
                    if "data" in options:
                        options["data"] = {**options["data"], field: evil}
                    else:
                        options["content"] = json.dumps({field: evil})
                    answer = ask(visitor, "POST", house.path(door), **options)
                    assert answer.status_code < 500, (door, field, evil, answer.status_code)
                    if answer.headers.get("content-type", "").startswith("text/html"):
                        check_page(answer.text, door.route)
    deliver_all_mail(house.app)
    check_mails(house)
