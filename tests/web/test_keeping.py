"""Kept pages: given again while they are true, never after that, and never with a person in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.app.read_pages import content_mark
from newsletter.app.send_issue import cancel_issue
from newsletter.comparisons.model import Comparison, Tool, Verdict
from newsletter.errors import StoreError
from newsletter.store.store import Store
from newsletter.web.keeping import Keeping
from newsletter.web.templating import PERSONAL, PRIVATE, PUBLIC
from tests.fakes.house import add_active, add_comparison, publish_week

PAIR = Comparison("a-vs-b", (Tool("Alpha", "alpha"), Tool("Beta", "beta")), published_on=date(2026, 11, 18))


class Press:
    """Pages behind Keeping, each with a number of its own; `mark` is what they are made of."""

    def __init__(self, portal: BlockingPortal, *, room: int = 1_000_000) -> None:
        self._portal = portal
        self.printed = 0
        self.mark: Any = 1
        self.asked_of: list[tuple[str, ...]] = []
        self.headers: dict[str, str] = dict(PUBLIC)
        self.status = 200
        self.tools: tuple[str, ...] = ()
        self.filling = "words " * 200
        self.meanwhile = lambda: None
        self.site = Keeping(self.print, mark=self.told, reader_cookie="reader", room=room)

    def told(self, tools: Any) -> Any:
        self.asked_of.append(tuple(tools))
        if isinstance(self.mark, Exception):
            raise self.mark
        return self.mark

    async def print(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.printed += 1
        Request(scope).state.tools = self.tools
        page = Response(f"page {self.printed} {self.filling}", self.status, self.headers)
        self.meanwhile()
        await page(scope, receive, send)

    def get(self, path: str = "/issues", **headers: str) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.site)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                client.headers["accept-encoding"] = "identity"
                return await client.get(
                    path, headers={name.replace("_", "-"): value for name, value in headers.items()}
                )

        answer: httpx.Response = self._portal.call(once)
        return answer

    def page(self, path: str = "/issues", **headers: str) -> str:
        """Its number."""
        return self.get(path, **headers).text.split()[1]


@pytest.fixture
def press(portal: BlockingPortal) -> Press:
    return Press(portal)


def test_a_public_page_is_made_once_until_what_it_is_made_of_changes(press: Press):
    assert [press.page(), press.page()] == ["1", "1"]
    press.mark = 2
    assert [press.page(), press.page()] == ["2", "2"]


def test_each_address_and_each_page_of_a_list_is_kept_for_itself(press: Press):
    paths = ["/compare", "/compare?page=2", "/compare?category=data&page=2", "/issues"]
    assert [press.page(path) for path in (*paths, *paths)] == ["1", "2", "3", "4"] * 2


@pytest.mark.parametrize("query", ["q=words", "page=2&q=x", "utm_source=x", "page=12345", f"category={'a' * 61}"])
def test_what_can_be_asked_in_endless_ways_is_made_each_time(press: Press, query: str):
    assert [press.page(f"/compare?{query}") for _ in range(2)] == ["1", "2"]


def test_whoever_sits_at_the_machine_itself_and_a_visitor_from_outside_are_not_given_the_same_page(press: Press):
    assert [press.page(), press.page(x_forwarded_for="203.0.113.7"), press.page()] == ["1", "2", "1"]


@pytest.mark.parametrize("headers", [PRIVATE, PERSONAL, {}, {"Cache-Control": "no-cache", "Set-Cookie": "reader=x"}])
def test_an_answer_that_is_not_for_everybody_is_neither_kept_nor_compressed(press: Press, headers: dict[str, str]):
    press.headers = headers
    answers = [press.get(accept_encoding="gzip"), press.get(accept_encoding="gzip")]
    assert [answer.text.split()[1] for answer in answers] == ["1", "2"]
    assert not any(name in answer.headers for answer in answers for name in ("etag", "content-encoding"))


@pytest.mark.parametrize("status", [404, 422, 500, 503])
def test_a_problem_is_not_kept(press: Press, status: int):
    press.status = status
    assert [press.page(), press.page()] == ["1", "2"]


@pytest.mark.parametrize("header", [{"cookie": "a=b; reader=x"}, {"range": "bytes=0-5"}, {"authorization": "Basic x"}])
def test_a_known_reader_neither_gets_a_kept_page_nor_leaves_one(press: Press, header: dict[str, str]):
    assert [press.page(**header), press.page(**header), press.page(), press.page(**header), press.page()] == [
        *("1", "2", "3", "4", "3")
    ]


def test_a_browser_that_has_the_page_is_told_only_that_it_is_the_same(press: Press):
    first = press.get()
    again = press.get(if_none_match=f'"other", W/{first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    assert {name: again.headers[name] for name in ("etag", "cache-control", "vary")} == {
        "etag": first.headers["etag"],
        "cache-control": "no-cache",
        "vary": "Cookie, Accept-Encoding",
    }
    press.mark = 2
    assert press.get(if_none_match=first.headers["etag"]).status_code == 200


def test_who_takes_gzip_gets_it_under_a_tag_of_its_own(press: Press):
    plain, small = press.get(), press.get(accept_encoding="br, gzip")
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(plain.content) / 4
    assert small.text == plain.text
    assert small.headers["etag"] != plain.headers["etag"]
    assert press.get(accept_encoding="gzip", if_none_match=small.headers["etag"]).status_code == 304
    for unwanted in ("gzip;q=0", "br", "gzip; q=0.0, br"):
        assert "content-encoding" not in press.get(accept_encoding=unwanted).headers


def test_a_file_that_never_changes_is_kept_once_whatever_stands_behind_it(press: Press):
    press.headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    assert [press.page("/static/site.css?v=1"), press.page("/static/site.css?v=2")] == ["1", "1"]
    assert press.get("/static/site.css", accept_encoding="gzip").headers["content-encoding"] == "gzip"
    assert press.asked_of == []


def test_what_is_kept_stays_within_its_room_and_what_nobody_asks_for_goes_first(portal: BlockingPortal):
    press = Press(portal, room=6000)
    press.filling = "0123456789abcdef" * 100
    assert press.page("/a") == "1"
    assert press.page("/b") == "2"
    assert press.page("/a") == "1"
    assert press.page("/c") == "3"
    assert press.page("/a") == "1"
    assert press.page("/b") == "4"


def test_a_page_larger_than_a_mebibyte_is_handed_through(press: Press):
    press.filling = "x" * 2**20
    assert [press.page(), press.page()] == ["1", "2"]


def test_a_page_with_tallies_is_kept_by_those_it_shows(press: Press):
    press.tools = ("alpha", "beta")
    assert [press.page(), press.page(), press.page()] == ["1", "2", "2"]
    assert press.asked_of == [(), ("alpha", "beta"), ("alpha", "beta")]


def test_a_page_is_kept_under_what_was_true_before_it_was_made(press: Press):
    def change() -> None:
        press.mark = 2

    press.meanwhile = change
    assert [press.page(), press.page(), press.page()] == ["1", "2", "2"]


def test_where_the_database_does_not_answer_the_page_says_so_itself(press: Press):
    press.page()
    press.mark = StoreError("the database is busy")
    assert press.page() == "2"


@contextmanager
def another_process(app: App) -> Iterator[Store]:
    """A store of its own on the same file."""
    store = Store(app.store.path)
    yield store
    store.close()


def test_a_correction_shows_at_once(visitor, app: App):
    add_active(app, "reader@example.net")
    path = f"/issues/{publish_week(app).key}"
    assert visitor.get(path).headers["etag"] == visitor.get(path).headers["etag"]
    assert "It costs 12, not 21." not in visitor.get(path).text
    correct_issue(app, path.removeprefix("/issues/"), "It costs 12, not 21.")
    assert "It costs 12, not 21." in visitor.get(path).text


def test_an_issue_shows_at_once_and_is_gone_at_once(visitor, app: App):
    add_active(app, "reader@example.net")
    assert visitor.get("/issues").text == visitor.get("/issues").text
    key = publish_week(app).key
    assert key in visitor.get("/issues").text
    assert key in visitor.get("/").text
    cancel_issue(app, key)
    assert key not in visitor.get("/issues").text
    assert key not in visitor.get("/").text


def test_a_cancelled_issue_that_nobody_got_in_the_end_is_gone_at_once(app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    app.store.issues.shift(issue.id, waiting=-1, in_flight=1)
    sending = content_mark(app, ())
    app.store.issues.shift(issue.id, in_flight=-1, waiting=1)
    assert content_mark(app, ()) == sending
    cancel_issue(app, issue.key)
    cancelled = content_mark(app, ())
    app.store.issues.shift(issue.id, cancelled=-1, rejected=1)
    assert content_mark(app, ()) != cancelled


def test_what_another_process_imports_and_revises_shows_at_once(visitor, app: App, clock):
    with another_process(app) as other:
        assert visitor.get("/compare/a-vs-b").status_code == 404
        other.comparisons.add(PAIR, clock(), archived=False)
        page = visitor.get("/compare/a-vs-b")
        assert page.status_code == 200
        for _ in range(3):
            page = visitor.get("/compare/a-vs-b", headers={"If-None-Match": page.headers["etag"]})
        assert page.status_code == 304
        stored = other.comparisons.by_slug("a-vs-b")
        assert stored is not None
        revised = Comparison("a-vs-b", (Tool("Alpha", "alpha", tagline="Now with words"), PAIR.sides[1]))
        other.comparisons.revise(stored, revised, clock(), "ada@example.com")
        assert "Now with words" in visitor.get("/compare/a-vs-b").text


@pytest.mark.parametrize("path", ["/compare/a-vs-b", "/tools/alpha", "/api/v1/tools/alpha"])
def test_a_vote_that_another_process_takes_shows_at_once_where_its_tool_does(visitor, app: App, clock, path: str):
    add_comparison(app, PAIR)
    reader = add_active(app, "reader@example.net")
    pages = [visitor.get(path) for _ in range(3)]
    assert pages[1].headers["etag"] == pages[2].headers["etag"]
    with another_process(app) as other:
        other.votes.put(reader.id, "alpha", Verdict.SHIP, clock(), None)
        voted = visitor.get(path, headers={"If-None-Match": pages[2].headers["etag"]})
        assert voted.status_code == 200
        assert voted.text != pages[2].text
        other.votes.put_web(b"somebody", "beta", Verdict.SKIP, clock())
        again = visitor.get(path, headers={"If-None-Match": voted.headers["etag"]})
        assert (again.status_code == 200) == ("a-vs-b" in path)


def test_every_vote_of_every_process_changes_the_mark_of_its_tool_and_of_no_other(app: App, clock):
    reader = add_active(app, "reader@example.net")
    with another_process(app) as other:
        seen = {content_mark(app, ["alpha", "beta"])}
        app.store.votes.put(reader.id, "alpha", Verdict.SHIP, clock(), None)
        seen.add(content_mark(app, ["alpha", "beta"]))
        other.votes.put_web(b"somebody", "beta", Verdict.SKIP, clock())
        seen.add(content_mark(app, ["alpha", "beta"]))
        other.votes.put_web(b"somebody", "beta", None, clock())
        seen.add(content_mark(app, ["alpha", "beta"]))
        assert len(seen) == 4
        before = content_mark(app, ["alpha"])
        other.votes.put_web(b"somebody", "gamma", Verdict.SKIP, clock())
        assert content_mark(app, ["alpha"]) == before


def test_a_new_day_of_the_newsletter_is_a_new_page(app: App, clock):
    evening = content_mark(app, ())
    clock.now += timedelta(hours=14, minutes=59)  # 23:59 in Berlin
    assert content_mark(app, ()) == evening
    clock.now += timedelta(minutes=1)
    assert content_mark(app, ()) != evening


def test_pages_behind_a_signed_link_are_never_compressed_nor_tagged(visitor, app: App):
    reader = add_active(app, "reader@example.net")
    answer = visitor.get(f"/unsubscribe/{app.signer.reader(0, reader.id)}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert not any(name in answer.headers for name in ("etag", "content-encoding"))


def test_a_kept_page_still_carries_every_safety_header_and_answers_head(visitor, app: App):
    add_comparison(app, PAIR)
    visitor.get("/issues")
    kept, head = visitor.get("/issues"), visitor.ask("HEAD", "/issues")
    assert "frame-ancestors 'none'" in kept.headers["content-security-policy"]
    assert head.headers == kept.headers
