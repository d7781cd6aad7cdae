"""Who may come in, as owners change it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.operators import Role
from tests.web.conftest import Visitor
from tests.web.console.conftest import WORDS, Desk

Operate = Callable[..., Desk]
BOB = "bob@example.com"


@pytest.fixture
def bob(ada: Desk, operate: Operate) -> Desk:
    """An editor beside the owner."""
    return operate(Role.EDITOR, "bob")


def role(app: App, email: str) -> Role:
    found = app.store.operators.by_email(email)
    assert found is not None
    return found[0].role


def test_an_invitation_is_shown_once_and_lets_in_as_the_role_it_names(ada: Desk, app: App, visitor: Visitor) -> None:
    answer = ada.ask(
        "POST",
        "/operators/invite",
        data={"email": "Grace@example.com", "role": "editor"},
        may_show=("Grace@example.com",),
    )
    found = re.search(r"http://localhost:8000(/console/set-up/[\w-]+)", answer.text)
    assert found
    assert "set-up" not in ada.get("/operators").text
    assert visitor.post(found[1], data={"password": WORDS}, may_set=("session",)).status_code == 303
    assert role(app, "grace@example.com") is Role.EDITOR
    assert visitor.post(found[1], data={"password": WORDS}).status_code == 400
    assert "Grace@example.com as editor" in ada.get("/log", may_show=("Grace@example.com", "grace@example.com")).text


@pytest.mark.parametrize("form", [{"email": "", "role": "editor"}, {"email": "x", "role": "editor"}, {"email": BOB}])
def test_an_invitation_of_nobody_or_as_nothing_is_refused(ada: Desk, app: App, form: dict[str, str]) -> None:
    before = app.store.database.value("SELECT count(*) FROM invitation")
    assert ada.ask("POST", "/operators/invite", data=form, may_show=(BOB,)).status_code == 422
    assert app.store.database.value("SELECT count(*) FROM invitation") == before


def test_a_role_counts_from_the_next_click_on(ada: Desk, bob: Desk, app: App) -> None:
    assert bob.get("/operators").status_code == 403
    assert ada.post("/operators/role", email=BOB, role="owner").status_code == 303
    assert bob.get("/operators", may_show=("ada@example.com",)).status_code == 200
    ada.post("/operators/role", email=BOB, role="viewer")
    assert bob.post("/settings/test-mail").status_code == 403
    assert "made viewer" in ada.get("/log", may_show=(BOB,)).text


def test_who_is_let_out_is_out_at_once_and_can_be_let_in_again(ada: Desk, bob: Desk) -> None:
    assert ada.post("/operators/disable", email=BOB).status_code == 303
    assert bob.get("").status_code == 303
    assert "let out" in ada.get("/operators", may_show=(BOB,)).text
    assert ada.post("/operators/enable", email=BOB).status_code == 303
    assert "let out" not in ada.get("/operators", may_show=(BOB,)).text.split("Invite somebody")[0]


def test_each_act_stands_on_record_once_and_a_refused_one_not_at_all(ada: Desk, bob: Desk, app: App) -> None:
    before = len(app.store.operators.deeds())
    ada.post("/operators/role", email=BOB, role="viewer")
    ada.post("/operators/disable", email=BOB)
    ada.post("/operators/enable", email=BOB)
    assert ada.ask("POST", "/operators/role", data={"email": BOB, "role": "king"}, may_show=(BOB,)).status_code == 409
    assert len(app.store.operators.deeds()) == before + 3


@pytest.mark.parametrize(("act", "form"), [("disable", {}), ("role", {"role": "editor"}), ("role", {"role": "viewer"})])
def test_the_last_owner_stays_one(ada: Desk, bob: Desk, app: App, act: str, form: dict[str, str]) -> None:
    answer = ada.ask("POST", f"/operators/{act}", data={"email": ada.email, **form}, may_show=(BOB,))
    assert answer.status_code == 409
    assert "ada@example.com is the only owner." in answer.text
    assert role(app, ada.email) is Role.OWNER
    assert ada.get("").status_code == 200


def test_an_owner_who_was_let_out_does_not_count_as_one(ada: Desk, bob: Desk, app: App) -> None:
    ada.post("/operators/role", email=BOB, role="owner")
    ada.post("/operators/disable", email=BOB)
    answer = ada.ask("POST", "/operators/role", data={"email": ada.email, "role": "editor"}, may_show=(BOB,))
    assert answer.status_code == 409
    assert role(app, ada.email) is Role.OWNER


def test_what_is_no_role_and_who_is_no_operator_are_refused(ada: Desk) -> None:
    assert ada.post("/operators/role", email=ada.email, role="king").status_code == 409
    answer = ada.ask(
        "POST", "/operators/role", data={"email": "no@example.com", "role": "owner"}, may_show=("no@example.com",)
    )
    assert answer.status_code == 409
    assert "There is no operator no@example.com." in answer.text


def test_only_owners_are_shown_the_way(ada: Desk, bob: Desk) -> None:
    assert "/console/operators" in ada.get("/settings").text
    assert "/console/operators" not in bob.get("/settings").text
