"""Leaving by the page, by the mail client's own button (RFC 8058), and coming back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.app.container import App
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.audience.tokens import Signer
from tests.fakes.house import Clock, add_active, publish_week
from tests.web.conftest import Visitor

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


def test_repeating_it_gets_the_same_answer_and_changes_nothing(visitor, app, token, clock: Clock, dump: Dump):
    first = visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    before = dump()
    for _ in range(3):
        clock.pass_by(days=1)
        again = visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
        assert (again.status_code, again.text) == (200, first.text)
    assert dump() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_whoever_only_looks_changes_nothing(visitor, token, dump: Dump, method):
    before = dump()
    for beneath in ("", "/undo", "/pause", "/resume", "/reason"):
        answer = visitor.ask(method, f"/unsubscribe/{token}{beneath}")
        assert answer.status_code in ((200,) if beneath == "" and method != "OPTIONS" else (405,))
    assert dump() == before


def test_one_click_takes_no_cookie_and_sets_none(visitor, app, token):
    headers = {**CROSS_SITE, "cookie": "reader=forged"}
    answer = visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    assert status(app) is SubscriberStatus.UNSUBSCRIBED


def test_a_link_works_ten_years_later(visitor, app, token, clock: Clock, monkeypatch):
    clock.pass_by(days=3653)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3653 * 86400)
    assert visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK, headers=CROSS_SITE).status_code == 200
    assert status(app) is SubscriberStatus.UNSUBSCRIBED


def test_a_link_signed_with_a_key_that_was_rotated_out_works(visitor, app, portal):
    reader = add_active(app, "reader@example.net")
    old, new = b"o" * 32, b"n" * 32
    link = Signer(old).reader(3, reader.id)
    rotated = Visitor(portal, replace(app, signer=Signer(new, old)), visitor.peer)
    forgot = Visitor(portal, replace(app, signer=Signer(new)), visitor.peer)
    assert forgot.post(f"/unsubscribe/{link}", data=ONE_CLICK).status_code == 404
    assert rotated.post(f"/unsubscribe/{link}", data=ONE_CLICK).status_code == 200
    assert status(app) is SubscriberStatus.UNSUBSCRIBED


def test_the_header_of_every_mail_leads_to_it_and_says_one_click(app):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    _, _, envelope = app.store.issues.frozen_mail(issue.id)
    assert envelope["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert envelope["headers"]["List-Unsubscribe"].startswith("<__nl")


def test_who_leaves_while_an_issue_is_sent_is_in_no_batch_claimed_after_that(visitor, app, clock: Clock):
    ids = [add_active(app, f"r{number}@example.net").id for number in range(4)]
    issue = publish_week(app)
    ledger, now = app.store.deliveries, clock.now.timestamp()
    ledger.recut(issue.id, 2)

    def next_batch() -> list[int]:
        batch = ledger.claim(issue.id, "me", now, now + 60)
        return [who.id for who in ledger.addresses(batch)[0]]

    assert next_batch() == ids[:2]
    answer = visitor.post(f"/unsubscribe/{app.signer.reader(issue.id, ids[2])}", data=ONE_CLICK, headers=CROSS_SITE)
    assert answer.status_code == 200
    assert next_batch() == ids[3:]


@pytest.mark.parametrize("paused", [False, True])
def test_the_page_leads_to_the_preferences(visitor, token, paused):
    if paused:
        visitor.post(f"/unsubscribe/{token}/pause", data={"weeks": "4"})
    assert f'href="/preferences/{token}"' in visitor.get(f"/unsubscribe/{token}").text


# the reason, after the fact


def test_a_reason_is_asked_after_leaving_and_never_before(visitor, app, token):
    assert "why" not in visitor.get(f"/unsubscribe/{token}").text.lower()
    page = visitor.post(f"/unsubscribe/{token}", data={"from": "page"}).text
    assert page.count('type="radio"') == 5
    assert 'maxlength="500"' in page
    answer = visitor.post(f"/unsubscribe/{token}/reason", data={"reason": "no_time", "words": "<b>Sorry</b>"})
    assert answer.status_code == 200
    assert "Thank you for telling us" in answer.text
    assert f'action="/unsubscribe/{token}/undo"' in answer.text
    assert [leaving[1:] for leaving in app.store.subscribers.leavings(1)] == [("no_time", "<b>Sorry</b>")]


def test_sending_no_reason_is_fine(visitor, app, token):
    visitor.post(f"/unsubscribe/{token}")
    answer = visitor.post(f"/unsubscribe/{token}/reason")
    assert answer.status_code == 200
    assert "Would you tell us why?" in answer.text
    assert app.store.subscribers.leavings(1) == []


@pytest.mark.parametrize("data", [{"reason": "because"}, {"words": "x" * 501}])
def test_a_reason_that_is_not_offered_is_refused(visitor, app, token, data):
    visitor.post(f"/unsubscribe/{token}")
    assert visitor.post(f"/unsubscribe/{token}/reason", data=data).status_code == 422
    assert app.store.subscribers.leavings(1) == []


def test_a_reason_from_another_site_or_of_somebody_who_stays_is_not_kept(visitor, app, token):
    assert "Leave Weekly" in visitor.post(f"/unsubscribe/{token}/reason", data={"reason": "no_time"}).text
    visitor.post(f"/unsubscribe/{token}")
    answer = visitor.post(f"/unsubscribe/{token}/reason", data={"reason": "no_time"}, headers=CROSS_SITE)
    assert answer.status_code == 403
    assert app.store.subscribers.leavings(1) == []


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
