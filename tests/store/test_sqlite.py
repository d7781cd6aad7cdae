"""Transactions, connections, migrations, and what trouble is called."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from newsletter.errors import StoreError
from newsletter.store import sqlite as module
from newsletter.store.sqlite import Sqlite
from newsletter.store.store import Store

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    made = Sqlite(tmp_path / "plain.db")
    made.change("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
    return made


def failing(database: Sqlite, *added: str, inner: str = "", error: type[Exception] = KeyError) -> None:
    """A transaction that adds things and then fails; `inner` in a transaction of its own that does not."""
    with database.transaction():
        for name in added:
            database.insert("INSERT INTO thing (name) VALUES (?)", (name,))
        if inner:
            with database.transaction():
                database.insert("INSERT INTO thing (name) VALUES (?)", (inner,))
        raise error


def names(database: Sqlite) -> list[str]:
    return [row["name"] for row in database.query("SELECT name FROM thing ORDER BY id")]


def test_a_connection_is_durable_checks_references_and_waits(database: Sqlite) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [database.value(f"PRAGMA {pragma}") for pragma in pragmas] == ["wal", 2, 1, 30_000]
    assert database.connection.isolation_level is None


def test_writing_tells_what_it_did(database: Sqlite) -> None:
    assert database.insert("INSERT INTO thing (name) VALUES (?)", ("one",)) == 1
    assert database.insert("INSERT INTO thing (name) VALUES (:name)", {"name": "two"}) == 2
    assert database.change("UPDATE thing SET name = name || '!'") == 2
    assert database.change_many("INSERT INTO thing (name) VALUES (?)", [("three",), ("four",)]) == 2
    assert names(database) == ["one!", "two!", "three", "four"]
    assert database.value("SELECT name FROM thing WHERE id = 99") is None
    assert database.one("SELECT name FROM thing WHERE id = 99") is None
    assert [row["id"] for row in database.each("SELECT id FROM thing ORDER BY id")] == [1, 2, 3, 4]


def test_a_transaction_that_fails_leaves_nothing(database: Sqlite) -> None:
    with pytest.raises(KeyError):
        failing(database, "one")
    assert names(database) == []
    assert not database.connection.in_transaction


def test_an_inner_transaction_may_fail_alone_at_any_depth(database: Sqlite) -> None:
    with database.transaction():
        database.insert("INSERT INTO thing (name) VALUES ('outer')")
        with database.transaction():
            database.insert("INSERT INTO thing (name) VALUES ('middle')")
            with pytest.raises(KeyError):
                failing(database, "inner", inner="deeper")
            with database.transaction():
                database.insert("INSERT INTO thing (name) VALUES ('innermost')")
        with pytest.raises(LookupError):
            failing(database, "sibling", error=LookupError)
    assert names(database) == ["outer", "middle", "innermost"]


def test_an_outer_transaction_that_fails_takes_the_inner_ones_with_it(database: Sqlite) -> None:
    with pytest.raises(KeyError):
        failing(database, inner="inner")
    assert names(database) == []


def test_a_constraint_that_breaks_in_a_transaction_may_be_caught_in_it(database: Sqlite) -> None:
    with database.transaction():
        database.insert("INSERT INTO thing (name) VALUES ('one')")
        with pytest.raises(sqlite3.IntegrityError):
            database.insert("INSERT INTO thing (name) VALUES ('one')")
        database.insert("INSERT INTO thing (name) VALUES ('two')")
    assert names(database) == ["one", "two"]


def test_a_commit_that_is_refused_leaves_no_transaction_open(database: Sqlite) -> None:
    database.change("CREATE TABLE part (of INTEGER REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError):
        database.change("INSERT INTO part VALUES (99)")  # checked at COMMIT only
    assert not database.connection.in_transaction
    assert database.value("SELECT count(*) FROM part") == 0


def test_threads_have_connections_of_their_own_and_write_one_after_the_other(database: Sqlite) -> None:
    connections: list[sqlite3.Connection] = []

    def add(number: int) -> None:
        connections.append(database.connection)
        for place in range(20):
            with database.transaction():
                count = database.value("SELECT count(*) FROM thing")
                database.insert("INSERT INTO thing VALUES (?, ?)", (count + 1, f"{number}/{place}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, connections))) == 4
    assert len(names(database)) == 80
    database.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("SELECT 1")


def test_a_disk_that_is_full_is_reported_and_nothing_is_half_written(database: Sqlite) -> None:
    database.insert("INSERT INTO thing (name) VALUES ('before')")
    pages = database.value("PRAGMA page_count")
    database.value(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        with database.transaction():
            database.insert("INSERT INTO thing (name) VALUES ('small')")
            with database.transaction():
                database.insert("INSERT INTO thing (name) VALUES (?)", ("x" * 100_000,))

    with pytest.raises(StoreError, match="the disk is full; nothing was half written") as caught:
        fill()
    assert str(database.path) in caught.value.what
    assert caught.value.next_step == "Free some space, then go on."
    assert not caught.value.permanent
    assert names(database) == ["before"]
    database.value("PRAGMA max_page_count = 10000")
    database.insert("INSERT INTO thing (name) VALUES (?)", ("x" * 100_000,))
    assert len(names(database)) == 2


def test_a_database_that_another_process_keeps_busy_is_reported(database: Sqlite) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database.connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(StoreError, match="another process keeps the database busy"):
        database.insert("INSERT INTO thing (name) VALUES ('x')")
    other.execute("ROLLBACK")
    other.close()
    database.insert("INSERT INTO thing (name) VALUES ('x')")


def test_a_file_that_another_process_is_just_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(module, "_BUSY_MS", 0)
    with pytest.raises(StoreError, match="another process keeps the database busy"):
        Sqlite(tmp_path / "new.db").query("SELECT 1")
    monkeypatch.setattr(module, "_BUSY_MS", 20)
    monkeypatch.setattr(module.time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: other.execute("ROLLBACK"))
    database = Sqlite(tmp_path / "new.db")
    assert database.value("PRAGMA journal_mode") == "wal"
    database.close()
    other.close()


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all, but a letter" * 40)
    with pytest.raises(StoreError, match="this file is no database"):
        Sqlite(tmp_path / "x.db").query("SELECT 1")


def test_a_file_that_cannot_be_opened_or_written_is_reported(tmp_path: Path, database: Sqlite) -> None:
    with pytest.raises(StoreError, match="the file cannot be opened"):
        Sqlite(tmp_path / "missing" / "x.db").query("SELECT 1")
    database.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="the database is read-only"):
        database.insert("INSERT INTO thing (name) VALUES ('x')")


def test_any_other_trouble_keeps_its_own_name(database: Sqlite) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.query("SELECT * FROM nowhere")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        list(database.each("SELECT * FROM nowhere"))


def _open(path: str, ready: Barrier, results: Queue[tuple[str, bytes]]) -> None:
    ready.wait()
    store = Store(Path(path))
    results.put((store.meta.instance, store.meta.signing_key))
    store.close()


def test_three_processes_that_make_the_same_database_at_once_make_one(tmp_path: Path) -> None:
    ready, results = SPAWN.Barrier(3), SPAWN.Queue()
    processes = [SPAWN.Process(target=_open, args=(str(tmp_path / "s.db"), ready, results)) for _ in range(3)]
    for process in processes:
        process.start()
    found = {results.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(found) == 1, "they share one instance and one key"
    database = Sqlite(tmp_path / "s.db")
    assert database.value("SELECT count(*) FROM _sqlite_migrations") == len(
        {row[0] for row in database.query("SELECT name FROM _sqlite_migrations")}
    )
    database.close()


def test_opening_again_changes_nothing(store: Store) -> None:
    before = store.database.query("SELECT * FROM meta ORDER BY key")
    again = Store(store.path)
    assert list(map(tuple, again.database.query("SELECT * FROM meta ORDER BY key"))) == list(map(tuple, before))
    again.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(store: Store) -> None:
    store.database.change(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('newsletter', '9999_later', '')"
    )
    with pytest.raises(StoreError, match=r"written by a newer version of this program \(9999_later\)") as caught:
        Store(store.path)
    assert caught.value.permanent
    assert caught.value.next_step == "Update the program."


def test_a_backup_is_whole_while_others_write(store: Store, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with store.transaction():
                store.meta.put("left", str(number))
                store.meta.put("right", str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            target = tmp_path / f"copy{number}.db"
            store.backup(target)
            copy = Store(target)
            assert copy.meta.instance == store.meta.instance
            assert copy.meta.get("left") == copy.meta.get("right")
            assert copy.database.value("PRAGMA integrity_check") == "ok"
            copy.close()
    finally:
        stop.set()
        writer.join()


def test_every_query_of_the_ledger_uses_an_index(store: Store) -> None:
    tables = {row["name"] for row in store.database.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"issue", "delivery", "batch", "subscriber", "suppression", "event", "message", "pace"} <= tables
    for sql in (
        "SELECT * FROM batch WHERE issue_id = 1 AND status = 'waiting' AND not_before <= 1 ORDER BY number LIMIT 1",
        "SELECT status FROM delivery WHERE issue_id = 1 AND subscriber_id = 1",
        "SELECT * FROM subscriber WHERE address_hash = x'00'",
        "SELECT id FROM event WHERE status = 'pending' AND id > 5 ORDER BY id LIMIT 5",
    ):
        plan = " ".join(row["detail"] for row in store.database.query(f"EXPLAIN QUERY PLAN {sql}"))
        assert "SEARCH" in plan, (sql, plan)
        assert "SCAN" not in plan, (sql, plan)
