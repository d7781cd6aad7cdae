"""Coming in to the console, and staying out."""

from __future__ import annotations

import re

import pytest

from newsletter.app.container import App
from newsletter.app.sign_in import make_invitation
from newsletter.operators import Role
from tests.web.conftest import Visitor

WORDS = "harbour lantern oblique seven"


def cookie(answer: object) -> dict[str, str]:
    found = re.match(r"session=([^;]+)", answer.headers["set-cookie"])  # type: ignore[attr-defined]  # an httpx answer
    assert found
    return {"cookie": f"session={found[1]}"}


def signed_in(visitor: Visitor, role: Role = Role.OWNER) -> dict[str, str]:
    token = make_invitation(visitor.app, f"{role}@example.com", role)
    answer = visitor.post(f"/console/set-up/{token}", data={"password": WORDS}, may_set=("session",))
    assert answer.status_code == 303
    return cookie(answer)


def test_a_stranger_is_sent_to_sign_in_and_back(visitor: Visitor) -> None:
    answer = visitor.get("/console")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?to=/console"
    assert 'name="to" value="/console"' in visitor.get(answer.headers["location"]).text


def test_a_stranger_cannot_act(visitor: Visitor) -> None:
    answer = visitor.post("/console/sign-out")
    assert answer.status_code == 401
    assert "Nothing was done" in answer.text


def test_the_first_operator_comes_in_and_sees_the_desk(visitor: Visitor) -> None:
    here = signed_in(visitor)
    page = visitor.get("/console", headers=here, may_show=("owner@example.com",))
    assert "Needs you" in page.text
    assert visitor.get("/console/account?welcome=1", headers=here, may_show=("owner@example.com",)).status_code == 200


def test_signing_in_leads_where_one_wanted_to_go_and_never_elsewhere(visitor: Visitor) -> None:
    signed_in(visitor)
    word = {"email": "owner@example.com", "password": WORDS}
    for wanted, there in (
        ("/console/account", "/console/account"),
        ("https://evil.test/console", "/console"),
        ("//evil.test", "/console"),
        ("/console/../issues", "/console"),
        ("/console\\evil.test", "/console"),
    ):
        answer = visitor.post("/console/sign-in", data={**word, "to": wanted}, may_set=("session",))
        assert answer.headers["location"] == there


@pytest.mark.parametrize("email", ["owner@example.com", "nobody@example.com"])
def test_a_wrong_password_is_told_the_same_for_everybody(visitor: Visitor, email: str) -> None:
    signed_in(visitor)
    answer = visitor.post("/console/sign-in", data={"email": email, "password": "wrong"}, may_show=(email,))
    assert answer.status_code == 422
    assert "Address, password or code are not right." in answer.text
    assert "set-cookie" not in answer.headers


def test_signing_out_ends_the_session_itself(visitor: Visitor) -> None:
    here = signed_in(visitor)
    assert visitor.post("/console/sign-out", headers=here, may_set=("session",)).status_code == 303
    assert visitor.get("/console", headers=here).status_code == 303


def test_a_password_that_is_too_short_is_refused_with_one_line(app: App, visitor: Visitor) -> None:
    token = make_invitation(app, "", Role.OWNER)
    answer = visitor.post(
        f"/console/set-up/{token}", data={"email": "a@example.com", "password": "short"}, may_show=("a@example.com",)
    )
    assert answer.status_code == 422
    assert "5 characters; 15 to 256 are allowed" in answer.text
