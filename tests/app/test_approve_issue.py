"""A test of the very content, the code in it, and approval under a hash that any change voids."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app import approve_issue as module
from newsletter.app.approve_issue import approve_issue, queue_test, require_sent
from newsletter.app.backup import back_up
from newsletter.app.compose_issue import comparison_address, compose_issue
from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import edit_issue
from newsletter.app.look_up import (
    list_comparisons,
    list_issues,
    list_subscribers,
    look_at_health,
    look_at_issue,
    look_at_subscriber,
    subscriber_counts,
)
from newsletter.app.preview_issue import check_issue, preview_by_link, preview_issue
from newsletter.app.schedule import skip_slot
from newsletter.app.send_issue import freeze_issue
from newsletter.app.subscribe import add_subscriber
from newsletter.delivery.provider import Refusal, Refused
from newsletter.errors import (
    ChecksFailedError,
    ConfigError,
    ContentChangedError,
    InputError,
    NotFoundError,
    ProviderError,
    TokenError,
    TransitionError,
)
from newsletter.issues import IssueStatus
from newsletter.store.messages import MessageRow
from tests.app.scripted import Scripted, add_readers, add_week, comparison, scripted
from tests.conftest import Clock

KEY = "2026-W48"
MakeApp = Callable[..., App]
LIVE: dict[str, Any] = {"site_url": "https://verdicts.example.com"}


def drafted(app: App) -> App:
    add_week(app)
    draft_issue(app)
    return app


def live(make_app: MakeApp, provider: Scripted | None = None) -> App:
    app = drafted(make_app(provider=provider or scripted(live=True), **LIVE))
    add_readers(app, 2)
    return app


def mail(app: App, number: int) -> MessageRow:
    found = app.store.messages.by_id(number)
    assert found is not None
    return found


def code_in(text: str) -> str:
    (code,) = set(re.findall(r"\b[A-Z2-7]{6}\b", text))
    return code


def test_a_test_has_dead_links_a_code_and_the_headers_of_the_real_thing(app: App) -> None:
    drafted(app)
    row = mail(app, queue_test(app, KEY, " Me@Example.COM "))
    assert (row.address, row.kind) == ("Me@example.com", "test")
    assert "/unsubscribe/test" in row.html
    assert row.envelope["headers"]["List-Unsubscribe"] == "<http://localhost:8000/unsubscribe/test>"
    assert row.envelope["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "__nl" not in row.html + row.text
    assert code_in(row.text)


def test_a_mailbox_for_leaving_stands_in_the_header_only_where_one_is_read(make_app: MakeApp) -> None:
    app = drafted(make_app(unsubscribe_mailbox="leave@example.com", sender_name="The Panel"))
    headers = mail(app, queue_test(app, KEY, "me@example.com")).envelope["headers"]
    assert headers["List-Unsubscribe"].endswith("/unsubscribe/test>, <mailto:leave@example.com?subject=unsubscribe>")


def test_a_second_test_of_the_same_moment_is_refused(app: App) -> None:
    drafted(app)
    queue_test(app, KEY, "me@example.com")
    with pytest.raises(TransitionError, match="queued already"):
        queue_test(app, KEY, "me@example.com")


def test_a_test_needs_a_sender_an_address_and_an_issue_that_is_not_sent(app: App, make_app: MakeApp) -> None:
    drafted(app)
    with pytest.raises(ConfigError, match="no sender address"):
        queue_test(make_app(sender=""), KEY, "me@example.com")
    with pytest.raises(InputError):
        queue_test(app, KEY, "nobody")
    with pytest.raises(NotFoundError, match="There is no issue 2030-W01"):
        queue_test(app, "2030-W01", "me@example.com")
    skip_slot(app, KEY, "holiday")
    with pytest.raises(TransitionError, match="is skipped; only what is not sent yet"):
        queue_test(app, KEY, "me@example.com")


def test_what_became_of_a_test_is_told(make_app: MakeApp) -> None:
    app = drafted(make_app(provider=scripted(Refused(Refusal.CONTENT, "the domain is not verified"))))
    number = queue_test(app, KEY, "me@example.com")
    with pytest.raises(ProviderError, match="is waiting, not accepted by scripted: no sender took it") as caught:
        require_sent(app, number)
    assert not caught.value.permanent
    owner = app.owners.enter()
    deliver_mail(app, owner)
    with pytest.raises(ProviderError, match="is rejected, not accepted by scripted: the domain is not") as caught:
        require_sent(app, number)
    assert caught.value.permanent
    with pytest.raises(ProviderError, match="is gone"):
        require_sent(app, 99)
    app.store.database.change("UPDATE message SET key = 'old'")
    again = queue_test(app, KEY, "me@example.com")
    deliver_mail(app, owner)
    require_sent(app, again)


def test_without_a_live_provider_approval_needs_no_test(app: App) -> None:
    drafted(app)
    issue = approve_issue(app, KEY)
    assert (issue.status, issue.approved_at, issue.test_sha256) == (IssueStatus.APPROVED, app.now(), None)
    assert issue.content_sha256 == compose_issue(app, issue).sha256
    assert approve_issue(app, KEY).status is IssueStatus.APPROVED


def test_a_live_send_needs_the_code_of_a_test_of_this_very_content(make_app: MakeApp, clock: Clock) -> None:
    app = live(make_app)
    with pytest.raises(ChecksFailedError, match="Nobody has confirmed receiving a test"):
        approve_issue(app, KEY)
    code = code_in(mail(app, queue_test(app, KEY, "me@example.com")).text)
    with pytest.raises(InputError, match="This code is not of the issue as it is now"):
        approve_issue(app, KEY, code="AAAAAA")
    edit_issue(app, KEY, intro="A change after the test.")
    with pytest.raises(InputError, match="This code is not of the issue as it is now"):
        approve_issue(app, KEY, code=code)
    clock.advance(minutes=1)
    code = code_in(mail(app, queue_test(app, KEY, "me@example.com")).text)
    issue = approve_issue(app, KEY, code=f" {code.lower()} ")
    assert issue.test_sha256 == issue.content_sha256
    assert approve_issue(app, KEY).status is IssueStatus.APPROVED
    assert freeze_issue(app, KEY).counts.frozen == 2


def test_an_issue_approved_without_a_test_is_not_frozen_for_a_live_provider(make_app: MakeApp) -> None:
    app = live(make_app, scripted(live=False))
    approve_issue(app, KEY)
    with pytest.raises(ChecksFailedError, match="Nobody has confirmed receiving a test"):
        freeze_issue(make_app(provider=scripted(live=True), **LIVE), KEY)


def test_blocking_findings_are_named_with_what_to_do(make_app: MakeApp) -> None:
    app = drafted(make_app(provider=scripted(loopback_links=False)))
    with pytest.raises(ChecksFailedError, match="Checks block this: ") as caught:
        approve_issue(app, KEY)
    assert caught.value.next_step


def test_an_issue_that_was_edited_at_the_same_moment_is_not_approved(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    drafted(app)
    compose = module.compose_issue

    def skipped_meanwhile(app: App, issue: Any) -> Any:
        found = compose(app, issue)
        skip_slot(app, KEY, "holiday")
        return found

    monkeypatch.setattr(module, "compose_issue", skipped_meanwhile)
    with pytest.raises(TransitionError, match="changed this moment"):
        approve_issue(app, KEY)


def test_only_a_draft_is_approved(app: App) -> None:
    drafted(app)
    skip_slot(app, KEY, "holiday")
    with pytest.raises(TransitionError, match="is skipped; from there it cannot become approved"):
        approve_issue(app, KEY)


@pytest.mark.parametrize("change", ["comparison", "name", "address"])
def test_any_change_after_approval_stops_the_send_and_makes_it_a_draft(make_app: MakeApp, change: str) -> None:
    app = drafted(make_app())
    add_readers(app, 1)
    approve_issue(app, KEY)
    if change == "comparison":
        stored = app.store.comparisons.by_slug("alder-vs-rival")
        assert stored is not None
        app.store.comparisons.revise(stored, comparison("alder", 0, 4), app.now(), "ada@example.com")
    elif change == "name":
        app = make_app(name="Another Name")
    else:
        app = make_app(postal_address="Elsewhere, 2 Other Street")
    with pytest.raises(ContentChangedError, match="is not what was approved"):
        freeze_issue(app, KEY)
    issue = app.store.issues.by_key(KEY)
    assert issue is not None
    assert (issue.status, issue.content_sha256, issue.approved_at) == (IssueStatus.DRAFT, None, None)


def test_a_preview_is_what_goes_out_with_dead_links(app: App) -> None:
    drafted(app)
    preview = preview_issue(app, KEY)
    assert "/unsubscribe/test" in preview.html
    assert "Alder" in preview.text
    assert preview.html_bytes == len(preview.html.encode())
    assert not preview.approved
    approve_issue(app, KEY)
    assert preview_issue(app, KEY).approved


def test_a_link_to_a_draft_shows_it_until_it_is_gone_and_is_signed(app: App) -> None:
    drafted(app)
    detail, preview = preview_by_link(app, app.signer.draft(1))
    assert (detail.issue.key, preview.subject) == (KEY, preview_issue(app, KEY).subject)
    with pytest.raises(TokenError, match="This issue is gone"):
        preview_by_link(app, app.signer.draft(99))
    with pytest.raises(TokenError):
        preview_by_link(app, app.signer.confirmation(1))


def test_every_check_is_listed_and_a_live_send_adds_its_tasks(make_app: MakeApp) -> None:
    app = live(make_app, scripted(live=False))
    assert (check_issue(app, KEY).tasks, check_issue(app, KEY).blocked) == ([], False)
    real = make_app(provider=scripted(live=True), **LIVE)
    checks = check_issue(real, KEY)
    assert [task.name for task in checks.tasks if not task.done] == ["test"]
    assert checks.blocked
    approve_issue(real, KEY, code=code_in(mail(real, queue_test(real, KEY, "me@example.com")).text))
    assert not check_issue(real, KEY).blocked


def test_a_button_leads_to_the_comparisons_own_address_else_the_pattern_else_our_page(make_app: MakeApp) -> None:
    from dataclasses import replace

    item = comparison("alder")
    assert comparison_address(make_app(), item) == "http://localhost:8000/compare/alder-vs-rival"
    patterned = make_app(comparison_url="https://example.com/c/{slug}")
    assert comparison_address(patterned, item) == "https://example.com/c/alder-vs-rival"
    assert comparison_address(patterned, replace(item, url="https://example.org/x")) == "https://example.org/x"


# looking


def test_an_issue_is_looked_at_with_every_candidate_and_its_audience(app: App, clock: Clock) -> None:
    drafted(app)
    add_readers(app, 2)
    approve_issue(app, KEY)
    clock.advance(hours=1)
    stored = app.store.comparisons.by_slug("birch-vs-rival")
    assert stored is not None
    app.store.comparisons.revise(stored, comparison("birch", 4, 0), app.now(), "ada@example.com")
    detail = look_at_issue(app, KEY)
    assert [(place.slug, place.changed_since) for place in detail.places] == [
        ("alder-vs-rival", False),
        ("birch-vs-rival", True),
        ("cedar-vs-rival", False),
    ]
    assert {choice.outcome for choice in detail.choices} == {"in"}
    assert detail.audience == {"active": 2, "paused": 0, "off_topic": 0, "suppressed": 0, "recipients": 2}
    assert [issue.key for issue in list_issues(app)] == [KEY]
    assert len(list_comparisons(app, "birch")) == 1
    assert [one.was.labels["birch"] for one in app.store.comparisons.revisions(stored.id)] == ["Ship"]


def test_a_person_is_looked_at_with_all_that_is_known(app: App) -> None:
    add_subscriber(app, "a@example.com", evidence="told us so")
    person = look_at_subscriber(app, "A@example.com")
    assert (person.subscriber.email, person.suppression) == ("a@example.com", None)
    assert [consent.text for consent in person.consents] == ["told us so"]
    assert (person.deliveries, person.mails) == ([], [])
    assert [each.email for each in list_subscribers(app)] == ["a@example.com"]
    assert subscriber_counts(app)["active"] == 1


def test_health_tells_beats_queues_and_what_is_pending(app: App) -> None:
    app.store.meta.beat("sender", app.now())
    health = look_at_health(app)
    assert (list(health.beats), health.mails, health.reports, health.pending_issues) == (["sender"], {}, {}, [])


def test_a_backup_goes_into_a_new_file_only(app: App, tmp_path: Any) -> None:
    target = tmp_path / "copy.db"
    assert back_up(app, target) == target.stat().st_size > 0
    with pytest.raises(InputError, match="exists"):
        back_up(app, target)
