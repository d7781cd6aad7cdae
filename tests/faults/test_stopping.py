"""Stopping in good order: what is under way is settled, what waits keeps waiting, the person is told how to go on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.app.send_issue import freeze_issue
from newsletter.issues import IssueStatus
from tests.faults.harness import (
    OUTBOX,
    Ground,
    approve_tested,
    build_ground,
    faults_found,
    mails_of,
    mails_taken,
    resend_at,
    resend_process,
    wait_for,
)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """400 recipients in 100 batches, already sending, 50 requests a second."""
    made = build_ground(tmp_path, 400, OUTBOX, rate=50.0)
    freeze_issue(made.app, made.key)
    made.cut_small()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def ctrl_c_counts() -> Iterator[None]:
    """Shells start jobs in the background with SIGINT ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[float, str, str]:
    """Seconds until it ended, and what it said on stdout and stderr."""
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return time.monotonic() - began, out, err


def test_sigterm_drains_serve_which_exits_0_and_another_goes_on(ground: Ground) -> None:
    host = ground.host()
    wait_for("mails that are accepted", lambda: ground.issue.counts.accepted > 0)
    seconds, out, err = stop(host, signal.SIGTERM)
    assert (host.returncode, seconds < 30) == (0, True), err
    assert json.loads(out)["provider"] == "outbox"
    assert ground.in_flight() == set(), "every request under way was settled"
    assert ground.issue.status is IssueStatus.SENDING
    assert ground.issue.counts.waiting > 0
    assert ground.owners() == set(), "it left in order"
    ground.send_to_the_end()
    assert faults_found(ground, mails_of(ground.folder / "outbox")) == []


def test_sigterm_waits_for_a_request_that_a_slow_provider_has_not_answered_yet(tmp_path: Path) -> None:
    with resend_process(tmp_path / "resend.log", latency=1.0) as url:
        ground = build_ground(tmp_path / "house", 12, resend_at(url), rate=50.0)
        approve_tested(ground)
        freeze_issue(ground.app, ground.key)
        ground.cut_small()
        host = ground.host()
        wait_for("requests on their way", lambda: len(ground.in_flight()) == 3)
        seconds, _, err = stop(host, signal.SIGTERM)
        assert (host.returncode, seconds < 30) == (0, True), err
        assert faults_found(ground, mails_taken(tmp_path / "resend.log")[0]) == []
        ground.close()


def test_ctrl_c_leaves_the_issue_sending_and_says_how_to_go_on(ground: Ground) -> None:
    sender = ground.sender()
    wait_for("mails that are accepted", lambda: ground.issue.counts.accepted > 0)
    _, out, err = stop(sender, signal.SIGINT)
    assert sender.returncode == 1, (out, err)
    assert out == ""
    assert err.strip() == (
        f"Stopped. Issue {ground.key} is still sending: `newsletter issues send {ground.key}` or `newsletter serve`"
        f" goes on, `newsletter issues pause {ground.key}` stops it for everybody."
    )
    assert ground.in_flight() == set()
    assert ground.issue.status is IssueStatus.SENDING
    ground.send_to_the_end()
    assert faults_found(ground, mails_of(ground.folder / "outbox")) == []


def test_two_senders_at_once_share_the_work_and_nobody_gets_two(ground: Ground) -> None:
    both = [ground.sender(), ground.sender()]
    for sender in both:
        _, err = sender.communicate(timeout=60)
        assert sender.returncode == 0, err
    assert faults_found(ground, mails_of(ground.folder / "outbox")) == []


def test_several_hosts_that_tick_at_once_make_one_issue_and_tell_the_operator_once(tmp_path: Path) -> None:
    ground = build_ground(tmp_path, 3, OUTBOX, rate=50.0, age=timedelta(hours=2))
    due = datetime.now(UTC) - timedelta(minutes=10)
    config = tmp_path / "newsletter.toml"
    schedule = f'weekday = "{due:%A}"\nat = "{due:%H:%M}"\nmode = "draft"'.lower()
    text = config.read_text("utf-8").replace('mode = "off"', schedule)
    config.write_text('operator = "operator@example.com"\n' + text, "utf-8")
    store = ground.app.store
    store.meta.put("created_at", (due - timedelta(days=1)).isoformat())
    year, week, _ = due.isocalendar()
    key = f"{year}-W{week:02d}"
    issues_before = {issue.key for issue in store.issues.all()}
    assert key not in issues_before

    hosts = [ground.host() for _ in range(3)]
    wait_for("the issue", lambda: store.issues.by_key(key) is not None)
    wait_for("the notice", lambda: mails_of(tmp_path / "outbox")["operator@example.com"] > 0)
    for host in hosts:  # each has ticked before it listens long enough to be asked
        assert host.stdout is not None
        said = ""
        while "}" not in said:
            said += host.stdout.readline()
        with urllib.request.urlopen(json.loads(said)["url"] + "/healthz", timeout=10) as answer:
            assert answer.status == 200
    told = []
    for host in hosts:
        _, _, err = stop(host, signal.SIGTERM)
        assert host.returncode == 0, err
        told += re.findall(rf"Issue {key} is drafted", err)
    issue = store.issues.by_key(key)
    assert issue is not None
    assert issue.status is IssueStatus.DRAFT
    assert {found.key for found in store.issues.all()} == issues_before | {key}
    assert len(told) == 1, "one of them drafted it"
    assert mails_of(tmp_path / "outbox") == {"operator@example.com": 1}
    ground.close()
