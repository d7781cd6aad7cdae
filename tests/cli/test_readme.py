"""README's way from a clone to one's own issue in one's own inbox, command for command."""

from __future__ import annotations

import email
import email.policy
import re
import shlex
from pathlib import Path

from newsletter.sample import sample_path
from tests.cli.conftest import Run, code_in
from tests.fakes.smtp_server import ScriptedSmtp

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def commands(heading: str) -> list[list[str]]:
    """The words of each command in the first block below that heading, comments left out."""
    block = re.search(rf"## {re.escape(heading)}\n.*?```sh\n(.*?)```", README, re.DOTALL)
    assert block, heading
    return [shlex.split(line, comments=True) for line in block[1].replace("\\\n", " ").splitlines()]


def test_six_commands_lead_from_a_clone_to_ones_own_issue_in_ones_own_inbox(run: Run) -> None:
    clone, *rest = commands("Your own issue in your own inbox")
    assert clone[:2] == ["git", "clone"]
    assert len(rest) + 1 <= 6
    key = ""
    with ScriptedSmtp() as server:
        for words in rest:
            assert words.pop(0) == "./run"
            if "--smtp-port" in words:
                words[words.index("--smtp-port") + 1] = str(server.port)
                words += ["--smtp-host", "127.0.0.1"]  # the fake does not listen on ::1
            given = {"my-comparisons/": str(sample_path("comparisons.yaml")), "2026-W48": key}
            said = run(*(given.get(word, word) for word in words))
            assert said.code == 0, (words, said)
            if words == ["issues", "draft"]:
                found = re.search(r"Issue (\d{4}-W\d\d) of", said.out)
                assert found
                key = found[1]
    (raw,) = server.mails
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["To"] == "me@example.org"
    body = mail.get_body(("plain",))
    assert body is not None
    assert code_in(str(body.get_content()))


def test_the_two_commands_are_the_two_of_run() -> None:
    assert commands("Two commands") == [["./run", "demo"], ["./run", "test"]]
