"""What holds for every request: cross-origin writes, body caps, errors that tell nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from newsletter.web import guard, joining
from tests.fakes.house import add_active, publish_week
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
    visitor = open_site(site_url="https://verdicts.example.org", web={"hosts": ["192.168.0.4", "inside"]})
    assert visitor.post("/subscribe", data=FORM, headers=headers, may_set=("__Host-asked",)).status_code == 303


@pytest.mark.parametrize(
    "host",
    [
        "verdicts.example.org",
        "VERDICTS.example.org",
        "verdicts.example.org:443",
        "verdicts.example.org:8000",
        "old.example.org",
        "old.example.org:80",
        "192.168.0.4:8000",
        "[2001:db8::4]:8000",
    ],
)
def test_the_site_answers_to_its_own_name_and_to_those_that_are_set(open_site, host):
    hosts = ["old.example.org", "192.168.0.4:8000", "[2001:db8::4]"]
    visitor = open_site(site_url="https://verdicts.example.org", web={"hosts": hosts})
    assert visitor.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:443",
        "verdicts.example.org.evil.example",
        "evilverdicts.example.org",
        "verdicts.example.org@evil.example",
        "verdicts.example.org/",
        "verdicts.example.org:443:80",
        "verdicts.example.org, evil.example",
        "verdicts.example.org.",
        "",
        ":443",
        "[::1]",
        "[",
        "localhost",
        "127.0.0.1",
    ],
)
def test_a_name_that_is_not_ours_is_refused_with_what_to_set_and_named_nowhere(open_site, host):
    visitor = open_site(site_url="https://verdicts.example.org")
    for method, path in (("GET", "/"), ("POST", "/subscribe"), ("GET", "/unsubscribe/x"), ("GET", "/nowhere")):
        answer = visitor.ask(method, path, headers={"host": host})
        assert answer.status_code == 421
        assert "web.hosts" in answer.text
        assert 'href="https://verdicts.example.org/">Go to its own name</a>' in answer.text
        assert "evil" not in answer.text + str(answer.headers)


def test_two_names_at_once_are_refused(visitor):
    headers = [("host", "localhost:8000"), ("host", "evil.example")]
    assert visitor.get("/", headers=headers).status_code == 421


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "127.9.9.9", "[::1]:9000", "LOCALHOST"])
def test_this_machine_may_ask_by_its_own_names_and_nobody_else(open_site, host):
    visitor = open_site(site_url="https://verdicts.example.org")
    for peer, status in (("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("203.0.113.7", 421)):
        assert visitor.get("/", headers={"host": host}, peer=peer).status_code == status


def test_health_and_style_are_told_by_address_and_who_leaves_by_an_old_name_is_let_go(open_site):
    visitor = open_site(site_url="https://verdicts.example.org")
    token = visitor.app.signer.reader(1, add_active(visitor.app, "reader@example.net").id)
    for path in ("/healthz", "/static/site.css"):
        assert visitor.get(path, headers={"host": "10.0.0.7:8000"}).status_code != 421
    answer = visitor.post(
        f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}, headers={"host": "old.example.org"}
    )
    assert answer.status_code == 200
    assert visitor.app.store.subscribers.counts()["unsubscribed"] == 1


@pytest.mark.parametrize("path", ["/", "/issues", "/compare/{slug}", "/robots.txt", "/subscribed", "/nowhere"])
def test_no_answer_names_a_host_that_a_request_made_up(open_site, path):
    """Links are built from the configuration; a proxy's word about the host is not believed either."""
    visitor = open_site(site_url="https://verdicts.example.org", web={"hosts": ["second.example.org"]})
    add_active(visitor.app, "reader@example.net")
    publish_week(visitor.app)
    told = {
        "host": "second.example.org",
        "x-forwarded-host": "evil.example",
        "x-forwarded-server": "evil.example",
        "x-original-url": "https://evil.example/",
        "forwarded": "host=evil.example;proto=http",
        "x-forwarded-proto": "gopher",
    }
    answer = visitor.get(path.format(slug=full_week()[0].comparison.slug), headers=told)
    for word in ("evil.example", "second.example.org", "gopher"):
        assert word not in answer.text + str(answer.headers)


NAMED = "https://shop.example.org"


@pytest.mark.parametrize("origin", [NAMED, "https://SHOP.example.org", "https://shop.example.org:443"])
def test_the_form_on_a_named_site_is_taken_and_may_read_the_answer(open_site, origin):
    visitor = open_site(web={"form_origins": [NAMED]})
    headers = {"origin": origin, "sec-fetch-site": "cross-site"}
    answer = visitor.post("/subscribe", data=FORM, headers=headers, may_set=("asked",))
    assert answer.status_code == 303
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    assert visitor.app.store.messages.counts() == {"waiting": 1}


@pytest.mark.parametrize("path", ["/subscribe", "/api/v1/subscribe"])
def test_a_named_site_may_ask_first_and_no_other(open_site, path):
    visitor = open_site(web={"form_origins": [NAMED]})
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = visitor.ask("OPTIONS", path, headers={"origin": NAMED, **asks})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == NAMED
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "Content-Type"
    for origin in ("https://shop.example.org.evil.example", "http://shop.example.org", "null", f"{NAMED}:8443", "*"):
        refused = visitor.ask("OPTIONS", path, headers={"origin": origin, **asks})
        assert refused.status_code in (404, 405)
        assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example.org", "null", ""])
def test_a_site_that_is_not_named_may_not_hold_the_form(open_site, dump, origin):
    visitor = open_site(web={"form_origins": [NAMED]})
    answer = visitor.post("/subscribe", data=FORM, headers={"origin": origin, "sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert visitor.app.store.messages.counts() == {}


def test_a_named_site_may_do_nothing_but_subscribe(open_site):
    visitor = open_site(web={"form_origins": [NAMED]})
    headers = {"origin": NAMED, "sec-fetch-site": "cross-site"}
    for path in ("/confirm/x", "/unsubscribe/x/undo", "/unsubscribe/x/pause", "/subscribe/", "/nowhere"):
        answer = visitor.post(path, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    for path in ("/", "/issues", "/subscribed"):
        answer = visitor.get(path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_policy_lets_no_script_or_style_stand_in_a_page_and_nothing_come_from_elsewhere(open_site):
    policy = open_site().get("/").headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "object-src": "'none'",
    }


def test_a_site_on_https_is_never_asked_for_in_clear_and_one_on_http_is_left_alone(open_site):
    secure, plain = (open_site(site_url=f"{scheme}://verdicts.example.org").get("/") for scheme in ("https", "http"))
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    assert secure.headers["content-security-policy"].endswith("; upgrade-insecure-requests")
    assert "strict-transport-security" not in plain.headers
    assert "upgrade-insecure-requests" not in plain.headers["content-security-policy"]


def test_pictures_may_stand_on_other_sites_and_nothing_else_may(open_site):
    visitor = open_site()
    add_active(visitor.app, "reader@example.net")
    key = publish_week(visitor.app).key
    rules = {
        path: visitor.get(path).headers["cross-origin-resource-policy"]
        for path in ("/", "/static/app.js", f"/issues/{key}", f"/issues/{key}/card.png")
    }
    assert list(rules.values()) == ["same-origin", "same-origin", "same-origin", "cross-origin"]


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
    async def breaks_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("secret")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return None

    stands = guard.Guard(
        breaks_off,
        site_url="http://localhost:8000",
        logo_url="",
        problem=lambda request, status: Response(None, status),
    )
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


def test_a_logo_of_the_brand_is_the_one_picture_from_elsewhere(open_site):
    logo = "https://cdn.example.org/logo.png"
    answer = open_site(brand={"logo_url": logo, "logo_width": 32}).get("/")
    assert f'<img src="{logo}" alt="" width="32" height="32">' in answer.text
    assert "img-src 'self' data: https://cdn.example.org;" in answer.headers["content-security-policy"]
    assert "img-src 'self' data:;" in open_site().get("/").headers["content-security-policy"]
