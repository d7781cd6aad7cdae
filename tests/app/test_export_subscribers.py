"""Subscribers as files: ours comes back equal, others' subscribe nobody who left."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.app import export_subscribers as exporting
from newsletter.app.container import App
from newsletter.app.export_subscribers import Form, export_objects, export_subscribers, export_to_file
from newsletter.app.import_subscribers import Wanted, import_subscribers
from newsletter.app.leave import erase_subscriber
from newsletter.app.on_request import pause_on_request, unsubscribe_on_request
from newsletter.app.subscribe import confirm, find_subscriber, subscribe
from newsletter.app.suppressions import add_suppression
from newsletter.audience.subscriber import Frequency, SubscriberStatus, SuppressionReason
from newsletter.audience.takeaway import Leaver, Part, Product
from newsletter.errors import InputError
from tests.fakes.house import Clock, add_active, build_house
from tests.fakes.life import DEEDS, live

ADA, BOB, EVE, LEFT, BOUNCED = (f"{name}@example.org" for name in ("=ada", "bob", "eve", "-left", "bounced"))
OTHERS = (Product.LISTMONK, Product.GHOST, Product.BUTTONDOWN)
Life = list[tuple[Callable[[App, int], None], int]]


@pytest.fixture
def app(tmp_path: Path) -> App:
    return build_house(tmp_path, Clock())


@pytest.fixture
def people(app: App) -> App:
    """Ada reads and chose topics, Bob pauses, Eve has not confirmed; one left, one bounced, one was erased."""
    subscribe(app, ADA, source="form", ip="198.51.100.7")
    confirm(app, app.signer.confirmation(find_subscriber(app, ADA).id), ip="198.51.100.8")
    app.store.subscribers.prefer(find_subscriber(app, ADA).id, ["b-c", "a"], Frequency.TOPICS, "Europe/Paris")
    pause_on_request(app, add_active(app, BOB), 4)
    subscribe(app, EVE, source="form", ip=None)
    unsubscribe_on_request(app, add_active(app, LEFT))
    add_active(app, BOUNCED)
    app.store.subscribers.suppress(BOUNCED, SuppressionReason.HARD_BOUNCE, app.now())
    add_active(app, "erased@example.org")
    erase_subscriber(app, "erased@example.org")
    add_suppression(app, "stranger@example.org", "asked by telephone")
    return app


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def written(app: App, product: Product, part: Part = Part.SUBSCRIBED) -> list[dict[str, str]]:
    return rows("".join(export_subscribers(app, product, part)))


def test_our_list_says_all_that_our_import_reads(people: App) -> None:
    assert Leaver._fields[:5] == ("email", "status", "created_at", "confirmed_at", "unsubscribed_at")
    ada, bob, eve, left, bounced = written(people, Product.OURS)
    now = people.now().isoformat()
    assert ada == {
        "email": f"'{ADA}",
        "status": "active",
        "created_at": now,
        "confirmed_at": now,
        "unsubscribed_at": "",
        "suppression": "",
        "proof_at": now,
        "proof_ip": "198.51.100.8",
        "topics": "a b-c",
        "frequency": "topics",
        "zone": "Europe/Paris",
        "paused_until": "",
    }
    assert bob["paused_until"].startswith("2026-12-17T08:00")
    assert (eve["status"], eve["proof_at"]) == ("pending", "")
    assert (left["email"], left["status"], left["unsubscribed_at"]) == (f"'{LEFT}", "unsubscribed", now)
    assert (bounced["status"], bounced["suppression"]) == ("active", "hard_bounce")


def test_lines_of_json_say_the_same_as_the_table(people: App) -> None:
    lines = [json.loads(line) for line in "".join(export_subscribers(people, form="ndjson")).splitlines()]
    assert lines == list(export_objects(people))
    assert (lines[0]["email"], lines[0]["topics"], lines[0]["paused_until"]) == (ADA, ["a", "b-c"], None)
    for line, row in zip(lines, written(people, Product.OURS), strict=True):
        assert list(line) == list(row)


def test_for_listmonk_who_left_stands_in_the_list_for_its_blocklist(people: App) -> None:
    ada, bob = written(people, Product.LISTMONK)
    assert (ada["email"], ada["name"], ada["status"]) == (ADA, "", "enabled")  # it would take a quote for the address
    assert json.loads(ada["attributes"])["topics"] == ["a", "b-c"]
    assert "paused_until" in json.loads(bob["attributes"])
    gone = written(people, Product.LISTMONK, Part.UNSUBSCRIBED)
    assert [(one["email"], one["status"]) for one in gone] == [(LEFT, "blocklisted"), (BOUNCED, "blocklisted")]


def test_ghost_takes_a_status_and_gets_one_list(people: App) -> None:
    assert [list(one.values()) for one in written(people, Product.GHOST)] == [
        [ADA, "true", "a, b-c", "2026-11-19T08:00:00.000Z"],
        [BOB, "true", "", "2026-11-19T08:00:00.000Z"],
        [LEFT, "false", "", "2026-11-19T08:00:00.000Z"],
        [BOUNCED, "false", "", "2026-11-19T08:00:00.000Z"],
    ]
    with pytest.raises(InputError, match="stand in the same file"):
        export_subscribers(people, Product.GHOST, Part.UNSUBSCRIBED)


def test_buttondown_gets_those_who_are_subscribed_alone(people: App) -> None:
    assert [(one["email_address"], one["type"]) for one in written(people, Product.BUTTONDOWN)] == [
        (ADA, "regular"),
        (BOB, "regular"),
    ]
    assert {one["type"] for one in written(people, Product.BUTTONDOWN, Part.UNSUBSCRIBED)} == {"unsubscribed"}


@pytest.mark.parametrize("product", OTHERS)
def test_lines_of_json_are_ours_alone(people: App, product: Product) -> None:
    with pytest.raises(InputError, match="imports CSV alone"):
        export_subscribers(people, product, form="ndjson")


def test_two_files_are_written_or_none_and_who_is_in_neither_is_counted(people: App, tmp_path: Path) -> None:
    file, beside = tmp_path / "readers.csv", tmp_path / "readers.unsubscribed.csv"
    seen: list[tuple[int, int]] = []
    done = export_to_file(people, file, Product.LISTMONK, progress=lambda done, total: seen.append((done, total)))
    assert (done.file, done.unsubscribed_file) == (file, beside)
    assert (done.subscribers, done.unsubscribed, done.pending, done.without_address) == (2, 2, 1, 2)
    assert seen == [(5, 5)]
    assert len(rows(file.read_text("utf-8"))) == len(rows(beside.read_text("utf-8"))) == 2
    file.write_text("earlier")
    beside.unlink()

    def fails() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export_to_file(people, file, Product.LISTMONK, also=fails)
    assert (file.read_text(), beside.exists()) == ("earlier", False)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".readers")]


def test_a_list_of_many_is_read_in_pieces(people: App, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "".join(export_subscribers(people))
    monkeypatch.setattr(exporting, "_AT_ONCE", 2)
    pieces = list(export_subscribers(people))
    assert ("".join(pieces), len(pieces)) == (whole, 4)


def known(app: App) -> dict[str, Any]:
    """Address → all that our list says, by the store. Who is pending has no proof there; nobody suppressed is here."""
    found = {}
    for person in app.store.subscribers.each():
        if person.email and not app.store.subscribers.suppression(person.email):
            pending = person.status is SubscriberStatus.PENDING
            topics = app.store.subscribers.topics(person.id)
            moments = (person.created_at, None if pending else person.confirmed_at, person.unsubscribed_at)
            often = person.frequency if topics else Frequency.WEEKLY
            found[person.email] = (person.status, *moments, topics, often, person.zone, person.paused_until)
    return found


def reasons(app: App) -> dict[str, str]:
    """Address → why it is suppressed, of those that a subscriber has."""
    people = (person.email for person in app.store.subscribers.each() if person.email)
    return {address: str(reason) for address in people if (reason := app.store.subscribers.suppression(address))}


lives = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 60)), min_size=3, max_size=14)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives, st.sampled_from(["csv", "ndjson"]))
def test_our_list_comes_back_equal(life: Life, form: Form) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Clock()
        (folder / "new").mkdir()
        app, other = build_house(folder, clock), build_house(folder / "new", clock)
        live(app, clock, life)
        file = folder / f"list.{form}"
        done = export_to_file(app, file, form=form)
        if done.subscribers:
            report = import_subscribers(other, file, dry_run=False)
            assert report.counts["rejected"] == 0, report.rejects
        assert known(other) == known(app)
        for address, reason in reasons(app).items():
            assert other.store.subscribers.suppression(address) == reason, address
        app.close()
        other.close()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives, st.sampled_from(OTHERS))
def test_a_list_for_others_never_makes_a_reader_of_who_is_none(life: Life, product: Product) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Clock()
        (folder / "new").mkdir()
        app, other = build_house(folder, clock), build_house(folder / "new", clock)
        live(app, clock, life)
        done = export_to_file(app, folder / "list.csv", product)
        active = {
            one.email
            for one in app.store.subscribers.each("active")
            if not app.store.subscribers.suppression(one.email or "")
        }
        for file in filter(None, (done.unsubscribed_file, done.file)):
            if len(file.read_text("utf-8").splitlines()) > 1:
                import_subscribers(other, file, dry_run=False, wanted=Wanted("Form on example.org"))
        assert {one.email for one in other.store.subscribers.each("active")} == active
        app.close()
        other.close()
