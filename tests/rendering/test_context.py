from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from newsletter.comparisons.model import Label, PanelVerdict, Pricing, VoteTally
from newsletter.errors import InputError
from newsletter.rendering.context import checked_subject, comparison_view, issue_view
from newsletter.rendering.intro import Paragraph, Run, Span
from newsletter.rendering.links import web_address
from newsletter.selection import Section


def test_an_issue_says_when_and_where_it_is(week: ModuleType) -> None:
    view = issue_view(week.PUBLICATION, week.content(*week.full_week(), intro="One.\n\n\nTwo\nlines.\r\n\r\n"))
    assert (view.key, view.day) == ("2026-W47", "16 November 2026")
    assert view.web_url == "https://verdicts.example.org/issues/2026-W47"
    assert view.intro == tuple(Paragraph(((Span((Run(words),)),),)) for words in ("One.", "Two lines."))
    assert view.postal_lines == ("Verdict Press", "Example Street 1", "12345 Sampletown")
    assert (len(view.full), len(view.briefs)) == (5, 10)


def test_numbers_run_through_the_issue_with_changed_verdicts_first(week: ModuleType) -> None:
    view = issue_view(week.PUBLICATION, week.content(*week.full_week()))
    assert [one.number for one in (*view.full, *view.briefs)] == list(range(1, 16))
    assert view.full[0].title == "Tallow Notes vs Rubber Owl"
    assert [side.change for side in view.full[0].sides] == [None, "Ship → Skip"]


def test_what_is_not_known_is_none_and_never_blank(week: ModuleType) -> None:
    bare = comparison_view(1, week.item(week.tool("Bare", tagline=" ", pricing=Pricing()), week.tool("Bones")))
    for side in bare.sides:
        facts = (side.label, side.share, side.count, side.tagline, side.pricing, side.best_for, side.change)
        assert facts == (None,) * 7
        assert (side.dots, side.community, side.quote, side.see) == (None,) * 4
    assert (bare.category, bare.rows, bare.asides, bare.gap) == (None, (), (), None)
    assert (
        issue_view(replace(week.PUBLICATION, about_panel="", postal_address=" \n"), week.content()).postal_lines == ()
    )


def test_a_side_tells_share_count_and_whether_it_leads(week: ModuleType) -> None:
    view = comparison_view(1, week.item(week.PLUMBLINE, week.KESTREL))
    assert [(side.share, side.count, side.leads) for side in view.sides] == [
        ("100%", "4 of 4 ship", True),
        ("75%", "3 of 4 ship", False),
    ]
    assert view.action == "Compare Plumbline and Kestrel"


def test_a_share_without_counts_and_a_label_without_a_share_stay_as_they_are(week: ModuleType) -> None:
    shared = week.tool("One", panel=PanelVerdict(Label.SHIP, 75))
    labelled = week.tool("Two", panel=PanelVerdict(Label.MIXED))
    one, two = comparison_view(1, week.item(shared, labelled)).sides
    assert (one.label, one.share, one.count) == (Label.SHIP, "75%", None)
    assert (two.label, two.share, two.count) == (Label.MIXED, None, None)


@pytest.mark.parametrize(
    ("pricing", "shown"),
    [
        (Pricing("Free", "Free (open weights)"), "Free (open weights)"),
        (Pricing("Paid", "$18 a month"), "Paid · $18 a month"),
        (Pricing("Free"), "Free"),
        (Pricing(None, "On request"), "On request"),
    ],
)
def test_pricing_is_said_once(week: ModuleType, pricing: Pricing, shown: str) -> None:
    assert comparison_view(1, week.item(week.tool("A", pricing=pricing), week.tool("B"))).sides[0].pricing == shown


def test_best_for_that_repeats_the_tagline_is_left_out(week: ModuleType) -> None:
    same = week.tool("A", tagline="For small teams", best_for="For  small teams")
    assert comparison_view(1, week.item(same, week.PLUMBLINE)).sides[0].best_for is None
    assert comparison_view(1, week.item(same, week.PLUMBLINE)).sides[1].best_for == "Teams with one large repository"


def test_a_tools_card_is_printed_once_and_then_referred_to(week: ModuleType) -> None:
    other = replace(week.PLUMBLINE, tagline="Another line elsewhere")
    view = issue_view(
        week.PUBLICATION, week.content(week.item(week.PLUMBLINE, week.KESTREL), week.item(week.tool("A"), other))
    )
    again = view.full[1].sides[1]
    assert (again.see, again.tagline, again.pricing, again.best_for) == (1, None, None, None)
    assert (again.label, again.share) == (Label.SHIP, "100%")


def test_a_tool_without_a_card_is_not_referred_to(week: ModuleType) -> None:
    bare = week.item(week.tool("A"), week.tool("B"))
    view = issue_view(
        week.PUBLICATION, week.content(bare, week.item(week.tool("A", tagline="Now known"), week.KESTREL))
    )
    assert (view.full[1].sides[0].see, view.full[1].sides[0].tagline) == (None, "Now known")


def test_readers_votes_stand_in_the_card_and_nothing_where_there_are_none(week: ModuleType) -> None:
    voted = replace(week.KESTREL, community=VoteTally(10, 2))
    none = replace(week.PLUMBLINE, community=VoteTally(0, 0))
    assert [side.community for side in comparison_view(1, week.item(voted, none)).sides] == ["10 ship, 2 skip", None]


def test_how_readers_voted_is_absent_until_they_did(week: ModuleType) -> None:
    item = week.item(week.PLUMBLINE, week.KESTREL)
    assert issue_view(week.PUBLICATION, replace(week.content(item), voted=(item,))).voted == ()
    voted = week.item(replace(week.KESTREL, community=VoteTally(2, 8)), week.PLUMBLINE)
    (shown,) = issue_view(week.PUBLICATION, replace(week.content(item), voted=(voted, item))).voted
    assert (shown.title, shown.lines) == ("Kestrel vs Plumbline", ("Readers skip Kestrel 2–8; the panel ships it.",))


def test_names_lose_line_breaks_and_direction_overrides(week: ModuleType) -> None:
    view = comparison_view(1, week.item(week.tool("A\n\u202eB"), week.tool("C"), Section.BRIEF))
    assert view.title == "A B vs C"


@pytest.mark.parametrize("subject", ["a\r\nBcc: x@example.org", "a\nb", "a\x00b", "a\x85b", "a\u2028b", "\ud800"])
def test_a_subject_with_control_characters_is_refused(subject: str) -> None:
    with pytest.raises(InputError, match="control character"):
        checked_subject(subject)


def test_an_empty_subject_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        checked_subject("  ")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//example.org",
        "/relative",
        "",
        "https://",
        "https://user@example.org/",
        "https://example.org\\@evil.test/",
        "https://exаmple.org/",
        "https://example.org/a b",
        "https://example.org/\x85",
        'https://example.org/"onclick',
        "https://example.org/\njavascript:",
        "ftp://example.org/",
        "https://example.org:99x/",
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="cannot be the address"):
        web_address(url)


@pytest.mark.parametrize(
    ("url", "fit"),
    [
        ("https://example.org/a?b=%C3%A9&c=1#d", "https://example.org/a?b=%C3%A9&c=1#d"),
        ("https://example.org/{{x}}/%recipient.id%", "https://example.org/%7B%7Bx%7D%7D/%25recipient.id%25"),
        ("http://localhost:8000/x", "http://localhost:8000/x"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://example.org/käse", "https://example.org/käse"),
    ],
)
def test_an_address_comes_back_without_placeholders(url: str, fit: str) -> None:
    assert web_address(url) == fit
