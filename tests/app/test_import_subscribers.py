"""Subscribers from a CSV file: consent is stored, nobody is revived, and bad rows are set aside."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from newsletter.app.container import App
from newsletter.app.import_subscribers import ImportReport, import_subscribers
from newsletter.app.leave import erase_subscriber, unsubscribe
from newsletter.app.subscribe import find_subscriber, subscribe
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.errors import InputError

CONSENT = "Ticked the box on example.com, spring 2026: one mail a week."


def bring(app: App, folder: Path, text: str, *, consent: str = CONSENT, dry_run: bool = False) -> ImportReport:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return import_subscribers(app, path, consent, dry_run=dry_run)


def changed(report: ImportReport) -> dict[str, int]:
    return {kind: count for kind, count in report.counts.items() if count}


def test_usable_rows_become_active_with_the_consent_and_its_place(app: App, tmp_path: Path) -> None:
    report = bring(app, tmp_path, "name,E-Mail\nA,a@example.com\nB,B@Example.com\n")
    assert report.counts == {
        "new": 2,
        "confirmed": 0,
        "unchanged": 0,
        "unsubscribed": 0,
        "suppressed": 0,
        "duplicate": 0,
        "rejected": 0,
    }
    assert report.rejects_file is None
    found = find_subscriber(app, "b@example.com")
    assert found.status is SubscriberStatus.ACTIVE
    (consent,) = app.store.subscribers.consents(found.id)
    assert (consent.kind, consent.text, consent.source) == (ConsentKind.IMPORTED, CONSENT, "people.csv, line 3")


def test_importing_twice_changes_nothing(app: App, tmp_path: Path) -> None:
    text = "email\na@example.com\n"
    bring(app, tmp_path, text)
    before = list(app.store.database.connection.iterdump())
    assert changed(bring(app, tmp_path, text)) == {"unchanged": 1}
    assert list(app.store.database.connection.iterdump()) == before


def test_a_dry_run_tells_the_same_and_changes_nothing(app: App, tmp_path: Path) -> None:
    report = bring(app, tmp_path, "email\na@example.com\nnobody\n", dry_run=True)
    assert changed(report) == {"new": 1, "rejected": 1}
    assert (len(report.rejects), report.rejects_file) == (1, None)
    assert app.store.subscribers.counts()["active"] == 0
    assert [path.name for path in tmp_path.glob("*.csv")] == ["people.csv"]


def test_nobody_who_left_is_suppressed_or_erased_is_revived(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, "email\nleft@example.com\ngone@example.com\nasked@example.com\n")
    for address in ("left@example.com", "asked@example.com"):
        token = app.signer.reader(1, find_subscriber(app, address).id)
        unsubscribe(app, token, source="page")
    subscribe(app, "asked@example.com", source="form", ip=None)
    erase_subscriber(app, "gone@example.com")
    app.store.subscribers.suppress("bounced@example.com", SuppressionReason.HARD_BOUNCE, app.now())
    people = "left@example.com\nGONE@example.com\nbounced@example.com\nasked@example.com\n"
    report = bring(app, tmp_path, f"email\n{people}")
    assert changed(report) == {"unsubscribed": 2, "suppressed": 2}
    assert app.store.subscribers.counts()["active"] == 0
    assert find_subscriber(app, "asked@example.com").status is SubscriberStatus.PENDING


def test_one_who_was_pending_is_confirmed_by_the_evidence(app: App, tmp_path: Path) -> None:
    subscribe(app, "a@example.com", source="form", ip=None)
    assert changed(bring(app, tmp_path, "email\na@example.com\n")) == {"confirmed": 1}
    assert find_subscriber(app, "a@example.com").status is SubscriberStatus.ACTIVE


def test_an_address_twice_in_a_file_counts_once(app: App, tmp_path: Path) -> None:
    assert changed(bring(app, tmp_path, "email\na@example.com\nA@EXAMPLE.com\n")) == {"new": 1, "duplicate": 1}


def test_bad_rows_go_beside_the_file_harmless_to_a_spreadsheet(app: App, tmp_path: Path) -> None:
    report = bring(app, tmp_path, 'email,note\nnobody,"=cmd()"\n+1@x,-x\na@example.com,fine\n@x,\tq\n')
    assert changed(report) == {"new": 1, "rejected": 3}
    assert report.rejects_file == tmp_path / "people.rejects.csv"
    with report.rejects_file.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "reason", "cells"]
    assert [(row[0], row[2:]) for row in rows] == [
        ("2", ["nobody", "'=cmd()"]),
        ("3", ["'+1@x", "'-x"]),
        ("5", ["'@x", "'\tq"]),
    ]
    assert all("is not an e-mail address" in row[1] for row in rows)


@pytest.mark.parametrize("consent", ["", "  "])
def test_without_the_text_of_the_consent_nothing_is_imported(app: App, tmp_path: Path, consent: str) -> None:
    with pytest.raises(InputError, match="needs the text these people agreed to"):
        bring(app, tmp_path, "email\na@example.com\n", consent=consent)
    assert app.store.subscribers.counts()["active"] == 0


def test_a_file_that_breaks_off_imports_nothing(app: App, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not CSV"):
        bring(app, tmp_path, "email\na@example.com\n" + "x" * 200_000 + "\n")
    assert app.store.subscribers.counts()["active"] == 0


def test_a_file_that_cannot_be_read_is_refused(app: App, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        import_subscribers(app, tmp_path / "missing.csv", CONSENT, dry_run=False)
    path = tmp_path / "latin.csv"
    path.write_bytes("email\nä@example.com\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"is not UTF-8 text \(byte 6\)"):
        import_subscribers(app, path, CONSENT, dry_run=False)


def test_progress_is_told_every_five_hundred_rows(app: App, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("email\n" + "nobody\n" * 1100, encoding="utf-8")
    told: list[int] = []
    import_subscribers(app, path, CONSENT, dry_run=True, progress=told.append)
    assert told == [500, 500]
