"""`newsletter store …` and `newsletter subscribers export`, as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def people(house: Run) -> Run:
    for name in ("ada", "bob", "=eve"):
        assert house("subscribers", "add", f"{name}@example.com", "--consent=told us").code == 0
    assert house("subscribers", "unsubscribe", "bob@example.com").code == 0
    return house


def _elsewhere(folder: Path) -> None:
    """Another machine: the same settings, no database yet."""
    (folder / "subscribers.db").rename(folder / "old.db")


def test_a_whole_store_moves_to_another_machine(people: Run, tmp_path: Path) -> None:
    told = people("store", "export", "all.ndjson")
    assert "in all.ndjson. It holds every address and the keys of this newsletter" in told.out
    assert "is not empty. It has rows: subscriber 3." in people("store", "import", "all.ndjson").line
    _elsewhere(tmp_path)
    assert "Dry run, nothing kept: all" in people("store", "import", "all.ndjson", "--dry-run").out
    assert people("subscribers", "list", "--json").document["subscribers"] == []
    done = people("store", "import", "all.ndjson", "--json").document
    assert (done["applied"], done["tables"]["subscriber"]) == (True, 3)
    assert people("subscribers", "list", "--json").document["counts"]["active"] == 2
    assert "imported a whole store" in people("operators", "log").out


def test_a_file_that_was_cut_off_is_refused_in_one_line(people: Run, tmp_path: Path) -> None:
    people("store", "export", "all.ndjson")
    whole = (tmp_path / "all.ndjson").read_bytes()
    (tmp_path / "all.ndjson").write_bytes(whole[: len(whole) // 2])
    _elsewhere(tmp_path)
    assert "Nothing was imported" in people("store", "import", "all.ndjson").line
    assert people("store", "import", "none.ndjson").code == 2


def test_the_list_for_another_product_is_told_and_written_in_two(people: Run, tmp_path: Path) -> None:
    people("subscribers", "add", "pending@example.com")
    people("suppressions", "add", "stranger@example.com", "--reason", "asked by telephone")
    told = people("subscribers", "export", "list.csv", "--for", "listmonk")
    assert "2 subscribers are in list.csv." in told.out
    assert "1 who left or is suppressed: list.unsubscribed.csv. Import it there in the mode Blocklist" in told.out
    assert "1 pending is left out: not confirmed yet." in told.out
    assert told.err.startswith("1 more suppressed address is known by a keyed hash alone")
    assert "bob@example.com" in (tmp_path / "list.unsubscribed.csv").read_text("utf-8")
    printed = people("subscribers", "export", "--for", "buttondown")
    assert "bob@example.com" not in printed.out
    assert "name a FILE to get them" in printed.err


def test_our_list_is_printed_as_one_document_or_as_lines(people: Run, tmp_path: Path) -> None:
    assert [one["email"] for one in people("subscribers", "export", "--json").document] == [
        "ada@example.com",
        "bob@example.com",
        "=eve@example.com",
    ]
    lines = people("subscribers", "export", "--format", "ndjson").out.splitlines()
    assert json.loads(lines[2])["email"] == "=eve@example.com"
    done = people("subscribers", "export", "list.ndjson", "--format", "ndjson", "--json").document
    assert (done["subscribers"], done["unsubscribed_file"], done["without_address"]) == (3, None, 0)
    assert (
        "the others import CSV alone" in people("subscribers", "export", "--for", "ghost", "--format", "ndjson").usage
    )
    assert "name a FILE" in people("subscribers", "export", "--for", "ghost", "--json").usage
    assert "no/list.csv cannot be written" in people("subscribers", "export", "no/list.csv").line
    _elsewhere(tmp_path)
    assert people("subscribers", "export", "--json").document == []
