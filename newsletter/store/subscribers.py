"""Subscribers, what proves their consent, and the addresses that are never mailed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus, SuppressionReason, address_hash
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, moment_or_none, text_of


class Subscribers:
    """All subscribers. Addresses are found by their keyed hash; upper and lower case are one."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database
        self._key: bytes | None = None

    def hash_of(self, address: str) -> bytes:
        """16 bytes."""
        if self._key is None:
            self._key = bytes.fromhex(self._database.value("SELECT value FROM meta WHERE key = 'hash_key'"))
        return address_hash(self._key, address)

    def counts(self) -> dict[str, int]:
        """Status → how many."""
        rows = self._database.query("SELECT status, n FROM subscriber_count")
        return dict.fromkeys(map(str, SubscriberStatus), 0) | {row["status"]: row["n"] for row in rows}

    def by_id(self, subscriber_id: int) -> Subscriber | None:
        row = self._database.one("SELECT * FROM subscriber WHERE id = ?", (subscriber_id,))
        return subscriber_of(row) if row else None

    def by_address(self, address: str) -> Subscriber | None:
        row = self._database.one("SELECT * FROM subscriber WHERE address_hash = ?", (self.hash_of(address),))
        return subscriber_of(row) if row else None

    def each(self, status: str = "", search: str = "", limit: int = -1) -> Iterator[Subscriber]:
        """In the order they came."""
        rows = self._database.each(
            "SELECT * FROM subscriber WHERE (? = '' OR status = ?) AND (? = '' OR email LIKE ?) ORDER BY id LIMIT ?",
            (status, status, search, f"%{search}%", limit),
        )
        return map(subscriber_of, rows)

    def add(self, address: str, status: SubscriberStatus, at: datetime) -> int:
        """A new row; its id. The address must not be there yet."""
        confirmed = text_of(at) if status is SubscriberStatus.ACTIVE else None
        return self._database.insert(
            "INSERT INTO subscriber (email, address_hash, status, created_at, confirmed_at) VALUES (?, ?, ?, ?, ?)",
            (address, self.hash_of(address), str(status), text_of(at), confirmed),
        )

    def activate(self, subscriber_id: int, at: datetime, before: SubscriberStatus) -> bool:
        """True where exactly one row went from `before` to active. The count of mails to confirm starts anew for who
        confirmed, not for who undoes having left: leaving, undoing and asking in a loop would fill a mailbox.
        """
        return self._changed(
            "UPDATE subscriber SET status = 'active', confirmed_at = ?, unsubscribed_at = NULL, paused_until = NULL,"
            " confirmations = CASE status WHEN 'pending' THEN 0 ELSE confirmations END,"
            " confirmation_at = CASE status WHEN 'pending' THEN NULL ELSE confirmation_at END, waiting_since = NULL"
            " WHERE id = ? AND status = ?",
            (text_of(at), subscriber_id, str(before)),
        )

    def unsubscribe(self, subscriber_id: int, at: datetime) -> bool:
        """True where exactly one row went from pending or active to unsubscribed. Who had confirmed has three mails to
        confirm again; who had not stays within what is left. One a day it is for both.
        """
        return self._changed(
            "UPDATE subscriber SET status = 'unsubscribed', unsubscribed_at = ?, waiting_since = NULL,"
            " confirmations = CASE status WHEN 'active' THEN 0 ELSE confirmations END"
            " WHERE id = ? AND status IN ('active', 'pending')",
            (text_of(at), subscriber_id),
        )

    def pause(self, subscriber_id: int, until: datetime | None) -> bool:
        """No issue before `until`; None ends a pause. True where an active row was changed."""
        return self._changed(
            "UPDATE subscriber SET paused_until = ? WHERE id = ? AND status = 'active' AND paused_until IS NOT ?",
            (until and text_of(until), subscriber_id, until and text_of(until)),
        )

    def ask_again(self, subscriber_id: int) -> None:
        """An unsubscribed person asked for it anew: pending until they confirm."""
        self._database.change(
            "UPDATE subscriber SET status = 'pending' WHERE id = ? AND status = 'unsubscribed'", (subscriber_id,)
        )

    def erase(self, subscriber_id: int) -> None:
        """Blank the row and what consent and mail records hold of the person; the id stays, and a reason for leaving
        without its words.
        """
        with self._database.transaction():
            self._database.change(
                "UPDATE subscriber SET email = NULL, address_hash = NULL, status = 'erased', zone = '' WHERE id = ?",
                (subscriber_id,),
            )
            for table in ("subscriber_topic", "address_change"):
                self._database.change(f"DELETE FROM {table} WHERE subscriber_id = ?", (subscriber_id,))
            self._database.change("UPDATE leaving SET words = '' WHERE subscriber_id = ?", (subscriber_id,))
            self._database.change("UPDATE consent SET ip = NULL WHERE subscriber_id = ?", (subscriber_id,))
            self._forget_texts(subscriber_id)
            self._database.change(
                "UPDATE message SET address = '', html = '', text = '', detail = NULL,"
                " status = CASE status WHEN 'waiting' THEN 'cancelled' ELSE status END WHERE subscriber_id = ?",
                (subscriber_id,),
            )

    def _forget_texts(self, subscriber_id: int) -> None:
        """Of their proof of consent: what they chose, and words that stand in nobody else's and so may name them."""
        rows = self._database.query(
            "SELECT DISTINCT text_sha256, kind FROM consent"
            " WHERE subscriber_id = ? AND text_sha256 <> '' AND text_version = ''",  # that of the form names nobody
            (subscriber_id,),
        )
        for row in rows:
            shared = self._database.value(
                "SELECT 1 FROM consent WHERE text_sha256 = ? AND subscriber_id <> ? LIMIT 1",
                (row["text_sha256"], subscriber_id),
            )
            if not shared:
                self._database.change("DELETE FROM consent_text WHERE sha256 = ?", (row["text_sha256"],))
            if not shared or row["kind"] == ConsentKind.PREFERENCES:
                self._database.change(
                    "UPDATE consent SET text_sha256 = '' WHERE subscriber_id = ? AND text_sha256 = ?",
                    (subscriber_id, row["text_sha256"]),
                )

    def may_confirm(self, subscriber_id: int, now: datetime, day_before: datetime, at_most: int) -> bool:
        """Count one confirmation mail to this person; False where one went out since `day_before`, or `at_most` did."""
        return self._changed(
            "UPDATE subscriber SET confirmations = confirmations + 1, confirmation_at = ?, waiting_since = NULL"
            " WHERE id = ? AND confirmations < ? AND (confirmation_at IS NULL OR confirmation_at <= ?)",
            (text_of(now), subscriber_id, at_most, text_of(day_before)),
        )

    def confirmations_since(self, moment: datetime) -> int:
        """How many confirmations went out since then, those of a new address among them."""
        return int(
            self._database.value(
                "SELECT (SELECT count(*) FROM subscriber WHERE confirmation_at > :since)"
                " + (SELECT count(*) FROM mail_allowance WHERE purpose = 'change' AND last_at > :since)",
                {"since": text_of(moment)},
            )
        )

    def wait_for_confirmation(self, subscriber_id: int, now: datetime, day_before: datetime, at_most: int) -> bool:
        """Keep a place for one whom may_confirm() would allow it; False where it would not, or they have one."""
        return self._changed(
            "UPDATE subscriber SET waiting_since = ? WHERE id = ? AND waiting_since IS NULL"
            " AND confirmations < ? AND (confirmation_at IS NULL OR confirmation_at <= ?)",
            (text_of(now), subscriber_id, at_most, text_of(day_before)),
        )

    def waiting_for_confirmation(self) -> list[Subscriber]:
        """Those who have a place and may be mailed, the longest waiting first."""
        rows = self._database.query(
            "SELECT * FROM subscriber WHERE waiting_since IS NOT NULL AND status <> 'erased' AND NOT EXISTS"
            " (SELECT 1 FROM suppression WHERE suppression.address_hash = subscriber.address_hash)"
            " ORDER BY waiting_since, id"
        )
        return [subscriber_of(row) for row in rows]

    def give_up_waiting(self, before: datetime) -> int:
        """Who has had a place since then or longer loses it; how many."""
        return self._database.change(
            "UPDATE subscriber SET waiting_since = NULL WHERE waiting_since <= ?", (text_of(before),)
        )

    def topics(self, subscriber_id: int) -> frozenset[str]:
        """The topics they chose."""
        rows = self._database.query("SELECT topic FROM subscriber_topic WHERE subscriber_id = ?", (subscriber_id,))
        return frozenset(row["topic"] for row in rows)

    def prefer(self, subscriber_id: int, topics: Iterable[str], frequency: Frequency, zone: str) -> None:
        """Replace what they chose. `zone` '' is the newsletter's own."""
        with self._database.transaction():
            self._database.change(
                "UPDATE subscriber SET frequency = ?, zone = ? WHERE id = ?", (str(frequency), zone, subscriber_id)
            )
            self._database.change("DELETE FROM subscriber_topic WHERE subscriber_id = ?", (subscriber_id,))
            self._database.change_many(
                "INSERT INTO subscriber_topic VALUES (?, ?)", [(subscriber_id, topic) for topic in sorted(set(topics))]
            )

    def ask_change(self, subscriber_id: int, address: str, at: datetime) -> None:
        """Note the address that they want to change to; the newest is the one that counts."""
        self._database.change(
            "INSERT INTO address_change VALUES (?, ?, ?) ON CONFLICT (subscriber_id) DO UPDATE"
            " SET email = excluded.email, asked_at = excluded.asked_at",
            (subscriber_id, address, text_of(at)),
        )

    def asked_change(self, subscriber_id: int) -> tuple[str, datetime] | None:
        """The address that they want to change to and when they asked, or None."""
        row = self._database.one("SELECT email, asked_at FROM address_change WHERE subscriber_id = ?", (subscriber_id,))
        return (row["email"], moment_of(row["asked_at"])) if row else None

    def forget_changes(self, before: datetime) -> int:
        """Delete the addresses that were asked for before then and never confirmed; how many."""
        return self._database.change("DELETE FROM address_change WHERE asked_at < ?", (text_of(before),))

    def change_address(self, subscriber_id: int, address: str) -> bool:
        """True where it is theirs now; False where another subscriber has it, or they are erased."""
        with self._database.transaction():
            if self.by_address(address) is not None:
                return False
            self._database.change("DELETE FROM address_change WHERE subscriber_id = ?", (subscriber_id,))
            return self._changed(
                "UPDATE subscriber SET email = ?, address_hash = ? WHERE id = ? AND email IS NOT NULL",
                (address, self.hash_of(address), subscriber_id),
            )

    def may_mail(self, address: str, purpose: str, now: datetime, day_before: datetime, at_most: int) -> bool:
        """Count one mail of `purpose` to an address that somebody typed; False where one went since `day_before`, or
        `at_most` did.
        """
        return self._changed(
            "INSERT INTO mail_allowance VALUES (?, ?, 1, ?) ON CONFLICT (address_hash, purpose) DO UPDATE"
            " SET times = times + 1, last_at = excluded.last_at WHERE times < ? AND last_at <= ?",
            (self.hash_of(address), purpose, text_of(now), at_most, text_of(day_before)),
        )

    def left_because(self, subscriber_id: int, reason: str, words: str, at: datetime) -> None:
        """Why somebody who is unsubscribed left. One answer for each time that they did: a later one replaces it."""
        with self._database.transaction():
            self._database.change(
                "DELETE FROM leaving WHERE subscriber_id = ? AND at >="
                " (SELECT unsubscribed_at FROM subscriber WHERE subscriber.id = subscriber_id)",
                (subscriber_id,),
            )
            self._database.insert(
                "INSERT INTO leaving (subscriber_id, at, reason, words) VALUES (?, ?, ?, ?)",
                (subscriber_id, text_of(at), reason, words),
            )

    def leavings(self, subscriber_id: int) -> list[tuple[datetime, str, str]]:
        """(when, reason, words) of each time they said why they left, oldest first."""
        rows = self._database.query(
            "SELECT at, reason, words FROM leaving WHERE subscriber_id = ? ORDER BY id", (subscriber_id,)
        )
        return [(moment_of(row["at"]), row["reason"], row["words"]) for row in rows]

    def leaving_counts(self, since: datetime) -> dict[str, int]:
        """Reason → how many gave it since then, most first."""
        rows = self._database.query(
            "SELECT reason, count(*) AS n FROM leaving WHERE at >= ? GROUP BY reason ORDER BY n DESC, reason",
            (text_of(since),),
        )
        return {row["reason"]: row["n"] for row in rows}

    def record(self, subscriber_id: int, consent: Consent) -> None:
        """Append to the proof of consent."""
        with self._database.transaction():
            if consent.text:
                self._database.change(
                    "INSERT INTO consent_text VALUES (?, ?) ON CONFLICT DO NOTHING", (consent.text_sha256, consent.text)
                )
            self._database.insert(
                "INSERT INTO consent (subscriber_id, kind, at, source, text_sha256, ip, text_version)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    subscriber_id,
                    str(consent.kind),
                    text_of(consent.at),
                    consent.source,
                    consent.text_sha256 if consent.text else "",
                    consent.ip,
                    consent.version,
                ),
            )

    def consents(self, subscriber_id: int) -> list[Consent]:
        """Oldest first."""
        rows = self._database.query(
            "SELECT kind, at, source, ip, COALESCE(text, '') AS text, text_version FROM consent"
            " LEFT JOIN consent_text ON sha256 = text_sha256 WHERE subscriber_id = ? ORDER BY consent.id",
            (subscriber_id,),
        )
        return [
            Consent(
                ConsentKind(row["kind"]),
                moment_of(row["at"]),
                row["source"],
                row["text"],
                row["ip"],
                row["text_version"],
            )
            for row in rows
        ]

    def forget_ips(self, before: datetime) -> int:
        """Blank the IP addresses of consent records older than that; how many."""
        return self._database.change("UPDATE consent SET ip = NULL WHERE ip IS NOT NULL AND at < ?", (text_of(before),))

    def suppress(self, address: str, reason: SuppressionReason, at: datetime, words: str = "") -> bool:
        """Never mail this address again. True where that is news: a complaint outdoes the hard bounce before it, and
        everything outdoes what an operator may lift.
        """
        return self._changed(
            "INSERT INTO suppression (address_hash, reason, created_at, words) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, words = excluded.words"
            " WHERE (suppression.reason = 'hard_bounce' AND excluded.reason = 'complaint')"
            " OR (suppression.reason = 'operator' AND excluded.reason <> 'operator')",
            (self.hash_of(address), str(reason), text_of(at), words),
        )

    def suppression(self, address: str) -> SuppressionReason | None:
        """Why the address is suppressed, or None."""
        reason = self._database.value("SELECT reason FROM suppression WHERE address_hash = ?", (self.hash_of(address),))
        return reason and SuppressionReason(reason)

    def audience(self, now: datetime, topics: Sequence[str] = ()) -> dict[str, int]:
        """The sum behind the number of recipients: active − suppressed − paused − off topic = recipients.

        `topics` are those of the issue.
        """
        marks = ", ".join("?" * len(topics))
        free = "status = 'active' AND subscriber.id NOT IN (SELECT subscriber_id FROM stopped)"
        row = self._database.one(  # the active are a kept count, and of the others each is found by an index of its own
            "SELECT COALESCE((SELECT n FROM subscriber_count WHERE status = 'active'), 0) AS active,"
            " (SELECT count(*) FROM stopped) AS suppressed,"
            " (SELECT count(*) FROM subscriber INDEXED BY subscriber_paused"
            f"  WHERE paused_until > ? AND {free}) AS paused,"
            " (SELECT count(*) FROM subscriber INDEXED BY subscriber_choosy WHERE frequency = 'topics'"
            f"  AND (paused_until IS NULL OR paused_until <= ?) AND {free} AND NOT EXISTS"
            "  (SELECT 1 FROM subscriber_topic WHERE subscriber_id = subscriber.id"
            f"  AND +topic IN ({marks}))) AS off_topic",  # +: through their few topics, not once for each of ours
            [text_of(now), text_of(now), *topics],
        )
        assert row is not None
        less = {name: row[name] for name in ("paused", "off_topic", "suppressed")}
        return {"active": row["active"], **less, "recipients": row["active"] - sum(less.values())}

    def _changed(self, sql: str, parameters: tuple[Any, ...]) -> bool:
        return self._database.change(sql, parameters) == 1


def subscriber_of(row: sqlite3.Row) -> Subscriber:
    """Of a whole row of the table."""
    return Subscriber(
        row["id"],
        row["email"],
        SubscriberStatus(row["status"]),
        moment_of(row["created_at"]),
        moment_or_none(row["confirmed_at"]),
        moment_or_none(row["unsubscribed_at"]),
        moment_or_none(row["paused_until"]),
        Frequency(row["frequency"]),
        row["zone"],
    )
