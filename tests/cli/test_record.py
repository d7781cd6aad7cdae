"""Whatever the command line changes or takes out stands in the record afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.send_issue import freeze_issue
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.bootstrap import build_app
from newsletter.comparisons.formats import dump_yaml
from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Doubt, Outcome, Refusal, Refused
from newsletter.operators import Role
from newsletter.providers.outbox import Outbox
from newsletter.settings import load
from tests.cli.conftest import Run
from tests.rendering.week import full_week
from tests.test_docs import commands

READS = {
    "comparisons export",  # what everybody may read
    "comparisons list",
    "comparisons schema",
    "comparisons show",
    "config check",
    "config show",
    "copy-site",  # the same
    "doctor",
    "issues check",
    "issues list",
    "issues preview",
    "issues report",
    "issues show",
    "operators keys",
    "operators list",
    "operators log",
    "schedule show",
    "sources list",
    "subscribers form",
    "subscribers list",
    "subscribers show",
    "suppressions list",
    "tools renamed",
}
ITSELF = {"demo", "init", "serve"}
"""What runs or makes a newsletter, before there is anybody to record; `serve` records the link that it prints."""

WORDS = "harbour lantern oblique seven"


class Answering(Outbox):
    """Answers every request the same."""

    outcome: Outcome
    capabilities = replace(Outbox.capabilities, replay_seconds=0.0)

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        return self.outcome


def answered(key: str, outcome: Outcome, *, first: bool = False) -> None:
    """The issue is sent (frozen `first`), and every request is answered so."""

    def go(app: App) -> None:
        provider = Answering(app.settings.delivery.outbox.folder)
        provider.outcome = outcome
        answering = replace(app, provider=provider)
        if first:
            freeze_issue(answering, key)
        deliverer = Deliverer(answering, answering.owners.enter(), lambda seconds: False)
        while deliverer.step().worked:
            pass

    with_app(go)


def with_app(do: Callable[[App], Any]) -> None:
    app = build_app(load())
    try:
        do(app)
    finally:
        app.close()


@pytest.fixture
def files(house: Run, tmp_path: Path) -> list[str]:
    """Slugs of a week that lies there as week.yaml; another version of its first, a list, and a source."""
    week = [item.comparison for item in full_week()]
    left, right = week[0].sides
    (tmp_path / "week.yaml").write_text(dump_yaml(week), "utf-8")
    edited = replace(week[0], sides=(replace(left, tagline="Another one."), right))
    (tmp_path / "edited.yaml").write_text(dump_yaml([edited]), "utf-8")
    (tmp_path / "more.yaml").write_text(dump_yaml([replace(week[0], slug="once-more")]), "utf-8")
    (tmp_path / "list.csv").write_text("email\nlena@example.net\n", "utf-8")
    with (tmp_path / "newsletter.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[[sources]]\nname = "here"\npath = "more.yaml"\n')
    return [comparison.slug for comparison in week]


class Recorder:
    """Runs commands, each of which must leave an entry."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.ran: set[str] = set()

    def __call__(self, command: str, *words: str | Path) -> None:
        before = self.entries()
        said = self._run(*command.split(), *words)
        assert said.code == 0, (command, said)
        added = self.entries()[len(before) :]
        assert added, f"{command} left nothing in the record"
        assert {via for _, via in added} == {"command line"}, command
        assert {operator for operator, _ in added} == {"command line"}, command
        self.ran.add(command)

    @staticmethod
    def entries() -> Sequence[tuple[str, str]]:
        connection = sqlite3.connect("subscribers.db")
        try:
            return connection.execute("SELECT operator, via FROM audit ORDER BY id").fetchall()
        finally:
            connection.close()


def test_every_command_that_writes_or_takes_out_is_in_the_record(house: Run, files: list[str], tmp_path: Path) -> None:
    """Walks all of them, in an order in which each has something to do."""
    do = Recorder(house)
    _content(do, files)
    _people(do)
    _issues(do, house, tmp_path)
    _house(do, tmp_path)
    assert do.ran.isdisjoint(READS | ITSELF)
    assert do.ran | READS | ITSELF == {
        name for name, command in commands().items() if not isinstance(command, click.Group)
    }


def _content(do: Recorder, slugs: list[str]) -> None:
    do("comparisons import", "week.yaml", "--new")
    do("store export", "all.ndjson")
    Path("subscribers.db").rename("before.db")
    with_app(lambda app: None)  # an empty one, in which all of it goes on
    do("store import", "all.ndjson")
    do("comparisons edit", slugs[0], "--file", "edited.yaml")
    do("comparisons restore", slugs[0], "--revision", "1")
    do("comparisons publish", slugs[0], "--on", "2026-01-02")
    do("comparisons archive", slugs[0])
    do("comparisons unarchive", slugs[0])
    do("sources pull", "here")
    do("tools rename", "kestrel", "kestrel-two", "--yes")


def _people(do: Recorder) -> None:
    for name in ("ada", "bob", "eve"):
        do("subscribers add", f"{name}@example.com", "--consent", "told us")
    do("subscribers add", "new@example.com")
    connection = sqlite3.connect("subscribers.db")
    with connection:
        connection.execute("UPDATE subscriber SET confirmation_at = '2026-01-01T00:00:00.000000+00:00'")
    connection.close()
    do("subscribers resend", "new@example.com")
    do("subscribers import", "list.csv", "--consent", "Form on example.com")
    do("subscribers export")
    do("subscribers pause", "lena@example.net", "--weeks", "4")
    do("subscribers unsubscribe", "lena@example.net")
    do("subscribers erase", "lena@example.net", "--yes")
    do("suppressions add", "stop@example.com", "--reason", "asked on the telephone")
    do("suppressions lift", "stop@example.com")


def _issues(do: Recorder, run: Run, folder: Path) -> None:
    do("issues draft")
    [issue] = run("issues", "list", "--json").document
    key = issue["key"]
    do("issues edit", key, "--subject", "What we would ship this week")
    do("issues test", key, "--to", "me@example.com")
    do("issues approve", key)
    do("issues send", key, "--yes")
    do("issues correct", key, "--text", "It was 42.", "--mail", "--reason", "A number was wrong.", "--yes")
    mail = f"{key}-c1"
    do("issues approve", mail)
    answered(mail, Refused(Refusal.CONTENT, "a word it does not like"), first=True)
    do("issues retry", mail, "--yes")
    do("issues pause", mail)
    do("issues resume", mail)
    do("issues pause-all")
    do("issues resume", mail)
    answered(mail, Doubt("no answer within 30 seconds"))
    do("issues settle", mail, "--not-sent", "--yes")
    do("issues cancel", mail, "--yes")
    slots = run("schedule", "show", "--json").document
    do("schedule skip", slots[-1]["key"])


def _house(do: Recorder, folder: Path) -> None:
    do("config test-mail", "me@example.com")
    do("config rotate-key", "--yes")
    do("backup", folder / "copy.db")
    do("operators invite", "ada@example.org", "--role", "editor")

    def come_in(app: App) -> None:
        accept_invitation(app, make_invitation(app, "bob@example.org", Role.EDITOR), "", WORDS)

    with_app(come_in)
    do("operators role", "bob@example.org", "viewer")
    do("operators disable", "bob@example.org")
    do("operators enable", "bob@example.org")
    do("operators key", "nightly")
    do("operators revoke", "1")
