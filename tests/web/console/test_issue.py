"""An issue on the console, from draft to sent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.edit_issue import edit_issue
from newsletter.app.hold_issue import end_holds
from newsletter.app.look_up import look_at_issue
from newsletter.app.on_request import pause_on_request
from newsletter.app.send_issue import freeze_issue, pause_issue
from newsletter.issues import Issue, IssueStatus
from newsletter.operators import Role
from tests.fakes.house import Clock, add_active, draft_week
from tests.web.conftest import Visitor
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]


@pytest.fixture
def key(app: App) -> str:
    """A drafted week, and three readers."""
    for name in ("lena", "omar", "yuki"):
        add_active(app, f"{name}@example.org")
    return draft_week(app).key


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def issue_of(app: App, key: str) -> Issue:
    found = app.store.issues.by_key(key)
    assert found is not None
    return found


def status(app: App, key: str) -> IssueStatus:
    return issue_of(app, key).status


def test_from_a_draft_to_a_sent_issue_it_takes_four_acts(ada: Desk, app: App, key: str, clock: Clock) -> None:
    page = ada.get(f"/issues/{key}")
    assert "3 active − 0 paused − 0 off topic − 0 suppressed = <strong>3 recipients" in page.text
    assert "Every check passes" in page.text
    assert ada.post(f"/issues/{key}/approve").status_code == 303
    assert "goes to 3 readers through outbox" in ada.get(f"/issues/{key}/review").text
    assert ada.post(f"/issues/{key}/send", count="3").headers["location"] == f"/console/issues/{key}/sending"
    assert "Goes out in" in ada.get(f"/issues/{key}/sending").text
    clock.pass_by(seconds=60)
    end_holds(app)
    watched = ada.get(f"/issues/{key}/sending").text
    assert "0</span> %</span> settled" in watched
    assert "ada@example.com sent it" in watched


def test_the_wrong_number_sends_nothing(ada: Desk, app: App, key: str) -> None:
    ada.post(f"/issues/{key}/approve")
    for typed in ("2", "", "three", "-3", "3.0", "9" * 400):
        answer = ada.post(f"/issues/{key}/send", count=typed)
        assert answer.status_code == 409
        assert "Not sent:" in answer.text
    assert status(app, key) is IssueStatus.APPROVED


def test_within_the_minute_a_send_is_undone(ada: Desk, app: App, key: str, clock: Clock) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=59)
    ada.post(f"/issues/{key}/undo-send")
    assert status(app, key) is IssueStatus.APPROVED
    clock.pass_by(minutes=10)
    assert end_holds(app) is None
    assert "undid the send" in ada.get(f"/issues/{key}").text


def test_pause_resume_and_cancel_and_what_cannot_be(ada: Desk, app: App, key: str, clock: Clock) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=60)
    end_holds(app)
    assert ada.post(f"/issues/{key}/undo-send").status_code == 409
    ada.post(f"/issues/{key}/pause")
    assert status(app, key) is IssueStatus.PAUSED
    ada.post(f"/issues/{key}/resume")
    assert status(app, key) is IssueStatus.SENDING
    assert "3</span> never get it" in ada.get(f"/issues/{key}/sending").text
    ada.post(f"/issues/{key}/cancel")
    assert status(app, key) is IssueStatus.CANCELLED
    assert ada.post(f"/issues/{key}/resume").status_code == 409


def test_the_progress_is_told_as_events_and_ends_when_the_issue_is_over(
    ada: Desk, app: App, key: str, clock: Clock
) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=60)
    end_holds(app)
    ada.post(f"/issues/{key}/cancel")
    answer = ada.get(f"/issues/{key}/progress")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.count("data: ") == 1
    assert '"status": "cancelled"' in answer.text


def test_texts_and_order_are_changed_and_taken_back(ada: Desk, app: App, key: str) -> None:
    page = ada.get(f"/issues/{key}").text
    slugs = re.findall(r'<li data-slug="([^"]+)"', page)
    ada.post(
        f"/issues/{key}/texts",
        seen=seen(page),
        subject="Two ships & one <skip>",
        preheader="A preheader that is long enough to fill the line.",
        intro="Hello.",
    )
    page = ada.get(f"/issues/{key}").text
    assert html.escape("Two ships & one <skip>") in page
    ada.post(f"/issues/{key}/arrange", seen=seen(page), slug=slugs[1], act="up")
    page = ada.get(f"/issues/{key}").text
    assert re.findall(r'<li data-slug="([^"]+)"', page)[:2] == [slugs[1], slugs[0]]
    ada.post(f"/issues/{key}/arrange", seen=seen(page), slug=slugs[0], act="drop")
    ada.post(f"/issues/{key}/undo")
    ada.post(f"/issues/{key}/undo")
    ada.post(f"/issues/{key}/undo")
    page = ada.get(f"/issues/{key}").text
    assert re.findall(r'<li data-slug="([^"]+)"', page) == slugs
    assert "Two ships" not in re.sub(r"(?s)<section class=\"ruled\">\s*<h2>What was done.*", "", page)


def test_a_second_operators_save_never_overwrites_the_firsts_unseen(ada: Desk, operate: Operate, key: str) -> None:
    bob = operate(Role.EDITOR, "bob")
    texts = {"preheader": "A preheader that is long enough to fill the line.", "intro": ""}
    looked_at = seen(bob.get(f"/issues/{key}").text)
    ada.post(f"/issues/{key}/texts", seen=looked_at, subject="What Ada chose to say", **texts)
    answer = bob.ask(
        "POST",
        f"/issues/{key}/texts",
        data={"seen": looked_at, "subject": "What Bob chose to say", **texts},
        may_show=("ada@example.com",),
    )
    assert answer.status_code == 409
    assert "ada@example.com changed issue" in answer.text
    assert 'value="What Ada chose to say"' in answer.text


def test_a_viewer_looks_and_changes_nothing(operate: Operate, app: App, key: str) -> None:
    eve = operate(Role.VIEWER, "eve")
    assert eve.get(f"/issues/{key}").status_code == 200
    assert eve.post(f"/issues/{key}/approve").status_code == 403
    assert status(app, key) is IssueStatus.DRAFT


def test_the_preview_can_run_nothing_and_shows_either_scheme(ada: Desk, key: str) -> None:
    light = ada.get(f"/issues/{key}/html")
    assert "sandbox" in light.headers["content-security-policy"]
    assert "default-src 'none'" in light.headers["content-security-policy"]
    assert "(prefers-color-scheme:dark)" not in light.text
    assert "@media all" in ada.get(f"/issues/{key}/html?scheme=dark").text
    assert "img-src 'none'" in ada.get(f"/issues/{key}/html?images=off").headers["content-security-policy"]
    assert ada.get(f"/issues/{key}/text").headers["content-type"].startswith("text/plain")


def test_a_paused_issue_is_shown_with_its_reason(ada: Desk, app: App, key: str, clock: Clock) -> None:
    ada.post(f"/issues/{key}/approve")
    ada.post(f"/issues/{key}/send", count="3")
    clock.pass_by(seconds=60)
    end_holds(app)
    pause_issue(app, key, "The provider refuses us: wrong key.")
    assert "The provider refuses us: wrong key." in ada.get(f"/issues/{key}/sending").text
    assert f"Issue {key} is paused" in ada.get("").text


def test_the_mail_is_seen_as_any_reader_gets_it_and_no_link_of_it_is_theirs(ada: Desk, app: App, key: str) -> None:
    lena = add_active(app, "lena@example.org")  # is there already
    app.store.saved.put(lena.id, ["kestrel"], app.now(), at_most=9)
    found = ada.post(f"/issues/{key}/as?view=dark", email=" Lena@example.org ")
    assert found.headers["location"] == f"/console/issues/{key}?view=dark&reader={lena.id}#preview"
    page = ada.get(f"/issues/{key}?view=dark&reader={lena.id}", may_show=("lena@example.org",)).text
    assert f'<a href="/console/subscribers/{lena.id}">lena@example.org</a> gets it' in page
    assert f'/html?scheme=dark&amp;reader={lena.id}"' in page
    assert "They do not get it" not in page
    assert f'action="/console/issues/{key}/texts?view=dark&amp;reader={lena.id}"' in page, "a save keeps the view"
    for part in ("html", "text", "source"):
        mail = ada.get(f"/issues/{key}/{part}?reader={lena.id}").text
        assert "(you saved this)" in mail
        assert app.signer.reader(1, lena.id) not in mail
        assert "(you saved this)" not in ada.get(f"/issues/{key}/{part}").text


def test_a_reader_who_would_not_get_it_is_shown_with_the_reason(ada: Desk, app: App, key: str) -> None:
    lena = add_active(app, "lena@example.org")
    pause_on_request(app, lena, 4)
    page = ada.get(f"/issues/{key}?reader={lena.id}", may_show=("lena@example.org",)).text
    assert "They do not get it:</strong> They are paused until 17 December 2026." in page


def test_who_is_no_reader_is_not_found_and_stands_in_no_address(ada: Desk, key: str) -> None:
    unknown = ada.ask("POST", f"/issues/{key}/as", data={"email": "no@example.org"}, may_show=("no@example.org",))
    assert (unknown.status_code, "There is no subscriber no@example.org." in unknown.text) == (404, True)
    typed = ada.post(f"/issues/{key}/as", email="nobody at all")
    assert (typed.status_code, 'value="nobody at all"' in typed.text) == (422, True)
    for number in ("999", "x", "-1", "9" * 40, "²"):
        assert ada.get(f"/issues/{key}?reader={number}").status_code == 404
        assert ada.get(f"/issues/{key}/html?reader={number}").status_code == 404


def test_the_web_version_is_seen_before_anybody_else_sees_it(ada: Desk, visitor: Visitor, app: App, key: str) -> None:
    edit_issue(app, key, intro="Hello, *reader*: [more](https://example.org/more).")
    found = ada.get(f"/issues/{key}/web?scheme=dark")
    policy = found.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self' data: https:; style-src 'unsafe-inline'")
    assert policy.endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
    assert "<script" not in found.text
    assert '<link rel="stylesheet"' not in found.text
    assert ":root { color-scheme: dark }" in found.text
    assert '<p>Hello, <em>reader</em>: <a href="https://example.org/more">more</a>.</p>' in found.text
    assert "noindex" in found.headers["x-robots-tag"]
    assert 'src="/console/issues/2026-W48/web?scheme=light"' in ada.get(f"/issues/{key}?view=web").text
    assert visitor.get(f"/issues/{key}").status_code == 404, "nobody else yet"
    approve_issue(app, key)
    freeze_issue(app, key)
    public = visitor.get(f"/issues/{key}").text
    body = re.compile(r"(?s)<main.*</main>")
    assert body.findall(public) == body.findall(ada.get(f"/issues/{key}/web").text)


def test_each_finding_has_its_place_and_a_link_to_where_it_is_mended(ada: Desk, app: App, key: str) -> None:
    edit_issue(app, key, intro="[Here](http://example.org/x) and [here](http://example.org/y).")
    app.store.issues.set(issue_of(app, key).id, preheader="Short")
    slug = look_at_issue(app, key).places[0].slug
    stored = app.store.comparisons.by_slug(slug)
    assert stored
    app.store.comparisons.revise(stored, replace(stored.comparison, url="http://example.com/c"), app.now(), "ada")
    page = html.unescape(ada.get(f"/issues/{key}").text)
    checks = page[page.index('id="checks"') : page.index('id="audience"')]
    assert checks.count('<li class="block">') == 1
    assert '<a class="tap" href="#intro">Mend the intro</a>' in checks
    assert f'href="/console/comparisons/{slug}">Mend {stored.comparison.title}</a>' in checks
    assert '<a class="tap" href="#preheader">Mend the preheader</a>' in checks
    assert "The 14 rules for a mail that it keeps" in checks
    assert "The checks block it." in page


def test_every_way_to_announce_it_has_its_length(ada: Desk, key: str) -> None:
    page = html.unescape(ada.get(f"/issues/{key}").text)
    offers = re.findall(r'<strong>([^<]+)</strong> <span class="quiet count">(\d+) of 78</span>', page)
    assert len(offers) > 1
    assert all(len(subject) == int(length) for subject, length in offers)
