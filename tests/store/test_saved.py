"""Saved tools."""

from __future__ import annotations

from newsletter.audience.subscriber import SubscriberStatus
from newsletter.store.store import Store
from tests.store.ledger import NOW, later


def readers(store: Store, count: int = 2) -> list[int]:
    return [store.subscribers.add(f"r{n}@example.net", SubscriberStatus.ACTIVE, NOW) for n in range(count)]


def test_a_list_is_newest_first_and_its_readers_own(store: Store) -> None:
    one, other = readers(store)
    store.saved.put(one, ["kestrel"], NOW, at_most=9)
    store.saved.put(one, ["plumbline"], later(hours=1), at_most=9)
    store.saved.put(other, ["quillon"], NOW, at_most=9)
    assert list(store.saved.of_reader(one).items()) == [("plumbline", later(hours=1)), ("kestrel", NOW)]
    assert list(store.saved.of_reader(other)) == ["quillon"]
    assert store.saved.of_reader(99) == {}


def test_what_is_saved_once_more_keeps_its_moment_and_counts_for_nothing(store: Store) -> None:
    (reader,) = readers(store, 1)
    assert store.saved.put(reader, ["kestrel", "kestrel"], NOW, at_most=9) == 1
    assert store.saved.put(reader, ["kestrel", "plumbline"], later(hours=1), at_most=9) == 1
    assert store.saved.of_reader(reader)["kestrel"] == NOW


def test_a_list_takes_so_many_and_the_first_named_come_first(store: Store) -> None:
    (reader,) = readers(store, 1)
    assert store.saved.put(reader, ["c", "b", "a"], NOW, at_most=2) == 2
    assert set(store.saved.of_reader(reader)) == {"c", "b"}
    assert store.saved.put(reader, ["a"], NOW, at_most=2) == 0
    store.saved.remove(reader, "c")
    assert store.saved.put(reader, ["a"], NOW, at_most=2) == 1


def test_removing_tells_whether_it_was_there(store: Store) -> None:
    one, other = readers(store)
    store.saved.put(one, ["kestrel"], NOW, at_most=9)
    assert store.saved.remove(other, "kestrel") is False
    assert store.saved.remove(one, "kestrel") is True
    assert store.saved.remove(one, "kestrel") is False


def test_a_forgotten_reader_leaves_no_list_and_others_keep_theirs(store: Store) -> None:
    one, other = readers(store)
    for reader in (one, other):
        store.saved.put(reader, ["kestrel", "plumbline"], NOW, at_most=9)
    store.saved.forget_reader(one)
    assert store.saved.of_reader(one) == {}
    assert set(store.saved.of_reader(other)) == {"kestrel", "plumbline"}
