"""Comparisons and their import and export, by calls."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.comparisons.formats import dump_csv, dump_yaml, to_document
from tests.rendering.week import full_week
from tests.web.operator.conftest import Program, is_problem


def test_comparisons_go_in_and_come_out_again(program: Program) -> None:
    documents = [to_document(item.comparison) for item in full_week()]
    tried = program.post("/imports/comparisons?dry_run=true", {"documents": documents, "archive": False}).json()
    assert (tried["applied"], tried["counts"]["new"]) == (False, len(documents))
    assert program.get("/exports/comparisons")["documents"] == []
    yaml = dump_yaml([item.comparison for item in full_week()])
    body = {"text": yaml, "format": "yaml", "archive": False}
    assert program.post("/imports/comparisons", body).json()["counts"]["new"] == len(documents)
    again = program.get("/exports/comparisons")["documents"]
    assert sorted(one["slug"] for one in again) == sorted(one["slug"] for one in documents)
    done = program.post("/imports/comparisons", {"documents": again, "archive": False}).json()
    assert done["counts"] == {"new": 0, "changed": 0, "unchanged": len(documents), "rejected": 0}
    assert is_problem(program.post("/imports/comparisons", {"archive": False}), 422)
    drafted = program.post("/issues", {})
    assert drafted.status_code == 201
    assert program.get("/log")["log"][0]["subject"] == f"issue {drafted.json()['key']}"


def test_a_table_goes_in_as_text(program: Program) -> None:
    table = dump_csv([item.comparison for item in full_week()])
    done = program.post("/imports/comparisons", {"text": table, "format": "csv", "archive": False}).json()
    assert (done["counts"]["new"], done["entries"][0]["line"]) == (len(full_week()), 2)


@pytest.fixture
def document(program: Program) -> dict[str, Any]:
    """Of the first comparison of a week that is imported."""
    documents = [to_document(item.comparison) for item in full_week()]
    program.post("/imports/comparisons", {"documents": documents, "archive": False})
    return documents[0]


def test_a_comparison_is_changed_dated_and_put_away(program: Program, app: App, document: dict[str, Any]) -> None:
    left, right = document["sides"]
    changed = document | {"sides": [left | {"tagline": "Läufer 🏃: the “quiet” one"}, right]}
    path = f"/comparisons/{document['slug']}"
    seen = program.get(f"{path}/document")["seen"]
    done = program.ask("PATCH", path, {"document": changed, "seen": seen}).json()
    [change] = done["changes"]
    assert (change["before"], change["after"]) == (left["tagline"], "Läufer 🏃: the “quiet” one")
    assert program.ask("PATCH", path, {"document": changed, "seen": done["seen"]}).json()["changed"] is False
    assert program.ask("PATCH", path, {"published_on": "2026-12-24", "archived": True}).json()["changed"] is True
    stored = app.store.comparisons.by_slug(document["slug"])
    assert stored is not None
    assert (str(stored.comparison.published_on), stored.archived) == ("2026-12-24", True)
    other = {"document": to_document(full_week()[1].comparison), "archived": False, "seen": stored.content_sha256}
    assert is_problem(program.ask("PATCH", path, other), 422)
    again = app.store.comparisons.by_slug(document["slug"])
    assert again is not None
    assert again.archived
    assert is_problem(program.ask("PATCH", "/comparisons/none-of-ours", {"archived": True}), 404)
    assert is_problem(program.ask("GET", "/comparisons/none-of-ours/document"), 404)


def test_what_a_program_has_not_seen_it_does_not_overwrite(
    program: Program, app: App, document: dict[str, Any]
) -> None:
    path = f"/comparisons/{document['slug']}"
    looked = program.ask("GET", f"{path}/document")
    tag, inside = looked.headers["etag"], looked.json()
    assert (tag, inside["document"]) == (f'"{inside["seen"]}"', document)
    left, right = document["sides"]
    mine = {"document": document | {"sides": [left | {"tagline": "Mine."}, right]}}
    assert is_problem(program.ask("PATCH", path, mine), 428)
    for wrong in ("*", f"W/{tag}", f'{tag}, "00"', "nonsense"):
        assert is_problem(program.ask("PATCH", path, mine, if_match=wrong), 422), wrong
    assert is_problem(program.ask("PATCH", path, {**mine, "seen": "0" * 64}, if_match=tag), 422)
    done = program.ask("PATCH", path, mine, if_match=tag)
    assert (done.status_code, done.headers["etag"] != tag) == (200, True)
    theirs = {"document": document | {"sides": [left | {"tagline": "Theirs."}, right]}, "archived": True}
    late = program.ask("PATCH", path, theirs, if_match=tag)
    assert is_problem(late, 412)
    assert "Somebody changed" in late.json()["detail"]
    assert is_problem(program.ask("PATCH", path, {**theirs, "seen": inside["seen"]}), 409)
    assert is_problem(program.ask("PATCH", path, {"archived": True}, if_match=tag), 412)
    now = program.get(f"{path}/document")
    assert (now["document"]["sides"][0]["tagline"], now["archived"]) == ("Mine.", False)
    assert program.ask("PATCH", path, theirs, if_match=done.headers["etag"]).status_code == 200


def test_what_an_address_takes_is_told_where_it_is_asked_for_something_else(program: Program, key: str) -> None:
    refused = program.ask("PUT", f"/issues/{key}")
    assert is_problem(refused, 405)
    assert refused.headers["allow"] == "GET, PATCH"


def test_an_earlier_version_is_told_with_who_and_restored_after_a_look(program: Program, app: App) -> None:
    document = to_document(full_week()[0].comparison)
    path, (left, right) = f"/comparisons/{document['slug']}", document["sides"]
    for tagline in (left["tagline"], "Another", "Newest"):
        sides = [left | {"tagline": tagline}, right]
        program.post("/imports/comparisons", {"documents": [document | {"sides": sides}], "archive": False})
    told = program.get(f"{path}/versions")
    version = told["versions"][1]
    change = {"field": f"{left['name']}: tagline", "before": left["tagline"], "after": "Another"}
    assert (version["number"], version["by"], version["changes"]) == (2, "nightly", [change])
    back, tag = {"revision": 1}, f'"{told["seen"]}"'
    tried = program.post(f"{path}/restore?dry_run=true", back).json()
    assert (tried["changed"], tried["changes"][0]["after"]) == (False, left["tagline"])
    assert program.get(f"{path}/versions") == told
    assert is_problem(program.post(f"{path}/restore", back), 428)
    program.post("/imports/comparisons", {"documents": [document], "archive": False})
    assert is_problem(program.ask("POST", f"{path}/restore", back, if_match=tag), 412)
    assert is_problem(program.post(f"{path}/restore", {**back, "seen": told["seen"]}), 409)
    tag = program.ask("GET", f"{path}/versions").headers["etag"]
    done = program.ask("POST", f"{path}/restore", {"revision": 2}, if_match=tag)
    assert (done.json()["changed"], done.headers["etag"] == tag) == (True, False)
    assert app.store.comparisons.all()[0].comparison.left.tagline == "Another"
    assert program.get("/log")["log"][0]["act"] == "restored version 2"
    assert is_problem(program.post(f"{path}/restore", {"revision": 9, "seen": done.json()["seen"]}), 404)
    assert is_problem(program.post(f"{path}/restore", {"revision": "1"}), 422)
