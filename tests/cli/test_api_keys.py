"""`newsletter operators key | keys | revoke`: keys of programs, from the command line."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_a_key_is_printed_once_and_listed_by_its_last_four_characters(house: Run) -> None:
    made = house("operators", "key", "nightly build", "--role", "editor", "--json").document
    assert made["key"].startswith("nl_")
    listed = house("operators", "keys", "--json")
    assert made["key"] not in listed.out
    [one] = listed.document
    assert (one["name"], one["role"], one["used_at"]) == ("nightly build", "editor", None)
    assert made["key"].endswith(one["hint"])
    assert "nl_" in house("operators", "key", "by hand").out
    assert "works" in house("operators", "keys").out


def test_a_revoked_key_stays_in_the_list_and_is_revoked_once(house: Run) -> None:
    house("operators", "key", "old")
    assert "Key 1, old, is revoked." in house("operators", "revoke", "1").out
    assert "revoked 20" in house("operators", "keys").out
    assert "Key 1 is revoked already." in house("operators", "revoke", "1").line
    assert "There is no key 9." in house("operators", "revoke", "9").line


def test_a_key_without_a_name_is_none(house: Run) -> None:
    assert "needs a name" in house("operators", "key", "  ").line
    assert "No keys yet" in house("operators", "keys").out


def test_making_and_revoking_stand_in_the_record(house: Run) -> None:
    house("operators", "key", "nightly")
    house("operators", "revoke", "1")
    deeds = house("operators", "log", "--json").document
    assert [(deed["act"], deed["subject"]) for deed in deeds] == [("revoked a key", "key 1"), ("made a key", "key 1")]
