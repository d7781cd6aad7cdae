from __future__ import annotations

from types import ModuleType

import pytest

from newsletter.comparisons.model import Review, Verdict
from newsletter.rendering.reviews import QUOTE_LIMIT, ScoreCell, choose_quote, score_rows, stands_alone

LONG = "Everything here is one sentence that runs on and on " * 6


def test_rows_follow_the_page_and_mark_the_reviewer_who_is_split(week: ModuleType) -> None:
    rows = score_rows(week.item(week.PLUMBLINE, week.KESTREL).comparison)
    assert [row.reviewer for row in rows] == ["Builder", "Skeptic", "Futurist", "Founder"]
    assert [row.split for row in rows] == [False, False, False, True]
    assert rows[3].cells == (ScoreCell(74, Verdict.SHIP), ScoreCell(52, Verdict.SKIP))


def test_a_reviewer_missing_on_one_side_keeps_the_row(week: ModuleType) -> None:
    (row,) = score_rows(week.item(week.tool("One", "80+"), week.tool("Two")).comparison)
    assert row.cells == (ScoreCell(80, Verdict.SHIP), None)
    assert not row.split


def test_reviews_without_names_are_numbered_and_never_called_split(week: ModuleType) -> None:
    one = week.tool("One", reviews=(Review("Builder", 80), Review(score=70, verdict=Verdict.SHIP), Review(score=60)))
    two = week.tool("Two", reviews=(Review(score=50, verdict=Verdict.SKIP),))
    rows = score_rows(week.item(one, two).comparison)
    assert [row.reviewer for row in rows] == ["Builder", "Review 1", "Review 2"]
    assert not any(row.split for row in rows)


def test_reviews_with_words_only_make_no_row(week: ModuleType) -> None:
    words = week.tool("One", reviews=(Review(text="Only words."), Review("Builder", text="More words.")))
    assert score_rows(week.item(words, words).comparison) == ()


def test_two_reviews_by_one_name_are_two_rows(week: ModuleType) -> None:
    twice = week.tool("One", reviews=(Review("Builder", 80), Review("Builder", 60)))
    rows = score_rows(week.item(twice, week.tool("Two", "50-")).comparison)
    assert [[cell and cell.score for cell in row.cells] for row in rows] == [[80, 50], [60, None]]


def test_the_quote_is_the_dissenter_on_the_tool_they_skip(week: ModuleType) -> None:
    quote = choose_quote(week.item(week.PLUMBLINE, week.KESTREL).comparison)
    assert quote
    assert quote.source == "Founder on Kestrel"
    assert quote.text == "The buyer is a team lead with a card and no procurement department."


def test_without_a_dissenter_the_widest_gap_speaks_on_the_lower_score(week: ModuleType) -> None:
    quote = choose_quote(week.item(week.tool("One", "80+ 60+"), week.tool("Two", "78+ 90+")).comparison)
    assert quote
    assert quote.source == "Skeptic on One"


def test_a_reviewer_without_a_sentence_that_stands_alone_is_passed_over(week: ModuleType) -> None:
    one = week.tool("One", reviews=(Review("Founder", 90, Verdict.SHIP, LONG), Review("Builder", text=LONG)))
    two = week.tool(
        "Two",
        reviews=(
            Review("Founder", 40, Verdict.SKIP, "This is far too little to build a whole business on, I fear."),
            Review("Builder", text="Short. Setup is a folder of plain files that anyone can read."),
        ),
    )
    quote = choose_quote(week.item(one, two).comparison)
    assert quote
    assert quote.text == "Setup is a folder of plain files that anyone can read."
    assert quote.source == "Builder on Two"


def test_a_quote_without_a_known_reviewer_claims_none(week: ModuleType) -> None:
    text = "Setup is a folder of plain files that anyone can read."
    quote = choose_quote(week.item(week.tool("One"), week.tool("Two", reviews=(Review(text=text),))).comparison)
    assert quote
    assert quote.source == "From the panel, on Two"


def test_only_as_a_last_resort_a_paragraph_is_cut_at_a_word(week: ModuleType) -> None:
    quote = choose_quote(
        week.item(week.tool("One", reviews=(Review("Builder", text=LONG),)), week.tool("Two")).comparison
    )
    assert quote
    assert len(quote.text) <= QUOTE_LIMIT
    assert quote.text.endswith("…")
    assert LONG.startswith(quote.text[:-1] + " ")


def test_no_words_make_no_quote(week: ModuleType) -> None:
    assert choose_quote(week.item(week.tool("One"), week.tool("Two", reviews=(Review("B", 1),))).comparison) is None


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
