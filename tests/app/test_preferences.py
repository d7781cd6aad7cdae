"""What a reader chooses is kept, told apart from what nobody offers, recorded, and decides who gets an issue."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.leave import pause, unsubscribe
from newsletter.app.preferences import Tried, local_day, masked, prefer, preferences_of
from newsletter.app.send_issue import freeze_issue
from newsletter.app.subscribe import add_subscriber
from newsletter.app.your_data import your_data
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus
from newsletter.audience.zones import is_zone, zones_by_region
from newsletter.comparisons.model import Verdict
from newsletter.errors import InputError, TransitionError
from tests.app.scripted import comparison
from tests.conftest import Clock


@pytest.fixture
def reader(app: App) -> Subscriber:
    for name, category in (("alder", "Developer Tools"), ("birch", "Developer Tools"), ("cedar", "Design")):
        app.store.comparisons.add(comparison(name, category=category), app.now(), archived=False)
    return add_subscriber(app, "reader@example.org", evidence="a card")[0]


def again(app: App, reader: Subscriber) -> Subscriber:
    found = app.store.subscribers.by_id(reader.id)
    assert found is not None
    return found


def test_choices_are_kept_and_recorded_in_words(app: App, reader: Subscriber) -> None:
    assert prefer(app, reader, topics=["design"], frequency="topics", zone="Europe/Berlin")
    kept = again(app, reader)
    assert (kept.frequency, kept.zone, app.store.subscribers.topics(reader.id)) == (
        Frequency.TOPICS,
        "Europe/Berlin",
        frozenset({"design"}),
    )
    last = app.store.subscribers.consents(reader.id)[-1]
    assert (last.kind, last.source) == (ConsentKind.PREFERENCES, "preferences page")
    assert last.text == "Topics: Design. Only issues with something of these topics. Time zone: Europe/Berlin."


def test_saving_what_is_kept_already_is_no_news(app: App, reader: Subscriber) -> None:
    assert not prefer(app, reader, topics=[], frequency="weekly", zone="")
    assert prefer(app, reader, topics=["design"])
    assert not prefer(app, again(app, reader), topics=["design"])
    kinds = [consent.kind for consent in app.store.subscribers.consents(reader.id)]
    assert kinds.count(ConsentKind.PREFERENCES) == 1


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"topics": ["cooking"]}, "There is no topic 'cooking' here"),
        ({"topics": ["design"], "frequency": "daily"}, "Issues come every week"),
        ({"topics": [], "frequency": "topics"}, "no issue would ever come"),
        ({"topics": ["design"], "zone": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'"),
        ({"topics": ["design"], "zone": "localtime"}, "There is no time zone"),
    ],
)
def test_what_is_not_offered_is_refused_and_nothing_changes(
    app: App, reader: Subscriber, choice: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        prefer(app, reader, **choice)
    assert again(app, reader) == reader
    assert app.store.subscribers.topics(reader.id) == frozenset()


def test_who_gets_no_issues_has_nothing_to_choose(app: App, reader: Subscriber) -> None:
    gone = unsubscribe(app, app.signer.reader(0, reader.id), source="page")
    with pytest.raises(TransitionError):
        prefer(app, gone, topics=["design"])


def test_topics_are_the_largest_first_and_one_that_is_gone_stays_a_choice(app: App, reader: Subscriber) -> None:
    app.store.subscribers.prefer(reader.id, ["design", "old-robots"], Frequency.WEEKLY, "")
    shown = [(topic.name, topic.count, topic.chosen) for topic in preferences_of(app, reader).topics]
    assert shown == [("Developer Tools", 2, False), ("Design", 1, True), ("Old robots", 0, True)]
    assert prefer(app, reader, topics=["old-robots"])


def test_the_page_shows_votes_by_name_and_no_whole_address(app: App, reader: Subscriber) -> None:
    app.store.votes.put(reader.id, "rival", Verdict.SKIP, app.now(), None)
    app.store.votes.put(reader.id, "alder", Verdict.SHIP, app.now(), None)
    app.store.saved.put(reader.id, ["birch"], app.now(), at_most=9)
    page = preferences_of(app, reader)
    assert [(vote.name, vote.choice) for vote in page.votes] == [("Alder", "ship"), ("Rival", "skip")]
    assert (page.saved, page.address) == (1, "r…@example.org")
    assert "reader@example.org" not in repr(page)


def test_what_was_refused_is_shown_again_as_far_as_it_is_offered(app: App, reader: Subscriber) -> None:
    page = preferences_of(app, reader, Tried(frozenset({"design", "cooking"}), "topics", "Mars/Olympus"))
    assert [topic.slug for topic in page.topics if topic.chosen] == ["design"]
    assert (page.frequency, page.zone) == (Frequency.TOPICS, "")


def test_an_issue_without_their_topics_does_not_go_to_those_who_want_only_these(app: App, reader: Subscriber) -> None:
    other, _ = add_subscriber(app, "other@example.org", evidence="a card")
    app.store.comparisons.add(comparison("elm", category="Cooking"), app.now(), archived=True)
    prefer(app, reader, topics=["cooking"], frequency="topics")
    prefer(app, other, topics=["design"], frequency="topics")
    issue = draft_issue(app).issue
    assert issue is not None
    approve_issue(app, issue.key)
    frozen = freeze_issue(app, issue.key)
    assert frozen.counts.frozen == 1
    assert app.store.deliveries.status(frozen.id, other.id) is not None


def test_dates_are_those_of_the_readers_own_zone(app: App, reader: Subscriber, clock: Clock) -> None:
    clock.advance(hours=11)  # 23:00 UTC
    assert local_day(app, reader, clock()) == date(2026, 11, 18)
    prefer(app, reader, topics=[], zone="Asia/Tokyo")
    assert local_day(app, again(app, reader), clock()) == date(2026, 11, 19)
    paused = pause(app, app.signer.reader(0, reader.id), 4)
    assert preferences_of(app, paused).paused_until == "17 December 2026"


def test_zones_are_places_and_every_one_is_known() -> None:
    regions = zones_by_region()
    names = [name for zones in regions.values() for name, _ in zones]
    assert all(map(is_zone, names))
    assert ("Europe/Berlin", "Berlin") in regions["Europe"]
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires") in regions["America"]
    assert is_zone("US/Eastern")
    assert "US" not in regions
    assert not is_zone("Factory")


@pytest.mark.parametrize(
    ("address", "shown"), [("reader@example.org", "r…@example.org"), ("a@b.example", "a…@b.example"), ("", "")]
)
def test_a_masked_address_keeps_one_letter(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_the_export_tells_everything_that_is_stored_of_a_person(app: App, reader: Subscriber, clock: Clock) -> None:
    prefer(app, reader, topics=["design"], zone="Europe/Berlin")
    app.store.votes.put(reader.id, "alder", Verdict.SHIP, app.now(), None)
    app.store.saved.put(reader.id, ["birch"], app.now(), at_most=9)
    app.store.subscribers.ask_change(reader.id, "new@example.org", app.now())
    document = your_data(app, again(app, reader))
    at = "2026-11-18T12:00:00+00:00"
    assert document["address"] == "reader@example.org"
    assert (document["status"], document["confirmed_at"]) == (str(SubscriberStatus.ACTIVE), at)
    assert document["preferences"] == {"topics": ["design"], "frequency": "weekly", "time_zone": "Europe/Berlin"}
    assert document["votes"] == [{"tool": "alder", "choice": "ship"}]
    assert document["saved"] == [{"tool": "birch", "at": at}]
    assert document["new_address"] == {"address": "new@example.org", "asked_at": at}
    assert [entry["kind"] for entry in document["record"]] == ["imported", "preferences"]
    assert document["record"][0]["text"] == "a card"
