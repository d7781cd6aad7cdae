"""A sent issue is never edited silently: corrections are dated, and mailed once to those who got it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue, corrections_of
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import edit_issue
from newsletter.app.look_up import look_at_issue
from newsletter.app.preview_issue import check_issue, preview_issue
from newsletter.app.read_pages import published_issues
from newsletter.app.send_issue import freeze_issue
from newsletter.app.subscribe import add_subscriber
from newsletter.delivery.provider import Answered, SendResult, SendStatus
from newsletter.errors import ChecksFailedError, InputError, TransitionError
from newsletter.issues import Issue, IssueStatus
from tests.app.scripted import Hand, Scripted, again, scripted
from tests.conftest import Clock
from tests.fakes.house import draft_week

MakeApp = Callable[..., App]
TEXT = "Kestrel costs $12 and not $9.\n\nThe panel's verdict stays the same."


def sent_to_two_of_three(make_app: MakeApp) -> tuple[App, Scripted, Issue]:
    """An issue that the first two readers accepted and the third did not."""

    def all_but_last(batch):
        return Answered(
            tuple(
                SendResult(reader.rid, SendStatus.REJECTED if reader.address.startswith("r2") else SendStatus.ACCEPTED)
                for reader in batch.recipients
            )
        )

    provider = scripted(all_but_last, all_but_last)
    app = make_app(provider=provider)
    for number in range(3):
        add_subscriber(app, f"r{number}@example.com", evidence="told us so")
    issue = draft_week(app)
    approve_issue(app, issue.key)
    freeze_issue(app, issue.key)
    Hand(app).run()
    assert again(app, issue).counts.accepted == 2
    return app, provider, again(app, issue)


def test_a_correction_is_dated_in_the_operators_zone_and_stands_beside_the_issue(
    make_app: MakeApp, clock: Clock
) -> None:
    app, _, issue = sent_to_two_of_three(make_app)
    clock.advance(days=1)
    correction, mail = correct_issue(app, issue.key, TEXT)
    assert mail is None
    assert (correction.issue_id, correction.at, correction.reason) == (issue.id, clock.now, "")
    assert corrections_of(app, issue.key) == [("19 November 2026", TEXT)]


def test_its_mail_goes_once_and_only_to_those_who_accepted_the_issue_and_are_still_there(make_app: MakeApp) -> None:
    app, provider, issue = sent_to_two_of_three(make_app)
    add_subscriber(app, "late@example.com", evidence="came after the issue")
    _, mail = correct_issue(app, issue.key, TEXT, reason="the price decides for many")
    assert mail is not None
    assert (mail.key, mail.status) == (f"{issue.key}-c1", IssueStatus.DRAFT)
    assert look_at_issue(app, mail.key).audience == {"accepted": 2, "left": 0, "recipients": 2}
    app.store.subscribers.unsubscribe(1, app.now())
    assert look_at_issue(app, mail.key).audience == {"accepted": 2, "left": 1, "recipients": 1}
    approve_issue(app, mail.key)
    freeze_issue(app, mail.key)
    before = len(provider.batches)
    Hand(app).run()
    (batch,) = provider.batches[before:]
    assert [reader.address for reader in batch.recipients] == ["r1@example.com"]
    assert again(app, mail).status is IssueStatus.SENT
    with pytest.raises(TransitionError):
        freeze_issue(app, mail.key)


def test_the_mail_says_what_which_issue_and_why_and_keeps_all_rules_of_a_mail(make_app: MakeApp) -> None:
    app, _, issue = sent_to_two_of_three(make_app)
    _, mail = correct_issue(app, issue.key, TEXT, reason="the price decides for many")
    assert mail is not None
    seen = preview_issue(app, mail.key)
    assert seen.subject.startswith("Correction: ")
    for part in ("Kestrel costs $12 and not $9.", "The panel's verdict stays the same.", "the price decides for many"):
        assert part in seen.text
        assert part.replace("'", "&#39;") in seen.html
    assert issue.subject in " ".join(seen.text.split())
    assert check_issue(app, mail.key).findings == []


def test_an_edit_of_the_correction_voids_its_approval(make_app: MakeApp) -> None:
    app, _, issue = sent_to_two_of_three(make_app)
    _, mail = correct_issue(app, issue.key, TEXT, reason="the price decides for many")
    assert mail is not None
    approve_issue(app, mail.key)
    edit_issue(app, mail.key, intro="We are sorry.")
    assert again(app, mail).status is IssueStatus.DRAFT
    assert "We are sorry." in preview_issue(app, mail.key).text
    with pytest.raises(TransitionError, match="Approve it first"):
        freeze_issue(app, mail.key)


def test_a_correction_has_the_same_guards_as_a_send(make_app: MakeApp) -> None:
    app, provider, issue = sent_to_two_of_three(make_app)
    _, mail = correct_issue(app, issue.key, TEXT, reason="the price decides for many")
    assert mail is not None
    provider.capabilities = provider.capabilities.__class__(max_batch=2, max_bytes=10_000_000, live=True)
    with pytest.raises(ChecksFailedError):
        approve_issue(app, mail.key)


def test_each_correction_is_numbered_and_none_of_them_is_an_issue_of_the_archive_or_of_the_schedule(
    make_app: MakeApp, clock: Clock
) -> None:
    app, _, issue = sent_to_two_of_three(make_app)
    keys = []
    for text in ("One.", "Two."):
        _, mail = correct_issue(app, issue.key, text, reason="it matters")
        assert mail is not None
        approve_issue(app, mail.key)
        freeze_issue(app, mail.key)
        keys.append(mail.key)
    assert keys == [f"{issue.key}-c1", f"{issue.key}-c2"]
    assert [link.key for link in published_issues(app)] == [issue.key]
    assert len(app.store.issues.cutoffs(clock.now.replace(year=2030))) == 1
    assert [text for _, text in corrections_of(app, issue.key)] == ["One.", "Two."]


def test_what_has_not_gone_out_is_edited_and_not_corrected(make_app: MakeApp) -> None:
    app = make_app()
    issue = draft_week(app)
    with pytest.raises(TransitionError, match="nothing that readers have to put right"):
        correct_issue(app, issue.key, TEXT)
    assert draft_issue(app, issue.key, again=True).issue is not None


def test_a_correction_of_a_correction_is_another_correction_of_the_issue(make_app: MakeApp) -> None:
    app, _, issue = sent_to_two_of_three(make_app)
    _, mail = correct_issue(app, issue.key, TEXT, reason="it matters")
    assert mail is not None
    with pytest.raises(TransitionError):
        correct_issue(app, mail.key, "No, $13.")


@pytest.mark.parametrize(("text", "reason"), [(" ", None), ("Text.", " ")])
def test_an_empty_text_or_reason_is_refused_and_nothing_is_kept(
    make_app: MakeApp, text: str, reason: str | None
) -> None:
    app, _, issue = sent_to_two_of_three(make_app)
    with pytest.raises(InputError):
        correct_issue(app, issue.key, text, reason=reason)
    assert corrections_of(app, issue.key) == []
