"""The fake keeps Resend's promises; otherwise what is proved with it is proved of nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from newsletter.delivery.provider import Answered, Doubt
from newsletter.providers.resend import Resend
from tests.fakes import resend_server
from tests.fakes.mails import batch
from tests.fakes.resend_server import API_KEY, FakeResend


def test_what_was_taken_is_in_the_log_and_survives_a_restart(tmp_path: Path) -> None:
    log = tmp_path / "taken.jsonl"
    mails = batch(3)
    request = Resend(API_KEY).build(mails)
    with FakeResend(log, script=["reset"]) as first:
        assert isinstance(Resend(API_KEY, first.url).send(mails, request, 5), Doubt)
        written = [json.loads(line) for line in log.read_text().splitlines()]
        assert [(entry["event"], entry["key"], len(entry["mails"])) for entry in written] == [
            ("taken", "2026-W47/1", 3)
        ]
    with FakeResend(log) as second:
        resend = Resend(API_KEY, second.url)
        answer = resend.send(mails, request, 5)
        resend.close()
        assert isinstance(answer, Answered)
        assert [one.provider_id for one in answer.results] == [mail["id"] for mail in first.taken()]
        assert second.taken() == first.taken()
        assert second.replays() == ["2026-W47/1"]


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "taken.jsonl"
    command = [
        sys.executable,
        resend_server.__file__,
        "--log",
        str(log),
        "--script",
        '["error"]',
        "--poison",
        "a@b.example",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            resend, mails = Resend(API_KEY, process.stdout.readline().strip()), batch(2)
            assert isinstance(resend.send(mails, resend.build(mails), 5), Doubt)
            assert isinstance(resend.send(mails, resend.build(mails), 5), Answered)
            resend.close()
        finally:
            process.kill()
    assert len(json.loads(log.read_text())["mails"]) == 2
