"""`newsletter operators`: who may come in, from the command line."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_an_invitation_is_a_link_that_works_once(house: Run) -> None:
    told = house("operators", "invite", "ada@example.org", "--role", "editor", "--json").document
    assert told["url"].startswith("http://localhost:8000/console/set-up/")
    assert "lets somebody in as owner" in house("operators", "invite").out


def test_nobody_is_let_in_by_default(house: Run) -> None:
    assert house("operators", "list", "--json").document == []
    assert "Nobody yet" in house("operators", "list").out
    assert "There is no operator eve@example.org." in house("operators", "disable", "eve@example.org").line


def test_what_is_done_here_is_recorded_as_done_here(house: Run) -> None:
    house("operators", "invite", "ada@example.org")
    [deed] = house("operators", "log", "--json").document
    assert (deed["act"], deed["via"]) == ("invited", "command line")
