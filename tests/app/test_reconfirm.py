"""People without proof of consent are asked only on purpose, a few an hour, and never in the way of a visitor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.app.container import App
from newsletter.app.import_subscribers import ImportReport, Wanted, import_subscribers
from newsletter.app.leave import erase_subscriber
from newsletter.app.reconfirm import ask_imported
from newsletter.app.subscribe import catch_up_confirmations, confirm, find_subscriber, subscribe
from newsletter.app.tick import tick
from newsletter.audience.arrivals import Standing
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from tests.conftest import Clock

PROVEN = "email,status,confirmed_at\n"


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    return make_app(web={"confirmations_per_hour": 10})


def bring(app: App, folder: Path, text: str, *, reconfirm: bool = True, consent: str = "") -> ImportReport:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return import_subscribers(app, path, dry_run=False, wanted=Wanted(consent, reconfirm))


def people(count: int, first: int = 0) -> str:
    return "email\n" + "".join(f"reader{number}@example.org\n" for number in range(first, first + count))


def asked(app: App) -> list[str]:
    rows = app.store.database.query("SELECT address FROM message WHERE kind = 'confirmation' ORDER BY id")
    return [row["address"] for row in rows]


def test_who_has_no_proof_is_asked_by_the_ordinary_confirmation_and_confirms(
    app: App, tmp_path: Path, clock: Clock
) -> None:
    report = bring(app, tmp_path, people(1))
    assert (report.counts["flagged"], report.asking, asked(app)) == (1, 1, [])
    clock.advance(days=3)
    assert ask_imported(app) == 1
    assert asked(app) == ["reader0@example.org"]
    text = app.store.database.value("SELECT text FROM message WHERE kind = 'confirmation'")
    assert "It was asked on 18 November 2026" in text
    person = find_subscriber(app, "reader0@example.org")
    kinds = [one.kind for one in app.store.subscribers.consents(person.id)]
    assert kinds == [ConsentKind.UNPROVEN, ConsentKind.ASKED]
    confirm(app, app.signer.confirmation(person.id), ip=None)
    assert find_subscriber(app, "reader0@example.org").status is SubscriberStatus.ACTIVE


def test_nobody_is_asked_unless_it_is_said(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, people(3), reconfirm=False)
    assert (ask_imported(app), asked(app)) == (0, [])


def test_those_flagged_by_an_earlier_import_are_asked_when_it_is_said(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, people(3), reconfirm=False)
    assert bring(app, tmp_path, people(4)).asking == 4
    assert ask_imported(app) == 4
    assert bring(app, tmp_path, people(4)).counts["unchanged"] == 4  # asked once is enough
    assert ask_imported(app) == 0


def test_own_proof_makes_active_and_words_of_the_operator_do_not_while_all_are_asked(app: App, tmp_path: Path) -> None:
    text = PROVEN + "a@example.org,active,2024-01-02\nb@example.org,active,\n"
    report = bring(app, tmp_path, text, consent="Form, 2025")
    assert (report.counts["new"], report.counts["flagged"], report.asking) == (1, 1, 1)
    assert find_subscriber(app, "b@example.org").status is SubscriberStatus.PENDING
    (proof,) = app.store.subscribers.consents(find_subscriber(app, "b@example.org").id)
    assert (proof.kind, proof.text) == (ConsentKind.UNPROVEN, "Form, 2025")


def test_they_are_asked_a_few_an_hour_and_visitors_go_first(app: App, tmp_path: Path, clock: Clock) -> None:
    bring(app, tmp_path, people(12))
    assert (ask_imported(app), ask_imported(app)) == (5, 0)  # half of what an hour allows
    for number in range(5):
        subscribe(app, f"visitor{number}@example.org", source="form", ip=None)
    assert asked(app)[5:] == [f"visitor{number}@example.org" for number in range(5)]
    clock.advance(hours=1)
    subscribe(app, "late@example.org", source="form", ip=None)
    assert ask_imported(app) == 4
    clock.advance(hours=30)  # they wait as long as it takes
    catch_up_confirmations(app)
    assert ask_imported(app) == 3
    assert app.store.import_runs.waiting() == 0
    assert sum(address.startswith("reader") for address in asked(app)) == 12


def test_who_was_stopped_erased_or_came_by_themselves_meanwhile_is_not_asked(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, people(4))
    app.store.subscribers.suppress("reader0@example.org", SuppressionReason.COMPLAINT, app.now())
    erase_subscriber(app, "reader1@example.org")
    confirm(app, app.signer.confirmation(find_subscriber(app, "reader2@example.org").id), ip=None)
    assert ask_imported(app) == 1
    assert asked(app) == ["reader3@example.org"]
    assert app.store.import_runs.waiting() == 0


def test_a_later_list_that_says_they_left_takes_them_off(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, people(2))
    path = tmp_path / "left.csv"
    path.write_text(people(1), encoding="utf-8")
    import_subscribers(app, path, dry_run=False, wanted=Wanted(status=Standing.UNSUBSCRIBED))
    assert (ask_imported(app), asked(app)) == (1, ["reader1@example.org"])


def test_the_ticker_asks_them(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, people(1))
    tick(app)
    assert asked(app) == ["reader0@example.org"]
