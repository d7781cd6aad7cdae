"""How quickly a send goes, and how long it takes yet: from what left lately."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.retry_rejected import retry_rejected
from newsletter.app.send_issue import pause_issue, resume_issue
from newsletter.app.watch_issue import watch_issue
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Answered, SendResult, SendStatus
from newsletter.issues import Issue, IssueStatus
from tests.app.scripted import Hand, scripted, sending
from tests.conftest import Clock

MakeApp = Callable[..., App]


def go(hand: Hand, clock: Clock, batches: int) -> None:
    """That many batches of ten, one every two seconds: five mails a second."""
    for _ in range(batches):
        assert hand.deliverer.step().worked
        clock.advance(seconds=2)


def start(make_app: MakeApp) -> tuple[App, Issue, Hand]:
    app = make_app(provider=scripted(max_batch=10))
    return app, sending(app, 400, size=10), Hand(app)


def test_a_pause_of_hours_makes_the_rest_look_no_longer_than_it_is(make_app: MakeApp, clock: Clock) -> None:
    app, issue, hand = start(make_app)
    go(hand, clock, 10)
    before = watch_issue(app, issue.key)
    assert before.rate == pytest.approx(4.5)  # nine intervals of ten mails, and the two seconds after the last
    assert before.left == pytest.approx(300 / 4.5)

    pause_issue(app, issue.key)
    paused = watch_issue(app, issue.key)
    assert (paused.rate, paused.left) == (0.0, None)
    clock.advance(hours=5)
    resume_issue(app, issue.key)
    resumed = watch_issue(app, issue.key)
    assert (resumed.rate, resumed.left) == (0.0, None), "nothing has left since: nobody can tell yet"
    go(hand, clock, 10)
    after = watch_issue(app, issue.key)
    assert after.rate == pytest.approx(4.5)
    assert after.left == pytest.approx(200 / 4.5)


def test_one_batch_alone_tells_no_rate_and_a_finished_issue_has_none(make_app: MakeApp, clock: Clock) -> None:
    app, issue, hand = start(make_app)
    go(hand, clock, 1)
    assert watch_issue(app, issue.key).left is None
    go(hand, clock, 39)
    hand.run()
    done = watch_issue(app, issue.key)
    assert (done.status, done.rate, done.left, done.per_cent) == (IssueStatus.SENT, 0.0, None, 100)


def test_what_is_tried_again_days_later_counts_from_then(make_app: MakeApp, clock: Clock) -> None:
    def refuse(batch: Batch) -> Answered:
        return Answered(tuple(SendResult(one.rid, SendStatus.REJECTED, detail="no") for one in batch.recipients))

    app = make_app(provider=scripted(*[refuse] * 20, max_batch=10))
    issue, hand = sending(app, 400, size=10), Hand(app)
    go(hand, clock, 40)
    hand.run()
    clock.advance(days=2)
    retry_rejected(app, issue.key)
    go(hand, clock, 10)
    progress = watch_issue(app, issue.key)
    assert progress.counts.open == 100
    assert progress.left == pytest.approx(100 / 4.5)


def test_a_pace_slower_than_a_request_a_minute_still_tells_a_rate(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(provider=scripted(max_batch=10), delivery={"requests_per_second": 0.01})
    issue, hand = sending(app, 400, size=10), Hand(app)
    for _ in range(4):
        hand.deliverer.step()
        clock.advance(seconds=100)
    assert watch_issue(app, issue.key).rate == pytest.approx(0.075)
