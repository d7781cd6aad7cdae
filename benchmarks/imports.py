"""Comparisons as they come in: files read, checked and stored."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from benchmarks.house import make_house
from benchmarks.table import Line
from newsletter.app.container import App
from newsletter.app.import_comparisons import import_comparisons
from newsletter.comparisons.formats import dump_as
from newsletter.comparisons.model import Comparison, Tool, slugify

_TARGETS = {"csv": 2_000, "json": 2_000, "yaml": None}
"""Comparisons in a second."""


def comparisons(small: bool) -> list[Line]:
    """The same comparisons from a file of each format, new and then once more, when nothing of them is news."""
    count = 100 if small else 4_000
    lines: list[Line] = []
    for form, target in _TARGETS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            app, _ = make_house(folder, 1)
            file = folder / f"all.{form}"
            file.write_text(dump_as(form, _made(app, count)), encoding="utf-8", newline="")
            size = file.stat().st_size
            for again in (False, True):
                rate = count / _seconds(app, file, count, again)
                what = (
                    f"{count:,} comparisons of {size // count:,} bytes of {form.upper()} each, one transaction, fsync"
                )
                aim = None if again else target
                lines.append(
                    Line(
                        f"import, {form}{', again' if again else ''}",
                        f"{what}; 1 process",
                        f"{rate:,.0f}/s",
                        f"≥ {aim:,}/s" if aim else "",
                        rate >= aim if aim else None,
                    )
                )
            app.close()
    return lines


def _seconds(app: App, file: Path, count: int, again: bool) -> float:
    start = time.perf_counter()
    done = import_comparisons(app, [file], archived=True)
    seconds = time.perf_counter() - start
    if done.counts["unchanged" if again else "new"] != count:
        raise RuntimeError(f"{file.name}: {done.counts}")
    return seconds


def _made(app: App, count: int) -> Iterator[Comparison]:
    """The sample's, under new names."""
    sides = [side for stored in app.store.comparisons.all() for side in stored.comparison.sides]
    for number in range(count):
        left = _named(sides[number % len(sides)], f"Left {number}")
        right = _named(sides[(number * 7 + 1) % len(sides)], f"Right {number}")
        day = date.today() - timedelta(days=number % 700)
        yield Comparison(f"{left.slug}-vs-{right.slug}", (left, right), published_on=day)


def _named(side: Tool, name: str) -> Tool:
    return replace(side, name=name, slug=slugify(name))
