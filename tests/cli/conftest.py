"""The command line as a person meets it: a folder of their own, words in, exit code, stdout and stderr out."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli.main import main
from newsletter.comparisons.formats import dump_yaml
from tests.conftest import KnownSite
from tests.rendering.week import full_week


@dataclass(frozen=True)
class Said:
    """What one call did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; fails where there is anything else, or the call failed."""
        assert self.code == 0, self
        assert self.err == "", self
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stderr of a call that was refused, with nothing on stdout."""
        assert self.code == 1, self
        assert self.out == "", self
        assert self.err.startswith("Error: "), self
        assert self.err.endswith("\n"), self
        assert self.err.count("\n") == 1, self
        assert "Traceback" not in self.err
        return self.err.strip()

    @property
    def usage(self) -> str:
        """What is said of a call that is wrongly used."""
        assert self.code == 2, self
        assert self.out == "", self
        return self.err


Run = Callable[..., Said]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("issues", "list", "--json")` in an empty folder; `typed` is what a person at a terminal answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("newsletter.bootstrap.HttpSite", KnownSite)  # nobody answers under the configured address

    def call(*words: str | Path, typed: str | None = None) -> Said:
        monkeypatch.setattr(sys, "argv", ["newsletter", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO("") if typed is None else _Terminal(typed))
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        assert isinstance(code, int)
        return Said(code, said.out, said.err)

    return call


INIT = (
    "init",
    "--name=Test Verdicts",
    "--sender=verdicts@example.com",
    "--reply-to=editor@example.com",
    "--postal-address=Example Press, 1 Test Street, 12345 Exampleton",
    "--site-url=http://localhost:8000",
    "--time-zone=Europe/Berlin",
)


@pytest.fixture
def house(run: Run) -> Run:
    """The same, after `newsletter init`."""
    assert run(*INIT, "--json").code == 0
    return run


@pytest.fixture
def week(house: Run, tmp_path: Path) -> Run:
    """The same, with the sample week and three subscribers."""
    (tmp_path / "week.yaml").write_text(dump_yaml([item.comparison for item in full_week()]), "utf-8")
    assert house("comparisons", "import", "week.yaml", "--new", "--json").code == 0
    for name in ("ada", "bob", "eve"):
        assert house("subscribers", "add", f"{name}@example.com", "--consent", "told us", "--json").code == 0
    return house


@pytest.fixture
def key(week: Run) -> str:
    """The key of the drafted issue."""
    return str(week("issues", "draft", "--json").document["issue"]["key"])


def newest_mail(folder: Path) -> str:
    """The text of the newest mail in the outbox, decoded."""
    import email
    import email.policy

    newest = max(folder.glob("*/*.eml"), key=lambda path: path.stat().st_mtime_ns)
    body = email.message_from_bytes(newest.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def code_in(text: str) -> str:
    """The code of a test mail."""
    found = re.search(r"--code ([A-Z2-7]{6})", text) or re.search(r"\b([A-Z2-7]{6})\b", text)
    assert found, text
    return found[1]
