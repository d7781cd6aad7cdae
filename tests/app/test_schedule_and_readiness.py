"""The slots ahead, and what stands between this newsletter and a live send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.readiness import live_tasks, require_live
from newsletter.app.schedule import skip_slot, upcoming
from newsletter.errors import ChecksFailedError
from tests.app.scripted import scripted
from tests.conftest import KnownSite

MakeApp = Callable[..., App]


def test_the_slots_ahead_are_told_in_local_time_with_what_has_them(make_app: MakeApp) -> None:
    app = make_app(time_zone="Europe/Berlin", schedule={"mode": "auto"})
    skip_slot(app, "2026-W49", "holiday")
    first, second, third = upcoming(app, 3)
    assert (first.key, first.at, first.status) == ("2026-W48", datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "auto")
    assert f"{first.local:%H:%M %z}" == "09:00 +0100"
    assert (second.key, second.status) == ("2026-W49", "skipped")
    assert third.key == "2026-W50"
    assert len(upcoming(app)) == 5


def open_tasks(app: App, *, look: bool = True) -> list[str]:
    return [task.name for task in live_tasks(app, look=look) if not task.done]


def test_everything_is_said_that_is_missing(make_app: MakeApp) -> None:
    app = make_app(sender="", postal_address=" ", site=KnownSite(None))
    tasks = live_tasks(app)
    names = ["provider", "credentials", "sender", "postal address", "site address", "unsubscribe page"]
    assert [task.name for task in tasks] == names
    assert open_tasks(app) == ["provider", "sender", "postal address", "site address", "unsubscribe page"]
    assert all(task.fix for task in tasks if not task.done)
    assert tasks[0].detail == "outbox keeps every mail on this machine"
    assert tasks[-1].detail == "http://localhost:8000/unsubscribe/test does not answer as this newsletter"
    assert open_tasks(app, look=False) == ["provider", "sender", "postal address", "site address"]


def test_nothing_is_open_where_all_is_done(make_app: MakeApp) -> None:
    app = make_app(provider=scripted(live=True), site_url="https://verdicts.example.com")
    assert open_tasks(app) == []
    require_live(app)


@pytest.mark.parametrize("url", ["http://verdicts.example.com", "https://localhost", "https://verdicts"])
def test_readers_must_reach_the_site_by_https(make_app: MakeApp, url: str) -> None:
    assert "site address" in open_tasks(make_app(site_url=url))


def test_a_page_of_another_newsletter_at_our_address_is_not_ours(make_app: MakeApp) -> None:
    assert "unsubscribe page" in open_tasks(make_app(site=KnownSite("0123456789abcdef")))


@pytest.mark.parametrize(
    ("delivery", "done", "detail"),
    [
        ({"provider": "resend", "resend": {"api_key": "re_12345678"}}, True, "api key is set"),
        ({"provider": "resend"}, False, "no API key"),
        ({"provider": "smtp"}, True, "none, the server takes mail without"),
        ({"provider": "smtp", "smtp": {"username": "me", "password": "x"}}, True, "me"),
        ({"provider": "smtp", "smtp": {"username": "me"}}, False, "only half of them"),
        ({"provider": "outbox"}, True, "none needed"),
    ],
)
def test_credentials_are_there_or_not_and_never_shown(
    make_app: MakeApp, delivery: dict[str, Any], done: bool, detail: str
) -> None:
    app = make_app(provider=scripted(live=True), delivery=delivery)
    (task,) = [task for task in live_tasks(app) if task.name == "credentials"]
    assert (task.done, task.detail) == (done, detail)


def test_a_refusal_names_every_open_task_and_how_to_close_it(make_app: MakeApp) -> None:
    app = make_app(provider=scripted(live=True), postal_address="")
    with pytest.raises(ChecksFailedError) as caught:
        require_live(app)
    assert "postal address: none; site address: http://localhost:8000" in caught.value.what
    assert "Set `postal_address`" in caught.value.next_step


def test_nothing_is_asked_of_a_provider_that_is_not_live(make_app: MakeApp) -> None:
    require_live(make_app(sender="", postal_address="", site=KnownSite(None)))
