"""Leaving, undo, a pause instead, and being erased."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.app.change_address import ask_to_change
from newsletter.app.container import App
from newsletter.app.leave import (
    FORGET_DAYS,
    erase,
    erase_subscriber,
    of_reader,
    reasons_given,
    say_why,
    undo_unsubscribe,
    unsubscribe,
)
from newsletter.app.preferences import prefer
from newsletter.app.receive_events import apply_reports, receive_report
from newsletter.app.subscribe import add_subscriber, confirm, find_subscriber, subscribe
from newsletter.app.tick import tick
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.delivery.provider import Doubt
from newsletter.delivery.status import BatchStatus
from newsletter.errors import InputError, NotFoundError, TokenError
from tests.app.scripted import Hand, scripted, sending
from tests.app.test_receive_events import JsonHook
from tests.conftest import Clock

S = SubscriberStatus


def ask(app: App, address: str = "a@example.com") -> None:
    subscribe(app, address, source="form", ip="192.0.2.1")


def mails(app: App) -> int:
    return sum(app.store.messages.counts().values())


def person(app: App, address: str = "a@example.com") -> Subscriber:
    return find_subscriber(app, address)


def reader_token(app: App, address: str = "a@example.com") -> str:
    return app.signer.reader(1, person(app, address).id)


def confirmed(app: App, address: str = "a@example.com") -> Subscriber:
    ask(app, address)
    confirm(app, app.signer.confirmation(person(app, address).id), ip=None)
    return person(app, address)


def kinds(app: App, address: str = "a@example.com") -> list[ConsentKind]:
    return [consent.kind for consent in app.store.subscribers.consents(person(app, address).id)]


def test_leaving_is_at_once_and_repeats_change_nothing(app: App, clock: Clock) -> None:
    confirmed(app)
    token = reader_token(app)
    assert unsubscribe(app, token, source="one-click").status is S.UNSUBSCRIBED
    left_at = person(app).unsubscribed_at
    clock.advance(hours=1)
    assert unsubscribe(app, token, source="page").unsubscribed_at == left_at == clock() - timedelta(hours=1)
    assert kinds(app).count(ConsentKind.UNSUBSCRIBED) == 1


def test_leaving_can_be_undone_but_not_for_a_suppressed_or_erased_address(app: App, clock: Clock) -> None:
    confirmed(app)
    token = reader_token(app)
    assert undo_unsubscribe(app, token).status is S.ACTIVE
    unsubscribe(app, token, source="page")
    assert undo_unsubscribe(app, token).status is S.ACTIVE
    assert kinds(app)[-1] is ConsentKind.RESUBSCRIBED
    unsubscribe(app, token, source="page")
    app.store.subscribers.suppress("a@example.com", SuppressionReason.COMPLAINT, clock())
    assert undo_unsubscribe(app, token).status is S.UNSUBSCRIBED
    erase_subscriber(app, "a@example.com")
    assert undo_unsubscribe(app, token).status is S.ERASED


def test_links_that_are_forged_are_refused(app: App) -> None:
    confirmed(app)
    for act in (unsubscribe_by, undo_unsubscribe, of_reader):
        with pytest.raises(TokenError):
            act(app, reader_token(app)[:-1] + "!")
        with pytest.raises(TokenError, match="not one of ours"):
            act(app, app.signer.reader(1, 999))


def unsubscribe_by(app: App, token: str) -> Subscriber:
    return unsubscribe(app, token, source="page")


def test_an_erased_person_leaves_a_suppressed_address_and_nothing_else(app: App) -> None:
    found = confirmed(app)
    erase_subscriber(app, "A@example.com")
    with pytest.raises(NotFoundError, match=r"There is no subscriber a@example\.com"):
        find_subscriber(app, "a@example.com")
    erased = app.store.subscribers.by_id(found.id)
    assert erased is not None
    assert (erased.email, erased.status) == (None, S.ERASED)
    assert app.store.subscribers.suppression("a@example.com") is SuppressionReason.ERASED
    assert app.store.subscribers.consents(found.id)[-1].kind is ConsentKind.ERASED
    before = mails(app)
    ask(app)
    assert mails(app) == before
    assert "a@example" not in "\n".join(app.store.database.connection.iterdump())


def test_erasing_twice_or_by_link_and_by_the_operator_is_one(app: App) -> None:
    token = app.signer.reader(1, confirmed(app).id)
    erase(app, token)
    before = list(app.store.database.connection.iterdump())
    erase(app, token)
    assert list(app.store.database.connection.iterdump()) == before
    with pytest.raises(NotFoundError):
        erase_subscriber(app, "a@example.com")


def test_words_that_name_an_erased_reader_go_and_those_that_many_were_shown_stay(app: App) -> None:
    gone = confirmed(app)
    confirmed(app, "b@example.com")
    prefer(app, gone, topics=[], zone="Asia/Tokyo")
    named, _ = add_subscriber(app, "c@example.com", evidence="A card from Ann Example")
    for each in (gone, named):
        erase(app, app.signer.reader(1, each.id))
    left = "\n".join(app.store.database.connection.iterdump())
    assert "Ann Example" not in left
    assert "Asia/Tokyo" not in left
    assert app.store.subscribers.consents(gone.id)[0].text.startswith("One e-mail a week")
    assert app.store.subscribers.consents(2)[0].text.startswith("One e-mail a week")


# why


def test_a_reason_is_kept_and_a_later_one_replaces_it(app: App, clock: Clock) -> None:
    found = confirmed(app)
    token = reader_token(app)
    unsubscribe(app, token, source="page")
    say_why(app, token, "no_time", "")
    clock.advance(minutes=1)
    say_why(app, token, "", " Too much\r\nto read ")
    assert app.store.subscribers.leavings(found.id) == [(clock(), "other", "Too much\nto read")]
    undo_unsubscribe(app, token)
    clock.advance(days=1)
    unsubscribe(app, token, source="page")
    say_why(app, token, "no_time", "")
    assert [reason for _, reason, _ in app.store.subscribers.leavings(found.id)] == ["other", "no_time"]
    assert reasons_given(app, clock() - timedelta(hours=1)) == {"I have no time to read it": 1}


def test_no_reason_is_kept_of_those_who_did_not_leave_or_said_nothing(app: App) -> None:
    found = confirmed(app)
    token = reader_token(app)
    say_why(app, token, "no_time", "")
    unsubscribe(app, token, source="page")
    say_why(app, token, "", "  ")
    assert app.store.subscribers.leavings(found.id) == []


@pytest.mark.parametrize(("reason", "words"), [("because", ""), ("other", "x" * 501)])
def test_reasons_that_are_not_offered_or_too_long_are_refused(app: App, reason: str, words: str) -> None:
    found = confirmed(app)
    token = reader_token(app)
    unsubscribe(app, token, source="page")
    with pytest.raises(InputError):
        say_why(app, token, reason, words)
    assert app.store.subscribers.leavings(found.id) == []


def test_words_of_an_erased_reader_go_and_the_reason_still_counts(app: App, clock: Clock) -> None:
    found = confirmed(app)
    token = reader_token(app)
    unsubscribe(app, token, source="page")
    say_why(app, token, "no_time", "Yours, Ann")
    erase(app, token)
    assert app.store.subscribers.leavings(found.id) == [(clock(), "no_time", "")]


# in time


def test_who_leaves_between_two_batches_is_not_in_the_second(make_app: Callable[..., App]) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, readers=4, size=2)
    hand = Hand(app)
    hand.deliverer.step()
    unsubscribe(app, app.signer.reader(issue.id, 3), source="one-click unsubscribe")
    while hand.deliverer.step().worked:
        pass
    assert list(provider.addresses) == ["r0@example.com", "r1@example.com", "r3@example.com"]
    assert app.store.deliveries.tally(issue.id) == {"accepted": 3, "suppressed": 1}


def requests_kept(app: App) -> int:
    return int(app.store.database.value("SELECT count(*) FROM batch WHERE request IS NOT NULL"))


def test_addresses_in_requests_are_forgotten_in_time_and_the_ledger_stays(
    make_app: Callable[..., App], clock: Clock
) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, readers=4, size=2)
    Hand(app).run()
    clock.advance(days=FORGET_DAYS)
    tick(app)
    assert requests_kept(app) == 2
    clock.advance(hours=1)
    tick(app)
    assert requests_kept(app) == 0
    assert app.store.deliveries.tally(issue.id) == {"accepted": 4}


def test_a_request_in_doubt_is_kept_until_it_is_settled(make_app: Callable[..., App], clock: Clock) -> None:
    app = make_app(provider=scripted(Doubt("a timeout")))
    sending(app, readers=4, size=2)
    Hand(app).run()
    clock.advance(days=FORGET_DAYS, seconds=1)
    tick(app)
    assert requests_kept(app) == 1
    erase(app, app.signer.reader(1, 1))
    (batch,) = app.store.deliveries.batches(1, BatchStatus.UNKNOWN)
    assert [(number, who.address) for number, who in batch.members] == [(1, ""), (2, "r1@example.com")]


def test_a_new_address_that_nobody_confirmed_is_forgotten_with_its_link(app: App, clock: Clock) -> None:
    found = confirmed(app)
    ask_to_change(app, reader_token(app), "new@example.com")
    clock.advance(days=7)
    tick(app)
    assert app.store.subscribers.asked_change(found.id) is not None
    clock.advance(hours=1)
    tick(app)
    assert app.store.subscribers.asked_change(found.id) is None


def test_what_is_reported_of_an_erased_reader_says_no_address(make_app: Callable[..., App]) -> None:
    app = replace(make_app(provider=scripted()), webhooks={"scripted": JsonHook()})
    issue = sending(app, readers=2, size=2)
    Hand(app).run()
    erase(app, app.signer.reader(issue.id, 1))
    for number in (1, 2):
        event = {
            "kind": "hard_bounce",
            "at": app.now().isoformat(),
            "rid": f"{issue.id}-{number}",
            "detail": f"550 no r{number - 1}@example.com here",
        }
        receive_report(app, "scripted", {"signature": "good", "id": str(number)}, json.dumps([event]).encode())
    assert apply_reports(app) == 2
    assert app.store.deliveries.outcome(issue.id, 1) == ("hard_bounce", None)
    assert app.store.deliveries.outcome(issue.id, 2) == ("hard_bounce", "550 no r1@example.com here")
