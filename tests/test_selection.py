"""The week's choice: the same from any order, every candidate once with its reason, limits and caps held."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.selection import (
    Candidate,
    Choice,
    Outcome,
    Rules,
    Section,
    Selection,
    choose_week,
    gap_of,
    heat_of,
    split_of,
)
from tests.fakes.candidates import candidate, only, slugs, tool

ANY = Rules(minimum=1)
SHARES = st.one_of(st.none(), st.sampled_from([0, 25, 33, 50, 67, 75, 100]))
SCORES = st.one_of(st.none(), st.integers(0, 100))


@st.composite
def weeks(draw: st.DrawFn) -> list[Candidate]:
    found = []
    for number in range(draw(st.integers(0, 14))):
        slug = f"tool-{number}"
        sent = draw(st.one_of(st.none(), st.none(), st.sampled_from([{slug: "Ship"}, {slug: "Skip"}, {}])))
        found.append(
            candidate(
                slug,
                (draw(SHARES), draw(SHARES)),
                (draw(SCORES), draw(SCORES)),
                draw(st.sampled_from([None, "Tools", "Writing"])),
                draw(st.integers(0, 3)),
                draw(st.integers(0, 6)),
                sent,
            )
        )
    return found


RULES = st.builds(
    Rules,
    full=st.integers(1, 5),
    brief=st.integers(0, 5),
    minimum=st.integers(1, 5),
    cap_per_category=st.one_of(st.none(), st.integers(1, 3)),
    wait_issues=st.integers(0, 5),
)


@given(weeks(), RULES, st.randoms())
def test_any_order_of_the_same_candidates_gives_the_same_selection(
    week: list[Candidate], rules: Rules, chance: random.Random
) -> None:
    shuffled = list(week)
    chance.shuffle(shuffled)
    assert choose_week(shuffled, rules) == choose_week(week, rules)


@given(weeks(), RULES)
def test_every_candidate_is_in_it_once_with_a_sentence_and_every_limit_holds(
    week: list[Candidate], rules: Rules
) -> None:
    selection = choose_week(week, rules)
    assert sorted(slugs(selection)) == sorted(each.comparison.slug for each in week)
    for choice in selection.choices:
        assert choice.reason.startswith("In" if choice.outcome is Outcome.IN else "Out")
        assert choice.reason.endswith(".")
        assert (choice.section is None) is (choice.outcome is not Outcome.IN)
    chosen = selection.chosen
    assert len([each for each in chosen if each.section is not Section.BRIEF]) <= rules.full
    assert len([each for each in chosen if each.section is Section.BRIEF]) <= rules.brief
    if rules.cap_per_category is not None:
        for category in ("Tools", "Writing"):
            there = [each for each in chosen if each.candidate.comparison.category == category]
            assert len(there) <= rules.cap_per_category
    assert bool(selection.skip_reason) is (not chosen)
    assert not chosen or len(chosen) >= min(rules.minimum, rules.full + rules.brief)


@given(weeks(), RULES)
def test_nothing_that_was_sent_comes_back_unchanged_and_nothing_comes_after_its_time(
    week: list[Candidate], rules: Rules
) -> None:
    for choice in choose_week(week, rules).choices:
        each = choice.candidate
        if each.sent_labels is not None:
            assert (choice.outcome is Outcome.SENT) is (not each.changes)
            assert choice.outcome is not Outcome.EXPIRED
        else:
            assert (choice.outcome is Outcome.EXPIRED) is (each.waited > rules.wait_issues)


@given(weeks(), RULES)
def test_changed_verdicts_lead_and_those_in_full_come_before_those_in_brief(
    week: list[Candidate], rules: Rules
) -> None:
    selection = choose_week(week, rules)
    changed = [bool(choice.candidate.changes) for choice in selection.choices]
    assert changed == sorted(changed, reverse=True)
    sections = [list(Section).index(choice.section) for choice in selection.chosen if choice.section]
    assert sections == sorted(sections)


def test_a_split_is_0_for_unanimous_panels_100_for_half_and_half_and_that_of_the_more_split_one() -> None:
    assert split_of(candidate("a", (100, 0)).comparison) == 0
    assert split_of(candidate("a", (75, 100)).comparison) == 50
    assert split_of(candidate("a", (100, 25)).comparison) == 50
    assert split_of(candidate("a", (50, 75)).comparison) == 100
    assert split_of(candidate("a", (33, None)).comparison) == 66
    assert split_of(candidate("a").comparison) == 0


def test_a_gap_is_four_times_that_of_the_mean_scores_and_100_at_most() -> None:
    assert gap_of(candidate("a", scores=(80, 75)).comparison) == 20.0
    assert gap_of(candidate("a", scores=(60, 75)).comparison) == 60.0
    assert gap_of(candidate("a", scores=(75, 50)).comparison) == 100.0
    assert gap_of(candidate("a", scores=(90, 40)).comparison) == 100.0
    assert gap_of(candidate("a", scores=(0, 0)).comparison) == 0.0


def test_shares_stand_in_for_scores_that_are_missing_on_either_side() -> None:
    assert gap_of(candidate("a", (75, 50), (90, None)).comparison) == 25.0
    assert gap_of(candidate("a", (50, 75), (None, 90)).comparison) == 25.0
    assert gap_of(candidate("a", (75, 50), (80, 80)).comparison) == 0.0
    assert gap_of(candidate("a", (75, None), (90, None)).comparison) == 0.0
    assert gap_of(candidate("a").comparison) == 0.0


def test_a_panel_that_gives_only_its_label_has_no_share_to_rank_by() -> None:
    sides = (Tool("A", "a", panel=PanelVerdict(Label.SHIP)), tool("b", 50))
    assert gap_of(Comparison("a-vs-b", sides)) == 0.0
    assert heat_of(Comparison("a-vs-b", sides)) == 100.0


def test_heat_is_split_plus_gap() -> None:
    assert heat_of(candidate("a", (75, 100), (80, 75)).comparison) == 70.0


def test_the_ranking_is_changed_then_heat_then_the_newer_then_the_slug() -> None:
    week = [
        candidate("cold-new-b", days=0),
        candidate("cold-new-a", days=0),
        candidate("a-cold-old", days=3),
        candidate("warm", (75, 75), days=9),
        candidate("hot", (50, 100), days=9),
        candidate("changed", (100, 100), days=9, sent={"changed": "Skip"}),
    ]
    ranked = ["changed", "hot", "warm", "cold-new-a", "cold-new-b", "a-cold-old"]
    assert slugs(choose_week(week, ANY)) == ranked
    assert slugs(choose_week(week, Rules(minimum=9))) == ranked


def test_the_hottest_come_in_full_the_next_in_brief_and_the_rest_wait() -> None:
    week = [candidate(f"t{number}", (100, 100 - number)) for number in range(5)]
    selection = choose_week(week, Rules(full=2, brief=1, minimum=1))
    assert [(each.candidate.comparison.slug, each.section) for each in selection.chosen] == [
        ("t4", Section.FULL),
        ("t3", Section.FULL),
        ("t2", Section.BRIEF),
    ]
    assert only(selection, "t1").outcome is Outcome.WAITING
    assert only(selection, "t1").reason == (
        "Out this week: 3 rank higher and the issue is full; it may wait for 4 issues more."
    )
    assert selection.skip_reason == ""


def test_the_defaults_are_five_in_full_ten_in_brief_three_at_least_no_cap_and_four_issues() -> None:
    assert Rules() == Rules(full=5, brief=10, minimum=3, cap_per_category=None, wait_issues=4)
    week = [candidate(f"t{number:02}", category="Tools") for number in range(20)]
    sections = [each.section for each in choose_week(week, Rules()).chosen]
    assert sections == [Section.FULL] * 5 + [Section.BRIEF] * 10


@pytest.mark.parametrize(
    ("there", "found"), [(0, "There is nothing"), (1, "There is one comparison"), (2, "There are 2 comparisons")]
)
def test_too_little_skips_the_week_with_a_reason_and_everything_waits(there: int, found: str) -> None:
    selection = choose_week([candidate(f"t{number}") for number in range(there)], Rules(minimum=3))
    assert selection.skip_reason == f"{found} to send, and the minimum is 3."
    assert selection.chosen == ()
    for choice in selection.choices:
        assert choice.outcome is Outcome.WAITING
        assert choice.reason == "Out this week: the week is skipped; it may wait for 4 issues more."


def test_exactly_the_minimum_is_enough() -> None:
    assert len(choose_week([candidate("a"), candidate("b"), candidate("c")], Rules(minimum=3)).chosen) == 3


def test_what_was_sent_or_has_expired_does_not_count_towards_the_minimum() -> None:
    week = [candidate("a"), candidate("old", waited=5), candidate("sent", (100, 100), sent={"sent": "Ship"})]
    assert choose_week(week, Rules(minimum=2)).skip_reason == ("There is one comparison to send, and the minimum is 2.")


def test_a_cap_leaves_the_place_to_other_categories_and_none_is_no_category() -> None:
    week = [
        candidate("a", (50, 50), category="Tools"),
        candidate("b", (75, 75), category="Tools"),
        candidate("c", category="Writing"),
        candidate("d", days=1),
        candidate("e", days=2),
    ]
    selection = choose_week(week, Rules(full=1, brief=9, minimum=1, cap_per_category=1))
    assert [each.candidate.comparison.slug for each in selection.chosen] == ["a", "c", "d", "e"]
    assert only(selection, "b").reason == (
        "Out this week: the cap of 1 for Tools is reached; it may wait for 4 issues more."
    )


def test_a_cap_that_leaves_fewer_than_the_minimum_skips_the_week() -> None:
    week = [candidate(name, category="Tools") for name in "abc"]
    selection = choose_week(week, Rules(full=1, minimum=3, cap_per_category=2))
    assert selection.chosen == ()
    assert selection.skip_reason == (
        "There are 3 comparisons to send, the cap of 2 for each category leaves 2, and the minimum is 3."
    )
    assert {choice.outcome for choice in selection.choices} == {Outcome.WAITING}
    assert len(choose_week(week, Rules(minimum=2, cap_per_category=2)).chosen) == 2


def test_an_issue_that_is_full_is_enough_however_high_the_minimum() -> None:
    selection = choose_week([candidate(name) for name in "abc"], Rules(full=1, brief=1, minimum=3))
    assert len(selection.chosen) == 2


def test_one_that_waited_too_long_expires_and_is_told_before() -> None:
    reasons = {}
    for waited in range(6):
        week = [candidate("hot", (50, 50)), candidate("cold", waited=waited)]
        choice = only(choose_week(week, Rules(full=1, brief=0, minimum=1)), "cold")
        reasons[waited] = (choice.outcome, choice.reason.rpartition("; ")[2])
    assert reasons == {
        0: (Outcome.WAITING, "it may wait for 4 issues more."),
        1: (Outcome.WAITING, "it may wait for 3 issues more."),
        2: (Outcome.WAITING, "it may wait for 2 issues more."),
        3: (Outcome.WAITING, "the next issue is its last chance."),
        4: (Outcome.WAITING, "this was its last chance, it expires now."),
        5: (Outcome.EXPIRED, "Out for good: it waited 4 issues without a place."),
    }


def test_a_single_issue_to_wait_is_written_as_one() -> None:
    selection = choose_week([candidate("a"), candidate("b", waited=2)], Rules(minimum=1, wait_issues=1))
    assert only(selection, "b").reason == "Out for good: it waited one issue without a place."


def test_one_that_waited_until_its_last_issue_still_gets_in() -> None:
    assert only(choose_week([candidate("a", waited=4)], ANY), "a").outcome is Outcome.IN


def test_what_was_sent_is_out_unless_a_verdict_changed() -> None:
    week = [
        candidate("same", (100, 0), sent={"same": "Ship", "same-b": "Skip"}),
        candidate("flipped", (0, 50), sent={"flipped": "Ship", "flipped-b": "Ship"}, waited=9),
        candidate("lost", sent={"lost": "Ship"}),
    ]
    selection = choose_week(week, ANY)
    assert only(selection, "same").outcome is Outcome.SENT
    assert only(selection, "same").reason == "Out: it was sent before and its verdicts are the same."
    assert only(selection, "lost").outcome is Outcome.SENT
    flipped = only(selection, "flipped")
    assert flipped.section is Section.CHANGED
    assert flipped.reason == (
        "In as changed verdict, place 1: Flipped went from Ship to Skip; Flipped-B went from Ship to Mixed"
        " since it was last sent."
    )


def test_a_verdict_that_is_new_where_there_was_none_is_no_change() -> None:
    assert candidate("a", (100, 0), sent={"a": "Ship"}).changes == []
    assert candidate("a", (100, 0)).changes == []


def test_changed_verdicts_beyond_the_full_places_come_in_brief_and_beyond_those_wait_without_expiring() -> None:
    week = [candidate(name, (100, 100), sent={name: "Skip"}, waited=9) for name in "abc"]
    selection = choose_week(week, Rules(full=1, brief=1, minimum=1))
    assert [each.section for each in selection.choices] == [Section.CHANGED, Section.BRIEF, None]
    assert selection.choices[1].reason.startswith("In as changed verdict, place 2: ")
    assert selection.choices[2].reason == (
        "Out this week: 2 rank higher and the issue is full; it waits for the next issue."
    )


@pytest.mark.parametrize("kind", [Rules, Candidate, Choice, Selection])
def test_a_choice_once_made_cannot_be_changed_in_place(kind: Any) -> None:
    one = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(one, fields(kind)[0].name, "changed")
    assert not hasattr(one, "__dict__")


def test_sections_and_outcomes_are_kept_under_these_words() -> None:
    assert [str(section) for section in Section] == ["changed", "full", "brief"]
    assert [str(outcome) for outcome in Outcome] == ["in", "waiting", "expired", "sent"]
