"""`newsletter comparisons …` and `newsletter subscribers …`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from newsletter.sample import sample_path
from tests.cli.conftest import Run, newest_mail

SAMPLE = sample_path("comparisons.yaml")
PAIR = "slug: here-vs-there\nsides: [{name: Here}, {name: There}]\n"


def test_the_first_import_must_be_told_whether_it_is_the_archive_or_new(house: Run) -> None:
    usage = house("comparisons", "import", SAMPLE).usage
    assert "--archive" in usage
    assert "--new" in usage
    assert house("comparisons", "list", "--json").document == []


def test_the_first_import_asks_a_person(house: Run, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(PAIR, "utf-8")
    said = house("comparisons", "import", "one.yaml", typed="archive\n")
    assert said.code == 0, said
    assert house("comparisons", "list", "--json").document[0]["archived"] is True


def test_a_dry_run_tells_what_would_be_new_and_changes_nothing(house: Run) -> None:
    told = house("comparisons", "import", SAMPLE, "--new", "--dry-run", "--json").document
    assert told["applied"] is False
    assert told["counts"]["new"] >= 8
    assert house("comparisons", "list", "--json").document == []


def test_comparisons_go_out_as_a_table_and_come_in_again(house: Run, tmp_path: Path) -> None:
    house("comparisons", "import", SAMPLE, "--new")
    for name in ("all.csv", "all.tsv", "all.json"):
        assert house("comparisons", "export", name).code == 0
        counts = house("comparisons", "import", name, "--json").document["counts"]
        assert (counts["changed"], counts["new"], counts["rejected"]) == (0, 0, 0)
    lines = (tmp_path / "all.tsv").read_bytes().split(b"\r\n")
    assert lines[0].startswith(b"slug\tpublished_on\t")
    assert house("comparisons", "export", "--format", "csv").out.startswith("slug,published_on,")
    assert "leave out --format" in house("comparisons", "export", "--format", "csv", "--json").usage


def test_an_export_that_cannot_be_written_leaves_the_file_that_was_there(
    house: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    house("comparisons", "import", SAMPLE, "--new")
    (tmp_path / "all.yaml").write_text("what was there", "utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    with monkeypatch.context() as broken:
        broken.setattr("newsletter.app.whole_file.os.fsync", full)
        said = house("comparisons", "export", "all.yaml")
    assert said.code == 1
    assert "all.yaml cannot be written: No space left on device" in said.line
    assert (tmp_path / "all.yaml").read_text("utf-8") == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_what_is_wrong_in_a_table_is_told_by_line_and_column_and_counted(house: Run, tmp_path: Path) -> None:
    rows = ["left.name,right.name,left.panel.share", "A,B,75", "C,,", "D,,", "E,F,often"]
    (tmp_path / "week.csv").write_text("\n".join(rows), "utf-16")
    said = house("comparisons", "import", "week.csv", "--new")
    assert said.code == 1
    drawn = " ".join(said.out.split())
    assert "Column `right.name`: `name` is missing. Give the name of the tool. (week.csv, line 3)" in drawn
    assert "2 times: Column `right.name`: `name` is missing. Give the name of the tool." in drawn
    assert "Column `left.panel.share`: `share` is not a whole number from 0 to 100." in drawn
    assert house("comparisons", "list", "--json").document == []


def test_importing_twice_changes_nothing(house: Run) -> None:
    first = house("comparisons", "import", SAMPLE, "--new", "--json").document["counts"]
    again = house("comparisons", "import", SAMPLE, "--json").document["counts"]
    assert again == {"new": 0, "changed": 0, "unchanged": first["new"], "rejected": 0}
    assert "Imported" in house("comparisons", "import", SAMPLE).out


def test_a_rejected_file_exits_1_with_file_line_and_reason(house: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("sides:\n  - name: Here\n    colour: red\n  - name: There\n", "utf-8")
    said = house("comparisons", "import", "bad.yaml", "--new", "--json")
    assert said.code == 1
    (entry,) = json.loads(said.out)["entries"]
    assert (entry["kind"], entry["source"], entry["line"]) == ("rejected", "bad.yaml", 3)
    assert "colour" in entry["reason"]
    drawn = house("comparisons", "import", "bad.yaml", "--new")
    assert drawn.code == 1
    assert "rejected" in drawn.out
    assert "bad.yaml, line 3" in drawn.out


def test_importing_what_is_not_there_is_refused(house: Run) -> None:
    assert (
        "gone.yaml: there is no such file, or none we read in it."
        in house("comparisons", "import", "gone.yaml", "--new").line
    )
    assert "SOURCES" in house("comparisons", "import").usage


def test_a_comparison_is_found_shown_and_exported_as_a_document_that_imports_again(week: Run, tmp_path: Path) -> None:
    listed = week("comparisons", "list", "--json").document
    slug = listed[0]["slug"]
    assert [found["slug"] for found in week("comparisons", "list", "--search", slug, "--json").document] == [slug]
    shown = week("comparisons", "show", slug, "--json").document
    schema = week("comparisons", "schema").document
    jsonschema.validate(shown, schema)
    assert yaml.safe_load(week("comparisons", "show", slug).out)["slug"] == slug
    exported = week("comparisons", "export", "--json").document
    assert len(exported) == len(listed)
    assert week("comparisons", "export", "all.yaml", "--json").document == {
        "file": "all.yaml",
        "comparisons": len(listed),
    }
    assert week("comparisons", "import", "all.yaml", "--json").document["counts"]["unchanged"] == len(listed)
    assert len(week("comparisons", "export", "all.json").out.splitlines()) == 1
    assert len(json.loads((tmp_path / "all.json").read_text("utf-8"))) == len(listed)


def test_the_list_names_each_verdict_and_an_empty_one_says_what_to_do(house: Run) -> None:
    assert "newsletter comparisons import" in house("comparisons", "list").out
    house("comparisons", "import", SAMPLE, "--new")
    assert " / " in house("comparisons", "list").out


def test_a_comparison_that_is_not_there_is_refused(house: Run) -> None:
    assert (
        "There is no comparison nobody-vs-nothing. See `newsletter comparisons list`."
        in house("comparisons", "show", "nobody-vs-nothing", "--json").line
    )


def test_an_earlier_version_is_shown_with_who_and_when_and_restored(house: Run, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("sides: [{name: Kestrel, tagline: First}, {name: Plumbline}]\n")
    house("comparisons", "import", "one.yaml", "--new")
    slug = "kestrel-vs-plumbline"
    assert "version 1, first seen" in house("comparisons", "show", slug).out
    (tmp_path / "two.yaml").write_text("sides: [{name: Kestrel, tagline: '[Second]'}, {name: Plumbline}]\n")
    house("comparisons", "edit", slug, "--file", "two.yaml")
    shown = house("comparisons", "show", slug).out
    assert re.search(r"# version 2, \d{4}-\d\d-\d\d \d\d:\d\d UTC by command line\n", shown)
    assert "#   Kestrel: tagline: First → [Second]\n" in shown
    (tmp_path / "shown.yaml").write_text(shown)
    assert house("comparisons", "import", "shown.yaml", "--json").document["counts"]["unchanged"] == 1
    [version] = house("comparisons", "show", slug, "--history", "--json").document["history"]
    assert (version["number"], version["by"]) == (2, "command line")
    change = {"field": "Kestrel: tagline", "before": "[Second]", "after": "First"}
    tried = house("comparisons", "restore", slug, "--revision", "1", "--dry-run", "--json").document
    assert tried == {"slug": slug, "applied": False, "changes": [change]}
    assert "Saved." in house("comparisons", "restore", slug, "--revision", "1").out
    assert "it says that already" in house("comparisons", "restore", slug, "--revision", "1").out
    assert "has no version 9. It has 1 to 3" in house("comparisons", "restore", slug, "--revision", "9").line
    assert "--revision" in house("comparisons", "restore", slug).usage


def test_a_subscriber_with_evidence_is_active_and_without_is_sent_a_confirmation(house: Run, tmp_path: Path) -> None:
    added = house("subscribers", "add", "ada@example.com", "--consent", "told us at a fair", "--json").document
    assert added == {"email": "ada@example.com", "status": "active", "confirmation_sent": False}
    asked = house("subscribers", "add", "bob@example.com", "--json").document
    assert asked == {"email": "bob@example.com", "status": "pending", "confirmation_sent": True}
    assert "http://localhost:8000/confirm/" in newest_mail(tmp_path / "outbox")
    assert "nothing is sent twice within 24 hours" in house("subscribers", "add", "bob@example.com").out


def test_an_address_that_is_none_is_refused(house: Run) -> None:
    assert "ada@" in house("subscribers", "add", "ada@", "--json").line
    assert "EMAIL" in house("subscribers", "add").usage


def test_a_confirmation_that_the_provider_does_not_take_is_told(house: Run, tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder would be", "utf-8")
    line = house("subscribers", "add", "bob@example.com", "--json").line
    assert "not accepted by outbox" in line


def test_the_bad_rows_of_a_csv_go_to_a_file_and_the_rest_comes_in(house: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Name,E-Mail\nAda,ada@example.com\nBob,bob@@example\nEve,eve@example.com\n")
    dry = house("subscribers", "import", "people.csv", "--consent", "Form, 2025", "--dry-run", "--json")
    assert (dry.code, json.loads(dry.out)["counts"]["new"]) == (1, 2)
    assert house("subscribers", "list", "--json").document["subscribers"] == []
    assert (tmp_path / "people.rejects.csv").exists()
    said = house("subscribers", "import", "people.csv", "--consent", "Form, 2025", "--json")
    told = json.loads(said.out)
    assert (said.code, told["applied"], told["rejects"][0]["line"]) == (1, True, 3)
    with (tmp_path / "people.rejects.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 2
    assert house("subscribers", "list", "--json").document["counts"]["active"] == 2
    assert "line 3:" in house("subscribers", "import", "people.csv", "--consent", "Form, 2025", "--again").out


def test_a_good_csv_exits_0(house: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\nada@example.com\n")
    told = house("subscribers", "import", "people.csv", "--consent", "Form", "--json").document
    assert (told["counts"]["new"], told["rejects_file"]) == (1, None)
    assert "people.csv" in house("subscribers", "import", "nowhere/people.csv", "--consent", "Form").usage


def test_subscribers_are_listed_shown_and_exported(week: Run, tmp_path: Path) -> None:
    assert len(week("subscribers", "list", "--status", "active", "--json").document["subscribers"]) == 3
    assert len(week("subscribers", "list", "--search", "ada", "--limit", "1", "--json").document["subscribers"]) == 1
    assert "3 active" in week("subscribers", "list").out
    shown = week("subscribers", "show", "ada@example.com", "--json").document
    assert shown["consents"][0]["text"] == "told us"
    assert "told us" in week("subscribers", "show", "ADA@example.com").out
    assert len(week("subscribers", "export", "--json").document) == 3
    assert week("subscribers", "export").out.splitlines()[1].startswith("ada@example.com,active,")
    assert week("subscribers", "export", "people.csv", "--json").document["subscribers"] == 3
    assert (tmp_path / "people.csv").read_text("utf-8").count("@example.com") == 3
    assert "There is no subscriber zoe@example.com." in week("subscribers", "show", "zoe@example.com", "--json").line
    assert "'lost' is not one of" in week("subscribers", "list", "--status", "lost").usage


def test_erasing_asks_first_and_cannot_be_undone_by_adding_again(week: Run) -> None:
    assert "Add --yes" in week("subscribers", "erase", "ada@example.com", "--json").usage
    stopped = week("subscribers", "erase", "ada@example.com", typed="n\n")
    assert stopped.code == 1
    assert "Stopped." in stopped.err
    assert week("subscribers", "show", "ada@example.com", "--json").code == 0
    assert week("subscribers", "erase", "ada@example.com", "--yes", "--json").document["erased"] is True
    assert "suppressed (erased)" in week("subscribers", "add", "ada@example.com", "--consent", "again").line
    assert "There is no subscriber" in week("subscribers", "erase", "ada@example.com", "--yes").line


def test_an_edit_is_tried_then_made_and_the_record_tells_it(week: Run, tmp_path: Path) -> None:
    slug = week("comparisons", "list", "--json").document[0]["slug"]
    document = week("comparisons", "show", slug, "--json").document
    document["sides"][0]["tagline"] = "Said anew"
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(document), "utf-8")
    edit = ("comparisons", "edit", slug, "--file", "one.yaml")
    tried = week(*edit, "--dry-run", "--json").document
    assert (tried["applied"], [change["after"] for change in tried["changes"]]) == (False, ["Said anew"])
    assert "Dry run, nothing changed." in week(*edit, "--dry-run").out
    assert "+ Said anew" in week(*edit).out
    assert week("comparisons", "show", slug, "--json").document["sides"][0]["tagline"] == "Said anew"
    assert "it says that already" in week(*edit).out
    deeds = week("operators", "log", "--subject", f"comparison {slug}", "--json").document
    assert [(deed["act"], deed["subject"], deed["via"]) for deed in deeds] == [
        ("edited it", f"comparison {slug}", "command line")
    ]


def test_a_document_with_errors_edits_nothing_and_names_the_line(week: Run, tmp_path: Path) -> None:
    slug = week("comparisons", "list", "--json").document[0]["slug"]
    (tmp_path / "one.yaml").write_text("sides:\n  - {name: Here, colour: red}\n  - {name: There}\n", "utf-8")
    for flags in ((), ("--dry-run",)):
        assert "Line 2: " in week("comparisons", "edit", slug, "--file", "one.yaml", *flags).line


def test_a_comparison_is_dated_and_put_away_and_taken_out(week: Run) -> None:
    slug = week("comparisons", "list", "--json").document[0]["slug"]
    assert week("comparisons", "publish", slug, "--on", "2027-01-05", "--json").document["changed"] is True
    assert week("comparisons", "publish", slug, "--on", "2027-01-05", "--json").document["changed"] is False
    assert week("comparisons", "archive", slug, "--json").document == {"slug": slug, "archived": True, "changed": True}
    found = {one["slug"]: one for one in week("comparisons", "list", "--json").document}[slug]
    assert (found["archived"], found["published_on"]) == (True, "2027-01-05")
    assert "is not of the archive" in week("comparisons", "unarchive", slug).out
    assert "There is no comparison" in week("comparisons", "archive", "nothing").line
    assert len(week("operators", "log", "--subject", f"comparison {slug}", "--json").document) == 3
