"""What is in force and where it came from; how the house is; the test of the provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.app.backup import back_up
from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail
from newsletter.app.house import effective_settings, look_at_house
from newsletter.app.provider_test import provider_tests, queue_provider_test
from newsletter.app.rotate_key import rotate_key
from newsletter.app.schedule import offset_in_words, rule_in_words, upcoming
from newsletter.app.sign_in import change_role
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import InputError, NotFoundError, TransitionError
from newsletter.operators import Role
from newsletter.settings import load
from tests.conftest import Clock

MakeApp = Callable[..., App]


def test_the_origin_is_that_of_what_won(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "newsletter.toml"
    path.write_text('name = "x"\n[delivery.smtp]\nport = 25\nhost = "a"\n', encoding="utf-8")
    monkeypatch.setenv("NEWSLETTER_DELIVERY__SMTP__PORT", "2525")
    settings = load(path, {"web": {"port": 9000}})
    found = {one.key: (one.value, one.origin) for one in effective_settings(settings)}
    assert found["name"] == ("x", "file")
    assert found["delivery.smtp.port"] == ("2525", "environment")
    assert found["delivery.smtp.host"] == ("a", "file")
    assert found["web.port"] == ("9000", "flag")
    assert found["web.host"] == ("127.0.0.1", "default")
    assert found["web.hosts"] == ("", "default")


def test_a_backup_and_a_new_key_are_dated(app: App, clock: Clock, tmp_path: Path) -> None:
    before = look_at_house(app)
    assert before.backed_up_at is None
    assert before.key_since == app.store.meta.created_at
    assert before.database_bytes > 0
    back_up(app, tmp_path / "copy.db")
    rotate_key(app)
    after = look_at_house(app)
    assert (after.backed_up_at, after.key_since, after.old_keys) == (clock.now, clock.now, 1)


def test_a_key_that_was_changed_before_dates_were_kept_has_none(app: App) -> None:
    app.store.meta.put("old_signing_keys", "00ff")
    assert look_at_house(app).key_since is None


def test_a_key_of_the_settings_is_said_to_be_one(make_app: MakeApp) -> None:
    found = look_at_house(make_app(secret_key="k" * 32, old_secret_keys=["o" * 32]))
    assert (found.key_from_settings, found.key_since, found.old_keys) == (True, None, 1)


def deliver(app: App) -> None:
    owner = app.owners.enter()
    while deliver_mail(app, owner):
        pass
    app.owners.leave(owner)


def test_a_provider_test_goes_through_the_queue_and_can_be_repeated_once_it_is_over(app: App, clock: Clock) -> None:
    queue_provider_test(app, "Ada@Example.com")
    with pytest.raises(TransitionError, match="is waiting still"):
        queue_provider_test(app, "ada@example.com")
    deliver(app)
    assert [test.status for test in provider_tests(app)] == [DeliveryStatus.ACCEPTED]
    for _ in range(6):
        clock.advance(minutes=1)
        queue_provider_test(app, "ada@example.com")
        deliver(app)
    found = provider_tests(app)
    assert len(found) == 5
    assert found[0].at == clock.now
    assert found == sorted(found, key=lambda test: test.at, reverse=True)


def test_what_is_no_address_is_not_tested(app: App) -> None:
    with pytest.raises(InputError):
        queue_provider_test(app, "nobody")
    assert provider_tests(app) == []


@pytest.mark.parametrize(
    ("zone", "now", "notes"),
    [
        ("Europe/Berlin", datetime(2026, 10, 20, tzinfo=UTC), ["UTC+01:00 after UTC+02:00, 1 h later by UTC."]),
        ("Europe/Berlin", datetime(2027, 3, 23, tzinfo=UTC), ["UTC+02:00 after UTC+01:00, 1 h earlier by UTC."]),
        ("Australia/Lord_Howe", datetime(2026, 9, 29, tzinfo=UTC), ["UTC+11:00 after UTC+10:30, 30 min earlier"]),
        ("America/Lima", datetime(2027, 3, 23, tzinfo=UTC), []),
    ],
)
def test_the_slot_after_a_clock_change_tells_it(
    app: App, clock: Clock, zone: str, now: datetime, notes: list[str]
) -> None:
    clock.now = now
    there = replace(app, settings=app.settings.model_copy(update={"time_zone": zone}))
    found = [slot.note for slot in upcoming(there, 5) if slot.note]
    assert len(found) == len(notes)
    for said, wanted in zip(found, notes, strict=True):
        assert wanted in said


def test_a_time_that_the_clock_skips_is_told(make_app: MakeApp, clock: Clock) -> None:
    clock.now = datetime(2027, 3, 23, tzinfo=UTC)
    app = make_app(time_zone="Europe/Berlin", schedule={"weekday": "sunday", "at": "02:30"})
    first, second, *_ = upcoming(app)
    assert rule_in_words(app) == "Every Sunday at 02:30, Europe/Berlin time"
    assert f"{first.local:%d %b %H:%M}" == "28 Mar 03:30"
    assert "The clock skips 02:30 that day, so it is 03:30." in first.note
    assert second.note == ""


def test_an_offset_west_of_greenwich_is_written_with_its_minutes() -> None:
    assert offset_in_words(datetime.fromisoformat("2026-01-01T00:00:00-03:30")) == "UTC-03:30"


def test_a_role_is_changed_but_never_that_of_the_last_owner(app: App, clock: Clock) -> None:
    people = app.store.operators
    people.add("ada@example.com", Role.OWNER, "x", clock.now)
    people.add("bob@example.com", Role.EDITOR, "x", clock.now)
    with pytest.raises(InputError, match="is the only owner"):
        change_role(app, "ada@example.com", Role.EDITOR, by="t", via="t")
    change_role(app, " Bob@Example.com", Role.OWNER, by="t", via="t")
    change_role(app, "ada@example.com", Role.VIEWER, by="t", via="t")
    assert [one.role for one in people.all()] == [Role.VIEWER, Role.OWNER]
    assert [deed.act for _, deed in people.deeds()] == ["made viewer", "made owner"]
    with pytest.raises(NotFoundError):
        change_role(app, "no@example.com", Role.OWNER, by="t", via="t")
