"""One step of a sender, with every answer a provider can give: nobody is mailed twice, and nothing is guessed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.deliver import Deliverer, Step
from newsletter.app.draft_issue import draft_issue
from newsletter.app.finish_issue import finish_issue
from newsletter.app.send_issue import cancel_issue, freeze_issue, pause_issue, resume_issue
from newsletter.audience.subscriber import SuppressionReason
from newsletter.delivery.message import Batch, Recipient, Request
from newsletter.delivery.provider import Answered, Doubt, Outcome, Refusal, Refused, SendResult, SendStatus
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.errors import StoreError
from newsletter.issues import Counts, Issue, IssueStatus
from newsletter.store.deliveries import BatchRow, Settlement
from tests.app.scripted import Hand, Scripted, accept_all, add_readers, add_week, again, scripted, sending
from tests.conftest import Clock

MakeApp = Callable[..., App]
HOUR = 3600.0


def batches(app: App, issue_id: int, *statuses: BatchStatus) -> list[BatchRow]:
    return app.store.deliveries.batches(issue_id, *(statuses or BatchStatus))


def detail_of(app: App, issue_id: int) -> set[str | None]:
    return {row["detail"] for row in app.store.deliveries.not_accepted(issue_id)}


# answered


def test_every_reader_gets_one_copy_under_a_key_per_batch_and_the_issue_is_sent(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 5, size=2)
    Hand(app).run()
    after = again(app, issue)
    assert after.status is IssueStatus.SENT
    assert after.counts == Counts(frozen=5, accepted=5)
    assert after.finished_at == app.now()
    assert provider.addresses == {f"r{number}@example.com": 1 for number in range(5)}
    assert [batch.key for batch in provider.batches] == [f"{issue.key}-{issue.nonce}/{number}" for number in (1, 2, 3)]
    (reader, _) = provider.batches[0].recipients
    assert reader.rid == f"{issue.id}-1"
    url = reader.values["unsubscribe_url"]
    assert url == f"http://localhost:8000/unsubscribe/{app.signer.reader(issue.id, 1)}"
    message = provider.batches[0].message
    assert (message.subject, message.sender.address, message.reply_to) == ("Ship or skip", "verdicts@example.com", None)
    assert message.headers[0][1].fill(reader.values) == f"<{url}>"
    assert app.store.deliveries.by_provider_id(f"id-{issue.id}-1") == (issue.id, 1)


def test_those_an_answer_leaves_out_are_unknown_and_those_it_refuses_are_rejected(make_app: MakeApp) -> None:
    def partly(batch: Batch) -> Outcome:
        one, two, _ = batch.recipients
        return Answered(
            (SendResult(one.rid, SendStatus.ACCEPTED, "p1"), SendResult(two.rid, SendStatus.REJECTED, None, "no box"))
        )

    app = make_app(provider=scripted(partly))
    issue = sending(app, 3, size=3)
    Hand(app).run()
    after = again(app, issue)
    assert after.counts == Counts(frozen=3, accepted=1, rejected=1, unknown=1)
    assert after.status is IssueStatus.SENT
    assert detail_of(app, issue.id) == {"no box", "the provider left it out"}


def test_an_answer_that_comes_after_an_event_has_settled_it_moves_nothing(make_app: MakeApp) -> None:
    def late(batch: Batch) -> Outcome:
        ledger = app.store.deliveries
        ledger.settle(issue.id, [Settlement(1, DeliveryStatus.ACCEPTED, "by-event")], DeliveryStatus.IN_FLIGHT)
        return Answered((SendResult(f"{issue.id}-1", SendStatus.REJECTED),))

    app = make_app(provider=scripted(late))
    issue = sending(app, 1)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=1, accepted=1)


# refused


@pytest.mark.parametrize("refusal", [Refusal.NOT_CONNECTED, Refusal.THROTTLED])
def test_a_refusal_that_passes_is_tried_again_under_the_same_key_with_the_same_bytes(
    make_app: MakeApp, refusal: Refusal
) -> None:
    provider = scripted(Refused(refusal, "not now"), Refused(refusal, "not now"))
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)
    assert provider.keys == ["1", "1", "1"]
    assert len({body.sha256 for body in provider.bodies}) == 1


def test_a_throttled_provider_is_left_alone_by_all_batches_for_as_long_as_it_asked(
    make_app: MakeApp, clock: Clock
) -> None:
    provider = scripted(Refused(Refusal.THROTTLED, "slow down", retry_after=45.0))
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    hand = Hand(app)
    began = clock().timestamp()
    assert hand.deliverer.step() == Step(True)
    assert again(app, issue).counts == Counts(frozen=4, waiting=4)
    assert hand.deliverer.step() == Step(False, began + 45.0)
    clock.advance(seconds=43.9)
    assert not hand.deliverer.step().worked
    clock.advance(seconds=1.1)
    hand.run()
    assert provider.keys == ["1", "1", "2"]
    assert again(app, issue).status is IssueStatus.SENT


def test_a_batch_that_waits_for_its_time_is_announced(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(provider=scripted(Refused(Refusal.NOT_CONNECTED, "down", retry_after=1.0)))
    sending(app, 2, size=2)
    hand = Hand(app)
    hand.deliverer.step()
    assert hand.deliverer.step() == Step(False, clock().timestamp() + 1.0)


def test_poison_is_isolated_by_halving_and_everybody_else_gets_one_copy(make_app: MakeApp) -> None:
    poison = {"r2@example.com", "r7@example.com"}
    taken: list[str] = []

    def answer(batch: Batch) -> Outcome:
        if any(reader.address in poison for reader in batch.recipients):
            return Refused(Refusal.CONTENT, "422: an address is malformed")
        taken.extend(reader.address for reader in batch.recipients)
        return accept_all(batch)

    provider = scripted(*[answer] * 40)
    app = make_app(provider=provider)
    issue = sending(app, 8, size=8)
    Hand(app).run()
    after = again(app, issue)
    assert after.counts == Counts(frozen=8, accepted=6, rejected=2)
    assert after.status is IssueStatus.SENT
    assert sorted(taken) == sorted({f"r{number}@example.com" for number in range(8)} - poison)
    assert len(provider.keys) == len(set(provider.keys)) == 11
    assert detail_of(app, issue.id) == {"422: an address is malformed"}


def test_one_that_cannot_even_be_written_down_is_isolated_before_anything_is_sent(make_app: MakeApp) -> None:
    provider = replace(scripted(), unwritable=frozenset({"r1@example.com"}))
    app = make_app(provider=provider)
    issue = sending(app, 4, size=4)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=4, accepted=3, rejected=1)
    assert "r1@example.com" not in provider.addresses
    assert set(provider.addresses.values()) == {1}


def test_a_refused_account_pauses_the_issue_with_the_reason_and_resuming_sends_it(make_app: MakeApp) -> None:
    provider = scripted(Refused(Refusal.ACCOUNT, "the key is revoked"))
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    hand = Hand(app)
    hand.run()
    paused = again(app, issue)
    assert (paused.status, paused.counts) == (IssueStatus.PAUSED, Counts(frozen=4, waiting=4))
    assert paused.reason == "scripted refuses us: the key is revoked. Mend that, then resume."
    assert provider.keys == ["1"]
    assert resume_issue(app, issue.key).reason == ""
    hand.run()
    assert again(app, issue).counts == Counts(frozen=4, accepted=4)


def test_one_who_left_between_a_refusal_and_the_next_attempt_is_not_mailed_and_the_rest_get_a_new_key(
    make_app: MakeApp,
) -> None:
    provider = scripted(Refused(Refusal.NOT_CONNECTED, "down", retry_after=0.0))
    app = make_app(provider=provider)
    issue = sending(app, 3, size=3)
    hand = Hand(app)
    hand.deliverer.step()
    app.store.subscribers.unsubscribe(2, app.now())
    hand.run()
    assert provider.keys == ["1", "2"]
    assert [reader.address for reader in provider.batches[1].recipients] == ["r0@example.com", "r2@example.com"]
    assert again(app, issue).counts == Counts(frozen=3, accepted=2, suppressed=1)
    assert again(app, issue).status is IssueStatus.SENT


def test_when_all_left_between_a_refusal_and_the_next_attempt_the_issue_is_done(make_app: MakeApp) -> None:
    provider = scripted(Refused(Refusal.NOT_CONNECTED, "down", retry_after=0.0))
    app = make_app(provider=provider)
    issue = sending(app, 1)
    hand = Hand(app)
    hand.deliverer.step()
    app.store.subscribers.suppress("r0@example.com", SuppressionReason.COMPLAINT, app.now())
    hand.run()
    assert again(app, issue).counts == Counts(frozen=1, suppressed=1)
    assert again(app, issue).status is IssueStatus.SENT
    assert provider.keys == ["1"]


# doubt


def test_doubt_without_a_window_is_unknown_and_never_sent_again(make_app: MakeApp) -> None:
    provider = scripted(Doubt("a timeout"))
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    Hand(app).run_to_the_end()
    after = again(app, issue)
    assert after.counts == Counts(frozen=4, accepted=2, unknown=2)
    assert after.status is IssueStatus.SENT
    assert provider.keys == ["1", "2"]
    assert detail_of(app, issue.id) == {"a timeout"}
    assert [batch.number for batch in batches(app, issue.id, BatchStatus.UNKNOWN)] == [1]


def test_doubt_inside_the_window_is_replayed_with_the_same_key_and_bytes(make_app: MakeApp) -> None:
    provider = scripted(Doubt("a reset"), Doubt("a reset"), replay_seconds=24 * HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)
    assert provider.keys == ["1", "1", "1"]
    assert len({body.sha256 for body in provider.bodies}) == 1


def test_a_replay_is_not_made_before_its_wait_is_over_and_until_then_there_is_nothing_to_do(
    make_app: MakeApp, clock: Clock
) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=24 * HOUR)
    app = make_app(provider=provider)
    sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    assert not hand.deliverer.recover()
    assert provider.keys == ["1"]
    clock.advance(seconds=3)
    assert hand.deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert not hand.deliverer.recover()


@pytest.mark.parametrize("refusal", Refusal)
def test_a_replay_that_is_refused_keeps_the_doubt_of_the_attempt_before_it(make_app: MakeApp, refusal: Refusal) -> None:
    provider = scripted(Doubt("a reset"), *[Refused(refusal, "no", 600.0)] * 50, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end(most=400)
    after = again(app, issue)
    assert after.counts == Counts(frozen=2, unknown=2)
    assert 2 < len(provider.keys) < 10
    assert set(provider.keys) == {"1"}
    assert after.status is (IssueStatus.PAUSED if refusal is Refusal.ACCOUNT else IssueStatus.SENT)


def test_doubt_that_lasts_beyond_the_window_is_unknown(make_app: MakeApp) -> None:
    provider = scripted(*[Doubt("a reset")] * 4, replay_seconds=30.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)
    assert detail_of(app, issue.id) == {"a reset"}


def test_five_doubts_in_a_row_pause_the_issue(make_app: MakeApp) -> None:
    provider = scripted(Doubt("x"), Doubt("x"), accept_all, *[Doubt("the last")] * 9)
    app = make_app(provider=provider)
    issue = sending(app, 12, size=1)
    Hand(app).run()
    after = again(app, issue)
    assert after.status is IssueStatus.PAUSED
    assert after.reason == "5 requests in a row ended in doubt, the last with: the last."
    assert after.counts == Counts(frozen=12, accepted=1, unknown=7, waiting=4)


def test_a_refusal_between_doubts_breaks_the_row(make_app: MakeApp) -> None:
    no = Refused(Refusal.CONTENT, "no")
    provider = scripted(*[Doubt("x")] * 4, no, *[Doubt("x")] * 4)
    app = make_app(provider=provider)
    issue = sending(app, 9, size=1)
    Hand(app).run()
    assert again(app, issue).status is IssueStatus.SENT


# who left before


def test_those_who_left_between_freeze_and_claim_are_suppressed_and_not_mailed(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 6, size=2)
    people = app.store.subscribers
    people.unsubscribe(1, app.now())
    people.suppress("r2@example.com", SuppressionReason.HARD_BOUNCE, app.now())
    people.erase(4)
    Hand(app).run()
    assert sorted(provider.addresses) == ["r1@example.com", "r4@example.com", "r5@example.com"]
    after = again(app, issue)
    assert after.counts == Counts(frozen=6, accepted=3, suppressed=3)
    assert after.status is IssueStatus.SENT
    assert provider.keys == ["1", "3"], "a batch nobody is left in makes no request"
    assert detail_of(app, issue.id) == {"left before it was sent"}


# pace


@pytest.mark.parametrize(
    ("provider_rate", "operator_rate", "waits"),
    [
        (2.0, None, [0.0, 0.5, 0.5]),
        (2.0, 4.0, [0.0, 0.25, 0.25]),
        (None, 4.0, [0.0, 0.25, 0.25]),
        (None, None, [0.0] * 3),
    ],
)
def test_requests_leave_at_the_operators_pace_else_at_the_providers(
    make_app: MakeApp, provider_rate: float | None, operator_rate: float | None, waits: list[float]
) -> None:
    provider = scripted(rate_per_second=provider_rate)
    app = make_app(provider=provider, delivery={"requests_per_second": operator_rate})
    sending(app, 6, size=2)
    hand = Hand(app)
    hand.run()
    assert hand.waits == pytest.approx(waits)


def test_a_sender_that_is_told_to_stop_while_it_waits_gives_the_batch_back(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    Hand(app, stop=True).deliverer.step()
    assert again(app, issue).counts == Counts(frozen=4, waiting=4)
    assert provider.keys == []
    assert [batch.detail for batch in batches(app, issue.id)] == ["its sender was asked to stop", None]
    Hand(app).run()
    assert provider.keys == ["1", "2"]


def test_a_sender_that_stops_before_a_replay_leaves_it_to_anybody(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=5)
    hand.stop = True
    assert hand.deliverer.recover()
    (batch,) = batches(app, issue.id)
    assert (batch.status, batch.owner, batch.detail) == (BatchStatus.IN_FLIGHT, None, "a reset")
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1", "1"]


def test_a_lease_begins_anew_when_a_request_leaves_after_a_long_wait_for_its_turn(
    make_app: MakeApp, clock: Clock
) -> None:
    leases: list[tuple[float, float | None]] = []

    def look(batch: Batch) -> Outcome:
        (row,) = batches(app, issue.id, BatchStatus.IN_FLIGHT)
        leases.append((clock().timestamp(), row.lease_until))
        return accept_all(batch)

    app = make_app(provider=scripted(look), delivery={"requests_per_second": 0.0125})
    issue = sending(app, 2, size=2)

    def wait(seconds: float) -> bool:
        clock.advance(seconds=seconds + 80.0)  # eighty seconds more than the limiter asked for
        return False

    Deliverer(app, app.owners.enter(), wait).step()
    assert leases == [(clock().timestamp(), clock().timestamp() + 30.0 + 60.0)]


def test_a_replay_whose_turn_comes_after_the_window_is_not_made(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=100.0, rate_per_second=1.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=10)
    app.store.pace.hold("scripted", clock().timestamp() + 95.0)
    assert hand.deliverer.recover()
    assert provider.keys == ["1"]
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)


def test_a_replay_that_waited_long_for_its_turn_renews_its_lease_first(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=HOUR, rate_per_second=1.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=10)
    app.store.pace.hold("scripted", clock().timestamp() + 80.0)
    assert hand.deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_a_replay_that_somebody_else_took_over_while_it_waited_is_left_to_them(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=HOUR, rate_per_second=1.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=10)
    app.store.pace.hold("scripted", clock().timestamp() + 80.0)

    def steal(seconds: float) -> bool:
        clock.advance(seconds=seconds)
        (batch,) = batches(app, issue.id)
        assert app.store.deliveries.renew(batch, "elsewhere/1", clock().timestamp(), clock().timestamp() + 999)
        return False

    assert Deliverer(app, hand.owner, steal).recover()
    assert provider.keys == ["1"]


# several senders, and those that die


def test_two_deliverers_never_take_the_same_batch(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 60, size=1)
    begin = threading.Barrier(4)

    def work(deliverer: Deliverer) -> None:
        begin.wait()
        while deliverer.step().worked:
            pass

    deliverers = [Deliverer(app, app.owners.enter(), lambda seconds: False) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(each,)) for each in deliverers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert provider.addresses == {f"r{number}@example.com": 1 for number in range(60)}
    assert sorted(provider.keys, key=int) == [str(number) for number in range(1, 61)]
    assert again(app, issue).status is IssueStatus.SENT


class Died(Exception):
    """Stands for a process that is gone: nothing after it happens."""


def dies(batch: Batch) -> Outcome:
    raise Died


def test_a_dead_owners_claim_is_reclaimed_at_once_and_sent(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    dead = app.owners.enter()
    now = app.now().timestamp()
    assert app.store.deliveries.claim(issue.id, dead, now, now + HOUR)
    app.owners.leave(dead)
    hand = Hand(app)
    assert hand.deliverer.recover()
    assert [batch.detail for batch in batches(app, issue.id)] == ["its sender stopped before anything left"]
    hand.run()
    assert provider.keys == ["1"]
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_a_dead_owners_request_is_replayed_at_once_inside_the_window(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    assert again(app, issue).counts == Counts(frozen=2, in_flight=2)
    app.owners.leave(first.owner)
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert len({body.sha256 for body in provider.bodies}) == 1
    assert again(app, issue).status is IssueStatus.SENT


def test_a_dead_owners_request_without_a_window_is_unknown(make_app: MakeApp) -> None:
    provider = scripted(dies)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    app.owners.leave(first.owner)
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1"]
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)
    assert detail_of(app, issue.id) == {"its sender stopped while it was on its way"}
    assert again(app, issue).status is IssueStatus.SENT


def test_the_lease_of_a_living_owner_is_respected_until_it_runs_out(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    one = make_app(provider=provider)
    issue = sending(one, 2, size=2)
    with pytest.raises(Died):
        Hand(one).deliverer.step()  # its owner lives on and holds its lock
    other = Hand(make_app(provider=provider))
    assert not other.deliverer.recover()
    clock.advance(seconds=90)
    assert not other.deliverer.recover()
    clock.advance(seconds=0.1)
    assert other.deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert again(one, issue).counts == Counts(frozen=2, accepted=2)


def test_an_owner_on_another_machine_is_waited_for_until_its_lease_runs_out(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 2, size=2)
    now = clock().timestamp()
    assert app.store.deliveries.claim(issue.id, "elsewhere/0123", now, now + 90)
    hand = Hand(app)
    clock.advance(seconds=90)
    assert not hand.deliverer.recover()
    clock.advance(seconds=1)
    assert hand.deliverer.recover()


def test_a_replay_that_cannot_be_built_again_byte_for_byte_is_unknown(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    app.owners.leave(first.owner)
    app.store.issues.set(issue.id, envelope=json.dumps({**issue_envelope(app, issue.id), "subject": "Another"}))
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1"]
    assert detail_of(app, issue.id) == {"it cannot be built again byte for byte"}


def issue_envelope(app: App, issue_id: int) -> dict[str, Any]:
    frozen = app.store.issues.frozen_mail(issue_id)
    assert frozen is not None
    return frozen[2]


def test_what_another_provider_began_is_never_replayed_through_this_one(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    app.owners.leave(first.owner)
    other = replace(scripted(replay_seconds=HOUR), name="another")
    assert Hand(make_app(provider=other)).deliverer.recover()
    assert other.keys == []
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)


def test_without_credentials_what_is_in_flight_waits_but_a_dead_owners_claim_is_given_back(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    now = app.now().timestamp()
    app.store.deliveries.claim(issue.id, first.owner, now, now + HOUR)
    app.owners.leave(first.owner)
    unready = make_app(provider=scripted(ready=False, replay_seconds=HOUR))
    hand = Hand(unready)
    assert hand.deliverer.recover()
    assert not hand.deliverer.recover()
    assert again(app, issue).counts == Counts(frozen=4, waiting=2, in_flight=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=4, accepted=4)


def test_an_answer_to_an_attempt_that_was_taken_over_says_nothing_any_more(make_app: MakeApp, clock: Clock) -> None:
    def slow(batch: Batch) -> Outcome:
        clock.advance(seconds=200)  # a laptop that slept
        assert Hand(other).deliverer.recover()
        return Refused(Refusal.NOT_CONNECTED, "woke up without a network")

    provider = scripted(slow, replay_seconds=HOUR)
    app, other = make_app(provider=provider), make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert provider.keys == ["1", "1"]
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_the_same_holds_between_threads_of_one_owner(make_app: MakeApp, clock: Clock) -> None:
    def slow(batch: Batch) -> Outcome:
        clock.advance(seconds=200)
        assert hand.deliverer.recover()  # another thread takes it over and is in doubt; it is on hold
        clock.advance(seconds=60)
        with pytest.raises(Died):
            hand.deliverer.recover()  # and a third one is sending it right now
        return Refused(Refusal.NOT_CONNECTED, "an answer to the first attempt")

    provider = scripted(slow, Doubt("a reset"), dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.deliverer.step()
    assert provider.keys == ["1", "1", "1"]
    assert again(app, issue).counts == Counts(frozen=2, in_flight=2)


@pytest.mark.parametrize("unwritable", [True, False])
def test_a_claim_that_was_lost_while_the_request_was_built_sends_nothing(make_app: MakeApp, unwritable: bool) -> None:
    class Slow(Scripted):
        def build(self, batch: Batch) -> Request:
            app.store.database.change("UPDATE batch SET owner = 'elsewhere/1'")
            return super().build(batch)

    provider = Slow(unwritable=frozenset({"r0@example.com"} if unwritable else ()))
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).deliverer.step()
    assert provider.keys == []
    assert again(app, issue).counts == Counts(frozen=2, waiting=2)


# pause and cancel


def test_a_paused_issue_is_not_claimed_and_goes_on_when_resumed(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    hand = Hand(app)
    hand.deliverer.step()
    pause_issue(app, issue.key)
    assert hand.deliverer.step() == Step(False, None)
    resume_issue(app, issue.key)
    hand.run()
    assert again(app, issue).counts == Counts(frozen=4, accepted=4)


def test_a_refusal_that_comes_after_a_cancel_cancels_its_recipients(make_app: MakeApp) -> None:
    def cancelled_meanwhile(batch: Batch) -> Outcome:
        cancel_issue(app, issue.key)
        return Refused(Refusal.THROTTLED, "slow down")

    app = make_app(provider=scripted(cancelled_meanwhile))
    issue = sending(app, 4, size=2)
    Hand(app).run_to_the_end()
    after = again(app, issue)
    assert after.status is IssueStatus.CANCELLED
    assert after.counts == Counts(frozen=4, cancelled=4)


def test_a_claim_given_back_after_a_cancel_is_cancelled_too(make_app: MakeApp) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 4, size=2)

    def stop(seconds: float) -> bool:
        cancel_issue(app, issue.key)
        return True

    Deliverer(app, app.owners.enter(), stop).step()
    assert again(app, issue).counts == Counts(frozen=4, cancelled=4)


def test_a_dead_owners_claim_on_a_cancelled_issue_is_cancelled(make_app: MakeApp) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 4, size=2)
    dead = app.owners.enter()
    now = app.now().timestamp()
    app.store.deliveries.claim(issue.id, dead, now, now + HOUR)
    cancel_issue(app, issue.key)
    assert again(app, issue).counts == Counts(frozen=4, waiting=2, cancelled=2)
    app.owners.leave(dead)
    assert Hand(app).deliverer.recover()
    assert again(app, issue).counts == Counts(frozen=4, cancelled=4)


def test_a_batch_that_somebody_left_is_cancelled_where_the_issue_was_meanwhile(make_app: MakeApp) -> None:
    provider = scripted(Refused(Refusal.NOT_CONNECTED, "down", retry_after=0.0))
    app = make_app(provider=provider)
    issue = sending(app, 3, size=3)
    hand = Hand(app)
    hand.deliverer.step()
    app.store.subscribers.unsubscribe(1, app.now())
    ask = app.store.deliveries.addresses

    def cancelled_meanwhile(batch: BatchRow) -> Any:
        found = ask(batch)
        cancel_issue(app, issue.key)
        return found

    app.store.deliveries.addresses = cancelled_meanwhile  # type: ignore[method-assign]
    hand.run()
    assert again(app, issue).counts == Counts(frozen=3, suppressed=1, cancelled=2)


# the end


def test_an_issue_with_nothing_left_is_finished_by_the_next_step(make_app: MakeApp) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 1)
    app.store.deliveries.cancel_waiting(issue.id)
    assert Hand(app).deliverer.step() == Step(False, None)
    assert again(app, issue).status is IssueStatus.SENT


def test_the_older_issue_goes_first(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    old = sending(app, 1)
    clock.advance(days=7)
    new = sending(app, 0)
    Hand(app).run()
    assert [batch.key.partition("-ab")[0] for batch in provider.batches] == [old.key, new.key]


def test_kept_counts_that_are_not_the_counted_ones_stop_everything(make_app: MakeApp) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 2, size=2)
    app.store.database.change("UPDATE delivery SET status = 'accepted'")
    app.store.issues.set(issue.id, waiting=0, suppressed=2)
    with pytest.raises(StoreError, match="are not the counted ones") as caught:
        finish_issue(app, issue.id)
    assert caught.value.permanent
    assert not finish_issue(app, issue.id), "it is sent, and said so once"


# what differs per reader


def frozen_week(app: App, readers: int) -> Issue:
    """A real issue on alder, birch and cedar, each against rival, ready to go to so many readers."""
    add_week(app)
    add_readers(app, readers)
    drafted = draft_issue(app).issue
    assert drafted
    approve_issue(app, drafted.key)
    return freeze_issue(app, drafted.key)


def every_recipient(provider: Scripted) -> list[Recipient]:
    return [recipient for batch in provider.batches for recipient in batch.recipients]


def test_each_reader_gets_their_own_links_and_marks_and_one_query_a_batch_finds_them(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = frozen_week(app, 3)
    app.store.saved.put(2, ["birch", "unheard-of"], app.now(), at_most=9)
    app.store.saved.put(3, ["rival", "birch"], app.now(), at_most=9)
    asked: list[Any] = []
    among = app.store.saved.among
    monkeypatch.setattr(app.store.saved, "among", lambda *given: asked.append(given) or among(*given))
    Hand(app).run()
    assert [list(ids) for ids, _ in asked] == [[1, 2], [3]]
    message, recipients = provider.batches[0].message, every_recipient(provider)
    for number, recipient in enumerate(recipients, 1):
        token = app.signer.reader(issue.id, number)
        html, text = message.html.fill(recipient.values), message.text.fill(recipient.values)
        for part in (html, text):
            assert f"http://localhost:8000/v/{token}/alder/ship" in part
            assert f"http://localhost:8000/preferences/{token}" in part
            assert "__nl" not in part
        marks = {1: [], 2: ["Birch"], 3: ["Birch", *["Rival"] * 3]}
        assert sorted(re.findall(r"(\w+) \(you saved this\)", text)) == marks[number]
        assert html.count("(you saved this)") == len(marks[number])


def test_since_when_is_told_in_the_readers_own_time_zone(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted()
    app = make_app(provider=provider, time_zone="Europe/Berlin")
    clock.now = clock.now.replace(hour=12)
    frozen_week(app, 4)
    for number, zone in ((2, "Pacific/Auckland"), (3, "Pacific/Pago_Pago"), (4, "Moon/Base")):
        app.store.database.change("UPDATE subscriber SET zone = ? WHERE id = ?", (zone, number))
    app.store.database.change("UPDATE subscriber SET confirmed_at = '2026-03-14T11:00:00.000000+00:00'")
    app.store.database.change(
        "UPDATE subscriber SET confirmed_at = '2026-03-14T10:30:00.000000+00:00' WHERE zone = 'Pacific/Pago_Pago'"
    )
    Hand(app).run()
    said = [recipient.values["since"] for recipient in every_recipient(provider)]
    assert said == [f"since {day} March 2026" for day in (14, 15, 13, 14)]


def test_a_replay_says_what_was_said_before_whatever_was_saved_or_chosen_since(make_app: MakeApp) -> None:
    provider = scripted(Doubt("a timeout"), replay_seconds=HOUR)
    app = make_app(provider=provider)
    frozen_week(app, 2)
    app.store.saved.put(1, ["birch"], app.now(), at_most=9)
    hand = Hand(app)
    hand.deliverer.step()
    app.store.saved.remove(1, "birch")
    app.store.saved.put(2, ["birch"], app.now(), at_most=9)
    app.store.database.change("UPDATE subscriber SET zone = 'Pacific/Auckland'")
    Hand(make_app(provider=provider)).run_to_the_end()
    first, again = provider.batches
    assert first.key == again.key
    assert [recipient.values for recipient in first.recipients] == [recipient.values for recipient in again.recipients]
    assert "(you saved this)" in again.message.text.fill(again.recipients[0].values)
