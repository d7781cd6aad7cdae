"""`newsletter sources …`: what there is, what a pull brings, and what is said where there is nothing."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

DOCUMENT = "sides:\n  - name: Alder\n  - name: Birch\n"


def test_without_a_source_it_says_how_to_name_one(run: Run) -> None:
    assert run("sources", "list").out == "No sources. Name one as [[sources]] in newsletter.toml: docs/sources.md.\n"
    assert "[[sources]]" in run("sources", "pull").out
    assert "There is no source nowhere" in run("sources", "pull", "nowhere").line


def test_a_pull_is_tried_first_then_done_and_then_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "a.yaml").write_text(DOCUMENT)
    settings = Path("newsletter.toml")
    kept = settings.read_text() if settings.is_file() else ""
    settings.write_text(f'{kept}\n[[sources]]\nname = "desk"\npath = "{tmp_path / "incoming"}"\n')
    tried = run("sources", "pull", "--dry-run").out
    assert "Source desk: 1 new." in tried
    assert "Nothing was changed" in tried
    assert "never" in run("sources", "list").out
    assert run("sources", "pull", "desk", "--json").document["pulls"][0]["counts"]["new"] == 1
    assert run("sources", "list", "--json").document[0]["last"]["problem"] == ""
    assert "alder-vs-birch" in run("comparisons", "list").out


def test_a_source_that_fails_makes_the_command_fail_and_the_others_are_pulled(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DOCUMENT)
    settings = Path("newsletter.toml")
    kept = settings.read_text() if settings.is_file() else ""
    gone, there = tmp_path / "nowhere", tmp_path / "a.yaml"
    settings.write_text(
        f'{kept}\n[[sources]]\nname = "gone"\npath = "{gone}"\n[[sources]]\nname = "desk"\npath = "{there}"\n'
    )
    said = run("sources", "pull")
    assert said.code == 1
    assert "Source gone failed:" in said.out
    assert "Source desk: 1 new." in said.out
