"""Subscribing: one answer for everybody, a confirmation that only a button gives, limits for programs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.subscribe import subscribe
from newsletter.audience.consent import FORM_TEXT, ConsentKind
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.errors import StoreError
from newsletter.web import joining
from tests.fakes.house import Clock, add_active, confirmation_path, deliver_all_mail, publish_week

Dump = Callable[[], str]


def test_the_start_page_says_what_comes_when_from_whom_and_how_to_leave(visitor):
    page = visitor.get("/").text
    for words in ("Every Monday at 09:00, Europe/Berlin time.", "verdicts@example.org", "One click, in every mail."):
        assert words in page
    assert FORM_TEXT.replace("'", "&#39;") in page
    assert 'autocomplete="email"' in page
    assert '<label for="email">' in page


def test_the_start_page_says_when_in_utc_and_keeps_quiet_where_nothing_is_scheduled(open_site):
    assert (
        "Every Friday at 16:30, UTC."
        in open_site(time_zone="UTC", schedule={"weekday": "friday", "at": "16:30"}).get("/").text
    )
    unscheduled = open_site(schedule={"mode": "off"}, sender="", about_panel="", sender_name="The Panel").get("/").text
    assert "Once a week." in unscheduled
    assert "The Panel." in unscheduled


def test_the_start_page_links_the_latest_issue_once_there_is_one(visitor, app: App):
    assert "The first issue is still to come" in visitor.get("/").text
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    page = visitor.get("/").text
    assert f'href="/issues/{issue.key}"' in page
    assert "23 November 2026" in page


def test_subscribing_queues_a_confirmation_and_stores_what_was_asked(visitor, app: App):
    answer = visitor.post("/subscribe", data={"email": " New@Example.net "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribed")
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    assert found.status is SubscriberStatus.PENDING
    (consent,) = app.store.subscribers.consents(found.id)
    assert (consent.kind, consent.text, consent.ip) == (ConsentKind.ASKED, FORM_TEXT, "203.0.113.7")
    assert app.store.messages.counts() == {"waiting": 1}


def test_new_known_pending_left_and_suppressed_people_get_the_same_answer(visitor, app: App, clock: Clock):
    add_active(app, "known@example.net")
    subscribe(app, "pending@example.net", source="before", ip=None)
    app.store.subscribers.suppress("suppressed@example.net", SuppressionReason.COMPLAINT, clock())
    left = add_active(app, "left@example.net")
    app.store.subscribers.unsubscribe(left.id, clock())
    answers = []
    for name in ("new", "known", "pending", "suppressed", "left"):
        answer = visitor.post("/subscribe", data={"email": f"{name}@example.net"})
        answers.append((answer.status_code, dict(answer.headers), answer.content))
    assert answers == [answers[0]] * 5
    assert "If that address can receive our mail, a link is on its way." in visitor.get("/subscribed").text


def test_every_answer_to_the_form_takes_as_long_as_the_slowest(visitor, app: App, monkeypatch):
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.08)
    add_active(app, "known@example.net")
    for address in ("known@example.net", "new@example.net"):
        began = time.monotonic()
        visitor.post("/subscribe", data={"email": address})
        assert 0.08 <= time.monotonic() - began < 0.3


def test_an_address_that_is_none_comes_back_with_the_field_kept_and_a_reason(visitor, dump: Dump):
    before = dump()
    answer = visitor.post("/subscribe", data={"email": "<b>no address"})
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;no address"' in answer.text
    assert "is not an e-mail address" in answer.text
    assert 'aria-describedby="email-problem"' in answer.text
    assert dump() == before


@pytest.mark.parametrize("address", ["", "a\0b@example.net", "x" * 9000 + "@example.net"])
def test_empty_broken_and_endless_addresses_get_the_form_again(visitor, address):
    assert visitor.post("/subscribe").status_code == 422
    assert visitor.post("/subscribe", data={"email": address}, may_show=("x00b@example.net",)).status_code == 422


def test_a_file_in_place_of_an_address_is_refused_kindly(visitor):
    answer = visitor.post("/subscribe", files={"email": ("a.txt", b"x")})
    assert answer.status_code == 422
    assert "Something is missing" in answer.text


def test_a_form_that_cannot_be_read_is_refused_kindly(visitor):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert visitor.post("/subscribe", content=b"--y\r\nnonsense", headers=headers).status_code == 400


def test_a_filled_trap_gets_the_same_answer_and_does_nothing(visitor, dump: Dump):
    before = dump()
    answer = visitor.post("/subscribe", data={"email": "robot@example.net", "homepage": "https://example.net"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribed")
    assert dump() == before


def test_the_sixth_request_in_a_minute_must_wait_and_is_told_how_long(visitor, clock: Clock):
    for number in range(5):
        assert visitor.post("/subscribe", data={"email": f"a{number}@example.net"}).status_code == 303
        clock.pass_by(seconds=1)
    answer = visitor.post("/subscribe", data={"email": "a6@example.net"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "55")
    assert "Try again in 55 seconds" in answer.text
    assert visitor.post("/subscribe", data={"email": "a6@example.net"}, peer="203.0.113.8").status_code == 303
    clock.pass_by(seconds=55)
    assert visitor.post("/subscribe", data={"email": "a6@example.net"}).status_code == 303


def test_reloading_the_address_of_the_form_leads_to_the_form(visitor):
    answer = visitor.get("/subscribe")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_busy_database_is_said_so_and_nothing_is_promised(visitor, monkeypatch):
    def busy(*_: object, **__: object) -> None:
        raise StoreError("/secret/path: another process keeps the database busy.")

    monkeypatch.setattr(joining, "subscribe", busy)
    answer = visitor.post("/subscribe", data={"email": "new@example.net"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "/secret" not in answer.text


def test_opening_the_confirmation_link_changes_nothing_and_its_button_confirms(visitor, app: App, dump: Dump):
    visitor.post("/subscribe", data={"email": "new@example.net"})
    deliver_all_mail(app)
    path = confirmation_path(app)
    before = dump()
    page = visitor.get(path)
    assert page.status_code == 200
    assert f'action="{path}"' in page.text
    assert page.text.count("<form") == 1
    assert dump() == before
    assert "Welcome, you are subscribed" in visitor.post(path).text
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    assert found.status is SubscriberStatus.ACTIVE
    assert [consent.kind for consent in app.store.subscribers.consents(found.id)] == ["asked", "confirmed"]


def test_confirming_twice_is_welcome_and_changes_nothing(visitor, app: App, dump: Dump):
    add_active(app, "first@example.net")
    issue = publish_week(app)
    subscribe(app, "new@example.net", source="form", ip=None)
    deliver_all_mail(app)
    path = confirmation_path(app)
    assert f"/issues/{issue.key}" in visitor.post(path).text
    before = dump()
    assert visitor.post(path).status_code == 200
    assert "You are subscribed already" in visitor.get(path).text
    assert dump() == before


def test_an_expired_link_says_so_and_what_to_do(visitor, app: App, dump: Dump, monkeypatch):
    subscribe(app, "new@example.net", source="form", ip=None)
    token = app.signer.confirmation(1)
    before = dump()
    week_later = time.time() + 7 * 86400 + 5
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: week_later)
    for answer in (visitor.get(f"/confirm/{token}"), visitor.post(f"/confirm/{token}")):
        assert answer.status_code == 400
        assert "older than 7 days" in answer.text
        assert "Subscribe once more" in answer.text
    assert dump() == before


@pytest.mark.parametrize("token", ["x", "a.b.c", "%3Cscript%3E", "1.2.AAAAAAAAAAAAAAAAAAAAAA"])
def test_a_forged_confirmation_link_is_refused_kindly(visitor, token):
    for method in ("GET", "POST"):
        answer = visitor.ask(method, f"/confirm/{token}")
        assert answer.status_code == 400
        assert "This link does not work" in answer.text


def test_a_reader_link_does_not_confirm(visitor, app: App):
    subscribe(app, "new@example.net", source="form", ip=None)
    assert visitor.post(f"/confirm/{app.signer.reader(1, 1)}").status_code == 400


def test_the_confirmation_of_somebody_who_left_meanwhile_is_of_no_use(visitor, app: App, clock: Clock):
    reader = add_active(app, "reader@example.net")
    app.store.subscribers.unsubscribe(reader.id, clock())
    answer = visitor.post(f"/confirm/{app.signer.confirmation(reader.id)}")
    assert answer.status_code == 400
    assert "of no use any more" in answer.text


def test_a_site_under_a_path_links_and_posts_under_that_path(open_site):
    visitor = open_site(site_url="https://example.org/verdicts")
    page = visitor.get("/")
    assert 'action="/verdicts/subscribe"' in page.text
    assert 'href="https://example.org/verdicts/"' in page.text
    assert page.headers["strict-transport-security"].startswith("max-age=")
    asked = visitor.post("/subscribe", data={"email": "new@example.net"})
    assert asked.headers["location"] == "/verdicts/subscribed"


def test_the_outbox_is_shown_to_nobody_but_this_machine(open_site):
    assert "/outbox" not in open_site().get("/subscribed").text
    near = open_site(peer="127.0.0.1")
    assert "/outbox" in near.get("/subscribed").text
    assert "/outbox" not in near.get("/subscribed", headers={"x-forwarded-for": "203.0.113.9"}).text
    assert "/outbox" not in near.get("/subscribed", headers={"host": "rebound.example.net"}).text
