"""Every route of the site, walked: opening changes nothing, other sites write nothing, forged links tell nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from tests.fakes.furnished import ADA, ADAS_NEXT, FORMS, PEOPLE, Door, Furnished, doors
from tests.web.conftest import Open, Visitor

OPEN_TO_OTHERS = {"/unsubscribe/{token}", "/webhooks/{provider}"}
"""Mail clients write to the one (RFC 8058), providers to the other; each holds a signature."""
APPENDED = ("canary",)
"""What opening a page may append to: a hit of the link that no person sees."""
FROM_ELSEWHERE: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"sec-fetch-site": "same-site", "origin": "http://other.localhost:8000"},
    {"sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:8001"},
]


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    """On this machine, so that the outbox is walked too."""
    return open_site(peer="127.0.0.1", web={"form_origins": ["https://shop.example.org"]})


@pytest.fixture
def house(visitor: Visitor) -> Furnished:
    return Furnished(visitor.app)


@pytest.fixture
def every(visitor: Visitor) -> list[Door]:
    found = doors(visitor.site)
    assert len(found) > 40
    return found


def ask(visitor: Visitor, door: Door, path: str, method: str = "", **options: Any) -> Any:
    may_set = ("reader", "asked") if (method or door.method) == "POST" else ()
    return visitor.ask(method or door.method, path, may_show=PEOPLE, may_set=may_set, **options)


def test_no_page_that_is_only_opened_changes_anything(visitor, house, every):
    """Scanners open every link of a mail, with and without the reader's own browser."""
    before = house.rows(but=APPENDED)
    for door in every:
        if door.method == "GET":
            path = house.path(door)
            for method in ("GET", "HEAD"):
                for options in ({}, house.options(door)):
                    answer = ask(visitor, door, path, method, **options)
                    assert answer.status_code in (200, 303), (door, answer.status_code)
                    assert "set-cookie" not in answer.headers, door
    assert house.rows(but=APPENDED) == before


def test_the_one_thing_that_opening_a_page_appends_is_a_hit_of_the_canary(visitor, house, every):
    for door in every:
        if door.method == "GET":
            before = house.rows()
            ask(visitor, door, house.path(door))
            after = house.rows()
            changed = {name for name in after if after[name] != before[name]}
            assert changed == ({"canary"} if door.route.startswith("/c/") else set()), door


def test_opening_any_page_with_a_body_a_query_or_another_safe_method_changes_nothing_either(visitor, house, every):
    before = house.rows(but=APPENDED)
    form = "email=new%40example.net&choice=skip&weeks=8&tool=plumbline&topic=x&reason=other&method=POST&_method=POST"
    for door in every:
        path = house.path(door)
        kind = {"content-type": "application/x-www-form-urlencoded", "x-http-method-override": "POST"}
        for method in ("GET", "OPTIONS", "TRACE", "HEAD"):
            answer = ask(visitor, door, f"{path}?{form}", method, content=form.encode(), headers=kind)
            assert answer.status_code < 500, (door, method)
    assert house.rows(but=APPENDED) == before


def test_every_form_is_taken_from_our_own_pages_so_that_the_walks_below_knock_at_real_doors(visitor, house, every):
    writes = [door for door in every if door.method != "GET"]
    assert {door.method for door in writes} == {"POST"}
    last = {"/address/{token}": -1, "/unsubscribe/{token}": 1, "/unsubscribe/{token}/undo": 2}
    last["/preferences/{token}/erase"] = 3
    for door in sorted(writes, key=lambda door: last.get(door.route, 0)):
        answer = ask(visitor, door, house.path(door), **house.options(door))
        expected = (404,) if door.route == "/webhooks/{provider}" else (200, 202, 303)
        assert answer.status_code in expected, (door, answer.status_code, answer.text[-900:])


def test_no_other_site_can_write_anywhere_but_where_a_signature_speaks_for_itself(visitor, house, every):
    before = house.rows()
    for door in every:
        if door.method != "GET" and door.route not in OPEN_TO_OTHERS:
            options = house.options(door)
            own = {name: value for name, value in options["headers"].items() if name in ("cookie", "content-type")}
            for headers in FROM_ELSEWHERE:
                answer = ask(visitor, door, house.path(door), **{**options, "headers": own | headers})
                assert answer.status_code == 403, (door, headers, answer.status_code)
                assert "access-control-allow-origin" not in answer.headers
    assert house.rows() == before
    assert {door.route for door in every} >= OPEN_TO_OTHERS


def test_a_method_that_no_route_has_is_refused_from_elsewhere_too(visitor, house, every):
    before = house.rows()
    for method in ("PUT", "PATCH", "DELETE", "PROPFIND"):
        for door in every:
            answer = visitor.ask(method, house.path(door), headers={"sec-fetch-site": "cross-site"})
            assert answer.status_code in ((403, 405) if door.route not in OPEN_TO_OTHERS else (405,)), door
            keyed = (method, door.route) in visitor.site.state.keyed.rights
            assert visitor.ask(method, house.path(door)).status_code == (401 if keyed else 405), (method, door)
    assert house.rows() == before


def test_only_the_subscribe_form_of_a_named_site_is_let_in(visitor, house, every):
    let_in = set()
    for door in every:
        if door.method == "POST" and door.route not in OPEN_TO_OTHERS:
            options = house.options(door)
            options["headers"] |= {"origin": "https://shop.example.org", "sec-fetch-site": "cross-site"}
            answer = ask(visitor, door, house.path(door), **options)
            if answer.status_code != 403:
                let_in.add(door.route)
                assert answer.headers["access-control-allow-origin"] == "https://shop.example.org"
                assert "Origin" in answer.headers["vary"]
            else:
                assert "access-control-allow-origin" not in answer.headers
    assert let_in == {"/subscribe", "/api/v1/subscribe"}


def test_every_answer_of_every_route_carries_the_safety_headers(visitor, house, every):
    for door in every:
        path = house.path(door)
        for answer in (
            ask(visitor, door, path, **house.options(door)),
            ask(visitor, door, path, "HEAD"),
            ask(visitor, door, path, "DELETE"),
            ask(visitor, door, path, headers={"host": "evil.example"}),
            ask(visitor, door, path + "/no/such", "GET"),
        ):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, door
            assert "unsafe" not in policy or policy.startswith("default-src 'none'; img-src 'self' data: https:;"), door
            assert re.search(r"frame-ancestors 'none'|frame-ancestors 'self'.*; sandbox ", policy), door
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] in ("same-origin", "cross-origin")
            assert "camera=()" in answer.headers["permissions-policy"]
            assert "server" not in answer.headers
            assert "x-powered-by" not in answer.headers


def test_a_page_behind_a_token_is_in_no_cache_and_no_index(visitor, house, every):
    tokens = [door for door in every if door.reads_token]
    assert len(tokens) > 15
    for door in tokens:
        for token in (None, "forged"):
            answer = ask(visitor, door, house.path(door, token=token), **house.options(door))
            assert answer.headers["cache-control"] == "no-store", (door, token)
            if answer.status_code != 303:
                assert answer.headers["x-robots-tag"] == "noindex", (door, token)


def test_robots_are_told_to_keep_away_from_every_page_behind_a_token(visitor, every):
    kept_away = re.findall(r"^Disallow: (\S+)$", visitor.get("/robots.txt").text, re.MULTILINE)
    for door in every:
        if door.reads_token:
            assert [path for path in kept_away if door.route.startswith(path)], door


def bad_tokens(house: Furnished, door: Door) -> dict[str, str]:
    good = house.token(door.token_kind)
    kinds = ("reader", "confirmation", "address_change", "draft", "browser", "asked_here")
    return {
        "nothing like it": "x",
        "cut": good[:-1],
        "half": good[: len(good) // 2],
        "longer": f"{good}A",
        "changed": good.swapcase(),
        "another number": re.sub(r"^\d+", lambda found: str(int(found[0]) + 1), good) if good[0].isdigit() else "9.9.x",
        "a tag": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "line breaks": "1.2.%0d%0aSet-Cookie:%20a=b",
        "NUL": "%00",
        "not ASCII": "1.%D9%A2.AAAAAAAAAAAAAAAAAAAAAA",
        "a broken byte": "%ff%fe",
        "a surrogate": "1.1.%ED%A0%80",
        "dots": "..%2f..%2fetc%2fpasswd",
        "very long": "1." * 2000,
        **{kind: house.token(kind) for kind in kinds if kind != door.token_kind},
    }


def test_a_link_that_is_forged_cut_or_for_something_else_does_and_tells_nothing(visitor, house, every):
    before = house.rows()
    for door in every:
        if door.reads_token:
            for name, token in bad_tokens(house, door).items():
                options = house.options(door)
                options["headers"].pop("cookie")
                answer = ask(visitor, door, house.path(door, token=token), **options)
                assert answer.status_code in (400, 403, 404, 405), (door, name, answer.status_code)
                assert not [person for person in PEOPLE if person in answer.text], (door, name)
                assert "set-cookie" not in answer.headers, (door, name)
                assert "Traceback" not in answer.text
                assert re.search(r"script>alert\(1\)", answer.text) is None
    assert house.rows() == before


def test_a_link_of_somebody_who_is_erased_opens_nothing_of_theirs(visitor, house, every):
    ada = house.ada
    links = {door: house.path(door) for door in every if door.token_kind != "draft" and door.reads_token}
    erased = {door: house.path(door, token=house.token(door.token_kind, ada)) for door in links}
    house.app.store.subscribers.erase(ada.id)
    house.app.store.votes.forget_reader(ada.id)
    house.app.store.saved.forget_reader(ada.id)
    before = house.rows(but=APPENDED)
    for door, path in erased.items():
        options = house.options(door)
        answer = ask(visitor, door, path, **options)
        assert answer.status_code in (200, 303, 400, 404, 409), (door, answer.status_code)
        assert ADA not in answer.text
        assert ADAS_NEXT not in answer.text
        cookie = answer.headers.get("set-cookie", "")
        assert not cookie or (door.route.endswith("/erase") and 'reader=""' in cookie and "Max-Age=0" in cookie), door
    assert house.rows(but=APPENDED) == before


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/subscribers",
        "/admin",
        "/.git/config",
        "/subscribers.db",
        "/newsletter.toml",
        "/static/../subscribers.db",
        "/static/%2e%2e/%2e%2e/newsletter.toml",
        "/outbox/..%2f..%2f/newsletter.toml",
        "/outbox/../newsletter.toml/raw",
        "/issues/2099-W01",
        "/compare/no-such",
        "/tools/no-such",
        "http://localhost:8000//evil.example/",
        "/\\evil.example",
        "/%0d%0aX-Injected:%20y",
        "/docs",
        "/redoc",
        "/openapi.json",
    ],
)
def test_what_is_not_there_is_a_kind_404_and_nothing_of_the_machine_shows(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert "x-injected" not in answer.headers
    assert "secret" not in answer.text
    assert str(visitor.app.store.path.parent) not in answer.text


def test_every_form_that_is_named_here_belongs_to_a_route(every):
    assert set(FORMS) <= {door.route for door in every if door.method == "POST"}


def test_the_walk_finds_routes_of_every_kind_and_asks_for_values_of_new_ones(visitor, house):
    inner, router, mounted = APIRouter(prefix="/inner"), APIRouter(prefix="/outer"), FastAPI(openapi_url=None)
    inner.add_api_route("/{thing}", lambda thing: thing, methods=["PUT"])
    router.include_router(inner)
    mounted.add_api_route("/page", lambda: "page")
    visitor.site.include_router(router)
    visitor.site.mount("/under", mounted)
    found = doors(visitor.site)
    assert Door("PUT", "/outer/inner/{thing}") in found
    assert any(door.route == "/under/page" for door in found)
    with pytest.raises(KeyError, match="thing"):
        house.path(Door("PUT", "/outer/inner/{thing}"))


def test_the_walk_sees_a_page_that_writes_when_it_is_only_opened(visitor, house):
    before = house.rows(but=APPENDED)
    visitor.site.add_api_route("/writes", lambda: house.app.store.saved.remove(house.ada.id, "kestrel"))
    assert house.rows(but=APPENDED) == before
    visitor.get("/writes")
    assert house.rows(but=APPENDED) != before
