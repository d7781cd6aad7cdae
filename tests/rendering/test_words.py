from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comparisons.model import Label, PanelVerdict
from newsletter.rendering.words import Lean, changes, in_mail_order, lean, lean_sentence, one_line, sentences, shorten
from newsletter.selection import Section


def test_the_higher_share_leads_and_its_evidence_comes_first(week: ModuleType) -> None:
    comparison = week.item(week.KESTREL, week.PLUMBLINE).comparison
    assert lean(comparison) == Lean(1, "4–0 against 3–1")
    assert lean_sentence(comparison) == "Panel leans Plumbline: 4–0 against 3–1."


def test_evidence_is_shares_where_one_side_has_no_counts(week: ModuleType) -> None:
    shares = week.tool("Quillon", panel=PanelVerdict(Label.SHIP, 90))
    assert lean(week.item(shares, week.KESTREL).comparison) == Lean(0, "90% against 75%")


def test_evidence_is_labels_where_one_side_has_no_share(week: ModuleType) -> None:
    labelled = week.tool("Quillon", panel=PanelVerdict(Label.MIXED))
    assert lean(week.item(labelled, week.KESTREL).comparison) == Lean(1, "Ship against Mixed")


def test_equal_shares_are_decided_by_a_score_gap_of_three(week: ModuleType) -> None:
    high, low = week.tool("High", "83+ 83+"), week.tool("Low", "80+ 80+")
    assert lean(week.item(low, high).comparison) == Lean(1, "both 100%, mean score 83 against 80")


def test_a_score_gap_below_three_is_no_lean_and_says_what_both_share(week: ModuleType) -> None:
    comparison = week.item(week.tool("High", "82+ 82+"), week.tool("Low", "80+ 80+")).comparison
    assert lean_sentence(comparison) == "No lean: both 100%. Choose by job."


def test_equal_labels_without_shares_are_no_lean(week: ModuleType) -> None:
    one, other = (week.tool(name, panel=PanelVerdict(Label.SHIP)) for name in ("One", "Other"))
    assert lean(week.item(one, other).comparison) == Lean(None, "both Ship")


def test_scores_alone_can_lean_or_stand_close(week: ModuleType) -> None:
    assert lean(week.item(week.tool("One", "90"), week.tool("Other", "60")).comparison) == Lean(
        0, "mean score 90 against 60"
    )
    assert lean(week.item(week.tool("One", "61"), week.tool("Other", "60")).comparison) == Lean(
        None, "mean scores within 3 points"
    )


def test_where_one_side_is_unknown_there_is_no_lean_and_the_other_is_named(week: ModuleType) -> None:
    comparison = week.item(week.tool("One", "80+ 70-"), week.tool("Other")).comparison
    assert lean(comparison) == Lean(None, "only One is judged")
    assert lean_sentence(comparison) == "No lean: only One is judged. Choose by job."


def test_where_nothing_is_known_the_job_decides(week: ModuleType) -> None:
    comparison = week.item(week.tool("One"), week.tool("Other")).comparison
    assert lean(comparison) == Lean(None, "")
    assert lean_sentence(comparison) == "No lean: choose by job."


def test_changes_name_only_the_sides_whose_label_is_another_now(week: ModuleType) -> None:
    before = [("kestrel", "Skip"), ("plumbline", "Ship"), ("elsewhere", "Skip")]
    assert changes(week.item(week.KESTREL, week.PLUMBLINE, before=before)) == {"kestrel": "Skip → Ship"}


def test_a_lost_verdict_is_a_change_too(week: ModuleType) -> None:
    item = week.item(week.tool("One"), week.KESTREL, before=[("one", "Ship")])
    assert changes(item) == {"one": "Ship → no verdict"}


def test_a_change_says_when_it_came_and_which_score_moved_farthest(week: ModuleType) -> None:
    item = week.item(week.KESTREL, week.PLUMBLINE, before=[("kestrel", "Skip")])
    dated = replace(item, changed_on=date(2026, 11, 14))
    assert changes(dated) == {"kestrel": "Skip → Ship, 14 Nov"}
    then = (("kestrel", "Skeptic", 48), ("kestrel", "Builder", 80), ("kestrel", "Gone", 1), ("plumbline", "Skeptic", 1))
    assert changes(replace(dated, before_scores=then)) == {"kestrel": "Skip → Ship, 14 Nov; Skeptic 48 → 78"}
    assert changes(replace(item, before_scores=(("kestrel", "Builder", 84),))) == {"kestrel": "Skip → Ship"}


def test_changed_verdicts_come_first_and_briefs_last(week: ModuleType) -> None:
    brief, full, changed = (week.item(week.KESTREL, week.PLUMBLINE, section) for section in reversed(Section))
    assert in_mail_order([brief, full, changed, full]) == [changed, full, full, brief]


@given(st.text(max_size=80), st.integers(1, 60))
def test_a_shortened_text_never_exceeds_its_limit_and_is_a_beginning(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert text.startswith(short.removesuffix("…")) or short == text


def test_a_cut_does_not_part_a_letter_from_its_accent() -> None:
    assert shorten("e\u0301" * 5, 4) == "e\u0301…"


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One thing. Another thing!  A third?", ["One thing.", "Another thing!", "A third?"]),
        ('He said "no." Then yes.', ['He said "no."', "Then yes."]),
        ("Use it, e.g. Kestrel vs. Quillon from Halfmoon Inc. They differ.", None),
        ("Version 2.5 is out. iOS waits", None),
        ("短い文。次の文。", ["短い文。", "次の文。"]),
        ("First line\nof one. `Code` starts", ["First line of one.", "`Code` starts"]),
        ("", []),
    ],
)
def test_a_paragraph_is_cut_only_at_ends_of_sentences(paragraph: str, expected: list[str] | None) -> None:
    assert sentences(paragraph) == ([paragraph] if expected is None else expected)


def test_a_name_that_runs_right_to_left_keeps_what_follows_after_it(week: ModuleType) -> None:
    comparison = week.item(week.tool("קורא", "80+ 70+"), week.tool("Kestrel", "80+ 70-")).comparison
    assert lean_sentence(comparison) == "Panel leans קורא\u200e: 2–0 against 1–1."
    assert one_line(one_line("קורא 2")) == "קורא 2\u200e"
    assert one_line("קורא by Halfmoon") == "קורא by Halfmoon"
    assert one_line("文字") == "文字"
