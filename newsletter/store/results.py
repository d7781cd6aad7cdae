"""What came of issues: numbers that are kept, with every change of a delivery or a vote, by triggers of the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from newsletter.reports import Kept
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import text_of

_KEPT = (
    "SELECT issue_id, status, outcome, n FROM delivery_count WHERE issue_id IN ({marks})",
    "SELECT issue_id, choice, n FROM vote_count WHERE issue_id IN ({marks})",
)
_COUNTED = (
    "SELECT issue_id, status, outcome, count(*) AS n FROM delivery WHERE issue_id IN ({marks}) AND outcome IS NOT NULL"
    " GROUP BY issue_id, status, outcome",
    "SELECT issue_id, choice, count(*) AS n FROM vote WHERE issue_id IN ({marks}) AND choice IS NOT NULL"
    " GROUP BY issue_id, choice",
)


class Results:
    """The numbers beside an issue's counts of statuses, and who left by its links."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def kept(self, issue_ids: Sequence[int]) -> dict[int, Kept]:
        """Issue id → its numbers, for every one of them, by a look at what is kept."""
        return self._of(issue_ids, _KEPT)

    def counted(self, issue_ids: Sequence[int]) -> dict[int, Kept]:
        """The same, counted row by row: what the kept ones must equal."""
        return self._of(issue_ids, _COUNTED)

    def left_by(self, issue_id: int, subscriber_id: int, at: datetime) -> None:
        """Note that somebody unsubscribed by a link of this issue; nothing for a link that came with none."""
        self._database.change(
            "INSERT INTO issue_leaving (issue_id, subscriber_id, at) SELECT id, ?, ? FROM issue WHERE id = ?"
            " ON CONFLICT (issue_id, subscriber_id) DO UPDATE SET at = excluded.at",
            (subscriber_id, text_of(at), issue_id),
        )

    def came_back(self, subscriber_id: int, left_at: datetime) -> None:
        """They undid it: forget that they left then."""
        self._database.change(
            "DELETE FROM issue_leaving WHERE subscriber_id = ? AND at >= ?", (subscriber_id, text_of(left_at))
        )

    def _of(self, issue_ids: Sequence[int], sources: tuple[str, str]) -> dict[int, Kept]:
        marks = ", ".join("?" * len(issue_ids))
        outcomes: dict[int, Counter[str]] = {number: Counter() for number in issue_ids}
        heard: Counter[int] = Counter()
        votes: Counter[tuple[int, str]] = Counter()
        for row in self._database.query(sources[0].format(marks=marks), issue_ids):
            outcomes[row["issue_id"]][row["outcome"]] += row["n"]
            heard[row["issue_id"]] += row["n"] if row["status"] == "accepted" else 0
        for row in self._database.query(sources[1].format(marks=marks), issue_ids):
            votes[row["issue_id"], row["choice"]] = row["n"]
        left = self._database.query(
            f"SELECT issue_id, count(*) AS n FROM issue_leaving WHERE issue_id IN ({marks}) GROUP BY issue_id",
            issue_ids,
        )
        gone = {row["issue_id"]: row["n"] for row in left}
        return {
            number: Kept(
                dict(+outcomes[number]),
                heard[number],
                gone.get(number, 0),
                votes[number, "ship"],
                votes[number, "skip"],
            )
            for number in issue_ids
        }
