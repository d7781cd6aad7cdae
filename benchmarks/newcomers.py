"""A long list of subscribers comes in: rows a second, looked at and applied, and what memory two sizes of it take."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.house import ROOT
from benchmarks.table import Line
from newsletter.app.import_subscribers import import_subscribers
from newsletter.bootstrap import build_app
from newsletter.settings import Settings

_ROWS, _FEWER = 1_000_000, 100_000
_SMALL, _SMALLER = 20_000, 2_000
_WANTED_RATE = 30_000
_WANTED_RATIO = 1.5
_HEAD = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,TAGS\n"
_NAMES = ("amara", "bela", "chidi", "dana", "emeka", "fatou", "goran", "hana", "ines", "jonas")
_DOMAINS = ("example.com", "mail.example.com", "post.example.net", "letters.example.org")


def newcomers(small: bool) -> list[Line]:
    """Lists as Mailchimp exports them, everybody with a proof of their own, into a new store; a process each."""
    rows, fewer = (_SMALL, _SMALLER) if small else (_ROWS, _FEWER)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = _child(folder, fewer, "apply")
        _clear(folder)
        look = _child(folder, rows, "look")
        done, size = _child(folder, rows, "apply"), _list_of(folder, rows).stat().st_size
    ratio = done["peak_mb"] / few["peak_mb"]
    what = f"{rows:,} rows, {size / 1e6:.0f} MB, each with proof, moments and IP"
    return [
        Line("subscribers, looked at", f"{what}; read, validated, hashed, planned", f"{rows / look['seconds']:,.0f}/s"),
        Line(
            "subscribers, imported",
            f"{what}; all that and stored in one transaction with its fsync",
            f"{rows / done['seconds']:,.0f}/s",
            f"≥ {_WANTED_RATE:,}/s",
            rows / done["seconds"] >= _WANTED_RATE,
        ),
        Line(
            "subscribers, others wait",
            f"{rows:,} rows; how long nobody else can write while they are applied",
            f"{done['held']:.1f} s",
        ),
        Line(
            "subscribers, peak RSS",
            f"VmHWM of the process; × is of {rows:,} rows to {fewer:,}",
            f"{done['peak_mb']:.0f} MB (×{ratio:.2f})",
            f"< ×{_WANTED_RATIO}",
            ratio < _WANTED_RATIO,
        ),
    ]


def _list_of(folder: Path, rows: int) -> Path:
    path = folder / f"subscribed_{rows}.csv"
    if not path.exists():
        chance = random.Random(rows)
        with path.open("w", encoding="utf-8") as file:
            file.write(_HEAD)
            for number in range(rows):
                name, at = chance.choice(_NAMES), chance.choice(_DOMAINS)
                day = f"20{chance.randrange(15, 26)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
                file.write(f"{name}.{chance.getrandbits(32):x}{number}@{at},{name.title()},Sample,2,{day} 10:20:30,")
                file.write(f'192.0.2.{number % 250},{day} 10:25:30,192.0.2.{number % 250},{number},"""readers"""\n')
    return path


def _clear(folder: Path) -> None:
    for path in folder.glob("subscribers.db*"):
        path.unlink()


def _child(folder: Path, rows: int, act: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.newcomers", str(folder), str(_list_of(folder, rows)), act]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{act} failed:\n{done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def main() -> None:
    """`FOLDER LIST look|apply`: do it and say in how many seconds and with how much memory."""
    folder, path, act = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    app = build_app(Settings(database=folder / "subscribers.db", delivery={"outbox": {"folder": folder / "outbox"}}))
    read: list[float] = []
    began = time.perf_counter()
    report = import_subscribers(
        app, path, dry_run=act == "look", progress=lambda count: read.append(time.perf_counter())
    )
    ended = time.perf_counter()
    assert report.counts["new"] == sum(report.counts.values())
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert peak
    print(json.dumps({"seconds": ended - began, "held": ended - read[-1], "peak_mb": int(peak[1]) / 1024}))
    app.close()


if __name__ == "__main__":
    main()
