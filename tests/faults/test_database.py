"""When the database cannot do what it is asked: one clear line, exit code 1, and nothing half written."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import newsletter.store.sqlite
from newsletter.app.import_subscribers import import_subscribers
from newsletter.bootstrap import build_app
from newsletter.cli.main import main
from newsletter.errors import StoreError
from newsletter.settings import load

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("issues", "list")` in a folder with a newsletter: exit code and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text('sender = "verdicts@example.com"\n', "utf-8")
    build_app(load()).close()

    def call(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["newsletter", *words])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, capsys.readouterr().err

    return call


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Another process, in the middle of a long write."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_database_that_stays_locked_is_one_line_that_says_it_may_pass(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsletter.store.sqlite, "_BUSY_MS", 50)
    with held(tmp_path / "subscribers.db"):
        code, err = run("subscribers", "add", "ada@example.com", "--consent", "told us")
    assert code == 1
    assert err == (
        "Error: subscribers.db: another process keeps the database busy. Try again; see which other process uses the"
        " file. This may pass: try again.\n"
    )
    assert run("subscribers", "add", "ada@example.com", "--consent", "told us")[0] == 0


def test_a_full_disk_is_one_line_and_nothing_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text("", "utf-8")
    app = build_app(load(tmp_path / "newsletter.toml"))
    people = tmp_path / "people.csv"
    people.write_text("email\n" + "\n".join(f"reader{number}@example.com" for number in range(5000)), "utf-8")
    database = app.store.database
    database.connection.execute(f"PRAGMA max_page_count = {database.value('PRAGMA page_count') + 5}")
    with pytest.raises(StoreError, match=r"the disk is full; nothing was half written\. Free some space"):
        import_subscribers(app, people, "Form on example.com", dry_run=False)
    assert app.store.subscribers.counts()["active"] == 0
    database.connection.execute("PRAGMA max_page_count = 1000000")
    assert import_subscribers(app, people, "Form on example.com", dry_run=False).counts["new"] == 5000
    app.close()


def test_a_database_in_a_folder_that_does_not_exist_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text('database = "nowhere/subscribers.db"\n', "utf-8")
    code, err = run("issues", "list")
    assert (code, err.count("\n")) == (1, 1)
    assert "nowhere/subscribers.db: the file cannot be opened. See that its folder exists" in err


def test_a_file_that_is_no_database_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"Dear diary, this is text and no database at all.\n" * 100)
    (tmp_path / "newsletter.toml").write_text('database = "notes.db"\n', "utf-8")
    code, err = run("issues", "list")
    assert (code, err.count("\n")) == (1, 1), err
    assert "notes.db: " in err


def test_a_folder_in_the_place_of_the_database_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "subscribers.db").rename(tmp_path / "kept.db")
    (tmp_path / "subscribers.db").mkdir()
    code, err = run("issues", "list")
    assert (code, err.count("\n")) == (1, 1), err


def test_a_backup_into_a_folder_that_does_not_exist_is_one_line(run: Run, tmp_path: Path) -> None:
    code, err = run("backup", str(tmp_path / "nowhere" / "copy.db"))
    assert (code, err.count("\n")) == (1, 1), err
    assert not (tmp_path / "nowhere").exists()
