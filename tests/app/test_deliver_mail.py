"""Mails to one person go the same way as an issue: in flight before they leave, once, and doubt is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail, recover_mail
from newsletter.app.mail_one import queue_mail, queue_notice
from newsletter.delivery.message import Batch, Stream
from newsletter.delivery.provider import Answered, Doubt, Outcome, Refusal, Refused, SendResult, SendStatus
from newsletter.delivery.status import DeliveryStatus
from newsletter.rendering.mjml import RenderedMail
from newsletter.store.messages import MessageRow
from tests.app.scripted import Scripted, scripted
from tests.conftest import Clock

MakeApp = Callable[..., App]
MAIL = RenderedMail(subject="A subject", preheader="", html="<p>Hello</p>", text="Hello", mjml="")
D = DeliveryStatus


def queue(app: App, address: str = "a@example.com", key: str = "k") -> int:
    number = queue_mail(app, key, "notice", address, MAIL)
    assert number is not None
    return number


def row(app: App, number: int) -> MessageRow:
    found = app.store.messages.by_id(number)
    assert found is not None
    return found


def sent_by(make_app: MakeApp, provider: Scripted) -> tuple[App, str, int]:
    """An app, an owner, and a mail that is queued."""
    app = make_app(provider=provider)
    return app, app.owners.enter(), queue(app)


class Died(Exception):
    """Stands for a process that is gone."""


def dies(batch: Batch) -> Outcome:
    raise Died


def test_a_mail_is_sent_once_on_the_transactional_stream(make_app: MakeApp) -> None:
    provider = scripted()
    app, owner, number = sent_by(make_app, provider)
    assert deliver_mail(app, owner)
    assert not deliver_mail(app, owner)
    (batch,) = provider.batches
    assert (batch.message.stream, batch.message.subject) == (Stream.TRANSACTIONAL, "A subject")
    assert (batch.recipients[0].rid, batch.recipients[0].address) == (f"m{number}", "a@example.com")
    assert batch.message.headers[0][0] == "Auto-Submitted"
    done = row(app, number)
    assert (done.status, done.html, done.text) == (D.ACCEPTED, "", "")


def test_one_mail_may_be_sent_before_its_turn(make_app: MakeApp) -> None:
    provider = scripted()
    app, owner, _ = sent_by(make_app, provider)
    second = queue(app, "b@example.com", "k2")
    assert deliver_mail(app, owner, only=second)
    assert not deliver_mail(app, owner, only=second)
    assert provider.addresses == {"b@example.com": 1}


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (Answered((SendResult("m1", SendStatus.REJECTED, None, "no box"),)), D.REJECTED, "no box"),
        (Answered(()), D.UNKNOWN, "the provider left it out"),
        (Refused(Refusal.CONTENT, "malformed"), D.REJECTED, "malformed"),
        (Doubt("a timeout"), D.UNKNOWN, "a timeout"),
    ],
)
def test_every_last_word_is_kept(make_app: MakeApp, answer: Outcome, status: D, detail: str) -> None:
    app, owner, number = sent_by(make_app, scripted(answer))
    deliver_mail(app, owner)
    assert (row(app, number).status, row(app, number).detail) == (status, detail)
    assert not recover_mail(app, owner)


@pytest.mark.parametrize(
    ("refused", "wait"),
    [
        (Refused(Refusal.THROTTLED, "slow", 45.0), 45.0),
        (Refused(Refusal.ACCOUNT, "the key is revoked", 5.0), 600.0),
    ],
)
def test_what_was_refused_for_now_waits_and_goes_again_under_the_same_key(
    make_app: MakeApp, clock: Clock, refused: Refused, wait: float
) -> None:
    provider = scripted(refused)
    app, owner, number = sent_by(make_app, provider)
    deliver_mail(app, owner)
    assert (row(app, number).status, row(app, number).detail) == (D.WAITING, refused.detail)
    clock.advance(seconds=wait - 0.1)
    assert not deliver_mail(app, owner)
    clock.advance(seconds=0.1)
    assert deliver_mail(app, owner)
    assert provider.batches[0].key == provider.batches[1].key
    assert row(app, number).status is D.ACCEPTED


def test_without_a_word_on_when_a_refused_mail_waits_the_usual_time(make_app: MakeApp, clock: Clock) -> None:
    app, owner, _ = sent_by(make_app, scripted(Refused(Refusal.NOT_CONNECTED, "down")))
    deliver_mail(app, owner)
    clock.advance(seconds=4)
    assert deliver_mail(app, owner)


def test_doubt_inside_the_window_is_replayed_byte_for_byte(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), Refused(Refusal.CONTENT, "no", 10.0), replay_seconds=3600.0)
    app, owner, number = sent_by(make_app, provider)
    deliver_mail(app, owner)
    assert row(app, number).status is D.IN_FLIGHT
    assert not recover_mail(app, owner), "its wait is not over"
    clock.advance(seconds=5)
    assert recover_mail(app, owner)
    assert row(app, number).status is D.IN_FLIGHT, "a refused replay keeps the doubt"
    clock.advance(seconds=10)
    assert recover_mail(app, owner)
    assert row(app, number).status is D.ACCEPTED
    assert len({batch.key for batch in provider.batches}) == len({body.sha256 for body in provider.bodies}) == 1


def test_doubt_beyond_the_window_is_unknown(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), Doubt("again"), replay_seconds=4.0)
    app, owner, number = sent_by(make_app, provider)
    deliver_mail(app, owner)
    clock.advance(seconds=3.5)
    assert recover_mail(app, owner)
    assert (row(app, number).status, row(app, number).detail) == (D.UNKNOWN, "again")


def test_a_dead_senders_mail_is_taken_over_at_once_and_a_living_ones_is_not(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(dies, replay_seconds=3600.0)
    app, owner, number = sent_by(make_app, provider)
    with pytest.raises(Died):
        deliver_mail(app, owner)
    other = make_app(provider=provider)
    successor = other.owners.enter()
    assert not recover_mail(other, successor)
    app.owners.leave(owner)
    assert recover_mail(other, successor)
    assert row(app, number).status is D.ACCEPTED
    assert not recover_mail(other, successor)


def test_without_credentials_a_mail_in_flight_waits_to_be_replayed(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=3600.0)
    app, owner, number = sent_by(make_app, provider)
    with pytest.raises(Died):
        deliver_mail(app, owner)
    app.owners.leave(owner)
    unready = make_app(provider=scripted(ready=False, replay_seconds=3600.0))
    assert not recover_mail(unready, unready.owners.enter())
    assert row(app, number).status is D.IN_FLIGHT
    assert recover_mail(app, app.owners.enter())
    assert row(app, number).status is D.ACCEPTED


def test_a_living_owners_lease_runs_out_after_two_minutes(make_app: MakeApp, clock: Clock) -> None:
    app, owner, number = sent_by(make_app, scripted(dies))
    with pytest.raises(Died):
        deliver_mail(app, owner)
    successor = app.owners.enter()
    clock.advance(seconds=120)
    assert not recover_mail(app, successor)
    clock.advance(seconds=0.1)
    assert recover_mail(app, successor)
    assert row(app, number).status is D.UNKNOWN
    assert row(app, number).detail == "its sender stopped while it was on its way"


def test_a_claim_whose_sender_died_before_anything_left_is_sent(make_app: MakeApp) -> None:
    provider = scripted()
    app, owner, number = sent_by(make_app, provider)
    now = app.now().timestamp()
    app.store.messages.claim(owner, now, now + 999)
    app.owners.leave(owner)
    assert recover_mail(app, app.owners.enter())
    assert row(app, number).status is D.ACCEPTED
    assert len(provider.batches) == 1


def test_a_mail_whose_bytes_changed_is_not_replayed(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=3600.0)
    app, owner, number = sent_by(make_app, provider)
    with pytest.raises(Died):
        deliver_mail(app, owner)
    app.owners.leave(owner)
    app.store.database.change("UPDATE message SET html = '<p>Other</p>'")
    assert recover_mail(app, app.owners.enter())
    assert row(app, number).status is D.UNKNOWN
    assert len(provider.batches) == 1


def test_one_that_cannot_be_written_down_is_rejected_and_holds_up_nobody(make_app: MakeApp) -> None:
    provider = replace(scripted(), unwritable=frozenset({"a@example.com"}))
    app, owner, number = sent_by(make_app, provider)
    second = queue(app, "b@example.com", "k2")
    assert deliver_mail(app, owner)
    assert (row(app, number).status, row(app, number).detail) == (D.REJECTED, "This address cannot be written down.")
    assert deliver_mail(app, owner)
    assert row(app, second).status is D.ACCEPTED


@pytest.mark.parametrize(("replay_seconds", "status"), [(3600.0, D.UNKNOWN), (0.0, D.UNKNOWN)])
def test_one_that_cannot_be_written_down_any_more_does_not_stop_the_recovery_of_others(
    make_app: MakeApp, replay_seconds: float, status: D
) -> None:
    provider = scripted(dies, dies, replay_seconds=replay_seconds)
    app, owner, number = sent_by(make_app, provider)
    second = queue(app, "b@example.com", "k2")
    for _ in range(2):
        with pytest.raises(Died):
            deliver_mail(app, owner)
    third = queue(app, "c@example.com", "k3")
    now = app.now().timestamp()
    app.store.messages.claim(owner, now, now + 999)
    app.owners.leave(owner)
    harsh = replace(provider, unwritable=frozenset({"a@example.com", "c@example.com"}))
    other = make_app(provider=harsh)
    assert recover_mail(other, other.owners.enter())
    assert row(app, number).status is status
    assert row(app, second).status is (D.ACCEPTED if replay_seconds else D.UNKNOWN)
    assert row(app, third).status is D.REJECTED


def test_an_answer_after_somebody_else_settled_it_moves_nothing(make_app: MakeApp) -> None:
    def settled_meanwhile(batch: Batch) -> Outcome:
        app.store.messages.settle_by_event(1, D.ACCEPTED, "delivered")
        return Refused(Refusal.CONTENT, "no")

    app, owner, number = sent_by(make_app, scripted(settled_meanwhile))
    deliver_mail(app, owner)
    assert row(app, number).status is D.ACCEPTED


def test_a_claim_that_was_lost_before_the_start_sends_nothing(make_app: MakeApp) -> None:
    provider = scripted()
    app, owner, number = sent_by(make_app, provider)
    claim = app.store.messages.claim

    def stolen(*args: Any) -> MessageRow | None:
        found = claim(*args)
        app.store.database.change("UPDATE message SET owner = 'elsewhere/1'")
        return found

    app.store.messages.claim = stolen  # type: ignore[method-assign, assignment]  # comes in between
    assert deliver_mail(app, owner)
    assert provider.batches == []
    assert row(app, number).status is D.WAITING


def test_a_notice_is_queued_once_and_only_where_there_is_somebody_to_tell(make_app: MakeApp) -> None:
    app = make_app(operator="me@example.com")
    assert queue_notice(app, "key", "Subject", "Heading", ["One.", "Two."]) is not None
    assert queue_notice(app, "key", "Subject", "Heading", ["One."]) is None
    queued = app.store.messages.by_id(1)
    assert queued is not None
    assert (queued.address, queued.kind, queued.envelope["subject"]) == ("me@example.com", "notice", "Subject")
    assert "Two." in queued.text
    assert queue_notice(make_app(reply_to=""), "other", "S", "H", ["x"]) is None
