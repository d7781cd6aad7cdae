"""Editing: what is said and in which order; any change voids an approval."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import content_mark, edit_issue, undo_edit
from newsletter.app.schedule import skip_slot
from newsletter.errors import ContentChangedError, InputError, NotFoundError, TransitionError
from newsletter.issues import Issue, IssueStatus, Section
from newsletter.store.issues import ItemRow
from tests.app.scripted import add_week

KEY = "2026-W48"
PREHEADER = "A preheader that is long enough to fill the line."


@pytest.fixture
def drafted(app: App) -> App:
    """Alder, birch and cedar in full, in this order; dogwood came later."""
    add_week(app)
    draft_issue(app)
    add_week(app, ["dogwood"])
    return app


def arrangement(app: App) -> list[tuple[str, str]]:
    issue = app.store.issues.by_key(KEY)
    assert issue is not None
    rows = app.store.issues.items(issue.id)
    stored = app.store.comparisons.by_ids([row.comparison_id for row in rows])
    return [(stored[row.comparison_id].comparison.left.slug, str(row.section)) for row in rows]


def test_texts_are_set_one_by_one_and_stripped(drafted: App) -> None:
    before = edit_issue(drafted, KEY, subject="  My subject ")
    assert before.subject == "My subject"
    after = edit_issue(drafted, KEY, preheader=PREHEADER, intro=" One.\n\nTwo.\n")
    assert (after.subject, after.preheader, after.intro) == ("My subject", PREHEADER, "One.\n\nTwo.")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"subject": " "}, "The subject has 0 characters"),
        ({"subject": "x" * 79}, "The subject has 79 characters; 1 to 78 are allowed"),
        ({"preheader": "too short"}, "The preheader has 9 characters; 40 to 110 are allowed"),
        ({"preheader": "x" * 111}, "The preheader has 111 characters"),
        ({"subject": "one\r\nBcc: x@example.com"}, "line break or control character"),
        ({"preheader": PREHEADER + "\x9b"}, "line break or control character"),
    ],
)
def test_texts_that_cannot_be_are_refused_and_nothing_changes(drafted: App, texts: dict[str, Any], said: str) -> None:
    before = drafted.store.issues.by_key(KEY)
    with pytest.raises(InputError, match=said):
        edit_issue(drafted, KEY, **texts)
    assert drafted.store.issues.by_key(KEY) == before


def test_the_order_named_comes_first_and_the_rest_stays(drafted: App) -> None:
    edit_issue(drafted, KEY, order=["cedar-vs-rival"])
    assert [slug for slug, _ in arrangement(drafted)] == ["cedar", "alder", "birch"]
    edit_issue(drafted, KEY, order=["birch-vs-rival", "alder-vs-rival"])
    assert [slug for slug, _ in arrangement(drafted)] == ["birch", "alder", "cedar"]


def test_comparisons_are_added_dropped_and_moved_between_sections(drafted: App) -> None:
    edit_issue(drafted, KEY, add=["dogwood-vs-rival"], drop=["alder-vs-rival"], brief=["birch-vs-rival"])
    assert arrangement(drafted) == [("cedar", "full"), ("dogwood", "full"), ("birch", "brief")]
    edit_issue(drafted, KEY, full=["birch-vs-rival"], add=["cedar-vs-rival"], order=["birch-vs-rival"])
    assert arrangement(drafted) == [("birch", "full"), ("cedar", "full"), ("dogwood", "full")]


def test_a_changed_verdict_moved_back_to_full_leads_as_one_again(drafted: App) -> None:
    issue = drafted.store.issues.by_key(KEY)
    assert issue is not None
    first, *rest = drafted.store.issues.items(issue.id)
    changed = ItemRow(first.comparison_id, Section.CHANGED, {"alder": "Skip"}, first.labels)
    drafted.store.issues.put_items(issue.id, [changed, *rest])
    edit_issue(drafted, KEY, brief=["alder-vs-rival"])
    assert arrangement(drafted)[-1] == ("alder", "brief")
    edit_issue(drafted, KEY, full=["alder-vs-rival"])
    assert arrangement(drafted)[0] == ("alder", "changed")


@pytest.mark.parametrize("how", ["order", "drop", "full", "brief"])
def test_a_slug_that_is_not_in_it_is_refused_and_names_what_is(drafted: App, how: str) -> None:
    arrange: dict[str, Any] = {how: ["dogwood-vs-rival"]}
    with pytest.raises(NotFoundError, match="dogwood-vs-rival is not in this issue") as caught:
        edit_issue(drafted, KEY, **arrange)
    assert "alder-vs-rival" in caught.value.next_step


def test_a_slug_that_does_not_exist_cannot_be_added(drafted: App) -> None:
    with pytest.raises(NotFoundError, match="There is no comparison nothing"):
        edit_issue(drafted, KEY, add=["nothing"])
    with pytest.raises(NotFoundError, match="There is no issue 2030-W01"):
        edit_issue(drafted, "2030-W01", intro="x")


def test_an_issue_keeps_at_least_one_comparison(drafted: App) -> None:
    with pytest.raises(InputError, match="at least one comparison"):
        edit_issue(drafted, KEY, drop=["alder-vs-rival", "birch-vs-rival", "cedar-vs-rival"])
    assert len(arrangement(drafted)) == 3


def test_any_edit_makes_an_approved_issue_a_draft_again(drafted: App) -> None:
    assert approve_issue(drafted, KEY).status is IssueStatus.APPROVED
    edited = edit_issue(drafted, KEY, intro="One more word.")
    assert (edited.status, edited.content_sha256, edited.approved_at) == (IssueStatus.DRAFT, None, None)


@pytest.mark.parametrize("status", ["sending", "paused", "sent", "cancelled"])
def test_what_is_settled_is_not_edited(drafted: App, status: str) -> None:
    drafted.store.issues.set(1, status=status)
    with pytest.raises(TransitionError, match=f"is {status}: its content is settled") as caught:
        edit_issue(drafted, KEY, intro="x")
    assert caught.value.next_step == ""


def test_a_skipped_issue_is_to_be_drafted_first(drafted: App) -> None:
    skip_slot(drafted, KEY, "holiday")
    with pytest.raises(TransitionError) as caught:
        edit_issue(drafted, KEY, intro="x")
    assert caught.value.next_step == "Draft it first."


def issue_of(app: App) -> Issue:
    found = app.store.issues.by_key(KEY)
    assert found is not None
    return found


def test_a_second_hand_never_overwrites_what_it_did_not_see(drafted: App) -> None:
    seen = content_mark(drafted, issue_of(drafted))
    edit_issue(drafted, KEY, subject="Ada chose this subject", by="ada@example.org", seen=seen)
    with pytest.raises(ContentChangedError, match=r"ada@example\.org changed issue"):
        edit_issue(drafted, KEY, subject="Bob chose that subject", by="bob@example.org", seen=seen)
    assert issue_of(drafted).subject == "Ada chose this subject"


def test_changes_are_undone_one_by_one(drafted: App) -> None:
    first, before = content_mark(drafted, issue_of(drafted)), arrangement(drafted)
    edit_issue(drafted, KEY, subject="Another subject altogether")
    edit_issue(drafted, KEY, drop=["cedar-vs-rival"], add=["dogwood-vs-rival"])
    undo_edit(drafted, KEY)
    assert arrangement(drafted) == before
    assert content_mark(drafted, undo_edit(drafted, KEY)) == first
    with pytest.raises(TransitionError, match="was changed"):
        undo_edit(drafted, KEY)


def test_an_edit_that_changes_nothing_leaves_nothing_to_undo(drafted: App) -> None:
    edit_issue(drafted, KEY, subject=issue_of(drafted).subject)
    with pytest.raises(TransitionError):
        undo_edit(drafted, KEY)


def test_an_undo_voids_an_approval_too(drafted: App) -> None:
    edit_issue(drafted, KEY, subject="Another subject altogether")
    approve_issue(drafted, KEY)
    assert undo_edit(drafted, KEY).status is IssueStatus.DRAFT
