"""Reading another database: only reading, and every fault in one line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.errors import InputError
from newsletter.store import sources
from newsletter.store.sources import read_database


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other's data?.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('CREATE TABLE "the ""tools""" (name TEXT, score REAL, half REAL, picture BLOB)')
        database.execute("""INSERT INTO "the ""tools\""" VALUES ('Alder', 84.0, 0.5, NULL), (NULL, NULL, 7, NULL)""")
        database.execute("""CREATE VIEW seen AS SELECT name FROM "the ""tools\""" """)
    return path


def test_cells_come_as_text_nothing_as_empty_and_whole_numbers_whole(other: Path) -> None:
    header, rows = read_database(other, table='the "tools"')
    assert header == ["name", "score", "half", "picture"]
    assert rows == [(1, ["Alder", "84", "0.5", ""]), (2, ["", "", "7", ""])]


def test_a_view_and_a_query_are_read_too(other: Path) -> None:
    assert read_database(other, table="seen")[1] == [(1, ["Alder"]), (2, [""])]
    assert read_database(other, query="SELECT upper(name) AS big FROM seen WHERE name NOT NULL") == (
        ["big"],
        [(1, ["ALDER"])],
    )


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM seen",
        "CREATE TABLE mine (x)",
        "ATTACH 'elsewhere.db' AS elsewhere",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "",
    ],
)
def test_a_query_that_does_more_than_read_is_refused_and_changes_nothing(
    other: Path, query: str, tmp_path: Path
) -> None:
    before = other.read_bytes()
    with pytest.raises(InputError, match="other's data"):
        read_database(other, query=query or "-- nothing")
    assert other.read_bytes() == before
    assert not (tmp_path / "elsewhere.db").exists()


def test_an_unknown_table_is_told_which_there_are(other: Path) -> None:
    with pytest.raises(InputError, match=r'has no table tool\. It has: the "tools", seen'):
        read_database(other, table="tool")


def test_what_is_no_database_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is a text, and no database at all.")
    with pytest.raises(InputError, match="cannot be read: file is not a database"):
        read_database(tmp_path / "text.db", table="tools")
    with pytest.raises(InputError, match="There is no database"):
        read_database(tmp_path / "nowhere.db", table="tools")
    assert not (tmp_path / "nowhere.db").exists()


def test_bytes_are_no_text(other: Path) -> None:
    with pytest.raises(InputError, match="row 1: there are bytes"):
        read_database(other, query="SELECT x'00ff' AS picture")


def test_a_query_without_an_end_is_cut_off(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_SECONDS", 0.2)
    with pytest.raises(InputError, match="interrupted"):
        read_database(
            other, query="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        )
    monkeypatch.setattr(sources, "MOST_ROWS", 10)
    with pytest.raises(InputError, match="more than 10 rows"):
        read_database(other, query="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")
