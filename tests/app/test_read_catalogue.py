"""What the list, the search and a tool's page hold, whatever was asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.read_catalogue import (
    LONGEST_SEARCH,
    PER_PAGE,
    catalogue_page,
    issues_beside,
    latest_issue,
    monogram,
)
from newsletter.app.read_tool import tool_page
from newsletter.app.send_issue import freeze_issue
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Review, Tool, Verdict, panel_of_counts
from newsletter.errors import NotFoundError
from tests.conftest import Clock
from tests.fakes.house import Clock as HouseClock
from tests.fakes.house import add_active, build_house, publish_week

TODAY = date(2026, 11, 18)


@pytest.fixture
def app(make_app: Callable[..., App], clock: Clock) -> App:
    return make_app()


def add(app: App, *sides: Tool, day: date = TODAY, slug: str = "") -> None:
    left, right = sides
    app.store.comparisons.add(Comparison(slug or f"{left.slug}-vs-{right.slug}", (left, right), day), app.now(), False)


def fill(app: App, count: int) -> None:
    for number in range(count):
        other = Tool(f"Other {number}", f"other-{number}", category="Design" if number % 2 else None)
        add(app, Tool("Heron", "heron", category="Developer Tools"), other, day=TODAY - timedelta(days=number))


def test_a_list_has_twenty_four_to_a_page_and_the_last_page_the_rest(app: App) -> None:
    fill(app, PER_PAGE + 2)
    first, last = catalogue_page(app), catalogue_page(app, page=2)
    assert (len(first.rows), len(last.rows), first.pages) == (24, 2, 2)
    assert first.count_in_words == "26 comparisons"
    assert last.rows[-1].slug == "heron-vs-other-25"
    with pytest.raises(NotFoundError):
        catalogue_page(app, page=3)


def test_an_empty_list_has_one_empty_page(app: App) -> None:
    found = catalogue_page(app)
    assert (found.rows, found.pages, found.count_in_words, found.topics) == ((), 1, "no comparison", ())


@pytest.mark.parametrize("page", [0, -1, 10**18])
def test_a_page_there_is_not_is_not_found(app: App, page: int) -> None:
    with pytest.raises(NotFoundError):
        catalogue_page(app, page=page)


def test_a_category_keeps_its_own_and_an_unknown_one_is_not_found(app: App) -> None:
    fill(app, 4)
    found = catalogue_page(app, topic="design")
    assert [row.slug for row in found.rows] == ["heron-vs-other-1", "heron-vs-other-3"]
    assert found.topic is not None
    assert (found.topic.name, found.everything) == ("Design", 4)
    for unknown in ("x", "design'", "\udc80", "a\x00b", "Design"):
        with pytest.raises(NotFoundError):
            catalogue_page(app, topic=unknown)


def test_a_search_counts_its_own_categories_and_may_be_narrowed_to_one(app: App) -> None:
    fill(app, 4)
    add(app, Tool("Heron", "heron", category="Voice"), Tool("Owl", "owl"), day=date(2026, 1, 1))
    found = catalogue_page(app, "other")
    assert [(topic.slug, topic.count) for topic in found.topics] == [("developer-tools", 4), ("design", 2)]
    narrowed = catalogue_page(app, "other", topic="design")
    assert (narrowed.count, narrowed.everything) == (2, 4)
    nothing = catalogue_page(app, "other", topic="voice")
    assert nothing.topic is not None
    assert (nothing.count, nothing.rows, nothing.topic.name) == (0, (), "Voice")


def test_of_a_search_only_what_can_be_a_word_counts_and_no_more_than_its_limit(app: App) -> None:
    fill(app, 1)
    assert catalogue_page(app, "  her\x00\udc80 \n other ").words == "her other"
    assert catalogue_page(app, "\x00 \udfff\n").words == ""
    assert len(catalogue_page(app, "heron " * 100).words) <= LONGEST_SEARCH
    assert catalogue_page(app, "?!").count == 0


def test_a_row_says_the_lean_both_marks_and_the_day(app: App) -> None:
    reviews = (Review("Builder", 90, Verdict.SHIP),)
    left = Tool("Heron", "heron", category="Design", panel=panel_of_counts(1, 0), reviews=reviews)
    add(app, left, Tool("Owl", "owl", panel=PanelVerdict(Label.SKIP, 25)))
    row = catalogue_page(app).rows[0]
    assert (row.title, row.lean, row.day) == (
        "Heron vs Owl",
        "Panel leans Heron: 100% against 25%.",
        "18 November 2026",
    )
    assert [(side.name, side.label, side.share, side.leads) for side in row.sides] == [
        ("Heron", Label.SHIP, 100, True),
        ("Owl", Label.SKIP, 25, False),
    ]


def test_a_tool_is_named_as_its_newest_comparison_names_it_and_keeps_its_verdicts(app: App) -> None:
    add(app, Tool("Heron", "heron", panel=panel_of_counts(0, 4)), Tool("Owl", "owl"), day=date(2026, 10, 1))
    add(app, Tool("Wren", "wren"), Tool("HERON", "heron"), day=date(2026, 10, 2))
    newest = Tool("Heron 2", "heron", url='https://x.example/"x', tagline="New words", panel=panel_of_counts(3, 1))
    add(app, newest, Tool("Stork", "stork"))
    found = tool_page(app, "heron")
    assert (found.name, found.monogram, found.tagline, found.url) == ("Heron 2", "H", "New words", None)
    assert found.also == ("HERON",)
    assert [(one.mark.label, one.against, one.day) for one in found.verdicts] == [
        (Label.SHIP, "Stork", "18 November 2026"),
        (Label.SKIP, "Owl", "1 October 2026"),
    ]
    assert found.count_in_words == "three comparisons"


def test_a_tool_with_many_comparisons_has_pages_and_one_of_nobody_is_not_found(app: App) -> None:
    fill(app, PER_PAGE + 1)
    assert len(tool_page(app, "heron", 2).rows) == 1
    assert tool_page(app, "heron", 2).name == "Heron"
    for slug, page in (("heron", 3), ("nobody", 1), ("\udc80", 1), ("", 1), ("a\x00", 1)):
        with pytest.raises(NotFoundError):
            tool_page(app, slug, page)


def test_a_tool_against_its_own_other_version_stands_once_in_its_list(app: App) -> None:
    add(app, Tool("Heron", "heron"), Tool("Heron", "heron-2"))
    assert tool_page(app, "heron").count == 1


@pytest.mark.parametrize(
    ("name", "letter"),
    [("plumbline", "P"), ("(v0) tool", "V"), ("éclair", "É"), ("ß", "S"), ("東京", "東"), ("…", "·"), ("4ever", "4")],
)
def test_a_monogram_is_the_first_letter_or_digit(name: str, letter: str) -> None:
    assert monogram(name) == letter


def test_the_latest_issue_comes_with_its_first_comparisons_and_its_neighbours(tmp_path) -> None:
    clock = HouseClock()
    app = build_house(tmp_path, clock)
    assert latest_issue(app) is None
    add_active(app, "reader@example.net")
    first = publish_week(app)
    clock.pass_by(days=7)
    for number in range(5):
        left = Tool(f"Heron {number}", f"heron-{number}", panel=panel_of_counts(3, 1))
        right = Tool("Owl", "owl", panel=panel_of_counts(1, 3))
        app.store.comparisons.add(Comparison(f"heron-{number}-vs-owl", (left, right)), app.now(), False)
    drafted = draft_issue(app).issue
    assert drafted is not None
    approve_issue(app, drafted.key)
    freeze_issue(app, drafted.key)
    latest = latest_issue(app)
    assert latest is not None
    assert (latest.link.key, len(latest.rows), latest.more) == (drafted.key, 3, 2)
    assert {row.sides[1].name for row in latest.rows} == {"Owl"}
    around = [[link and link.key for link in issues_beside(app, key)] for key in (first.key, drafted.key)]
    assert around == [[None, drafted.key], [first.key, None]]
    app.close()
