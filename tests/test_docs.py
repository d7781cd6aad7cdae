"""The documents are true: what they name exists, and what they list is complete."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import click
import pytest

from newsletter.cli.main import cli
from newsletter.delivery.status import DeliveryStatus
from newsletter.settings import reference

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def test_settings_md_is_what_the_settings_are() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found: dict[str, click.Command] = {}
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        found[name] = command
        if isinstance(command, click.Group):
            found.update({f"{name} {sub}": subcommand for sub, subcommand in command.commands.items()})
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_option_that_is_named_exists(document: Path) -> None:
    known = commands()
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"(?:\./run|`newsletter|newsletter) ([a-z]+(?: [a-z-]+)?[^`\n]*)", text):
        words = line.split()
        if words[0] not in known:
            assert words[0] in ("test",) or "./run" not in line, line
            continue
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        options = {option for parameter in known[name].params for option in parameter.opts + parameter.secondary_opts}
        used = {
            word.split("=")[0]
            for word in line.split("#")[0].split(";")[0].split(",")[0].split()
            if word.startswith("--")
        }
        assert used <= options | {"--json", "--config"}, line


def test_every_command_takes_json_and_config() -> None:
    for name, command in commands().items():
        if not isinstance(command, click.Group):
            options = {option for parameter in command.params for option in parameter.opts}
            assert {"--json", "--config"} <= options, name


def test_the_glossary_has_every_delivery_status_that_is_a_term() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for status in (DeliveryStatus.ACCEPTED, DeliveryStatus.UNKNOWN):
        assert f"**{status}**" in glossary


def test_terms_of_the_glossary_stand_in_order_and_once() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\*\*([^*]+)\*\*", glossary, re.MULTILINE)
    assert terms == sorted(set(terms))


def test_the_package_says_its_version_once() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{importlib.import_module("newsletter").__version__}"' in pyproject


def test_every_rule_for_words_names_a_test_that_exists() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    rows = [line for line in (ROOT / "docs" / "words.md").read_text(encoding="utf-8").splitlines() if "`test_" in line]
    assert len(rows) >= 25
    assert [row for row in rows if f"def {row.split('`')[-2]}(" not in tests] == []
