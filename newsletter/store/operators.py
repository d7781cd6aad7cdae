"""Operators, their invitations and sessions, and the record of what they did."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from newsletter.operators import Maker, Operator, Role, Session
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, moment_or_none, text_of


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody signs in with. `totp_step`: the newest step whose code was taken."""

    password: str
    totp_secret: str | None
    totp_step: int


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry of the record. `at`: aware UTC."""

    at: datetime
    operator: str
    act: str
    subject: str
    detail: str
    via: str


class Operators:
    """All operators."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def count(self) -> int:
        return int(self._database.value("SELECT count(*) FROM operator"))

    def all(self) -> list[Operator]:
        """In the order they came."""
        return [_operator(row) for row in self._database.query("SELECT * FROM operator ORDER BY id")]

    def by_id(self, operator_id: int) -> Operator | None:
        row = self._database.one("SELECT * FROM operator WHERE id = ?", (operator_id,))
        return _operator(row) if row else None

    def by_email(self, email: str) -> tuple[Operator, Secrets] | None:
        row = self._database.one("SELECT * FROM operator WHERE email = ?", (email,))
        return (_operator(row), Secrets(row["password"], row["totp_secret"], row["totp_step"])) if row else None

    def secrets(self, operator_id: int) -> Secrets:
        """LookupError where there is none."""
        row = self._database.one("SELECT * FROM operator WHERE id = ?", (operator_id,))
        if row is None:
            raise LookupError(operator_id)
        return Secrets(row["password"], row["totp_secret"], row["totp_step"])

    def add(self, email: str, role: Role, password: str, at: datetime) -> int | None:
        """The id of a new operator, or None where the address has one. `password` is its hash."""
        with self._database.transaction():
            changed = self._database.change(
                "INSERT INTO operator (email, role, password, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (email, str(role), password, text_of(at)),
            )
            return self._database.value("SELECT id FROM operator WHERE email = ?", (email,)) if changed else None

    def set_password(self, operator_id: int, password: str) -> None:
        """Also ends every session."""
        with self._database.transaction():
            self._database.change("UPDATE operator SET password = ? WHERE id = ?", (password, operator_id))
            self.end_sessions(operator_id)

    def set_totp(self, operator_id: int, secret: str | None) -> None:
        self._database.change("UPDATE operator SET totp_secret = ?, totp_step = 0 WHERE id = ?", (secret, operator_id))

    def use_totp_step(self, operator_id: int, step: int) -> bool:
        """True where this code was not taken before: each works once (RFC 6238, 5.2)."""
        sql = "UPDATE operator SET totp_step = ? WHERE id = ? AND totp_step < ?"
        return self._database.change(sql, (step, operator_id, step)) == 1

    def set_role(self, operator_id: int, role: Role) -> None:
        self._database.change("UPDATE operator SET role = ? WHERE id = ?", (str(role), operator_id))

    def disable(self, operator_id: int, at: datetime | None) -> None:
        """None lets them in again."""
        with self._database.transaction():
            self._database.change("UPDATE operator SET disabled_at = ? WHERE id = ?", (at and text_of(at), operator_id))
            self.end_sessions(operator_id)

    def owners(self) -> int:
        """How many can still change who may sign in."""
        sql = "SELECT count(*) FROM operator WHERE role = 'owner' AND disabled_at IS NULL"
        return int(self._database.value(sql))

    def invite(self, token_hash: bytes, email: str, role: Role, at: datetime, maker: Maker) -> None:
        """`email` may be empty: the first run does not know it."""
        self._database.change(
            "INSERT INTO invitation (token_hash, email, role, made_at, operator_id, parent_id)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (token_hash, email, str(role), text_of(at), maker.operator_id, maker.parent_id),
        )

    def invitation(self, token_hash: bytes, since: datetime) -> tuple[str, Role, Maker] | None:
        """(address or "", role, who made it) of one that was made since then and not used; else None."""
        row = self._database.one(
            "SELECT * FROM invitation WHERE token_hash = ? AND used_at IS NULL AND made_at > ?",
            (token_hash, text_of(since)),
        )
        return (row["email"], Role(row["role"]), Maker(row["operator_id"], row["parent_id"])) if row else None

    def use_invitation(self, token_hash: bytes, at: datetime) -> bool:
        """True where nobody used it before."""
        sql = "UPDATE invitation SET used_at = ? WHERE token_hash = ? AND used_at IS NULL"
        return self._database.change(sql, (text_of(at), token_hash)) == 1

    def begin(self, token_hash: bytes, operator_id: int, at: datetime) -> None:
        """A new session."""
        self._database.change(
            "INSERT INTO session VALUES (?, ?, ?, ?)", (token_hash, operator_id, text_of(at), text_of(at))
        )

    def session(self, token_hash: bytes) -> Session | None:
        row = self._database.one(
            "SELECT operator.*, began_at, seen_at FROM session JOIN operator ON operator.id = operator_id"
            " WHERE token_hash = ?",
            (token_hash,),
        )
        return Session(_operator(row), moment_of(row["began_at"]), moment_of(row["seen_at"])) if row else None

    def seen(self, token_hash: bytes, at: datetime) -> None:
        self._database.change("UPDATE session SET seen_at = ? WHERE token_hash = ?", (text_of(at), token_hash))

    def end(self, token_hash: bytes) -> None:
        self._database.change("DELETE FROM session WHERE token_hash = ?", (token_hash,))

    def end_sessions(self, operator_id: int) -> None:
        self._database.change("DELETE FROM session WHERE operator_id = ?", (operator_id,))

    def fail(self, who: bytes, at: datetime) -> None:
        """Append a sign-in that failed."""
        self._database.change("INSERT INTO sign_in_failure VALUES (?, ?)", (who, text_of(at)))

    def failures(self, who: bytes, since: datetime) -> int:
        sql = "SELECT count(*) FROM sign_in_failure WHERE who = ? AND at > ?"
        return int(self._database.value(sql, (who, text_of(since))))

    def clean(self, before: datetime) -> None:
        """Forget failures, and sessions not seen, since then."""
        with self._database.transaction():
            self._database.change("DELETE FROM sign_in_failure WHERE at < ?", (text_of(before),))
            self._database.change("DELETE FROM session WHERE seen_at < ?", (text_of(before),))

    def note(self, deed: Deed) -> None:
        """Append to the record."""
        self._database.insert(
            "INSERT INTO audit (at, operator, act, subject, detail, via) VALUES (?, ?, ?, ?, ?, ?)",
            (text_of(deed.at), deed.operator, deed.act, deed.subject, deed.detail, deed.via),
        )

    def deeds(self, subject: str = "", limit: int = 100, before: int | None = None) -> list[tuple[int, Deed]]:
        """(id, entry), newest first; of one `subject` where given, older than entry `before`."""
        of = "subject = ? AND " if subject else ""  # by its index: a page of one subject does not read the whole record
        rows = self._database.query(
            f"SELECT * FROM audit WHERE {of}(? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
            [*([subject] if subject else []), before, before, limit],
        )
        return [
            (
                row["id"],
                Deed(moment_of(row["at"]), row["operator"], row["act"], row["subject"], row["detail"], row["via"]),
            )
            for row in rows
        ]


def _operator(row: sqlite3.Row) -> Operator:
    return Operator(
        row["id"],
        row["email"],
        Role(row["role"]),
        moment_of(row["created_at"]),
        row["totp_secret"] is not None,
        moment_or_none(row["disabled_at"]),
    )
