"""Pages that were cut short: refused with the name of what is missing, or kept as far as they go."""

import dataclasses

import pytest

from newsletter.comparisons.formats import dump_json, dump_yaml, parse_source
from newsletter.comparisons.model import Comparison, Review

LAYOUTS = ("named_page", "quoted_page")


@pytest.fixture(params=LAYOUTS)
def page(request: pytest.FixtureRequest) -> str:
    text: str = request.getfixturevalue(request.param)
    return text


def cut_after(page: str, text: str) -> str:
    assert page.count(text) == 1
    return page[: page.index(text) + len(text)]


def reason(page: str) -> str:
    (reject,) = parse_source(page, "page.txt").rejects
    assert reject.line == len(page.rstrip().split("\n"))
    return reject.reason


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("AI tool comparison", "its heading: the names of the two tools and all that follows are missing."),
        (
            "Which one should you ship with?",
            "its title: the cards of both tools, the reviewer scorecard and all below it are missing.",
        ),
        (
            "why a line is the way it is",
            "the tagline of git-fathom: the panel verdict, entry and description of git-fathom, the card of the right "
            "tool, the reviewer scorecard and all below it are missing.",
        ),
        (
            "index stays on your machine.",
            "the description of git-fathom: the card of the right tool, the reviewer scorecard and all below it are "
            "missing.",
        ),
        (
            "Mixed\n\n50%",
            "the panel verdict of Kettle (harbourlight): the entry and description of Kettle (harbourlight), the "
            "reviewer scorecard and all below it are missing.",
        ),
        (
            "nothing was ever changed.",
            "the description of Kettle (harbourlight): the reviewer scorecard and all below it are missing.",
        ),
        ("Decision", "the heading of the decision table: the reviewer scorecard and all below it are missing."),
        (
            "$24 per seat and month",
            "the row Pricing of the decision table: the reviewer scorecard and all below it are missing.",
        ),
        (
            "Reviewer scorecard",
            "the scorecard's heading: the reviews and the newsletter box at its end are missing.",
        ),
        (
            "Builder",
            "the scorecard's heading: the reviews and the newsletter box at its end are missing.",
        ),
        (
            "58/100 · skip",
            "the score of the Skeptic's left review: the text of the Skeptic's left review, the Skeptic's right "
            "review, 2 more reviewers and the newsletter box at its end are missing.",
        ),
        (
            "it uses for a true one.",
            "the Skeptic's left review: the Skeptic's right review, 2 more reviewers and the newsletter box at its end "
            "are missing.",
        ),
        (
            "the price follows the seats.",
            "the Futurist's right review: one more reviewer and the newsletter box at its end are missing.",
        ),
        ("renewal talk will be short.", "the Founder's right review: the newsletter box at its end is missing."),
    ],
)
def test_a_truncated_page_is_rejected_and_names_what_is_missing(last: str, told: str, named_page: str) -> None:
    assert reason(cut_after(named_page, last)) == f"The page ends after {told}"


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (
            "has not failed",
            "the start of quote 1 (on the left): the end of quote 1, the quote on the right beside quote 1 and the "
            "newsletter box at its end are missing.",
        ),
        (
            "itself.”",
            "quote 1 (on the left): the quote on the right beside quote 1 and the newsletter box at its end are "
            "missing.",
        ),
        ("clear message.”", "quote 2 (on the right): the newsletter box at its end is missing."),
        (
            "after the tenth",
            "the start of quote 4 (on the right): the end of quote 4 and the newsletter box at its end are missing.",
        ),
    ],
)
def test_a_page_cut_in_its_quotes_names_the_quote(last: str, told: str, quoted_page: str) -> None:
    assert reason(cut_after(quoted_page, last)) == f"The page ends after {told}"


def test_a_newsletter_box_above_the_scorecard_is_no_proof_that_nothing_was_cut(named_page: str) -> None:
    text = cut_after(named_page, "renewal talk will be short.")
    text = text.replace("Reviewer scorecard", "Weekly AI Tool Verdicts\n\nReviewer scorecard")
    assert reason(text).endswith("the newsletter box at its end is missing.")


def test_a_page_cut_short_says_how_to_go_on(named_page: str) -> None:
    (late,) = parse_source(cut_after(named_page, "Decision"), "page.txt").rejects
    assert "--partial" in late.fix
    (early,) = parse_source(cut_after(named_page, "Freemium"), "page.txt").rejects
    assert "--partial" not in early.fix


def test_partial_never_keeps_a_page_without_both_cards(page: str) -> None:
    right_name = "Kettle (harbourlight)\n" if "harbourlight" in page else "v0 style 3.0 by Someone\n"
    upto = page.index(right_name, page.index("Entry"))
    for end in range(0, upto, 7):
        parsed = parse_source(page[:end], "page.txt", partial=True)
        assert not parsed.located
        assert len(parsed.rejects) == 1


def is_start(kept: object, whole: object) -> bool:
    """Whether `kept` is `whole`, the start of it, or nothing."""
    if isinstance(kept, str) and isinstance(whole, str):
        return whole.startswith(kept)
    return kept in (None, whole)


def check_kept(kept: Comparison, whole: Comparison) -> None:
    """All that was kept is on the whole page, too, at the same place."""
    assert kept.slug == whole.slug
    for some, all_ in zip(kept.sides, whole.sides, strict=True):
        for field in dataclasses.fields(some):
            if field.name in ("pricing", "panel", "reviews"):
                continue
            assert is_start(getattr(some, field.name), getattr(all_, field.name)), field.name
        for name in ("entry", "detail"):
            assert getattr(some.pricing, name, None) in (None, getattr(all_.pricing, name, None))
        if some.panel and all_.panel:
            assert some.panel.label is all_.panel.label
            assert some.panel.share in (None, all_.panel.share)
        for review, full in zip(some.reviews, all_.reviews, strict=False):
            assert all(
                is_start(getattr(review, each.name), getattr(full, each.name)) for each in dataclasses.fields(Review)
            )


def test_a_page_cut_at_any_line_is_whole_or_rejected_and_what_partial_keeps_is_true(page: str) -> None:
    (whole,) = parse_source(page, "page.txt").located
    lines = page.split("\n")
    box = lines.index("Weekly AI Tool Verdicts")
    for count in range(len(lines)):
        text = "\n".join(lines[:count])
        parsed = parse_source(text, "page.txt")
        assert [each.comparison for each in parsed.located] == ([whole.comparison] if count > box else [])
        assert len(parsed.rejects) == (0 if count > box else 1)
        for each in parse_source(text, "page.txt", partial=True).located:
            check_kept(each.comparison, whole.comparison)
            assert bool(each.notes) == (count <= box)


def test_a_page_cut_at_any_character_is_whole_or_rejected_and_what_partial_keeps_is_true(page: str) -> None:
    (whole,) = parse_source(page, "page.txt").located
    box = page.index("Weekly AI Tool Verdicts") + len("Weekly AI Tool Verdicts")
    for end in range(0, len(page), 3):
        text = page[:end]
        parsed = parse_source(text, "page.txt")
        assert [each.comparison for each in parsed.located] == ([whole.comparison] if end >= box else [])
        for each in parse_source(text, "page.txt", partial=True).located:
            check_kept(each.comparison, whole.comparison)


def test_what_partial_keeps_can_be_exported_and_imported_again(page: str) -> None:
    for end in range(0, len(page), 61):
        for each in parse_source(page[:end], "page.txt", partial=True).located:
            for name, dump in (("x.yaml", dump_yaml), ("x.json", dump_json)):
                again = parse_source(dump([each.comparison]), name)
                assert again.rejects == ()
                assert again.located[0].comparison == each.comparison


def test_partial_notes_what_lacked_and_that_the_last_text_may_be_cut(named_page: str) -> None:
    text = cut_after(named_page, "it uses for a true one.")
    (located,) = parse_source(text, "page.txt", partial=True).located
    assert located.notes == (f"{reason(text)} The last text that is there may be cut off.",)
    left, right = located.comparison.sides
    assert [each.reviewer for each in left.reviews] == ["Builder", "Skeptic"]
    assert [each.reviewer for each in right.reviews] == ["Builder"]
    assert left.panel is not None
    assert left.panel.tally == "3–1"


def test_partial_changes_nothing_for_a_whole_page(page: str) -> None:
    assert parse_source(page, "page.txt", partial=True) == parse_source(page, "page.txt")


def test_partial_still_refuses_a_page_that_contradicts_itself(named_page: str) -> None:
    text = cut_after(named_page, "it uses for a true one.").replace("58/100 · skip", "58/100 · ship")
    text = text.replace("3 ship / 1 skip", "1 ship / 3 skip")
    parsed = parse_source(text, "page.txt", partial=True)
    assert not parsed.located
    assert any("1 ship / 3 skip" in reject.reason for reject in parsed.rejects)
