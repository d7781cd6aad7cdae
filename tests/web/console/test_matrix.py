"""Every route of the console × everybody who might ask: nothing is open by default, no role does more than its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.sign_in import make_invitation
from newsletter.operators import RIGHTS, Right, Role
from newsletter.web.console.gate import Gate
from tests.fakes.furnished import Door, Furnished, doors
from tests.web.conftest import Open, Visitor
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]
OPEN = {"/console/sign-in", "/console/set-up/{token}"}
"""What somebody must reach who is not signed in."""
KEPT = ("session",)
"""What looking may touch: when the session was last seen."""
FORMS: dict[str, dict[str, str]] = {}
"""What a form sends there, where an empty one would not reach the act."""


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    """On this machine, so that the outbox is there; on its way out, so that streams end."""
    found = open_site(peer="127.0.0.1")
    found.site.state.stopping.set()
    return found


@pytest.fixture
def house(visitor: Visitor) -> Furnished:
    return Furnished(visitor.app)


@pytest.fixture
def every(visitor: Visitor) -> list[Door]:
    found = doors(visitor.site, console=True)
    assert len(found) > 15
    return found


@pytest.fixture
def rights(visitor: Visitor) -> dict[tuple[str, str], Right]:
    gate: Gate = visitor.site.state.gate
    return gate.rights


def path_of(app: App, house: Furnished, door: Door) -> str:
    if "{token}" in door.route:
        return house.path(door, token=make_invitation(app, "", Role.VIEWER))
    return house.path(door, number=str(house.ada.id))


def knock(visitor: Visitor, door: Door, path: str, **options: Any) -> int:
    answer = visitor.ask(
        door.method,
        path,
        may_set=("session",),
        may_show=tuple(re.findall(r"[\w.+-]+@[\w.-]+\w", " ".join(options.pop("shown", ())))),
        **options,
    )
    return int(answer.status_code)


def test_every_route_names_the_right_it_asks_for(every: list[Door], rights: dict[tuple[str, str], Right]) -> None:
    named = {(door.method, door.route) for door in every if door.route not in OPEN}
    assert named == set(rights)


def test_a_stranger_gets_into_none_of_them(visitor: Visitor, house: Furnished, every: list[Door]) -> None:
    before = house.rows(but=("invitation", "audit"))
    for door in every:
        if door.route not in OPEN:
            status = knock(visitor, door, path_of(visitor.app, house, door))
            assert status == (303 if door.method == "GET" else 401), door
    assert house.rows(but=("invitation", "audit")) == before


@pytest.mark.parametrize("role", [*Role])
def test_no_role_does_more_than_its_own(
    visitor: Visitor,
    house: Furnished,
    every: list[Door],
    rights: dict[tuple[str, str], Right],
    role: Role,
    operate: Operate,
) -> None:
    desk = operate(role, str(role))
    for door in every:
        if door.route in OPEN:
            continue
        right = rights[door.method, door.route]
        if RIGHTS[role] < right:
            assert desk.knock(door.method, path_of(visitor.app, house, door)) == 403, door
        elif door.method == "GET":
            assert desk.knock(door.method, path_of(visitor.app, house, door)) in (200, 303, 409), door


def test_looking_changes_nothing(visitor: Visitor, house: Furnished, every: list[Door], operate: Operate) -> None:
    desk = operate()
    paths = [path_of(visitor.app, house, door) for door in every if door.method == "GET"]
    before = house.rows(but=KEPT)
    for path in paths:
        desk.knock("GET", path)
        desk.knock("HEAD", path)
    assert house.rows(but=KEPT) == before


def test_no_other_site_makes_an_operator_do_anything(
    visitor: Visitor, house: Furnished, every: list[Door], operate: Operate
) -> None:
    desk = operate()
    before = house.rows(but=(*KEPT, "invitation", "audit"))
    for door in every:
        if door.method != "GET":
            for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
                assert desk.knock(door.method, path_of(visitor.app, house, door), **headers) == 403, door
    assert house.rows(but=(*KEPT, "invitation", "audit")) == before
