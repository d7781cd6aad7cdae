"""How it goes from issue to issue and from week to week: what the charts of the console are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from newsletter.app.container import App
from newsletter.comparisons.model import panel_of_counts
from newsletter.rendering.words import one_line

SPAN = 12
"""Issues, and weeks."""


@dataclass(frozen=True, slots=True)
class IssueNumbers:
    """One issue, by its kept counts: whom the provider took it for, and whom it did not go to after all."""

    key: str
    accepted: int
    missed: int


@dataclass(frozen=True, slots=True)
class WeekNumbers:
    """Seven days that end with `until` (local date in ISO form): who confirmed, who left."""

    until: str
    came: int
    left: int


@dataclass(frozen=True, slots=True)
class ToolNumbers:
    """A tool of the last issue on which readers voted: ship votes in per cent, theirs and the panel's."""

    slug: str
    name: str
    readers: int
    votes: int
    panel: int | None


def of_issues(app: App) -> list[IssueNumbers]:
    """The last twelve that went out, oldest first."""
    sent = [issue for issue in app.store.issues.all(3 * SPAN) if issue.frozen_at and issue.corrects is None][:SPAN]
    return [
        IssueNumbers(issue.key, issue.counts.accepted, issue.counts.frozen - issue.counts.accepted - issue.counts.open)
        for issue in reversed(sent)
    ]


def of_weeks(app: App) -> list[WeekNumbers]:
    """The last twelve spans of seven days up to now, oldest first."""
    now, found = app.now(), []
    for back in range(SPAN - 1, -1, -1):
        end = now - timedelta(weeks=back)
        came, left = app.store.people.came_and_left(end - timedelta(weeks=1), end)
        found.append(WeekNumbers(end.astimezone(app.settings.zone).date().isoformat(), came, left))
    return found


def of_votes(app: App) -> list[ToolNumbers]:
    """Tools of the last issue with a reader's vote, most votes first."""
    last = app.store.issues.last_sent(app.now())
    if last is None:
        return []
    rows = app.store.issues.items(last.id)
    stored = app.store.comparisons.by_ids([row.comparison_id for row in rows])
    tools = {side.slug: side for one in stored.values() for side in one.comparison.sides}
    found = []
    for slug, tally in app.store.votes.tallies(list(tools)).items():
        ship, skip = tally.readers.ship, tally.readers.skip
        if ship + skip:
            panel, share = tools[slug].panel, panel_of_counts(ship, skip).share
            assert share is not None
            theirs = panel.share if panel else None
            found.append(ToolNumbers(slug, one_line(tools[slug].name), share, ship + skip, theirs))
    return sorted(found, key=lambda one: (-one.votes, one.slug))
