"""Leaving by the page, by the mail client's own button (RFC 8058), and coming back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from tests.fakes.house import Clock, add_active

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


def test_opening_the_unsubscribe_page_changes_nothing_and_shows_one_button(visitor, app, token, dump: Dump):
    before = dump()
    page = visitor.get(f"/unsubscribe/{token}")
    assert page.status_code == 200
    assert page.text.count("<button") == 1
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
