"""Charts, drawn here as SVG, each with its numbers as a table beneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.numbers import of_issues, of_votes, of_weeks
from newsletter.web.console.gate import Gate

WIDE, HIGH, GAP = 720, 180, 0.3
"""Of a drawing, in its own units; the gap between groups as a part of a group."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the units of the drawing. `series`: 0 the first of a group, 1 the second."""

    x: float
    y: float
    width: float
    height: float
    series: int
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and the table that says the same. `rows`: (label, one value per series)."""

    title: str
    description: str
    series: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    bars: tuple[Bar, ...]
    most: str


def numbers(app: App, gate: Gate) -> None:
    """`/console/numbers`."""

    @gate.get("/numbers")
    def look(request: Request) -> Response:
        issues, weeks, votes = of_issues(app), of_weeks(app), of_votes(app)
        charts = [
            chart(
                "Delivery, issue by issue",
                ("Accepted", "Not accepted"),
                [(one.key, (one.accepted, one.missed)) for one in issues],
            ),
            chart(
                "Readers who came and who left, week by week",
                ("Came", "Left"),
                [(one.until, (one.came, one.left)) for one in weeks],
            ),
            chart(
                "Readers against the panel, in the last issue",
                ("Readers ship", "The panel ships"),
                [(f"{one.name} ({one.votes})", (one.readers, one.panel)) for one in votes],
                per_cent=True,
            ),
        ]
        return gate.show(request, "numbers", charts=charts, wide=WIDE, high=HIGH, here="numbers")


def chart(
    title: str,
    series: tuple[str, str],
    values: Sequence[tuple[str, tuple[int | None, ...]]],
    *,
    per_cent: bool = False,
) -> Chart:
    """Groups of bars, one per row; a value that is not known has no bar."""
    known = [value for _, row in values for value in row if value is not None]
    most = 100 if per_cent else max([*known, 1])
    sign = " %" if per_cent else ""
    group = WIDE / max(1, len(values))
    bar = group * (1 - GAP) / len(series)
    bars = [
        Bar(
            round(place * group + group * GAP / 2 + number * bar, 2),
            round(HIGH * (1 - value / most), 2),
            round(bar, 2),
            round(HIGH * value / most, 2),
            number,
            f"{label}, {series[number]}: {value:,}{sign}",
        )
        for place, (label, row) in enumerate(values)
        for number, value in enumerate(row)
        if value is not None
    ]
    rows = tuple(
        (label, tuple("not known" if value is None else f"{value:,}{sign}" for value in row)) for label, row in values
    )
    first, last = (values[0][0], values[-1][0]) if values else ("", "")
    description = (
        f"{' and '.join(series)}, from {first} to {last}; the highest is {max(known):,}{sign}." if known else ""
    )
    return Chart(title, description, series, rows, tuple(bars), f"{most:,}{sign}")
