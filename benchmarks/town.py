"""A newsletter that has been going for years: ten thousand comparisons, two years of issues, a million subscribers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.house import make_house
from newsletter.app.container import App
from newsletter.app.send_issue import freeze_issue
from newsletter.comparisons.model import Comparison, Tool, slugify

_ISSUES = 104
_BLOCK = 100_000
_FIRST = ("Amber", "Birch", "Cinder", "Drift", "Ember", "Fable", "Garnet", "Heron", "Indigo", "Juniper")
_LAST = ("anvil", "beacon", "compass", "dynamo", "easel", "forge", "gantry", "harbour", "island", "jetty")
_TOPICS = ("Developer Tools", "Writing", "Design", "Research", "Sales", "Support", "Music", "Video", "Data", "Planning")


@dataclass(frozen=True)
class Town:
    """What is in it. `slugs` of comparisons, `tools` of those which they compare, `keys` of issues."""

    app: App
    slugs: list[str]
    tools: list[str]
    keys: list[str]


def make_town(folder: Path, comparisons: int, subscribers: int) -> Town:
    """The caller closes its app. Nobody is mailed: one issue went to ten readers, and stands there under many keys."""
    app, key = make_house(folder, 10)
    freeze_issue(app, key)
    with (folder / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write("[web]\nconfirmations_per_hour = 1000000000\n")
    made = list(_comparisons(app, comparisons))
    with app.store.transaction():
        for number, comparison in enumerate(made):
            app.store.comparisons.add(comparison, datetime.now(UTC), archived=number % 100 != 0)
        _repeat_issue(app, key)
    for start in range(0, subscribers, _BLOCK):
        _people(app, start, min(_BLOCK, subscribers - start))
    app.store.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    tools = sorted({side.slug for comparison in made for side in comparison.sides})
    return Town(app, [one.slug for one in made], tools, [key for key, _, _ in app.store.issues.published()])


def _comparisons(app: App, count: int) -> Iterator[Comparison]:
    """The sample's, under new names: three tools for each two comparisons."""
    sides = [side for stored in app.store.comparisons.all() for side in stored.comparison.sides]
    pool = [_named(sides[number % len(sides)], number) for number in range(max(4, count * 3 // 2))]
    for number in range(count):
        left, right = pool[number], pool[(number * 7 + 1) % len(pool)]
        if left.slug != right.slug:
            day = date.today() - timedelta(days=number % 700)
            yield Comparison(f"{left.slug}-vs-{right.slug}", (left, right), published_on=day)


def _named(side: Tool, number: int) -> Tool:
    name = f"{_FIRST[number % 10]}{_LAST[number // 10 % 10]} {number // 100}"
    return replace(side, name=name, slug=slugify(name), category=_TOPICS[number // 3 % 10], url=None)


def _repeat_issue(app: App, key: str) -> None:
    """The issue once a week for two years back, with the same items."""
    database = app.store.database
    columns = [row["name"] for row in database.query("PRAGMA table_info(issue)")]
    issue = database.one("SELECT * FROM issue WHERE key = ?", (key,))
    assert issue is not None
    marks = ", ".join("?" * (len(columns) - 1))
    for weeks in range(1, _ISSUES):
        day = date.fromisoformat(issue["slot"]) - timedelta(weeks=weeks)
        year, week, _ = day.isocalendar()
        new = {"key": f"{year}-W{week:02}", "slot": day.isoformat(), "status": "sent"}
        values = [new.get(name, issue[name]) for name in columns if name != "id"]
        issue_id = database.insert(f"INSERT INTO issue ({', '.join(columns[1:])}) VALUES ({marks})", values)
        database.change(
            "INSERT INTO issue_item SELECT ?, comparison_id, position, section, before, labels FROM issue_item"
            " WHERE issue_id = ?",
            (issue_id, issue["id"]),
        )


def _people(app: App, start: int, count: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    app.store.database.change_many(  # nobody looks these up by address, so that any hash will do
        "INSERT INTO subscriber (email, address_hash, status, created_at, confirmed_at) VALUES (?, ?, 'active', ?, ?)",
        (
            (f"resident{number}@example.com", secrets.token_bytes(16), now, now)
            for number in range(start, start + count)
        ),
    )
