"""The report of an issue on the console."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.send_issue import cancel_issue, freeze_issue
from newsletter.operators import Role
from tests.fakes.house import add_active, draft_week
from tests.web.console.conftest import Desk


@pytest.fixture
def key(app: App) -> str:
    """A frozen week; nobody has it yet."""
    for name in ("lena", "omar"):
        add_active(app, f"{name}@example.org")
    key = draft_week(app).key
    approve_issue(app, key)
    freeze_issue(app, key)
    return key


def test_every_recipient_is_accounted_for_and_those_who_missed_it_are_named(ada: Desk, app: App, key: str) -> None:
    cancel_issue(app, key)
    page = ada.get(f"/issues/{key}/report", may_show=("lena@example.org", "omar@example.org")).text
    assert "2 recipients" in page
    assert "Every one of them is accounted for" in page
    assert "no issue before" in page
    assert "lena@example.org" in page


def test_the_list_of_those_who_missed_it_is_safe_in_a_spreadsheet(ada: Desk, app: App, key: str) -> None:
    cancel_issue(app, key)
    app.store.database.change("UPDATE delivery SET detail = '=1+1'")
    rows = list(csv.DictReader(io.StringIO(ada.get(f"/issues/{key}/missed.csv").text)))
    assert [row["email"] for row in rows] == ["lena@example.org", "omar@example.org"]
    assert {row["detail"] for row in rows} == {"'=1+1"}


def test_a_correction_is_dated_on_the_page_and_recorded(ada: Desk, app: App, key: str) -> None:
    ada.post(f"/issues/{key}/correct", text="Kestrel is paid, not free.")
    shown = ("lena@example.org", "omar@example.org")
    assert "Kestrel is paid, not free." in ada.get(f"/issues/{key}/report", may_show=shown).text
    assert "corrected it" in ada.get(f"/issues/{key}").text


def test_the_report_says_what_was_just_done(ada: Desk, app: App, key: str) -> None:
    shown, where = ("lena@example.org", "omar@example.org"), f"/issues/{key}/report"
    assert 'role="status"' not in ada.get(where, may_show=shown).text
    for typed, words in (
        ({}, "it stands on the web page of the issue, dated.</p>"),
        ({"mail": "yes", "reason": "A price was wrong."}, "A mail of it is drafted"),
    ):
        done = ada.post(f"/issues/{key}/correct", text="Kestrel is paid, not free.", **typed)
        path = done.headers["location"].partition("/console")[2]
        assert path.startswith(f"{where}?done=")
        assert words in ada.get(path, may_show=shown).text
    assert "Settled as sent" in ada.get(f"{where}?done=sent", may_show=shown).text
    assert "Watch it go" in ada.get(f"{where}?done=not-sent", may_show=shown).text
    assert "Done." in ada.get(f"{where}?done=<b>", may_show=shown).text


def test_what_is_not_unknown_cannot_be_settled(ada: Desk, key: str) -> None:
    answer = ada.ask(
        "POST",
        f"/issues/{key}/settle",
        data={"word": "sent"},
        may_show=("lena@example.org", "omar@example.org"),
    )
    assert answer.status_code == 409
    assert f"Nothing of issue {key} is unknown." in answer.text


def test_a_viewer_sees_no_button_that_would_refuse_them(operate: Callable[..., Desk], app: App, key: str) -> None:
    cancel_issue(app, key)
    shown = ("lena@example.org", "omar@example.org")
    page = operate(Role.VIEWER, "eve").get(f"/issues/{key}/report", may_show=shown).text
    assert "Corrections" in page
    assert "Correct it" not in page
