"""`newsletter comparisons import` from a database and from an address, with the columns named."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

COLUMNS = ["--column", "left.name=a", "--column", "right.name=b", "--column", "left.panel.share=s"]


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE matches (a TEXT, b TEXT, s REAL)")
        other.execute("INSERT INTO matches VALUES ('Aspen', 'Birch', 75.0), ('Cedar', 'Dogwood', 250)")
    return str(path)


def test_a_database_is_read_with_the_columns_that_are_named(run: Run, shop: str) -> None:
    how = ["comparisons", "import", shop, *COLUMNS, "--new", "--json"]
    whole = run(*how, "--table", "matches")
    assert whole.code == 1
    assert "Column `s`" in json.loads(whole.out)["entries"][1]["reason"]
    tried = run(*how, "--query", "SELECT * FROM matches WHERE s <= 100", "--dry-run")
    assert json.loads(tried.out)["counts"]["new"] == 1
    done = run(*how, "--query", "SELECT * FROM matches WHERE s <= 100")
    assert (done.code, json.loads(done.out)["applied"]) == (0, True)
    assert "aspen-vs-birch" in run("comparisons", "list").out


def test_a_database_without_a_table_and_a_column_that_is_no_pair_are_told(run: Run, shop: str) -> None:
    asked = run("comparisons", "import", shop, "--new")
    assert (asked.code, "--table NAME or --query SQL" in asked.err) == (1, True)
    pair = run("comparisons", "import", shop, "--new", "--table", "matches", "--column", "left.name")
    assert (pair.code, "is not like left.name=tool_a" in pair.err) == (2, True)


def test_an_address_in_this_network_is_refused_before_anything_is_asked_of_it(run: Run) -> None:
    refused = run("comparisons", "import", "https://127.0.0.1/feed.json", "--new")
    assert refused.code == 1
    assert "no address of the public internet" in refused.err
    assert "This may pass" not in refused.err


def test_a_file_that_was_imported_before_is_recognised_whatever_it_is_called(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    for path in (first, second):
        path.write_text('[{"sides": [{"name": "Alder"}, {"name": "Birch"}]}]')
    assert "was imported on" not in run("comparisons", "import", str(first), "--new").out
    again = run("comparisons", "import", str(second), "--dry-run").out
    assert "b.json: This file was imported on" in again
    assert "a.json" in again
