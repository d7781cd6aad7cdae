"""The subscribe form on another site: accepted from those that the operator names, and from nowhere else."""

from __future__ import annotations

import httpx
import pytest

from newsletter.app.container import App
from newsletter.app.form_elsewhere import form_elsewhere
from newsletter.audience.consent import FORM_TEXT
from tests.web.conftest import Open, Outline, Visitor

THEIRS = "https://example.com"


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    return open_site(web={"form_origins": [THEIRS, "http://localhost:4000"]})


def send(visitor: Visitor, origin: str, email: str = "new@example.net", **more: str) -> httpx.Response:
    """As a browser sends a plain form of a page on `origin`."""
    headers = {"origin": origin, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    return visitor.post("/subscribe", data={"email": email, **more}, headers=headers, may_set=("asked",))


def sources(app: App, email: str = "new@example.net") -> list[str]:
    found = app.store.subscribers.by_address(email)
    return [consent.source for consent in app.store.subscribers.consents(found.id)] if found else []


def fields(app: App) -> dict[str, str]:
    """What a browser would send of the form as it is printed."""
    return {str(field["name"]): "" for field in Outline(form_elsewhere(app)).all("input")}


def test_the_printed_form_has_what_a_form_needs_and_nothing_that_runs(app: App) -> None:
    html = form_elsewhere(app)
    outline = Outline(html.replace("<br>", ""))
    (form,) = outline.all("form")
    assert form == {"method": "post", "action": "http://localhost:8000/subscribe"}
    email, trap = outline.all("input")
    assert (email["type"], email["autocomplete"], "required" in email) == ("email", "email", True)
    assert [label["for"] for label in outline.all("label")] == [email["id"], trap["id"]]
    assert outline.all("div") == [{"hidden": None}], "what only programs see is around the trap"
    assert (trap["tabindex"], trap["autocomplete"]) == ("-1", "off")
    assert not outline.all("script")
    assert "style" not in html
    assert FORM_TEXT in outline.text


def test_a_name_that_looks_like_markup_stays_a_name(open_site: Open) -> None:
    html = form_elsewhere(open_site(name='A <b>& "B"').app)
    assert "Get A &lt;b&gt;&amp; &quot;B&quot; by mail" in html


def test_the_printed_form_subscribes_and_the_proof_names_the_site(visitor: Visitor, app: App) -> None:
    answer = send(visitor, THEIRS, **{**fields(app), "email": "new@example.net"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribed")
    assert answer.headers["set-cookie"].startswith("asked=")
    assert sources(app) == ["subscribe form at https://example.com"]


def test_its_trap_is_a_trap_here_too(visitor: Visitor, app: App) -> None:
    assert send(visitor, THEIRS, homepage="https://example.net").status_code == 303
    assert sources(app) == []


def test_any_other_site_is_refused_and_leaves_no_trace(visitor: Visitor, app: App) -> None:
    for origin in ("https://evil.example", "https://example.com.evil.example", "http://example.com", "null"):
        assert send(visitor, origin).status_code == 403
    assert sources(app) == []


def test_our_own_form_names_no_other_site(visitor: Visitor, app: App) -> None:
    headers = {"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"}
    visitor.post("/subscribe", data={"email": "new@example.net"}, headers=headers, may_set=("asked",))
    assert sources(app) == ["subscribe form"]


def test_a_site_that_is_not_named_cannot_put_its_name_into_the_proof(open_site: Open) -> None:
    visitor = open_site()
    headers = {"origin": "https://evil.example", "sec-fetch-site": "same-origin"}
    visitor.post("/subscribe", data={"email": "new@example.net"}, headers=headers, may_set=("asked",))
    assert sources(visitor.app) == ["subscribe form"]


def test_a_browser_may_ask_whether_a_named_site_may_send_and_no_other(visitor: Visitor) -> None:
    def may(origin: str) -> str | None:
        headers = {"origin": origin, "access-control-request-method": "POST"}
        return visitor.ask("OPTIONS", "/subscribe", headers=headers).headers.get("access-control-allow-origin")

    assert may(THEIRS) == THEIRS
    assert may("https://evil.example") is None


def test_all_ways_in_share_one_allowance(visitor: Visitor, app: App) -> None:
    for number in range(3):
        assert send(visitor, THEIRS, f"a{number}@example.net").status_code == 303
    for number in range(2):
        asked = visitor.post("/api/v1/subscribe", json={"email": f"b{number}@example.net"}, headers={"origin": THEIRS})
        assert asked.status_code == 202
    assert sources(app, "b0@example.net") == ["public interface at https://example.com"]
    assert send(visitor, THEIRS, "c@example.net").status_code == 429
    assert visitor.post("/api/v1/subscribe", json={"email": "c@example.net"}).status_code == 429
