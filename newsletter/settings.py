"""Settings: `newsletter.toml` < environment `NEWSLETTER_…` (nested by `__`) < flags. The only reader of either.

An unknown key is an error, in the file and in the environment alike, so that a typing slip never becomes a default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo, PrivateAttr
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from newsletter.errors import ConfigError
from newsletter.issues import Brand, Publication, WeeklyRule
from newsletter.sections import (
    BrandSettings,
    DeliverySettings,
    OutboxSettings,
    ScheduleSettings,
    SelectionSettings,
    SourceSettings,
    WebSettings,
    is_bare,
)
from newsletter.selection import Rules

CONFIG_NAME = "newsletter.toml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PREFIX = "NEWSLETTER_"


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    name: str = Field("Weekly AI Tool Verdicts", description="the name of the newsletter")
    sender: str = Field("", description="the address issues come from")
    sender_name: str = Field("", description="the name beside it; absent: `name`")
    reply_to: str = Field("", description="where answers go; absent: `sender`")
    operator: str = Field("", description="where notices to you go; absent: `reply_to`")
    postal_address: str = Field("", description="stands in every mail; the law asks for it")
    site_url: str = Field("http://localhost:8000", description="where readers reach `serve`")
    time_zone: str = Field("UTC", description="of the schedule, like Europe/Berlin")
    comparison_url: str = Field("", description="address pattern of comparison pages, with {slug}; absent: our page")
    unsubscribe_mailbox: str = Field("", description="address of a mailbox that is read; absent: web only")
    about_panel: str = Field("", description="one line about who the panel is")
    database: Path = Field(Path("subscribers.db"), description="the one file; relative to newsletter.toml")
    secret_key: SecretStr = Field(SecretStr(""), description="signs reader links; absent: one kept in the database")
    old_secret_keys: tuple[SecretStr, ...] = Field(
        (), description="keys that signed links before; their links go on working"
    )
    failpoints: str = Field("", description="for fault tests: name=kill, exit or sleep:SECONDS[@N], comma-separated")
    selection: SelectionSettings = SelectionSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    delivery: DeliverySettings = DeliverySettings()
    web: WebSettings = WebSettings()
    brand: BrandSettings = BrandSettings()
    sources: tuple[SourceSettings, ...] = Field((), description="where comparisons are pulled from; see below")
    _came_from: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings)  # flags, environment; load() puts the file beneath both

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"there is no time zone {name!r}; write one like Europe/Berlin")
        return name

    @field_validator("site_url")
    @classmethod
    def _site_is_an_origin(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")) or not url.isascii() or set(url) & set(" @\\\"'<>"):
            raise ValueError("write the address readers use, like https://verdicts.example.com")
        return url.rstrip("/")

    @field_validator("comparison_url")
    @classmethod
    def _pattern_has_slug(cls, pattern: str) -> str:
        if pattern and ("{slug}" not in pattern or not pattern.startswith(("https://", "http://"))):
            raise ValueError("write an address with {slug} in it, like https://example.com/compare/{slug}")
        return pattern

    @field_validator("sender", "reply_to", "operator", "unsubscribe_mailbox")
    @classmethod
    def _plain_address(cls, address: str) -> str:
        if address and not is_bare(address):
            raise ValueError("write a bare address, like verdicts@example.com")
        return address

    @field_validator("sources")
    @classmethod
    def _names_differ(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        if double := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two sources are called {double}")
        return sources

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def publication(self) -> Publication:
        brand = Brand(**self.brand.model_dump())
        return Publication(self.name, self.site_url, self.postal_address, self.about_panel, brand)

    @property
    def rules(self) -> Rules:
        chosen = self.selection
        return Rules(chosen.full, chosen.brief, chosen.minimum, chosen.cap_per_category, chosen.wait_issues)

    @property
    def weekly_rule(self) -> WeeklyRule:
        return WeeklyRule(WEEKDAYS.index(self.schedule.weekday), self.schedule.at, self.zone)

    @property
    def came_from(self) -> dict[str, str]:
        """Dotted key → `file`, `environment`, `flag` or `demo` for every setting that is not a default."""
        return self._came_from

    @property
    def notices_to(self) -> str:
        return self.operator or self.reply_to


def load(config: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings from `config` (`newsletter.toml` here where absent), the environment, and `flags` over both.

    Relative paths in them are relative to the folder of the config file. Raises ConfigError naming every wrong key.
    """
    path = config or Path(CONFIG_NAME)
    if config is not None and not config.is_file():
        raise ConfigError(f"There is no file {config}.", next_step="`newsletter init` writes one.")
    values = _read_toml(path) if path.is_file() else {}
    _reject_unknown_environment()

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *args: Any, **sources: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            above = Settings.settings_customise_sources.__func__(cls, settings_cls, *args, **sources)  # type: ignore[attr-defined]  # a classmethod's function
            return (*above, InitSettingsSource(settings_cls, init_kwargs=values))

    try:
        settings = FromFile(**(flags or {}))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc'])) or 'settings'}: {_plain(item)}" for item in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines) + ".", next_step="See docs/settings.md.") from None
    folder = path.parent
    settings._came_from = origins(config) | dict.fromkeys(_dotted(flags or {}), "flag")
    return settings.model_copy(
        update={
            "database": folder / settings.database,
            "delivery": settings.delivery.model_copy(
                update={"outbox": OutboxSettings(folder=folder / settings.delivery.outbox.folder)}
            ),
            "sources": tuple(_beside(folder, source) for source in settings.sources),
        }
    )


def _beside(folder: Path, source: SourceSettings) -> SourceSettings:
    places = {"path": source.path, "sqlite": source.sqlite}
    return source.model_copy(update={name: place and folder / place for name, place in places.items()})


def origins(config: Path | None = None) -> dict[str, str]:
    """Dotted key → `file` or `environment` for every setting that is not a default."""
    path = config or Path(CONFIG_NAME)
    return dict.fromkeys(_dotted(_read_toml(path) if path.is_file() else {}), "file") | _of_environment()


def given(origin: str, **values: Any) -> Settings:
    """Settings without a file: `values`, which `came_from` says are of `origin`, above the environment."""
    settings = Settings(**values)
    settings._came_from = _of_environment() | dict.fromkeys(_dotted(values), origin)
    return settings


def _of_environment() -> dict[str, str]:
    names = [name.removeprefix(_PREFIX) for name in os.environ if name.startswith(_PREFIX)]
    return {name.lower().replace("__", "."): "environment" for name in names}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.", next_step="Mend that line.") from None


def _reject_unknown_environment() -> None:
    known = {key for key, _ in _fields(Settings)}
    for name in os.environ:
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX).lower().replace("__", ".") not in known:
            raise ConfigError(f"The environment sets {name}, which is no setting.", next_step="Unset or correct it.")


def _dotted(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    keys = []
    for name, value in values.items():
        keys.extend(_dotted(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name])
    return keys


def _plain(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(item["msg"]).removeprefix("Value error, ")


def check(values: Mapping[str, Any]) -> None:
    """Raise ConfigError where these values cannot be settings; nothing is read or written."""
    try:
        Settings(**values)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {_plain(item)}" for item in error.errors()]
        raise ConfigError("; ".join(lines) + ".", next_step="Correct that and run it again.") from None


def flat(settings: BaseModel, prefix: str = "") -> dict[str, str]:
    """Dotted key → value as text, for every setting; secrets are masked."""
    found: dict[str, str] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            found.update(flat(value, f"{prefix}{name}."))
        else:
            several = value if isinstance(value, tuple) else (value,)
            found[prefix + name] = ", ".join("" if one is None else _named(one) for one in several)
    return found


def _named(value: object) -> str:
    return value.name if isinstance(value, SourceSettings) else str(value)


def meanings() -> dict[str, str]:
    """Dotted key → what it sets, for every setting."""
    return {key: field.description or "" for key, field in _fields(Settings)}


def reference() -> str:
    """docs/settings.md: every setting with its default and meaning. A test keeps the file equal to this."""
    lines = [
        "# Settings",
        "",
        "`newsletter.toml` < environment < flags. In the environment a key is written",
        "`NEWSLETTER_SCHEDULE__MODE=auto`; secrets belong there. An unknown key is an error.",
        "`newsletter config show` tells what is in force, and where it came from.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for key, field in _fields(Settings):
        default = field.get_default(call_default_factory=False)
        shown = f"`{default}`" if str(default) not in ("", "None") and not isinstance(default, SecretStr) else ""
        lines.append(f"| `{key}` | {shown} | {field.description or ''} |")
    lines += [
        "",
        "## Sources",
        "",
        "Each `[[sources]]` table of the file is a place that comparisons are pulled from before each draft, and by",
        "`newsletter sources pull`.",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    for key, field in _fields(SourceSettings):
        default = field.get_default(call_default_factory=False)
        shown = f"`{default}`" if isinstance(default, bool) else ""
        lines.append(f"| `{key}` | {shown} | {field.description or ''} |")
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel], prefix: str = "") -> list[tuple[str, FieldInfo]]:
    found: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found.extend(_fields(field.annotation, f"{prefix}{name}."))
        else:
            found.append((prefix + name, field))
    return found
