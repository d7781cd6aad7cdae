"""An issue that was paused or cancelled while a sender is at work on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer, Step
from newsletter.app.send_issue import cancel_issue, pause_issue, resume_issue
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Outcome, Refusal, Refused
from newsletter.issues import Counts, IssueStatus
from newsletter.store.batches import BatchRow
from tests.app.scripted import (
    Hand,
    again,
    scripted,
    sending,
)

MakeApp = Callable[..., App]
HOUR = 3600.0


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

    app.store.deliveries.addresses = cancelled_meanwhile  # type: ignore[method-assign]  # comes in between
    hand.run()
    assert again(app, issue).counts == Counts(frozen=3, suppressed=1, cancelled=2)
