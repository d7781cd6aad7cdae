"""The report page: what an issue's numbers say, and the pages that stand before anything is sent again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.record import what_was_done
from newsletter.app.send_issue import freeze_issue
from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.issues import Issue
from newsletter.operators import Role
from newsletter.store.deliveries import Settlement
from tests.fakes.house import add_active, draft_week
from tests.web.conftest import Visitor
from tests.web.console.conftest import Desk

D = DeliveryStatus
NAMES = ("lena", "omar", "yuki", "nils")
SHOWN = tuple(f"{name}@example.org" for name in NAMES)


@pytest.fixture
def issue(app: App) -> Issue:
    """Sent: lena got it, omar was refused, yuki is in doubt, nils bounced."""
    for address in SHOWN:
        add_active(app, address)
    key = draft_week(app).key
    approve_issue(app, key)
    frozen = freeze_issue(app, key)
    ledger, store = app.store.deliveries, app.store
    batch = ledger.claim(frozen.id, "me", app.now().timestamp(), app.now().timestamp() + 600)
    assert batch is not None
    may, _ = ledger.addresses(batch)
    members = [(who.id, Recipient(f"{frozen.id}-{who.id}", who.address, {})) for who in may]
    assert ledger.start(batch, "outbox", members, b"", app.now().timestamp(), app.now().timestamp() + 600)
    lena, omar, yuki, nils = (number for number, _ in members)
    sent = ledger.batch(frozen.id, batch.number)
    assert sent is not None
    with store.transaction():
        ledger.move(sent, BatchStatus.SETTLED)
        settlements = [
            Settlement(lena, D.ACCEPTED),
            Settlement(omar, D.REJECTED, None, "mailbox full"),
            Settlement(yuki, D.UNKNOWN),
            Settlement(nils, D.ACCEPTED),
        ]
        ledger.settle(frozen.id, settlements, D.IN_FLIGHT)
        ledger.put_outcome(frozen.id, lena, "delivered", app.now(), "")
        ledger.put_outcome(frozen.id, nils, "hard_bounce", app.now(), "no such box")
        assert store.issues.finish(frozen.id, app.now())
    found = store.issues.by_id(frozen.id)
    assert found is not None
    return found


def row(page: str, name: str) -> str:
    """The cells of one number, without markup."""
    found = page.split(f'<th scope="row">{name}</th>')[1].split("</tr>")[0]
    return " ".join(found.replace("<", " <").split()).replace("td", "")


def test_the_report_shows_every_number_and_who_left_and_voted_by_this_issue(
    ada: Desk, app: App, issue: Issue, visitor: Visitor
) -> None:
    lena = app.signer.reader(issue.id, 1)
    visitor.post(f"/v/{lena}/kestrel/ship", may_set=("reader",))
    visitor.post(f"/unsubscribe/{app.signer.reader(issue.id, 2)}", data={"List-Unsubscribe": "One-Click"})
    page = ada.get(f"/issues/{issue.key}/report", may_show=SHOWN).text
    for name, share in (
        ("Accepted", "50.0 %"),
        ("Delivered", "25.0 %"),
        ("Hard bounce", "25.0 %"),
        ("Soft bounce", "0.0 %"),
        ("Complaint", "0.0 %"),
        ("Unsubscribed", "25.0 %"),
        ("Ship votes", "25.0 %"),
        ("Skip votes", "0.0 %"),
        ("Rejected", "25.0 %"),
        ("Unknown", "25.0 %"),
    ):
        assert share in row(page, name), name
    assert "after 72 hours" in row(page, "No report")
    assert "Unknown: 1" in page


def test_the_list_for_a_spreadsheet_comes_in_pieces_and_whole(
    ada: Desk, app: App, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.app.report_issue._PAGE", 1)
    answer = ada.get(f"/issues/{issue.key}/missed.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "content-length" not in answer.headers
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(one["email"], one["outcome"], one["detail"]) for one in rows] == [
        ("omar@example.org", "", "mailbox full"),
        ("yuki@example.org", "", ""),
        ("nils@example.org", "hard_bounce", "no such box"),
    ]
    assert ada.ask("GET", "/issues/2001-W01/missed.csv").status_code == 404


def test_the_refused_are_looked_at_and_tried_again_and_nobody_else(ada: Desk, app: App, issue: Issue) -> None:
    where = f"/issues/{issue.key}"
    assert f"{where}/retry" in ada.get(f"{where}/report", may_show=SHOWN).text
    asked = ada.get(f"{where}/retry", may_show=SHOWN).text
    assert "Try 1 reader again?" in asked
    assert "mailbox full" in asked
    assert "yuki@example.org" not in asked
    assert app.store.deliveries.in_status(issue.id, D.WAITING) == []
    late = ada.ask("POST", f"{where}/retry", data={"count": "2"}, may_show=SHOWN)
    assert (late.status_code, "It would go to 1 now, not to 2." in late.text) == (409, True)
    done = ada.post(f"{where}/retry", count="1")
    assert done.headers["location"].endswith(f"{where}/sending")
    assert app.store.deliveries.in_status(issue.id, D.WAITING) == [2]
    assert what_was_done(app, f"issue {issue.key}")[0][1].act == "tried again what was refused"
    twice = ada.ask("POST", f"{where}/retry", data={"count": "1"}, may_show=SHOWN)
    assert twice.status_code == 409
    assert "Nothing to try again" in twice.text


def test_not_sent_names_how_many_get_it_again_and_the_evidence_before_it_is_done(
    ada: Desk, app: App, issue: Issue
) -> None:
    where = f"/issues/{issue.key}"
    asked = ada.get(f"{where}/settle?word=not-sent", may_show=SHOWN).text
    assert "Send it again to 1 reader?" in asked
    assert f"{issue.key}-{issue.nonce}/1" in asked
    assert "yuki@example.org" in asked
    late = ada.ask("POST", f"{where}/settle", data={"word": "not-sent", "count": "3"}, may_show=SHOWN)
    assert (late.status_code, "are unknown now, not 3" in late.text) == (409, True)
    odd = ada.ask("POST", f"{where}/settle", data={"word": "not-sent", "count": "one"}, may_show=SHOWN)
    assert (odd.status_code, "no number of readers" in odd.text) == (422, True)
    assert app.store.deliveries.in_status(issue.id, D.WAITING) == []
    ada.post(f"{where}/settle", word="not-sent", count="1")
    assert app.store.deliveries.in_status(issue.id, D.WAITING) == [3]
    assert what_was_done(app, f"issue {issue.key}")[0][1].act == "settled what was unknown as not sent"


def test_who_left_since_is_told_apart_before_anything_is_sent_again(ada: Desk, app: App, issue: Issue) -> None:
    app.store.subscribers.unsubscribe(3, app.now())
    asked = ada.get(f"/issues/{issue.key}/settle?word=not-sent", may_show=SHOWN).text
    assert "Count 1 as not sent?" in asked
    assert "This reader has left or been suppressed since: nothing is sent to anybody." in asked
    assert "send it again" not in asked


def test_sent_is_one_sentence_and_sends_nothing(ada: Desk, app: App, issue: Issue) -> None:
    asked = ada.get(f"/issues/{issue.key}/settle?word=sent", may_show=SHOWN).text
    assert "Count 1 as sent?" in asked
    assert "nothing is sent to anybody" in asked
    ada.post(f"/issues/{issue.key}/settle", word="sent", count="1")
    assert app.store.deliveries.in_status(issue.id, D.UNKNOWN) == []
    settled = ada.get(f"/issues/{issue.key}/settle", may_show=SHOWN).text
    assert "Nothing is unknown" in settled
    no = ada.ask("POST", f"/issues/{issue.key}/settle", data={"word": "perhaps"}, may_show=SHOWN)
    assert no.status_code == 422


def test_a_viewer_is_shown_no_way_to_send_again(operate: Callable[..., Desk], issue: Issue) -> None:
    desk = operate(Role.VIEWER, "eve")
    page = desk.get(f"/issues/{issue.key}/report", may_show=SHOWN).text
    assert "/retry" not in page
    assert "/settle" not in page
    for path in ("retry", "settle"):
        assert desk.knock("GET", f"/console/issues/{issue.key}/{path}") == 403
