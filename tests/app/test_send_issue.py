"""Freeze once, in one transaction; pause, resume and cancel; and the word of the operator on what is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app import send_issue as module
from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.report_issue import evidence_of_unknown, report_issue, settle_unknown
from newsletter.app.schedule import skip_slot
from newsletter.app.send_issue import batch_size, cancel_issue, freeze_issue, pause_issue, resume_issue
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Answered, Doubt, Outcome
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.errors import ChecksFailedError, NotFoundError, TransitionError
from newsletter.issues import Counts, Issue, IssueStatus
from tests.app.scripted import Hand, Scripted, add_readers, add_week, again, comparison, scripted, sending
from tests.conftest import Clock

KEY = "2026-W48"
MakeApp = Callable[..., App]


def approved(app: App, readers: int = 3) -> App:
    add_week(app)
    add_readers(app, readers)
    draft_issue(app)
    approve_issue(app, KEY)
    return app


def issue_of(app: App) -> Issue:
    found = app.store.issues.by_key(KEY)
    assert found is not None
    return again(app, found)


# freeze


def test_freezing_keeps_the_mail_the_labels_the_recipients_and_the_batches(make_app: MakeApp) -> None:
    app = approved(make_app(provider=scripted(max_batch=2)))
    issue = freeze_issue(app, KEY)
    assert (issue.status, issue.frozen_at, issue.counts) == (
        IssueStatus.SENDING,
        app.now(),
        Counts(frozen=3, waiting=3),
    )
    frozen = app.store.issues.frozen_mail(issue.id)
    assert frozen is not None
    html, text, envelope = frozen
    assert f"__nl{issue.nonce}_unsubscribe_url__" in html
    assert f"__nl{issue.nonce}_unsubscribe_url__" in text
    assert envelope["at"] == app.now().isoformat()
    assert app.store.comparisons.last_sent_labels()[1] == {"alder": "Ship", "rival": "Ship"}
    assert len(app.store.deliveries.batches(issue.id, BatchStatus.WAITING)) == 2


def test_an_issue_is_frozen_once_and_never_again(app: App) -> None:
    approved(app)
    freeze_issue(app, KEY)
    with pytest.raises(TransitionError, match="is sending; from there it cannot become sending"):
        freeze_issue(app, KEY)
    assert issue_of(app).counts == Counts(frozen=3, waiting=3)


@pytest.mark.parametrize(("status", "next_step"), [("paused", "Use `newsletter issues resume`."), ("sent", "")])
def test_what_went_out_is_not_frozen_again_even_where_its_content_changed_since(
    app: App, status: str, next_step: str
) -> None:
    approved(app)
    freeze_issue(app, KEY)
    app.store.issues.set(1, status=status)
    stored = app.store.comparisons.by_slug("alder-vs-rival")
    assert stored is not None
    app.store.comparisons.revise(stored, comparison("alder", 0, 4), app.now(), "ada@example.com")
    with pytest.raises(TransitionError, match=f"is {status}: its recipients are settled") as caught:
        freeze_issue(app, KEY)
    assert caught.value.next_step == next_step
    assert issue_of(app).status == status


def test_a_draft_is_not_frozen(app: App) -> None:
    add_week(app)
    draft_issue(app)
    with pytest.raises(TransitionError, match="is draft; from there it cannot become sending"):
        freeze_issue(app, KEY)


def test_without_a_sender_or_a_reader_nothing_is_frozen(app: App, make_app: MakeApp) -> None:
    approved(app, readers=0)
    with pytest.raises(ChecksFailedError, match="There is nobody to send it to"):
        freeze_issue(app, KEY)
    assert (issue_of(app).status, issue_of(app).frozen_at) == (IssueStatus.APPROVED, None)
    with pytest.raises(ChecksFailedError, match="There is no sender address"):
        freeze_issue(make_app(sender=""), KEY)


def test_a_live_send_is_refused_until_every_task_is_done(make_app: MakeApp) -> None:
    approved(make_app())
    with pytest.raises(ChecksFailedError, match="A live send is refused: site address: http://localhost:8000"):
        freeze_issue(make_app(provider=scripted(live=True)), KEY)
    assert issue_of(make_app()).status is IssueStatus.APPROVED


def test_one_that_somebody_else_moved_at_the_same_moment_is_left_alone(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(app)

    def cancels(app: App) -> None:
        cancel_issue(app, KEY)

    monkeypatch.setattr(module, "require_live", cancels)
    with pytest.raises(TransitionError, match="Somebody else changed") as caught:
        freeze_issue(app, KEY)
    assert not caught.value.permanent
    assert issue_of(app).counts == Counts()


@pytest.mark.parametrize(
    ("max_batch", "max_bytes", "size"),
    [(100, 10**9, 100), (100, 10 * (2 * 50_000 + 4096), 10), (100, 2 * (2 * 50_000 + 4096) - 1, 1), (100, 10, 1)],
)
def test_a_batch_keeps_to_the_providers_count_and_bytes(
    make_app: MakeApp, max_batch: int, max_bytes: int, size: int
) -> None:
    app = make_app(provider=scripted(max_batch=max_batch, max_bytes=max_bytes))
    assert batch_size(app, 50_000) == size


# pause, resume, cancel


def test_pausing_names_its_reason_and_resuming_recuts_for_the_provider_in_force(make_app: MakeApp) -> None:
    app = make_app(provider=scripted(max_batch=2))
    issue = sending(app, 6, size=2)
    Hand(app).deliverer.step()
    paused = pause_issue(app, issue.key)
    assert (paused.status, paused.reason) == (IssueStatus.PAUSED, "Paused by the operator.")
    larger = make_app(provider=scripted(max_batch=100))
    assert resume_issue(larger, issue.key).status is IssueStatus.SENDING
    waiting = larger.store.deliveries.batches(issue.id, BatchStatus.WAITING)
    assert [(batch.number, batch.first_id, batch.last_id) for batch in waiting] == [(2, 3, 6)]
    Hand(larger).run()
    assert again(larger, issue).counts == Counts(frozen=6, accepted=6)


def test_only_what_is_paused_is_resumed(app: App) -> None:
    issue = sending(app, 1)
    with pytest.raises(TransitionError, match="is sending; from there it cannot become sending"):
        resume_issue(app, issue.key)
    app.store.issues.set(issue.id, status="sent")
    with pytest.raises(TransitionError, match="is sent, not paused"):
        resume_issue(app, issue.key)


def test_resuming_a_live_send_checks_its_tasks_again(make_app: MakeApp) -> None:
    app = make_app(provider=scripted(live=True))
    issue = sending(app, 1)
    pause_issue(app, issue.key)
    with pytest.raises(ChecksFailedError, match="A live send is refused"):
        resume_issue(app, issue.key)
    assert again(app, issue).status is IssueStatus.PAUSED


@pytest.mark.parametrize("status", ["draft", "approved", "sent", "cancelled", "paused"])
def test_what_is_not_sending_is_not_paused(app: App, status: str) -> None:
    issue = sending(app, 1)
    app.store.issues.set(issue.id, status=status)
    with pytest.raises(TransitionError):
        pause_issue(app, issue.key)


def test_pausing_what_changes_at_the_same_moment_says_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = sending(app, 1)

    def moves_meanwhile(app: App, key: str) -> Issue:
        app.store.issues.set(issue.id, status="sent")
        return issue

    monkeypatch.setattr(module, "find_issue", moves_meanwhile)
    with pytest.raises(TransitionError, match="changed this moment") as caught:
        pause_issue(app, issue.key)
    assert not caught.value.permanent


def test_cancelling_is_for_good_and_stops_whoever_is_still_waiting(make_app: MakeApp) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 4, size=2)
    Hand(app).deliverer.step()
    after = cancel_issue(app, issue.key)
    assert (after.status, after.finished_at) == (IssueStatus.CANCELLED, app.now())
    assert after.counts == Counts(frozen=4, accepted=2, cancelled=2)
    with pytest.raises(TransitionError):
        resume_issue(app, issue.key)
    assert not Hand(app).deliverer.step().worked


def test_a_draft_may_be_cancelled_too(app: App) -> None:
    add_week(app)
    draft_issue(app)
    assert cancel_issue(app, KEY).counts == Counts()


# skip


def test_a_slot_is_skipped_before_or_after_it_was_drafted_but_not_once_it_goes_out(app: App) -> None:
    skip_slot(app, "2026-W49", "holiday")
    skipped = app.store.issues.by_key("2026-W49")
    assert skipped is not None
    assert (skipped.status, skipped.reason) == (IssueStatus.SKIPPED, "holiday")
    approved(app)
    skip_slot(app, KEY, "second thoughts")
    assert (issue_of(app).status, issue_of(app).content_sha256) == (IssueStatus.SKIPPED, None)
    app.store.issues.set(issue_of(app).id, status="sending")
    with pytest.raises(TransitionError, match="is sending; from there it cannot become skipped"):
        skip_slot(app, KEY, "too late")


def test_a_slot_that_changes_while_it_is_skipped_is_left_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    approved(app)
    monkeypatch.setattr(app.store.issues, "move", lambda *args, **values: False)
    with pytest.raises(TransitionError, match="changed this moment"):
        skip_slot(app, KEY, "holiday")


# report and settle


def leaves_out(*places: int) -> Callable[[Batch], Outcome]:
    """An answer that says nothing of the readers at these places."""
    from tests.app.scripted import accept_all

    def answer(batch: Batch) -> Outcome:
        results = accept_all(batch).results
        return Answered(tuple(result for place, result in enumerate(results) if place not in places))

    return answer


def in_doubt(make_app: MakeApp, *answers: Any, readers: int = 3, size: int = 3) -> tuple[App, Issue]:
    app = make_app(provider=scripted(*(answers or [Doubt("a timeout")])))
    issue = sending(app, readers, size=size)
    Hand(app).run()
    return app, again(app, issue)


def test_a_report_sums_up(make_app: MakeApp, clock: Clock) -> None:
    app, issue = in_doubt(make_app, leaves_out(1))
    report = report_issue(app, issue.key)
    assert report.sums_up
    assert report.status == "sent"
    assert [row["email"] for row in report.missed] == ["r1@example.com"]
    assert report.no_report is None
    clock.advance(hours=72)
    assert report_issue(app, issue.key).no_report == 2


def test_reports_on_refused_mails_do_not_hide_the_silence_of_others(make_app: MakeApp, clock: Clock) -> None:
    app, issue = in_doubt(make_app, leaves_out(1))
    app.store.database.change("UPDATE delivery SET outcome = 'rejected' WHERE status = 'unknown'")
    clock.advance(hours=72)
    assert report_issue(app, issue.key).no_report == 2


def test_the_evidence_names_who_since_when_and_under_which_key(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app)
    first, *_ = evidence = evidence_of_unknown(app, issue.key)
    assert len(evidence) == 3
    assert first == {
        "subscriber": 1,
        "address": "r0@example.com",
        "key": f"{issue.key}-{issue.nonce}/1",
        "provider": "scripted",
        "sent_at": app.now().timestamp(),
        "attempts": 1,
        "detail": "a timeout",
    }


def test_one_left_out_of_an_answer_is_evidence_too(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app, leaves_out(2))
    (only,) = evidence_of_unknown(app, issue.key)
    assert (only["address"], only["detail"]) == ("r2@example.com", "the provider left it out of its answer")


def test_settled_as_sent_they_are_accepted_and_nothing_is_sent(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app)
    after, count = settle_unknown(app, issue.key, sent=True)
    assert (count, after.status, after.counts) == (3, IssueStatus.SENT, Counts(frozen=3, accepted=3))
    assert app.store.deliveries.batches(issue.id, BatchStatus.UNKNOWN) == []
    assert not Hand(app).deliverer.step().worked
    with pytest.raises(TransitionError, match=r"Nothing of issue \S+ is unknown"):
        settle_unknown(app, issue.key, sent=True)


def test_settled_as_not_sent_they_go_out_under_a_new_key(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app)
    after, count = settle_unknown(app, issue.key, sent=False)
    assert (count, after.status, after.counts) == (3, IssueStatus.SENDING, Counts(frozen=3, waiting=3))
    hand = Hand(app)
    hand.run()
    assert again(app, issue).counts == Counts(frozen=3, accepted=3)
    assert isinstance(app.provider, Scripted)
    assert app.provider.keys == ["1", "2"]
    assert again(app, issue).status is IssueStatus.SENT


def test_one_in_doubt_twice_is_listed_once_with_its_newest_attempt(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app, Doubt("a timeout"), Doubt("a reset"))
    settle_unknown(app, issue.key, sent=False)
    Hand(app).run()
    evidence = evidence_of_unknown(app, issue.key)
    assert [(item["subscriber"], item["detail"]) for item in evidence] == [(n, "a reset") for n in (1, 2, 3)]
    assert {str(item["key"]).rpartition("/")[2] for item in evidence} == {"2"}
    after, count = settle_unknown(app, issue.key, sent=False)
    assert (count, after.counts) == (3, Counts(frozen=3, waiting=3))
    assert len(app.store.deliveries.batches(issue.id, BatchStatus.WAITING)) == 1


def test_one_address_is_settled_alone_and_the_batch_once_nobody_in_it_is_unknown(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app)
    _, count = settle_unknown(app, issue.key, sent=True, address="r1@example.com")
    assert count == 1
    with pytest.raises(NotFoundError, match=r"The delivery to r1@example\.com is not unknown"):
        settle_unknown(app, issue.key, sent=True, address="r1@example.com")
    settle_unknown(app, issue.key, sent=False, address="r0@example.com")
    assert len(app.store.deliveries.batches(issue.id, BatchStatus.UNKNOWN)) == 1
    after, _ = settle_unknown(app, issue.key, sent=True)
    assert after.counts == Counts(frozen=3, waiting=1, accepted=2)
    assert app.store.deliveries.batches(issue.id, BatchStatus.UNKNOWN) == []
    Hand(app).run()
    assert isinstance(app.provider, Scripted)
    assert app.provider.addresses == {"r0@example.com": 2, "r1@example.com": 1, "r2@example.com": 1}


def test_only_those_of_a_batch_that_are_unknown_are_sent_again(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app, leaves_out(0, 3), readers=4, size=4)
    settle_unknown(app, issue.key, sent=False)
    Hand(app).run()
    assert isinstance(app.provider, Scripted)
    assert app.provider.addresses == {
        "r0@example.com": 2,
        "r1@example.com": 1,
        "r2@example.com": 1,
        "r3@example.com": 2,
    }


def test_not_sent_on_a_cancelled_issue_is_cancelled(make_app: MakeApp) -> None:
    app, issue = in_doubt(make_app, Doubt("a timeout"), readers=2, size=1)
    app.store.issues.set(issue.id, status="cancelled")
    after, _ = settle_unknown(app, issue.key, sent=False)
    assert (after.status, after.counts) == (IssueStatus.CANCELLED, Counts(frozen=2, accepted=1, cancelled=1))
    assert app.store.deliveries.in_status(issue.id, DeliveryStatus.WAITING) == []
