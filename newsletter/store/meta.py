"""Single facts about this newsletter: its keys, when it began."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from newsletter.store.sqlite import Sqlite
from newsletter.store.times import moment_of, text_of


class Meta:
    """Facts by name. Those that must exist are made by the first run."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def ensure(self) -> None:
        """Make what is missing: a signing key, the key of address hashes, an id, the moment it began."""
        fresh = {
            "signing_key": secrets.token_hex(32),
            "hash_key": secrets.token_hex(32),
            "instance": secrets.token_hex(8),
            "created_at": text_of(datetime.now(UTC)),
        }
        if len(self._database.query("SELECT key FROM meta WHERE key IN (?, ?, ?, ?)", list(fresh))) < len(fresh):
            self._database.change_many("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", list(fresh.items()))

    def get(self, key: str) -> str | None:
        value: str | None = self._database.value("SELECT value FROM meta WHERE key = ?", (key,))
        return value

    def put(self, key: str, value: str) -> None:
        self._database.change(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def _must(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise LookupError(key)
        return value

    @property
    def signing_key(self) -> bytes:
        return bytes.fromhex(self._must("signing_key"))

    @property
    def old_signing_keys(self) -> list[bytes]:
        """Those that signing_key replaced, newest first."""
        return [bytes.fromhex(key) for key in (self.get("old_signing_keys") or "").split()]

    @property
    def signing_key_at(self) -> datetime | None:
        """Since when this is the key; None where it was changed before that was kept."""
        at = self.get("signing_key_at")
        if at is None:
            return self.created_at if self.get("old_signing_keys") is None else None
        return moment_of(at)

    def rotate_signing_key(self, at: datetime, *, keep_old: bool = True) -> None:
        """A new key for new links; the old ones go on being read, unless they are not to be kept."""
        with self._database.transaction():
            old = [self.signing_key, *self.old_signing_keys] if keep_old else []
            self.put("old_signing_keys", " ".join(key.hex() for key in old))
            self.put("signing_key", secrets.token_hex(32))
            self.put("signing_key_at", text_of(at))

    @property
    def backed_up_at(self) -> datetime | None:
        """When `newsletter backup` last ran; other ways of copying the file are not known here."""
        at = self.get("backed_up_at")
        return moment_of(at) if at else None

    @backed_up_at.setter
    def backed_up_at(self, at: datetime) -> None:
        self.put("backed_up_at", text_of(at))

    @property
    def hash_key(self) -> bytes:
        return bytes.fromhex(self._must("hash_key"))

    @property
    def instance(self) -> str:
        """A public id by which our own pages are known again."""
        return self._must("instance")

    @property
    def created_at(self) -> datetime:
        return moment_of(self._must("created_at"))

    def beat(self, name: str, at: datetime, detail: str = "") -> None:
        """Note that `name` (ticker, sender) is alive."""
        self._database.change(
            "INSERT INTO heartbeat VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail",
            (name, text_of(at), detail),
        )

    def heartbeats(self) -> dict[str, tuple[datetime, str]]:
        """Name → (last beat, detail)."""
        rows = self._database.query("SELECT name, at, detail FROM heartbeat ORDER BY name")
        return {row["name"]: (moment_of(row["at"]), row["detail"]) for row in rows}
