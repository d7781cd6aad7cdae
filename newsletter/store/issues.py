"""Issues: what is in them, where they stand, and the counts of their recipients."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from newsletter.issues import Correction, Counts, Issue, IssueStatus, Slot
from newsletter.selection import Section
from newsletter.store.catalogue import bump
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, moment_or_none, text_of

_COUNTS = tuple(field.name for field in fields(Counts))
_COLUMNS = ", ".join(  # all but the frozen mail, which is large and seldom wanted
    (
        *("id", "key", "slot", "slot_at", "cutoff_at", "status", "reason", "nonce", "subject", "preheader", "intro"),
        *("test_sha256", "content_sha256", "approved_at", "hold_until", "frozen_at", "finished_at"),
        *_COUNTS,
        "corrects",
    )
)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A comparison's place in an issue. `before`, `labels`: tool slug → label, when last sent and now."""

    comparison_id: int
    section: Section
    before: Mapping[str, str]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """What was decided about one candidate when the issue was drafted, and why."""

    comparison_id: int
    outcome: str
    section: str | None
    reason: str


class Issues:
    """All issues. Every change of status names the status it goes from, and says whether it happened."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def by_key(self, key: str) -> Issue | None:
        row = self._database.one(f"SELECT {_COLUMNS} FROM issue WHERE key = ?", (key,))
        return _issue(row) if row else None

    def by_id(self, issue_id: int) -> Issue | None:
        row = self._database.one(f"SELECT {_COLUMNS} FROM issue WHERE id = ?", (issue_id,))
        return _issue(row) if row else None

    def all(self, limit: int = -1) -> list[Issue]:
        """Newest slot first."""
        rows = self._database.query(f"SELECT {_COLUMNS} FROM issue ORDER BY slot DESC LIMIT ?", (limit,))
        return [_issue(row) for row in rows]

    def published(self, limit: int = -1, key: str | None = None) -> list[tuple[str, str, date]]:
        """(key, subject, local date) of the issues that readers have, newest first: the frozen ones, unless cancelled
        before anybody got it. With `key`, that one or none.
        """
        rows = self._database.query(
            "SELECT key, subject, slot FROM issue WHERE frozen_at IS NOT NULL AND corrects IS NULL"
            " AND (? IS NULL OR key = ?)"
            " AND (status <> 'cancelled' OR accepted + unknown + in_flight > 0) ORDER BY slot DESC LIMIT ?",
            (key, key, limit),
        )
        return [(row["key"], row["subject"], date.fromisoformat(row["slot"])) for row in rows]

    def in_status(self, *statuses: IssueStatus) -> list[Issue]:
        """Oldest slot first."""
        marks = ", ".join("?" * len(statuses))
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM issue WHERE status IN ({marks}) ORDER BY slot", list(statuses)
        )
        return [_issue(row) for row in rows]

    def create(
        self, slot: Slot, cutoff_at: datetime, status: IssueStatus, reason: str, nonce: str, at: datetime
    ) -> int | None:
        """The id of a new issue, or None where this slot has one: the database decides who drafts it."""
        with self._database.transaction():
            changed = self._database.change(
                "INSERT INTO issue (key, slot, slot_at, cutoff_at, status, reason, nonce, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    slot.key,
                    slot.day.isoformat(),
                    text_of(slot.at),
                    text_of(cutoff_at),
                    str(status),
                    reason,
                    nonce,
                    text_of(at),
                ),
            )
            return self._database.value("SELECT id FROM issue WHERE key = ?", (slot.key,)) if changed else None

    def move(self, issue_id: int, before: IssueStatus, after: IssueStatus, **values: Any) -> bool:
        """True where exactly this issue went from `before` to `after`; `values` are columns set with it."""
        names = "".join(f", {name} = ?" for name in values)
        with self._database.transaction():
            changed = self._database.change(
                f"UPDATE issue SET status = ?{names} WHERE id = ? AND status = ?",
                [str(after), *map(_plain, values.values()), issue_id, str(before)],
            )
            bump(self._database)
            return changed == 1

    def finish(self, issue_id: int, at: datetime) -> bool:
        """True where this sending issue has nothing left to send, and is sent now."""
        return (
            self._database.change(
                "UPDATE issue SET status = 'sent', finished_at = ?"
                " WHERE id = ? AND status = 'sending' AND waiting = 0 AND in_flight = 0",
                (text_of(at), issue_id),
            )
            == 1
        )

    def set(self, issue_id: int, **values: Any) -> None:
        """Set columns that are no status."""
        names = ", ".join(f"{name} = ?" for name in values)
        self._database.change(f"UPDATE issue SET {names} WHERE id = ?", [*map(_plain, values.values()), issue_id])

    def shift(self, issue_id: int, **deltas: int) -> None:
        """Add to counts. The table's CHECK refuses any shift after which they do not sum to `frozen`."""
        names = ", ".join(f"{name} = {name} + ?" for name in deltas)
        with self._database.transaction():
            self._database.change(f"UPDATE issue SET {names} WHERE id = ?", [*deltas.values(), issue_id])
            if self._database.value("SELECT 1 FROM issue WHERE id = ? AND status = 'cancelled'", (issue_id,)):
                bump(self._database)  # whether anybody got it decides whether it is published

    def put_items(self, issue_id: int, items: list[ItemRow]) -> None:
        """Replace the items; their order is the order of the mail."""
        with self._database.transaction():
            self._database.change("DELETE FROM issue_item WHERE issue_id = ?", (issue_id,))
            self._database.change_many(
                "INSERT INTO issue_item VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        issue_id,
                        item.comparison_id,
                        position,
                        str(item.section),
                        json.dumps(dict(item.before)),
                        json.dumps(dict(item.labels)),
                    )
                    for position, item in enumerate(items)
                ],
            )

    def items(self, issue_id: int) -> list[ItemRow]:
        """In the order of the mail."""
        rows = self._database.query("SELECT * FROM issue_item WHERE issue_id = ? ORDER BY position", (issue_id,))
        return [
            ItemRow(row["comparison_id"], Section(row["section"]), json.loads(row["before"]), json.loads(row["labels"]))
            for row in rows
        ]

    def snapshot(self, issue_id: int) -> str:
        """Its texts and items as JSON: equal texts are equal content, and restore() takes them back."""
        issue = self.by_id(issue_id)
        assert issue is not None
        items = [[row.comparison_id, str(row.section), dict(row.before)] for row in self.items(issue_id)]
        return json.dumps([issue.subject, issue.preheader, issue.intro, items])

    def keep_edit(self, issue_id: int, before: str, operator: str, at: datetime) -> None:
        """Note what it said before a change."""
        self._database.insert(
            "INSERT INTO issue_edit (issue_id, at, operator, content) VALUES (?, ?, ?, ?)",
            (issue_id, text_of(at), operator, before),
        )

    def last_edit(self, issue_id: int) -> tuple[int, datetime, str, str] | None:
        """(id, when, who, what it said before) of the newest change that is not undone; None where there is none."""
        row = self._database.one("SELECT * FROM issue_edit WHERE issue_id = ? ORDER BY id DESC LIMIT 1", (issue_id,))
        return (row["id"], moment_of(row["at"]), row["operator"], row["content"]) if row else None

    def restore(self, issue_id: int, edit_id: int, content: str) -> None:
        """Say again what it said before that change, and forget the change."""
        subject, preheader, intro, items = json.loads(content)
        with self._database.transaction():
            labels = {row.comparison_id: row.labels for row in self.items(issue_id)}
            rows = [
                ItemRow(number, Section(section), before, labels.get(number, {})) for number, section, before in items
            ]
            self.set(issue_id, subject=subject, preheader=preheader, intro=intro)
            self.put_items(issue_id, rows)
            self._database.change("DELETE FROM issue_edit WHERE id = ?", (edit_id,))

    def put_choices(self, issue_id: int, choices: list[ChoiceRow]) -> None:
        """Replace the explanation; the order is the ranking."""
        with self._database.transaction():
            self._database.change("DELETE FROM issue_choice WHERE issue_id = ?", (issue_id,))
            self._database.change_many(
                "INSERT INTO issue_choice VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (issue_id, choice.comparison_id, rank, choice.outcome, choice.section, choice.reason)
                    for rank, choice in enumerate(choices)
                ],
            )

    def choices(self, issue_id: int) -> list[ChoiceRow]:
        """In the order of the ranking."""
        rows = self._database.query("SELECT * FROM issue_choice WHERE issue_id = ? ORDER BY rank", (issue_id,))
        return [ChoiceRow(row["comparison_id"], row["outcome"], row["section"], row["reason"]) for row in rows]

    def cutoffs(self, before: datetime) -> list[datetime]:
        """The cut-offs of the issues that went out, before that moment, oldest first."""
        rows = self._database.query(
            "SELECT cutoff_at FROM issue WHERE frozen_at IS NOT NULL AND corrects IS NULL AND cutoff_at < ?"
            " ORDER BY cutoff_at",
            (text_of(before),),
        )
        return [moment_of(row["cutoff_at"]) for row in rows]

    def last_sent(self, before: datetime) -> Issue | None:
        """The newest issue that went out and whose cut-off is before that moment."""
        row = self._database.one(
            f"SELECT {_COLUMNS} FROM issue WHERE frozen_at IS NOT NULL AND corrects IS NULL AND cutoff_at < ?"
            " ORDER BY cutoff_at DESC LIMIT 1",
            (text_of(before),),
        )
        return _issue(row) if row else None

    def frozen_mail(self, issue_id: int) -> tuple[str, str, dict[str, Any]] | None:
        """(html, text, envelope) as they were frozen, slots unfilled; None where the issue is not frozen."""
        row = self._database.one("SELECT html, text, envelope FROM issue WHERE id = ?", (issue_id,))
        return None if row is None or row["html"] is None else (row["html"], row["text"], json.loads(row["envelope"]))

    def correct(self, issue_id: int, text: str, reason: str, at: datetime) -> int:
        """Append a correction; its id."""
        with self._database.transaction():
            bump(self._database)
            return self._database.insert(
                "INSERT INTO correction (issue_id, at, text, reason) VALUES (?, ?, ?, ?)",
                (issue_id, text_of(at), text, reason),
            )

    def put_topics(self, issue_id: int, topics: Iterable[str]) -> None:
        """Replace the topics of an issue: what readers who want only theirs are matched with."""
        with self._database.transaction():
            self._database.change("DELETE FROM issue_topic WHERE issue_id = ?", (issue_id,))
            self._database.change_many(
                "INSERT INTO issue_topic VALUES (?, ?)", [(issue_id, topic) for topic in sorted(set(topics))]
            )

    def corrections(self, issue_id: int) -> list[Correction]:
        """Oldest first."""
        rows = self._database.query("SELECT * FROM correction WHERE issue_id = ? ORDER BY id", (issue_id,))
        return [_correction(row) for row in rows]

    def correction(self, correction_id: int) -> Correction:
        """LookupError where there is none."""
        row = self._database.one("SELECT * FROM correction WHERE id = ?", (correction_id,))
        if row is None:
            raise LookupError(correction_id)
        return _correction(row)

    def create_correction(
        self, of: Issue, correction_id: int, key: str, texts: Mapping[str, str], nonce: str, at: datetime
    ) -> bool:
        """A draft that mails a correction; False where it has one: a correction is mailed once. `texts`: subject and
        preheader.
        """
        columns = "key, slot, corrects, slot_at, cutoff_at, status, nonce, created_at, subject, preheader"
        values = (key, of.slot.day.isoformat(), correction_id, text_of(of.slot.at), text_of(of.cutoff_at), "draft")
        changed = self._database.change(
            f"INSERT INTO issue ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*values, nonce, text_of(at), texts["subject"], texts["preheader"]),
        )
        return changed == 1

    def manifest(self, issue_id: int) -> str | None:
        """The content as it was frozen, or None where the issue is not."""
        found: str | None = self._database.value("SELECT manifest FROM issue WHERE id = ?", (issue_id,))
        return found


def _plain(value: Any) -> Any:
    return text_of(value) if isinstance(value, datetime) else value


def _correction(row: sqlite3.Row) -> Correction:
    return Correction(row["id"], row["issue_id"], moment_of(row["at"]), row["text"], row["reason"])


def _issue(row: sqlite3.Row) -> Issue:
    return Issue(
        row["id"],
        row["key"],
        Slot(date.fromisoformat(row["slot"]), moment_of(row["slot_at"])),
        moment_of(row["cutoff_at"]),
        IssueStatus(row["status"]),
        row["reason"],
        row["nonce"],
        row["subject"],
        row["preheader"],
        row["intro"],
        row["test_sha256"],
        row["content_sha256"],
        moment_or_none(row["approved_at"]),
        moment_or_none(row["hold_until"]),
        moment_or_none(row["frozen_at"]),
        moment_or_none(row["finished_at"]),
        Counts(*(row[name] for name in _COUNTS)),
        row["corrects"],
    )
