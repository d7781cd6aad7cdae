"""`newsletter init | doctor | config | backup | schedule`."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import INIT, Run


def test_init_by_flags_writes_settings_and_database_and_names_what_is_missing(run: Run, tmp_path: Path) -> None:
    told = run(*INIT, "--json").document
    written = tomllib.loads((tmp_path / "newsletter.toml").read_text("utf-8"))
    assert written["name"] == "Test Verdicts"
    assert written["postal_address"] == "Example Press, 1 Test Street, 12345 Exampleton"
    assert written["time_zone"] == "Europe/Berlin"
    assert (tmp_path / "subscribers.db").is_file()
    open_tasks = {task["name"]: task["fix"] for task in told["tasks"] if not task["done"]}
    assert set(open_tasks) == {"provider", "site address"}
    assert "https" in open_tasks["site address"]
    assert run("config", "check", "--json").document == {"ok": True}


def test_init_asks_a_person_for_what_no_flag_says(run: Run, tmp_path: Path) -> None:
    answers = "\n".join(["My “Verdicts”", "me@example.com", "", "", "", "Europe/Berlin"]) + "\n"
    said = run("init", typed=answers)
    assert said.code == 0, said
    written = tomllib.loads((tmp_path / "newsletter.toml").read_text("utf-8"))
    assert (written["name"], written["sender"], written["postal_address"]) == ("My “Verdicts”", "me@example.com", "")
    assert "Before a live send:" in said.out
    assert "newsletter comparisons import" in said.out


def test_init_takes_a_mail_server_so_that_the_first_issue_can_reach_an_inbox(run: Run, tmp_path: Path) -> None:
    run(*INIT, "--provider=smtp", "--smtp-host=127.0.0.1", "--smtp-port=2525", "--smtp-security=none", "--json")
    smtp = run("config", "show", "--json").document
    assert smtp["delivery.provider"] == {"value": "smtp", "from": "file"}
    assert (smtp["delivery.smtp.port"]["value"], smtp["delivery.smtp.security"]["value"]) == ("2525", "none")


def test_init_with_a_provider_whose_key_is_not_set_yet_works_and_names_the_key(run: Run) -> None:
    told = run(*INIT, "--provider=resend", "--json").document
    assert {task["name"]: task["detail"] for task in told["tasks"] if not task["done"]} == {
        "credentials": "no API key",
        "site address": "http://localhost:8000",
    }
    assert run("issues", "list", "--json").document == []


def test_init_never_replaces_settings_unless_forced(run: Run, tmp_path: Path) -> None:
    run(*INIT, "--json")
    before = (tmp_path / "newsletter.toml").read_bytes()
    assert "newsletter.toml is there already. Edit it, or add --force" in run(*INIT, "--json").line
    assert (tmp_path / "newsletter.toml").read_bytes() == before
    assert run(*INIT, "--name=Other", "--force", "--json").code == 0
    assert b'name = "Other"' in (tmp_path / "newsletter.toml").read_bytes()


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("--time-zone=Europe/Berlim", "there is no time zone 'Europe/Berlim'"),
        ("--sender=not an address", "write a bare address"),
        ("--site-url=verdicts.example.com", "write the address readers use"),
    ],
)
def test_init_refuses_what_cannot_be_and_writes_nothing(run: Run, tmp_path: Path, flag: str, why: str) -> None:
    assert why in run(*INIT, flag, "--json").line
    assert list(tmp_path.iterdir()) == []


def test_init_with_a_word_it_does_not_know_is_wrong_usage(run: Run) -> None:
    assert "--sendr" in run("init", "--sendr=x").usage


def test_doctor_exits_1_with_every_open_task_and_its_fix(house: Run) -> None:
    said = house("doctor")
    assert said.code == 1
    assert "open  provider: outbox keeps every mail on this machine" in said.out
    assert "Set `delivery.provider` to smtp or resend." in said.out
    assert "none has run yet: newsletter serve" in said.out
    assert house("doctor", "--json").code == 1


def test_config_show_masks_secrets_and_names_where_each_value_comes_from(
    house: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_DELIVERY__RESEND__API_KEY", "re_very_secret")
    monkeypatch.setenv("NEWSLETTER_WEB__PORT", "8123")
    said = house("config", "show", "--json")
    assert "re_very_secret" not in said.out
    shown = said.document
    assert shown["delivery.resend.api_key"] == {"value": "**********", "from": "environment"}
    assert shown["web.port"] == {"value": "8123", "from": "environment"}
    assert shown["name"] == {"value": "Test Verdicts", "from": "file"}
    assert shown["delivery.workers"] == {"value": "4", "from": "default"}
    assert "re_very_secret" not in house("config", "show").out


def test_an_unknown_setting_in_the_environment_is_an_error(house: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SENDR", "x@example.com")
    assert "The environment sets NEWSLETTER_SENDR, which is no setting." in house("config", "check", "--json").line


def test_an_unknown_setting_in_the_file_is_an_error_with_its_name(house: Run, tmp_path: Path) -> None:
    with (tmp_path / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write("\n[web]\nprt = 80\n")
    line = house("config", "check", "--json").line
    assert "newsletter.toml: web.prt: there is no such setting" in line
    assert "docs/settings.md" in line


def test_a_settings_file_that_is_not_toml_or_not_there_is_one_line(house: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = \n", "utf-8")
    assert "broken.toml is not valid TOML" in house("config", "check", "--config", "broken.toml").line
    assert (
        "There is no file gone.toml. `newsletter init` writes one."
        in house("issues", "list", "--config=gone.toml").line
    )


def test_the_database_stands_beside_the_settings_wherever_the_command_is_called(
    house: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert house("subscribers", "list", "--config", "../newsletter.toml", "--json").document["subscribers"] == []
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_backup_makes_a_whole_copy_and_never_writes_over_a_file(week: Run, tmp_path: Path) -> None:
    told = week("backup", "copy.db", "--json").document
    assert told["bytes"] == (tmp_path / "copy.db").stat().st_size
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM subscriber").fetchone() == (3,)
    assert "copy.db exists. Name a file that does not exist yet." in week("backup", "copy.db", "--json").line


def test_schedule_shows_five_slots_and_a_skipped_one_is_skipped_until_it_is_drafted(week: Run) -> None:
    slots = week("schedule", "show", "--json").document
    assert len(slots) == 5
    assert {slot["status"] for slot in slots} == {"draft"}
    first = slots[0]["key"]
    assert week("schedule", "skip", first, "--reason", "Holidays.", "--json").document == {
        "key": first,
        "status": "skipped",
    }
    assert week("schedule", "show", "--json").document[0]["status"] == "skipped"
    assert week("issues", "show", first, "--json").document["issue"]["reason"] == "Holidays."
    assert week("issues", "draft", "--slot", first, "--json").document["issue"]["status"] == "draft"
    assert f"{first} is skipped. Undo:" in week("schedule", "skip", first).out


def test_a_sent_slot_cannot_be_skipped_and_a_wrong_key_is_explained(week: Run, key: str) -> None:
    week("issues", "approve", key)
    week("issues", "send", key, "--yes", "--json")
    assert f"Issue {key} is sent; from there it cannot become skipped." in week("schedule", "skip", key).line
    assert "Write year and ISO week, like 2026-W47." in week("schedule", "skip", "next").line
