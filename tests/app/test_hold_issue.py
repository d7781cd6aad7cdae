"""The minute between the operator's word and the first mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import edit_issue
from newsletter.app.hold_issue import HOLD, end_holds, hold_issue, undo_hold
from newsletter.app.tick import tick
from newsletter.errors import ChecksFailedError, TransitionError
from newsletter.issues import IssueStatus
from tests.app.scripted import add_readers, add_week, scripted
from tests.conftest import Clock

KEY = "2026-W48"
MakeApp = Callable[..., App]


def approved(app: App, readers: int = 3) -> App:
    add_week(app)
    add_readers(app, readers)
    draft_issue(app)
    approve_issue(app, KEY)
    return app


def status(app: App) -> IssueStatus:
    found = app.store.issues.by_key(KEY)
    assert found is not None
    return found.status


def test_nothing_leaves_before_the_minute_is_over(make_app: MakeApp, clock: Clock) -> None:
    app = approved(make_app(provider=scripted()))
    assert hold_issue(app, KEY, recipients=3).hold_until == clock.now + HOLD
    clock.advance(seconds=59.9)
    assert end_holds(app) is None
    assert status(app) is IssueStatus.HOLDING
    clock.advance(seconds=0.1)
    assert end_holds(app) == f"Issue {KEY} is sending: its hold is over."
    assert status(app) is IssueStatus.SENDING
    assert end_holds(app) is None


def test_the_ticker_ends_a_hold_also_where_nothing_is_scheduled(make_app: MakeApp, clock: Clock) -> None:
    app = approved(make_app(provider=scripted(), schedule={"mode": "off"}))
    hold_issue(app, KEY, recipients=3)
    clock.advance(minutes=2)
    tick(app)
    assert status(app) is IssueStatus.SENDING


def test_an_undone_hold_is_approved_as_before_and_can_be_held_again(make_app: MakeApp, clock: Clock) -> None:
    app = approved(make_app(provider=scripted()))
    hold_issue(app, KEY, recipients=3)
    issue = undo_hold(app, KEY)
    assert (issue.status, issue.hold_until) == (IssueStatus.APPROVED, None)
    clock.advance(minutes=2)
    assert end_holds(app) is None
    assert hold_issue(app, KEY, recipients=3).status is IssueStatus.HOLDING


def test_an_undo_that_comes_too_late_says_so(make_app: MakeApp, clock: Clock) -> None:
    app = approved(make_app(provider=scripted()))
    hold_issue(app, KEY, recipients=3)
    clock.advance(minutes=1)
    end_holds(app)
    with pytest.raises(TransitionError, match="the hold is over") as late:
        undo_hold(app, KEY)
    assert "Pause it" in late.value.next_step


def test_a_number_that_is_not_the_audience_any_more_must_be_typed_anew(make_app: MakeApp) -> None:
    app = approved(make_app(provider=scripted()))
    with pytest.raises(TransitionError, match="It would go to 3 readers by now, not to 4"):
        hold_issue(app, KEY, recipients=4)
    assert status(app) is IssueStatus.APPROVED


def test_an_issue_that_was_edited_since_is_not_held(make_app: MakeApp) -> None:
    app = approved(make_app(provider=scripted()))
    edit_issue(app, KEY, subject="Another subject altogether")
    with pytest.raises(TransitionError):
        hold_issue(app, KEY, recipients=3)


def test_an_edit_during_the_hold_stops_it(make_app: MakeApp, clock: Clock) -> None:
    app = approved(make_app(provider=scripted()))
    hold_issue(app, KEY, recipients=3)
    edit_issue(app, KEY, subject="Another subject altogether")
    clock.advance(minutes=2)
    assert end_holds(app) is None
    assert status(app) is IssueStatus.DRAFT


def test_with_nobody_to_send_to_no_hold_begins(make_app: MakeApp) -> None:
    app = approved(make_app(provider=scripted()), readers=0)
    with pytest.raises(ChecksFailedError, match="nobody"):
        hold_issue(app, KEY, recipients=0)
