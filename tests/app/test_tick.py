"""What happens by itself: once per slot however many processes tick, never behind the operator's back."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.app import hold_issue as holding
from newsletter.app import tick as module
from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import edit_issue
from newsletter.app.send_issue import freeze_issue, pause_issue
from newsletter.app.tick import tick
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.bootstrap import build_app
from newsletter.errors import StoreError
from newsletter.issues import Issue, IssueStatus
from newsletter.settings import Settings
from tests.app.scripted import add_readers, add_week, comparison, scripted
from tests.conftest import Clock, KnownSite

MakeApp = Callable[..., App]
SLOT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = "2026-W48"
AUTO = {"schedule": {"mode": "auto"}}


def issue_of(app: App, key: str = KEY) -> Issue:
    found = app.store.issues.by_key(key)
    assert found is not None
    return found


def notices(app: App) -> list[str]:
    return [row["key"] for row in app.store.database.query("SELECT key FROM message ORDER BY id")]


def texts(app: App) -> str:
    return "\n".join(row["text"] for row in app.store.database.query("SELECT text FROM message ORDER BY id"))


@pytest.fixture
def week(make_app: MakeApp, clock: Clock) -> Callable[..., App]:
    """`week(mode=…)`: three comparisons and three readers, and the slot of 2026-W48 just due; older ones are done."""

    def make(**settings: Any) -> App:
        app = make_app(**settings)
        app.store.meta.put("created_at", "2026-11-18T00:00:00.000000+00:00")
        if app.store.comparisons.count() == 0:
            add_week(app)
            add_readers(app, 3)
        clock.now = SLOT
        return app

    return make


def test_nothing_happens_before_the_slot_and_then_it_is_drafted_once(week: Callable[..., App], clock: Clock) -> None:
    app = week()
    clock.now = SLOT - timedelta(seconds=1)
    assert tick(app) is None
    clock.now = SLOT
    assert tick(app) == f"Issue {KEY} is drafted."
    assert tick(app) is None
    issue = issue_of(app)
    assert (issue.status, issue.slot.at, issue.cutoff_at) == (IssueStatus.DRAFT, SLOT, SLOT)
    assert len(app.store.issues.items(issue.id)) == 3
    assert notices(app) == [f"draft/{KEY}"]
    assert f"newsletter issues show {KEY}" in texts(app)
    assert "3 of 3 candidates are in." in texts(app)
    assert app.store.meta.heartbeats()["ticker"][0] == SLOT


def test_slots_before_this_newsletter_began_are_nobodys(week: Callable[..., App], clock: Clock) -> None:
    app = week()
    clock.now = datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert tick(app) is None
    assert app.store.issues.all() == []


def test_in_off_mode_nothing_happens_by_itself_but_the_ticker_lives(week: Callable[..., App]) -> None:
    app = week(schedule={"mode": "off"})
    assert tick(app) is None
    assert app.store.issues.all() == []
    assert "ticker" in app.store.meta.heartbeats()


def test_a_slot_missed_by_less_than_the_window_runs_late_with_the_slots_own_cut_off(
    week: Callable[..., App], clock: Clock
) -> None:
    app = week()
    clock.now = SLOT + timedelta(minutes=30)
    add_week(app, ["late"])
    clock.now = SLOT + timedelta(hours=2)
    assert tick(app) == f"Issue {KEY} is drafted."
    assert len(app.store.issues.choices(issue_of(app).id)) == 3, "what came after the slot waits for the next"


def test_a_slot_missed_by_more_is_missed_and_the_operator_decides(week: Callable[..., App], clock: Clock) -> None:
    app = week()
    clock.now = SLOT + timedelta(hours=2, seconds=1)
    assert tick(app) == f"Issue {KEY} is missed: decide."
    assert tick(app) is None
    issue = issue_of(app)
    assert issue.status is IssueStatus.MISSED
    assert issue.reason == (
        "Nothing ran when it was due at Mon 23 Nov 09:00 UTC (09:00 UTC). Decide: draft it, or skip it."
    )
    assert notices(app) == [f"missed/{KEY}"]
    assert draft_issue(app, KEY).issue is not None
    assert issue_of(app).status is IssueStatus.DRAFT


def test_a_week_with_too_little_is_skipped_with_the_reason(week: Callable[..., App]) -> None:
    app = week(selection={"minimum": 4})
    reason = "There are 3 comparisons to send, and the minimum is 4."
    assert tick(app) == f"Issue {KEY} is skipped: {reason}"
    issue = issue_of(app)
    assert (issue.status, issue.reason) == (IssueStatus.SKIPPED, reason)
    assert [choice.outcome for choice in app.store.issues.choices(issue.id)] == ["waiting"] * 3
    assert notices(app) == [f"skipped/{KEY}"]
    assert reason in texts(app)


def test_the_operator_is_told_what_expired(week: Callable[..., App], clock: Clock) -> None:
    app = week(selection={"wait_issues": 0})
    app.store.comparisons.add(comparison("stale"), clock() - timedelta(days=30), archived=False)
    clock.now = SLOT - timedelta(days=20)
    old = draft_first(app)
    clock.now = SLOT
    tick(app)
    assert old != KEY
    assert "No longer candidates, after waiting too long: Stale vs Rival." in " ".join(texts(app).split())


def draft_first(app: App) -> str:
    """An issue that went out without the stale one."""
    from newsletter.issues import newest_due_slot

    slot = newest_due_slot(app.settings.weekly_rule, app.now())
    number = app.store.issues.create(slot, slot.at, IssueStatus.SENT, "", "00" * 8, app.now())
    assert number is not None
    app.store.issues.set(number, frozen_at=slot.at)
    return slot.key


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
    app.store.comparisons.revise(stored, comparison("alder", 0, 4), clock())
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


def test_a_live_send_holds_where_every_task_is_done(week: Callable[..., App], clock: Clock) -> None:
    app = week(**AUTO, provider=scripted(live=True), site_url="https://verdicts.example.com")
    assert tick(app) == f"Issue {KEY} holds until 10:00."
    clock.advance(hours=1)
    assert tick(app) == f"Issue {KEY} is sending: its hold is over."


def test_without_an_address_for_the_test_nothing_goes_out_by_itself(week: Callable[..., App]) -> None:
    app = week(**AUTO, reply_to="")
    assert tick(app) == f"Issue {KEY} is drafted; checks stop it."


def test_one_that_dies_half_way_leaves_nothing_and_the_next_tick_does_it_all(
    week: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = week()

    def dies(*args: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(module, "queue_notice", dies)
        with pytest.raises(MemoryError):
            tick(app)
    assert app.store.issues.all() == []
    assert tick(app) == f"Issue {KEY} is drafted."
    assert notices(app) == [f"draft/{KEY}"]


# at once


@pytest.mark.parametrize("hours", [0, 3])
def test_threads_that_tick_at_once_make_one_issue_and_tell_once(
    make_app: MakeApp, week: Callable[..., App], clock: Clock, hours: int
) -> None:
    apps = [week(), week(), week()]
    clock.advance(hours=hours)
    told: list[str | None] = []
    begin = threading.Barrier(len(apps))

    def run(app: App) -> None:
        begin.wait()
        told.append(tick(app))

    threads = [threading.Thread(target=run, args=(app,)) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(filter(None, told))) == 1
    assert len(apps[0].store.issues.all()) == 1
    assert len(notices(apps[0])) == 1


@pytest.mark.parametrize("hours", [0, 3])
def test_a_slot_that_another_process_took_at_the_last_moment_is_theirs(
    week: Callable[..., App], clock: Clock, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    app = week()
    clock.advance(hours=hours)
    monkeypatch.setattr(module, "create_issue", lambda *args: None)
    assert tick(app) is None
    assert notices(app) == []


def _tick_in_a_process(path: str, now: datetime, ready: Any, told: Any) -> None:
    settings: dict[str, Any] = {
        "name": "Test Verdicts",
        "sender": "verdicts@example.com",
        "reply_to": "editor@example.com",
        "postal_address": "Example Press, 1 Test Street, 12345 Exampleton",
        "database": Path(path),
        "delivery": {"outbox": {"folder": Path(path).with_name("outbox")}},
        "schedule": {"mode": "auto"},
    }
    app = replace(build_app(Settings(**settings)), now=lambda: now)
    ready.wait()
    told.put(tick(app))
    app.close()


def test_two_processes_that_tick_at_once_make_one_issue_and_one_test(week: Callable[..., App]) -> None:
    app = week()
    spawn = multiprocessing.get_context("spawn")
    ready, told = spawn.Barrier(2), spawn.Queue()
    arguments = (str(app.store.path), SLOT, ready, told)
    processes = [spawn.Process(target=_tick_in_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    answers = {told.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(60)
    assert answers == {None, f"Issue {KEY} holds until 10:00."}
    assert len(app.store.issues.all()) == 1
    assert len(notices(app)) == 2


def test_ip_addresses_are_forgotten_after_thirty_days(week: Callable[..., App], clock: Clock) -> None:
    app = week(schedule={"mode": "off"})
    app.store.subscribers.record(1, Consent(ConsentKind.ASKED, clock(), "form", "", "192.0.2.1"))
    clock.advance(days=30)
    tick(app)
    assert app.store.subscribers.consents(1)[0].ip == "192.0.2.1"
    clock.advance(seconds=1)
    tick(app)
    assert app.store.subscribers.consents(1)[0].ip is None


def test_a_test_of_a_held_issue_is_mailed_by_the_sender(week: Callable[..., App]) -> None:
    provider = scripted()
    app = week(**AUTO, provider=provider)
    tick(app)
    owner = app.owners.enter()
    while deliver_mail(app, owner):
        pass
    assert provider.addresses == {"editor@example.com": 2}
