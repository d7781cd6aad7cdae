"""Webhooks, the health check, and the files that pages need."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from newsletter.errors import ProviderError, StoreError
from newsletter.events.vocabulary import Event
from newsletter.web import machines
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, add_active, publish_week


class SignedByHeader:
    """A webhook whose signature is a plain header."""

    name = "resend"

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        if headers.get("x-signature") != "good":
            raise ProviderError("the signature s3cret is not 'good'")
        return headers["x-id"]

    def read(self, body: bytes) -> Sequence[Event]:
        return ()


@pytest.fixture
def hooked(open_site):
    visitor = open_site()
    visitor.app = replace(visitor.app, webhooks={"resend": SignedByHeader()})
    visitor.site = create_site(visitor.app, TEMPLATES)
    return visitor


GOOD = {"x-signature": "good", "x-id": "evt_1", "sec-fetch-site": "cross-site"}


def test_a_report_is_stored_raw_before_it_is_answered_and_a_repeat_is_fine(hooked):
    body = b'{"type": "email.delivered",\n "odd":  "\xff"}'
    assert hooked.post("/webhooks/resend", content=body, headers=GOOD).json() == {"stored": True}
    again = hooked.post("/webhooks/resend", content=body, headers=GOOD)
    assert (again.status_code, again.json()) == (200, {"stored": False})
    (report,) = hooked.app.store.events.pending(10)
    assert report.raw == body


def test_a_report_with_a_wrong_signature_gets_401_and_no_reason(hooked):
    answer = hooked.post("/webhooks/resend", content=b"{}", headers={**GOOD, "x-signature": "bad"})
    assert answer.status_code == 401
    assert "s3cret" not in answer.text
    assert hooked.app.store.events.pending(10) == []


def test_a_report_of_a_provider_that_is_not_set_up_gets_404(hooked):
    assert hooked.post("/webhooks/postmark", content=b"{}", headers=GOOD).status_code == 404


def test_a_report_that_cannot_be_stored_is_asked_for_again(hooked, monkeypatch):
    def full(*_: object) -> bool:
        raise StoreError("/var/secret.db: the disk is full; nothing was half written.")

    monkeypatch.setattr(machines, "receive_report", full)
    answer = hooked.post("/webhooks/resend", content=b"{}", headers=GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "secret" not in answer.text


def test_a_report_of_almost_a_mebibyte_is_taken_and_a_larger_one_is_not(hooked):
    size = 1024 * 1024
    assert hooked.post("/webhooks/resend", content=b"x" * size, headers=GOOD).status_code == 200
    over = hooked.post("/webhooks/resend", content=b"x" * (size + 1), headers=GOOD)
    assert (over.status_code, over.headers["content-type"]) == (413, "application/json")


def test_looking_at_a_webhook_is_no_report(hooked):
    answer = hooked.get("/webhooks/resend")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_health_is_ok_before_anything_ever_ran(visitor):
    answer = visitor.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "ticker_age_seconds": None,
        "sender_age_seconds": None,
        "queued_mails": 0,
        "sending_issues": 0,
    }


def test_health_counts_what_waits_and_fails_when_a_part_falls_silent(visitor, app, clock):
    add_active(app, "reader@example.net")
    publish_week(app)
    visitor.post("/subscribe", data={"email": "new@example.net"}, may_set=("asked",))
    app.store.meta.beat("sender", clock())
    clock.pass_by(seconds=120)
    app.store.meta.beat("ticker", clock())
    answer = visitor.get("/healthz")
    assert answer.status_code == 200
    assert {"queued_mails": 1, "sending_issues": 1, "sender_age_seconds": 120.0}.items() <= answer.json().items()
    clock.pass_by(seconds=1)
    stale = visitor.get("/healthz")
    assert (stale.status_code, stale.json()["status"]) == (503, "failing")


def test_health_fails_when_the_database_takes_no_writes(visitor, app, monkeypatch):
    def readonly(*_: object) -> None:
        raise StoreError("/home/someone/subscribers.db: the database is read-only.")

    monkeypatch.setattr(app.store.meta, "put", readonly)
    answer = visitor.get("/healthz")
    assert (answer.status_code, answer.json()["database"]) == (503, "failing")
    assert "someone" not in answer.text


def test_health_notices_a_database_that_is_really_read_only(visitor, app, monkeypatch):
    def only_reading(_: object) -> sqlite3.Connection:
        address = f"file:{app.store.path}?mode=ro"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        return connection

    app.store.close()
    monkeypatch.setattr(type(app.store.database), "_connect", only_reading)
    answer = visitor.get("/healthz")
    assert (answer.status_code, answer.json()["database"]) == (503, "failing")


def test_the_sheet_is_kept_for_ever_under_an_address_that_names_its_content(visitor):
    address = visitor.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = visitor.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert "?v=" in address
    assert b"light-dark(" in answer.content


def test_the_icon_is_an_image_and_robots_stay_away_from_personal_links(visitor):
    assert visitor.get("/favicon.svg").headers["content-type"] == "image/svg+xml"
    assert "Disallow: /unsubscribe/" in visitor.get("/robots.txt").text


def test_the_sheet_ends_with_the_colours_of_the_brand(visitor):
    css = visitor.get("/static/site.css").text
    assert css.endswith(":root { --ink: light-dark(#1B1A17, #F2EEE4); --said: light-dark(#8C1D18, #FFB3A7) }\n")
