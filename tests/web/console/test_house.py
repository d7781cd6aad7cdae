"""Settings and health on the console, the test of the provider, and the log."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.app.compose_issue import compose_issue, find_issue
from newsletter.app.compose_issue import test_code_of as code_of  # not a test
from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.record import note
from newsletter.app.send_issue import freeze_issue
from newsletter.operators import Role
from newsletter.providers.outbox import Outbox
from newsletter.web.site import create_site
from tests.app.scripted import scripted
from tests.fakes.house import TEMPLATES, Clock, add_active, deliver_all_mail, draft_week
from tests.web.conftest import Open, Visitor
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]


def row(page: str, key: str) -> str:
    """A setting's row, as text."""
    found = re.search(rf'(?s)<tr id="{re.escape(key)}">(.*?)</tr>', page)
    assert found, key
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


def test_every_setting_is_shown_and_no_secret(open_site: Open) -> None:
    visitor = open_site(
        secret_key="kept-very-secret",
        old_secret_keys=["older-very-secret"],
        delivery={"smtp": {"password": "hush-hush"}},
    )
    page = Desk(visitor, Role.VIEWER, "eve").get("/settings").text
    assert row(page, "schedule.mode").startswith("schedule.mode draft: draft it and tell the operator")
    assert row(page, "reply_to").endswith("empty default")
    for key in ("secret_key", "old_secret_keys", "delivery.smtp.password"):
        assert "**********" in row(page, key)
    assert not re.search("very-secret|hush", page)


def test_where_a_setting_came_from_stands_beside_it(visitor: Visitor, ada: Desk) -> None:
    visitor.app.settings.came_from.update({"name": "file", "time_zone": "environment"})
    page = ada.get("/settings").text
    assert row(page, "name").endswith("Weekly AI Tool Verdicts file")
    assert row(page, "time_zone").endswith("Europe/Berlin environment")
    assert row(page, "web.port").endswith("8000 default")


def test_every_open_task_leads_to_the_setting_that_mends_it(ada: Desk) -> None:
    page = ada.get("/settings").text
    assert "2 of 5 are open. Until then a live send is refused, unless" in page
    links = re.findall(r'href="#([\w.]+)">See', page)
    assert links == ["delivery.provider", "site_url"]
    for key in links:
        assert row(page, key)


def test_the_network_is_only_asked_where_somebody_says_so(visitor: Visitor, ada: Desk) -> None:
    asked = []

    class Watched:
        def instance_at(self, url: str) -> str | None:
            asked.append(url)
            return visitor.app.store.meta.instance

    visitor.site = create_site(replace(visitor.app, site=Watched()), TEMPLATES)
    assert "Unsubscribe page" not in ada.get("/settings").text
    assert asked == []
    assert "<strong>Unsubscribe page</strong>" in ada.get("/settings?look=1").text
    assert len(asked) == 1


def test_health_tells_the_backup_the_key_and_the_parts(ada: Desk, app: App, clock: Clock) -> None:
    page = ada.get("/settings").text
    assert "none by <code>newsletter backup</code>" in page
    assert "none yet: <code>newsletter serve</code>" in page
    app.store.meta.beat("ticker", clock.now)
    app.store.meta.backed_up_at = clock.now
    app.store.meta.rotate_signing_key(clock.now)
    clock.pass_by(seconds=90)
    page = ada.get("/settings").text
    assert "ticker 90 s ago" in page
    assert "19 Nov 2026, 08:00 UTC" in page
    assert "since 19 Nov 2026; 1 older key still read" in page


def test_the_test_mail_goes_to_whoever_asks_and_its_fate_is_shown(ada: Desk, app: App) -> None:
    assert ada.post("/settings/test-mail").status_code == 303
    assert '<strong class="state waiting">waiting</strong>' in ada.get("/settings?done=tested").text
    deliver_all_mail(app)
    assert isinstance(app.provider, Outbox)
    assert [mail.to for mail in app.provider.list_mails()] == [ada.email]
    page = ada.get("/settings").text
    assert "state waiting" not in page
    assert '<strong class="state accepted">accepted</strong>' in page
    assert "tested the provider" in ada.get("/log").text


def test_a_test_mail_under_way_is_not_asked_for_again(ada: Desk) -> None:
    ada.post("/settings/test-mail")
    answer = ada.post("/settings/test-mail")
    assert answer.status_code == 409
    assert "is waiting still" in answer.text
    assert ada.get("/log").text.count("tested the provider") == 1


def test_without_a_sender_there_is_nothing_to_test(open_site: Open) -> None:
    ada = Desk(open_site(sender=""), Role.OWNER, "ada")
    assert "There is no sender address." in ada.post("/settings/test-mail").text


@pytest.fixture
def many(app: App) -> None:
    """120 deeds to one issue, and one to another."""
    for number in range(120):
        note(app, "bob", f"deed {number}.", subject="issue 2026-W48", via="api")
    note(app, "bob", "another", subject="comparison a & b", via="api")


def deeds(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"deed (\d+)\.", page)]


@pytest.mark.usefixtures("many")
def test_the_log_is_paged_without_a_gap_or_a_repeat(ada: Desk) -> None:
    found, path = [], "/log?subject=issue+2026-W48"
    for _ in range(3):
        page = ada.get(path).text
        found += deeds(page)
        older = re.search(r'href="/console(/log\?before=[^"]+)">Older', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert path == ""
    assert found == list(range(119, -1, -1))


@pytest.mark.usefixtures("many")
def test_a_subject_leads_to_all_that_was_done_to_it(ada: Desk) -> None:
    link = re.search(r'href="/console(/log\?subject=comparison[^"]+)"', ada.get("/log").text)
    assert link
    page = ada.get(link[1].replace("&amp;", "&")).text
    assert "another" in page
    assert deeds(page) == []
    assert 'value="comparison a &amp; b"' in page


def test_a_log_of_nothing_says_so(ada: Desk) -> None:
    assert "Nothing was done to “issue 1999-W01”." in ada.get("/log?subject=issue+1999-W01").text
    assert ada.get("/log?before=0").status_code == 422
    assert ada.get(f"/log?before={2**64}").status_code == 422


@pytest.mark.usefixtures("many")
def test_the_log_as_a_file_is_whole_and_safe_in_a_spreadsheet(ada: Desk, app: App) -> None:
    note(app, "=1+1", "x", via="api")
    rows = list(csv.DictReader(io.StringIO(ada.get("/log.csv").text)))
    assert rows[0]["operator"] == "'=1+1"
    assert len(rows) == app.store.database.value("SELECT count(*) FROM audit")
    assert len(list(csv.DictReader(io.StringIO(ada.get("/log.csv?subject=issue+2026-W48").text)))) == 120


def test_while_only_guests_are_let_through_every_page_says_so(open_site: Open) -> None:
    visitor = open_site(delivery={"guests": ["lena@example.org"]}, operator="ada@example.com")
    app = replace(visitor.app, provider=scripted(live=True, max_batch=10))
    visitor.site = create_site(app, TEMPLATES)
    ada = Desk(visitor, Role.OWNER, "ada")
    for name in ("ada@example.com", "lena@example.org", "omar@example.org"):
        add_active(app, name)
    key = draft_week(app).key
    code = code_of(app, compose_issue(app, find_issue(app, key)).sha256)
    assert "reaches the operator and 1 guest alone" in ada.get("/settings", may_show=("lena@example.org",)).text
    assert ada.post(f"/issues/{key}/approve", code=code).status_code == 303
    waits = "Until then only the operator and the guests are mailed (2 addresses)"
    assert waits in ada.get(f"/issues/{key}/review").text
    assert "disabled" not in ada.get(f"/issues/{key}/review").text
    freeze_issue(app, key)
    assert waits not in ada.get(f"/issues/{key}/sending").text
    deliverer = Deliverer(app, app.owners.enter(), lambda seconds: False)
    while deliverer.step().worked:
        pass
    assert waits in ada.get(f"/issues/{key}/sending").text
    counts = find_issue(app, key).counts
    assert (counts.accepted, counts.waiting) == (2, 1)
