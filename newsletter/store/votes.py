"""Votes, ship or skip, on tools: a reader's (one per tool, changeable), and those of people we do not know, apart.

The tallies are kept with every vote; the hits of the canary are looked at afterwards, by void_programs().
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.comparisons.model import Verdict, VoteTally
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of


@dataclass(frozen=True, slots=True)
class Tally:
    """How a tool stands: with readers, and with people on the web."""

    readers: VoteTally
    web: VoteTally


_ONE_HIT = timedelta(seconds=10)
_NONE = Tally(VoteTally(0, 0), VoteTally(0, 0))


class Votes:
    """All votes."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def of_reader(self, subscriber_id: int) -> dict[str, Verdict]:
        """Tool slug → choice."""
        sql = "SELECT tool, choice FROM vote WHERE subscriber_id = ? AND choice IS NOT NULL"
        rows = self._database.query(sql, (subscriber_id,))
        return {row["tool"]: Verdict(row["choice"]) for row in rows}

    def of_visitor(self, voter: bytes, tools: Sequence[str]) -> dict[str, Verdict]:
        """Tool slug → choice, of `tools`."""
        marks = ", ".join("?" * len(tools))
        sql = f"SELECT tool, choice FROM web_vote WHERE voter = ? AND tool IN ({marks})"
        return {row["tool"]: Verdict(row["choice"]) for row in self._database.query(sql, [voter, *tools])}

    def put(
        self,
        subscriber_id: int,
        tool: str,
        choice: Verdict | None,
        at: datetime,
        client: bytes | None,
        issue_id: int | None = None,
    ) -> None:
        """A reader's vote; None takes it back. `issue_id`: in whose mail it was cast, None for a page."""
        with self._database.transaction():
            row = self._database.one(
                "SELECT choice, client, before, issue_id, before_issue_id FROM vote"
                " WHERE subscriber_id = ? AND tool = ?",
                (subscriber_id, tool),
            )
            self._shift(tool, row["choice"] if row else None, choice, "")
            if choice is None and (row is None or client is None):
                self._database.change("DELETE FROM vote WHERE subscriber_id = ? AND tool = ?", (subscriber_id, tool))
                return
            same = row is not None and client is not None and row["client"] == client
            before = row and (row["before"] if same else row["choice"])
            before_issue_id = row and (row["before_issue_id"] if same else row["issue_id"])
            self._database.change(
                "INSERT INTO vote (subscriber_id, tool, choice, at, client, before, issue_id, before_issue_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subscriber_id, tool) DO UPDATE SET"
                " choice = excluded.choice, at = excluded.at, client = excluded.client, before = excluded.before,"
                " issue_id = excluded.issue_id, before_issue_id = excluded.before_issue_id",
                (subscriber_id, tool, choice and str(choice), text_of(at), client, before, issue_id, before_issue_id),
            )

    def put_web(self, voter: bytes, tool: str, choice: Verdict | None, at: datetime) -> None:
        """A vote of somebody we do not know; None takes it back."""
        with self._database.transaction():
            row = self._database.one("SELECT choice FROM web_vote WHERE voter = ? AND tool = ?", (voter, tool))
            self._shift(tool, row["choice"] if row else None, choice, "web_")
            if choice is None:
                self._database.change("DELETE FROM web_vote WHERE voter = ? AND tool = ?", (voter, tool))
            else:
                self._database.change(
                    "INSERT INTO web_vote VALUES (?, ?, ?, ?) ON CONFLICT (voter, tool) DO UPDATE"
                    " SET choice = excluded.choice, at = excluded.at",
                    (voter, tool, str(choice), text_of(at)),
                )

    def tallies(self, tools: Sequence[str]) -> dict[str, Tally]:
        """Tool slug → tally, for every one of `tools`."""
        if not tools:
            return {}
        marks = ", ".join("?" * len(tools))
        rows = self._database.query(f"SELECT * FROM tally WHERE tool IN ({marks})", list(tools))
        found = {
            row["tool"]: Tally(VoteTally(row["ship"], row["skip"]), VoteTally(row["web_ship"], row["web_skip"]))
            for row in rows
        }
        return {tool: found.get(tool, _NONE) for tool in tools}

    def keep_for(self, issue_id: int, tools: Sequence[str]) -> None:
        """Keep how readers have voted on `tools` by now, as what an issue says of it."""
        with self._database.transaction():
            self._database.change("DELETE FROM issue_tally WHERE issue_id = ?", (issue_id,))
            self._database.change_many(
                "INSERT INTO issue_tally VALUES (?, ?, ?, ?)",
                [
                    (issue_id, tool, tally.readers.ship, tally.readers.skip)
                    for tool, tally in self.tallies(tools).items()
                    if tally.readers.ship + tally.readers.skip
                ],
            )

    def kept_for(self, issue_id: int) -> dict[str, VoteTally]:
        """Tool slug → the tally that was kept, for those that readers had voted on."""
        rows = self._database.query("SELECT tool, ship, skip FROM issue_tally WHERE issue_id = ?", (issue_id,))
        return {row["tool"]: VoteTally(row["ship"], row["skip"]) for row in rows}

    def changes(self, tools: Sequence[str]) -> int:
        """Grows with every change of a tally of `tools`: what pages made of them are kept by."""
        marks = ", ".join("?" * len(tools))
        return int(self._database.value(f"SELECT COALESCE(sum(changes), 0) FROM tally WHERE tool IN ({marks})", tools))

    def trip(self, subscriber_id: int, client: bytes, at: datetime) -> None:
        """Append that this client opened the link which no person sees; hits of one client within seconds are one."""
        self._database.change(
            "INSERT INTO canary (subscriber_id, client, at) SELECT ?, ?, ? WHERE NOT EXISTS"
            " (SELECT 1 FROM canary WHERE client = ? AND at >= ?)",
            (subscriber_id, client, text_of(at), client, text_of(at - _ONE_HIT)),
        )

    def tripped(self, client: bytes, since: datetime) -> bool:
        """Whether this client opened that link since then."""
        sql = "SELECT 1 FROM canary WHERE client = ? AND at >= ? LIMIT 1"
        return self._database.value(sql, (client, text_of(since))) is not None

    def void_programs(self, now: datetime, within: timedelta) -> int:
        """Undo every reader's vote that a client cast within `within` of its opening that link; how many.

        Forgets the clients of older votes and hits, and what was taken back: nothing can tell any more who pressed.
        """
        with self._database.transaction():
            void = {
                (row["subscriber_id"], row["tool"]): (row["before"], row["before_issue_id"])
                for hit in self._database.query("SELECT client, at FROM canary")
                for row in self._database.query(
                    "SELECT subscriber_id, tool, before, before_issue_id FROM vote"
                    " WHERE client = ? AND at BETWEEN ? AND ?",
                    (
                        hit["client"],
                        text_of(moment_of(hit["at"]) - within),
                        text_of(moment_of(hit["at"]) + within),
                    ),
                )
            }
            for (subscriber_id, tool), (before, issue_id) in void.items():
                self.put(subscriber_id, tool, before and Verdict(before), now, None, issue_id)
            self._forget(now - 2 * within)
            return len(void)

    def forget_visitors(self, before: datetime) -> int:
        """Delete who cast the web votes older than that; what they said stays in the tallies. How many."""
        return self._database.change("DELETE FROM web_vote WHERE at < ?", (text_of(before),))

    def forget_reader(self, subscriber_id: int) -> None:
        """Take back every vote of a reader who is erased."""
        with self._database.transaction():
            for tool, choice in self.of_reader(subscriber_id).items():
                self._shift(tool, str(choice), None, "")
            self._database.change("DELETE FROM vote WHERE subscriber_id = ?", (subscriber_id,))
            self._database.change("DELETE FROM canary WHERE subscriber_id = ?", (subscriber_id,))

    def _forget(self, before: datetime) -> None:
        self._database.change("DELETE FROM canary WHERE at < ?", (text_of(before),))
        for forgotten in ("DELETE FROM vote WHERE choice IS NULL AND", "UPDATE vote SET client = NULL WHERE"):
            self._database.change(f"{forgotten} client IS NOT NULL AND at < ?", (text_of(before),))

    def _shift(self, tool: str, before: str | None, after: Verdict | None, kind: str) -> None:
        if before == after:
            return
        self._database.change("INSERT INTO tally (tool) VALUES (?) ON CONFLICT DO NOTHING", (tool,))
        for choice, by in ((before, -1), (after, 1)):
            if choice is not None:
                column = f"{kind}{choice}"
                self._database.change(
                    f"UPDATE tally SET {column} = {column} + ?, changes = changes + 1 WHERE tool = ?", (by, tool)
                )
