"""In auto mode an issue holds and goes out by itself, where everything is done; what stops it leaves a draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from newsletter.app import hold_issue as holding
from newsletter.app.container import App
from newsletter.app.edit_issue import edit_issue
from newsletter.app.send_issue import freeze_issue, pause_issue
from newsletter.app.tick import tick
from newsletter.errors import StoreError
from newsletter.issues import Issue, IssueStatus
from tests.app.scripted import comparison, scripted
from tests.app.slots import AUTO, KEY, SLOT, issue_of, notices, texts
from tests.conftest import Clock, KnownSite

# auto


def test_in_auto_mode_a_test_goes_out_the_issue_holds_and_then_sends(week: Callable[..., App], clock: Clock) -> None:
    app = week(**AUTO)
    assert tick(app) == f"Issue {KEY} holds until 10:00."
    issue = issue_of(app)
    assert (issue.status, issue.hold_until) == (IssueStatus.HOLDING, SLOT + timedelta(hours=1))
    kinds = [row["kind"] for row in app.store.database.query("SELECT kind FROM message ORDER BY id")]
    assert kinds == ["test", "notice"]
    assert f"newsletter issues pause {KEY}" in texts(app)
    clock.advance(minutes=59, seconds=59)
    assert tick(app) is None
    clock.advance(seconds=1)
    assert tick(app) == f"Issue {KEY} is sending: its hold is over."
    assert issue_of(app).status is IssueStatus.SENDING
    assert issue_of(app).counts.frozen == 3
    assert tick(app) is None


def test_a_hold_that_the_operator_paused_does_not_go_out(week: Callable[..., App], clock: Clock) -> None:
    app = week(**AUTO)
    tick(app)
    assert pause_issue(app, KEY).status is IssueStatus.DRAFT
    clock.advance(hours=2)
    assert tick(app) is None
    assert issue_of(app).status is IssueStatus.DRAFT


def test_an_edit_stops_a_hold(week: Callable[..., App], clock: Clock) -> None:
    app = week(**AUTO)
    tick(app)
    edit_issue(app, KEY, intro="Wait a moment.")
    clock.advance(hours=2)
    assert tick(app) is None
    assert (issue_of(app).status, issue_of(app).hold_until) == (IssueStatus.DRAFT, None)


def test_a_hold_whose_content_changed_is_stopped_and_the_operator_is_told(
    week: Callable[..., App], clock: Clock
) -> None:
    app = week(**AUTO)
    tick(app)
    stored = app.store.comparisons.by_slug("alder-vs-rival")
    assert stored is not None
    app.store.comparisons.revise(stored, comparison("alder", 0, 4), clock(), "ada@example.com")
    clock.advance(hours=1)
    told = tick(app)
    assert told is not None
    assert told.startswith(f"Issue {KEY} is stopped: Issue {KEY} is not what was approved")
    assert issue_of(app).status is IssueStatus.DRAFT
    assert notices(app)[-1].startswith(f"stopped/{KEY}/")


def test_a_hold_with_nobody_to_send_it_to_is_stopped_with_the_reason(week: Callable[..., App], clock: Clock) -> None:
    app = week(**AUTO)
    tick(app)
    for number in (1, 2, 3):
        app.store.subscribers.unsubscribe(number, clock())
    clock.advance(hours=1)
    told = tick(app)
    assert told is not None
    assert "There is nobody to send it to." in told
    assert (issue_of(app).status, issue_of(app).reason) == (
        IssueStatus.DRAFT,
        "There is nobody to send it to. Add subscribers; only active ones are mailed.",
    )


def test_a_hold_that_another_process_ends_at_the_same_moment_raises_no_alarm(
    week: Callable[..., App], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = week(**AUTO)
    tick(app)
    clock.advance(hours=1)

    def late(app: App, key: str, *, tested: bool) -> Issue:
        freeze_issue(app, key, tested=tested)
        return freeze_issue(app, key, tested=tested)

    monkeypatch.setattr(holding, "freeze_issue", late)
    assert tick(app) is None
    assert issue_of(app).status is IssueStatus.SENDING
    assert not [key for key in notices(app) if key.startswith("stopped/")]


def test_a_database_that_is_busy_when_a_hold_ends_does_not_stop_the_issue(
    week: Callable[..., App], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = week(**AUTO)
    tick(app)
    clock.advance(hours=1)

    def busy(app: App, key: str, *, tested: bool) -> Issue:
        raise StoreError("busy")

    with monkeypatch.context() as patch:
        patch.setattr(holding, "freeze_issue", busy)
        with pytest.raises(StoreError):
            tick(app)
    assert issue_of(app).status is IssueStatus.HOLDING
    assert tick(app) == f"Issue {KEY} is sending: its hold is over."


def test_checks_that_block_leave_a_draft_and_say_so(week: Callable[..., App]) -> None:
    app = week(**AUTO, provider=scripted(loopback_links=False))
    assert tick(app) == f"Issue {KEY} is drafted; checks stop it."
    assert issue_of(app).status is IssueStatus.DRAFT
    assert notices(app) == [f"draft/{KEY}"]
    assert f"newsletter issues check {KEY}" in texts(app)


def test_open_tasks_of_a_live_send_leave_a_draft_and_name_them(week: Callable[..., App]) -> None:
    app = week(**AUTO, provider=scripted(live=True), site=KnownSite(None))
    assert tick(app) == f"Issue {KEY} is drafted; checks stop it."
    assert "unsubscribe page:" in texts(app)
    assert "site address:" in texts(app)


def test_no_hold_begins_for_guests_alone_because_mending_a_setting_would_then_mail_everybody_unseen(
    week: Callable[..., App], clock: Clock
) -> None:
    site = KnownSite(None)
    live = {**AUTO, "provider": scripted(live=True), "site_url": "https://verdicts.example.com"}
    app = week(**live, site=site, delivery={"guests": ("r1@example.com",)})
    assert tick(app) == f"Issue {KEY} is drafted; checks stop it."
    assert "To let your guests have it before that, send it yourself" in texts(app)
    site.instance = app.store.meta.instance  # the last task is done
    clock.advance(hours=2)
    assert tick(app) is None
    assert issue_of(app).status is IssueStatus.DRAFT


def test_guests_are_not_named_as_a_way_where_the_list_refuses_them_too(week: Callable[..., App]) -> None:
    app = week(**AUTO, provider=scripted(live=True), site=KnownSite(None))
    tick(app)
    assert "guests" not in texts(app)


def test_a_live_send_holds_where_every_task_is_done(week: Callable[..., App], clock: Clock) -> None:
    app = week(**AUTO, provider=scripted(live=True), site_url="https://verdicts.example.com")
    assert tick(app) == f"Issue {KEY} holds until 10:00."
    clock.advance(hours=1)
    assert tick(app) == f"Issue {KEY} is sending: its hold is over."


def test_without_an_address_for_the_test_nothing_goes_out_by_itself(week: Callable[..., App]) -> None:
    app = week(**AUTO, reply_to="")
    assert tick(app) == f"Issue {KEY} is drafted; checks stop it."
