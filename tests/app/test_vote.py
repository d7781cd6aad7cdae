"""Voting: who may, on what, and how it is told in the next issue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.compose_issue import compose_issue, content_of, find_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.send_issue import freeze_issue
from newsletter.app.tick import tick
from newsletter.app.vote import (
    PROGRAM_WINDOW,
    ToolVotes,
    notice_program,
    vote_as_reader,
    vote_on_web,
    voted_tool,
    votes_on,
)
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.model import Label, Verdict, VoteTally
from newsletter.errors import NotFoundError, TransitionError
from newsletter.issues import Issue
from newsletter.store.votes import Tally
from tests.app.scripted import add_readers, add_week, comparison
from tests.conftest import Clock

SHIP, SKIP = Verdict.SHIP, Verdict.SKIP
PERSON, PROGRAM = b"a person", b"a program"


@pytest.fixture
def readers(app: App) -> list[Subscriber]:
    add_week(app)
    found = [app.store.subscribers.by_id(number) for number in add_readers(app, 3)]
    return [reader for reader in found if reader]


def readers_say(app: App, tool: str) -> VoteTally:
    return votes_on(app, [tool])[tool].tally.readers


def test_the_tally_is_everybodys_and_the_choice_is_of_who_asks(app: App, readers: list[Subscriber]) -> None:
    vote_as_reader(app, readers[0], "alder", SHIP, PERSON)
    vote_as_reader(app, readers[1], "alder", SKIP, PERSON)
    vote_on_web(app, b"somebody", "alder", SKIP)
    tally = Tally(VoteTally(1, 1), VoteTally(0, 1))
    unvoted = ToolVotes(Tally(VoteTally(0, 0), VoteTally(0, 0)), None)
    both = ["alder", "birch"]
    assert votes_on(app, both) == {"alder": ToolVotes(tally, None), "birch": unvoted}
    assert votes_on(app, both, reader=readers[0]) == {"alder": ToolVotes(tally, SHIP), "birch": unvoted}
    assert votes_on(app, both, voter=b"somebody") == {"alder": ToolVotes(tally, SKIP), "birch": unvoted}
    assert votes_on(app, both, reader=readers[2], voter=b"somebody")["alder"].mine is None
    assert votes_on(app, []) == {}


@pytest.mark.parametrize("tool", ["unheard-of", "", "alder-vs-rival", "later"])
def test_only_a_tool_that_is_listed_can_be_voted_on(app: App, readers: list[Subscriber], tool: str) -> None:
    later = app.now().date() + timedelta(days=3)
    app.store.comparisons.add(comparison("later", published_on=later), app.now(), archived=False)
    with pytest.raises(NotFoundError):
        vote_on_web(app, b"somebody", tool, SHIP)
    with pytest.raises(NotFoundError):
        vote_as_reader(app, readers[0], tool, SHIP, PERSON)
    with pytest.raises(NotFoundError):
        voted_tool(app, tool)


def test_a_page_about_a_vote_knows_the_newest_verdict_and_three_comparisons(app: App) -> None:
    for number in range(4):
        add_week(app, [f"tool{number}"])
    found = voted_tool(app, "rival")
    assert (found.name, found.label, found.share) == ("Rival", Label.SHIP, 100)
    assert [slug for slug, _ in found.comparisons] == [f"tool{number}-vs-rival" for number in (3, 2, 1)]


def test_a_client_that_opened_the_hidden_link_does_not_vote_until_ten_minutes_later(
    app: App, readers: list[Subscriber], clock: Clock
) -> None:
    notice_program(app, readers[0], PROGRAM)
    clock.advance(seconds=PROGRAM_WINDOW.total_seconds())
    with pytest.raises(TransitionError, match="press the button once more") as caught:
        vote_as_reader(app, readers[1], "alder", SHIP, PROGRAM)
    assert not caught.value.permanent
    with pytest.raises(TransitionError):
        vote_on_web(app, b"somebody", "alder", SHIP, client=PROGRAM)
    vote_as_reader(app, readers[1], "alder", SHIP, PERSON)
    clock.advance(seconds=1)
    vote_as_reader(app, readers[0], "alder", SHIP, PROGRAM)
    assert readers_say(app, "alder") == VoteTally(2, 0)


@pytest.mark.parametrize("mode", ["draft", "off"])
def test_the_next_tick_undoes_what_it_voted_before(app: App, readers: list[Subscriber], mode: str, make_app) -> None:
    ticking = make_app(schedule={"mode": mode})
    vote_as_reader(app, readers[0], "alder", SKIP, PERSON)
    vote_as_reader(app, readers[0], "alder", SHIP, PROGRAM)
    vote_as_reader(app, readers[1], "alder", SHIP, PROGRAM)
    tick(ticking)
    assert readers_say(app, "alder") == VoteTally(2, 0)
    notice_program(app, readers[2], PROGRAM)
    tick(ticking)
    assert readers_say(app, "alder") == VoteTally(0, 1), "the reader's own vote is there again"


def test_a_tick_forgets_who_on_the_web_voted_after_thirty_days(
    app: App, readers: list[Subscriber], clock: Clock
) -> None:
    vote_on_web(app, b"somebody", "alder", SHIP)
    clock.advance(days=30)
    tick(app)
    assert votes_on(app, ["alder"], voter=b"somebody")["alder"].mine is SHIP
    clock.advance(seconds=1)
    tick(app)
    assert votes_on(app, ["alder"], voter=b"somebody")["alder"] == ToolVotes(
        Tally(VoteTally(0, 0), VoteTally(1, 0)), None
    )


# how readers voted


@pytest.fixture
def sent(app: App, readers: list[Subscriber]) -> Issue:
    """Last week's issue."""
    issue = draft_issue(app).issue
    assert issue
    approve_issue(app, issue.key)
    return freeze_issue(app, issue.key)


def next_issue(app: App, clock: Clock) -> Issue:
    clock.advance(days=7)
    add_week(app, ["dogwood", "elm", "fir"])
    issue = draft_issue(app).issue
    assert issue
    return issue


def test_the_next_issue_tells_our_readers_votes_and_not_those_of_the_web(
    app: App, readers: list[Subscriber], sent: Issue, clock: Clock
) -> None:
    for reader in readers[:2]:
        vote_as_reader(app, reader, "birch", SKIP, PERSON)
    vote_as_reader(app, readers[0], "cedar", SHIP, PERSON)
    for number in range(9):
        vote_on_web(app, b"%d" % number, "alder", SHIP)
        vote_on_web(app, b"%d" % number, "birch", SHIP)
    issue = next_issue(app, clock)
    voted = content_of(app, issue).voted
    assert [item.comparison.slug for item in voted] == ["birch-vs-rival", "cedar-vs-rival"], "the most votes first"
    assert [side.community for side in voted[0].comparison.sides] == [VoteTally(0, 2), None]
    text = compose_issue(app, issue).mail.text
    assert "Readers skip Birch 0–2; the panel ships it." in text
    assert "Readers ship Cedar 1–0, as the panel does." in text


def test_a_tool_without_readers_votes_has_those_that_came_with_its_comparison(
    app: App, readers: list[Subscriber], sent: Issue, clock: Clock
) -> None:
    for slug in ("alder-vs-rival", "birch-vs-rival"):
        stored = app.store.comparisons.by_slug(slug)
        assert stored
        left, right = stored.comparison.sides
        imported = type(left)(left.name, left.slug, panel=left.panel, community=VoteTally(10, 2))
        app.store.comparisons.revise(
            stored, type(stored.comparison)(slug, (imported, right)), app.now(), "ada@example.com"
        )
    vote_as_reader(app, readers[0], "alder", SKIP, PERSON)
    voted = content_of(app, next_issue(app, clock)).voted
    assert [(item.comparison.slug, item.comparison.left.community) for item in voted] == [
        ("birch-vs-rival", VoteTally(10, 2)),
        ("alder-vs-rival", VoteTally(0, 1)),
    ]


def test_a_vote_after_the_draft_does_not_change_an_issue_that_was_looked_at(
    app: App, readers: list[Subscriber], sent: Issue, clock: Clock
) -> None:
    vote_as_reader(app, readers[0], "birch", SHIP, PERSON)
    issue = next_issue(app, clock)
    approved = approve_issue(app, issue.key)
    vote_as_reader(app, readers[1], "birch", SKIP, PERSON)
    assert compose_issue(app, find_issue(app, issue.key)).sha256 == approved.content_sha256
    freeze_issue(app, issue.key)
    assert content_of(app, find_issue(app, issue.key)).voted[0].comparison.left.community == VoteTally(1, 0)


def test_drafting_again_counts_anew(app: App, readers: list[Subscriber], sent: Issue, clock: Clock) -> None:
    issue = next_issue(app, clock)
    assert content_of(app, issue).voted == ()
    vote_as_reader(app, readers[1], "birch", SKIP, PERSON)
    draft_issue(app, issue.key, again=True)
    assert content_of(app, find_issue(app, issue.key)).voted[0].comparison.left.community == VoteTally(0, 1)
