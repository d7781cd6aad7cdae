"""A list is applied exactly as it was planned, whole or not at all, and twice is the same as once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import newsletter.store.arrivals
from newsletter.app.container import App
from newsletter.app.import_subscribers import (
    ImportReport,
    Wanted,
    import_subscribers,
    import_upload,
    read_file,
)
from newsletter.app.imported_files import in_words, recognise
from newsletter.app.leave import unsubscribe
from newsletter.app.subscribe import find_subscriber, subscribe
from newsletter.audience.arrivals import Arrival, BadRow, Standing
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.errors import ContentChangedError
from newsletter.store.arrivals import Arrivals, Kind, Rules
from tests.conftest import START, Clock
from tests.fakes.house import add_active

CONSENT = "Form on example.com, 2025"


def file_of(folder: Path, count: int, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_text("email\n" + "".join(f"reader{number}@example.org\n" for number in range(count)), encoding="utf-8")
    return path


def changed(report: ImportReport) -> dict[str, int]:
    return {kind: count for kind, count in report.counts.items() if count}


def test_what_was_shown_is_done_and_nothing_else(app: App) -> None:
    content = b"email\na@example.org\nb@example.org\nc@example.org\n"
    plan = import_upload(app, "people.csv", content, CONSENT, shown=None)
    add_active(app, "a@example.org")
    add_active(app, "b@example.org")
    with pytest.raises(ContentChangedError, match=r"2 rows that were new are unchanged by now\. Look at the new plan"):
        import_upload(app, "people.csv", content, CONSENT, shown=plan.mark)
    assert app.store.subscribers.counts()["active"] == 2
    again = import_upload(app, "people.csv", content, CONSENT, shown=None)
    done = import_upload(app, "people.csv", content, CONSENT, shown=again.mark)
    assert (changed(done), app.store.subscribers.counts()["active"]) == ({"new": 1, "unchanged": 2}, 3)


def test_several_changes_are_told_by_kind(app: App) -> None:
    content = b"email\na@example.org\nb@example.org\n"
    plan = import_upload(app, "people.csv", content, CONSENT, shown=None)
    add_active(app, "a@example.org")
    app.store.subscribers.suppress("b@example.org", SuppressionReason.COMPLAINT, app.now())
    with pytest.raises(ContentChangedError, match="2 fewer new, 1 more unchanged, 1 more suppressed"):
        import_upload(app, "people.csv", content, CONSENT, shown=plan.mark)


def test_rows_that_changed_places_are_a_change_too(app: App) -> None:
    content = b"email\na@example.org\nb@example.org\n"
    first = add_active(app, "a@example.org")
    plan = import_upload(app, "people.csv", content, CONSENT, shown=None)
    app.store.subscribers.change_address(first.id, "b@example.org")
    with pytest.raises(ContentChangedError, match="as many rows of each kind, but others"):
        import_upload(app, "people.csv", content, CONSENT, shown=plan.mark)


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("other.csv", b"email\na@example.org\n", Wanted(CONSENT)),
        ("people.csv", b"email\nb@example.org\n", Wanted(CONSENT)),
        ("people.csv", b"email\na@example.org\n", Wanted("something else")),
        ("people.csv", b"email\na@example.org\n", Wanted(CONSENT, reconfirm=True)),
        ("people.csv", b"email\na@example.org\n", Wanted(CONSENT, status=Standing.PENDING)),
    ],
)
def test_another_file_or_other_words_are_another_plan(app: App, name: str, content: bytes, wanted: Wanted) -> None:
    plan = import_upload(app, "people.csv", b"email\na@example.org\n", CONSENT, shown=None)
    with pytest.raises(ContentChangedError, match="another file, or something else was said"):
        import_upload(app, name, content, shown=plan.mark, wanted=wanted)
    with pytest.raises(ContentChangedError):
        import_upload(app, name, content, shown="", wanted=wanted)
    assert app.store.subscribers.counts()["active"] == 0


def test_a_file_that_was_applied_is_known_by_its_content_whatever_it_is_called(app: App, clock: Clock) -> None:
    content = b"email\na@example.org\n"
    plan = import_upload(app, "people.csv", content, CONSENT, shown=None)
    assert (plan.earlier, recognise(app, "subscribers", plan.sha256)) == (None, None)
    by_ada = Wanted(CONSENT, operator="ada@example.org", via="console")
    import_upload(app, "people.csv", content, shown=plan.mark, wanted=by_ada)
    clock.advance(days=1)
    again = import_upload(app, "renamed.csv", content, CONSENT, shown=None)
    assert again.earlier is not None
    assert (again.earlier.at, again.earlier.counts["new"]) == (START, 1)
    assert in_words(app, again.earlier) == (
        "This file was imported on 18 November 2026 at 12:00 by ada@example.org, as people.csv."
    )
    assert recognise(app, "comparisons", plan.sha256) is None


class BrokeOffError(Exception):
    """Somebody pulled the plug."""


def test_an_import_that_breaks_off_while_reading_leaves_nothing_and_can_be_done_again(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, 12_000)

    def torn(count: int) -> None:
        raise BrokeOffError

    with pytest.raises(BrokeOffError):
        import_subscribers(app, path, CONSENT, dry_run=False, progress=torn)
    assert app.store.subscribers.counts()["active"] == 0
    apply = Arrivals.apply

    def torn_late(self: Arrivals, rules: Rules) -> None:
        apply(self, rules)
        raise BrokeOffError

    monkeypatch.setattr(Arrivals, "apply", torn_late)
    with pytest.raises(BrokeOffError):
        import_subscribers(app, path, CONSENT, dry_run=False)
    monkeypatch.undo()
    assert app.store.subscribers.counts()["active"] == 0
    assert app.store.database.value("SELECT count(*) FROM consent") == 0
    assert changed(import_subscribers(app, path, CONSENT, dry_run=False)) == {"new": 12_000}


KILLED = dedent("""
    import os, signal, sys
    from pathlib import Path
    from newsletter.app.import_subscribers import import_subscribers
    from newsletter.bootstrap import build_app
    from newsletter.settings import Settings
    from newsletter.store import arrivals_sql, arrivals
    app = build_app(Settings(database=Path(sys.argv[1]), delivery={"outbox": {"folder": Path(sys.argv[1]).parent}}))
    change, seen = app.store.database.change, 0
    def dying(sql, parameters=()):
        global seen
        changed = change(sql, parameters)
        seen += 1
        if seen == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return changed
    app.store.database.change = dying
    import_subscribers(app, Path(sys.argv[2]), "Form", dry_run=False)
""")


@pytest.mark.parametrize("statement", [2, 4])
def test_a_process_killed_in_the_middle_of_applying_leaves_nothing_half_done(
    make_app: Callable[..., App], tmp_path: Path, statement: int
) -> None:
    path, app = file_of(tmp_path, 3_000), make_app()
    command = [sys.executable, "-c", KILLED, str(app.store.path), str(path), str(statement)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    counted = [app.store.database.value(f"SELECT count(*) FROM {table}") for table in ("subscriber", "consent")]
    assert counted == [0, 0]
    assert recognise(app, "subscribers", import_subscribers(app, path, CONSENT, dry_run=True).sha256) is None
    assert changed(import_subscribers(app, path, CONSENT, dry_run=False)) == {"new": 3_000}


def test_nobody_who_writes_waits_while_a_list_is_read(app: App, tmp_path: Path) -> None:
    path = file_of(tmp_path, 11_000)
    wrote: list[str] = []

    def somebody_subscribes() -> None:
        subscribe(app, f"visitor{len(wrote)}@example.org", source="form", ip=None)
        wrote.append("done")

    def meanwhile(count: int) -> None:
        other = threading.Thread(target=somebody_subscribes)
        other.start()
        other.join(10)

    report = import_subscribers(app, path, CONSENT, dry_run=False, progress=meanwhile)
    assert len(wrote) == 3
    assert changed(report) == {"new": 11_000}


def test_the_plan_is_made_anew_in_the_transaction_that_applies_it(app: App, tmp_path: Path) -> None:
    path = file_of(tmp_path, 10)
    with read_file(app, path, Wanted(CONSENT)) as read:
        assert changed(read.look()) == {"new": 10}
        person = add_active(app, "reader3@example.org")
        unsubscribe(app, app.signer.reader(0, person.id), source="page")
        assert changed(read.apply()) == {"new": 9, "unsubscribed": 1}
    assert find_subscriber(app, "reader3@example.org").status is SubscriberStatus.UNSUBSCRIBED


def test_what_is_done_beside_an_import_is_part_of_it(app: App) -> None:
    plan = import_upload(app, "people.csv", b"email\na@example.org\n", CONSENT, shown=None)

    def fails(report: ImportReport) -> None:
        raise BrokeOffError

    with pytest.raises(BrokeOffError):
        import_upload(app, "people.csv", b"email\na@example.org\n", CONSENT, shown=plan.mark, also=fails)
    assert app.store.subscribers.counts()["active"] == 0
    assert recognise(app, "subscribers", plan.sha256) is None


def test_only_the_first_twenty_of_a_kind_are_shown(app: App, tmp_path: Path) -> None:
    report = import_subscribers(app, file_of(tmp_path, 50), CONSENT, dry_run=True)
    assert [row.line for row in report.first["new"]] == list(range(2, 22))


def test_a_list_longer_than_all_there_are_makes_the_indexes_anew_and_leaves_them_as_they_were(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsletter.store.arrivals, "_MANY", 0)
    add_active(app, "reader1@example.org")
    schema = "SELECT name, sql FROM sqlite_master ORDER BY name"
    before = [tuple(row) for row in app.store.database.query(schema)]
    with read_file(app, file_of(tmp_path, 20), Wanted(CONSENT)) as read:
        done = read.look()
        with pytest.raises(BrokeOffError):
            read.apply(also=torn_after)
        assert [tuple(row) for row in app.store.database.query(schema)] == before
        assert read.apply(shown=done.mark).counts["new"] == 19
    assert [tuple(row) for row in app.store.database.query(schema)] == before
    assert app.store.database.value("PRAGMA integrity_check") == "ok"
    assert [one.email for one in app.store.subscribers.each(search="reader12")] == ["reader12@example.org"]


def torn_after(report: ImportReport) -> None:
    raise BrokeOffError


def test_of_a_long_list_only_a_few_thousand_rows_are_in_memory(app: App) -> None:
    alive, most = 0, 0

    class Watched(Arrival):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows() -> Iterator[Arrival]:
        nonlocal alive, most
        for line in range(30_000):
            alive += 1
            most = max(most, alive)
            yield Watched(line, f"reader{line}@example.org", Standing.ACTIVE)

    assert app.store.arrivals.lay(rows(), START, None).rows == 30_000
    assert most <= 2 * 5_000 + 1


# ------------------------------------------------------------------ any list whatever

NAMES = st.sampled_from([f"p{number}@example.org" for number in range(6)] + ["P1@Example.org"])
MOMENTS = st.none() | st.datetimes(min_value=START.replace(tzinfo=None, year=2020), timezones=st.just(START.tzinfo))  # type: ignore[arg-type]  # START has a zone
ARRIVALS = st.builds(
    Arrival,
    line=st.integers(1, 99),
    email=NAMES,
    standing=st.sampled_from(Standing),
    joined_at=MOMENTS,
    proof_at=MOMENTS,
    proof_ip=st.none() | st.just("192.0.2.1"),
    left_at=MOMENTS,
    topics=st.lists(st.sampled_from(["design", "data"]), unique=True).map(tuple),
    frequency=st.sampled_from(["", "weekly", "topics"]),
)
BAD = st.builds(BadRow, st.integers(1, 99), st.just(("x",)), st.just(""), st.just("bad"), st.just("mend"), st.just("k"))


def put(app: App, rows: list[Arrival | BadRow], rules: Rules, *, apply: bool) -> dict[Kind, int]:
    arrivals = app.store.arrivals
    arrivals.lay(rows, START, None)
    if not apply:
        return arrivals.plan(rules).counts
    with arrivals.transaction():
        counts = arrivals.plan(rules).counts
        arrivals.apply(rules)
    return counts


def written(app: App) -> list[str]:
    return list(app.store.database.connection.iterdump())


class UndoneError(Exception):
    """Back to where the example began."""


@pytest.fixture
def peopled(app: App) -> App:
    """A store with one of every kind of person in it."""
    add_active(app, "p0@example.org")
    subscribe(app, "p1@example.org", source="form", ip=None)
    unsubscribe(app, app.signer.reader(0, add_active(app, "p2@example.org").id), source="page")
    app.store.subscribers.suppress("p3@example.org", SuppressionReason.HARD_BOUNCE, START)
    return app


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ARRIVALS | BAD, max_size=12), vouched=st.booleans(), reconfirm=st.booleans(), ours=st.booleans())
def test_applying_any_list_is_as_planned_and_twice_is_nothing_new(
    peopled: App, rows: list[Arrival | BadRow], vouched: bool, reconfirm: bool, ours: bool
) -> None:
    rules = Rules("list.csv", START, START, CONSENT if vouched else "", reconfirm, ours)
    with suppress(UndoneError), peopled.store.transaction():
        before = written(peopled)
        planned = put(peopled, rows, rules, apply=False)
        assert written(peopled) == before
        assert sum(planned.values()) == len(rows)
        assert planned[Kind.REJECTED] == sum(isinstance(row, BadRow) for row in rows)
        assert put(peopled, rows, rules, apply=True) == planned
        after = written(peopled)
        again = put(peopled, rows, rules, apply=True)
        assert written(peopled) == after
        assert [again[kind] for kind in (Kind.NEW, Kind.CHANGED, Kind.FLAGGED, Kind.SUPPRESSING)] == [0, 0, 0, 0]
        people = [row for row in rows if isinstance(row, Arrival)]
        active = {person.email or "" for person in peopled.store.subscribers.each("active")}
        mailed = {address.lower() for address in active if not peopled.store.subscribers.suppression(address)}
        gone = {row.email.lower() for row in people if row.standing not in (Standing.ACTIVE, Standing.PENDING)}
        assert not mailed & (gone | {"p2@example.org", "p3@example.org"})
        agreed = vouched and not reconfirm
        proven = [row for row in people if row.standing is Standing.ACTIVE and (agreed or row.proof_at)]
        assert mailed <= {row.email.lower() for row in proven} | {"p0@example.org"}
        assert all(person.created_at <= START for person in peopled.store.subscribers.each())
        raise UndoneError
