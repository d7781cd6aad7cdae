"""Saved pages that contradict themselves, are cut or are none: refused with what is wrong, and in time."""

import random
import re
import time

import pytest

from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.model import Label, PanelVerdict, Verdict
from tests.comparisons.reading import notes, read, reasons, swap

SHIP, SKIP = Verdict.SHIP, Verdict.SKIP


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("Ship\n\n75%", "Skip\n\n75%", "git-fathom: the card says Skip, the decision table says Ship."),
        ("Ship\n\n75%", "Ship\n\n90%", "git-fathom: The share is 90 %, but 3 ship / 1 skip is 75 %."),
        ("Ship\n\n75%", "175%", "git-fathom: a share of 175 % is more than 100."),
        ("84/100 · ship", "84/100 · skip", "git-fathom: The panel says 3 ship / 1 skip, but the reviews say Mixed"),
        ("84/100 · ship", "184/100 · ship", "A score of 184 is more than 100."),
        ("3 ship / 1 skip", "6 ship / 2 skip", "git-fathom: the panel has 8 votes, but the scorecard has 4 verdicts."),
        ("Builder\n84/100", "Some prose.\nBuilder\n84/100", "There is text above the first reviewer."),
        ("Skeptic\n", "", "A score stands here without the name of a reviewer above it."),
        ("harbourlight", "!?", None),
    ],
)
def test_a_page_that_contradicts_itself_is_refused(
    before: str, after: str, reason: str | None, named_page: str
) -> None:
    page = swap(named_page, (before, after))
    if reason is None:
        assert read(page).right.slug == "kettle"
        return
    assert any(each.startswith(reason) for each in reasons(page))


def test_names_that_make_no_slug_or_the_same_slug_are_refused(quoted_page: str) -> None:
    nameless = quoted_page.replace("v0 style 3.0 by Someone", "!!!")
    assert reasons(nameless) == ["The name '!!!' has no letter or digit to make a slug of."]
    twins = quoted_page.replace("v0 style 3.0 by Someone", "Plan-vs-Actual")
    assert reasons(twins) == ["Both names make the slug 'plan-vs-actual', so they would be one tool."]


def test_a_title_whose_names_no_card_carries_is_refused(named_page: str) -> None:
    page = swap(named_page, ("\nKettle (harbourlight)\n", "\nKettle\n"))
    assert reasons(page) == [
        "No two cards carry the two names of the title, 'git-fathom vs Kettle (harbourlight)'.",
    ]


def test_a_scorecard_of_neither_layout_is_refused_and_an_empty_one_is_noted(quoted_page: str) -> None:
    start, end = quoted_page.index("“"), quoted_page.index("Weekly AI Tool Verdicts")
    strange = quoted_page[:start] + "Somebody said it is good.\n" + quoted_page[end:]
    assert reasons(strange) == ["The scorecard has neither scores (like 84/100 · ship) nor quotes inside “ ”."]
    empty = quoted_page[:start] + quoted_page[end:]
    assert [side.reviews for side in read(empty).sides] == [(), ()]
    assert notes(empty) == ("The page has no reviews.",)


def test_quotes_whose_marks_do_not_pair_up_are_parted_by_their_lines(quoted_page: str) -> None:
    page = swap(quoted_page, ("sentence.\nColour", "sentence. Colour"))
    page = swap(page, ("habit and not", "“habit and not"), ("The value is", "The “value is"))
    left = read(page).left
    assert [(each.text or "")[:20] for each in left.reviews] == [
        "The nightly run is o", "Estimates are a “hab", "The “value is in the",
    ]  # fmt: skip
    dashed = swap(page, ("“Design systems", "—\n—\n“Design systems"))
    assert [len(side.reviews) for side in read(dashed).sides] == [3, 3]


def test_text_between_the_quotes_is_refused(quoted_page: str) -> None:
    page = swap(quoted_page, ("“Design", "An advertisement\n“Design"))
    parsed = parse_source(page, "page.txt")
    assert [reject.reason for reject in parsed.rejects] == ["There is text outside of the quotes in the scorecard."]
    assert page.split("\n")[parsed.rejects[0].line - 1] == "An advertisement"


def test_an_odd_quote_is_refused_even_where_nothing_was_cut(quoted_page: str) -> None:
    page = re.sub("“Design.*\n", "", quoted_page)
    assert reasons(page) == ["The page is not whole: the quote on the right beside quote 5 is missing."]
    assert len(read(page, partial=True).left.reviews) == 3


def test_named_reviews_without_the_decision_table_are_not_whole(named_page: str) -> None:
    start, end = named_page.index("Decision\n"), named_page.index("Reviewer scorecard")
    page = named_page[:start] + named_page[end:]
    assert reasons(page) == ["The page is not whole: the decision table is missing."]
    assert read(page, partial=True).left.panel == PanelVerdict(Label.SHIP, 75, 3, 1)


def test_a_card_without_its_lines_is_not_whole_and_the_lines_are_named(quoted_page: str) -> None:
    page = swap(quoted_page, ("25%\nPanel ship\n—\nCommunity\nFree\nEntry\nPlan vs Actual compares", "Plan compares"))
    assert reasons(page) == [
        "The page is not whole: the panel verdict, entry and description of Plan vs Actual are missing.",
    ]
    no_scorecard = swap(quoted_page, ("Reviewer scorecard\n", ""))
    assert reasons(no_scorecard) == ["The page is not whole: the reviewer scorecard is missing."]


@pytest.mark.parametrize("text", ["Hello", "{}", "AI tool\nA vs B", "Reviewer scorecard", "A vs B\nC"])
def test_a_text_without_a_page_says_so_and_what_a_page_starts_with(text: str) -> None:
    (reject,) = parse_source(text, "notes.md").rejects
    assert (reject.source, reject.line) == ("notes.md", 1)
    assert reject.reason.startswith("There is no comparison page in it")
    assert ".yaml" in reject.fix


def test_one_bad_page_does_not_hide_the_good_one(named_page: str, quoted_page: str) -> None:
    parsed = parse_source(named_page[:400] + "\n" + quoted_page, "page.txt")
    assert [each.comparison for each in parsed.located] == [read(quoted_page)]
    assert [reject.line < parsed.located[0].line for reject in parsed.rejects] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "a vs " * 200_000 + "b\n",
        "a vs " * 150 + "b\n" + "a\n" * 100_000 + "Panel ship\n" * 200,
        "A vs B\n" + "Panel ship\n" * 200_000,
        "A vs B\nA\nPanel ship\nEntry\nB\nPanel ship\nEntry\nReviewer scorecard\n" + "“x\n" * 100_000 + "“",
    ],
    ids=["title", "splits", "anchors", "quotes"],
)
def test_a_page_made_to_be_slow_is_refused_in_time(text: str) -> None:
    start = time.perf_counter()
    assert parse_source(f"AI tool comparison\n{text}", "page.txt").rejects
    assert time.perf_counter() - start < 5


def test_more_single_reviews_than_can_be_searched_are_refused(named_page: str) -> None:
    start, end = named_page.index("Builder\n"), named_page.index("Weekly AI Tool Verdicts")
    words = random.Random(7)
    many = "".join(
        f"Reviewer {chr(65 + place)}\n{words.randint(1, 99)}/100 · ship\nFirst.\nSecond.\n" for place in range(12)
    )
    found = reasons(named_page[:start] + many + named_page[end:])
    assert sum("nothing tells which tool" in reason for reason in found) == 12
