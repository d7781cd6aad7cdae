"""Coming, confirming, leaving, coming back; limits that no stranger can use against somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from newsletter.app.container import App
from newsletter.app.subscribe import (
    add_subscriber,
    confirm,
    erase_subscriber,
    find_subscriber,
    of_confirmation,
    of_reader,
    subscribe,
    undo_unsubscribe,
    unsubscribe,
)
from newsletter.audience.consent import FORM_TEXT, ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.errors import InputError, NotFoundError, TokenError
from tests.conftest import Clock

MakeApp = Callable[..., App]
S = SubscriberStatus


def ask(app: App, address: str = "a@example.com") -> None:
    subscribe(app, address, source="form", ip="192.0.2.1")


def mails(app: App) -> int:
    return sum(app.store.messages.counts().values())


def person(app: App, address: str = "a@example.com") -> Subscriber:
    return find_subscriber(app, address)


def token_for(app: App, address: str = "a@example.com") -> str:
    return app.signer.confirmation(person(app, address).id)


def reader_token(app: App, address: str = "a@example.com") -> str:
    return app.signer.reader(1, person(app, address).id)


def confirmed(app: App, address: str = "a@example.com") -> Subscriber:
    ask(app, address)
    confirm(app, token_for(app, address), ip=None)
    return person(app, address)


def kinds(app: App, address: str = "a@example.com") -> list[ConsentKind]:
    return [consent.kind for consent in app.store.subscribers.consents(person(app, address).id)]


def test_asking_makes_a_pending_reader_and_one_confirmation_mail(app: App) -> None:
    ask(app, " A@Example.com ")
    assert person(app).status is S.PENDING
    (consent,) = app.store.subscribers.consents(person(app).id)
    assert (consent.kind, consent.text, consent.source, consent.ip) == (
        ConsentKind.ASKED,
        FORM_TEXT,
        "form",
        "192.0.2.1",
    )
    row = app.store.messages.by_id(1)
    assert row is not None
    assert (row.kind, row.address, row.subscriber_id) == ("confirmation", "A@example.com", person(app).id)
    assert "http://localhost:8000/confirm/" in row.text


def test_confirming_makes_active_once_and_keeps_the_proof(app: App, clock: Clock) -> None:
    ask(app)
    clock.advance(hours=1)
    token = token_for(app)
    confirm(app, token, ip="192.0.2.2")
    assert (person(app).status, person(app).confirmed_at) == (S.ACTIVE, clock())
    confirm(app, token, ip=None)
    assert kinds(app) == [ConsentKind.ASKED, ConsentKind.CONFIRMED]
    assert app.store.subscribers.consents(person(app).id)[1].ip == "192.0.2.2"


def test_what_is_no_address_is_refused(app: App) -> None:
    with pytest.raises(InputError):
        ask(app, "nobody")
    assert app.store.subscribers.counts()["pending"] == 0


def test_one_address_gets_one_mail_in_24_hours_and_three_ever(app: App, clock: Clock) -> None:
    ask(app)
    clock.advance(hours=23, minutes=59)
    ask(app)
    assert mails(app) == 1
    clock.advance(minutes=1)
    ask(app)
    clock.advance(days=1)
    ask(app)
    assert mails(app) == 3
    for _ in range(9):
        clock.advance(days=1)
        ask(app)
    assert mails(app) == 3
    assert kinds(app) == [ConsentKind.ASKED] * 3


def test_all_together_get_so_many_mails_an_hour(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(web={"confirmations_per_hour": 2})
    for number in range(4):
        ask(app, f"r{number}@example.com")
    assert mails(app) == 2
    assert app.store.subscribers.counts()["pending"] == 2
    clock.advance(hours=1)
    ask(app, "late@example.com")
    assert mails(app) == 3


def test_a_suppressed_address_and_an_active_reader_get_nothing(app: App, clock: Clock) -> None:
    app.store.subscribers.suppress("a@example.com", SuppressionReason.COMPLAINT, clock())
    ask(app)
    assert mails(app) == 0
    assert app.store.subscribers.by_address("a@example.com") is None
    confirmed(app, "b@example.com")
    clock.advance(days=2)
    ask(app, "b@example.com")
    assert mails(app) == 1


def test_one_who_left_may_come_back_by_confirming(app: App, clock: Clock) -> None:
    confirmed(app)
    unsubscribe(app, reader_token(app), source="one-click")
    clock.advance(minutes=5)
    ask(app)
    assert (person(app).status, mails(app)) == (S.PENDING, 2)
    confirm(app, token_for(app), ip=None)
    assert (person(app).status, person(app).unsubscribed_at) == (S.ACTIVE, None)
    assert kinds(app) == [
        ConsentKind.ASKED,
        ConsentKind.CONFIRMED,
        ConsentKind.UNSUBSCRIBED,
        ConsentKind.ASKED,
        ConsentKind.CONFIRMED,
    ]


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
    with pytest.raises(TokenError):
        confirm(app, "forged", ip=None)


def unsubscribe_by(app: App, token: str) -> Subscriber:
    return unsubscribe(app, token, source="page")


def test_a_confirmation_is_of_no_use_once_its_reader_left_was_suppressed_or_is_gone(app: App, clock: Clock) -> None:
    ask(app)
    token = token_for(app)
    assert of_confirmation(app, token).email == "a@example.com"
    app.store.subscribers.suppress("a@example.com", SuppressionReason.HARD_BOUNCE, clock())
    with pytest.raises(TokenError, match="of no use any more"):
        confirm(app, token, ip=None)
    app.store.database.change("DELETE FROM suppression")
    unsubscribe(app, reader_token(app), source="page")
    with pytest.raises(TokenError, match="of no use any more"):
        confirm(app, token, ip=None)
    erase_subscriber(app, "a@example.com")
    with pytest.raises(TokenError, match="of no use any more"):
        confirm(app, token, ip=None)
    with pytest.raises(TokenError, match="of no use any more"):
        confirm(app, app.signer.confirmation(999), ip=None)


# the operator


def test_added_with_evidence_they_are_active_and_without_it_they_are_asked(app: App) -> None:
    active, queued = add_subscriber(app, "a@example.com", evidence="A card from the fair, 2026")
    assert (active.status, queued) == (S.ACTIVE, None)
    (consent,) = app.store.subscribers.consents(active.id)
    assert (consent.kind, consent.text) == (ConsentKind.IMPORTED, "A card from the fair, 2026")
    pending, queued = add_subscriber(app, "b@example.com", evidence=None)
    assert (pending.status, queued) == (S.PENDING, 1)
    assert add_subscriber(app, "b@example.com", evidence=None) == (pending, None), "the limits hold here too"
    assert add_subscriber(app, "a@example.com", evidence="again") == (active, None)
    assert kinds(app, "b@example.com") == [ConsentKind.ASKED]


def test_evidence_makes_a_pending_reader_active(app: App) -> None:
    ask(app)
    found, _ = add_subscriber(app, "a@example.com", evidence="They wrote to us.")
    assert (found.status, found.id) == (S.ACTIVE, 1)


def test_the_operator_revives_nobody_who_left_or_is_suppressed(app: App, clock: Clock) -> None:
    confirmed(app)
    unsubscribe(app, reader_token(app), source="page")
    for evidence in ("a card", None):
        with pytest.raises(InputError, match="unsubscribed; only they themselves can come back"):
            add_subscriber(app, "a@example.com", evidence=evidence)
    app.store.subscribers.suppress("b@example.com", SuppressionReason.COMPLAINT, clock())
    with pytest.raises(InputError, match=r"is suppressed \(complaint\)"):
        add_subscriber(app, "b@example.com", evidence="a card")


def test_evidence_revives_nobody_who_left_even_after_a_stranger_asked_in_their_name(app: App) -> None:
    confirmed(app)
    unsubscribe(app, reader_token(app), source="page")
    ask(app)
    assert person(app).status is S.PENDING
    with pytest.raises(InputError, match="only they themselves can come back"):
        add_subscriber(app, "a@example.com", evidence="an old list")
    assert add_subscriber(app, "a@example.com", evidence=None)[0].status is S.PENDING


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
    ask(app)
    assert mails(app) == 1
    assert "a@example" not in "\n".join(app.store.database.connection.iterdump())
