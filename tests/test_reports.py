"""An issue's numbers sum up, and silence is told apart from failure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from newsletter.issues import Counts, Issue, IssueStatus, Slot
from newsletter.reports import NOTHING, SILENCE, IssueReport, Kept, report_on

FROZEN = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
FINISHED = FROZEN + timedelta(seconds=90)
SENT = Issue(
    id=1,
    key="2026-W47",
    slot=Slot(date(2026, 11, 16), FROZEN),
    cutoff_at=FROZEN,
    status=IssueStatus.SENT,
    reason="",
    nonce="00",
    subject="s",
    preheader="p",
    intro="",
    test_sha256=None,
    content_sha256="ab",
    approved_at=FROZEN,
    hold_until=None,
    frozen_at=FROZEN,
    finished_at=FINISHED,
    counts=Counts(frozen=10, accepted=7, rejected=1, suppressed=1, unknown=1),
)

HEARD = Kept({"delivered": 3}, 3, 0, 0, 0)


def numbers(report: IssueReport) -> dict[str, tuple[int | None, float | None, float | None]]:
    return {one.name: (one.count, one.share, one.median) for one in report.figures}


def test_a_report_gives_status_counts_and_how_long_it_took() -> None:
    report = report_on(replace(SENT, reason="because"), HEARD, [{"email": "a@example.com"}], FINISHED)
    assert (report.key, report.status, report.reason) == ("2026-W47", "sent", "because")
    assert report.counts["frozen"] == 10
    assert report.counts["accepted"] == 7
    assert set(report.counts) == {
        "frozen", "waiting", "in_flight", "accepted", "rejected", "suppressed", "unknown", "cancelled"
    }  # fmt: skip
    assert report.outcomes == {"delivered": 3}
    assert report.seconds == 90.0
    assert report.missed == ({"email": "a@example.com"},)
    assert report.sums_up


def test_numbers_that_do_not_sum_up_are_called_out() -> None:
    for counts in (replace(SENT.counts, accepted=6), replace(SENT.counts, frozen=9)):
        assert not report_on(replace(SENT, counts=counts), NOTHING, [], FINISHED).sums_up


def test_silence_is_no_report_only_after_72_hours() -> None:
    assert timedelta(hours=72) == SILENCE
    assert report_on(SENT, NOTHING, [], FINISHED + SILENCE - timedelta(microseconds=1)).no_report is None
    assert report_on(SENT, NOTHING, [], FINISHED + SILENCE).no_report == 7


def test_an_issue_that_is_not_finished_has_no_duration_and_no_silence() -> None:
    under_way = report_on(replace(SENT, finished_at=None), NOTHING, [], FINISHED + 2 * SILENCE)
    assert (under_way.seconds, under_way.no_report) == (None, None)
    never_frozen = report_on(replace(SENT, frozen_at=None), NOTHING, [], FINISHED)
    assert never_frozen.seconds is None


def test_a_report_names_a_hundred_and_becomes_json() -> None:
    missed: list[dict[str, str | None]] = [{"email": f"r{number}@example.com"} for number in range(101)]
    report = report_on(SENT, HEARD, missed, FINISHED)
    assert report.missed == tuple(missed[:100])
    again = json.loads(json.dumps(report.as_dict()))
    assert again["key"] == "2026-W47"
    assert again["counts"]["unknown"] == 1


def test_every_number_stands_beside_the_median_of_the_shares_before() -> None:
    kept = Kept({"delivered": 6, "hard_bounce": 1, "soft_bounce": 0}, 6, left=2, ship=4, skip=1)
    before = [(SENT, Kept({"delivered": many}, many, many, 0, 0)) for many in (2, 4, 9)]
    found = numbers(report_on(SENT, kept, [], FINISHED + SILENCE, before))
    assert found["delivered"] == (6, 60.0, 40.0)
    assert found["hard_bounce"] == (1, 10.0, 0.0)
    assert found["soft_bounce"] == (0, 0.0, 0.0)
    assert found["unsubscribed"] == (2, 20.0, 40.0)
    assert (found["ship_votes"][0], found["skip_votes"][0]) == (4, 1)
    assert found["no_report"] == (1, 10.0, 30.0)
    assert (found["accepted"], found["unknown"]) == ((7, 70.0, 70.0), (1, 10.0, 10.0))


def test_where_no_report_ever_came_nobody_says_that_nothing_was_delivered() -> None:
    found = numbers(report_on(SENT, NOTHING, [], FINISHED, [(SENT, NOTHING), (SENT, HEARD)]))
    assert found["delivered"] == (None, None, 30.0)
    assert found["complaint"][0] is None
    assert found["no_report"] == (None, None, None)
    refused = replace(SENT, counts=Counts(frozen=2, rejected=2))
    assert numbers(report_on(refused, NOTHING, [], FINISHED))["delivered"] == (0, 0.0, None)


def test_an_issue_that_went_to_nobody_has_no_shares_to_divide() -> None:
    found = numbers(report_on(replace(SENT, counts=Counts()), NOTHING, [], FINISHED))
    assert {share for _, share, _ in found.values() if share is not None} == {0.0}
