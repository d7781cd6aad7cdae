"""Subscribers from elsewhere: who may be mailed is, who did not agree is not, and nobody who left comes back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.app.container import App
from newsletter.app.import_comparisons import import_comparisons
from newsletter.app.import_subscribers import ImportReport, Wanted, import_subscribers
from newsletter.app.leave import erase_subscriber, unsubscribe
from newsletter.app.look_up import list_comparisons
from newsletter.app.subscribe import confirm, find_subscriber, subscribe
from newsletter.app.suppressions import find_suppression, lift_suppression
from newsletter.app.timeline import story_of
from newsletter.audience.arrivals import Standing
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import Frequency, SubscriberStatus, SuppressionReason
from newsletter.errors import InputError
from newsletter.sample import sample_path
from tests.conftest import START

CONSENT = "Ticked the box on example.com, spring 2026: one mail a week."
OURS = "email,status,created_at,confirmed_at,unsubscribed_at,topics,frequency,zone,paused_until\n"
PROVEN = "email,status,created_at,confirmed_at\n"
"""A list with proof of its own: the header of what we export, without what readers chose."""
MAILCHIMP = "Email Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP{more},LEID,TAGS\n"


def bring(
    app: App,
    folder: Path,
    text: str,
    consent: str = CONSENT,
    *,
    name: str = "people.csv",
    dry_run: bool = False,
    reconfirm: bool = False,
    status: Standing | None = None,
) -> ImportReport:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return import_subscribers(app, path, dry_run=dry_run, wanted=Wanted(consent, reconfirm, status))


def changed(report: ImportReport) -> dict[str, int]:
    return {kind: count for kind, count in report.counts.items() if count}


def consents_of(app: App, address: str) -> list[tuple[ConsentKind, str, str]]:
    found = app.store.subscribers.consents(find_subscriber(app, address).id)
    return [(one.kind, one.source, one.text) for one in found]


@pytest.fixture
def categories() -> Callable[[App], str]:
    """Load the sample comparisons; the name of one of their categories."""

    def load(app: App) -> str:
        import_comparisons(app, [sample_path("comparisons.yaml")])
        found = list_comparisons(app, "")
        return next(side.category for one in found for side in one.comparison.sides if side.category)

    return load


def test_usable_rows_become_active_with_the_consent_and_its_place(app: App, tmp_path: Path) -> None:
    report = bring(app, tmp_path, "name,E-Mail\nA,a@example.com\nB,B@Example.com\n")
    assert set(report.counts) == {
        "new",
        "changed",
        "unchanged",
        "flagged",
        "suppressing",
        "suppressed",
        "unsubscribed",
        "duplicate",
        "rejected",
    }
    assert (changed(report), report.rejects_file, report.asking) == ({"new": 2}, None, 0)
    assert find_subscriber(app, "b@example.com").status is SubscriberStatus.ACTIVE
    assert consents_of(app, "b@example.com") == [(ConsentKind.IMPORTED, "people.csv, line 3", CONSENT)]
    assert app.store.subscribers.counts()["active"] == 2


def test_importing_twice_changes_nothing(app: App, tmp_path: Path) -> None:
    text = "email\na@example.com\n"
    bring(app, tmp_path, text)
    before = people_of(app)
    assert changed(bring(app, tmp_path, text)) == {"unchanged": 1}
    assert people_of(app) == before


def people_of(app: App) -> list[str]:
    """The whole store, but for the memory of the files."""
    lines = app.store.database.connection.iterdump()
    return [line for line in lines if not line.startswith('INSERT INTO "import_run"')]


def test_a_dry_run_tells_the_same_and_changes_nothing(app: App, tmp_path: Path) -> None:
    before = list(app.store.database.connection.iterdump())
    report = bring(app, tmp_path, "email\na@example.com\nnobody\n", dry_run=True)
    assert changed(report) == {"new": 1, "rejected": 1}
    assert list(app.store.database.connection.iterdump()) == before
    applied = bring(app, tmp_path, "email\na@example.com\nnobody\n")
    assert (applied.counts, applied.first, applied.mark) == (report.counts, report.first, report.mark)


def test_nobody_who_left_is_suppressed_or_erased_is_revived(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, "email\nleft@example.com\ngone@example.com\nasked@example.com\n")
    for address in ("left@example.com", "asked@example.com"):
        token = app.signer.reader(1, find_subscriber(app, address).id)
        unsubscribe(app, token, source="page")
    subscribe(app, "asked@example.com", source="form", ip=None)
    erase_subscriber(app, "gone@example.com")
    app.store.subscribers.suppress("bounced@example.com", SuppressionReason.HARD_BOUNCE, app.now())
    people = "left@example.com\nGONE@example.com\nbounced@example.com\nasked@example.com\n"
    for report in (bring(app, tmp_path, f"email\n{people}"), bring(app, tmp_path, f"email\n{people}", reconfirm=True)):
        assert changed(report) == {"unsubscribed": 2, "suppressed": 2}
        assert "only they themselves can come back" in report.first["unsubscribed"][0].reason
    assert app.store.subscribers.counts()["active"] == 0
    assert find_subscriber(app, "asked@example.com").status is SubscriberStatus.PENDING
    assert app.store.import_runs.waiting() == 0


def test_one_who_was_pending_is_made_active_by_the_evidence(app: App, tmp_path: Path) -> None:
    subscribe(app, "a@example.com", source="form", ip=None)
    assert changed(bring(app, tmp_path, "email\na@example.com\n")) == {"changed": 1}
    assert find_subscriber(app, "a@example.com").status is SubscriberStatus.ACTIVE
    assert consents_of(app, "a@example.com")[-1] == (ConsentKind.IMPORTED, "people.csv, line 2", CONSENT)


def test_one_who_becomes_active_gets_the_topics_of_the_list_at_once(
    app: App, tmp_path: Path, categories: Callable[[App], str]
) -> None:
    text = MAILCHIMP.format(more="") + f"a@example.org,2,2024-01-01 08:00:00,,,,1,{categories(app)}\n"
    subscribe(app, "a@example.org", source="form", ip=None)
    assert changed(bring(app, tmp_path, text, "", name="subscribed_1.csv")) == {"changed": 1}
    person = find_subscriber(app, "a@example.org")
    assert (person.status, len(app.store.subscribers.topics(person.id))) == (SubscriberStatus.ACTIVE, 1)
    assert changed(bring(app, tmp_path, text, "", name="subscribed_1.csv")) == {"unchanged": 1}


def test_an_address_twice_in_a_file_counts_once(app: App, tmp_path: Path) -> None:
    report = bring(app, tmp_path, "email\na@example.com\nA@EXAMPLE.com\n")
    assert changed(report) == {"new": 1, "duplicate": 1}
    assert (report.first["duplicate"][0].line, report.first["duplicate"][0].reason) == (
        3,
        "The same address as in line 2.",
    )


def test_of_an_address_that_stands_there_twice_the_word_against_mailing_it_counts(app: App, tmp_path: Path) -> None:
    rows = "a@example.org,active,free,2024-01-01\nA@example.org,inactive,free,2024-01-01\n"
    report = bring(app, tmp_path, f"email,status,tier,created_at\n{rows}")
    assert changed(report) == {"suppressing": 1, "duplicate": 1}
    assert (report.dialect, report.first["duplicate"][0].line) == ("beehiiv", 2)
    assert app.store.subscribers.counts()["active"] == 0


def test_bad_rows_go_beside_the_file_harmless_to_a_spreadsheet(app: App, tmp_path: Path) -> None:
    text = 'email,note\nnobody,"=cmd()"\n+1@x,-x\na@example.com,fine\n@x,\tq\n'
    report = bring(app, tmp_path, text, dry_run=True)
    assert changed(report) == {"new": 1, "rejected": 3}
    assert report.rejects_file == tmp_path / "people.rejects.csv"
    assert bring(app, tmp_path, text).rejects_file == report.rejects_file
    with report.rejects_file.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "what is wrong", "what helps", "email", "note"]
    assert [(row[0], row[3:]) for row in rows] == [
        ("2", ["nobody", "'=cmd()"]),
        ("3", ["'+1@x", "'-x"]),
        ("5", ["'@x", "'\tq"]),
    ]
    assert all("is not an e-mail address" in row[1] and row[2] for row in rows)
    assert len(report.instructions) == 1
    assert report.instructions[0].startswith("3 rows have")


@pytest.mark.parametrize(
    ("head", "bad", "mended"),
    [
        ("email,status,confirmed_at", "a@@example.org,active,2024-01-01", "a@example.org,active,2024-01-01"),
        ("email,name", "a@@example.org,A", "a@example.org,A"),
        ("email,status,tier,created_at", "a@example.org,lost,free,2024-01-01", "a@example.org,active,free,2024-01-01"),
    ],
)
def test_a_rejects_file_is_mended_and_imported_as_the_list_was(
    app: App, tmp_path: Path, head: str, bad: str, mended: str
) -> None:
    report = bring(app, tmp_path, f"{head}\n{bad}\n")
    assert report.rejects_file is not None
    again = bring(app, tmp_path, report.rejects_file.read_text("utf-8"), name="people.rejects.csv")
    assert (changed(again), again.dialect) == ({"rejected": 1}, report.dialect)
    text = report.rejects_file.read_text("utf-8").replace(bad, mended)
    assert changed(bring(app, tmp_path, text, name="mended.csv")) == {"new": 1}


def test_a_rejects_file_that_cannot_be_written_imports_nothing_and_says_so(app: App, tmp_path: Path) -> None:
    (tmp_path / "people.rejects.csv").mkdir()
    with pytest.raises(InputError, match=r"people\.rejects\.csv.*cannot be written.*Nothing was imported"):
        bring(app, tmp_path, "email\na@example.com\nnobody\n")
    assert app.store.subscribers.counts()["active"] == 0


def test_a_row_without_proof_is_flagged_and_not_mailed(app: App, tmp_path: Path) -> None:
    report = bring(app, tmp_path, "email\na@example.com\n", "")
    assert (changed(report), report.asking) == ({"flagged": 1}, 0)
    person = find_subscriber(app, "a@example.com")
    assert (person.status, person.confirmed_at) == (SubscriberStatus.PENDING, None)
    assert consents_of(app, "a@example.com") == [(ConsentKind.UNPROVEN, "people.csv, line 2", "")]
    assert story_of(app, person.id).moments[0].words == "Imported without proof of consent"
    assert (app.store.import_runs.waiting(), app.store.messages.counts()) == (0, {})
    assert changed(bring(app, tmp_path, "email\na@example.com\n", "")) == {"unchanged": 1}


def test_a_proof_that_came_with_the_row_is_kept_with_its_moment(app: App, tmp_path: Path) -> None:
    rows = "a@example.org,active,2024-01-01T09:00:00+00:00,2024-01-02T10:00:00+00:00\n"
    assert changed(bring(app, tmp_path, PROVEN + rows, "")) == {"new": 1}
    person = find_subscriber(app, "a@example.org")
    assert person.status is SubscriberStatus.ACTIVE
    assert person.created_at == datetime(2024, 1, 1, 9, tzinfo=UTC)
    assert person.confirmed_at == datetime(2024, 1, 2, 10, tzinfo=UTC)
    (proof,) = app.store.subscribers.consents(person.id)
    assert (proof.kind, proof.at, proof.text) == (ConsentKind.IMPORTED, person.confirmed_at, "")


def test_moments_of_the_future_are_taken_for_now(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, f"{PROVEN}a@example.org,active,2031-01-01,2032-01-01\n", "")
    person = find_subscriber(app, "a@example.org")
    assert (person.created_at, person.confirmed_at) == (START, START)


@pytest.mark.parametrize(("days", "kept"), [(10, "192.0.2.7"), (40, None)])
def test_the_ip_of_a_proof_is_kept_no_longer_than_any(app: App, tmp_path: Path, days: int, kept: str | None) -> None:
    at = (START - timedelta(days=days)).isoformat()
    bring(app, tmp_path, f"email,status,confirmed_at,confirmed_ip\na@example.org,active,{at},192.0.2.7\n", "")
    (proof,) = app.store.subscribers.consents(find_subscriber(app, "a@example.org").id)
    assert proof.ip == kept


def test_who_left_bounced_or_complained_elsewhere_is_never_mailed(app: App, tmp_path: Path) -> None:
    left = MAILCHIMP.format(more=",UNSUB_TIME") + "left@example.org,2,,,,,2025-03-01 08:00:00,1,\n"
    report = bring(app, tmp_path, left, name="unsubscribed_members_export_1.csv")
    assert (changed(report), report.stopping) == ({"suppressing": 1}, 0)
    found = find_suppression(app, "left@example.org")
    assert found is not None
    assert (found.reason, found.at, found.email) == (
        SuppressionReason.OPERATOR,
        datetime(2025, 3, 1, 8, tzinfo=UTC),
        None,
    )
    assert found.words == "Had unsubscribed elsewhere: unsubscribed_members_export_1.csv, line 2"
    assert "left@example.org" not in "".join(app.store.database.connection.iterdump())
    for standing, reason in (
        (Standing.BOUNCED, SuppressionReason.HARD_BOUNCE),
        (Standing.COMPLAINED, SuppressionReason.COMPLAINT),
        (Standing.DISABLED, SuppressionReason.OPERATOR),
    ):
        report = bring(app, tmp_path, f"email\n{standing}@example.org\n", status=standing)
        assert changed(report) == {"suppressing": 1}
        assert app.store.subscribers.suppression(f"{standing}@example.org") is reason
    lift_suppression(app, "left@example.org")  # when they ask for it themselves


def test_a_complaint_outdoes_a_bounce_and_a_bounce_does_not_outdo_a_complaint(app: App, tmp_path: Path) -> None:
    app.store.subscribers.suppress("a@example.org", SuppressionReason.HARD_BOUNCE, app.now())
    text = "email\na@example.org\n"
    assert changed(bring(app, tmp_path, text, status=Standing.COMPLAINED)) == {"suppressing": 1}
    assert app.store.subscribers.suppression("a@example.org") is SuppressionReason.COMPLAINT
    assert changed(bring(app, tmp_path, text, status=Standing.BOUNCED)) == {"suppressed": 1}
    assert app.store.subscribers.suppression("a@example.org") is SuppressionReason.COMPLAINT


def test_an_active_reader_who_left_elsewhere_is_stopped_and_the_plan_says_how_many(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, "email\na@example.org\nb@example.org\nc@example.org\n")
    subscribe(app, "asked@example.org", source="form", ip=None)
    text = "email\na@example.org\nb@example.org\nasked@example.org\n"
    plan = bring(app, tmp_path, text, dry_run=True, status=Standing.UNSUBSCRIBED)
    assert (changed(plan), plan.stopping) == ({"suppressing": 3}, 2)
    assert "active here, and get nothing from now on" in plan.first["suppressing"][0].reason
    assert app.store.subscribers.audience(app.now())["recipients"] == 3
    bring(app, tmp_path, text, status=Standing.UNSUBSCRIBED)
    assert app.store.subscribers.audience(app.now())["recipients"] == 1
    assert find_subscriber(app, "a@example.org").status is SubscriberStatus.UNSUBSCRIBED
    assert consents_of(app, "a@example.org")[-1][0] is ConsentKind.UNSUBSCRIBED
    waiting = app.store.database.query("SELECT status FROM message WHERE address = 'asked@example.org'")
    assert [row["status"] for row in waiting] == ["cancelled"]
    again = bring(app, tmp_path, text, dry_run=True, status=Standing.UNSUBSCRIBED)
    assert (changed(again), again.stopping) == ({"suppressed": 3}, 0)


def test_a_bounce_of_elsewhere_stops_an_active_reader(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, "email\na@example.org\n")
    assert bring(app, tmp_path, "email\na@example.org\n", status=Standing.BOUNCED).stopping == 1
    assert app.store.subscribers.audience(app.now())["recipients"] == 0


def test_who_was_asked_there_and_never_confirmed_stays_pending_whatever_is_said(app: App, tmp_path: Path) -> None:
    text = "email\na@example.org\n"
    for reconfirm in (False, True):
        report = bring(app, tmp_path, text, status=Standing.PENDING, reconfirm=reconfirm, dry_run=not reconfirm)
        assert (changed(report), report.asking) == ({"flagged": 1}, 0)
        assert "never confirmed" in report.first["flagged"][0].reason
    assert find_subscriber(app, "a@example.org").status is SubscriberStatus.PENDING


def test_tags_that_are_topics_are_kept_and_the_rest_is_counted(
    app: App, tmp_path: Path, categories: Callable[[App], str]
) -> None:
    topic = categories(app)
    text = MAILCHIMP.format(more="") + f'a@example.org,2,2024-01-01 08:00:00,,,,1,"""{topic}"",""Buyers"""\n'
    report = bring(app, tmp_path, text, "", name="subscribed_members_export_1.csv")
    assert (changed(report), report.topics_left_out) == ({"new": 1}, 1)
    assert len(app.store.subscribers.topics(find_subscriber(app, "a@example.org").id)) == 1


def test_a_known_reader_gets_topics_only_where_they_chose_none(
    app: App, tmp_path: Path, categories: Callable[[App], str]
) -> None:
    topic = categories(app)
    bring(app, tmp_path, "email\na@example.org\nb@example.org\n")
    chose = find_subscriber(app, "b@example.org").id
    app.store.subscribers.prefer(chose, ["design"], Frequency.TOPICS, "")
    head = MAILCHIMP.format(more="")
    text = head + "".join(f"{one}@example.org,2,2024-01-01 08:00:00,,,,1,{topic}\n" for one in "ab")
    report = bring(app, tmp_path, text, name="subscribed_1.csv")
    assert changed(report) == {"changed": 1, "unchanged": 1}
    assert app.store.subscribers.topics(chose) == {"design"}
    assert len(app.store.subscribers.topics(find_subscriber(app, "a@example.org").id)) == 1
    assert consents_of(app, "a@example.org")[-1][0] is ConsentKind.PREFERENCES
    assert changed(bring(app, tmp_path, text, name="subscribed_1.csv")) == {"unchanged": 2}


def test_our_own_list_brings_back_all_that_it_says(app: App, tmp_path: Path) -> None:
    rows = (
        "a@example.org,active,2024-01-01T08:00:00+00:00,2024-01-02T08:00:00+00:00,,design,topics,Europe/Berlin,"
        "2026-12-24T00:00:00+00:00\n"
        "b@example.org,unsubscribed,2024-01-01T08:00:00+00:00,2024-01-02T08:00:00+00:00,2025-01-01T08:00:00+00:00,,"
        "weekly,,\n"
        "c@example.org,pending,2024-01-01T08:00:00+00:00,,,,weekly,,\n"
    )
    assert changed(bring(app, tmp_path, OURS + rows, "")) == {"new": 2, "flagged": 1}
    a, b, c = (find_subscriber(app, f"{name}@example.org") for name in "abc")
    assert (a.frequency, a.zone, a.paused_until) == (
        Frequency.TOPICS,
        "Europe/Berlin",
        datetime(2026, 12, 24, tzinfo=UTC),
    )
    assert app.store.subscribers.topics(a.id) == {"design"}
    assert (b.status, b.unsubscribed_at) == (SubscriberStatus.UNSUBSCRIBED, datetime(2025, 1, 1, 8, tzinfo=UTC))
    assert app.store.subscribers.suppression("b@example.org") is None
    assert c.status is SubscriberStatus.PENDING
    assert changed(bring(app, tmp_path, OURS + rows, "")) == {"unchanged": 2, "unsubscribed": 1}


def test_who_is_flagged_becomes_active_by_a_later_proof_or_by_asking_themselves(app: App, tmp_path: Path) -> None:
    bring(app, tmp_path, "email\na@example.org\nb@example.org\n", "")
    assert changed(bring(app, tmp_path, "email\na@example.org\n", name="proof.csv")) == {"changed": 1}
    subscribe(app, "b@example.org", source="form", ip=None)
    confirm(app, app.signer.confirmation(find_subscriber(app, "b@example.org").id), ip=None)
    assert app.store.subscribers.counts()["active"] == 2


def test_a_file_that_breaks_off_imports_nothing(app: App, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        bring(app, tmp_path, 'email\na@example.com\n"never closed\n')
    assert app.store.subscribers.counts()["active"] == 0


def test_a_file_that_cannot_be_read_is_refused(app: App, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        import_subscribers(app, tmp_path / "missing.csv", CONSENT, dry_run=False)


def test_progress_is_told_in_bytes_and_comes_to_the_whole_file(app: App, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("email\n" + "".join(f"a{number}@example.org\n" for number in range(20_000)), encoding="utf-8")
    told: list[int] = []
    import_subscribers(app, path, CONSENT, dry_run=True, progress=told.append)
    assert (len(told), sum(told)) == (4, path.stat().st_size)
