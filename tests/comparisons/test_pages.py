"""Saved pages: both layouts, read field by field, and the many ways in which a page can look different."""

import re
from collections.abc import Callable

import pytest

from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.model import Label, PanelVerdict, Pricing, Review, Tool, Verdict, VoteTally
from tests.comparisons.reading import notes, read, reasons, swap

SHIP, SKIP = Verdict.SHIP, Verdict.SKIP


def test_a_page_with_named_reviewers_is_read_in_full(named_page: str) -> None:
    comparison = read(named_page)
    left, right = comparison.sides
    assert comparison.slug == "git-fathom-vs-kettle-harbourlight"
    assert (comparison.published_on, comparison.url) == (None, None)
    assert left.reviews[0].text == (
        "The index builds in four minutes on a repository of 90,000 commits, and after that every question costs a "
        "second. I asked it about a retry loop nobody wanted to own and it found the outage behind it.\n\n"
        "It prints the hashes it used, so a wrong answer can be checked. That is the feature I would pay for."
    )
    assert [(each.reviewer, each.score, each.verdict) for each in left.reviews] == [
        ("Builder", 84, SHIP), ("Skeptic", 58, SKIP), ("Futurist", 80, SHIP), ("Founder", 73, SHIP),
    ]  # fmt: skip
    assert [(each.reviewer, each.score, each.verdict) for each in right.reviews] == [
        ("Builder", 71, SHIP), ("Skeptic", 49, SKIP), ("Futurist", 77, SHIP), ("Founder", 55, SKIP),
    ]  # fmt: skip
    assert [each.text.split()[0] for each in right.reviews if each.text] == ["Kettle", "Two", "Review", "Twenty-four"]
    assert left == Tool(
        name="git-fathom",
        slug="git-fathom",
        category="Developer Tools",
        tagline="Ask your history why a line is the way it is",
        description=(
            "git-fathom reads the commits behind a line and answers in a paragraph. Run git fathom <commit-hash> and "
            "it follows the change back → to the pull request that caused it.\n\nIn the vendor's own test 75% of the "
            "answers named the right commit. The index stays on your machine."
        ),
        pricing=Pricing("Freemium", "Free for one repository, then $9 a seat"),
        best_for="Teams with a long memory and few notes",
        panel=PanelVerdict(Label.SHIP, 75, 3, 1),
        reviews=left.reviews,
    )
    assert right == Tool(
        name="Kettle (harbourlight)",
        slug="kettle-harbourlight",
        category="Code Review",
        tagline="Reviews that arrive before the coffee",
        description=(
            "Kettle comments on a pull request within two minutes of its opening. It learns from comments that were "
            "resolved, and keeps quiet where nothing was ever changed."
        ),
        pricing=Pricing("Paid", "$24 per seat and month"),
        best_for="Teams of more than ten",
        panel=PanelVerdict(Label.MIXED, 50, 2, 2),
        community=VoteTally(10, 2),
        reviews=right.reviews,
    )


def test_a_page_with_quotes_is_read_in_full_and_nobody_is_guessed(quoted_page: str) -> None:
    comparison = read(quoted_page)
    left, right = comparison.sides
    assert comparison.slug == "plan-vs-actual-vs-v0-style-3-0-by-someone"
    assert all(each == Review(text=each.text) for each in (*left.reviews, *right.reviews))
    assert [each.text for each in left.reviews] == [
        "The nightly run is one query per team and has not failed in a month. Anyone can read the page, and “why so "
        "late?” is answered by the ticket itself.",
        "Estimates are a habit and not a fact, so the page measures the habit. A 27” monitor shows the table whole; a "
        "laptop does not.",
        "The value is in the second month, when the page is compared with its own past. Nobody stays that long for a "
        "free tool → the notes are thin.",
    ]
    assert [(each.text or "")[:7] for each in right.reviews] == ["The exp", "Screens", "Design "]
    assert right.reviews[1].text == (
        "Screens come out alike after the tenth sentence.\n\n"
        "Colour is kept, layout is not, and the tool says “done” either way."
    )
    assert left == Tool(
        name="Plan vs Actual",
        slug="plan-vs-actual",
        category="Planning",
        tagline="A weekly look at what the estimate was worth",
        description=(
            "Plan vs Actual compares the estimate of a ticket with the days it took. It reads the tracker once a night "
            "and writes one page per team."
        ),
        pricing=Pricing("Free"),
        panel=PanelVerdict(Label.SKIP, 25),
        reviews=left.reviews,
    )
    assert right == Tool(
        name="v0 style 3.0 by Someone",
        slug="v0-style-3-0-by-someone",
        category="Design",
        tagline="Screens from a sentence, in your own colours",
        description=(
            "v0 style 3.0 turns a sentence into a screen and keeps to the colours of an existing site. It exports "
            "plain HTML and one style sheet."
        ),
        pricing=Pricing("Paid"),
        panel=PanelVerdict(Label.SHIP, 100),
        reviews=right.reviews,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.replace("\n", "\r\n"),
        lambda page: page.replace("\n", "\r"),
        lambda page: re.sub(r"\n+", "\n", page),
        lambda page: page.replace("\n", "\n\n\n"),
        lambda page: page.replace("\n", "  \n\t"),
        lambda page: "\ufeff" + page + "\n",
        lambda page: page + "=== end of file",
        lambda page: page + "Compare/Next thing",
        lambda page: "Home\nCompare\nSign in\n\n" + page,
        lambda page: page.replace(" ", "\u00a0"),
        lambda page: page.replace("Panel ship\n", "Panel ship\n—\n") if "—" not in page else page,
        lambda page: page.replace("Entry\n", "Entry\nLoading bookmarks...\n"),
        lambda page: page.replace("Reviewer scorecard", "\n\nReviewer scorecard"),
        lambda page: page.replace("Weekly AI Tool Verdicts\n", "").rstrip(),
    ],
)
@pytest.mark.parametrize("layout", ["named_page", "quoted_page"])
def test_blank_lines_line_ends_and_what_surrounds_a_page_do_not_matter(
    layout: str, change: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    page: str = request.getfixturevalue(layout)
    assert read(change(page)) == read(page)


def test_two_pages_in_one_file_are_two_comparisons_even_where_they_are_glued(named_page: str, quoted_page: str) -> None:
    for between in ("\n", "\n\n\n", ""):
        parsed = parse_source(named_page + between + quoted_page + between + named_page, "page.txt")
        assert parsed.rejects == ()
        assert [each.comparison for each in parsed.located] == [read(named_page), read(quoted_page), read(named_page)]
        lines = (named_page + between + quoted_page).split("\n")
        assert lines[parsed.located[1].line - 1].endswith("AI tool comparison")


def test_a_page_is_found_by_its_title_alone(quoted_page: str) -> None:
    assert read(quoted_page.removeprefix("AI tool comparison\n")) == read(quoted_page)


def test_a_page_without_monograms_or_categories_is_read(named_page: str) -> None:
    assert read(swap(named_page, ("\nG\n", "\n"), ("\nK\n", "\n"))) == read(named_page)
    bare = read(swap(named_page, ("\nG\n\nDeveloper Tools\n", "\n"), ("\nK\n\nCode Review\n", "\n")))
    assert bare == read(named_page)  # the decision table has them, too
    lone = swap(named_page, ("G\n\nDeveloper Tools\n", "G\n"), ("K\n\nCode Review\n", "K\n"))
    assert read(lone) == read(named_page)
    none = swap(lone, ("Category\nDeveloper Tools\nCode Review\n", ""))
    assert [side.category for side in read(none).sides] == [None, None]
    assert read(none).left.description == read(named_page).left.description


def test_a_category_of_two_letters_is_a_category(quoted_page: str) -> None:
    assert read(swap(quoted_page, ("\nDesign\n", "\nUI\n"))).right.category == "UI"


def test_a_tool_without_a_tagline_or_with_its_name_as_tagline_is_read(quoted_page: str) -> None:
    assert read(swap(quoted_page, ("Screens from a sentence, in your own colours\n", ""))).right.tagline is None
    same = swap(quoted_page, ("Screens from a sentence, in your own colours", "v0 style 3.0 by Someone"))
    assert read(same).right.tagline == "v0 style 3.0 by Someone"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Skills (somebody)", "git-why-not"),
        ("vs", "A"),
        ("A vs B", "C vs D vs E"),
        ("Eins VS Zwei", "Drei"),
        ("<placeholder>", "{{x}} → y"),
        ("75%", "Shipping"),
        ("Shipyard", "Skip the Line, an Unusually Long Name for a Tool That Tells How Long a Queue Will Take, Beta"),
        ("C++ Lens", "C# Lens"),
        ("Entry", "Decision"),
        ("日本語ツール", "Écrire"),
    ],
)
def test_names_of_any_kind_are_told_apart(left: str, right: str, named_page: str, quoted_page: str) -> None:
    named = swap(named_page, ("git-fathom vs Kettle (harbourlight)", f"{left} vs {right}"))
    named = swap(named, ("\ngit-fathom\n", f"\n{left}\n"), ("\nKettle (harbourlight)\n", f"\n{right}\n"))
    quoted = swap(quoted_page, ("Plan vs Actual vs v0 style 3.0 by Someone", f"{left} vs {right}"))
    quoted = swap(quoted, ("\nPlan vs Actual\n", f"\n{left}\n"), ("\nv0 style 3.0 by Someone\n", f"\n{right}\n"))
    for page in (named, quoted):
        if right == "Decision":
            continue  # the one word that ends the cards
        assert [side.name for side in read(page).sides] == [left, right]


def test_labels_shares_and_entries_may_be_missing_or_unknown(quoted_page: str) -> None:
    page = swap(quoted_page, ("25%\n", "Mixed\n"), ("100%\n", "Ship\n100%\n"), ("Paid\nEntry", "—\nEntry"))
    left, right = read(page).sides
    assert left.panel == PanelVerdict(Label.MIXED)
    assert right.panel == PanelVerdict(Label.SHIP, 100)
    assert right.pricing is None


def test_votes_on_a_card_are_read_where_they_have_counts_and_noted_where_not(quoted_page: str) -> None:
    counted = swap(quoted_page, ("—\nCommunity\nFree", "Ship · 6 ship / 1 skip\nCommunity\nFree"))
    assert read(counted).left.community == VoteTally(6, 1)
    share = swap(quoted_page, ("—\nCommunity\nFree", "83%\nCommunity\nFree"))
    assert read(share).left.community is None
    assert notes(share) == ("The readers' votes on Plan vs Actual (83%) give no counts and were left out.",)


def test_a_card_without_a_community_line_is_read(named_page: str) -> None:
    page = swap(named_page, ("Panel ship\n\nCommunity\n", "Panel ship\n"))
    assert read(page) == read(named_page)


def test_a_table_pasted_with_tabs_is_read(named_page: str) -> None:
    start, end = named_page.index("Decision\n"), named_page.index("Reviewer scorecard")
    rows = [line for line in named_page[start:end].split("\n") if line]
    pasted = "\n".join("\t".join(rows[place : place + 3]) for place in range(0, len(rows), 3))
    page = named_page[:start] + pasted.replace("Decision\t", "Decision\n") + "\n\n" + named_page[end:]
    assert read(page) == read(named_page)


def test_rows_of_the_table_that_are_not_understood_are_noted_and_left_out(named_page: str) -> None:
    page = swap(
        named_page,
        ("Pricing\nFree for one repository, then $9 a seat\n", "Pricing\n"),
        ("No community votes yet\nShip · 10 ship / 2 skip", "—\n10 out of 12"),
        ("Category\n", "Licence\nMIT\nClosed\nCategory\n"),
    )
    comparison = read(page)
    assert comparison.left.pricing == Pricing("Freemium")
    assert comparison.right.community is None
    assert notes(page) == (
        "The decision table's Community of Kettle (harbourlight) (10 out of 12) was not understood and was left out.",
        "The decision table's row 'Pricing' has not one cell per tool and was left out.",
        "The decision table's row 'Best for' has not one cell per tool and was left out.",
    )


def test_a_row_of_the_table_that_is_new_is_noted_and_the_others_are_read(named_page: str) -> None:
    page = swap(
        named_page, ("Category\n", "Licence\nMIT\nPricing\nCategory\n"), ("$24 per seat and month", "Community")
    )
    assert read(page).right.pricing == Pricing("Paid", "Community")
    assert read(page).left.best_for == "Teams with a long memory and few notes"
    assert notes(page) == ("The decision table's row 'Licence' is not known and was left out.",)


def test_a_panel_of_no_votes_is_no_panel(named_page: str) -> None:
    page = swap(named_page, ("Ship · 3 ship / 1 skip", "Ship · 0 ship / 0 skip"), ("Ship\n\n75%", "Ship"))
    assert read(page).left.panel == PanelVerdict(Label.SHIP, 75, 3, 1)  # from the reviews


def test_a_reviewer_with_a_review_of_one_tool_is_placed_by_the_votes(named_page: str) -> None:
    page = swap(
        named_page,
        ("55/100 · skip\n\nTwenty-four dollars a seat competes with a code host that can add the same thing to its "
         "bundle. The renewal talk will be short.\n\n", ""),
        ("Mixed · 2 ship / 2 skip", "Ship · 2 ship / 1 skip"),
        ("Mixed\n\n50%", "Ship\n\n67%"),
    )  # fmt: skip
    comparison = read(page)
    assert [each.reviewer for each in comparison.left.reviews] == ["Builder", "Skeptic", "Futurist", "Founder"]
    assert [each.reviewer for each in comparison.right.reviews] == ["Builder", "Skeptic", "Futurist"]
    assert notes(page) == ("One tool only is reviewed by: Founder; the panel's votes tell which.",)


def test_a_single_review_that_could_be_of_either_tool_is_refused(named_page: str) -> None:
    start, end = named_page.index("Skeptic\n"), named_page.index("Futurist\n")
    lone = named_page[:start] + "Skeptic\n58/100 · skip\n\nAnswers depend on messages.\n\n" + named_page[end:]
    assert reasons(lone)[0] == (
        "The Skeptic has one review, and nothing tells which tool it judges: the other one is missing."
    )
    kept = parse_source(lone, "page.txt", partial=True).located[0]
    assert [each.reviewer for each in kept.comparison.left.reviews] == ["Builder", "Futurist", "Founder"]
    assert "The Skeptic has one review" in kept.notes[0]


def test_a_dash_stands_for_a_review_that_was_not_given(named_page: str, quoted_page: str) -> None:
    start, end = named_page.index("Founder\n"), named_page.index("Weekly AI Tool Verdicts")
    page = named_page[:start] + "Founder\n—\n\n55/100 · skip\n\nA short renewal talk.\n\n" + named_page[end:]
    page = swap(page, ("Ship · 3 ship / 1 skip", "Ship · 2 ship / 1 skip"), ("75%\n\nPanel", "67%\n\nPanel"))
    comparison = read(page)
    assert len(comparison.left.reviews) == 3
    assert comparison.right.reviews[3] == Review("Founder", 55, SKIP, "A short renewal talk.")
    lines = quoted_page.split("\n")
    at = next(place for place, line in enumerate(lines) if line.startswith("“Estimates"))
    lines[at] = "—"
    assert [len(side.reviews) for side in read("\n".join(lines)).sides] == [2, 3]


def test_a_review_without_a_text_or_a_verdict_is_kept(named_page: str) -> None:
    start, end = named_page.index("Futurist\n"), named_page.index("Founder\n")
    page = named_page[:start] + "Futurist\n80/100\n\n77/100 · ship\n\nSmaller.\n\n" + named_page[end:]
    left, right = read(page).sides
    assert left.reviews[2] == Review("Futurist", 80)
    assert right.reviews[2] == Review("Futurist", 77, SHIP, "Smaller.")
    assert left.panel == PanelVerdict(Label.SHIP, 75, 3, 1)


def test_a_short_first_paragraph_is_not_taken_for_a_reviewer(named_page: str) -> None:
    start, end = named_page.index("Futurist\n"), named_page.index("Founder\n")
    page = named_page[:start] + "Futurist\n80/100 · ship\n\nGood\n\n77/100 · ship\n\nBetter\n\n" + named_page[end:]
    left, right = read(page).sides
    assert (left.reviews[2].text, right.reviews[2].text) == ("Good", "Better")
