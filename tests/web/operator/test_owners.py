"""Who may come in, and keys of programs, by calls; and that what somebody made reaches no further than they do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.record import what_was_done
from newsletter.app.sign_in import accept_invitation, change_role, let_in, make_invitation
from newsletter.operators import Role
from tests.web.conftest import Visitor
from tests.web.console.conftest import WORDS
from tests.web.operator.conftest import Program, is_problem

ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def people(app: App) -> None:
    """Ada and Bob, who may sign in as owners."""
    for email in (ADA, BOB):
        accept_invitation(app, make_invitation(app, email, Role.OWNER), "", WORDS)


def test_operators_are_listed_in_pages_given_roles_let_out_and_let_in(program: Program, app: App, people: None) -> None:
    first = program.get("/operators?limit=1")
    [ada], [bob] = first["operators"], program.get(f"/operators?limit=1&cursor={first['next']}")["operators"]
    assert (ada["email"], bob["email"], bob["role"], bob["has_totp"]) == (ADA, BOB, "owner", False)
    path = f"/operators/{bob['id']}"
    assert program.ask("PATCH", path, {"role": "editor"}).json()["role"] == "editor"
    assert program.ask("PATCH", path, {"allowed": False}).json()["disabled_at"]
    assert is_problem(program.ask("PATCH", f"/operators/{ada['id']}", {"allowed": False}), 422)  # the only owner
    assert "disabled_at" not in program.ask("PATCH", path, {"allowed": True, "role": "viewer"}).json()
    assert is_problem(program.ask("PATCH", "/operators/99", {"allowed": False}), 404)
    deeds = [(deed.act, deed.operator, deed.via) for _, deed in what_was_done(app, limit=4)]
    assert deeds == [(act, "nightly", "api") for act in ("let in", "made viewer", "let out", "made editor")]


def test_an_invitation_is_a_link_that_is_shown_once_and_lets_in_once(
    program: Program, visitor: Visitor, dump: Callable[[], str]
) -> None:
    asked = {"email": BOB, "role": "editor"}
    made, again = (program.post("/invitations", asked, once="bob") for _ in range(2))
    assert (made.status_code, again.json()) == (201, asked)
    token = made.json()["url"].rpartition("/")[2]
    assert token not in dump()
    answer = visitor.post(f"/console/set-up/{token}", data={"password": WORDS}, may_set=("session",))
    assert answer.status_code == 303
    assert [one["email"] for one in program.get("/operators")["operators"]] == [BOB]


def test_a_key_is_shown_once_and_works_as_long_as_the_key_that_made_it(
    program: Program, app: App, dump: Callable[[], str]
) -> None:
    asked = {"name": "weekly", "role": "editor"}
    made, again = (program.post("/keys", asked, once="weekly") for _ in range(2))
    assert again.json() == {"id": 2, **asked}
    assert made.json()["key"] not in dump()
    weekly = program.with_key(made.json()["key"])
    assert weekly.get("/issues") == {"issues": []}
    assert is_problem(weekly.post("/keys", asked), 403)
    first = program.get("/keys?limit=1")
    [nightly], [kept] = first["keys"], program.get(f"/keys?cursor={first['next']}")["keys"]
    assert (nightly["reach"], nightly["made_by"]) == ("owner", "command line")
    assert (kept["hint"], kept["reach"], kept["made_by"]) == (weekly.key[-4:], "editor", "nightly")
    assert program.ask("DELETE", "/keys/1").json() == {"id": 1, "revoked": True}
    assert is_problem(program.ask("GET", "/keys"), 401)
    assert is_problem(weekly.ask("GET", "/issues"), 401)
    deeds = [(deed.act, deed.subject, deed.operator, deed.via) for _, deed in what_was_done(app, limit=2)]
    assert deeds == [("revoked a key", "key 1", "nightly", "api"), ("made a key", "key 2", "nightly", "api")]


def test_a_key_that_is_revoked_or_is_none_is_not_revoked_again(program: Program) -> None:
    made = program.post("/keys", {"name": "old"}).json()
    assert made["role"] == "viewer"
    assert program.ask("DELETE", f"/keys/{made['id']}").status_code == 200
    assert is_problem(program.ask("DELETE", f"/keys/{made['id']}"), 409)
    assert is_problem(program.ask("DELETE", "/keys/99"), 404)
    assert is_problem(program.post("/keys", {"name": " "}), 422)


def test_who_is_let_out_takes_their_keys_along_and_those_that_these_made(
    visitor: Visitor, app: App, people: None
) -> None:
    other, mine = Program(visitor, name="ours"), Program(visitor, by=BOB, name="bob's")
    child = mine.with_key(mine.post("/keys", {"name": "child", "role": "owner"}).json()["key"])
    assert child.ask("GET", "/config").status_code == 200
    assert let_in(app, BOB, allowed=False, by=ADA, via="console") == 2
    for program in (mine, child):
        assert is_problem(program.ask("GET", "/issues"), 401)
    assert other.ask("GET", "/issues").status_code == 200
    assert what_was_done(app, limit=1)[0][1].detail == f"{BOB}, with 2 keys"
    assert [key.get("reach") for key in other.get("/keys")["keys"]] == ["owner", None, None]
    assert let_in(app, BOB, allowed=True, by=ADA, via="console") == 2
    assert child.ask("GET", "/config").status_code == 200


def test_a_key_never_reaches_further_than_its_maker_does_now(visitor: Visitor, app: App, people: None) -> None:
    mine = Program(visitor, by=BOB)
    change_role(app, BOB, Role.VIEWER, by=ADA, via="console")
    assert mine.ask("GET", "/issues").status_code == 200
    refused = mine.post("/issues", {})
    assert is_problem(refused, 403)
    assert "may what a viewer may" in refused.json()["detail"]
    change_role(app, BOB, Role.OWNER, by=ADA, via="console")
    assert mine.ask("GET", "/config").status_code == 200


def test_an_invitation_of_somebody_who_may_invite_no_more_lets_nobody_in(
    visitor: Visitor, app: App, people: None
) -> None:
    program = Program(visitor, by=BOB)
    links = [
        make_invitation(app, "eve@example.com", Role.OWNER, by=BOB, via="console"),
        program.post("/invitations", {"email": "eve@example.com", "role": "owner"}).json()["url"].rpartition("/")[2],
    ]
    for spoil, mend in (
        (
            lambda: let_in(app, BOB, allowed=False, by=ADA, via="x"),
            lambda: let_in(app, BOB, allowed=True, by=ADA, via="x"),
        ),
        (
            lambda: change_role(app, BOB, Role.EDITOR, by=ADA, via="x"),
            lambda: change_role(app, BOB, Role.OWNER, by=ADA, via="x"),
        ),
    ):
        spoil()
        for link in links:
            assert visitor.post(f"/console/set-up/{link}", data={"password": WORDS}).status_code == 400
        mend()
    for link in links:
        assert visitor.get(f"/console/set-up/{link}", may_show=("eve@example.com",)).status_code == 200
