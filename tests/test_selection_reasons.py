"""The reason that stands beside a choice: the split panel, the gap of scores, the wait, and where it stands."""

from __future__ import annotations

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.selection import (
    Candidate,
    Rules,
    choose_week,
)
from tests.fakes.candidates import MONDAY, candidate, panel, tool

ANY = Rules(minimum=1)


def why(each: Candidate) -> str:
    return choose_week([each], ANY).choices[0].reason


def test_the_reason_names_the_split_panel_by_its_votes_or_its_share() -> None:
    assert why(candidate("a", (33, 100))) == (
        "In, in full, place 1: the panel is split on A (33 %), shares are 67 points apart, scores are missing"
        " (heat 133 of 200)."
    )
    sides = (tool("a", 100), Tool("B", "b", panel=panel(75, (3, 1))))
    assert why(Candidate(Comparison("a", sides), MONDAY)) == (
        "In, in full, place 1: the panel is split on B (3–1), shares are 25 points apart, scores are missing"
        " (heat 75 of 200)."
    )


def test_the_reason_names_the_side_that_is_split_more() -> None:
    assert "split on A-B (50 %)" in why(candidate("a", (25, 50)))
    assert "split on A (50 %)" in why(candidate("a", (50, 90)))
    assert "split on A-B (74 %)" in why(candidate("a", (25, 74)))
    assert "split on A (25 %)" in why(candidate("a", (25, 75)))


def test_the_reason_passes_over_a_panel_that_gives_only_its_label() -> None:
    sides = (Tool("A", "a", panel=PanelVerdict(Label.SHIP)), tool("b", 50))
    assert why(Candidate(Comparison("a", sides), MONDAY)) == (
        "In, in full, place 1: the panel is split on B (50 %) (heat 100 of 200)."
    )


def test_the_reason_names_the_gap_of_the_scores() -> None:
    assert why(candidate("a", (100, 100), (82, 75))) == (
        "In, in full, place 1: mean scores are 7 apart (heat 28 of 200)."
    )
    assert why(candidate("a", scores=(75, 82))) == "In, in full, place 1: mean scores are 7 apart (heat 28 of 200)."
    assert why(candidate("a", scores=(75, None))) == (
        "In, in full, place 1: no scores and no shares, so it ranks by date alone (heat 0 of 200)."
    )
    assert why(candidate("a", scores=(None, 75))).endswith("date alone (heat 0 of 200).")


def test_the_reason_says_how_long_it_waited_and_where_it_stands() -> None:
    week = [candidate("a", (50, 50)), candidate("b", waited=1), candidate("c", waited=2, days=1)]
    reasons = [choice.reason for choice in choose_week(week, Rules(full=1, minimum=1)).choices]
    assert reasons[1].startswith("In, in brief, place 2: ")
    assert reasons[1].endswith("; waited one issue.")
    assert reasons[2].startswith("In, in brief, place 3: ")
    assert reasons[2].endswith("; waited 2 issues.")


def test_one_that_has_a_single_share_is_not_said_to_rank_by_date_alone_when_it_is_split() -> None:
    assert why(candidate("a", (75, None))) == ("In, in full, place 1: the panel is split on A (75 %) (heat 50 of 200).")
