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

from newsletter.app import tick as module
from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail
from newsletter.app.draft_issue import draft_issue
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.app.tick import tick
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.bootstrap import build_app
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from newsletter.settings import Settings
from tests.app.scripted import add_week, comparison, scripted
from tests.app.slots import AUTO, KEY, SLOT, issue_of, notices, texts
from tests.conftest import Clock

MakeApp = Callable[..., App]


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


def test_the_notice_leads_to_the_desk_where_somebody_can_sign_in_and_a_live_draft_brings_its_test(
    week: Callable[..., App],
) -> None:
    app = replace(week(operator="ada@example.com"), provider=scripted(live=True))
    accept_invitation(app, make_invitation(app, "ada@example.com", Role.OWNER), "", "harbour lantern oblique seven")
    assert tick(app) == f"Issue {KEY} is drafted."
    assert [key.partition("/")[0] for key in notices(app)] == ["test", "draft"]
    assert f"/console/issues/{KEY}" in texts(app)
    assert "/drafts/" not in texts(app)
    assert "A test of it is on its way to you" in texts(app)


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
