"""One step of a sender, with every answer a provider can give: nobody is mailed twice, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.app.container import App
from newsletter.app.deliver import Step
from newsletter.app.finish_issue import finish_issue
from newsletter.app.send_issue import resume_issue
from newsletter.audience.subscriber import SuppressionReason
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Answered, Outcome, Refusal, Refused, SendResult, SendStatus
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import StoreError
from newsletter.issues import Counts, IssueStatus
from newsletter.store.deliveries import Settlement
from tests.app.scripted import (
    Hand,
    accept_all,
    again,
    detail_of,
    scripted,
    sending,
)
from tests.conftest import Clock

MakeApp = Callable[..., App]


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
