"""A program with a key, and what its calls are answered."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

from newsletter.app.api_keys import make_key
from newsletter.app.container import App
from newsletter.issues import IssueStatus
from newsletter.operators import Right, Role
from newsletter.web.keyed import Keyed
from tests.fakes.furnished import Door, Furnished
from tests.fakes.house import add_active, draft_week
from tests.web.conftest import Visitor

V1 = "/api/v1"
WHICH = "0" * 32
"""A suppression that is none."""
ELSEWHERE = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}


class Program:
    """A program that operates with a key, from another site than ours."""

    def __init__(
        self, visitor: Visitor, role: Role = Role.OWNER, name: str = "nightly", *, by: str = "command line"
    ) -> None:
        self.key = make_key(visitor.app, name, role, by=by)
        self._visitor = visitor

    def with_key(self, key: str) -> Program:
        """The same with another key."""
        other = copy.copy(self)
        other.key = key
        return other

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, *, once: str = "") -> httpx.Response:
        return self.ask("POST", path, body, once=once)

    def ask(self, method: str, path: str, body: Any = None, *, once: str = "", **headers: str) -> httpx.Response:
        """`headers` by their names with `_` for `-`."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"authorization": f"Bearer {self.key}", **ELSEWHERE}
        if once:
            headers["idempotency-key"] = once
        options = {} if body is None else {"json": body}
        return self._visitor.ask(method, f"{V1}{path}", headers=headers, **options)


@pytest.fixture
def program(visitor: Visitor) -> Program:
    return Program(visitor)


@pytest.fixture
def key(app: App) -> str:
    """A drafted week, and three readers."""
    for name in ("lena", "omar", "yuki"):
        add_active(app, f"{name}@example.org")
    return draft_week(app).key


def status(app: App, key: str) -> IssueStatus:
    found = app.store.issues.by_key(key)
    assert found is not None
    return found.status


def is_problem(answer: httpx.Response, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.headers["cache-control"] == "no-store"
        and answer.json()["status"] == status
        and bool(answer.json()["detail"])
    )


def rights_of(visitor: Visitor) -> dict[tuple[str, str], Right]:
    keyed: Keyed = visitor.site.state.keyed
    return keyed.rights


def operator_doors(visitor: Visitor) -> list[Door]:
    return [Door(method, route) for method, route in rights_of(visitor)]


def path_of(house: Furnished, door: Door) -> str:
    """The path of a door of operators, with values in it."""
    return house.path(door, which=WHICH, operator="1", key_id="99")
