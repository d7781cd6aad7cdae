"""Drafting: what is a candidate, and what an issue is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.app import draft_issue as module
from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import choose_for, create_issue, draft_issue, expired_of
from newsletter.app.edit_issue import edit_issue
from newsletter.app.send_issue import freeze_issue
from newsletter.errors import ChecksFailedError, TransitionError
from newsletter.issues import Issue, IssueStatus, Section, newest_due_slot
from newsletter.selection import Selection
from tests.app.scripted import add_readers, add_week, comparison
from tests.conftest import Clock

MakeApp = Callable[..., App]
WEEK = timedelta(weeks=1)


def drafted(app: App, key: str | None = None, *, again: bool = False) -> Issue:
    issue = draft_issue(app, key, again=again).issue
    assert issue is not None
    return issue


def send_out(app: App, key: str) -> None:
    approve_issue(app, key)
    freeze_issue(app, key)
    issue = app.store.issues.by_key(key)
    assert issue is not None
    app.store.issues.set(issue.id, status="sent")


def outcomes(selection: Selection) -> dict[str, str]:
    return {choice.candidate.comparison.left.slug: str(choice.outcome) for choice in selection.choices}


def test_the_next_slot_is_drafted_with_subject_preheader_items_and_reasons(app: App) -> None:
    add_week(app)
    issue = drafted(app)
    assert (issue.key, issue.status, issue.cutoff_at) == ("2026-W48", IssueStatus.DRAFT, app.now())
    assert issue.subject
    assert issue.preheader
    assert len(issue.nonce) == 16
    assert [row.section for row in app.store.issues.items(issue.id)] == [Section.FULL] * 3
    assert all(choice.reason.startswith("In, in full") for choice in app.store.issues.choices(issue.id))


def test_an_earlier_slot_takes_only_what_was_there_by_then(app: App, clock: Clock) -> None:
    add_week(app)
    clock.advance(days=6)
    add_week(app, ["later"])
    issue = drafted(app, "2026-W48")
    assert issue.cutoff_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert len(app.store.issues.choices(issue.id)) == 3


def test_a_week_with_too_little_is_refused_and_nothing_is_made(app: App) -> None:
    add_week(app, ["alder"])
    with pytest.raises(ChecksFailedError, match="There is one comparison to send, and the minimum is 3"):
        draft_issue(app)
    assert app.store.issues.all() == []


def test_drafting_again_must_be_asked_for_and_drops_edits(app: App) -> None:
    add_week(app)
    issue = drafted(app)
    edit_issue(app, issue.key, subject="My own subject", intro="My own words")
    with pytest.raises(TransitionError, match="is drafted already") as caught:
        draft_issue(app, issue.key)
    assert "--again" in caught.value.next_step
    add_week(app, ["dogwood"])
    again = drafted(app, issue.key, again=True)
    assert (again.id, again.nonce, again.intro) == (issue.id, issue.nonce, "")
    assert again.subject != "My own subject"
    assert len(app.store.issues.items(issue.id)) == 4


def test_an_approved_issue_is_not_drafted_anew_unless_asked(app: App) -> None:
    add_week(app)
    key = drafted(app).key
    approve_issue(app, key)
    with pytest.raises(TransitionError, match="is drafted already"):
        draft_issue(app, key)
    again = drafted(app, key, again=True)
    assert (again.status, again.content_sha256, again.approved_at) == (IssueStatus.DRAFT, None, None)


def test_what_is_sending_is_never_drafted_again(app: App) -> None:
    add_week(app)
    add_readers(app, 1)
    key = drafted(app).key
    send_out(app, key)
    for again in (False, True):
        with pytest.raises(TransitionError, match="is sent; from there it cannot become draft"):
            draft_issue(app, key, again=again)


def test_an_issue_that_goes_out_at_the_same_moment_is_left_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add_week(app)
    issue = drafted(app)
    choose = module.choose_for

    def freezes_meanwhile(app: App, cutoff: datetime) -> Selection:
        app.store.issues.set(issue.id, status="sending")
        return choose(app, cutoff)

    add_week(app, ["dogwood"])
    monkeypatch.setattr(module, "choose_for", freezes_meanwhile)
    with pytest.raises(TransitionError, match="changed this moment") as caught:
        draft_issue(app, issue.key, again=True)
    assert not caught.value.permanent
    assert len(app.store.issues.items(issue.id)) == 3


def test_a_slot_that_somebody_else_drafts_at_the_same_moment_is_theirs(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_week(app)
    choose = module.choose_for

    def drafts_meanwhile(app: App, cutoff: datetime) -> Selection:
        slot = newest_due_slot(app.settings.weekly_rule, app.now() + WEEK)
        create_issue(app, slot, cutoff, IssueStatus.DRAFT, "")
        return choose(app, cutoff)

    monkeypatch.setattr(module, "choose_for", drafts_meanwhile)
    assert draft_issue(app).issue is None


@pytest.mark.parametrize("status", [IssueStatus.SKIPPED, IssueStatus.MISSED])
def test_a_skipped_or_missed_slot_may_be_drafted_after_all(app: App, status: IssueStatus) -> None:
    add_week(app)
    slot = newest_due_slot(app.settings.weekly_rule, app.now() + WEEK)
    create_issue(app, slot, app.now() - WEEK, status, "because")
    issue = drafted(app, slot.key)
    assert (issue.status, issue.reason, issue.cutoff_at) == (IssueStatus.DRAFT, "", app.now())


def test_what_went_out_is_no_candidate_again_until_a_verdict_changes(app: App, clock: Clock) -> None:
    add_week(app)
    add_readers(app, 1)
    send_out(app, drafted(app).key)
    clock.advance(weeks=1)
    assert choose_for(app, clock()).choices == ()
    stored = app.store.comparisons.by_slug("alder-vs-rival")
    assert stored is not None
    app.store.comparisons.revise(stored, comparison("alder", 3, 1, category="Words"), clock(), "ada@example.com")
    assert outcomes(choose_for(app, clock())) == {"alder": "sent"}
    stored = app.store.comparisons.by_slug("alder-vs-rival")
    assert stored is not None
    app.store.comparisons.revise(stored, comparison("alder", 1, 3), clock(), "ada@example.com")
    add_week(app, ["dogwood", "elm"])
    issue = drafted(app)
    rows = app.store.issues.items(issue.id)
    assert [row.section for row in rows] == [Section.CHANGED, Section.FULL, Section.FULL]
    assert rows[0].before == {"alder": "Ship", "rival": "Ship"}
    assert rows[0].labels == {"alder": "Skip", "rival": "Ship"}


def test_a_changed_verdict_that_found_no_place_is_still_news_in_the_next_issue(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(selection={"full": 1, "brief": 0, "minimum": 1})
    add_readers(app, 1)
    add_week(app, ["alder"])
    send_out(app, drafted(app).key)
    clock.advance(weeks=1)
    stored = app.store.comparisons.by_slug("alder-vs-rival")
    assert stored is not None
    app.store.comparisons.revise(stored, comparison("alder", 0, 4), clock(), "ada@example.com")
    for _ in range(7):
        clock.advance(weeks=1)
        assert outcomes(choose_for(app, clock()))["alder"] == "in"


def test_one_left_over_waits_four_issues_is_told_to_expire_once_and_is_then_gone(
    make_app: MakeApp, clock: Clock
) -> None:
    app = make_app(selection={"full": 1, "brief": 0, "minimum": 1})
    add_readers(app, 1)
    add_week(app, ["cold"], ship=4, skip=0)
    seen = []
    for number in range(7):
        add_week(app, [f"hot{number}"], ship=2, skip=2)
        issue = drafted(app)
        cold = app.store.comparisons.by_slug("cold-vs-rival")
        assert cold is not None
        seen += [
            (number, choice.outcome, choice.reason.rpartition("; ")[2])
            for choice in app.store.issues.choices(issue.id)
            if choice.comparison_id == cold.id
        ]
        send_out(app, issue.key)
        clock.advance(weeks=1)
    assert seen == [
        (0, "waiting", "it may wait for 4 issues more."),
        (1, "waiting", "it may wait for 3 issues more."),
        (2, "waiting", "it may wait for 2 issues more."),
        (3, "waiting", "the next issue is its last chance."),
        (4, "waiting", "this was its last chance, it expires now."),
        (5, "expired", "Out for good: it waited 4 issues without a place."),
    ]


def test_weeks_that_were_skipped_do_not_count_as_waiting(app: App, clock: Clock) -> None:
    add_week(app, ["alder"])
    for _ in range(9):
        slot = newest_due_slot(app.settings.weekly_rule, clock())
        create_issue(app, slot, slot.at, IssueStatus.SKIPPED, "")
        clock.advance(weeks=1)
    (choice,) = choose_for(app, clock()).choices
    assert choice.candidate.waited == 0


def test_a_date_counts_from_its_local_midnight_and_one_in_the_future_waits(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(time_zone="America/New_York")
    add_week(app, ["today"], published_on=date(2026, 11, 18))
    add_week(app, ["tomorrow"], published_on=date(2026, 11, 19))
    (choice,) = choose_for(app, clock()).choices
    assert choice.candidate.seen_at == datetime(2026, 11, 18, 5, 0, tzinfo=UTC)
    assert len(choose_for(app, datetime(2026, 11, 19, 5, 0, tzinfo=UTC)).choices) == 2


def test_the_archive_is_never_a_candidate(app: App) -> None:
    app.store.comparisons.add(comparison("old"), app.now(), archived=True)
    assert choose_for(app, app.now()).choices == ()
    assert expired_of(choose_for(app, app.now())) == []


def test_where_the_next_week_is_sent_already_the_one_after_it_is_named(app: App) -> None:
    add_week(app)
    assert app.store.issues.move(drafted(app).id, IssueStatus.DRAFT, IssueStatus.CANCELLED)
    later = newest_due_slot(app.settings.weekly_rule, app.now() + 2 * WEEK).key
    with pytest.raises(TransitionError, match=rf"is cancelled already.*draft --slot {later}`"):
        draft_issue(app)
