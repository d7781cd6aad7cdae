"""Settings: the file, the environment over it, flags over both; a typing slip never becomes a default."""

from __future__ import annotations

import os
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.errors import ConfigError
from newsletter.issues import Brand, Publication, WeeklyRule
from newsletter.selection import Rules
from newsletter.settings import Settings, check, flat, given, load, origins


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str) -> Path:
    path = folder / "newsletter.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_has_a_default_and_nothing_is_live() -> None:
    settings = load()
    assert settings.delivery.provider == "outbox"
    assert settings.schedule.mode == "draft"
    assert settings.rules == Rules(full=5, brief=10, minimum=3, cap_per_category=None, wait_issues=4)
    assert settings.weekly_rule == WeeklyRule(0, time(9), ZoneInfo("UTC"))


def test_flags_go_over_the_environment_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 'name = "file"\nsender_name = "file"\nreply_to = "file@example.com"\n')
    monkeypatch.setenv("NEWSLETTER_NAME", "environment")
    monkeypatch.setenv("NEWSLETTER_SENDER_NAME", "environment")
    settings = load(path, {"name": "flag"})
    assert (settings.name, settings.sender_name, settings.reply_to) == ("flag", "environment", "file@example.com")


def test_sections_are_merged_key_by_key_from_all_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path, '[schedule]\nweekday = "friday"\nat = 07:30:00\n[delivery.smtp]\nhost = "mail.example.com"\n'
    )
    monkeypatch.setenv("NEWSLETTER_SCHEDULE__MODE", "auto")
    monkeypatch.setenv("NEWSLETTER_DELIVERY__SMTP__PORT", "2525")
    settings = load(path, {"delivery": {"workers": 2}})
    assert (settings.schedule.weekday, settings.schedule.at, settings.schedule.mode) == ("friday", time(7, 30), "auto")
    assert (settings.delivery.smtp.host, settings.delivery.smtp.port) == ("mail.example.com", 2525)
    assert settings.delivery.workers == 2
    assert settings.weekly_rule == WeeklyRule(4, time(7, 30), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ("nmae = 'x'", "nmae"),
        ("[schedule]\nmod = 'auto'", "schedule.mod"),
        ("[delivery.smtp]\nx = 1", "delivery.smtp.x"),
    ],
)
def test_an_unknown_key_in_the_file_is_an_error_that_names_it(tmp_path: Path, toml: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, toml))
    assert f"{key}: there is no such setting" in caught.value.what
    assert caught.value.next_step == "See docs/settings.md."


@pytest.mark.parametrize("name", ["NEWSLETTER_NMAE", "NEWSLETTER_SCHEDULE__MOD", "NEWSLETTER_SCHEDULE_MODE"])
def test_an_unknown_name_in_the_environment_is_an_error_that_names_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "auto")
    with pytest.raises(ConfigError, match=f"The environment sets {name}, which is no setting"):
        load()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone: there is no time zone 'Mars/Olympus'"),
        ({"site_url": "verdicts.example.com"}, "site_url: write the address readers use"),
        ({"site_url": "https://a b.example.com"}, "site_url: write"),
        ({"site_url": "https://büro.example.com"}, "site_url: write"),
        ({"comparison_url": "https://example.com/x"}, "comparison_url: write an address with {slug}"),
        ({"comparison_url": "javascript:{slug}"}, "comparison_url: write an address with {slug}"),
        ({"sender": "Verdicts <v@example.com>"}, "sender: write a bare address"),
        ({"reply_to": "nobody"}, "reply_to: write a bare address"),
        ({"operator": "a@b@example.com"}, "operator: write a bare address"),
        ({"unsubscribe_mailbox": "ü@example.com"}, "unsubscribe_mailbox: write a bare address"),
        ({"schedule": {"weekday": "Montag"}}, "schedule.weekday: "),
        ({"schedule": {"hold_minutes": 0}}, "schedule.hold_minutes: "),
        ({"selection": {"full": 0}}, "selection.full: "),
        ({"delivery": {"provider": "pigeon"}}, "delivery.provider: "),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_named(values: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check(values)
    assert caught.value.what.startswith(said)
    with pytest.raises(ConfigError) as caught:
        load(None, values)
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("brand", "said"),
    [
        ({"ink": "#8A8A8A"}, "brand.ink: #8A8A8A has a contrast of 3.2 on the light paper #FBF8F1"),
        ({"accent": "#FFB3A7"}, "brand.accent: #FFB3A7 has a contrast of 1.6 on the light paper #FBF8F1"),
        ({"ink_dark": "#333333"}, "brand.ink_dark: #333333 has a contrast of 1.4 on the dark paper #17150F"),
        ({"accent_dark": "#8C1D18"}, "brand.accent_dark: #8C1D18 has a contrast of 2.0 on the dark paper #17150F"),
        ({"ink": "navy"}, "brand.ink: write a colour like #1B1A17"),
        ({"accent": "#000"}, "brand.accent: write a colour like #1B1A17"),
        ({"logo_url": "http://example.com/logo.png"}, "brand.logo_url: write the full https address"),
        ({"logo_url": 'https://example.com/"x'}, "brand.logo_url: write the full https address"),
        ({"logo_width": 2000}, "brand.logo_width: "),
    ],
)
def test_a_brand_that_could_not_be_read_is_refused_with_the_contrast(brand: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check({"brand": brand})
    assert caught.value.what.startswith(said)


def test_a_brand_stands_in_the_publication() -> None:
    brand = {"ink": "#0b1f3a", "accent_dark": "#FFD166", "logo_url": "https://example.com/logo.png", "logo_width": 96}
    assert Settings(brand=brand).publication.brand == Brand(
        ink="#0B1F3A", accent_dark="#FFD166", logo_url="https://example.com/logo.png", logo_width=96
    )


def test_every_wrong_key_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        check({"sender": "x", "time_zone": "y", "delivery": {"workers": 0}})
    assert [name in caught.value.what for name in ("sender:", "time_zone:", "delivery.workers:")] == [True] * 3


def test_good_values_pass_the_check() -> None:
    check({"sender": "v@example.com", "time_zone": "Africa/Cairo", "comparison_url": "https://example.com/{slug}"})


def test_secrets_in_a_wrong_section_do_not_show_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, "[delivery.resend]\napi_key = ['very-secret-key']\n"))
    assert "very-secret-key" not in str(caught.value)


def test_a_file_that_is_named_must_be_there_and_be_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file") as caught:
        load(tmp_path / "other.toml")
    assert caught.value.next_step == "`newsletter init` writes one."
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load(write(tmp_path, "name = \n"))
    (tmp_path / "newsletter.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load()


def test_paths_are_relative_to_the_folder_of_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    settings = load(write(folder, 'database = "kept.db"\n'))
    assert settings.database == folder / "kept.db"
    assert settings.delivery.outbox.folder == folder / "outbox"
    settings = load(write(folder, 'database = "/var/kept.db"\n'))
    assert settings.database == Path("/var/kept.db")


def test_origins_tell_file_and_environment_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 'name = "x"\n[delivery.smtp]\nhost = "mail.example.com"\nport = 25\n')
    monkeypatch.setenv("NEWSLETTER_DELIVERY__SMTP__PORT", "2525")
    assert origins(path) == {"name": "file", "delivery.smtp.host": "file", "delivery.smtp.port": "environment"}
    assert origins() == origins(path)
    path.unlink()
    assert origins() == {"delivery.smtp.port": "environment"}


def test_what_a_demo_gives_is_told_apart_from_a_default_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_TIME_ZONE", "Europe/Berlin")
    monkeypatch.setenv("NEWSLETTER_NAME", "Beneath")
    settings = given("demo", name="Sample", delivery={"provider": "outbox"})
    assert (settings.name, settings.time_zone) == ("Sample", "Europe/Berlin")
    assert settings.came_from == {"name": "demo", "delivery.provider": "demo", "time_zone": "environment"}


def test_flat_lists_every_setting_and_masks_secrets() -> None:
    given: dict[str, Any] = {"secret_key": "very-secret", "delivery": {"resend": {"api_key": "re_very_secret"}}}
    settings = Settings(**given)
    found = flat(settings)
    assert found["schedule.mode"] == "draft"
    assert found["selection.cap_per_category"] == ""
    assert found["delivery.smtp.port"] == "587"
    assert "secret" not in "".join(found.values())
    assert "secret" not in repr(settings).replace("secret_key", "").replace("webhook_secret", "")


def test_a_slash_at_the_end_of_the_site_address_goes() -> None:
    settings = Settings(site_url="https://verdicts.example.com/")
    assert settings.site_url == "https://verdicts.example.com"
    assert settings.publication == Publication("Weekly AI Tool Verdicts", "https://verdicts.example.com", "", "")


def test_notices_go_to_the_operator_else_to_the_reply_address() -> None:
    assert Settings(operator="me@example.com", reply_to="us@example.com").notices_to == "me@example.com"
    assert Settings(reply_to="us@example.com").notices_to == "us@example.com"
    assert Settings().notices_to == ""


def test_rules_come_from_the_selection_section() -> None:
    chosen: Any = {"full": 4, "brief": 3, "minimum": 2, "cap_per_category": 1, "wait_issues": 0}
    assert Settings(selection=chosen).rules == Rules(4, 3, 2, 1, 0)
