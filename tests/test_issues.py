"""Weekly slots through gaps, folds and midnights; keys; and the table of an issue's states."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.errors import InputError, TransitionError
from newsletter.issues import (
    ISSUE_MOVES,
    Counts,
    Issue,
    IssueContent,
    IssueStatus,
    Item,
    Publication,
    Section,
    Slot,
    WeeklyRule,
    from_manifest,
    newest_due_slot,
    next_slots,
    require_status,
    slot_of_key,
    slot_on,
    to_manifest,
)

WEEK = timedelta(days=7)
ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("posix", "right")))
AWKWARD = [
    WeeklyRule(4, time(0, 30), ZoneInfo("Africa/Cairo")),  # Fri 00:00 → 01:00 in April, → Thu 23:00 in October
    WeeklyRule(6, time(0, 30), ZoneInfo("America/Santiago")),  # Sun 00:00 → 01:00 in September, → Sat 23:00 in April
    WeeklyRule(5, time(23, 30), ZoneInfo("America/Santiago")),  # twice on a Saturday in April
    WeeklyRule(6, time(2, 30), ZoneInfo("America/New_York")),  # never on a Sunday in March
    WeeklyRule(6, time(1, 30), ZoneInfo("Europe/London")),  # twice in October, never in March
    WeeklyRule(0, time(9, 0), ZoneInfo("UTC")),
]


@pytest.mark.parametrize("rule", AWKWARD, ids=lambda rule: f"{rule.zone.key}-{rule.weekday}-{rule.at:%H%M}")
def test_over_three_years_every_iso_week_has_exactly_one_slot_and_it_is_seen_when_it_is_due(rule: WeeklyRule) -> None:
    seen: list[Slot] = []
    now, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    while now < end:
        slot = newest_due_slot(rule, now)
        if not seen or seen[-1] != slot:
            assert not seen or now - slot.at < timedelta(minutes=15), "a slot is seen at the first look after it is due"
            seen.append(slot)
        now += timedelta(minutes=15)
    days = [slot.day for slot in seen]
    assert days == [days[0] + week * WEEK for week in range(len(days))], "none skipped, none doubled, in order"
    assert {day.weekday() for day in days} == {rule.weekday}
    assert max(Counter(slot.key for slot in seen).values()) == 1
    assert len(days) in (157, 158)
    for slot in seen:
        assert slot.at.astimezone(rule.zone).date() == slot.day, "its local date names it"


def at(rule: WeeklyRule, year: int, month: int, day: int) -> datetime:
    return slot_on(rule, date(year, month, day)).at


def test_a_time_that_a_clock_change_leaves_out_becomes_the_same_distance_after_the_gap() -> None:
    cairo, santiago, _, new_york, london, _ = AWKWARD
    assert at(new_york, 2026, 3, 8) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # 03:30 there
    assert at(london, 2026, 3, 29) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 02:30 there
    assert at(cairo, 2026, 4, 24) == datetime(2026, 4, 23, 22, 30, tzinfo=UTC)  # 01:30 there, the same day
    assert at(santiago, 2026, 9, 6) == datetime(2026, 9, 6, 4, 30, tzinfo=UTC)  # 01:30 there, the same day


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    _, _, santiago, _, london, _ = AWKWARD
    assert at(london, 2026, 10, 25) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert at(santiago, 2026, 4, 4) == datetime(2026, 4, 5, 2, 30, tzinfo=UTC)


RULES = st.builds(
    WeeklyRule,
    st.integers(0, 6),
    st.times().map(lambda t: t.replace(microsecond=0)),
    st.sampled_from(ZONES).map(ZoneInfo),
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


@given(RULES, MOMENTS)
def test_the_newest_due_slot_is_due_and_the_next_one_is_not(rule: WeeklyRule, now: datetime) -> None:
    newest = newest_due_slot(rule, now)
    first, second = next_slots(rule, now, 2)
    assert newest.at <= now < first.at < second.at
    assert newest.day.weekday() == rule.weekday
    assert newest.at.tzinfo is UTC
    assert (first.day, second.day) == (newest.day + WEEK, newest.day + 2 * WEEK)


@given(RULES, MOMENTS)
def test_a_slot_is_due_from_its_own_moment_on(rule: WeeklyRule, now: datetime) -> None:
    slot = next_slots(rule, now, 1)[0]
    assert newest_due_slot(rule, slot.at) == slot
    assert newest_due_slot(rule, slot.at - timedelta(microseconds=1)).day == slot.day - WEEK


@given(RULES, MOMENTS)
def test_the_key_of_a_slot_leads_back_to_it(rule: WeeklyRule, now: datetime) -> None:
    slot = newest_due_slot(rule, now)
    assert slot_of_key(rule, slot.key) == slot


def test_the_key_is_the_iso_week_of_the_local_date_also_around_new_year() -> None:
    def key(*day: int) -> str:
        return Slot(date(*day), datetime(2026, 1, 1, tzinfo=UTC)).key

    assert key(2026, 11, 16) == "2026-W47"
    assert key(2027, 1, 1) == "2026-W53"
    assert key(2027, 1, 4) == "2027-W01"
    assert key(2024, 12, 30) == "2025-W01"


def test_no_slots_ahead_is_an_empty_list() -> None:
    assert next_slots(AWKWARD[0], datetime(2026, 1, 1, tzinfo=UTC), 0) == []


@pytest.mark.parametrize(
    "key",
    [
        "2026",
        "2026-47",
        "2026-W54",
        "2025-W53",
        "2026-W00",
        "2026-Wxx",
        "W47-2026",
        "2026-W47-1",
        "999999999999999999999999",
        "99999999999999999999-W01",
        "2026-W99999999999999999999",
        "0000-W01",
        "-W",
        "-",
    ],
)
def test_what_is_no_issue_key_is_refused_with_an_example(key: str) -> None:
    with pytest.raises(InputError, match="is not an issue key") as caught:
        slot_of_key(AWKWARD[0], key)
    assert caught.value.what == f"{key!r} is not an issue key."
    assert caught.value.next_step == "Write year and ISO week, like 2026-W47."


def test_a_key_at_the_end_of_time_is_refused_too() -> None:
    with pytest.raises(InputError, match="is not an issue key"):
        slot_of_key(WeeklyRule(4, time(23, 59), ZoneInfo("America/New_York")), "9999-W52")
    with pytest.raises(InputError, match="is not an issue key"):
        slot_of_key(WeeklyRule(0, time(0, 0), ZoneInfo("Asia/Tokyo")), "0001-W01")


@pytest.mark.parametrize("key", ["2026-W7", " 2026-W07", "02026-W07", "2026-W007", "2026-W0_7"])
def test_a_key_written_otherwise_is_refused_and_told_how_to_write_it(key: str) -> None:
    with pytest.raises(InputError, match="is not an issue key") as caught:
        slot_of_key(AWKWARD[0], key)
    assert caught.value.what == f"{key!r} is not an issue key."
    assert caught.value.next_step == "Write 2026-W07."


S = IssueStatus
MOVES = {
    S.DRAFT: {S.APPROVED, S.HOLDING, S.SKIPPED, S.CANCELLED},
    S.APPROVED: {S.DRAFT, S.HOLDING, S.SENDING, S.SKIPPED, S.CANCELLED},
    S.HOLDING: {S.DRAFT, S.APPROVED, S.SENDING, S.CANCELLED},
    S.SENDING: {S.PAUSED, S.SENT, S.CANCELLED},
    S.PAUSED: {S.SENDING, S.CANCELLED},
    S.SENT: {S.SENDING},
    S.CANCELLED: set(),
    S.SKIPPED: {S.DRAFT},
    S.MISSED: {S.DRAFT, S.SKIPPED},
}


@pytest.mark.parametrize("before", S)
@pytest.mark.parametrize("after", S)
def test_an_issue_moves_along_the_table_and_nowhere_else(before: S, after: S) -> None:
    if after in MOVES[before]:
        require_status("2026-W47", before, after)
        return
    with pytest.raises(TransitionError) as caught:
        require_status("2026-W47", before, after)
    assert caught.value.what == f"Issue 2026-W47 is {before}; from there it cannot become {after}."
    look = "See `newsletter issues show 2026-W47`."
    approve = "Approve it first: newsletter issues approve 2026-W47."
    assert caught.value.next_step == (approve if (before, after) == (S.DRAFT, S.SENDING) else look)


def test_every_status_has_its_row_and_what_went_out_never_becomes_a_draft_again() -> None:
    assert set(ISSUE_MOVES) == set(S)
    for went_out in (S.SENDING, S.PAUSED, S.SENT, S.CANCELLED):
        assert not ISSUE_MOVES[went_out] & {S.DRAFT, S.APPROVED, S.HOLDING, S.SKIPPED, S.MISSED}


def test_statuses_are_kept_under_these_words() -> None:
    words = ["draft", "approved", "holding", "sending", "paused", "sent", "cancelled", "skipped", "missed"]
    assert [str(status) for status in S] == words


def test_open_are_those_for_whom_something_still_happens_by_itself() -> None:
    assert Counts(frozen=15, waiting=1, in_flight=2, accepted=3, rejected=4, unknown=5).open == 3
    assert Counts() == Counts(0, 0, 0, 0, 0, 0, 0, 0)


FULL = Item(
    Comparison("a-vs-b", (Tool("A", "a", panel=PanelVerdict(Label.SKIP, 25)), Tool("B", "b"))),
    Section.CHANGED,
    "https://example.com/a-vs-b",
    (("a", "Ship"), ("b", "Mixed")),
)
BRIEF = Item(
    Comparison("c-vs-d", (Tool("C", "c"), Tool("D", "d")), date(2026, 11, 1)), Section.BRIEF, "https://e.com/c"
)
CONTENT = IssueContent(
    "2026-W47", date(2026, 11, 16), "A subject", "A preheader", "Intro with “quotes”", (FULL, BRIEF), (BRIEF,)
)


def test_the_content_that_is_kept_with_an_issue_reads_back_as_it_was() -> None:
    assert from_manifest(to_manifest(CONTENT)) == CONTENT
    empty = replace(CONTENT, intro="", items=(), voted=())
    assert from_manifest(to_manifest(empty)) == empty


def test_the_content_is_kept_under_names_that_later_versions_must_read() -> None:
    kept = json.loads(to_manifest(CONTENT))
    assert {name: kept[name] for name in kept if name not in ("items", "voted")} == {
        "key": "2026-W47",
        "day": "2026-11-16",
        "subject": "A subject",
        "preheader": "A preheader",
        "intro": "Intro with “quotes”",
    }
    first, second = kept["items"]
    assert first["comparison"]["slug"] == "a-vs-b"
    assert (first["section"], first["url"]) == ("changed", "https://example.com/a-vs-b")
    assert first["before"] == {"a": "Ship", "b": "Mixed"}
    assert (second["section"], second["before"]) == ("brief", {})
    assert [item["url"] for item in kept["voted"]] == ["https://e.com/c"]


def test_content_that_was_kept_before_readers_voted_still_reads() -> None:
    kept = json.loads(to_manifest(CONTENT))
    del kept["voted"]
    assert from_manifest(json.dumps(kept)) == replace(CONTENT, voted=())


def test_when_a_verdict_changed_and_how_readers_voted_is_kept_where_it_is_known() -> None:
    first = replace(CONTENT.items[0], changed_on=date(2026, 11, 14), before_scores=(("a", "Skeptic", 72),))
    content = replace(CONTENT, items=(first, *CONTENT.items[1:]), voted=CONTENT.items[1:])
    kept = json.loads(to_manifest(content))
    assert kept["items"][0]["changed_on"] == "2026-11-14"
    assert kept["items"][0]["before_scores"] == [["a", "Skeptic", 72]]
    assert [item["section"] for item in kept["voted"]] == ["brief"]
    assert from_manifest(json.dumps(kept)) == content


def test_what_changed_is_read_back_in_one_order_whatever_the_order_it_was_kept_in() -> None:
    kept = json.loads(to_manifest(CONTENT))
    kept["items"][0]["before"] = {"b": "Mixed", "a": "Ship"}
    assert from_manifest(json.dumps(kept)) == CONTENT


@pytest.mark.parametrize("kind", [Item, Publication, IssueContent, Slot, Counts, Issue, WeeklyRule])
def test_what_an_issue_is_made_of_cannot_be_changed_in_place(kind: Any) -> None:
    one = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(one, fields(kind)[0].name, "changed")
    assert not hasattr(one, "__dict__")


def test_a_publication_may_do_without_an_address_and_a_panel() -> None:
    assert Publication("Verdicts", "https://example.com") == Publication("Verdicts", "https://example.com", "", "")
