"""The house: the settings in force and where each came from, and what else an operator asks of a running newsletter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.app.container import App
from newsletter.app.desk import Part, parts_of
from newsletter.app.look_up import look_at_health
from newsletter.issues import Issue
from newsletter.settings import Settings, flat, meanings


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting. `value` as text, masked where it is secret; `origin`: default, file, environment, flag or demo."""

    key: str
    value: str
    origin: str
    meaning: str

    @property
    def section(self) -> str:
        """`delivery.smtp` of `delivery.smtp.host`; empty for one of none."""
        return self.key.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class House:
    """How it is now. Moments are aware UTC."""

    parts: list[Part]
    beats: dict[str, tuple[datetime, str]]
    """Name of a running part → (last seen, detail)."""
    mails: dict[str, int]
    """Mails to one person, by status."""
    reports: dict[str, int]
    """Reports of a provider, by status."""
    pending: list[Issue]
    """Issues that are under way or wait for a decision."""
    database: str
    database_bytes: int
    """With what is not merged into the file yet."""
    key_from_settings: bool
    """Whether `secret_key` signs links, and not a key of the database."""
    key_since: datetime | None
    """Since when the key of the database is in force, where that is known."""
    old_keys: int
    """Keys before it, whose links go on working."""
    backed_up_at: datetime | None
    began_at: datetime


def effective_settings(settings: Settings) -> list[Effective]:
    """Every setting, in the order of docs/settings.md."""
    means, values = meanings(), flat(settings)
    return [Effective(key, value, settings.came_from.get(key, "default"), means[key]) for key, value in values.items()]


def look_at_house(app: App) -> House:
    """Raises StoreError where the database does not answer."""
    health, meta, path = look_at_health(app), app.store.meta, app.store.path
    given = bool(app.settings.secret_key.get_secret_value())
    files = (path, path.with_name(f"{path.name}-wal"))
    return House(
        parts_of(app),
        health.beats,
        health.mails,
        health.reports,
        health.pending_issues,
        str(path),
        sum(file.stat().st_size for file in files if file.exists()),
        given,
        None if given else meta.signing_key_at,
        len(app.settings.old_secret_keys) + len(meta.old_signing_keys),
        meta.backed_up_at,
        meta.created_at,
    )
