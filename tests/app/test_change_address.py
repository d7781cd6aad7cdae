"""Another address: asked for by link, confirmed by the new one, told to the old one, and of no use to bother others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from itsdangerous import TimestampSigner

from newsletter.app.change_address import Change, ask_to_change, change_address, of_change
from newsletter.app.container import App
from newsletter.app.leave import erase, unsubscribe
from newsletter.app.receive_events import apply_reports, receive_report
from newsletter.app.subscribe import add_subscriber
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.delivery.provider import Refusal, Refused
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import InputError, TokenError, TransitionError
from tests.app.scripted import Hand, scripted, sending
from tests.app.test_receive_events import JsonHook
from tests.conftest import Clock

OLD, NEW = "old@example.org", "new@example.org"
MakeApp = Callable[..., App]


@pytest.fixture
def reader(app: App) -> Subscriber:
    return add_subscriber(app, OLD, evidence="a card")[0]


def link(app: App, reader: Subscriber) -> str:
    return app.signer.reader(1, reader.id)


def ask(app: App, reader: Subscriber, address: str = NEW) -> str:
    """The token that is mailed for `address`, if it is."""
    ask_to_change(app, link(app, reader), address)
    return app.signer.address_change(reader.id, app.store.subscribers.hash_of(address))


def mails(app: App, kind: str = "change_address") -> list[str]:
    """To whom mails of a kind are queued."""
    rows = app.store.database.query("SELECT address FROM message WHERE kind = ? ORDER BY id", (kind,))
    return [row["address"] for row in rows]


def address(app: App, reader: Subscriber) -> str | None:
    found = app.store.subscribers.by_id(reader.id)
    assert found is not None
    return found.email


def test_nothing_changes_until_the_new_address_says_so(app: App, reader: Subscriber) -> None:
    token = ask(app, reader)
    assert mails(app) == [NEW]
    assert f"/address/{token.partition('.')[0]}" in str(app.store.database.value("SELECT text FROM message"))
    assert of_change(app, token) == Change(reader, NEW, done=False)
    assert address(app, reader) == OLD


def test_the_button_changes_it_records_it_and_tells_the_old_address(app: App, reader: Subscriber) -> None:
    token = ask(app, reader)
    assert change_address(app, token).done
    assert address(app, reader) == NEW
    assert app.store.subscribers.consents(reader.id)[-1].kind is ConsentKind.ADDRESS_CHANGED
    assert mails(app, "address_changed") == [OLD]
    told = app.store.database.one("SELECT text FROM message WHERE kind = 'address_changed'")
    assert told is not None
    assert "n…@example.org" in told["text"]
    assert NEW not in told["text"]
    assert app.store.subscribers.suppression(OLD) is None
    found = app.store.subscribers.by_address(NEW)
    assert found is not None
    assert (found.id, found.status) == (reader.id, SubscriberStatus.ACTIVE)


def test_pressing_it_again_changes_nothing_more(app: App, reader: Subscriber) -> None:
    token = ask(app, reader)
    change_address(app, token)
    before = list(app.store.database.connection.iterdump())
    assert change_address(app, token).done
    assert list(app.store.database.connection.iterdump()) == before


def test_only_the_address_asked_for_last_counts(app: App, reader: Subscriber, clock: Clock) -> None:
    first = ask(app, reader)
    clock.advance(days=1)
    second = ask(app, reader, "newest@example.org")
    with pytest.raises(TokenError, match="of no use any more"):
        change_address(app, first)
    change_address(app, second)
    assert address(app, reader) == "newest@example.org"
    with pytest.raises(TokenError, match="of no use any more"):
        change_address(app, first)


def test_a_suppressed_address_and_somebody_elses_are_mailed_nothing_and_nothing_tells(
    app: App, reader: Subscriber, clock: Clock
) -> None:
    app.store.subscribers.suppress("never@example.org", SuppressionReason.COMPLAINT, clock())
    add_subscriber(app, "taken@example.org", evidence="a card")
    for there in ("never@example.org", "taken@example.org"):
        ask(app, reader, there)
        assert app.store.subscribers.asked_change(reader.id) == (there, clock())
        clock.advance(days=1)
    assert mails(app) == []


def test_an_address_suppressed_or_taken_meanwhile_stops_it(app: App, reader: Subscriber, clock: Clock) -> None:
    token = ask(app, reader)
    app.store.subscribers.suppress(NEW, SuppressionReason.HARD_BOUNCE, clock())
    with pytest.raises(TransitionError, match="may not send mail to this address"):
        change_address(app, token)
    app.store.database.change("DELETE FROM suppression")
    add_subscriber(app, NEW, evidence="a card")
    with pytest.raises(TransitionError, match="subscription of its own"):
        change_address(app, token)
    assert address(app, reader) == OLD
    assert mails(app, "address_changed") == []


def test_a_reader_asks_once_a_day_and_one_address_is_mailed_three_times_ever(
    app: App, reader: Subscriber, clock: Clock
) -> None:
    ask(app, reader)
    clock.advance(hours=23, minutes=59)
    with pytest.raises(TransitionError, match="within the last 24 hours"):
        ask(app, reader, "another@example.org")
    for _ in range(5):
        clock.advance(hours=24)
        ask(app, reader)
    assert mails(app) == [NEW] * 3


def test_many_readers_cannot_bomb_one_address(app: App, clock: Clock) -> None:
    for number in range(4):
        ask(app, add_subscriber(app, f"r{number}@example.org", evidence="a card")[0])
    assert mails(app) == [NEW]


def test_it_counts_into_the_budget_of_the_hour(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(web={"confirmations_per_hour": 2})
    readers = [add_subscriber(app, f"r{number}@example.org", evidence="a card")[0] for number in range(3)]
    for number in (0, 1):
        ask(app, readers[number], f"new{number}@example.org")
    with pytest.raises(TransitionError, match="just now"):
        ask(app, readers[2], "new2@example.org")
    assert app.store.subscribers.asked_change(readers[2].id) is None, "they may ask again at once"
    clock.advance(hours=1)
    ask(app, readers[2], "new2@example.org")
    assert len(mails(app)) == 3


def test_what_is_no_address_or_theirs_already_is_told(app: App, reader: Subscriber) -> None:
    with pytest.raises(InputError, match="is not an e-mail address"):
        ask_to_change(app, link(app, reader), "nobody")
    with pytest.raises(InputError, match="come to this address already"):
        ask_to_change(app, link(app, reader), "OLD@example.org")
    assert app.store.subscribers.asked_change(reader.id) is None


def test_who_left_or_is_erased_changes_nothing(app: App, reader: Subscriber) -> None:
    token = ask(app, reader)
    unsubscribe(app, link(app, reader), source="page")
    with pytest.raises(TransitionError):
        ask_to_change(app, link(app, reader), "other@example.org")
    with pytest.raises(TokenError):
        change_address(app, token)
    erase(app, link(app, reader))
    with pytest.raises(TokenError):
        change_address(app, token)
    assert "new@example" not in "\n".join(app.store.database.connection.iterdump())


def test_the_link_is_of_use_for_seven_days(app: App, reader: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    token = ask(app, reader)
    made = TimestampSigner("x").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: made + 7 * 86400 + 60)
    with pytest.raises(TokenError, match="older than 7 days"):
        change_address(app, token)
    assert address(app, reader) == OLD


def test_a_link_of_another_kind_changes_no_address(app: App, reader: Subscriber) -> None:
    ask(app, reader)
    for token in (app.signer.confirmation(reader.id), app.signer.browser(reader.id), link(app, reader), "x"):
        with pytest.raises(TokenError):
            change_address(app, token)


def test_a_bounced_old_address_is_told_nothing(app: App, reader: Subscriber, clock: Clock) -> None:
    app.store.subscribers.suppress(OLD, SuppressionReason.HARD_BOUNCE, clock())
    change_address(app, ask(app, reader))
    assert mails(app, "address_changed") == []
    assert app.store.subscribers.audience(clock())["recipients"] == 1


def test_nobody_gets_an_issue_twice_or_misses_it_by_a_change(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, readers=4, size=2)
    hand = Hand(app)
    assert hand.deliverer.step().worked
    for number, new in ((1, "first@example.org"), (4, "last@example.org")):
        change_address(app, app.signer.address_change(number, asked(app, number, new)))
    while hand.deliverer.step().worked:
        pass
    assert list(provider.addresses.elements()) == [
        "r0@example.com",
        "r1@example.com",
        "r2@example.com",
        "last@example.org",
    ]
    assert app.store.deliveries.tally(issue.id) == {"accepted": 4}


def asked(app: App, number: int, new: str) -> bytes:
    ask_to_change(app, app.signer.reader(0, number), new)
    return app.store.subscribers.hash_of(new)


def test_a_batch_that_was_refused_goes_to_the_new_address_under_a_new_key(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Refused(Refusal.THROTTLED, "slow down", 1.0))
    app = make_app(provider=provider)
    sending(app, readers=2, size=2)
    hand = Hand(app)
    hand.deliverer.step()
    change_address(app, app.signer.address_change(1, asked(app, 1, NEW)))
    clock.advance(minutes=10)
    while hand.deliverer.step().worked:
        pass
    assert [sorted(reader.address for reader in batch.recipients) for batch in provider.batches] == [
        ["r0@example.com", "r1@example.com"],
        [NEW, "r1@example.com"],
    ]
    assert len(set(provider.keys)) == 2


def bounce(app: App, rid: str, clock: Clock) -> None:
    event: dict[str, Any] = {
        "rid": rid,
        "kind": "hard_bounce",
        "at": (clock() + timedelta(minutes=1)).isoformat(),
        "detail": "no such mailbox",
    }
    receive_report(app, "scripted", {"signature": "theirs", "id": rid}, json.dumps([event]).encode())
    assert apply_reports(app) == 1


def test_a_late_bounce_of_the_old_address_does_not_suppress_the_new_one(make_app: MakeApp, clock: Clock) -> None:
    app = replace(make_app(provider=scripted()), webhooks={"scripted": JsonHook()})
    issue = sending(app, readers=2, size=2)
    Hand(app).deliverer.step()
    clock.advance(hours=1)
    change_address(app, app.signer.address_change(1, asked(app, 1, NEW)))
    bounce(app, f"{issue.id}-1", clock)
    assert app.store.deliveries.status(issue.id, 1) is DeliveryStatus.ACCEPTED
    assert app.store.subscribers.suppression("r0@example.com") is SuppressionReason.HARD_BOUNCE
    assert app.store.subscribers.suppression(NEW) is None
    bounce(app, f"{issue.id}-2", clock)
    assert app.store.subscribers.suppression("r1@example.com") is SuppressionReason.HARD_BOUNCE


def test_a_new_address_that_bounces_is_suppressed_and_the_old_one_is_not(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted()
    app = replace(make_app(provider=provider), webhooks={"scripted": JsonHook()})
    reader = add_subscriber(app, OLD, evidence="a card")[0]
    ask(app, reader)
    row = app.store.database.one("SELECT id FROM message WHERE kind = 'change_address'")
    assert row is not None
    app.store.database.change("UPDATE message SET status = 'accepted' WHERE id = ?", (row["id"],))
    bounce(app, f"m{row['id']}", clock)
    assert app.store.subscribers.suppression(NEW) is SuppressionReason.HARD_BOUNCE
    assert app.store.subscribers.suppression(OLD) is None
