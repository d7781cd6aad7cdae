"""Who is alive, and the places where a test lets a process die."""

from __future__ import annotations

import multiprocessing
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from newsletter.app.failpoints import NAMES, Failpoints
from newsletter.app.owners import Owners
from newsletter.errors import ConfigError

SPAWN = multiprocessing.get_context("spawn")


def test_an_owner_lives_until_it_leaves(tmp_path: Path) -> None:
    owners, others = Owners(tmp_path / "owners"), Owners(tmp_path / "owners")
    one, two = owners.enter(), owners.enter()
    assert one != two
    assert [owners.is_dead(one), others.is_dead(one), others.is_dead(two)] == [False, False, False]
    owners.leave(one)
    assert [owners.is_dead(one), others.is_dead(one), others.is_dead(two)] == [True, True, False]
    owners.leave(one)
    owners.close()
    assert others.is_dead(two)
    assert list((tmp_path / "owners").iterdir()) == []


def test_an_owner_on_another_machine_is_never_said_to_be_dead(tmp_path: Path) -> None:
    assert not Owners(tmp_path).is_dead("another-machine/0123456789abcdef")


def _live(folder: str, entered: Any) -> None:
    owners = Owners(Path(folder))
    entered.put(owners.enter())
    time.sleep(60)


def test_an_owner_that_was_killed_is_dead_at_once(tmp_path: Path) -> None:
    entered = SPAWN.Queue()
    process = SPAWN.Process(target=_live, args=(str(tmp_path), entered))
    process.start()
    owner = entered.get(timeout=30)
    owners = Owners(tmp_path)
    assert not owners.is_dead(owner)
    process.kill()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert owners.is_dead(owner)
    assert owners.is_dead(owner), "and stays so, its file gone"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_armed_by_default() -> None:
    failpoints = Failpoints()
    for name in NAMES:
        failpoints.hit(name)


@pytest.mark.parametrize(
    "plan",
    ["nowhere=kill", "claimed", "claimed=", "claimed=explode", "claimed=kill@x", "claimed=sleep", "claimed=sleep:soon"],
)
def test_a_plan_that_names_what_does_not_exist_is_refused(plan: str) -> None:
    with pytest.raises(ConfigError, match="is no plan") as caught:
        Failpoints(plan)
    assert "after_post, before_post, claimed" in caught.value.next_step


def test_an_exit_happens_at_its_passing_and_once() -> None:
    failpoints = Failpoints(" claimed=exit@2 , settled=exit")
    failpoints.hit("claimed")
    with pytest.raises(SystemExit) as caught:
        failpoints.hit("claimed")
    assert caught.value.code == 70
    failpoints.hit("claimed")
    with pytest.raises(SystemExit):
        failpoints.hit("settled")


def test_a_sleep_waits_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    Failpoints("frozen=sleep:0.25").hit("frozen")
    assert slept == [0.25]


def _die() -> None:
    Failpoints("before_post=kill").hit("before_post")


def test_a_kill_is_one_that_no_handler_sees() -> None:
    process = SPAWN.Process(target=_die)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


def test_a_kill_is_sent_to_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *to: sent.append(to))
    Failpoints("before_post=kill").hit("before_post")
    assert sent == [(os.getpid(), signal.SIGKILL)]
