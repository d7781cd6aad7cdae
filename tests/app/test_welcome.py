"""The welcome after confirming: once, with the latest issue in it, and nobody gets an issue twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.leave import undo_unsubscribe, unsubscribe
from newsletter.app.subscribe import confirm, find_subscriber, subscribe
from newsletter.app.welcome import first_choices
from newsletter.audience.subscriber import Frequency
from newsletter.delivery.status import DeliveryStatus
from newsletter.issues import Issue
from newsletter.store.messages import MessageRow
from tests.fakes.house import Clock, add_active, build_house, deliver_all_mail, publish_week

Open = Callable[..., App]
ADDRESS = "new@example.net"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_house(tmp_path: Path, clock: Clock) -> Iterator[Open]:
    apps: list[App] = []

    def build(**settings: Any) -> App:
        apps.append(build_house(tmp_path, clock, **settings))
        return apps[-1]

    yield build
    for app in apps:
        app.close()


@pytest.fixture
def app(open_house: Open) -> App:
    return open_house()


def join(app: App, address: str = ADDRESS) -> None:
    subscribe(app, address, source="form", ip=None)
    confirm(app, app.signer.confirmation(find_subscriber(app, address).id), ip=None)


def leave(app: App, address: str = ADDRESS) -> None:
    unsubscribe(app, app.signer.reader(0, find_subscriber(app, address).id), source="page")


def publish(app: App) -> Issue:
    add_active(app, "reader@example.net")
    return publish_week(app)


def welcomes(app: App) -> list[MessageRow]:
    rows = app.store.database.query("SELECT id FROM message WHERE kind = 'welcome' ORDER BY id")
    found = [app.store.messages.by_id(row["id"]) for row in rows]
    return [row for row in found if row]


def test_who_confirms_is_welcomed_once_with_what_comes_when_and_a_way_out(app: App) -> None:
    join(app)
    found = find_subscriber(app, ADDRESS)
    confirm(app, app.signer.confirmation(found.id), ip=None)
    (mail,) = welcomes(app)
    token = app.signer.reader(0, found.id)
    assert (mail.address, mail.envelope["subject"]) == (ADDRESS, "Welcome to Weekly AI Tool Verdicts")
    words = " ".join(mail.text.split())
    assert "You are subscribed. Every Monday at 09:00, Europe/Berlin time, the next issue comes to you." in words
    assert "It comes from verdicts@example.org." in words
    for link in (f"http://localhost:8000/preferences/{token}", f"http://localhost:8000/unsubscribe/{token}"):
        assert link in mail.text
        assert f'href="{link}"' in mail.html
    assert mail.envelope["headers"] == {
        "List-Unsubscribe": f"<http://localhost:8000/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }


def test_the_latest_issue_comes_with_it_whole_and_with_links_of_this_reader(app: App) -> None:
    issue = publish(app)
    join(app)
    (mail,) = welcomes(app)
    found = find_subscriber(app, ADDRESS)
    token = app.signer.reader(issue.id, found.id)
    frozen = app.store.issues.frozen_mail(issue.id)
    assert frozen is not None
    assert mail.envelope["subject"] == "Welcome to Weekly AI Tool Verdicts"
    assert "__nl" not in mail.html + mail.text
    assert f"/unsubscribe/{token}" in mail.html
    assert f"/unsubscribe/{token}" in mail.envelope["headers"]["List-Unsubscribe"]
    assert "since 19 November 2026" in mail.text
    whole = re.sub(r"__nl[0-9a-f]+_\w+?__", "", frozen[1]).split("You get this because")[0].split()
    assert " ".join(whole)[-400:] in " ".join(re.sub(re.escape(token), "", mail.text).split())
    for heading in re.findall(r"<h2[^>]*>([^<]+)</h2>", frozen[0]):
        assert f">{heading}</h2>" in mail.html
    assert mail.html.index("Welcome to") < mail.html.index(f"Issue {issue.key}")


def test_an_issue_that_nobody_has_yet_does_not_come_with_it(app: App) -> None:
    join(app)
    assert "latest issue" not in welcomes(app)[0].text


def test_the_operator_can_switch_the_issue_off(open_house: Open) -> None:
    app = open_house(web={"welcome_issue": False})
    publish(app)
    join(app)
    assert "latest issue" not in welcomes(app)[0].text
    assert "You are subscribed." in welcomes(app)[0].text


def test_who_got_the_issue_as_its_recipient_does_not_get_it_with_a_welcome(app: App, clock: Clock) -> None:
    issue = publish(app)
    leave(app, "reader@example.net")
    clock.pass_by(hours=1)
    join(app, "reader@example.net")
    (mail,) = welcomes(app)
    assert app.store.deliveries.status(issue.id, find_subscriber(app, "reader@example.net").id) is not None
    assert "latest issue" not in mail.text


def test_who_got_the_issue_with_a_welcome_does_not_get_it_with_the_next_one(app: App, clock: Clock) -> None:
    publish(app)
    join(app)
    deliver_all_mail(app)
    leave(app)
    clock.pass_by(hours=1)
    join(app)
    first, second = welcomes(app)
    assert first.key.endswith("/issue/2026-W48")
    assert first.status is DeliveryStatus.ACCEPTED
    assert "latest issue" not in second.text


def test_who_takes_back_their_leaving_is_not_welcomed_again(app: App) -> None:
    join(app)
    leave(app)
    undo_unsubscribe(app, app.signer.reader(0, find_subscriber(app, ADDRESS).id))
    assert len(welcomes(app)) == 1


def test_where_leaving_by_mail_is_read_the_welcome_offers_it(open_house: Open) -> None:
    app = open_house(unsubscribe_mailbox="leave@example.org")
    join(app)
    assert (
        welcomes(app)[0]
        .envelope["headers"]["List-Unsubscribe"]
        .endswith(", <mailto:leave@example.org?subject=unsubscribe>")
    )


def test_what_may_be_chosen_after_confirming_are_the_topics_there_are_and_every_time_zone(app: App) -> None:
    publish(app)
    join(app)
    choices = first_choices(app, find_subscriber(app, ADDRESS))
    assert [topic.name for topic in choices.topics] == ["Databases", "Developer Tools", "Writing"]
    assert not any(topic.chosen for topic in choices.topics)
    assert (choices.only_topics, choices.zone, choices.own_zone) == (False, "", "Europe/Berlin")
    assert ("Europe/Berlin", "Berlin") in choices.zones["Europe"]
    app.store.subscribers.prefer(find_subscriber(app, ADDRESS).id, ["writing"], Frequency.TOPICS, "Asia/Tokyo")
    again = first_choices(app, find_subscriber(app, ADDRESS))
    assert [topic.slug for topic in again.topics if topic.chosen] == ["writing"]
    assert (again.only_topics, again.zone) == (True, "Asia/Tokyo")


def test_who_leaves_before_the_welcome_has_left_does_not_get_it_and_gets_one_after_coming_back(
    app: App, clock: Clock
) -> None:
    publish(app)
    join(app)
    leave(app)
    [mail] = welcomes(app)
    assert (mail.status, mail.html) == (DeliveryStatus.CANCELLED, "")
    clock.pass_by(hours=1)
    join(app)
    assert "latest issue" in welcomes(app)[-1].text
