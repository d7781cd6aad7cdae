"""Subscribers and suppressions on the console."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.leave import unsubscribe
from newsletter.app.on_request import unsubscribe_on_request
from newsletter.app.send_issue import freeze_issue
from newsletter.app.subscribe import confirm, find_subscriber, subscribe
from newsletter.audience.subscriber import Frequency, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Verdict
from newsletter.operators import Role
from newsletter.store import people_lists
from tests.fakes.house import Clock, add_active, draft_week
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]
CONSENT = "Ticked the box on example.com, spring 2026."
LENA = "lena@example.org"


def listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', page)


def hidden(page: str) -> dict[str, str]:
    return {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    }


def test_the_list_is_counted_filtered_and_searched(ada: Desk, app: App) -> None:
    people = [add_active(app, f"{name}@example.org") for name in ("lena", "omar", "lea")]
    app.store.subscribers.prefer(people[1].id, ["writing"], Frequency.WEEKLY, "")
    unsubscribe(app, app.signer.reader(0, people[2].id), source="page")
    shown = tuple(f"{name}@example.org" for name in ("lena", "omar", "lea"))

    def ask(query: str) -> list[str]:
        return listed(ada.get(f"/subscribers?{query}", may_show=shown).text)

    page = ada.get("/subscribers", may_show=shown).text
    assert listed(page) == ["lea@example.org", "omar@example.org", LENA]
    assert re.findall(r'(\w+) <span class="quiet">(\d+)</span></a></li>', page) == [
        ("Everybody", "3"),
        ("Pending", "0"),
        ("Active", "2"),
        ("Unsubscribed", "1"),
        ("Erased", "0"),
    ]
    assert ask("status=active") == ["omar@example.org", LENA]
    assert ask("topic=writing") == ["omar@example.org"]
    assert ask("status=unsubscribed&topic=writing") == []
    assert ask("q=LE&how=begins") == ["lea@example.org", LENA]
    assert ask("q=mar") == ["omar@example.org"]
    assert ask("q=mar&how=begins") == []
    assert ask("q=example&status=active") == [LENA, "omar@example.org"]
    assert ask("q=example&topic=writing") == ["omar@example.org"]
    assert ask("q=%25") == ask("q=_") == []


def test_pages_of_fifty_show_everybody_once(ada: Desk, app: App) -> None:
    everybody = [add_active(app, f"reader{number:03}@example.org").email or "" for number in range(120)]
    for query in ("", "q=reader", "status=active", "topic=writing", "topic=writing&q=reader"):
        if "topic" in query:
            for number in range(1, 121):
                app.store.subscribers.prefer(number, ["writing"], Frequency.WEEKLY, "")
        seen: list[str] = []
        where = f"/subscribers?{query}"
        while where:
            page = ada.get(where, may_show=tuple(everybody)).text
            assert len(listed(page)) <= 50
            seen += listed(page)
            more = re.search(r'href="/console(/subscribers\?[^"]+)">Next 50', page)
            where = html.unescape(more[1]) if more else ""
        assert seen == (everybody if "q=" in query else everybody[::-1]), query


def test_a_search_among_very_many_says_that_it_has_not_seen_all_and_goes_on(
    ada: Desk, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_lists, "_LOOKED", 3)
    for name in ("amara", "bela", "chidi", "dana", "lena"):
        add_active(app, f"{name}@example.org")
    page = ada.get("/subscribers?q=ena").text
    assert "Nobody like that so far." in page
    assert "There is nobody yet." not in page
    further = re.search(r'<a href="/console(/subscribers\?[^"]+)">Look further</a>', page)
    assert further
    page = ada.get(html.unescape(further[1]), may_show=(LENA,)).text
    assert listed(page) == [LENA]
    assert "Look further" not in page
    assert "Nobody like that.</p>" in ada.get("/subscribers?q=ena&how=begins").text


def test_a_whole_address_leads_to_its_person_and_a_suppressed_one_to_the_reason(ada: Desk, app: App) -> None:
    person = add_active(app, LENA)
    assert ada.get("/subscribers?q=LENA@Example.org").headers["location"] == f"/console/subscribers/{person.id}"
    app.store.subscribers.suppress("spam@example.org", SuppressionReason.COMPLAINT, app.now())
    page = ada.get("/subscribers?q=spam@example.org", may_show=("spam@example.org",)).text
    assert "Its owner reported a mail of ours as spam." in page


def test_a_persons_story_is_one_line_newest_first_with_the_proof_of_consent(ada: Desk, app: App, clock: Clock) -> None:
    subscribe(app, LENA, source="form", ip="198.51.100.9")
    person = find_subscriber(app, LENA)
    clock.pass_by(minutes=1)
    confirm(app, app.signer.confirmation(person.id), ip="198.51.100.10")
    clock.pass_by(minutes=1)
    key = draft_week(app).key
    approve_issue(app, key)
    freeze_issue(app, key)
    clock.pass_by(minutes=1)
    app.store.votes.put(person.id, "kestrel", Verdict.SHIP, app.now(), None)
    clock.pass_by(minutes=1)
    app.store.saved.put(person.id, ["plumbline"], app.now(), at_most=50)
    clock.pass_by(minutes=1)
    assert ada.post(f"/subscribers/{person.id}/unsubscribe").status_code == 303
    clock.pass_by(minutes=1)
    app.store.subscribers.left_because(person.id, "too_often", "Every <week> is a lot.", app.now())
    page = ada.get(f"/subscribers/{person.id}", may_show=(LENA,)).text
    story = [html.unescape(words) for words in re.findall(r"</time>\s*<div><(?:strong|a [^>]*)>([^<]+)<", page)]
    assert story[0] == "Left because: it came too often"
    assert set(story[1:3]) == {"Unsubscribed", "ada@example.com unsubscribed them on request"}
    assert story[3:6] == ["Saved plumbline", "Voted ship on kestrel", f"Issue {key}: waiting"]
    assert set(story[6:]) == {
        "Confirmed",
        "Welcome mail: cancelled",
        "Asked for the newsletter",
        "Confirmation mail: waiting",
    }
    assert story[-1] in ("Asked for the newsletter", "Confirmation mail: waiting")
    assert "form, form of 2026-11, from 198.51.100.9" in page
    assert "You confirm your address first" in page
    assert "Every &lt;week&gt; is a lot." in page


def test_each_act_for_a_person_is_done_and_recorded(ada: Desk, operate: Operate, app: App, clock: Clock) -> None:
    subscribe(app, LENA, source="form", ip=None)
    pending = find_subscriber(app, LENA)
    refused = ada.ask("POST", f"/subscribers/{pending.id}/confirmation", may_show=(LENA,))
    assert refused.status_code == 409
    assert "within the last 24 hours" in refused.text
    clock.pass_by(days=1, minutes=1)
    bob = operate(Role.EDITOR, "bob")
    assert bob.post(f"/subscribers/{pending.id}/confirmation").status_code == 303
    reader = add_active(app, "omar@example.org")
    bob.post(f"/subscribers/{reader.id}/pause", weeks="8")
    assert find_subscriber(app, "omar@example.org").paused_until is not None
    bob.post(f"/subscribers/{reader.id}/pause", weeks="0")
    assert find_subscriber(app, "omar@example.org").paused_until is None
    wrong = bob.ask("POST", f"/subscribers/{reader.id}/pause", data={"weeks": "99"}, may_show=("omar@example.org",))
    assert wrong.status_code == 422
    bob.post(f"/subscribers/{reader.id}/unsubscribe")
    assert find_subscriber(app, "omar@example.org").status is SubscriberStatus.UNSUBSCRIBED
    twice = bob.ask("POST", f"/subscribers/{reader.id}/unsubscribe", may_show=("omar@example.org",))
    assert twice.status_code == 409
    deeds = [deed.act for _, deed in app.store.operators.deeds(f"subscriber {reader.id}")]
    assert deeds == ["unsubscribed them on request", "ended their pause", "paused them for 8 weeks"]


def test_only_an_owner_erases_after_being_asked_and_the_address_is_nowhere(
    ada: Desk, operate: Operate, app: App, dump: Callable[[], str]
) -> None:
    person = add_active(app, LENA)
    bob = operate(Role.EDITOR, "bob")
    assert bob.post(f"/subscribers/{person.id}/erase").status_code == 403
    assert "Erase this person" not in bob.get(f"/subscribers/{person.id}", may_show=(LENA,)).text
    assert "This cannot be undone" in ada.get(f"/subscribers/{person.id}/erase", may_show=(LENA,)).text
    assert find_subscriber(app, LENA).status is SubscriberStatus.ACTIVE
    assert ada.post(f"/subscribers/{person.id}/erase").status_code == 303
    assert "Erased, number" in ada.get(f"/subscribers/{person.id}").text
    assert "lena@" not in dump()
    assert ada.post(f"/subscribers/{person.id}/erase").status_code == 422


def test_what_a_person_gets_of_themselves_is_there_as_json(ada: Desk, app: App) -> None:
    person = add_active(app, LENA)
    answer = ada.get(f"/subscribers/{person.id}/data.json")
    assert answer.headers["content-disposition"] == f"attachment; filename=subscriber-{person.id}.json"
    assert json.loads(answer.text)["address"] == LENA


@pytest.mark.parametrize("number", ["0", "999", "-1", "x", "1.0", "9" * 40, "²"])
def test_a_number_nobody_has_is_no_page(ada: Desk, number: str) -> None:
    assert ada.get(f"/subscribers/{number}").status_code == 404


def test_the_export_is_safe_in_a_spreadsheet_and_recorded(ada: Desk, app: App) -> None:
    for address in (LENA, "=cmd@example.org", "+1@example.org"):
        add_active(app, address)
    answer = ada.post("/subscribers/export")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["email"] for row in rows] == [LENA, "'=cmd@example.org", "'+1@example.org"]
    assert rows[0]["status"] == "active"
    assert "exported the subscribers" in [deed.act for _, deed in app.store.operators.deeds()]


def test_a_list_for_another_product_is_chosen_and_recorded(ada: Desk, app: App) -> None:
    unsubscribe_on_request(app, add_active(app, LENA))
    assert 'value="listmonk-blocklist"' in ada.get("/subscribers", may_show=(LENA,)).text
    answer = ada.post("/subscribers/export", **{"for": "listmonk-blocklist"})
    assert [row["status"] for row in csv.DictReader(io.StringIO(answer.text))] == ["blocklisted"]
    assert answer.headers["content-disposition"] == "attachment; filename=subscribers.unsubscribed.csv"
    assert app.store.operators.deeds()[0][1].detail == "for listmonk, unsubscribed"
    refused = ada.ask("POST", "/subscribers/export", data={"for": "nobody"}, may_show=(LENA,))
    assert (refused.status_code, "Choose one of the lists" in refused.text) == (422, True)


def test_somebody_is_added_with_proof_or_asked_to_confirm(ada: Desk, app: App) -> None:
    ada.post("/subscribers", email=LENA, evidence="wrote to us")
    assert find_subscriber(app, LENA).status is SubscriberStatus.ACTIVE
    ada.post("/subscribers", email="omar@example.org")
    assert find_subscriber(app, "omar@example.org").status is SubscriberStatus.PENDING
    answer = ada.ask("POST", "/subscribers", data={"email": "nobody"}, may_show=(LENA, "omar@example.org"))
    assert answer.status_code == 422
    assert 'value="nobody"' in answer.text
    people = [find_subscriber(app, address).id for address in ("omar@example.org", LENA)]
    deeds = [(deed.act, deed.subject) for _, deed in app.store.operators.deeds()]
    assert deeds[:2] == list(
        zip(("asked them to confirm", "added them"), [f"subscriber {number}" for number in people], strict=True)
    )


def test_an_operator_suppresses_and_lifts_and_no_more(ada: Desk, app: App) -> None:
    assert ada.post("/suppressions", email=LENA, words="asked us").status_code == 303
    page = ada.get("/suppressions").text
    assert "asked us" in page
    assert LENA not in page
    assert ada.post("/suppressions/lift", which=hidden(page)["which"]).status_code == 303
    assert app.store.subscribers.suppression(LENA) is None
    app.store.subscribers.suppress(LENA, SuppressionReason.HARD_BOUNCE, app.now())
    answer = ada.ask("POST", "/suppressions/lift", data={"which": LENA})
    assert answer.status_code == 409
    assert "This cannot be lifted. It bounced for good" in answer.text
    again = ada.ask("POST", "/suppressions", data={"email": LENA, "words": "please"}, may_show=(LENA,))
    assert again.status_code == 409
    assert 'value="please"' in again.text
    assert "hard bounce" in ada.get(f"/suppressions?q={LENA}", may_show=(LENA,)).text
    assert ada.get("/suppressions?q=nobody").status_code == 422
    lifted, suppressed = (deed for _, deed in app.store.operators.deeds()[:2])
    assert (lifted.act, suppressed.act) == ("lifted", "suppressed")
    assert lifted.subject == suppressed.subject
    assert re.fullmatch(r"suppression [0-9a-f]+", lifted.subject)


def test_a_viewer_is_shown_no_button(operate: Operate, app: App) -> None:
    person = add_active(app, LENA)
    eve = operate(Role.VIEWER, "eve")
    for path in ("/subscribers", f"/subscribers/{person.id}", "/suppressions"):
        page = eve.get(path, may_show=(LENA,)).text
        assert set(re.findall(r'method="post" action="([^"]+)"', page)) == {"/console/sign-out"}
