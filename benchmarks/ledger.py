"""Freezing and sending: the database on this disk with fsync (`synchronous=FULL`), as in production."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.house import beside, body_bytes, make_house, run_child
from benchmarks.table import Line
from newsletter.app.send_issue import freeze_issue

_PEAK = 200


def freezing(small: bool) -> list[Line]:
    """Everything that `freeze_issue` does, the checks and the rendering included."""
    recipients = 50_000 if small else 1_000_000
    target = 3.0 * recipients / 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        app, key = make_house(Path(folder), recipients)
        began = time.perf_counter()
        issue = freeze_issue(app, key)
        seconds = time.perf_counter() - began
        assert issue.counts.frozen == recipients
        app.close()
    limit = target + 0.1 if small else target  # the checks and the rendering do not shrink
    what = f"{recipients:,} recipients into batches of 100, one transaction, fsync at its end; 1 process"
    return [Line("freeze", what, f"{seconds:.2f} s", f"< {limit:.2f} s", seconds < limit)]


def to_the_outbox(small: bool) -> list[Line]:
    """Real .eml files, each with fsync before it counts as accepted."""
    return _send("send, outbox", "outbox", 500 if small else 20_000, "an .eml file each, fsync per file and per batch")


def to_a_sink(small: bool) -> list[Line]:
    """Resend's request bodies: handed over within the process, and over HTTP to another one on this machine."""
    recipients = 2_000 if small else 100_000
    lines = _send("send, sink in process", "sink", recipients, "JSON bodies built, hashed and dropped; fsync per batch")
    with beside("take") as url:
        lines += _send(
            "send, sink over HTTP", url, recipients, "JSON bodies by loopback HTTP to a sink; fsync per batch"
        )
    return lines


def _send(name: str, provider: str, recipients: int, how: str) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        app, key = make_house(Path(folder), recipients)
        freeze_issue(app, key)
        size = body_bytes(app, key)
        app.close()
        said = run_child("send", folder, provider)
    assert said["accepted"] == said["frozen"] == recipients, said
    processes = 2 if provider.startswith("http") else 1
    what = f"{recipients:,} mails of {size:,} bytes, a signed token each, 4 threads, {how}; {processes} process(es)"
    rate = recipients / said["seconds"]
    return [
        Line(name, what, f"{rate:,.0f}/s ({said['seconds']:.1f} s)"),
        Line(
            f"{name}, peak RSS",
            "VmHWM of the sending process",
            f"{said['peak_mb']:.0f} MB",
            f"< {_PEAK} MB",
            said["peak_mb"] < _PEAK,
        ),
    ]
