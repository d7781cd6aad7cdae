"""The operator's link to a draft: it shows the mail and the reasons, and is nobody else's."""

from __future__ import annotations

import pytest

from tests.fakes.house import draft_week


@pytest.fixture
def visitor(open_site):
    return open_site()


def test_the_link_shows_the_subject_the_reasons_and_the_mail_in_a_sandbox(visitor):
    issue = draft_week(visitor.app)
    token = visitor.app.signer.draft(issue.id)
    page = visitor.get(f"/drafts/{token}").text
    assert issue.subject in page
    assert "In, in full, place 1" in page
    assert "Rests on: lone dissenter on Brief " in page
    assert page.count("Rests on: ") == 3
    assert f'src="/drafts/{token}/html"' in page
    framed = visitor.get(f"/drafts/{token}/html")
    assert framed.headers["content-security-policy"].startswith("default-src 'none'")
    assert "/unsubscribe/test" in framed.text


def test_a_forged_link_or_one_for_something_else_shows_nothing(visitor):
    issue = draft_week(visitor.app)
    for token in ("forged", visitor.app.signer.confirmation(issue.id), visitor.app.signer.reader(issue.id, 1)):
        assert visitor.get(f"/drafts/{token}").status_code == 400


def test_a_link_is_old_after_two_weeks(visitor, monkeypatch):
    issue = draft_week(visitor.app)
    token = visitor.app.signer.draft(issue.id)
    monkeypatch.setattr("newsletter.audience.tokens.DRAFT_DAYS", -1)
    assert "older than" in visitor.get(f"/drafts/{token}").text
