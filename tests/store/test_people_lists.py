"""Subscribers in pages, and how many there are of each status."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.audience.subscriber import SubscriberStatus
from newsletter.store import people_lists
from newsletter.store.people_lists import Leaf
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
    assert [one.subscriber.id for one in store.people.page(limit=9).people] == [person]
    assert store.people.page(search="lena", limit=9) == Leaf([], 0, cut=False)
    assert store.exports.leavers(0, 9) == ([], 0)


def test_a_search_among_very_many_goes_on_where_it_ended_and_leaves_nobody_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_lists, "_LOOKED", 10)
    addresses = [f"{number:02}{'lena' if number % 9 == 5 else 'omar'}@example.org" for number in range(40)]
    ids = {one: store.subscribers.add(one, SubscriberStatus.ACTIVE, NOW) for one in addresses}

    def every(search: str, limit: int) -> tuple[list[str | None], list[bool]]:
        found, cuts, after = [], [], 0
        while True:
            leaf = store.people.page(search=search, after=after, limit=limit)
            assert len(leaf.people) <= limit
            found += [one.subscriber.email for one in leaf.people]
            cuts.append(leaf.cut)
            if not leaf.after:
                return found, cuts
            after = leaf.after

    for limit in (1, 2, 50):
        assert every("LENA", limit)[0] == [one for one in addresses if "lena" in one]
        assert every("omar", limit)[0] == [one for one in addresses if "omar" in one]
    assert every("nobody", 50) == ([], [True, True, True, False])
    assert every("lena", 1)[1].count(True) < len(every("lena", 1)[1])
    assert not store.people.page(search="0", begins=True, limit=50).cut

    first = store.people.page(search="lena", limit=50)
    store.subscribers.erase(first.after)
    rest = store.people.page(search="lena", after=first.after, limit=50)
    assert [one.subscriber.id for one in rest.people] == [ids["05lena@example.org"]], "from the first once more"


def test_the_kept_counts_of_reports_and_mails_are_those_of_the_rows(store: Store) -> None:
    database, events, mails = store.database, store.events, store.messages

    def counted(table: str) -> dict[str, int]:
        rows = database.query(f"SELECT status, count(*) AS n FROM {table} GROUP BY status")
        return {row["status"]: row["n"] for row in rows}

    for number in range(4):
        events.add("resend", f"report {number % 3}", b"{}", NOW)  # one comes twice
        database.change(
            "INSERT INTO message (key, kind, address, envelope, html, text, created_at, status)"
            " VALUES (?, 'welcome', '', '{}', '', '', '', 'waiting')",
            (f"welcome/{number}",),
        )
    first, second, _ = events.pending(9)
    for act in (
        lambda: events.done(first, "applied"),
        lambda: events.done(first, "applied"),
        lambda: events.done(second, "unreadable", "no JSON"),
        lambda: database.change("UPDATE message SET status = 'accepted' WHERE id < 3"),
        lambda: database.change("DELETE FROM message WHERE id = 2"),
        lambda: database.change("DELETE FROM event WHERE status = 'pending'"),
    ):
        act()
        assert events.counts() == counted("event")
        assert mails.counts() == counted("message")
    assert events.counts() == {"applied": 1, "unreadable": 1}
    assert mails.counts() == {"accepted": 1, "waiting": 2}
