"""Senders are killed while they send, over and over: every recipient gets the issue exactly once all the same.

The moments come from a seed, which is printed; KILL_SEED=… repeats them (as far as two runs of many processes can be
alike). The dice are void, and the test fails, unless some kills fell while a request was on its way.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from newsletter.app.send_issue import freeze_issue
from newsletter.delivery.status import BatchStatus
from newsletter.issues import IssueStatus
from tests.fakes.resend_server import FakeResend
from tests.faults.harness import (
    MEMBERS,
    OUTBOX,
    Ground,
    approve_tested,
    build_ground,
    faults_found,
    kill,
    mails_of,
    mails_taken,
    resend_at,
    resend_process,
    wait_for,
)

RECIPIENTS = 2000
RATE = 60.0
"""Requests per second: a process that lives for 0.2 s after its start sends about a dozen."""
AT_FAILPOINTS = ["claimed", "before_post", "after_post", "settled"] * 3
AT_RANDOM = 16
KILLS_IN_FLIGHT = 3
"""Of each provider, those at failpoints left out. In practice 6 to 16 do."""
HELD = 4
"""Of those at random, so many meet a sender that lingers just before its request."""


@dataclass
class Ordeal:
    """One issue, the kills it went through, and what arrived."""

    ground: Ground
    kills: int = 0
    in_flight: int = 0
    """Kills from outside that left a request on its way which was not on its way before."""
    got: Counter[str] = field(default_factory=Counter)
    replays: int = 0

    def endure(self, dice: random.Random) -> None:
        """Every kill of the plan in random order, then an undisturbed end."""
        plan = [f"{name}=kill@{dice.randint(1, 6)}" for name in AT_FAILPOINTS]
        plan += [f"before_post=sleep:5@{dice.randint(1, 4)}" for _ in range(HELD)]
        plan += [""] * (AT_RANDOM - HELD)
        dice.shuffle(plan)
        for number, failpoints in enumerate(plan):
            if self.ground.issue.status is not IssueStatus.SENDING:
                break
            before = self.ground.in_flight()
            self.strike(failpoints, dice.uniform(0.0, 0.3), through_serve=number % 5 == 4)
            if "=kill" not in failpoints:
                self.in_flight += bool(self.ground.in_flight() - before)
        self.ground.send_to_the_end()

    def strike(self, failpoints: str, seconds: float, *, through_serve: bool = False) -> None:
        """Start a sender that kills itself at a failpoint, or kill it so many seconds after it began."""
        known, before = self.ground.owners(), self.ground.in_flight()
        process = self.ground.host(failpoints) if through_serve else self.ground.sender(failpoints)
        if "=kill" in failpoints:
            said = process.communicate(timeout=30)
            if process.returncode == 0:
                return  # it was done before it came to the place
            assert process.returncode == -9, (failpoints, process.returncode, said)
        else:
            wait_for("a sender that begins", lambda: bool(self.ground.owners() - known) or process.poll() is not None)
            if "=sleep" in failpoints:
                wait_for("a request on its way", lambda: bool(self.ground.in_flight() - before))
            time.sleep(seconds)
            kill(process)
            if process.returncode != -9:
                return  # it was done before the blow
        self.kills += 1


def ordeal_of_the_outbox(folder: Path, seed: str) -> Ordeal:
    ground = build_ground(folder, RECIPIENTS, OUTBOX, RATE)
    ordeal = Ordeal(ground)
    ordeal.strike("frozen=kill", 0.0)
    assert ground.issue.status is IssueStatus.SENDING, "killed after the commit that froze it, it is sending"
    ground.cut_small()
    ordeal.endure(random.Random(f"{seed} outbox"))
    ordeal.got = mails_of(folder / "outbox")
    return ordeal


def ordeal_of_resend(folder: Path, seed: str) -> Ordeal:
    folder.mkdir()
    with resend_process(folder / "resend.log", latency=0.04) as url:
        ground = build_ground(folder, RECIPIENTS, resend_at(url), RATE)
        approve_tested(ground)
        freeze_issue(ground.app, ground.key)
        ground.cut_small()
        ordeal = Ordeal(ground)
        ordeal.endure(random.Random(f"{seed} resend"))
        ordeal.got, ordeal.replays = mails_taken(folder / "resend.log")
        return ordeal


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> str:
    chosen = os.environ.get("KILL_SEED") or str(random.randrange(10**6))
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nKILL_SEED={chosen}", flush=True)  # noqa: T201  # always to be seen, not only after a failure
    return chosen


@pytest.fixture(scope="module")
def ordeals(
    seed: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[list[Ordeal]]:
    folder = tmp_path_factory.mktemp("kills")
    with ThreadPoolExecutor(2) as pool:  # side by side: most of the time is the start of processes
        outbox = pool.submit(ordeal_of_the_outbox, folder / "outbox", seed)
        resend = pool.submit(ordeal_of_resend, folder / "resend", seed)
        went_through = [outbox.result(), resend.result()]
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for one in went_through:
            name = one.ground.app.provider.name
            settled = one.ground.app.store.deliveries.batches(one.ground.issue.id, BatchStatus.SETTLED)
            again = sum(row.attempts > 1 for row in settled)
            print(f"{name}: {one.kills} kills, {one.in_flight} in flight, {again} requests repeated")  # noqa: T201  # for the log
    yield went_through
    for one in went_through:
        one.ground.close()


def test_at_least_fifty_senders_were_killed_and_some_with_a_request_on_its_way(ordeals: list[Ordeal]) -> None:
    assert sum(one.kills for one in ordeals) >= 50
    for one in ordeals:
        name = one.ground.app.provider.name
        assert one.in_flight >= KILLS_IN_FLIGHT, f"VOID: only {one.in_flight} kills of {name} fell in flight"


def test_every_recipient_gets_exactly_one_mail_from_the_outbox_and_the_ledger_says_so(ordeals: list[Ordeal]) -> None:
    assert faults_found(ordeals[0].ground, ordeals[0].got) == []


def test_every_recipient_gets_exactly_one_mail_through_resend_and_the_ledger_says_so(ordeals: list[Ordeal]) -> None:
    assert faults_found(ordeals[1].ground, ordeals[1].got) == []
    assert ordeals[1].replays > 0, "VOID: no request was repeated, so its key was never put to the test"


class Forgetful(FakeResend):
    """Takes every request as if it were new, whatever its key."""

    def _remember(self, entry: dict[str, Any]) -> None:
        super()._remember(entry)
        self._keys.clear()


def test_a_provider_that_forgets_its_keys_is_found_out(tmp_path: Path) -> None:
    """The question put above can be answered with no: this is the same ordeal with a promise broken."""
    with Forgetful(tmp_path / "resend.log") as resend:
        ground = build_ground(tmp_path, 40, resend_at(resend.url), RATE)
        approve_tested(ground)
        freeze_issue(ground.app, ground.key)
        ground.cut_small()
        Ordeal(ground).strike("after_post=kill@2", 0.0)
        ground.send_to_the_end()
        got, _ = mails_taken(tmp_path / "resend.log")
        found = faults_found(ground, got)
        ground.close()
    assert len(found) >= MEMBERS
    assert all(line.endswith("got 2 mails") for line in found), found
