"""Named places where a test can make the process die, stop or wait. In production nothing is armed.

A plan is `name=action[@n]`, comma-separated: at the n-th passing (1 by default) of `name`, do `kill` (SIGKILL to
oneself: nothing is flushed, no handler runs), `exit` (raise SystemExit) or `sleep:SECONDS`.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections import Counter

from newsletter.errors import ConfigError

_ACTION = re.compile(r"kill|exit|sleep:\d+(\.\d+)?")
NAMES = frozenset({"claimed", "before_post", "after_post", "settled", "frozen"})


class Failpoints:
    """An armed plan, or none."""

    def __init__(self, plan: str = "") -> None:
        """Raises ConfigError where the plan names what does not exist."""
        self._plan: dict[str, tuple[str, int]] = {}
        self._passed: Counter[str] = Counter()
        self._lock = threading.Lock()
        for step in filter(None, map(str.strip, plan.split(","))):
            name, _, rest = step.partition("=")
            action, _, nth = rest.partition("@")
            if name not in NAMES or not _ACTION.fullmatch(action) or not (nth or "1").isdecimal():
                raise ConfigError(f"failpoints: {step!r} is no plan.", next_step=f"Names: {', '.join(sorted(NAMES))}.")
            self._plan[name] = (action, int(nth or 1))

    def hit(self, name: str) -> None:
        """Pass the place `name`."""
        if name not in self._plan:
            return
        action, nth = self._plan[name]
        with self._lock:
            self._passed[name] += 1
            due = self._passed[name] == nth
        if not due:
            return
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "exit":
            raise SystemExit(70)
        else:
            time.sleep(float(action.partition(":")[2]))
