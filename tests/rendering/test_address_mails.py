"""The mails of a change of address: sound like every mail, and neither tells the one what is the other's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType

import jinja2
import pytest

from newsletter.errors import InputError
from newsletter.rendering.address_mails import render_address_changed, render_change_address
from newsletter.rendering.lint import lint_mail
from newsletter.rendering.mjml import RenderedMail

AT = datetime(2026, 11, 16, 14, 5, tzinfo=UTC)
CHANGE = "https://verdicts.example.org/address/abc.def"
MINE = "https://verdicts.example.org/preferences/0.7.abc"


@pytest.fixture
def question(environment: jinja2.Environment, week: ModuleType) -> RenderedMail:
    return render_change_address(environment, week.PUBLICATION, change_url=CHANGE, asked_at=AT, days_valid=7)


@pytest.fixture
def news(environment: jinja2.Environment, week: ModuleType) -> RenderedMail:
    return render_address_changed(
        environment, week.PUBLICATION, new_address="n…@example.org", changed_at=AT, preferences_url=MINE
    )


def test_they_follow_the_rules_of_every_mail(question: RenderedMail, news: RenderedMail, week: ModuleType) -> None:
    unsubscribing = {"No link to unsubscribe can be seen.", "There is no link to unsubscribe."}
    for mail in (question, news):
        found = lint_mail(
            mail, nonce=week.NONCE, publication=week.PUBLICATION, allow_loopback=False, headers=week.SLOT_HEADERS
        )
        assert {finding.message for finding in found} <= unsubscribing, mail.subject
        assert "<img" not in mail.html
        assert "url(" not in mail.html


def test_the_new_address_is_asked_with_one_button_and_the_bare_link(question: RenderedMail) -> None:
    assert question.subject == "Shall Weekly AI Tool Verdicts come to this address?"
    assert question.html.count(f'href="{CHANGE}"') == 2
    assert f"\n{CHANGE}\n" in question.text
    told = " ".join(question.text.split())
    assert "on 16 November 2026 at 14:05 UTC" in told
    assert "The link works for 7 days. If it was not you, do nothing" in told


def test_the_old_address_is_told_when_where_to_and_what_to_do(news: RenderedMail) -> None:
    told = " ".join(news.text.split())
    assert "On 16 November 2026 at 14:05 UTC, Weekly AI Tool Verdicts was moved from this address to n…@example" in told
    assert "If it was not" in told
    assert f"\n{MINE}\n" in news.text
    assert f'href="{MINE}"' in news.html


def test_a_hostile_name_stays_text(environment: jinja2.Environment, week: ModuleType) -> None:
    publication = replace(week.PUBLICATION, name="<b>{{ 7 * 7 }}</b> & Co")
    mail = render_change_address(environment, publication, change_url=CHANGE, asked_at=AT, days_valid=1)
    assert "<b>" not in mail.html
    assert "49" not in mail.html
    assert "The link works for 1 day." in " ".join(mail.text.split())


def test_an_address_that_is_none_is_refused(environment: jinja2.Environment, week: ModuleType) -> None:
    with pytest.raises(InputError):
        render_change_address(
            environment, week.PUBLICATION, change_url="javascript:alert(1)", asked_at=AT, days_valid=7
        )
