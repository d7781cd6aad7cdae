"""The desk, and the button that stops everything."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from tests.fakes.house import add_active, draft_week, publish_week
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]


@pytest.fixture
def key(app: App) -> str:
    """A week that is being sent."""
    add_active(app, "lena@example.org")
    return publish_week(app).key


def test_the_desk_tells_the_next_issue_in_local_time_and_utc(ada: Desk) -> None:
    page = ada.get("").text
    assert "Monday 23 November, 09:00</strong></time> Europe/Berlin, 08:00 UTC" in page
    assert "in 4 days" in page
    assert "Nothing is being sent." in page


def test_pausing_everything_is_recorded_and_undone_issue_by_issue(ada: Desk, app: App, key: str) -> None:
    assert "Pause everything" in ada.get("").text
    assert ada.post("/pause").headers["location"] == "/console?stopped=1#moving"
    page = ada.get("?stopped=1").text
    assert "Everything is paused." in page
    assert "Pause everything" not in page
    assert f"/console/issues/{key}/resume" in page
    assert "ada@example.com paused it, with everything else" in ada.get(f"/issues/{key}").text
    ada.post(f"/issues/{key}/resume")
    found = app.store.issues.by_key(key)
    assert found is not None
    assert found.status is IssueStatus.SENDING


def test_where_nothing_is_on_its_way_the_desk_says_so_and_records_nothing(ada: Desk, app: App) -> None:
    draft_week(app)
    before = len(app.store.operators.deeds("", 100, None))
    answer = ada.post("/pause")
    assert answer.status_code == 409
    assert "Nothing is on its way" in answer.text
    assert len(app.store.operators.deeds("", 100, None)) == before


def test_a_viewer_is_shown_no_button_that_would_refuse_them(operate: Operate, key: str) -> None:
    eve = operate(Role.VIEWER, "eve")
    for path in ("", f"/issues/{key}", f"/issues/{key}/sending"):
        page = eve.get(path, may_show=("eve@example.com",)).text
        looking = page.count("Show it</button>")
        assert page.count("<button") - looking == 1, path  # to sign out


def test_texts_that_are_refused_stay_to_be_corrected(ada: Desk, app: App) -> None:
    key = draft_week(app).key
    page = ada.get(f"/issues/{key}").text
    seen = page.partition('name="seen" value="')[2][:16]
    texts = {"subject": "A subject of ours", "preheader": "Too short", "intro": "What took an hour to write."}
    refused = ada.ask("POST", f"/issues/{key}/texts", data={"seen": seen, **texts})
    assert refused.status_code == 422
    assert all(text in refused.text for text in texts.values())
    late = ada.ask("POST", f"/issues/{key}/texts", data={"seen": "0" * 16, **texts, "preheader": "x" * 50})
    assert late.status_code == 409
    assert "What you had typed" in late.text
    assert "What took an hour to write." in late.text


def test_every_task_before_a_live_send_leads_to_the_setting_that_mends_it(ada: Desk) -> None:
    desk, settings = ada.get("").text, ada.get("/settings").text
    links = re.findall(r'href="/console/settings#([\w.]+)">See', desk)
    assert links == ["delivery.provider", "site_url"]
    for key in links:
        assert f'<tr id="{key}">' in settings, key
    assert "Set <code>site_url</code> to the https address" in desk
    assert desk.count('class="todo"') == len(links)
