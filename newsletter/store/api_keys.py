"""Keys of the API, by their hash alone, and what was answered to calls that may come twice."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from newsletter.operators import Maker, Role
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, moment_or_none, text_of


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. `hint`: its last four characters; `role`: what it was made for; times are aware UTC."""

    id: int
    name: str
    hint: str
    role: Role
    made_by: str
    made_at: datetime
    used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None
    maker: Maker
    reach: Role | None = None
    """What it may do now, once somebody worked that out; None: nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call. `status` None: it is under way, or broke off."""

    request_sha256: bytes
    at: datetime
    status: int | None
    body: bytes


class ApiKeys:
    """All keys, those that are revoked too."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def add(self, key_hash: bytes, name: str, hint: str, role: Role, made_by: str, maker: Maker, at: datetime) -> int:
        """The id of a new key."""
        return self._database.insert(
            "INSERT INTO api_key (key_hash, name, hint, role, made_by, made_at, operator_id, parent_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key_hash, name, hint, str(role), made_by, text_of(at), maker.operator_id, maker.parent_id),
        )

    def by_hash(self, key_hash: bytes) -> ApiKey | None:
        row = self._database.one("SELECT * FROM api_key WHERE key_hash = ?", (key_hash,))
        return _key(row) if row else None

    def by_id(self, key_id: int) -> ApiKey | None:
        row = self._database.one("SELECT * FROM api_key WHERE id = ?", (key_id,))
        return _key(row) if row else None

    def all(self) -> list[ApiKey]:
        """In the order they were made."""
        return [_key(row) for row in self._database.query("SELECT * FROM api_key ORDER BY id")]

    def use(self, key_id: int, at: datetime) -> None:
        self._database.change("UPDATE api_key SET used_at = ? WHERE id = ?", (text_of(at), key_id))

    def revoke(self, key_id: int, at: datetime) -> bool:
        """True where it worked until now."""
        sql = "UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
        return self._database.change(sql, (text_of(at), key_id)) == 1

    def answer(self, key_hash: bytes) -> Answer | None:
        """What is kept of the call of this name."""
        row = self._database.one("SELECT * FROM idempotency WHERE key_hash = ?", (key_hash,))
        return Answer(row["request_sha256"], moment_of(row["at"]), row["status"], row["body"] or b"") if row else None

    def begin(self, key_hash: bytes, request_sha256: bytes, at: datetime) -> None:
        """The call of this name is under way since then; what was kept of it is replaced."""
        self._database.change(
            "INSERT OR REPLACE INTO idempotency (key_hash, request_sha256, at) VALUES (?, ?, ?)",
            (key_hash, request_sha256, text_of(at)),
        )

    def finish(self, key_hash: bytes, begun_at: datetime, status: int, body: bytes) -> bool:
        """Keep an answer; False where the call is not the one that began then, or was answered."""
        sql = "UPDATE idempotency SET status = ?, body = ? WHERE key_hash = ? AND at = ? AND status IS NULL"
        return self._database.change(sql, (status, body, key_hash, text_of(begun_at))) == 1

    def give_up(self, key_hash: bytes, begun_at: datetime) -> None:
        """Forget a call that came to nothing."""
        sql = "DELETE FROM idempotency WHERE key_hash = ? AND at = ? AND status IS NULL"
        self._database.change(sql, (key_hash, text_of(begun_at)))

    def forget_answers(self, before: datetime) -> int:
        """How many calls began before that, and are forgotten."""
        return self._database.change("DELETE FROM idempotency WHERE at < ?", (text_of(before),))


def _key(row: sqlite3.Row) -> ApiKey:
    return ApiKey(
        row["id"],
        row["name"],
        row["hint"],
        Role(row["role"]),
        row["made_by"],
        moment_of(row["made_at"]),
        moment_or_none(row["used_at"]),
        moment_or_none(row["revoked_at"]),
        Maker(row["operator_id"], row["parent_id"]),
    )
