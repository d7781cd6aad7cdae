"""`newsletter subscribers import`: the plan in a table, a question where readers would be stopped, exit codes."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

MAILCHIMP = "Email Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,TAGS\n"
BEEHIIV = "email,status,tier,created_at\n"


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_without_proof_they_are_flagged_and_the_way_out_is_named(house: Run, tmp_path: Path) -> None:
    name = write(tmp_path, "people.csv", "email\nada@example.org\n")
    said = house("subscribers", "import", name)
    assert said.code == 0
    assert "      1  flagged  bring no proof of consent" in said.out
    assert "(--consent), or have them asked by mail (--reconfirm)" in said.out
    assert "line 2: ada@example.org No proof of consent: kept as pending, and not mailed." in said.out
    asked = house("subscribers", "import", name, "--again", "--reconfirm")
    assert "1 of those flagged would be asked by mail whether they want it." in asked.out
    assert "1 confirmation mail goes out while `newsletter serve` runs, 100 an hour at most." in asked.out


def test_a_file_that_was_imported_is_left_alone_whatever_it_is_called(house: Run, tmp_path: Path) -> None:
    text = "email\nada@example.org\n"
    assert house("subscribers", "import", write(tmp_path, "people.csv", text), "--consent", "Form").code == 0
    other = write(tmp_path, "renamed.csv", text)
    said = house("subscribers", "import", other, "--consent", "Form")
    assert said.code == 0
    assert "renamed.csv: This file was imported on" in said.out
    assert "from the command line, as people.csv. Nothing to do (add --again to look at it once more)." in said.out
    known = house("subscribers", "import", other, "--consent", "Form", "--json").document
    assert (known["applied"], known["earlier"]["counts"]["new"]) == (False, 1)
    again = house("subscribers", "import", other, "--consent", "Form", "--again", "--json").document
    assert (again["applied"], again["counts"]["unchanged"]) == (True, 1)


def test_it_asks_before_active_readers_are_stopped(house: Run, tmp_path: Path) -> None:
    house("subscribers", "add", "ada@example.org", "--consent", "told us")
    name = write(tmp_path, "left.csv", f"{BEEHIIV}ada@example.org,inactive,free,2024-01-01\n")
    assert (
        "1 active reader gets nothing from now on. Import it? Add --yes"
        in house("subscribers", "import", name, "--json").usage
    )
    assert "Stopped." in house("subscribers", "import", name, typed="n\n").err
    assert house("subscribers", "list", "--json").document["counts"]["active"] == 1
    dry = house("subscribers", "import", name, "--dry-run")
    assert "1 reader who is active here left there, and would get nothing from now on." in dry.out
    done = house("subscribers", "import", name, "--yes", "--json").document
    assert (done["counts"]["suppressing"], done["stopping"], done["dialect"]) == (1, 1, "beehiiv")
    assert house("subscribers", "list", "--json").document["counts"]["active"] == 0


def test_the_parts_of_a_mailchimp_export_are_imported_in_one_call(house: Run, tmp_path: Path) -> None:
    files = [
        write(tmp_path, "subscribed_1.csv", f"{MAILCHIMP}ada@example.org,2,2024-01-01 08:00:00,,,,1,\n"),
        write(tmp_path, "unsubscribed_1.csv", f"{MAILCHIMP}bob@example.org,2,,,,,2,\n"),
        write(tmp_path, "cleaned_1.csv", f"{MAILCHIMP}eve@example.org,2,,,,,3,\n"),
    ]
    told = house("subscribers", "import", *files, "--json").document
    assert told["applied"] is True
    kinds = [{kind for kind, count in one["counts"].items() if count} for one in told["files"]]
    assert kinds == [{"new"}, {"suppressing"}, {"suppressing"}]
    assert house("suppressions", "list", "--json").document["counts"]["hard_bounce"] == 1
    logged = house("operators", "log", "--json").document
    assert [deed["detail"] for deed in logged] == ["1 suppressing", "1 suppressing", "1 new"]


def test_any_other_list_is_read_as_it_is_told(house: Run, tmp_path: Path) -> None:
    name = write(tmp_path, "people.csv", "Adresse;Seit\nada@example.org;2024-01-02\n")
    assert "Adresse, Seit" in house("subscribers", "import", name).line
    told = house(
        *("subscribers", "import", name, "--column", "email=Adresse", "--column", "joined_at=Seit"),
        *("--status", "active", "--consent", "Form", "--json"),
    ).document
    assert told["counts"]["new"] == 1
    shown = house("subscribers", "show", "ada@example.org", "--json").document
    assert shown["subscriber"]["created_at"].startswith("2024-01-02")
    assert "--column" in house("subscribers", "import", name, "--column", "email").usage
    assert "FILE" in house("subscribers", "import").usage
