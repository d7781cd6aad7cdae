"""Stopping everything with one word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.hold_issue import end_holds, hold_issue
from newsletter.app.pause_all import on_its_way, pause_all
from newsletter.app.send_issue import resume_issue
from newsletter.errors import TransitionError
from newsletter.issues import IssueStatus
from tests.fakes.house import Clock, add_active, build_house, draft_week, publish_week


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    made = build_house(tmp_path, clock)
    add_active(made, "lena@example.org")
    yield made
    made.close()


def test_what_is_being_sent_is_paused_and_resumed_by_itself(app: App) -> None:
    key = publish_week(app).key
    assert [(one.key, one.status) for one in pause_all(app)] == [(key, IssueStatus.PAUSED)]
    assert [one.key for one in on_its_way(app)] == [key]
    assert resume_issue(app, key).status is IssueStatus.SENDING


def test_what_is_held_becomes_a_draft_and_does_not_go_out(app: App, clock: Clock) -> None:
    key = draft_week(app).key
    approve_issue(app, key)
    hold_issue(app, key, recipients=1)
    assert [(one.key, one.status) for one in pause_all(app)] == [(key, IssueStatus.DRAFT)]
    clock.pass_by(minutes=5)
    assert end_holds(app) is None
    assert on_its_way(app) == []


def test_where_nothing_is_on_its_way_nobody_is_told_that_something_was_stopped(app: App) -> None:
    key = draft_week(app).key
    with pytest.raises(TransitionError, match="Nothing is on its way"):
        pause_all(app)
    found = app.store.issues.by_key(key)
    assert found is not None
    assert found.status is IssueStatus.DRAFT
