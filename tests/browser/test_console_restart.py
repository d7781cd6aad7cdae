"""The server is stopped, or dies, in the middle of a send: the open page says so, finds it again, and goes on."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.app.send_issue import freeze_issue
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.operators import Role
from tests.faults.harness import OUTBOX, Ground, build_ground, faults_found, mails_of, wait_for

READERS = 200
SILENT = "The server does not answer."


@dataclass
class Served:
    """An issue that is on its way, and the address at which `newsletter serve` answers for it, each time anew."""

    ground: Ground
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[str]:
        """The server as a process of its own, once it listens."""
        host = self.ground.start("serve", "--port", str(self.port), "--json")
        assert host.stdout is not None
        assert "{" in host.stdout.readline()
        return host


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """200 readers in 50 batches, 15 batches a second: three seconds if nobody disturbs it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ground = build_ground(tmp_path, READERS, OUTBOX, rate=15.0, site_url=f"http://127.0.0.1:{port}")
    freeze_issue(ground.app, ground.key)
    ground.cut_small()
    yield Served(ground, port)
    ground.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """The page of the send, opened by Ada, who signed in before the server was first started."""
    app = served.ground.app
    session = accept_invitation(app, make_invitation(app, "ada@example.com", Role.OWNER), "", "harbour lantern oblique")
    with browser.new_context(base_url=served.url) as context:
        context.add_cookies([{"name": "session", "value": session, "url": served.url}])
        yield context.new_page()


def accepted(page: Page) -> int:
    """As the page says."""
    return int(page.locator("[data-told=accepted]").inner_text().replace(",", ""))


def sum_on(page: Page) -> tuple[int, int]:
    """(recipients, all the states they are in) as the page counts them."""
    shown = {
        name: int(page.locator(f"dd[data-told={name}]").inner_text().replace(",", ""))
        for name in ("frozen", "waiting", "in_flight", "accepted", "rejected", "suppressed", "unknown", "cancelled")
    }
    return shown.pop("frozen"), sum(shown.values())


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words, timeout=10_000)


def about_half(served: Served) -> None:
    wait_for("half of the mails", lambda: served.ground.issue.counts.accepted >= READERS * 4 // 10)


def test_a_send_is_paused_the_server_stopped_and_started_and_the_open_page_resumes_it(
    served: Served, page: Page
) -> None:
    host, key = served.start(), served.ground.key
    page.goto(f"/console/issues/{key}/sending")
    about_half(served)
    page.get_by_role("button", name="Pause", exact=True).click()
    heading(page, f"Issue {key} is paused")

    host.send_signal(signal.SIGTERM)
    host.communicate(timeout=15)
    assert host.returncode == 0, "an open page did not keep it"
    expect(page.get_by_text(SILENT)).to_be_visible()
    before = served.ground.issue.counts
    assert 0 < before.accepted < READERS
    assert before.in_flight == 0

    served.start()
    expect(page.get_by_text(SILENT)).to_be_hidden()
    heading(page, f"Issue {key} is paused")
    assert accepted(page) == before.accepted
    assert sum_on(page) == (READERS, READERS)
    page.get_by_role("button", name="Resume").click()
    heading(page, f"Issue {key} is sent")
    assert sum_on(page) == (READERS, READERS)
    assert accepted(page) == READERS
    assert faults_found(served.ground, mails_of(served.ground.folder / "outbox")) == []


def test_the_server_is_killed_as_it_sends_and_after_the_next_start_the_open_page_pauses_and_resumes(
    served: Served, page: Page
) -> None:
    host, key = served.start(), served.ground.key
    page.goto(f"/console/issues/{key}/sending")
    about_half(served)
    host.kill()
    host.communicate(timeout=10)
    expect(page.get_by_text(SILENT)).to_be_visible()
    dead = served.ground.issue.counts
    assert dead.waiting > 0

    served.start()
    expect(page.get_by_text(SILENT)).to_be_hidden()
    page.get_by_role("button", name="Pause", exact=True).click()
    heading(page, f"Issue {key} is paused")
    assert accepted(page) >= dead.accepted
    page.reload()
    assert sum_on(page) == (READERS, READERS)
    page.get_by_role("button", name="Resume").click()
    heading(page, f"Issue {key} is sent")
    assert (accepted(page), sum_on(page)) == (READERS, (READERS, READERS))
    expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    assert faults_found(served.ground, mails_of(served.ground.folder / "outbox")) == []
