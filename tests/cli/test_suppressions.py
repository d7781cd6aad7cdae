"""`newsletter suppressions`, and what is done for one person on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import INIT, Run


@pytest.fixture
def house(run: Run) -> Run:
    """Set up, with one reader."""
    assert run(*INIT).code == 0
    assert run("subscribers", "add", "lena@example.com", "--consent=at a fair").code == 0
    return run


def test_an_address_is_suppressed_with_a_reason_listed_and_lifted(house: Run) -> None:
    added = house("suppressions", "add", "lena@example.com", "--reason", "asked us", "--json").document
    assert (added["reason"], added["words"], added["email"]) == ("operator", "asked us", "lena@example.com")
    told = house("suppressions", "list").out
    assert "asked us" in told
    assert "0 hard_bounce, 0 complaint, 0 erased, 1 operator." in told
    assert house("suppressions", "lift", added["key"]).out == "lena@example.com may be mailed again.\n"
    assert house("suppressions", "list", "--json").document["suppressions"] == []
    assert "lifted" in house("operators", "log").out


def test_an_erasure_is_not_lifted_and_says_why(house: Run) -> None:
    assert house("subscribers", "erase", "lena@example.com", "--yes").code == 0
    assert "the promise never to mail them again" in house("suppressions", "lift", "lena@example.com").line


def test_a_suppression_without_a_reason_is_refused(house: Run) -> None:
    assert "--reason" in house("suppressions", "add", "lena@example.com").usage
    assert "Say why" in house("suppressions", "add", "lena@example.com", "--reason", " ").line


def test_a_person_is_paused_and_unsubscribed_on_request(house: Run) -> None:
    assert house("subscribers", "pause", "lena@example.com", "--weeks", "8", "--json").document["paused_until"]
    assert house("subscribers", "pause", "lena@example.com", "--weeks", "0", "--json").document["paused_until"] is None
    assert house("subscribers", "unsubscribe", "lena@example.com", "--json").document["status"] == "unsubscribed"
    assert "nothing to unsubscribe" in house("subscribers", "unsubscribe", "lena@example.com").line
    log = house("operators", "log").out
    assert "paused them for 8 weeks" in log
    assert "unsubscribed them on request" in log


def test_only_who_is_pending_is_asked_again_and_within_the_limits(house: Run) -> None:
    assert "Only who is pending" in house("subscribers", "resend", "lena@example.com").line
    assert house("subscribers", "add", "omar@example.com").code == 0
    assert "within the last 24 hours" in house("subscribers", "resend", "omar@example.com").line


def test_the_export_is_safe_in_a_spreadsheet(house: Run) -> None:
    assert house("subscribers", "add", "=cmd@example.com", "--consent=at a fair").code == 0
    lines = house("subscribers", "export").out.splitlines()
    assert lines[0].startswith("email,status,created_at,confirmed_at,unsubscribed_at,")
    assert [line.partition(",")[0] for line in lines[1:]] == ["lena@example.com", "'=cmd@example.com"]


def test_a_day_later_who_is_pending_is_asked_again_at_once(house: Run, tmp_path: Path) -> None:
    assert house("subscribers", "add", "omar@example.com").code == 0
    with closing(sqlite3.connect(tmp_path / "subscribers.db")) as database, database:
        database.execute("UPDATE subscriber SET confirmation_at = '2026-01-01T08:00:00.000000+00:00'")
    told = house("subscribers", "resend", "omar@example.com")
    assert told.out == "Done: asked them to confirm again. omar@example.com is pending.\n"
    mails = house("subscribers", "show", "omar@example.com", "--json").document["mails"]
    assert [(mail["kind"], mail["status"]) for mail in mails] == [("confirmation", "accepted")] * 2
