"""Mails to one person that are no issue: to confirm, and to tell the operator something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType

import jinja2

from newsletter.rendering.lint import lint_mail
from newsletter.rendering.markup import Element, read_html
from newsletter.rendering.mjml import (
    RenderedMail,
    render_notice,
)
from newsletter.rendering.personal_mails import render_confirmation


def text_of(html: str) -> str:
    return " ".join(read_html(html).text.split())


def elements(mail: RenderedMail, tag: str) -> list[Element]:
    return [element for element in read_html(mail.html).walk() if element.tag == tag]


def test_a_confirmation_names_when_it_was_asked_for_and_how_long_it_holds(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    url = "https://verdicts.example.org/confirm/abc.def"
    asked = datetime(2026, 11, 16, 23, 5, tzinfo=timezone(timedelta(hours=-3)))
    mail = render_confirmation(environment, week.PUBLICATION, confirm_url=url, asked_at=asked, days_valid=7)
    assert mail.subject == "Confirm your subscription to Weekly AI Tool Verdicts"
    assert [one.attributes["href"] for one in elements(mail, "a")] == [url, url], "a button, and the bare address"
    assert elements(mail, "a")[1].text == url
    assert f"\n{url}\n" in mail.text
    for whole in (text_of(mail.html), " ".join(mail.text.split())):
        assert "asked on 17 November 2026 at 02:05 UTC" in whole
        assert "works for 7 days." in whole
        assert "12345 Sampletown" in whole
    assert "__nl" not in mail.html + mail.text


def test_a_confirmation_of_one_day_counts_in_the_singular(environment: jinja2.Environment, week: ModuleType) -> None:
    mail = render_confirmation(
        environment, week.PUBLICATION, confirm_url="https://a.example/c", asked_at=datetime.now(UTC), days_valid=1
    )
    assert "works for 1 day." in text_of(mail.html)
    assert "works for 1 day." in " ".join(mail.text.split())


def test_a_notice_holds_its_heading_its_paragraphs_and_one_button(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    url = "https://verdicts.example.org/issues/2026-W47"
    mail = render_notice(
        environment,
        week.PUBLICATION,
        subject="Draft ready",
        heading="Issue 2026-W47 is drafted",
        paragraphs=["Five in full.", "Nothing goes out until you approve it."],
        button=("Open the draft", url),
    )
    assert (mail.subject, mail.preheader) == ("Draft ready", "Five in full.")
    assert [one.text for one in elements(mail, "h1")] == ["Issue 2026-W47 is drafted"]
    assert [(one.text, one.attributes["href"]) for one in elements(mail, "a")] == [("Open the draft", url)]
    assert mail.text.startswith(
        "Issue 2026-W47 is drafted\n\nFive in full.\n\nNothing goes out until you approve it.\n\n"
        f"Open the draft:\n{url}\n\n---"
    )


def test_a_notice_may_have_neither_button_nor_paragraphs(environment: jinja2.Environment, week: ModuleType) -> None:
    mail = render_notice(environment, week.PUBLICATION, subject="S", heading="H", paragraphs=[], button=None)
    assert elements(mail, "a") == []
    assert mail.preheader == ""


def test_the_mails_to_one_person_follow_the_same_rules_but_for_unsubscribing(
    environment: jinja2.Environment, week: ModuleType
) -> None:
    confirmation = render_confirmation(
        environment, week.PUBLICATION, confirm_url="https://a.example/c", asked_at=datetime.now(UTC), days_valid=7
    )
    notice = render_notice(
        environment,
        week.PUBLICATION,
        subject="S",
        heading="H",
        paragraphs=["A paragraph that is long enough to be a preheader."],
        button=("Open the draft", "https://a.example/d"),
    )
    for mail in (confirmation, notice):
        found = lint_mail(
            mail, nonce=week.NONCE, publication=week.PUBLICATION, allow_loopback=False, headers=week.SLOT_HEADERS
        )
        assert {finding.message for finding in found} == {
            "No link to unsubscribe can be seen.",
            "There is no link to unsubscribe.",
        }
