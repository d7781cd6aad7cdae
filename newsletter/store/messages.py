"""Mails to one person: their final bytes, and where each stands. Written by anybody, sent by a sender only."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.delivery.status import DeliveryStatus
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One mail. `envelope` holds sender, reply_to, subject and headers. Moments of sending are Unix seconds."""

    id: int
    key: str
    kind: str
    subscriber_id: int | None
    address: str
    envelope: dict[str, Any]
    html: str
    text: str
    created_at: datetime
    status: DeliveryStatus
    owner: str | None
    lease_until: float | None
    attempts: int
    first_sent_at: float | None
    body_sha256: bytes | None
    detail: str | None


class Messages:
    """All mails to one person. `key` makes each of them once."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def add(
        self,
        key: str,
        kind: str,
        address: str,
        envelope: dict[str, Any],
        html: str,
        text: str,
        at: datetime,
        subscriber_id: int | None = None,
    ) -> int | None:
        """The id of the new mail, or None where there is one of this key."""
        with self._database.transaction():
            changed = self._database.change(
                "INSERT INTO message (key, kind, subscriber_id, address, envelope, html, text, created_at, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting') ON CONFLICT DO NOTHING",
                (key, kind, subscriber_id, address, json.dumps(envelope), html, text, text_of(at)),
            )
            return self._database.value("SELECT id FROM message WHERE key = ?", (key,)) if changed else None

    def by_id(self, message_id: int) -> MessageRow | None:
        row = self._database.one("SELECT * FROM message WHERE id = ?", (message_id,))
        return _message(row) if row else None

    def claim(self, owner: str, now: float, lease_until: float, only: int | None = None) -> MessageRow | None:
        """The next mail that may go, now owned by `owner` and not yet in flight; None where there is none."""
        with self._database.transaction():
            row = self._database.one(
                "SELECT * FROM message WHERE status = 'waiting' AND owner IS NULL AND not_before <= ?"
                " AND (? IS NULL OR id = ?) ORDER BY id LIMIT 1",
                (now, only, only),
            )
            if row is None:
                return None
            self._database.change(
                "UPDATE message SET owner = ?, lease_until = ? WHERE id = ?", (owner, lease_until, row["id"])
            )
            return self.by_id(row["id"])

    def renew(self, message: MessageRow, owner: str, now: float, lease_until: float) -> MessageRow | None:
        """Take over one whose lease is free. None where somebody else was quicker."""
        changed = self._database.change(
            "UPDATE message SET owner = ?, lease_until = ? WHERE id = ? AND status = ? AND owner IS ?"
            " AND lease_until IS ? AND not_before <= ?",
            (owner, lease_until, message.id, str(message.status), message.owner, message.lease_until, now),
        )
        return self.by_id(message.id) if changed == 1 else None

    def leased(self) -> list[MessageRow]:
        """Those that a sender owns, or left in flight."""
        rows = self._database.query(
            "SELECT * FROM message WHERE status = 'in_flight' OR (status = 'waiting' AND owner IS NOT NULL)"
        )
        return [_message(row) for row in rows]

    def start(self, message: MessageRow, provider: str, sha: bytes, now: float) -> bool:
        """Commit that it is about to leave. False where the claim was lost."""
        return self._set(
            message,
            "status = 'in_flight', provider = ?, body_sha256 = ?, first_sent_at = COALESCE(first_sent_at, ?),"
            " attempts = attempts + 1",
            (provider, sha, now),
        )

    def finish(self, message: MessageRow, status: DeliveryStatus, provider_id: str | None, detail: str) -> bool:
        """Settle it; the links in an accepted or rejected mail are of no further use here, so its bytes go."""
        return self._set(
            message,
            "status = ?, provider_id = ?, detail = ?, owner = NULL, html = '', text = ''",
            (str(status), provider_id, detail),
        )

    def reject(self, message: MessageRow, detail: str) -> bool:
        """It cannot be sent at all; nothing left."""
        return self._set(message, "status = 'rejected', detail = ?, owner = NULL", (detail,))

    def hold(self, message: MessageRow, status: DeliveryStatus, not_before: float, detail: str) -> bool:
        """Free it for anybody after `not_before`: to be sent (waiting) or replayed (in_flight)."""
        return self._set(
            message,
            "status = ?, owner = NULL, lease_until = NULL, not_before = ?, detail = ?",
            (str(status), not_before, detail),
        )

    def settle_by_event(self, message_id: int, status: DeliveryStatus, outcome: str) -> None:
        """A verified report stands for it."""
        self._database.change(
            "UPDATE message SET status = ?, outcome = ? WHERE id = ?", (str(status), outcome, message_id)
        )

    def put_detail(self, message_id: int, detail: str, *, replace: bool) -> None:
        """What the report that stands says; of two of a kind (`replace` False) the one whose words sort later."""
        self._database.change(
            "UPDATE message SET detail = ? WHERE id = ? AND (? OR COALESCE(detail, '') < ?)",
            (detail, message_id, replace, detail),
        )

    def cancel_waiting(self, subscriber_id: int, kind: str) -> int:
        """Call back the mails of this kind that no sender has taken yet, and free their keys; how many."""
        return self._database.change(
            "UPDATE message SET status = 'cancelled', html = '', text = '', key = key || '/called-back/' || id"
            " WHERE subscriber_id = ? AND kind = ? AND status = 'waiting' AND owner IS NULL",
            (subscriber_id, kind),
        )

    def outcome(self, message_id: int) -> str | None:
        found: str | None = self._database.value("SELECT outcome FROM message WHERE id = ?", (message_id,))
        return found

    def of_subscriber(self, subscriber_id: int) -> list[dict[str, Any]]:
        rows = self._database.query(
            "SELECT kind, created_at, status, outcome FROM message WHERE subscriber_id = ? ORDER BY id",
            (subscriber_id,),
        )
        return [dict(row) for row in rows]

    def newest_under(self, prefix: str, limit: int) -> list[MessageRow]:
        """Those whose key begins with `prefix` (ASCII, before a moment in ISO format), newest first."""
        sql = "SELECT * FROM message WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?"
        return [_message(row) for row in self._database.query(sql, (prefix, f"{prefix}~", limit))]

    def counts(self) -> dict[str, int]:
        """Status → how many."""
        rows = self._database.query("SELECT status, n FROM message_count WHERE n > 0")
        return {row["status"]: row["n"] for row in rows}

    def _set(self, message: MessageRow, assignment: str, values: tuple[Any, ...]) -> bool:
        return (
            self._database.change(
                f"UPDATE message SET {assignment} WHERE id = ? AND status = ? AND owner IS ?",
                (*values, message.id, str(message.status), message.owner),
            )
            == 1
        )


def _message(row: sqlite3.Row) -> MessageRow:
    return MessageRow(
        row["id"],
        row["key"],
        row["kind"],
        row["subscriber_id"],
        row["address"],
        json.loads(row["envelope"]),
        row["html"],
        row["text"],
        moment_of(row["created_at"]),
        DeliveryStatus(row["status"]),
        row["owner"],
        row["lease_until"],
        row["attempts"],
        row["first_sent_at"],
        row["body_sha256"],
        row["detail"],
    )
