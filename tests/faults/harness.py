"""What fault tests stand on: an issue on a real database, senders that are real processes, and the question put after
every disaster: did each recipient get it exactly once, and does the ledger say so?
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.app.approve_issue import approve_issue
from newsletter.app.compose_issue import compose_issue, test_code_of
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.import_comparisons import import_comparisons
from newsletter.app.import_subscribers import import_subscribers
from newsletter.app.report_issue import report_issue
from newsletter.bootstrap import build_app
from newsletter.delivery.status import BatchStatus
from newsletter.issues import Issue, IssueStatus
from newsletter.sample import sample_path
from newsletter.settings import load
from tests.conftest import KnownSite
from tests.fakes.resend_server import API_KEY

ROOT = Path(__file__).parents[2]
MEMBERS = 4
"""Recipients in a batch here: small, so that a process has many batches to die in."""


@dataclass
class Ground:
    """A newsletter in a folder with an approved issue, and the processes started on it."""

    folder: Path
    app: App
    key: str
    addresses: set[str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def close(self) -> None:
        """Let go of the database, and of every process that a failed test left behind."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.app.close()

    @property
    def issue(self) -> Issue:
        found = self.app.store.issues.by_key(self.key)
        assert found is not None
        return found

    def start(self, *words: str, failpoints: str = "", rate: float | None = None) -> subprocess.Popen[str]:
        """`newsletter WORDS` as a process of its own, with its output in pipes."""
        settings = {"NEWSLETTER_FAILPOINTS": failpoints}
        if rate is not None:
            settings["NEWSLETTER_DELIVERY__REQUESTS_PER_SECOND"] = str(rate)
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", *words, "--config", str(self.folder / "newsletter.toml")],
            cwd=self.folder,
            env=bare_environment() | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def sender(self, failpoints: str = "", rate: float | None = None) -> subprocess.Popen[str]:
        """A process that sends this issue and does nothing else."""
        return self.start("issues", "send", self.key, "--yes", "--json", failpoints=failpoints, rate=rate)

    def host(self, failpoints: str = "") -> subprocess.Popen[str]:
        """`newsletter serve`, which sends it too."""
        return self.start("serve", "--port", "0", "--json", failpoints=failpoints)

    def owners(self) -> set[str]:
        """Files of the senders that have begun and not ended in order."""
        folder = self.folder / ".subscribers.db.senders"
        return {path.name for path in folder.glob("*.lock")} if folder.is_dir() else set()

    def in_flight(self) -> set[tuple[int, int]]:
        """(number, attempts) of each batch in flight."""
        rows = self.app.store.deliveries.batches(self.issue.id, BatchStatus.IN_FLIGHT)
        return {(row.number, row.attempts) for row in rows}

    def cut_small(self) -> None:
        self.app.store.deliveries.recut(self.issue.id, MEMBERS)

    def send_to_the_end(self) -> None:
        """Undisturbed senders, until the issue does not send any more."""
        for _ in range(5):
            if self.issue.status is not IssueStatus.SENDING:
                return
            sender = self.sender(rate=1000.0)
            said = sender.communicate(timeout=90)
            assert sender.returncode == 0, said
        raise AssertionError(f"five senders did not end it: {self.issue}")


def bare_environment() -> dict[str, str]:
    """This process's environment without settings, finding this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def build_ground(
    folder: Path,
    recipients: int,
    provider: dict[str, Any],
    rate: float,
    *,
    age: timedelta = timedelta(0),
    site_url: str = "https://verdicts.example.com",
) -> Ground:
    """`provider` is the `delivery` section; `rate` requests per second, so that no machine is done too early.

    What is in it was imported `age` ago.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        'name = "Test Verdicts"',
        'sender = "verdicts@example.com"',
        'postal_address = "Example Press, 1 Test Street, 12345 Exampleton"',
        f'site_url = "{site_url}"',
        "[schedule]",
        'mode = "off"',
        "[delivery]",
        f"requests_per_second = {rate}",
        *provider["delivery"],
    ]
    (folder / "newsletter.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    app = build_app(load(folder / "newsletter.toml"))
    app = replace(app, site=KnownSite(app.store.meta.instance), now=lambda: datetime.now(UTC) - age)
    import_comparisons(app, [sample_path("comparisons.yaml")])
    addresses = {f"reader{number}@example.com" for number in range(recipients)}
    people = folder / "people.csv"
    people.write_text("email\n" + "\n".join(sorted(addresses)) + "\n", encoding="utf-8")
    import_subscribers(app, people, "Form on example.com", dry_run=False)
    issue = draft_issue(app).issue
    assert issue is not None
    if not app.provider.capabilities.live:
        approve_issue(app, issue.key)
    return Ground(folder, app, issue.key, addresses)


def approve_tested(ground: Ground) -> None:
    """As the operator does with the code of a test they received."""
    code = test_code_of(ground.app, compose_issue(ground.app, ground.issue).sha256)
    approve_issue(ground.app, ground.key, code=code)


OUTBOX = {"delivery": ['provider = "outbox"']}


def resend_at(url: str) -> dict[str, Any]:
    return {
        "delivery": ['provider = "resend"', "[delivery.resend]", f'api_key = "{API_KEY}"', f'base_url = "{url}"'],
    }


@contextmanager
def resend_process(log: Path, latency: float) -> Iterator[str]:
    """The fake Resend as a process; gives its address."""
    words = [sys.executable, str(ROOT / "tests/fakes/resend_server.py"), "--log", str(log), "--latency", str(latency)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def wait_for(what: str, true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until it is true; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.005)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL, and wait until it is gone."""
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)


def mails_of(outbox: Path) -> Counter[str]:
    """Address → mails in this folder; fails for one that is not whole."""
    got: Counter[str] = Counter()
    for path in outbox.glob("*/*.eml"):
        raw = path.read_bytes()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert not mail.defects, (path, mail.defects)
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"], path
        assert raw.rstrip().endswith(b"--"), f"{path} is cut short"
        got[mail["To"]] += 1
    return got


def mails_taken(log: Path) -> tuple[Counter[str], int]:
    """By the fake's own log: address → mails it took, and how many requests were replays."""
    entries = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    got = Counter(mail["to"] for entry in entries if entry["event"] == "taken" for mail in entry["mails"])
    return got, sum(entry["event"] == "replay" for entry in entries)


def faults_found(ground: Ground, got: Counter[str]) -> list[str]:
    """Everything that is not as promised: exactly one mail for each recipient, and a ledger that says just that."""
    found = [f"{address} got {count} mails" for address, count in sorted(got.items()) if count != 1]
    found += [f"{address} got none" for address in sorted(ground.addresses - set(got))]
    found += [f"{address} is no recipient" for address in sorted(set(got) - ground.addresses)]
    issue = ground.issue
    everybody = len(ground.addresses)
    if issue.status is not IssueStatus.SENT:
        found.append(f"the issue is {issue.status}: {issue.reason}")
    if dict(ground.app.store.deliveries.tally(issue.id)) != {"accepted": everybody}:
        found.append(f"the rows are {dict(ground.app.store.deliveries.tally(issue.id))}")
    if (issue.counts.frozen, issue.counts.accepted, issue.counts.open) != (everybody, everybody, 0):
        found.append(f"the kept counts are {issue.counts}")
    if not report_issue(ground.app, ground.key).sums_up:
        found.append("the report does not sum up")
    open_batches = ground.app.store.deliveries.batches(
        issue.id, BatchStatus.WAITING, BatchStatus.CLAIMED, BatchStatus.IN_FLIGHT, BatchStatus.UNKNOWN
    )
    found += [f"batch {row.number} is {row.status}" for row in open_batches]
    return found
