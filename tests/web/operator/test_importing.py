"""Imports of programs: a plan with its mark, and then exactly that; columns of any name; addresses of the web."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.errors import InputError
from newsletter.net.fetch import Fetched, Fetcher
from tests.fakes.house import add_active
from tests.web.operator.conftest import Program, is_problem

PEOPLE, TOOLS = "/imports/subscribers", "/imports/comparisons"
CSV = "Kontakt,Weg am\nlena@example.org,\nomar@example.org,2026-01-05\nnobody,\n"


def test_a_list_with_columns_of_its_own_is_looked_at_and_exactly_that_plan_is_imported(
    program: Program, app: App
) -> None:
    body: dict[str, Any] = {"csv": CSV, "consent": "Form"}
    assert is_problem(program.post(PEOPLE, body), 422)
    body |= {"columns": {"email": "Kontakt", "left_at": "Weg am"}}
    tried = program.post(f"{PEOPLE}?dry_run=true", body).json()
    assert (tried["counts"]["new"], tried["counts"]["suppressing"], tried["rejects"][0]["line"]) == (1, 1, 4)
    assert (tried["first"]["new"][0]["email"], tried["dialect"]) == ("lena@example.org", "plain")
    assert tried["rejects"][0]["fix"]
    add_active(app, "omar@example.org")
    assert is_problem(program.post(PEOPLE, {**body, "seen": tried["mark"]}), 409)
    assert app.store.subscribers.counts()["active"] == 1
    now = program.post(f"{PEOPLE}?dry_run=true", body).json()
    assert now["stopping"] == 1
    done = program.post(PEOPLE, {**body, "seen": now["mark"]}, once="one").json()
    assert (done["applied"], "first" in done) == (True, False)
    again = program.post(f"{PEOPLE}?dry_run=true", body).json()
    assert (again["earlier"]["operator"], again["earlier"]["name"]) == ("nightly", "sent.csv")


def test_a_table_of_other_columns_is_looked_at_and_exactly_that_is_stored(program: Program, app: App) -> None:
    body: dict[str, Any] = {"text": "a,b\nHere,There\n", "format": "csv", "archive": False}
    assert program.post(f"{TOOLS}?dry_run=true", body).json()["counts"]["rejected"] == 2
    body |= {"columns": {"left.name": "a", "right.name": "b"}}
    tried = program.post(f"{TOOLS}?dry_run=true", body).json()
    assert (tried["applied"], tried["counts"]["new"], tried["known"]) == (False, 1, [])
    assert is_problem(program.post(TOOLS, {**body, "archive": True, "seen": tried["mark"]}), 409)
    assert app.store.comparisons.count() == 0
    assert program.post(TOOLS, {**body, "seen": tried["mark"]}).json()["applied"] is True
    deeds = [deed for deed in program.get("/log")["log"] if deed["act"] == "imported comparisons"]
    assert [(deed["operator"], deed["via"], deed["detail"]) for deed in deeds] == [
        ("nightly", "api", "1 new, 0 changed")
    ]
    [known] = program.post(f"{TOOLS}?dry_run=true", body).json()["known"]
    assert "by nightly, as sent.csv." in known


def test_a_document_is_fetched_from_a_public_address_and_from_no_other(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(fetcher: Fetcher, url: str, **allowed: bool) -> Fetched:
        assert not any(allowed.values())
        if "inside" in url:
            raise InputError(f"{url} leads into this network.", next_step="Give another.")
        return Fetched(url, "application/json", b'[{"sides": [{"name": "Here"}, {"name": "There"}]}]')

    monkeypatch.setattr(Fetcher, "fetch", fetch)
    body = {"url": "https://tools.example/feed", "archive": False}
    assert program.post(TOOLS, body).json()["counts"]["new"] == 1
    for wrong in ({"url": "https://inside.example"}, {"url": "http://tools.example/feed"}, {"text": "x"}):
        assert is_problem(program.post(TOOLS, {**body, **wrong}), 422)
