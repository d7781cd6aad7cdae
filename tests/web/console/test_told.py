"""What a page says after an act, and where nothing can be done: no press without an answer, no dead end."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.look_up import look_at_issue
from newsletter.operators import Role
from tests.fakes.house import add_active, draft_week, publish_week
from tests.web.conftest import Visitor
from tests.web.console.conftest import Desk
from tests.web.console.test_issue import seen


@pytest.fixture
def key(app: App) -> str:
    """A drafted week, and a reader."""
    add_active(app, "lena@example.org")
    return draft_week(app).key


def test_a_draft_that_is_refused_says_why_on_the_page_where_it_was_asked_for(ada: Desk) -> None:
    answer = ada.post("/issues")
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert "Comparisons, Import" in answer.text, "a screen here instead of the words of a command"
    assert "newsletter comparisons" not in answer.text


def test_after_an_approval_comes_the_review_and_after_an_undo_the_word_that_nothing_left(ada: Desk, key: str) -> None:
    asked = ada.post(f"/issues/{key}/approve").headers["location"]
    assert asked == f"/console/issues/{key}/review?done=approved"
    assert "Approved, as it is now." in ada.get(asked.removeprefix("/console")).text
    ada.post(f"/issues/{key}/send", count="1")
    ada.post(f"/issues/{key}/undo-send")
    assert "Nothing has left, and nothing leaves until you send it again." in ada.get(f"/issues/{key}/sending").text


def test_the_review_of_an_issue_that_cannot_be_sent_promises_no_send(ada: Desk, key: str) -> None:
    page = ada.get(f"/issues/{key}/review").text
    assert "only an approved issue can be sent" in page
    assert "this issue goes to" not in page


def test_a_sent_issue_leads_to_its_report_first(ada: Desk, app: App) -> None:
    add_active(app, "lena@example.org")
    key = publish_week(app).key
    assert ">Watch it<" in ada.get(f"/issues/{key}").text
    issue = app.store.issues.by_key(key)
    assert issue is not None
    assert ada.post(f"/issues/{key}/cancel").status_code == 303
    page = ada.get(f"/issues/{key}").text
    assert ">Watch it<" not in page
    assert f'class="button" href="/console/issues/{key}/report">See the report<' in page


def test_an_undone_change_is_called_so_and_the_log_tells_what_was_moved(ada: Desk, app: App, key: str) -> None:
    slug = look_at_issue(app, key).places[-1].slug
    ada.post(f"/issues/{key}/arrange", seen=seen(ada.get(f"/issues/{key}").text), slug=slug, act="drop")
    assert f"took {slug} out" in ada.get("/log").text
    assert ada.post(f"/issues/{key}/undo").headers["location"].endswith("?done=undone")
    assert "The last change is undone." in ada.get(f"/issues/{key}?done=undone").text


def test_an_address_at_the_desk_that_leads_nowhere_leads_back_to_it(ada: Desk) -> None:
    for path in ("/nowhere", "/issues/2020-W07"):
        page = ada.get(path)
        assert page.status_code == 404
        assert re.search(r'href="/console"[^>]*>Back to the desk<', page.text), path


def test_a_time_is_told_in_the_zone_of_the_house_and_in_utc_and_once_where_these_are_one(
    open_site: Callable[..., Visitor],
) -> None:
    berlin = Desk(open_site(), Role.OWNER, "bob")
    assert "09:00 Europe/Berlin, 08:00 UTC" in berlin.get("/issues").text
    utc = Desk(open_site(time_zone="UTC"), Role.OWNER, "eve")
    assert "09:00 UTC." in utc.get("/issues").text
