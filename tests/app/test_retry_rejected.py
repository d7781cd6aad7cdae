"""Trying again what was definitely refused: nobody who may have got it gets it twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.finish_issue import require_true_counts, untrue_counts
from newsletter.app.leave import erase, undo_unsubscribe, unsubscribe
from newsletter.app.report_issue import report_issue, settle_unknown, who_missed
from newsletter.app.retry_rejected import look_at_retry, retry_rejected
from newsletter.app.send_issue import cancel_issue
from newsletter.audience.subscriber import SuppressionReason
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Answered, Doubt, Refusal, Refused, SendResult, SendStatus
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.errors import ChecksFailedError, StoreError, TransitionError
from newsletter.issues import Counts, Issue, IssueStatus
from tests.app.scripted import Hand, again, scripted, sending
from tests.conftest import Clock

MakeApp = Callable[..., App]
NO = Refused(Refusal.CONTENT, "a word it does not like")


def answers(*statuses: SendStatus) -> Callable[[Batch], Answered]:
    """An answer that says so of each reader in turn."""

    def answer(batch: Batch) -> Answered:
        told = zip(batch.recipients, statuses, strict=True)
        return Answered(
            tuple(
                SendResult(reader.rid, status, f"id-{reader.rid}", "" if status is SendStatus.ACCEPTED else "full")
                for reader, status in told
            )
        )

    return answer


def sent(make_app: MakeApp, *replies: Any, readers: int = 4, size: int = 4) -> tuple[App, Issue]:
    """An issue whose requests were answered so, and that is through."""
    app = make_app(provider=scripted(*replies))
    issue = sending(app, readers, size=size)
    Hand(app).run()
    return app, again(app, issue)


def mixed(make_app: MakeApp) -> tuple[App, Issue]:
    """r0 accepted, r1 and r2 refused, r3 unknown."""
    yes, no = SendStatus.ACCEPTED, SendStatus.REJECTED

    def answer(batch: Batch) -> Answered:
        return Answered(answers(yes, no, no, yes)(batch).results[:3])

    app, issue = sent(make_app, answer)
    assert issue.counts == Counts(frozen=4, accepted=1, rejected=2, unknown=1)
    return app, issue


def test_only_what_was_refused_goes_out_again_under_new_keys(make_app: MakeApp) -> None:
    app, issue = mixed(make_app)
    look = look_at_retry(app, issue.key)
    assert (look.recipients, look.left, look.why_not) == (2, 0, "")
    assert look.people == [{"email": f"r{number}@example.com", "detail": "full"} for number in (1, 2)]
    after, waiting = retry_rejected(app, issue.key, expected=2)
    assert (waiting, after.status, after.finished_at) == (2, IssueStatus.SENDING, None)
    assert after.counts == Counts(frozen=4, accepted=1, waiting=2, unknown=1)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=4, accepted=3, unknown=1)
    assert again(app, issue).status is IssueStatus.SENT
    assert app.provider.addresses == {  # type: ignore[attr-defined]  # the scripted one
        "r0@example.com": 1,
        "r1@example.com": 2,
        "r2@example.com": 2,
        "r3@example.com": 1,
    }
    assert app.provider.keys == ["1", "2"]  # type: ignore[attr-defined]  # the scripted one
    assert untrue_counts(app) == []


def test_many_refused_are_cut_into_batches_of_the_providers_size(make_app: MakeApp) -> None:
    app, issue = sent(make_app, *[NO] * 9, readers=5, size=2)
    assert issue.counts == Counts(frozen=5, rejected=5)
    before = {batch.number for batch in app.store.deliveries.batches(issue.id, *BatchStatus)}
    retry_rejected(app, issue.key)
    batches = app.store.deliveries.batches(issue.id, BatchStatus.WAITING)
    assert len(batches) == 3
    assert before.isdisjoint(batch.number for batch in batches)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=5, accepted=5)


def test_who_left_paused_or_was_suppressed_since_is_left_out(make_app: MakeApp, clock: Clock) -> None:
    app, issue = sent(make_app, answers(*[SendStatus.REJECTED] * 4))
    people = app.store.subscribers
    people.unsubscribe(1, app.now())
    people.suppress("r1@example.com", SuppressionReason.OPERATOR, app.now())
    clock.advance(hours=1)
    look = look_at_retry(app, issue.key)
    assert (look.recipients, look.left) == (2, 2)
    people.pause(3, app.now() + timedelta(weeks=4))
    with pytest.raises(TransitionError, match="It would go to 1 now, not to 2"):
        retry_rejected(app, issue.key, expected=2)
    assert again(app, issue).counts == Counts(frozen=4, rejected=4)
    retry_rejected(app, issue.key)
    people.unsubscribe(4, app.now())  # between the word and the claim
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=4, rejected=3, suppressed=1)
    assert app.provider.addresses.total() == 4  # type: ignore[attr-defined]  # the scripted one
    with pytest.raises(TransitionError, match="has left or is suppressed since"):
        retry_rejected(app, issue.key)


@pytest.mark.parametrize("status", ["sending", "paused", "draft"])
def test_what_is_not_sent_is_not_tried_again(make_app: MakeApp, status: str) -> None:
    app, issue = mixed(make_app)
    app.store.issues.set(issue.id, status=status)
    with pytest.raises(TransitionError, match=f"is {status}: what was refused can be tried again once it is sent"):
        retry_rejected(app, issue.key)
    assert again(app, issue).counts.rejected == 2


def test_nothing_refused_or_cancelled_is_one_clear_line(make_app: MakeApp) -> None:
    app, issue = sent(make_app, Doubt("a timeout"))
    with pytest.raises(TransitionError, match=r"Nothing of issue \S+ was definitely refused\. See"):
        retry_rejected(app, issue.key)
    app.store.issues.set(issue.id, status="sending")
    app.store.database.change("UPDATE delivery SET status = 'rejected' WHERE subscriber_id = 1")
    app.store.issues.shift(issue.id, unknown=-1, rejected=1)
    cancel_issue(app, issue.key)
    with pytest.raises(TransitionError, match="is cancelled: nobody gets it any more"):
        retry_rejected(app, issue.key)


def test_a_live_send_that_would_be_refused_is_refused_here_too(make_app: MakeApp) -> None:
    app = make_app(provider=scripted(answers(SendStatus.REJECTED)), postal_address="")
    issue = sending(app, 1, size=1)
    Hand(app).run()
    app.provider.capabilities = replace(app.provider.capabilities, live=True)
    with pytest.raises(ChecksFailedError, match="postal address"):
        retry_rejected(app, issue.key)
    assert again(app, issue).counts == Counts(frozen=1, rejected=1)


def test_what_was_reported_of_the_refused_mail_does_not_stick_to_the_new_one(make_app: MakeApp) -> None:
    app, issue = sent(make_app, answers(SendStatus.REJECTED), readers=1, size=1)
    app.store.deliveries.put_outcome(issue.id, 1, "rejected", app.now(), "policy")
    require_true_counts(app, issue.id)
    assert report_issue(app, issue.key).outcomes == {"rejected": 1}
    retry_rejected(app, issue.key)
    assert report_issue(app, issue.key).outcomes == {}
    Hand(app).run()
    require_true_counts(app, issue.id)
    assert report_issue(app, issue.key).missed == ()


def test_an_issue_is_sent_only_once_its_kept_outcomes_are_true(make_app: MakeApp) -> None:
    app, issue = sent(make_app)
    app.store.database.change("INSERT INTO delivery_count VALUES (?, 'accepted', 'delivered', 1)", (issue.id,))
    with pytest.raises(StoreError, match=r"the kept counts .*'delivered': 1.* are not the counted ones"):
        require_true_counts(app, issue.id)
    [said] = untrue_counts(app)
    assert issue.key in said


def test_more_in_doubt_than_were_looked_at_are_not_settled(make_app: MakeApp) -> None:
    app, issue = mixed(make_app)
    with pytest.raises(TransitionError, match=r"1 of issue .* are unknown now, not 2"):
        settle_unknown(app, issue.key, sent=False, expected=2)
    _, settled = settle_unknown(app, issue.key, sent=False, expected=1)
    assert settled == 1


def test_everybody_who_missed_it_is_read_in_pages(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app, issue = sent(make_app, Doubt("a timeout"), readers=5, size=5)
    monkeypatch.setattr("newsletter.app.report_issue._PAGE", 2)
    assert [row["email"] for row in who_missed(app, issue.key)] == [f"r{number}@example.com" for number in range(5)]
    assert app.store.deliveries.in_status(issue.id, DeliveryStatus.UNKNOWN) == app.store.deliveries.unknown(issue.id)


def test_who_leaves_by_a_link_is_counted_for_its_issue_until_they_undo_it(make_app: MakeApp, clock: Clock) -> None:
    app, issue = sent(make_app, readers=4)
    link = {number: app.signer.reader(issue.id, number) for number in range(1, 5)}

    def left() -> int | None:
        return {one.name: one.count for one in report_issue(app, issue.key).figures}["unsubscribed"]

    for _ in range(2):
        unsubscribe(app, link[1], source="one-click unsubscribe")
    unsubscribe(app, link[2], source="unsubscribe page")
    unsubscribe(app, app.signer.reader(0, 3), source="page")
    assert left() == 2
    clock.advance(hours=1)
    undo_unsubscribe(app, link[2])
    assert left() == 1
    erase(app, link[1])
    erase(app, link[4])
    assert left() == 2


def test_the_medians_leave_out_what_was_cancelled_and_corrections(make_app: MakeApp, clock: Clock) -> None:
    app, first = sent(make_app, readers=2)
    found = []
    for _ in range(2):
        clock.advance(days=7)
        issue = sending(app, 0)
        Hand(app).run()
        found.append(again(app, issue))
    app.store.issues.set(found[0].id, status="cancelled")
    figures = {one.name: one for one in report_issue(app, found[1].key).figures}
    assert figures["accepted"].median == 100.0
    assert {one.median for one in report_issue(app, first.key).figures} == {None}
