from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.errors import InputError
from newsletter.issues import Item
from newsletter.rendering.words import (
    PREHEADER_LIMITS,
    SUBJECT_LIMIT,
    Lean,
    changes,
    in_mail_order,
    lean,
    lean_sentence,
    one_line,
    propose_preheader,
    propose_subject,
    sentences,
    shorten,
    summary,
)
from newsletter.selection import Section


def test_the_higher_share_leads_and_its_evidence_comes_first(week: ModuleType) -> None:
    comparison = week.item(week.KESTREL, week.PLUMBLINE).comparison
    assert lean(comparison) == Lean(1, "4–0 against 3–1")
    assert lean_sentence(comparison) == "The panel leans Plumbline: 4–0 against 3–1."


def test_evidence_is_shares_where_one_side_has_no_counts(week: ModuleType) -> None:
    shares = week.tool("Quillon", panel=PanelVerdict(Label.SHIP, 90))
    assert lean(week.item(shares, week.KESTREL).comparison) == Lean(0, "90% against 75%")


def test_evidence_is_labels_where_one_side_has_no_share(week: ModuleType) -> None:
    labelled = week.tool("Quillon", panel=PanelVerdict(Label.MIXED))
    assert lean(week.item(labelled, week.KESTREL).comparison) == Lean(1, "Ship against Mixed")


def test_equal_shares_are_decided_by_a_score_gap_of_three(week: ModuleType) -> None:
    high, low = week.tool("High", "83+ 83+"), week.tool("Low", "80+ 80+")
    assert lean(week.item(low, high).comparison) == Lean(1, "mean score 83 against 80")


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


@pytest.mark.parametrize("marks", ["", "80+ 70-"])
def test_nothing_is_said_of_the_lean_where_one_side_is_unknown(week: ModuleType, marks: str) -> None:
    comparison = week.item(week.tool("One", marks), week.tool("Other")).comparison
    assert lean(comparison) is None
    assert lean_sentence(comparison) is None


def test_changes_name_only_the_sides_whose_label_is_another_now(week: ModuleType) -> None:
    before = [("kestrel", "Skip"), ("plumbline", "Ship"), ("elsewhere", "Skip")]
    assert changes(week.item(week.KESTREL, week.PLUMBLINE, before=before)) == {"kestrel": "was Skip, now Ship"}


def test_a_lost_verdict_is_a_change_too(week: ModuleType) -> None:
    item = week.item(week.tool("One"), week.KESTREL, before=[("one", "Ship")])
    assert changes(item) == {"one": "was Ship, now without a verdict"}


def test_changed_verdicts_come_first_and_briefs_last(week: ModuleType) -> None:
    brief, full, changed = (week.item(week.KESTREL, week.PLUMBLINE, section) for section in reversed(Section))
    assert in_mail_order([brief, full, changed, full]) == [changed, full, full, brief]


def test_the_summary_counts_a_tool_once_by_its_slug(week: ModuleType) -> None:
    items = [week.item(week.KESTREL, week.PLUMBLINE), week.item(week.PLUMBLINE, week.tool("Quillon"))]
    assert summary(items) == "Three tools: two Ship, one without a verdict."


def test_the_summary_says_when_one_tool_was_judged_both_ways(week: ModuleType) -> None:
    other = replace(week.KESTREL, panel=PanelVerdict(Label.SKIP, 25))
    items = [week.item(week.KESTREL, week.PLUMBLINE), week.item(other, week.tool("Quillon", "+ -"))]
    assert summary(items) == "Three tools: one Ship, one Mixed, one judged both ways."


def test_a_summary_without_verdicts_only_counts(week: ModuleType) -> None:
    assert summary([week.item(week.tool("One"), week.tool("Two"))]) == "Two tools."


def test_a_summary_of_many_tools_uses_digits_throughout(week: ModuleType) -> None:
    items = [week.item(week.tool(f"A{n}", "+"), week.tool(f"B{n}", "-")) for n in range(7)]
    assert summary(items) == "14 tools: 7 Ship, 7 Skip."


def test_a_subject_names_the_first_pair_and_counts_the_rest(week: ModuleType) -> None:
    pair, brief = week.item(week.PLUMBLINE, week.KESTREL), week.item(week.tool("A"), week.tool("B"), Section.BRIEF)
    assert propose_subject([brief, pair]) == "Plumbline vs Kestrel, and 1 more verdict"
    assert propose_subject([pair, *[brief] * 7]) == "Plumbline vs Kestrel, and 7 more verdicts"


def test_a_single_comparison_says_whom_the_panel_leans_to(week: ModuleType) -> None:
    assert (
        propose_subject([week.item(week.PLUMBLINE, week.KESTREL)]) == "Plumbline vs Kestrel: the panel leans Plumbline"
    )
    assert propose_subject([week.item(week.tool("A"), week.tool("B"))]) == "A vs B"


def test_a_changed_verdict_is_the_subject(week: ModuleType) -> None:
    item = week.item(week.KESTREL, week.PLUMBLINE, Section.CHANGED, [("plumbline", "Skip")])
    assert propose_subject([item]) == "Plumbline: was Skip, now Ship"


def test_long_names_are_cut_at_a_word_until_the_subject_fits(week: ModuleType) -> None:
    item = week.item(
        week.tool("Understudy 3.0 by Halfmoon Instruments"), week.tool("The Very Long Name Of A Small Tool")
    )
    subject = propose_subject([item, item, item])
    assert subject == "Understudy 3.0… vs The Very Long…, and 2 more verdicts"
    short = propose_subject([week.item(week.tool("Owl"), week.tool("The Very Long Name Of A Tool " * 3))])
    assert short == "Owl vs The Very Long Name Of A Tool The Very Long Name Of A…"


def test_the_preheader_is_a_second_fact(week: ModuleType) -> None:
    first, second = week.item(week.tool("A", "+"), week.tool("B", "-")), week.item(week.KESTREL, week.PLUMBLINE)
    assert propose_preheader([first, second]) == "The panel leans Plumbline: 4–0 against 3–1."
    tie = week.item(week.tool("C", "+"), week.tool("D", "+"))
    assert propose_preheader([first, tie]) == "No lean in C vs D. Four tools: three Ship, one Skip."


def test_the_preheader_of_the_thinnest_issue_is_long_enough_and_invents_nothing(week: ModuleType) -> None:
    item = week.item(week.tool("A"), week.tool("B"))
    assert propose_preheader([item]) == "Two tools. Both sides, side by side, on one page."
    named = week.item(week.tool("A", category="Developer Tools"), week.tool("B"))
    assert propose_preheader([named]) == "Two tools. One comparison in Developer Tools."
    assert propose_preheader([item, week.item(week.tool("C" * 90), week.tool("D"))]) == (
        "Four tools. Both sides, side by side, on one page."
    )


@pytest.mark.parametrize("propose", [propose_subject, propose_preheader])
def test_an_empty_issue_has_no_subject(propose: object) -> None:
    with pytest.raises(InputError, match="no comparison"):
        propose([])  # type: ignore[operator]


NAMES = st.text(min_size=1, max_size=120).filter(lambda name: bool(one_line(name)))
SIDES = st.builds(
    Tool,
    name=NAMES,
    slug=st.sampled_from(["a", "b", "c"]),
    panel=st.none() | st.builds(PanelVerdict, label=st.sampled_from(Label), share=st.none() | st.integers(0, 100)),
    category=st.none() | NAMES,
)
ITEMS = st.builds(
    Item,
    comparison=st.builds(Comparison, slug=st.just("x"), sides=st.tuples(SIDES, SIDES)),
    section=st.sampled_from(Section),
    url=st.just("https://example.org/x"),
    before=st.just((("a", "Ship"),)),
)


@given(st.lists(ITEMS, min_size=1, max_size=25))
def test_proposals_always_fit_an_inbox_line(items: list[Item]) -> None:
    subject, preheader = propose_subject(items), propose_preheader(items)
    assert 1 <= len(subject) <= SUBJECT_LIMIT
    assert subject == one_line(subject)
    assert PREHEADER_LIMITS[0] <= len(preheader) <= PREHEADER_LIMITS[1]


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
