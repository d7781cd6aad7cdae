"""The command as a whole: help, version, the demo, `serve`, and how errors reach a person."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import click
import pytest

from newsletter.cli.main import cli
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


def test_help_names_every_command(run: Run) -> None:
    said = run("--help")
    assert said.code == 0
    named = re.findall(r"^  ([a-z][a-z-]*)  ", said.out, re.MULTILINE)
    assert named == [
        "init",
        "serve",
        "demo",
        "doctor",
        "config",
        "backup",
        "store",
        "copy-site",
        "comparisons",
        "sources",
        "tools",
        "subscribers",
        "suppressions",
        "issues",
        "operators",
        "schedule",
    ]


def every_command() -> list[list[str]]:
    """The words of each, groups gone through."""
    found = []
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        inner = sorted(command.commands) if isinstance(command, click.Group) else []
        found += [[name, word] for word in inner] or [[name]]
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_takes_json_and_config_and_explains_itself(run: Run, words: list[str]) -> None:
    said = run(*words, "--help")
    assert said.code == 0
    assert "--json" in said.out
    assert "--config" in said.out
    assert said.out.split("\n\n")[1].rstrip().endswith((".", ")")), "a sentence says what it does"


def test_help_needs_no_settings_and_no_database(run: Run, tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text("nonsense", "utf-8")
    assert run("issues", "send", "--help").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["newsletter.toml"]


def test_the_version_is_the_one_of_the_package(run: Run) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version").out)


def test_a_command_that_does_not_exist_is_wrong_usage(run: Run) -> None:
    assert "No such command 'sned'" in run("sned").usage
    assert "No such command 'sned'" in run("issues", "sned").usage


def test_the_demo_does_the_whole_main_job_and_keeps_to_its_folder(run: Run, tmp_path: Path) -> None:
    said = run("demo", "--once", "--port", "0")
    assert said.code == 0, said
    assert [path.name for path in tmp_path.iterdir()] == [".demo"]
    assert len(list((tmp_path / ".demo" / "outbox").rglob("*.eml"))) == 25
    assert "25 recipients = 25 accepted." in said.out
    assert [line.strip() for line in said.out.splitlines()[-3:]] == [
        "newsletter init",
        "newsletter comparisons import YOUR-FILES… --new",
        "newsletter issues draft",
    ]


def test_the_demo_never_touches_a_live_provider_whatever_is_set(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_DELIVERY__PROVIDER", "resend")
    monkeypatch.setenv("NEWSLETTER_DELIVERY__RESEND__API_KEY", "re_0123456789")
    monkeypatch.setenv("NEWSLETTER_SELECTION__MINIMUM", "50")
    told = run("demo", "--once", "--port", "0", "--json").document
    assert (told["mails"], told["report"]["counts"]["accepted"]) == (25, 25)
    again = run("demo", "--once", "--port", "0", "--json").document
    assert again["mails"] == 25, "a second demo begins afresh"


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "diary.txt").write_text("mine", "utf-8")
    assert ".demo is there and was not made by the demo. Move it away." in run("demo", "--once").line
    assert (tmp_path / ".demo" / "diary.txt").read_text("utf-8") == "mine"


def test_serve_on_a_port_that_is_taken_is_one_line(house: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert (
            f"Cannot listen on 127.0.0.1:{port}: Address already in use. Stop what uses it"
            in house("serve", "--port", port, "--json").line
        )
    assert "99999" in house("serve", "--port", "99999").usage


def seconds_on_one_connection(url: str) -> list[float]:
    """Of 15 requests one after another, as a browser makes them."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    taken = []
    for _ in range(15):
        began = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        taken.append(time.perf_counter() - began)
    connection.close()
    return taken


def test_serve_says_where_it_listens_answers_there_and_ends_on_sigterm(house: Run, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "newsletter", "serve", "--port", "0"]
    with subprocess.Popen(
        words, cwd=tmp_path, env=BARE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as host:
        try:
            assert host.stdout is not None
            said = host.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found, said
            with urllib.request.urlopen(found[0] + "/", timeout=10) as page:
                assert b"Test Verdicts" in page.read()
            assert statistics.median(seconds_on_one_connection(found[0])) < 0.03, "Nagle waits 40 ms for each answer"
            host.send_signal(signal.SIGTERM)
            _, err = host.communicate(timeout=30)
        finally:
            host.kill()
    assert host.returncode == 0, err
    assert "Traceback" not in err


def test_an_output_that_nobody_reads_any_more_ends_quietly(week: Run, key: str, tmp_path: Path) -> None:
    words = f"{sys.executable} -m newsletter issues preview {key} --html | head -c 100"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {words}"],
        cwd=tmp_path,
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (len(done.stdout), done.stderr, done.returncode) == (100, "", 1)


def test_json_is_one_document_whatever_characters_are_in_it(house: Run, tmp_path: Path) -> None:
    house("subscribers", "add", "ada@example.com", "--consent", "Sie sagte „ja“ → 2026", "--json")
    said = house("subscribers", "show", "ada@example.com", "--json")
    assert "„ja“ →" in said.out
    assert json.loads(said.out)["consents"][0]["text"] == "Sie sagte „ja“ → 2026"
