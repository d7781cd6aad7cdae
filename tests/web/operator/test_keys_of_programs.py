"""Who may what with a key, and that nobody may anything without one."""

from __future__ import annotations

import pytest

from newsletter.app.api_keys import make_key, revoke_key
from newsletter.app.container import App
from newsletter.issues import IssueStatus
from newsletter.operators import RIGHTS, Right, Role
from tests.fakes.furnished import Door, Furnished, doors
from tests.web.conftest import Visitor
from tests.web.console.conftest import Desk
from tests.web.operator.conftest import ELSEWHERE, V1, Program, is_problem, operator_doors, path_of, rights_of, status


def test_every_operator_route_of_the_site_names_its_right_and_is_told_in_the_description(visitor: Visitor) -> None:
    described = visitor.get(f"{V1}/openapi.json").json()
    secured = {
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method, told in methods.items()
        if told.get("security") == [{"key": []}]
    }
    assert secured == {(door.method, door.route) for door in operator_doors(visitor)}
    assert not secured & {(door.method, door.route) for door in doors(visitor.site)}
    assert len(secured) > 30
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


@pytest.mark.parametrize("sent", ["", "Bearer nl_wrong", "Bearer", "Basic bmxfOng=", "nl_naked"])
def test_without_a_key_that_works_every_route_answers_401_and_does_nothing(visitor: Visitor, sent: str) -> None:
    house = Furnished(visitor.app)
    before = house.rows()
    for door in operator_doors(visitor):
        headers = {"authorization": sent} if sent else {}
        answer = visitor.ask(door.method, path_of(house, door), headers=headers, content=b"{}")
        assert is_problem(answer, 401), (door, answer.status_code, answer.text)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert house.rows() == before


def test_the_cookie_of_a_session_opens_nothing_here(visitor: Visitor) -> None:
    house, desk = Furnished(visitor.app), Desk(visitor, Role.OWNER, "ada")
    assert desk.knock("GET", "/console") == 200
    for door in operator_doors(visitor):
        assert desk.knock(door.method, path_of(house, door)) == 401, door


def test_a_revoked_key_opens_nothing(visitor: Visitor, app: App) -> None:
    program = Program(visitor)
    assert program.ask("GET", "/log").status_code == 200
    revoke_key(app, 1)
    assert is_problem(program.ask("GET", "/log"), 401)


@pytest.mark.parametrize("role", [*Role])
def test_no_key_does_more_than_its_role(visitor: Visitor, role: Role) -> None:
    house, program = Furnished(visitor.app), Program(visitor, role)
    rights = rights_of(visitor)
    before = house.rows(but=("api_key",))
    refused = 0
    for (method, route), right in rights.items():
        path = path_of(house, Door(method, route)).removeprefix(V1)
        if RIGHTS[role] < right:
            assert is_problem(program.ask(method, path, {}), 403), route
            refused += 1
        elif method == "GET":
            assert program.ask(method, path).status_code == 200, route
    assert house.rows(but=("api_key",)) == before
    assert (refused > 0) == (role is not Role.OWNER)
    assert {Right.LOOK, Right.EDIT, Right.OWN} == set(rights.values())


def test_another_site_cannot_borrow_the_browser_of_an_operator(visitor: Visitor, app: App, key: str) -> None:
    """A key with a cookie, Basic (which browsers send by themselves) or nothing is held to the rule of every form."""
    made = make_key(app, "nightly", Role.OWNER)
    for headers in (
        {},
        {"authorization": "Basic YTpi"},
        {"authorization": f"Bearer {made}", "cookie": "session=stolen"},
        {"cookie": "session=stolen"},
    ):
        answer = visitor.post(f"{V1}/issues/{key}/approve", json={}, headers={**ELSEWHERE, **headers})
        assert is_problem(answer, 403), headers
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    asked = visitor.ask("OPTIONS", f"{V1}/issues/{key}/approve", headers={**ELSEWHERE, **preflight})
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-headers" not in asked.headers
    assert status(app, key) is IssueStatus.DRAFT


def test_no_other_site_reaches_any_of_it_without_a_key(visitor: Visitor) -> None:
    house = Furnished(visitor.app)
    before = house.rows()
    for door in operator_doors(visitor):
        if door.method != "GET":
            assert is_problem(visitor.ask(door.method, path_of(house, door), headers=ELSEWHERE, content=b"{}"), 403), (
                door
            )
    assert house.rows() == before


def test_a_key_lets_nobody_write_where_pages_do(visitor: Visitor, app: App) -> None:
    headers = {**ELSEWHERE, "authorization": f"Bearer {make_key(app, 'nightly', Role.OWNER)}"}
    for path in ("/subscribe", "/console/sign-in", "/saved"):
        assert visitor.post(path, data={"email": "new@example.net"}, headers=headers).status_code == 403


def test_a_key_may_do_what_an_operator_of_its_role_may_at_the_console(visitor: Visitor) -> None:
    here, console = rights_of(visitor), visitor.site.state.gate.rights
    for method, path, page in (
        ("DELETE", "/subscribers/{number}", "/subscribers/{number}/erase"),
        ("POST", "/subscribers", "/subscribers"),
        ("POST", "/exports/subscribers", "/subscribers/export"),
        ("POST", "/invitations", "/operators/invite"),
        ("PATCH", "/operators/{operator}", "/operators/disable"),
        ("POST", "/provider-tests", "/settings/test-mail"),
    ):
        assert here[method, V1 + path] is console["POST", f"/console{page}"], path
