"""Every table there is, out of one store and into another."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.store.store import Store
from newsletter.store.whole import LEFT_OUT
from tests.store.ledger import NOW


def names(store: Store) -> set[str]:
    """Every table of the schema but those that SQLite and search keep for themselves."""
    rows = store.database.query("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
    search = [row["name"] for row in rows if row["sql"].startswith("CREATE VIRTUAL")]
    return {
        row["name"]
        for row in rows
        if not row["name"].startswith("sqlite_") and not any(row["name"].startswith(one) for one in search)
    }


def test_every_table_is_carried_or_left_out_with_a_reason(store: Store) -> None:
    carried = {table.name for table in store.whole.tables()}
    assert carried | LEFT_OUT.keys() == names(store)
    assert carried.isdisjoint(LEFT_OUT)
    assert all(len(reason.split()) > 4 for reason in LEFT_OUT.values())


def test_nothing_that_is_carried_belongs_to_what_is_left_out(store: Store) -> None:
    for table in store.whole.tables():
        parents = store.database.query('SELECT "table" FROM pragma_foreign_key_list(?)', (table.name,))
        assert {row["table"] for row in parents}.isdisjoint(LEFT_OUT), table.name


def test_a_table_that_comes_later_is_carried_without_being_named(store: Store) -> None:
    connection = store.database.connection
    connection.execute(
        'CREATE TABLE "a later ""one""" (day TEXT, "order" REAL, PRIMARY KEY (day, "order")) WITHOUT ROWID'
    )
    connection.execute("CREATE TABLE later (name TEXT PRIMARY KEY, what BLOB)")
    tables = {table.name: table for table in store.whole.tables()}
    odd, later = tables['a later "one"'], tables["later"]
    with store.whole.filling():
        store.whole.fill(odd, ["order", "day"], [[2.5, "b"], [1, "a"]])
        store.whole.fill(later, ["what", "name"], [[b"\0\xff", "z"], [None, "a"]])
    assert list(store.whole.rows(odd)) == [("a", 1.0), ("b", 2.5)]
    assert list(store.whole.rows(later)) == [("z", b"\0\xff"), ("a", None)]  # as they came
    assert store.whole.filled() == {'a later "one"': 2, "later": 2}


def test_what_counts_and_searches_rests_while_a_store_is_filled_and_then_goes_on(store: Store) -> None:
    store.subscribers.add("lena@example.org", SubscriberStatus.ACTIVE, NOW)
    people = next(table for table in store.whole.tables() if table.name == "subscriber")
    with store.whole.snapshot():
        rows = list(store.whole.rows(people))
    with store.whole.filling():
        store.whole.fill(people, people.columns, rows)
    assert store.subscribers.counts()["active"] == 0  # its counts are rows of their own, and were not given
    store.subscribers.add("omar@example.org", SubscriberStatus.ACTIVE, NOW)
    assert store.subscribers.counts()["active"] == 1


def test_a_store_that_could_not_be_filled_is_as_it_was(store: Store, tmp_path: Path) -> None:
    store.subscribers.suppress("lena@example.org", SuppressionReason.COMPLAINT, NOW)
    tables = {table.name: table for table in store.whole.tables()}
    before = {name: list(store.whole.rows(table)) for name, table in tables.items()}

    def fill() -> None:
        with store.whole.filling():
            store.whole.fill(tables["leaving"], tables["leaving"].columns, [[1, 7, "", "other", ""]])

    with pytest.raises(ValueError, match="a row of leaving belongs to one of subscriber that is not there"):
        fill()
    assert {name: list(store.whole.rows(table)) for name, table in tables.items()} == before
    triggers = store.database.value("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'")
    other = Store(tmp_path / "other.db")
    assert triggers == other.database.value("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'")
    assert other.whole.filled() == {}
    other.close()
