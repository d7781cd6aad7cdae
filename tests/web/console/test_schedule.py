"""The schedule on the console: what is due, what the clock does to it, and skipping a week."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from newsletter.app.container import App
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from tests.fakes.house import Clock, add_comparison
from tests.rendering.week import full_week
from tests.web.conftest import Open
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]


def status(app: App, key: str) -> IssueStatus | None:
    found = app.store.issues.by_key(key)
    return found.status if found else None


def test_the_rule_and_five_slots_are_told_in_both_times(ada: Desk) -> None:
    page = ada.get("/schedule").text
    assert "Every Monday at 09:00, Europe/Berlin time." in page
    assert page.count('<p class="when">') == 5
    assert "Mon 23 Nov 2026, 09:00</time>" in page
    assert "08:00 UTC · UTC+01:00" in page
    assert "The clocks change" not in page


def test_the_slot_after_a_clock_change_says_so_and_no_other(operate: Operate, clock: Clock) -> None:
    clock.now = datetime(2027, 3, 10, 8, 0, tzinfo=UTC)
    page = operate(name="grace").get("/schedule").text  # Ada's session is over by then
    slots = re.findall(r"(?s)<li>\s*<div>.*?</li>", page)
    assert ["The clocks change" in slot for slot in slots] == [False, False, True, False, False]
    assert "Mon 29 Mar 2027, 09:00" in slots[2]
    assert "07:00 UTC · UTC+02:00" in slots[2]
    assert "UTC+02:00 after UTC+01:00, 1 h earlier by UTC." in slots[2]


def test_a_week_is_skipped_with_a_reason_and_drafted_after_all(ada: Desk, app: App) -> None:
    for item in full_week():
        add_comparison(app, item.comparison)
    assert ada.post("/schedule/skip", key="2026-W49", reason=" The team  is away. ").status_code == 303
    assert status(app, "2026-W49") is IssueStatus.SKIPPED
    page = ada.get("/schedule?done=skipped").text
    assert "The team is away." in page
    assert "Draft it after all" in page
    assert "ada@example.com" in ada.get("/log").text
    assert ada.post("/schedule/draft", key="2026-W49").status_code == 303
    assert status(app, "2026-W49") is IssueStatus.DRAFT
    log = ada.get("/log?subject=issue+2026-W49").text
    assert log.index("drafted") < log.index("skipped")


def test_what_is_no_week_or_skipped_already_is_refused_and_not_logged(ada: Desk) -> None:
    ada.post("/schedule/skip", key="2026-W49")
    for key, words in (("2026-W49", "is skipped"), ("2026-W99", "is not an issue key"), ("", "is not an issue key")):
        answer = ada.post("/schedule/skip", key=key)
        assert answer.status_code == 409
        assert words in answer.text
    assert ada.get("/log").text.count("issue 2026-W49</a>") == 1


def test_a_week_with_too_little_cannot_be_drafted_and_stays_skipped(ada: Desk, app: App) -> None:
    ada.post("/schedule/skip", key="2026-W49")
    assert ada.post("/schedule/draft", key="2026-W49").status_code == 409
    assert status(app, "2026-W49") is IssueStatus.SKIPPED


def test_a_viewer_sees_it_and_skips_nothing(operate: Operate, app: App) -> None:
    eve = operate(Role.VIEWER, "eve")
    assert "The next five" in eve.get("/schedule").text
    assert "/schedule/skip" not in eve.get("/schedule").text
    assert eve.post("/schedule/skip", key="2026-W49").status_code == 403
    assert status(app, "2026-W49") is None


def test_a_schedule_that_is_off_says_that_nothing_happens(open_site: Open) -> None:
    ada = Desk(open_site(schedule={"mode": "off", "weekday": "sunday", "at": "02:30"}), Role.OWNER, "ada")
    page = ada.get("/schedule").text
    assert "Every Sunday at 02:30" in page
    assert "Nothing happens by itself." in page
