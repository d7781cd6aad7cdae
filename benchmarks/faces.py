"""How quickly the faces answer: the command line, and the pages while an issue is being sent."""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.house import ROOT, beside, child_words, make_house
from benchmarks.table import Line
from newsletter.app.send_issue import freeze_issue
from newsletter.bootstrap import build_app
from newsletter.issues import IssueStatus
from newsletter.settings import load

_SEARCH = "/compare?q=review"
"""Rendered each time, where other pages are kept."""


def help_text(small: bool) -> list[Line]:
    """Start of the interpreter included; a first call to warm the disk is not counted."""
    words = [sys.executable, "-m", "newsletter", "--help"]
    taken = []
    for _ in range(11):
        began = time.perf_counter()
        subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
        taken.append(time.perf_counter() - began)
    seconds = statistics.median(taken[1:])
    return [Line("--help", "median of 10 new processes", f"{seconds * 1000:.0f} ms", "< 80 ms", seconds < 0.080)]


def pages(small: bool) -> list[Line]:
    """A search one after another: while nothing is sent, while threads beside the pages send, while a process does."""
    recipients = 3_000 if small else 20_000
    with tempfile.TemporaryDirectory() as folder:
        app, _ = make_house(Path(folder), 10)
        app.close()
        with beside("pages", folder, "none") as url:
            idle = _latencies(url, lambda: True, at_most=200)
    lines = [_line("page, idle", "nothing is sent", idle, idle)]
    for name, senders in (("page, sender as threads", "threads"), ("page, sender as a process", "none")):
        with tempfile.TemporaryDirectory() as folder, beside("pages", folder, senders, recipients) as said:
            url, key = said.split()
            taken = _while_sending(Path(folder), url, key, own_process=senders == "none")
        lines.append(_line(name, f"while {recipients:,} mails go to the outbox with fsync, 4 threads", taken, idle))
    return lines


def _while_sending(folder: Path, url: str, key: str, *, own_process: bool) -> list[float]:
    app = build_app(load(folder / "newsletter.toml"))
    issue = freeze_issue(app, key)

    def sends() -> bool:
        now = app.store.issues.by_id(issue.id)
        return now is not None and now.counts.accepted > 0 and now.status is IssueStatus.SENDING

    sender = (
        subprocess.Popen(child_words("send", folder, "outbox"), cwd=ROOT, stdout=subprocess.PIPE)
        if own_process
        else None
    )
    while not sends():
        time.sleep(0.002)
    taken = _latencies(url, sends)
    if sender is not None:
        sender.communicate()
    app.close()
    return taken


def _latencies(url: str, goes_on: Callable[[], bool], at_most: int = 1000) -> list[float]:
    """Seconds of each request, for as long as it goes on."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    taken: list[float] = []
    while len(taken) < at_most and goes_on():
        began = time.perf_counter()
        connection.request("GET", _SEARCH)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        taken.append(time.perf_counter() - began)
        time.sleep(0.005)
    connection.close()
    if len(taken) < 5:
        raise RuntimeError(f"only {len(taken)} pages were measured before the send was over")
    return taken


def _line(name: str, what: str, taken: list[float], idle: list[float]) -> Line:
    p50, p95 = _percentiles(taken)
    ratio = p50 / _percentiles(idle)[0]
    figure = f"p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms" + (f" (×{ratio:.1f})" if taken is not idle else "")
    return Line(name, f"{len(taken)} times GET {_SEARCH} on one connection, {what}", figure)


def _percentiles(taken: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(taken, n=20)
    return cuts[9], cuts[18]
