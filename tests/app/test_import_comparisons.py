"""Comparisons from files: a source whole or not at all, and twice is the same as once."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.app import import_comparisons as module
from newsletter.app.container import App
from newsletter.app.import_comparisons import (
    ComparisonImport,
    Kind,
    expand_sources,
    import_comparisons,
    needs_archive_answer,
)
from newsletter.comparisons.formats import Parsed
from newsletter.errors import InputError
from newsletter.store.comparisons import Stored

PAGES = Path(__file__).parents[1] / "pages"


def document(left: str = "Alder", right: str = "Birch", **facts: Any) -> dict[str, Any]:
    return {"sides": [{"name": left, "panel": {"share": 75}}, {"name": right}], **facts}


def write(folder: Path, *documents: dict[str, Any], name: str = "week.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(list(documents), indent=1), encoding="utf-8")
    return path


def kinds(done: ComparisonImport) -> list[str]:
    return [str(entry.kind) for entry in done.entries]


def stored(app: App, slug: str) -> Stored:
    found = app.store.comparisons.by_slug(slug)
    assert found is not None
    return found


def test_importing_twice_changes_nothing(app: App, tmp_path: Path) -> None:
    path = write(tmp_path, document(), document("Cedar", "Dogwood"))
    assert needs_archive_answer(app)
    done = import_comparisons(app, [path])
    assert (kinds(done), done.applied) == (["new", "new"], True)
    assert not needs_archive_answer(app)
    before = list(app.store.database.connection.iterdump())
    assert kinds(import_comparisons(app, [path])) == ["unchanged", "unchanged"]
    assert list(app.store.database.connection.iterdump()) == before


def test_new_changed_unchanged_and_rejected_are_counted(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, document(), document("Cedar", "Dogwood"))])
    changed = document()
    changed["sides"][0]["panel"] = {"share": 25}
    done = import_comparisons(app, [write(tmp_path, changed, document("Cedar", "Dogwood"), document("Elm", "Fir"))])
    assert done.counts == {"new": 1, "changed": 1, "unchanged": 1, "rejected": 0}
    found = stored(app, "alder-vs-birch")
    assert found.comparison.labels == {"alder": "Skip"}
    assert [revised.was.labels for revised in app.store.comparisons.revisions(found.id)] == [{"alder": "Ship"}]


def test_a_dry_run_tells_the_same_and_changes_nothing(app: App, tmp_path: Path) -> None:
    path = write(tmp_path, document())
    done = import_comparisons(app, [path, path], dry_run=True)
    assert (kinds(done), done.applied) == (["new", "unchanged"], False)
    assert app.store.comparisons.count() == 0


def test_a_source_with_one_error_applies_nothing_of_it_and_the_others_apply(app: App, tmp_path: Path) -> None:
    bad = write(tmp_path, document(), {"sides": []}, name="bad.json")
    good = write(tmp_path, document("Cedar", "Dogwood"), name="good.json")
    seen: list[Path] = []
    done = import_comparisons(app, [bad, good], progress=seen.append)
    assert seen == [bad, good]
    assert sorted(kinds(done)) == ["new", "rejected", "rejected"]
    whole = next(entry for entry in done.entries if entry.name == "Alder vs Birch")
    assert (whole.reason, whole.source) == ("Not applied: its file has errors.", str(bad))
    assert [entry.line for entry in done.entries[:2]] == sorted(entry.line for entry in done.entries[:2])
    assert [each.comparison.slug for each in app.store.comparisons.all()] == ["cedar-vs-dogwood"]


def test_the_archive_is_kept_but_is_no_candidate_and_undated_ones_take_the_date_given(app: App, tmp_path: Path) -> None:
    path = write(tmp_path, document(), document("Cedar", "Dogwood", published_on="2026-01-02"))
    import_comparisons(app, [path], archived=True, published_on=date(2026, 3, 4))
    assert app.store.comparisons.candidates() == []
    assert stored(app, "alder-vs-birch").comparison.published_on == date(2026, 3, 4)
    assert stored(app, "cedar-vs-dogwood").comparison.published_on == date(2026, 1, 2)


def test_what_a_later_source_does_not_know_stays(app: App, tmp_path: Path) -> None:
    first = document(slug="the-one", published_on="2026-01-02", url="https://example.com/the-one")
    import_comparisons(app, [write(tmp_path, first)])
    done = import_comparisons(app, [write(tmp_path, document())])
    assert kinds(done) == ["unchanged"]
    changed = document()
    changed["sides"][0]["tagline"] = "New words"
    assert kinds(import_comparisons(app, [write(tmp_path, changed)])) == ["changed"]
    found = stored(app, "the-one").comparison
    assert (found.published_on, found.url, found.left.tagline) == (
        date(2026, 1, 2),
        "https://example.com/the-one",
        "New words",
    )


def test_the_same_pair_the_other_way_round_is_the_same_comparison(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, document())])
    turned = document()
    turned["sides"].reverse()
    assert kinds(import_comparisons(app, [write(tmp_path, turned)])) == ["unchanged"]
    assert stored(app, "alder-vs-birch").comparison.left.slug == "alder"


def test_one_comparison_twice_in_a_file_is_rejected_with_the_line_of_the_first(app: App, tmp_path: Path) -> None:
    done = import_comparisons(app, [write(tmp_path, document(), document())])
    assert kinds(done) == ["rejected", "rejected"]
    assert done.entries[1].reason == f"It is the same comparison as in line {done.entries[0].line}."
    assert done.entries[1].fix == "Leave one out, or give them slugs."
    assert app.store.comparisons.count() == 0


def test_a_slug_that_names_another_pair_is_rejected(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, document(slug="the-one"))])
    (entry,) = import_comparisons(app, [write(tmp_path, document("Cedar", "Dogwood", slug="the-one"))]).entries
    assert (entry.kind, entry.reason) == (Kind.REJECTED, "The slug the-one already names Alder vs Birch.")


def test_two_comparisons_of_one_pair_need_slugs_to_be_told_apart(app: App, tmp_path: Path) -> None:
    done = import_comparisons(app, [write(tmp_path, document(slug="spring"), document(slug="autumn"))])
    assert kinds(done) == ["new", "new"]
    (entry,) = import_comparisons(app, [write(tmp_path, document())]).entries
    assert entry.reason == "There are 2 comparisons of these two tools: spring, autumn."
    assert entry.fix == "Give the slug of one."
    assert kinds(import_comparisons(app, [write(tmp_path, document(slug="autumn"))])) == ["unchanged"]


def test_saved_pages_are_read_and_a_cut_one_only_when_asked(app: App, tmp_path: Path) -> None:
    named = PAGES / "named.txt"
    assert kinds(import_comparisons(app, [named, PAGES / "quoted.txt"], dry_run=True)) == ["new", "new"]
    cut = tmp_path / "cut.txt"
    text = named.read_text(encoding="utf-8")
    cut.write_text(text[: len(text) // 2], encoding="utf-8")
    assert kinds(import_comparisons(app, [cut])) == ["rejected"]
    (entry,) = import_comparisons(app, [cut], partial=True).entries
    assert entry.kind is Kind.NEW
    assert entry.reason, "it says what is missing"


def test_what_cannot_be_read_is_rejected_by_name(app: App, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.yaml"
    damaged.write_bytes("sides: [ä,\n".encode() + b"\xe4]")
    empty = tmp_path / "empty.json"
    empty.write_text("[]", encoding="utf-8")
    done = import_comparisons(app, [damaged, empty, tmp_path / "missing.yaml"])
    assert kinds(done) == ["rejected"] * 3
    assert [entry.reason for entry in done.entries] == [
        "The file is UTF-8, but this line is not.",
        "There is no comparison in it.",
        "The file cannot be read: No such file or directory.",
    ]
    assert [entry.line for entry in done.entries] == [2, 1, 1]
    assert all(entry.fix for entry in done.entries)


def test_a_reader_that_finds_neither_comparison_nor_fault_applies_nothing(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "parse_source", lambda text, source, partial: Parsed((), ()))
    (entry,) = import_comparisons(app, [write(tmp_path, document())]).entries
    assert (entry.kind, entry.reason) == (Kind.REJECTED, "There is no comparison in it.")


def test_a_byte_order_mark_does_no_harm(app: App, tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document()).encode())
    assert kinds(import_comparisons(app, [path])) == ["new"]


def test_files_folders_and_patterns_are_expanded_sorted_and_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.json", "a.yaml", "notes.pdf", "deep/c.MD"):
        (tmp_path / name).write_text("", encoding="utf-8")
    names = [path.name for path in expand_sources([str(tmp_path)])]
    assert names == ["a.yaml", "b.json", "c.MD"]
    assert [path.name for path in expand_sources([str(tmp_path / "*.json"), str(tmp_path)])] == [
        "b.json",
        "a.yaml",
        "c.MD",
    ]
    assert expand_sources([str(tmp_path / "notes.pdf")]) == [tmp_path / "notes.pdf"]
    for nothing in ("missing.yaml", "*.toml"):
        with pytest.raises(InputError, match="there is no such file, or none we read in it"):
            expand_sources([str(tmp_path / nothing)])
