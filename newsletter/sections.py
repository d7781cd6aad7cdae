"""The sections of the settings: what each key is, what it may hold, and what it means."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from newsletter.issues import Brand
from newsletter.rendering.colours import LEAST_CONTRAST, NIGHT, PAPER, contrast

_PLAIN = Brand()


def is_bare(address: str) -> bool:
    """An address and nothing beside it."""
    name, _, domain = address.partition("@")
    return bool(name and domain) and "@" not in domain and address.isascii() and not set(address) & set(' <>,;\r\n"')


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SelectionSettings(Section):
    """How a week is chosen; docs/how-the-choice-is-made.md explains it."""

    full: int = Field(5, ge=1, le=20, description="comparisons shown in full")
    brief: int = Field(10, ge=0, le=50, description="comparisons shown in one line")
    minimum: int = Field(3, ge=1, le=50, description="fewer than this, and the week is skipped")
    cap_per_category: int | None = Field(None, ge=1, description="at most so many of one category; absent: no cap")
    wait_issues: int = Field(4, ge=0, le=52, description="issues a comparison may wait before it expires")


class ScheduleSettings(Section):
    """When an issue is due, and what then happens by itself."""

    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        "monday", description="the day it is due"
    )
    at: time = Field(time(9, 0), description="local time in `time_zone`")
    mode: Literal["draft", "auto", "off"] = Field(
        "draft", description="draft: draft it and tell the operator; auto: test, hold, send; off: nothing by itself"
    )
    catch_up_hours: float = Field(2, gt=0, le=72, description="a slot missed by less runs late; older: you decide")
    hold_minutes: float = Field(60, ge=1, le=1440, description="in auto mode: time to stop it after the test went out")


class OutboxSettings(Section):
    """The embedded provider: .eml files in a folder."""

    folder: Path = Field(Path("outbox"), description="where the .eml files go")


class SmtpSettings(Section):
    """Any mail server that takes submissions."""

    host: str = Field("localhost", description="the mail server")
    port: int = Field(587, ge=1, le=65535)
    username: str = Field("", description="absent: no login")
    password: SecretStr = Field(SecretStr(""), description="secret")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="starttls, tls or none")


class ResendSettings(Section):
    """Resend's batch API."""

    api_key: SecretStr = Field(SecretStr(""), description="secret")
    webhook_secret: SecretStr = Field(SecretStr(""), description="secret; absent: no webhook")
    base_url: str = Field("https://api.resend.com", description="another address for tests")


class DeliverySettings(Section):
    """Who sends, and how fast."""

    provider: Literal["outbox", "smtp", "resend"] = Field("outbox", description="who sends")
    requests_per_second: float | None = Field(None, gt=0, description="absent: as fast as the provider allows")
    workers: int = Field(4, ge=1, le=32, description="requests under way at once")
    timeout_seconds: float = Field(30, gt=0, le=300, description="total deadline of one request")
    guests: tuple[str, ...] = Field(
        (), max_length=5, description="while `doctor` names something open, only they and the operator are mailed"
    )
    outbox: OutboxSettings = OutboxSettings()
    smtp: SmtpSettings = SmtpSettings()
    resend: ResendSettings = ResendSettings()

    @field_validator("guests")
    @classmethod
    def _are_addresses(cls, guests: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in guests if not is_bare(one)]:
            raise ValueError(f"{wrong[0]!r} is no bare address; write one like ada@example.com")
        return guests


class BrandSettings(Section):
    """Two colours, each for the light and the dark scheme, and a logo. Refused where they could not be read."""

    ink: str = Field(
        _PLAIN.ink, description="text, rules and buttons on the light paper; #RRGGBB, contrast 4.5 or more"
    )
    ink_dark: str = Field(_PLAIN.ink_dark, description="the same on the dark paper")
    accent: str = Field(_PLAIN.accent, description="numbers, dissent and the bar beside quotes, on the light paper")
    accent_dark: str = Field(_PLAIN.accent_dark, description="the same on the dark paper")
    logo_url: str = Field("", description="https address of a picture 32 px high, absent: the name alone")
    logo_width: int = Field(32, ge=8, le=200, description="how wide it is then, in px")

    @field_validator("ink", "ink_dark", "accent", "accent_dark")
    @classmethod
    def _readable(cls, colour: str, info: ValidationInfo) -> str:
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
            raise ValueError("write a colour like #1B1A17")
        dark = (info.field_name or "").endswith("_dark")
        found = contrast(colour, NIGHT if dark else PAPER)
        if found < LEAST_CONTRAST:
            ground = f"the dark paper {NIGHT}" if dark else f"the light paper {PAPER}"
            wanted = "lighter" if dark else "darker"
            raise ValueError(
                f"{colour} has a contrast of {int(found * 10) / 10} on {ground}, and {LEAST_CONTRAST} is the least;"
                f" take a {wanted} one"
            )
        return colour.upper()

    @field_validator("logo_url")
    @classmethod
    def _logo_is_on_the_web(cls, url: str) -> str:
        if url and (not url.startswith("https://") or not re.fullmatch(r"[!-~]+", url) or set(url) & set("\\\"'<>")):
            raise ValueError("write the full https address of a picture")
        return url


class WebSettings(Section):
    """Where `serve` listens."""

    host: str = Field("127.0.0.1", description="where `serve` listens")
    port: int = Field(8000, ge=0, le=65535)
    confirmations_per_hour: int = Field(200, ge=1, description="confirmation mails to new addresses, all together")
    form_origins: tuple[str, ...] = Field(
        (), description="other sites whose pages may hold the form, like https://example.com"
    )
    hosts: tuple[str, ...] = Field((), description="names the site answers to besides that of `site_url`")
    welcome_issue: bool = Field(True, description="whether the welcome mail carries the latest issue")

    @field_validator("form_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in origins if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", one)]:
            raise ValueError(f"{wrong[0]!r} is no origin; write one like https://example.com, without a path")
        return origins

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in hosts if not re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?", one)]:
            raise ValueError(f"{wrong[0]!r} is no name; write one like www.example.com, 192.168.0.4 or [2001:db8::4]")
        return hosts


class SourceSettings(Section):
    """A place that comparisons are pulled from before each draft: an address, a file or folder, or a database."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="how it is called, in small letters")
    url: str = Field("", description="the https address of a document: JSON, YAML, CSV or a page")
    path: Path | None = Field(None, description="a file, or a folder with files; relative to newsletter.toml")
    sqlite: Path | None = Field(None, description="another SQLite database, which is only read")
    table: str = Field("", description="of that database: the table")
    query: str = Field("", description="or the query")
    columns: dict[str, str] = Field({}, description="field of a comparison, like left.name, to the column it is in")
    allow_http: bool = Field(False, description="whether `url` may be http, or lead there")
    allow_private: bool = Field(False, description="whether `url` may lead into this network")

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if sum(map(bool, (self.url, self.path, self.sqlite))) != 1:
            raise ValueError(f"source {self.name} needs one of url, path and sqlite")
        if bool(self.sqlite) != (bool(self.table) != bool(self.query)):
            raise ValueError(f"source {self.name}: sqlite needs either table or query, and nothing else takes them")
        return self
