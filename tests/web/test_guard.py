"""What holds for every request: cross-origin writes, body caps, errors that tell nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.types import Message

from newsletter.app.container import App
from newsletter.app.subscribe import subscribe
from newsletter.web import guard, joining
from tests.fakes.house import Clock, add_active, deliver_all_mail, publish_week
from tests.rendering.week import full_week

Dump = Callable[[], str]
FORM = {"email": "new@example.net"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://other.localhost:8000"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9000"},
        {"origin": "http://localhost:notaport"},
    ],
)
def test_a_form_from_elsewhere_is_refused_and_does_nothing(visitor, dump: Dump, headers):
    before = dump()
    answer = visitor.post("/subscribe", data=FORM, headers=headers)
    assert answer.status_code == 403
    assert "came from elsewhere" in answer.text
    assert dump() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:8000"},
        {"sec-fetch-site": "none"},
        {"origin": "http://192.168.0.4:8000", "host": "192.168.0.4:8000"},
        {"origin": "https://verdicts.example.org", "host": "inside:9000"},
        {"origin": "https://verdicts.example.org:443", "sec-fetch-site": "cross-site"},
        {},
    ],
)
def test_a_form_of_our_own_pages_is_taken_by_whatever_name_we_are_reached(open_site, headers):
    visitor = open_site(site_url="https://verdicts.example.org")
    assert visitor.post("/subscribe", data=FORM, headers=headers).status_code == 303


def test_every_route_that_writes_refuses_other_sites_but_the_two_that_are_signed(visitor):
    refused = {}
    for route in visitor.site.routes:
        for method in sorted(route.methods - {"GET", "HEAD"}):
            path = route.path.replace("{token}", "x").replace("{provider}", "x")
            answer = visitor.ask(method, path, headers={"sec-fetch-site": "cross-site"})
            refused[route.path] = answer.status_code == 403
    assert {path for path, was in refused.items() if not was} == {"/unsubscribe/{token}", "/webhooks/{provider}"}
    assert len(refused) > 3


@pytest.mark.parametrize("path", ["/subscribe", "/confirm/x", "/unsubscribe/x", "/nowhere"])
def test_a_body_beyond_the_cap_is_refused(visitor, path):
    assert visitor.post(path, content=b"x" * (64 * 1024 + 1)).status_code == 413


def test_a_body_that_does_not_say_its_length_is_capped_while_it_is_read(visitor):
    pulled = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(1000):
            pulled.append(number)
            yield b"x" * 10_000

    assert visitor.post("/subscribe", content=endless()).status_code == 413
    assert len(pulled) < 10


@pytest.mark.parametrize("length", ["nonsense", "-1", "9" * 400])
def test_a_length_that_is_none_is_refused(visitor, length):
    assert visitor.post("/subscribe", content=b"x", headers={"content-length": length}).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(visitor, monkeypatch):
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"email="
        await asyncio.sleep(5)
        yield b"x"

    assert visitor.post("/subscribe", content=slow()).status_code == 408


def scope_of(path: str, method: str = "POST") -> dict[str, object]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000")],
        "scheme": "http",
        "server": ("localhost", 8000),
        "client": ("203.0.113.7", 1),
        "http_version": "1.1",
        "root_path": "",
    }


def test_a_visitor_who_hangs_up_does_not_subscribe(visitor, portal, dump: Dump):
    before = dump()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    portal.call(visitor.site, scope_of("/subscribe"), receive, send)
    assert sent[0]["status"] == 408
    assert dump() == before


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(portal, caplog):
    async def breaks_off(scope: object, receive: object, send: Callable[[Message], object]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[misc]
        raise ValueError("secret")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return None

    stands = guard.Guard(
        breaks_off, site_url="http://localhost:8000", logo_url="", problem=lambda request, status: None
    )  # type: ignore[arg-type, return-value]
    with pytest.raises(ConnectionError):
        portal.call(stands, scope_of("/", "GET"), receive, send)
    assert "secret" not in caplog.text


def test_after_the_body_an_application_hears_what_the_server_says(portal):
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    replayed = guard._replay(b"whole", receive)
    assert portal.call(replayed) == {"type": "http.request", "body": b"whole", "more_body": False}
    assert portal.call(replayed) == {"type": "http.disconnect"}


def test_what_is_not_http_passes_by(visitor, portal):
    """A server announces that it starts and stops (ASGI lifespan)."""
    told: list[str] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup" if not told else "lifespan.shutdown"}

    async def send(message: Message) -> None:
        told.append(message["type"])

    portal.call(visitor.site, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_an_unforeseen_error_is_a_kind_page_and_the_log_names_neither_token_nor_address(visitor, monkeypatch, caplog):
    def burst(*_: object, **__: object) -> None:
        try:
            raise KeyError("someone@example.net")
        except KeyError as error:
            raise ValueError("someone@example.net and t0ken") from error

    monkeypatch.setattr(joining, "of_confirmation", burst)
    with caplog.at_level(logging.DEBUG):
        answer = visitor.get("/confirm/t0ken")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "someone" not in answer.text
    (record,) = [record for record in caplog.records if record.name == guard.__name__]
    said = record.getMessage()
    assert said.startswith("GET /confirm/{token} failed: ValueError, from KeyError at test_guard.py")
    assert "t0ken" not in said
    assert "someone" not in said


def test_a_page_that_does_not_exist_is_a_kind_page(visitor):
    answer = visitor.get("/nowhere%00%0d%0aX: y")
    assert answer.status_code == 404
    assert "Go to the start page" in answer.text


def test_a_wrong_method_is_a_kind_page_that_names_the_right_one(visitor):
    answer = visitor.ask("DELETE", "/issues")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert visitor.get("/docs").status_code == visitor.get("/openapi.json").status_code == 404


def test_every_page_answers_head_like_get(visitor):
    assert visitor.ask("HEAD", "/issues").status_code == 200
    assert visitor.ask("HEAD", "/nowhere").status_code == 404


def test_no_page_that_is_only_opened_changes_anything(open_site, clock: Clock):
    """The first promise: scanners open every link of a mail."""
    visitor = open_site(peer="127.0.0.1")
    app: App = visitor.app
    reader = add_active(app, "reader@example.net")
    issue = publish_week(app)
    subscribe(app, "new@example.net", source="form", ip=None)
    deliver_all_mail(app)
    pending = app.store.subscribers.by_address("new@example.net")
    assert pending is not None
    slug = full_week()[0].comparison.slug
    part, _, name = app.provider.list_mails()[0].id.partition("/")  # type: ignore[attr-defined]
    links = {
        "/confirm/{token}": {"token": app.signer.confirmation(pending.id)},
        "/unsubscribe/{token}": {"token": app.signer.reader(issue.id, reader.id)},
        "/drafts/{token}": {"token": app.signer.draft(issue.id)},
        "/drafts/{token}/html": {"token": app.signer.draft(issue.id)},
        "/issues/{key}": {"key": issue.key},
        "/compare/{slug}": {"slug": slug},
        "/issues/{key}/card.png": {"key": issue.key},
        "/compare/{slug}/card.png": {"slug": slug},
    }
    before = list(app.store.database.connection.iterdump())
    opened = 0
    for route in visitor.site.routes:
        if "GET" in route.methods:
            path = route.path.format(**links.get(route.path, {"part": part, "name": name}))
            for method in ("GET", "HEAD"):
                answer = visitor.ask(method, path, may_show=("new@example.net",))
                assert answer.status_code in (200, 303), path
            opened += 1
    assert opened >= 15
    assert list(app.store.database.connection.iterdump()) == before


def test_a_logo_of_the_brand_is_the_one_picture_from_elsewhere(open_site):
    logo = "https://cdn.example.org/logo.png"
    answer = open_site(brand={"logo_url": logo, "logo_width": 32}).get("/")
    assert f'<img src="{logo}" alt="" width="32" height="32">' in answer.text
    assert "img-src 'self' data: https://cdn.example.org;" in answer.headers["content-security-policy"]
    assert "img-src 'self' data:;" in open_site().get("/").headers["content-security-policy"]
