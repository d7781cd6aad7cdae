"""Leaving by the page, by the mail client's own button (RFC 8058), and coming back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from tests.fakes.house import Clock, add_active, publish_week

Dump = Callable[[], str]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
CROSS_SITE = {"sec-fetch-site": "cross-site", "origin": "https://mail.example.com"}


@pytest.fixture
def token(app: App) -> str:
    return app.signer.reader(3, add_active(app, "reader@example.net").id)


def status(app: App) -> SubscriberStatus:
    found = app.store.subscribers.by_id(1)
    assert found is not None
    return found.status


def test_opening_the_unsubscribe_page_changes_nothing_and_shows_one_button_and_a_pause_beneath(
    visitor, app, token, dump: Dump
):
    before = dump()
    page = visitor.get(f"/unsubscribe/{token}")
    assert page.status_code == 200
    assert page.text.count(">Unsubscribe</button>") == 1
    assert page.text.index(">Unsubscribe</button>") < page.text.index(">4 weeks</button>")
    assert dump() == before


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"--x\r\nList-Unsubscribe=One-Click", "headers": {"content-type": "multipart/form-data"}},
    ],
    ids=["urlencoded", "multipart", "malformed"],
)
def test_one_click_unsubscribes_at_once_without_cookie_or_redirect(visitor, app, token, body):
    body = {**body, "headers": {**body.get("headers", {}), **CROSS_SITE}}
    answer = visitor.post(f"/unsubscribe/{token}", **body)
    assert answer.status_code == 200
    assert status(app) is SubscriberStatus.UNSUBSCRIBED
    consents = app.store.subscribers.consents(1)
    assert consents[-1].source == "one-click unsubscribe"


def test_repeating_it_gets_the_same_answer_and_changes_nothing(visitor, app, token, dump: Dump):
    first = visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    before = dump()
    again = visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert dump() == before


def test_the_button_on_the_page_unsubscribes_and_offers_to_undo_it(visitor, app, token):
    page = visitor.post(f"/unsubscribe/{token}", data={"from": "page"})
    assert "You are out" in page.text
    assert f'action="/unsubscribe/{token}/undo"' in page.text
    assert app.store.subscribers.consents(1)[-1].source == "unsubscribe page"
    assert "You are out" in visitor.get(f"/unsubscribe/{token}").text
    back = visitor.post(f"/unsubscribe/{token}/undo")
    assert "You are back" in back.text
    assert status(app) is SubscriberStatus.ACTIVE


def test_undo_does_not_bring_back_a_suppressed_address(visitor, app, token, clock: Clock):
    visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    app.store.subscribers.suppress("reader@example.net", SuppressionReason.COMPLAINT, clock())
    answer = visitor.post(f"/unsubscribe/{token}/undo")
    assert answer.status_code == 409
    assert status(app) is SubscriberStatus.UNSUBSCRIBED


def test_undo_from_another_site_is_refused(visitor, app, token):
    visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert visitor.post(f"/unsubscribe/{token}/undo", headers=CROSS_SITE).status_code == 403
    assert status(app) is SubscriberStatus.UNSUBSCRIBED


def test_somebody_erased_is_out_and_has_nothing_to_undo(visitor, app, token):
    app.store.subscribers.erase(1)
    for answer in (visitor.get(f"/unsubscribe/{token}"), visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)):
        assert answer.status_code == 200
        assert "You are out" in answer.text
        assert "/undo" not in answer.text


def test_a_test_mails_link_says_so_and_changes_nothing(visitor, token, dump: Dump):
    before = dump()
    for answer in (visitor.get("/unsubscribe/test"), visitor.post("/unsubscribe/test", data=ONE_CLICK)):
        assert answer.status_code == 200
        assert "This link is from a test mail" in answer.text
    assert visitor.post("/unsubscribe/test/undo").status_code == 404
    assert dump() == before


@pytest.mark.parametrize("change", [str.swapcase, lambda token: token[:-1], lambda token: f"9{token}", lambda _: "x"])
def test_a_forged_or_cut_link_is_refused_kindly_and_changes_nothing(visitor, token, dump: Dump, change):
    before = dump()
    path = f"/unsubscribe/{change(token)}"
    for answer in (visitor.get(path), visitor.post(path, data=ONE_CLICK), visitor.post(f"{path}/undo")):
        assert answer.status_code == 404
        assert "Open it again from the e-mail" in answer.text
    assert dump() == before


def test_a_link_of_somebody_who_never_was_is_refused(visitor, app):
    assert visitor.post(f"/unsubscribe/{app.signer.reader(1, 999)}", data=ONE_CLICK).status_code == 404


def test_a_slash_too_many_is_no_redirect(visitor, token):
    assert visitor.post(f"/unsubscribe/{token}/", data=ONE_CLICK).status_code == 404


def test_a_pause_ends_by_itself_or_by_a_button_and_is_recorded(visitor, app, token, clock: Clock):
    answer = visitor.post(f"/unsubscribe/{token}/pause", data={"weeks": "4"})
    assert "<h1>Paused until 17 December 2026</h1>" in answer.text
    assert "Paused until" in visitor.get(f"/unsubscribe/{token}").text
    assert app.store.subscribers.audience(clock.now) == {
        "active": 1,
        "paused": 1,
        "off_topic": 0,
        "suppressed": 0,
        "recipients": 0,
    }
    assert "You are back" in visitor.post(f"/unsubscribe/{token}/resume").text
    assert app.store.subscribers.audience(clock.now)["recipients"] == 1
    visitor.post(f"/unsubscribe/{token}/pause", data={"weeks": "8"})
    clock.pass_by(weeks=8)
    assert app.store.subscribers.audience(clock.now)["recipients"] == 1
    assert "Unsubscribe</button>" in visitor.get(f"/unsubscribe/{token}").text
    kinds = [str(consent.kind) for consent in app.store.subscribers.consents(1)]
    assert kinds[-3:] == ["paused", "resumed", "paused"]


def test_who_paused_gets_no_issue_even_if_it_is_being_sent(visitor, app, clock: Clock):
    first, second, third = (add_active(app, f"r{number}@example.net").id for number in range(3))
    visitor.post(f"/unsubscribe/{app.signer.reader(0, first)}/pause", data={"weeks": "4"})
    issue = publish_week(app)
    assert issue.counts.frozen == 2
    visitor.post(f"/unsubscribe/{app.signer.reader(issue.id, second)}/pause", data={"weeks": "4"})
    batch = app.store.deliveries.claim(issue.id, "me", clock.now.timestamp(), clock.now.timestamp() + 60)
    may, gone = app.store.deliveries.addresses(batch)
    assert ([who.id for who in may], gone) == ([third], [second])


@pytest.mark.parametrize("weeks", ["5", "0", "-4", "x", ""])
def test_a_pause_that_is_not_offered_is_refused(visitor, app, token, weeks, dump: Dump):
    before = dump()
    assert visitor.post(f"/unsubscribe/{token}/pause", data={"weeks": weeks}).status_code == 422
    assert dump() == before


def test_a_pause_from_another_site_is_refused(visitor, app, token):
    answer = visitor.post(f"/unsubscribe/{token}/pause", data={"weeks": "4"}, headers=CROSS_SITE)
    assert answer.status_code == 403


def test_who_left_has_nothing_to_pause(visitor, app, token):
    visitor.post(f"/unsubscribe/{token}")
    assert "You are out" in visitor.post(f"/unsubscribe/{token}/pause", data={"weeks": "4"}).text
