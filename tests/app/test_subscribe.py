"""Coming, confirming, coming back; limits that no stranger can use against somebody."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.app.container import App
from newsletter.app.leave import erase_subscriber, unsubscribe
from newsletter.app.subscribe import (
    add_subscriber,
    catch_up_confirmations,
    confirm,
    find_subscriber,
    of_confirmation,
    subscribe,
)
from newsletter.app.tick import tick
from newsletter.audience.consent import FORM_TEXT, FORM_VERSION, ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.errors import InputError, TokenError
from tests.conftest import Clock

MakeApp = Callable[..., App]
S = SubscriberStatus


def ask(app: App, address: str = "a@example.com") -> None:
    subscribe(app, address, source="form", ip="192.0.2.1")


def mails(app: App, kind: str = "confirmation") -> int:
    return int(app.store.database.value("SELECT count(*) FROM message WHERE kind = ?", (kind,)))


def mailed(app: App) -> list[str]:
    """The addresses of all mails in order, as `name: kind`."""
    rows = app.store.database.query("SELECT address, kind FROM message ORDER BY id")
    return [f"{row['address'].partition('@')[0]}: {row['kind']}" for row in rows]


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
    assert consent.version == FORM_VERSION
    row = app.store.messages.by_id(1)
    assert row is not None
    assert (row.kind, row.address, row.subscriber_id) == ("confirmation", "A@example.com", person(app).id)
    assert "http://localhost:8000/confirm/" in row.text
    assert row.envelope["headers"] == {"Auto-Submitted": "auto-generated"}


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


@pytest.fixture
def narrow(make_app: MakeApp) -> App:
    """Two confirmations an hour, and an operator who is told of things."""
    return make_app(web={"confirmations_per_hour": 2})


def test_all_together_get_so_many_mails_an_hour_and_nobody_is_lost(narrow: App, clock: Clock) -> None:
    for number in range(5):
        ask(narrow, f"r{number}@example.com")
        clock.advance(minutes=1)
    assert mails(narrow) == 2
    assert narrow.store.subscribers.counts()["pending"] == 5
    assert kinds(narrow, "r4@example.com") == [ConsentKind.ASKED], "what they agreed to is kept, though they wait"
    assert catch_up_confirmations(narrow) == 0
    clock.advance(minutes=55)
    assert catch_up_confirmations(narrow) == 1, "one has become free, and the longest waiting is first"
    clock.advance(hours=1)
    assert catch_up_confirmations(narrow) == 2
    confirmations = [one for one in mailed(narrow) if one.endswith("confirmation")]
    assert confirmations == [f"r{number}: confirmation" for number in range(5)]
    assert catch_up_confirmations(narrow) == 0
    assert kinds(narrow, "r4@example.com") == [ConsentKind.ASKED]


def test_the_operator_is_told_once_an_hour_that_people_wait(narrow: App, clock: Clock) -> None:
    def told() -> int:
        return int(narrow.store.database.value("SELECT count(*) FROM message WHERE key LIKE 'confirmations/%'"))

    for number in range(4):
        ask(narrow, f"r{number}@example.com")
    tick(narrow)
    tick(narrow)
    assert told() == 1
    text = narrow.store.database.value("SELECT text FROM message WHERE key LIKE 'confirmations/%'")
    assert "2 people wait for a confirmation. 2 an hour may go out" in " ".join(text.split())
    assert "raise web.confirmations_per_hour" in " ".join(text.split())
    clock.advance(minutes=59)
    ask(narrow, "late@example.com")
    tick(narrow)
    assert told() == 1
    clock.advance(minutes=1)
    tick(narrow)
    assert (mails(narrow), told()) == (4, 2)


def test_nobody_waits_for_a_confirmation_for_more_than_a_day(narrow: App, clock: Clock) -> None:
    for number in range(3):
        ask(narrow, f"r{number}@example.com")
    clock.advance(hours=24)
    assert catch_up_confirmations(narrow) == 0
    ask(narrow, "r2@example.com")
    assert mails(narrow) == 3, "and may ask anew"


def test_asking_again_while_waiting_keeps_the_place_and_adds_no_proof(narrow: App, clock: Clock) -> None:
    for number in (0, 1, 2, 3, 2):
        ask(narrow, f"r{number}@example.com")
        clock.advance(minutes=1)
    assert kinds(narrow, "r2@example.com") == [ConsentKind.ASKED]
    clock.advance(hours=1)
    catch_up_confirmations(narrow)
    assert mailed(narrow)[-2:] == ["r2: confirmation", "r3: confirmation"]


def test_who_is_suppressed_or_gone_while_waiting_is_passed_over(narrow: App, clock: Clock) -> None:
    for number in range(6):
        ask(narrow, f"r{number}@example.com")
    narrow.store.subscribers.suppress("r2@example.com", SuppressionReason.OPERATOR, clock())
    erase_subscriber(narrow, "r3@example.com")
    clock.advance(hours=1)
    assert catch_up_confirmations(narrow) == 2
    assert mailed(narrow)[-2:] == ["r4: confirmation", "r5: confirmation"]


def test_a_subscriber_who_asks_again_gets_the_link_to_their_preferences_within_the_same_limits(
    app: App, clock: Clock
) -> None:
    found = confirmed(app)
    for _ in range(5):
        ask(app)
        ask(app)
        clock.advance(days=1)
    assert (mails(app), mails(app, "subscribed already")) == (1, 3)
    text = app.store.database.value("SELECT text FROM message WHERE kind = 'subscribed already'")
    assert f"http://localhost:8000/preferences/{app.signer.reader(0, found.id)}" in text
    assert "/confirm/" not in text
    assert kinds(app) == [ConsentKind.ASKED, ConsentKind.CONFIRMED], "they agreed before; this adds nothing"
    unsubscribe(app, reader_token(app), source="page")
    ask(app)
    assert mails(app) == 2, "who left is not held up by what they were sent as a subscriber"


def test_a_subscriber_who_asks_while_too_many_do_gets_their_link_later(narrow: App, clock: Clock) -> None:
    confirmed(narrow)
    for number in range(2):
        ask(narrow, f"r{number}@example.com")
    ask(narrow)
    assert mails(narrow, "subscribed already") == 0
    clock.advance(hours=1)
    assert catch_up_confirmations(narrow) == 1
    assert mails(narrow, "subscribed already") == 1


def test_a_paused_subscriber_is_a_subscriber(app: App, clock: Clock) -> None:
    found = confirmed(app)
    app.store.subscribers.pause(found.id, clock() + timedelta(weeks=4))
    ask(app)
    assert mails(app, "subscribed already") == 1


def test_a_suppressed_address_gets_nothing_and_leaves_no_trace(app: App, clock: Clock) -> None:
    app.store.subscribers.suppress("a@example.com", SuppressionReason.COMPLAINT, clock())
    ask(app)
    assert mailed(app) == []
    assert app.store.subscribers.by_address("a@example.com") is None


def test_leaving_again_and_again_without_ever_confirming_gives_no_further_mails(app: App, clock: Clock) -> None:
    confirmed(app)
    token = reader_token(app)
    for _ in range(9):
        unsubscribe(app, token, source="page")
        ask(app)
        clock.advance(days=1)
    assert mails(app) == 1 + 3
    assert person(app).status is S.UNSUBSCRIBED, "and nobody who left is pending for nothing"


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
    with pytest.raises(TokenError):
        confirm(app, "forged", ip=None)


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


# the proof of consent


def test_the_proof_is_only_ever_added_to_but_for_the_ip_address_and_words_that_may_name_one_who_is_erased() -> None:
    store = Path(__file__).parents[2] / "newsletter" / "store"
    code = " ".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
        for path in sorted(store.rglob("*.*"))
        if path.suffix in (".py", ".sql")
    )
    touched = re.findall(r"(?:UPDATE|DELETE FROM|REPLACE INTO|DROP TABLE) consent\b[^\";]*", code)
    assert touched
    assert {statement.split(" WHERE ")[0] for statement in touched} == {
        "UPDATE consent SET ip = NULL",
        "UPDATE consent SET text_sha256 = ''",
    }
    assert "INSERT INTO consent " in code


def test_erasing_keeps_the_proof_and_blanks_where_it_came_from(app: App) -> None:
    found = confirmed(app)
    before = app.store.subscribers.consents(found.id)
    assert any(consent.ip for consent in before)
    erase_subscriber(app, "a@example.com")
    after = app.store.subscribers.consents(found.id)
    assert [(one.kind, one.at, one.text, one.version) for one in after[: len(before)]] == [
        (one.kind, one.at, one.text, one.version) for one in before
    ]
    assert not any(consent.ip for consent in after)
