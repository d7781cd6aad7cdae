"""Subscribers in pages, and how many there are of each status."""

from __future__ import annotations

from datetime import UTC, datetime

from newsletter.audience.subscriber import SubscriberStatus
from newsletter.store.store import Store

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


def test_the_kept_counts_are_those_of_the_rows_through_every_change(store: Store) -> None:
    people, database = store.subscribers, store.database

    def counted() -> dict[str, int]:
        rows = database.query("SELECT status, count(*) AS n FROM subscriber GROUP BY status")
        return dict.fromkeys(map(str, SubscriberStatus), 0) | {row["status"]: row["n"] for row in rows}

    ids = [people.add(f"{n}@example.org", SubscriberStatus.PENDING, NOW) for n in range(4)]
    for act in (
        lambda: people.activate(ids[0], NOW, SubscriberStatus.PENDING),
        lambda: people.activate(ids[0], NOW, SubscriberStatus.PENDING),
        lambda: people.unsubscribe(ids[0], NOW),
        lambda: people.ask_again(ids[0]),
        lambda: people.erase(ids[1]),
        lambda: database.change("UPDATE subscriber SET status = 'active' WHERE id > 2"),
        lambda: database.change("DELETE FROM subscriber WHERE id = 4"),
    ):
        act()
        assert people.counts() == counted()
    assert people.counts() == {"pending": 1, "active": 1, "unsubscribed": 0, "erased": 1}


def test_topics_are_those_that_somebody_chose(store: Store) -> None:
    for number, topics in enumerate((["b", "a"], ["c", "a"], [])):
        person = store.subscribers.add(f"{number}@example.org", SubscriberStatus.ACTIVE, NOW)
        store.database.change_many("INSERT INTO subscriber_topic VALUES (?, ?)", [(person, topic) for topic in topics])
    assert store.people.topics() == ["a", "b", "c"]


def test_who_is_erased_is_in_the_list_and_not_in_what_goes_out(store: Store) -> None:
    person = store.subscribers.add("lena@example.org", SubscriberStatus.ACTIVE, NOW)
    store.subscribers.erase(person)
    assert [one.subscriber.id for one in store.people.page(limit=9)] == [person]
    assert store.people.page(search="lena", limit=9) == []
    assert store.people.after(0, 9) == []
