"""From the mail that says a draft is ready to an issue that is sent: what an operator has to do, counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.hold_issue import end_holds
from newsletter.app.sign_in import accept_invitation, make_invitation, sign_in
from newsletter.app.tick import tick
from newsletter.issues import IssueStatus
from newsletter.operators import Role
from tests.app.scripted import scripted
from tests.app.slots import KEY, issue_of
from tests.fakes.house import Clock, add_active, add_comparison, deliver_all_mail
from tests.fakes.running import listening
from tests.rendering.week import full_week

READERS = ["lena@example.org", "omar@example.org"]
PASSWORD = "harbour lantern oblique seven"
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""When the slot of that week is due, nine o'clock in Berlin."""


@dataclass
class Hands:
    """Of an operator; each press and each text that is typed is one action."""

    page: Page
    actions: int = 0

    def press(self, name: str) -> None:
        self.actions += 1
        self.page.get_by_role("button", name=name).click()

    def type(self, label: str, text: str) -> None:
        self.actions += 1
        self.page.get_by_label(label).fill(text)


def mails_to_ada(app: App) -> dict[str, str]:
    """Which one → its text, of every mail that reached the operator."""
    rows = app.store.database.query("SELECT key, text FROM message")
    deliver_all_mail(app)
    assert {row["status"] for row in app.store.database.query("SELECT status FROM message")} == {"accepted"}
    return {row["key"].partition("/")[0]: row["text"] for row in rows}


@pytest.mark.parametrize("live", [False, True], ids=["outbox", "live"])
def test_from_the_mail_that_a_draft_is_ready_to_a_sent_issue_takes_four_actions_at_most(
    tmp_path: Path, browser: Browser, live: bool
) -> None:
    clock = Clock()
    provider = scripted(live=True, max_batch=10) if live else None
    people = {"operator": "ada@example.com", "delivery": {"guests": READERS, "outbox": {"folder": tmp_path / "outbox"}}}
    with listening(tmp_path, clock, provider=provider, **people) as (app, url):
        app.store.meta.put("created_at", clock.now.isoformat())
        accept_invitation(app, make_invitation(app, "ada@example.com", Role.OWNER), "", PASSWORD)
        for address in READERS:
            add_active(app, address)
        for item in full_week():
            add_comparison(app, item.comparison)
        clock.now = MONDAY
        assert tick(app) == f"Issue {KEY} is drafted."
        mails = mails_to_ada(app)
        assert set(mails) == ({"draft", "test"} if live else {"draft"})
        link = re.search(rf"{re.escape(url)}\S+", mails["draft"])
        assert link, mails["draft"]

        clock.pass_by(minutes=5)
        session = sign_in(app, "ada@example.com", PASSWORD, "", client=b"ada")
        with browser.new_context() as context:
            context.add_cookies([{"name": "session", "value": session, "url": url}])
            page = context.new_page()
            page.goto(link[0])
            hands = Hands(page)
            if live:
                code = re.search(r"with\s+code\s+(\w+)", mails["test"])
                assert code, mails["test"]
                hands.type("The code in the test", code[1])
            hands.press("Approve it as it is")
            expect(page.get_by_text("Approved, as it is now.")).to_be_visible()
            hands.type("type the number of readers", "2")
            hands.press("Send to 2 readers")
            expect(page.get_by_role("heading", level=1)).to_contain_text("Goes out in")
            assert hands.actions <= 4

            clock.pass_by(seconds=61)
            end_holds(app)
            deliverer = Deliverer(app, app.owners.enter(), lambda seconds: False)
            while deliverer.step().worked:
                pass
            expect(page.get_by_role("heading", level=1)).to_have_text(f"Issue {KEY} is sent")
        assert issue_of(app).status is IssueStatus.SENT
        assert issue_of(app).counts.accepted == len(READERS)
