"""An issue on the console, from draft to sent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.hold_issue import end_holds
from newsletter.app.send_issue import pause_issue
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from tests.fakes.house import Clock, add_active, draft_week
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]


@pytest.fixture
def key(app: App) -> str:
    """A drafted week, and three readers."""
    for name in ("lena", "omar", "yuki"):
        add_active(app, f"{name}@example.org")
    return draft_week(app).key


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def status(app: App, key: str) -> IssueStatus:
    found = app.store.issues.by_key(key)
    assert found is not None
    return found.status


def test_from_a_draft_to_a_sent_issue_it_takes_four_acts(ada: Desk, app: App, key: str, clock: Clock) -> None:
    page = ada.get(f"/issues/{key}")
    assert "3 active − 0 paused − 0 off topic − 0 suppressed = <strong>3 recipients" in page.text
    assert "Every check passes" in page.text
    assert ada.post(f"/issues/{key}/approve").status_code == 303
    assert "goes to 3 readers through outbox" in ada.get(f"/issues/{key}/review").text
    assert ada.post(f"/issues/{key}/send", count="3").headers["location"] == f"/console/issues/{key}/sending"
    assert "Goes out in" in ada.get(f"/issues/{key}/sending").text
    clock.pass_by(seconds=60)
    end_holds(app)
    watched = ada.get(f"/issues/{key}/sending").text
    assert "0</span> %</span> settled" in watched
    assert "ada@example.com sent it" in watched


def test_the_wrong_number_sends_nothing(ada: Desk, app: App, key: str) -> None:
    ada.post(f"/issues/{key}/approve")
    for typed in ("2", "", "three", "-3", "3.0", "9" * 400):
        answer = ada.post(f"/issues/{key}/send", count=typed)
        assert answer.status_code == 409
        assert "Not sent:" in answer.text
    assert status(app, key) is IssueStatus.APPROVED


def test_within_the_minute_a_send_is_undone(ada: Desk, app: App, key: str, clock: Clock) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=59)
    ada.post(f"/issues/{key}/undo-send")
    assert status(app, key) is IssueStatus.APPROVED
    clock.pass_by(minutes=10)
    assert end_holds(app) is None
    assert "undid the send" in ada.get(f"/issues/{key}").text


def test_pause_resume_and_cancel_and_what_cannot_be(ada: Desk, app: App, key: str, clock: Clock) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=60)
    end_holds(app)
    assert ada.post(f"/issues/{key}/undo-send").status_code == 409
    ada.post(f"/issues/{key}/pause")
    assert status(app, key) is IssueStatus.PAUSED
    ada.post(f"/issues/{key}/resume")
    assert status(app, key) is IssueStatus.SENDING
    assert "3</span> never get it" in ada.get(f"/issues/{key}/sending").text
    ada.post(f"/issues/{key}/cancel")
    assert status(app, key) is IssueStatus.CANCELLED
    assert ada.post(f"/issues/{key}/resume").status_code == 409


def test_the_progress_is_told_as_events_and_ends_when_the_issue_is_over(
    ada: Desk, app: App, key: str, clock: Clock
) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=60)
    end_holds(app)
    ada.post(f"/issues/{key}/cancel")
    answer = ada.get(f"/issues/{key}/progress")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.count("data: ") == 1
    assert '"status": "cancelled"' in answer.text


def test_texts_and_order_are_changed_and_taken_back(ada: Desk, app: App, key: str) -> None:
    page = ada.get(f"/issues/{key}").text
    slugs = re.findall(r'<li data-slug="([^"]+)"', page)
    ada.post(
        f"/issues/{key}/texts",
        seen=seen(page),
        subject="Two ships & one <skip>",
        preheader="A preheader that is long enough to fill the line.",
        intro="Hello.",
    )
    page = ada.get(f"/issues/{key}").text
    assert html.escape("Two ships & one <skip>") in page
    ada.post(f"/issues/{key}/arrange", seen=seen(page), slug=slugs[1], act="up")
    page = ada.get(f"/issues/{key}").text
    assert re.findall(r'<li data-slug="([^"]+)"', page)[:2] == [slugs[1], slugs[0]]
    ada.post(f"/issues/{key}/arrange", seen=seen(page), slug=slugs[0], act="drop")
    ada.post(f"/issues/{key}/undo")
    ada.post(f"/issues/{key}/undo")
    ada.post(f"/issues/{key}/undo")
    page = ada.get(f"/issues/{key}").text
    assert re.findall(r'<li data-slug="([^"]+)"', page) == slugs
    assert "Two ships" not in re.sub(r"(?s)<section class=\"ruled\">\s*<h2>What was done.*", "", page)


def test_a_second_operators_save_never_overwrites_the_firsts_unseen(ada: Desk, operate: Operate, key: str) -> None:
    bob = operate(Role.EDITOR, "bob")
    texts = {"preheader": "A preheader that is long enough to fill the line.", "intro": ""}
    looked_at = seen(bob.get(f"/issues/{key}").text)
    ada.post(f"/issues/{key}/texts", seen=looked_at, subject="What Ada chose to say", **texts)
    answer = bob.ask(
        "POST",
        f"/issues/{key}/texts",
        data={"seen": looked_at, "subject": "What Bob chose to say", **texts},
        may_show=("ada@example.com",),
    )
    assert answer.status_code == 409
    assert "ada@example.com changed issue" in answer.text
    assert 'value="What Ada chose to say"' in answer.text


def test_a_viewer_looks_and_changes_nothing(operate: Operate, app: App, key: str) -> None:
    eve = operate(Role.VIEWER, "eve")
    assert eve.get(f"/issues/{key}").status_code == 200
    assert eve.post(f"/issues/{key}/approve").status_code == 403
    assert status(app, key) is IssueStatus.DRAFT


def test_the_preview_can_run_nothing_and_shows_either_scheme(ada: Desk, key: str) -> None:
    light = ada.get(f"/issues/{key}/html")
    assert "sandbox" in light.headers["content-security-policy"]
    assert "default-src 'none'" in light.headers["content-security-policy"]
    assert "(prefers-color-scheme:dark)" not in light.text
    assert "@media all" in ada.get(f"/issues/{key}/html?scheme=dark").text
    assert "img-src 'none'" in ada.get(f"/issues/{key}/html?images=off").headers["content-security-policy"]
    assert ada.get(f"/issues/{key}/text").headers["content-type"].startswith("text/plain")


def test_a_paused_issue_is_shown_with_its_reason(ada: Desk, app: App, key: str, clock: Clock) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=60)
    end_holds(app)
    pause_issue(app, key, "The provider refuses us: wrong key.")
    assert "The provider refuses us: wrong key." in ada.get(f"/issues/{key}/sending").text
    assert f"Issue {key} is paused" in ada.get("").text
