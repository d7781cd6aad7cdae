"""Operators at the console."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from newsletter.app.sign_in import make_invitation
from newsletter.operators import Role
from tests.web.conftest import Visitor

WORDS = "harbour lantern oblique seven"


class Desk:
    """One signed-in operator."""

    def __init__(self, visitor: Visitor, role: Role, name: str) -> None:
        self.app = visitor.app
        self.email = f"{name}@example.com"
        self._visitor = visitor
        token = make_invitation(visitor.app, self.email, role)
        answer = visitor.post(f"/console/set-up/{token}", data={"password": WORDS}, may_set=("session",))
        found = re.match(r"session=([^;]+)", answer.headers["set-cookie"])
        assert found
        self._headers = {"cookie": f"session={found[1]}"}

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **data: Any) -> httpx.Response:
        return self.ask("POST", path, data=data)

    def knock(self, method: str, path: str, **headers: str) -> int:
        """The status of a whole path, whatever it shows; pages of operators may show addresses."""
        answer = self._visitor.ask(
            method, path, headers={**self._headers, **headers}, may_show=None, may_set=("session", "__Host-session")
        )
        return int(answer.status_code)

    def ask(self, method: str, path: str, *, may_show: tuple[str, ...] = (), **options: Any) -> httpx.Response:
        return self._visitor.ask(
            method, f"/console{path}", headers=self._headers, may_show=(self.email, *may_show), **options
        )


@pytest.fixture
def operate(visitor: Visitor) -> Callable[..., Desk]:
    """`operate(Role.EDITOR, "bob")`: a signed-in operator."""

    def come(role: Role = Role.OWNER, name: str = "ada") -> Desk:
        return Desk(visitor, role, name)

    return come


@pytest.fixture
def ada(operate: Callable[..., Desk]) -> Desk:
    """The owner."""
    return operate()
