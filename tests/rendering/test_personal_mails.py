"""Mails to one person: rendered once for everybody, whole and sound for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

import jinja2
import pytest

from newsletter.errors import InputError
from newsletter.issues import to_manifest
from newsletter.rendering import personal_mails
from newsletter.rendering.lint import lint_mail
from newsletter.rendering.mjml import RenderedMail, render_issue
from newsletter.rendering.personal_mails import (
    Pieces,
    render_confirmation,
    render_known,
    render_welcome,
    welcome_with_issue,
)
from newsletter.rendering.slots import reader_slots

ASKED = datetime(2026, 11, 16, 14, 5, tzinfo=UTC)
SITE = "https://verdicts.example.org"
LINKS = {"preferences_url": f"{SITE}/preferences/0.7.abc", "unsubscribe_url": f"{SITE}/unsubscribe/0.7.abc"}
WHEN: dict[str, Any] = {"when": "Every Monday at 09:00, UTC", "sender": "verdicts@example.org"}


@pytest.fixture
def mails(environment: jinja2.Environment, week: ModuleType) -> list[RenderedMail]:
    """Every mail of this module but the one with an issue beneath."""
    publication = week.PUBLICATION
    return [
        render_confirmation(environment, publication, confirm_url=f"{SITE}/confirm/abc", asked_at=ASKED, days_valid=7),
        render_known(environment, publication, asked_at=ASKED, **LINKS),
        render_welcome(environment, publication, **WHEN, **LINKS),
    ]


def with_issue(environment: jinja2.Environment, week: ModuleType) -> Pieces:
    content = week.content(*week.full_week())
    return welcome_with_issue(environment, week.PUBLICATION, to_manifest(content), week.NONCE, **WHEN)


def test_they_follow_the_rules_of_every_mail(mails: list[RenderedMail], week: ModuleType) -> None:
    unsubscribing = {"No link to unsubscribe can be seen.", "There is no link to unsubscribe."}
    for mail in mails:
        found = lint_mail(
            mail, nonce=week.NONCE, publication=week.PUBLICATION, allow_loopback=False, headers=week.SLOT_HEADERS
        )
        assert {finding.message for finding in found} <= unsubscribing, mail.subject


def test_nothing_in_them_comes_from_anywhere_or_reports_that_it_was_opened(mails: list[RenderedMail]) -> None:
    for mail in mails:
        assert "<img" not in mail.html
        assert "url(" not in mail.html
        assert "__nl" not in mail.html + mail.text + mail.mjml


def test_each_is_rendered_once_and_filled_in_for_everybody(
    environment: jinja2.Environment, week: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []

    def counting(*args: Any, **options: Any) -> RenderedMail:
        rendered.append(args[1])
        return original(*args, **options)

    original = personal_mails.render_mail
    monkeypatch.setattr(personal_mails, "render_mail", counting)
    publication = replace(week.PUBLICATION, name="Another Name")
    mails = [
        render_confirmation(environment, publication, confirm_url=f"{SITE}/c/{n}", asked_at=ASKED, days_valid=7)
        for n in range(3)
    ]
    assert rendered == ["confirm"]
    for number, mail in enumerate(mails):
        assert mail.html.count(f"{SITE}/c/{number}") == 3
        assert f"\n{SITE}/c/{number}\n" in mail.text
    other = replace(publication, name="A Third Name")
    mail = render_confirmation(environment, other, confirm_url=f"{SITE}/c/1", asked_at=ASKED, days_valid=7)
    assert "Another Name" not in mail.html


def test_an_address_that_is_none_is_refused(environment: jinja2.Environment, week: ModuleType) -> None:
    with pytest.raises(InputError):
        render_confirmation(
            environment, week.PUBLICATION, confirm_url="javascript:alert(1)", asked_at=ASKED, days_valid=7
        )


def test_a_name_that_looks_like_a_slot_stays_a_name(environment: jinja2.Environment, week: ModuleType) -> None:
    publication = replace(week.PUBLICATION, name="__nl5eed0123_asked__ <b>")
    mail = render_known(environment, publication, asked_at=ASKED, **LINKS)
    assert "__nl5eed0123_asked__ &#60;b&#62;" in mail.html


def test_the_mail_to_a_subscriber_says_when_it_was_asked_and_has_both_links(mails: list[RenderedMail]) -> None:
    known = mails[1]
    assert known.subject == "You are subscribed to Weekly AI Tool Verdicts already"
    assert "on 16 November 2026 at 14:05 UTC" in " ".join(known.text.split())
    for link in LINKS.values():
        assert f"\n{link}\n" in known.text
        assert f'href="{link}"' in known.html


def test_the_welcome_keeps_quiet_about_a_sender_there_is_none(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    mail = render_welcome(environment, week.PUBLICATION, when="Once a week", sender="", **LINKS)
    assert "It comes from" not in mail.html + mail.text
    assert "You are subscribed. Once a week, the next issue comes to you." in " ".join(mail.text.split())


def test_the_welcome_stands_above_the_whole_issue(environment: jinja2.Environment, week: ModuleType) -> None:
    pieces = with_issue(environment, week)
    issue = render_issue(environment, week.PUBLICATION, week.content(*week.full_week()), week.NONCE)
    slots = reader_slots(SITE, "3.7.abc", date(2026, 11, 19), pieces.tools)
    mail = pieces.fill(slots)
    assert mail.subject == "Welcome to Weekly AI Tool Verdicts"
    assert "__nl" not in mail.html + mail.text + mail.mjml
    beneath = Pieces.of(issue, week.NONCE, issue.slots).fill(slots)
    assert mail.text.startswith("Welcome to Weekly AI Tool Verdicts\n\nYou are subscribed.")
    assert mail.text.endswith(beneath.text)
    body = beneath.mjml.partition("mso-hide:all")[2].partition("<mj-section")[2]
    assert mail.mjml.endswith(body)
    assert pieces is with_issue(environment, week), "and is rendered once"


def test_an_issue_itself_holds_nothing_of_a_welcome(environment: jinja2.Environment, week: ModuleType) -> None:
    issue = render_issue(environment, week.PUBLICATION, week.content(*week.full_week()), week.NONCE)
    assert "Welcome to" not in issue.html + issue.text
