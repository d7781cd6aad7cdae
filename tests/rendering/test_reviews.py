from __future__ import annotations

from types import ModuleType

import pytest

from newsletter.comparisons.model import Review, Verdict
from newsletter.rendering.reviews import (
    QUOTE_LIMIT,
    Aside,
    ScoreCell,
    ScoreRow,
    choose_quotes,
    score_asides,
    score_rows,
    stands_alone,
    widest_gap,
)

LONG = "Everything here is one sentence that runs on and on " * 6


def rows_of(week: ModuleType, *sides: object) -> tuple[ScoreRow, ...]:
    comparison = week.item(*sides).comparison
    return score_rows(comparison, {side.name: side.name for side in comparison.sides})


def test_rows_follow_the_page_with_both_marks_and_the_gap(week: ModuleType) -> None:
    rows = rows_of(week, week.PLUMBLINE, week.KESTREL)
    assert [(row.reviewer, row.gap) for row in rows] == [
        ("Builder", "Plumbline +4"),
        ("Skeptic", "Plumbline +7"),
        ("Futurist", "Kestrel +9"),
        ("Founder", "SPLIT"),
    ]
    assert [row.split for row in rows] == [False, False, False, True]
    assert rows[3].cells == (ScoreCell(74, Verdict.SHIP), ScoreCell(52, Verdict.SKIP))


def test_up_to_two_points_are_even(week: ModuleType) -> None:
    rows = rows_of(week, week.tool("One", "80+ 80+ 80+"), week.tool("Two", "80+ 82+ 83+"))
    assert [row.gap for row in rows] == ["even", "even", "Two +3"]


def test_a_gap_names_its_owner_by_the_name_that_is_short_in_this_issue(week: ModuleType) -> None:
    comparison = week.item(week.tool("SmolVLM2 Turbo", "72+"), week.tool("Gemma 3n", "52+")).comparison
    assert score_rows(comparison, {"SmolVLM2 Turbo": "SmolVLM2"})[0].gap == "SmolVLM2 +20"


def test_without_scores_a_row_holds_verdicts_only(week: ModuleType) -> None:
    rows = rows_of(week, week.tool("One", "+ + -"), week.tool("Two", "+ - -"))
    assert [row.gap for row in rows] == ["both ship", "SPLIT", "both skip"]
    assert rows[0].cells == (ScoreCell(None, Verdict.SHIP),) * 2


def test_a_reviewer_of_one_tool_stands_beneath_and_not_in_a_row(week: ModuleType) -> None:
    comparison = week.item(week.tool("One", "80+"), week.tool("Two")).comparison
    assert score_rows(comparison, {}) == ()
    assert score_asides(comparison) == (Aside("On One only", (("Builder", ScoreCell(80, Verdict.SHIP)),)),)


def test_reviews_without_names_make_no_rows_and_nobody_is_invented(week: ModuleType) -> None:
    one = week.tool("One", reviews=(Review("Builder", 80), Review(score=70, verdict=Verdict.SHIP), Review(score=60)))
    two = week.tool("Two", reviews=(Review(score=50, verdict=Verdict.SKIP),))
    comparison = week.item(one, two).comparison
    assert score_rows(comparison, {}) == ()
    assert score_asides(comparison) == (
        Aside("On One only", (("Builder", ScoreCell(80, None)),)),
        Aside("One, reviewers not named", ((None, ScoreCell(70, Verdict.SHIP)), (None, ScoreCell(60, None)))),
        Aside("Two, reviewers not named", ((None, ScoreCell(50, Verdict.SKIP)),)),
    )


def test_a_score_against_a_verdict_is_no_row_for_nothing_can_be_compared(week: ModuleType) -> None:
    one = week.tool("One", reviews=(Review("Builder", 80),))
    two = week.tool("Two", reviews=(Review("Builder", verdict=Verdict.SHIP),))
    comparison = week.item(one, two).comparison
    assert score_rows(comparison, {}) == ()
    assert [aside.words for aside in score_asides(comparison)] == ["On One: Builder 80", "On Two: Builder ship"]


def test_reviews_with_words_only_make_no_row(week: ModuleType) -> None:
    words = week.tool("One", reviews=(Review(text="Only words."), Review("Builder", text="More words.")))
    assert rows_of(week, words, words) == ()
    assert score_asides(week.item(words, words).comparison) == ()


def test_two_reviews_by_one_name_are_two_rows(week: ModuleType) -> None:
    twice = week.tool("One", reviews=(Review("Builder", 80), Review("Builder", 60)))
    comparison = week.item(twice, week.tool("Two", "50-")).comparison
    assert [[cell.score for cell in row.cells] for row in score_rows(comparison, {})] == [[80, 50]]
    assert score_asides(comparison) == (Aside("On One", (("Builder", ScoreCell(60, None)),)),)


def test_the_widest_gap_is_a_split_else_the_most_points_else_nothing(week: ModuleType) -> None:
    assert widest_gap(rows_of(week, week.PLUMBLINE, week.KESTREL)) == "Founder splits"
    assert widest_gap(rows_of(week, week.tool("One", "80+ 60+"), week.tool("Two", "70+ 90+"))) == "Skeptic: Two +30"
    assert widest_gap(rows_of(week, week.tool("One", "80+"), week.tool("Two", "82+"))) is None


def quoted(week: ModuleType, *sides: object) -> list[tuple[str | None, str] | None]:
    return [quote and (quote.reviewer, quote.text) for quote in choose_quotes(week.item(*sides).comparison)]


def test_the_reviewer_with_opposed_verdicts_is_quoted_on_both_sides(week: ModuleType) -> None:
    left, right = choose_quotes(week.item(week.PLUMBLINE, week.KESTREL).comparison)
    assert left
    assert right
    assert (left.reviewer, right.reviewer) == ("Founder", "Founder")
    assert left.text == "The buyer is a team lead with a card and no procurement department."
    assert (left.cell, right.cell) == (ScoreCell(74, Verdict.SHIP), ScoreCell(52, Verdict.SKIP))
    assert (left.dissents, right.dissents) == (False, True)


def test_no_sentence_is_quoted_twice(week: ModuleType) -> None:
    left, right = choose_quotes(week.item(week.PLUMBLINE, week.KESTREL).comparison)
    assert left
    assert right
    assert left.text != right.text


def test_without_opposed_verdicts_the_widest_gap_speaks(week: ModuleType) -> None:
    found = quoted(week, week.tool("One", "80+ 60+"), week.tool("Two", "78+ 90+"))
    assert [quote and quote[0] for quote in found] == ["Skeptic", "Skeptic"]


def test_without_any_gap_the_first_sentence_that_limits_or_warns_is_quoted(week: ModuleType) -> None:
    praise = "Setup is a folder of plain files that anyone can read."
    warning = "A repository without good tests gets very little from such a tool."
    one = week.tool("One", reviews=(Review("Builder", text=praise), Review("Skeptic", text=f"{praise} {warning}")))
    assert quoted(week, one, week.tool("Two")) == [("Skeptic", warning), None]
    assert quoted(week, week.tool("One", reviews=(Review(text=praise),)), week.tool("Two")) == [(None, praise), None]


def test_a_reviewer_without_a_sentence_that_stands_alone_is_passed_over(week: ModuleType) -> None:
    one = week.tool("One", reviews=(Review("Founder", 90, Verdict.SHIP, LONG), Review("Builder", text=LONG)))
    two = week.tool(
        "Two",
        reviews=(
            Review("Founder", 40, Verdict.SKIP, "This is far too little to build a whole business on, I fear."),
            Review("Builder", text="Short. Setup is a folder of plain files that anyone can read."),
        ),
    )
    assert quoted(week, one, two) == [None, ("Builder", "Setup is a folder of plain files that anyone can read.")]


def test_no_quote_is_cut(week: ModuleType) -> None:
    unfinished = week.tool("Two", reviews=(Review("B", text="A sentence that was cut somewhere on its way to"),))
    assert quoted(week, week.tool("One", reviews=(Review("Builder", text=LONG),)), unfinished) == [None, None]
    assert len(LONG) > QUOTE_LIMIT


def test_no_words_make_no_quote(week: ModuleType) -> None:
    assert quoted(week, week.tool("One"), week.tool("Two", reviews=(Review("B", 1),))) == [None, None]


@pytest.mark.parametrize(
    "sentence",
    [
        "This is it.",
        "“It works.”",
        "the answer is no",
        "Still, fine.",
        "But why?",
        'He said "no.',
        "An “open mark.",
        "A (paren.",
    ],
)
def test_a_sentence_that_leans_on_the_one_before_does_not_stand_alone(sentence: str) -> None:
    assert not stands_alone(sentence)


@pytest.mark.parametrize("sentence", ["Setup is easy.", "Thistle grows.", 'Call it "good".', "Item one stands."])
def test_a_sentence_with_its_own_subject_stands_alone(sentence: str) -> None:
    assert stands_alone(sentence)
