"""`newsletter config rotate-key`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def keys(folder: Path) -> dict[str, str]:
    with closing(sqlite3.connect(folder / "subscribers.db")) as database:
        return dict(database.execute("SELECT key, value FROM meta WHERE key LIKE '%signing_key%'"))


def test_a_new_key_is_made_and_the_old_one_kept_and_neither_shows(house: Run, tmp_path: Path) -> None:
    before = keys(tmp_path)["signing_key"]
    said = house("config", "rotate-key", "--yes")
    after = keys(tmp_path)
    assert said.code == 0
    assert "Links sent before, those to unsubscribe too, go on working." in said.out
    assert (after["signing_key"] != before, after["old_signing_keys"]) == (True, before)
    assert not [key for key in (before, after["signing_key"]) if key in said.out + said.err]
    assert house("config", "rotate-key", "--yes", "--json").document == {
        "rotated": True,
        "old_links": True,
        "restart": [],
    }


def test_a_key_that_leaked_is_forgotten_on_request(house: Run, tmp_path: Path) -> None:
    said = house("config", "rotate-key", "--forget-old", "--yes")
    assert "stop working" in said.out
    assert keys(tmp_path)["old_signing_keys"] == ""


def test_it_asks_first_and_without_a_word_nothing_changes(house: Run, tmp_path: Path) -> None:
    before = keys(tmp_path)
    assert "Add --yes to say so." in house("config", "rotate-key").usage
    refused = house("config", "rotate-key", "--forget-old", typed="n\n")
    assert refused.code == 1
    assert "those to unsubscribe too, stop working" in refused.out
    assert keys(tmp_path) == before
    assert house("config", "rotate-key", typed="y\n").code == 0
    assert keys(tmp_path) != before


def test_where_the_settings_give_the_key_it_says_how_to_change_it_there(
    house: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "a-very-secret-key-of-the-operator")
    before = keys(tmp_path)
    line = house("config", "rotate-key", "--yes").line
    assert "Move its value to the front of `old_secret_keys`, set a new one, and restart." in line
    assert "a-very-secret" not in line
    assert keys(tmp_path) == before
