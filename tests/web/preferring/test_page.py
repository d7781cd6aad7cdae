"""Preferences by signed link: what the page shows and takes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.leave import unsubscribe
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Comparison, Tool, Verdict
from tests.fakes.house import Clock, add_comparison
from tests.web.preferring.conftest import ADDRESS

Dump = Callable[[], str]
NEW = "quillan@example.com"
CROSS_SITE = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example.com"}


def again(app: App, reader: Subscriber) -> Subscriber:
    found = app.store.subscribers.by_id(reader.id)
    assert found is not None
    return found


def checked(html: str) -> list[str]:
    return re.findall(r'value="([\w-]+)" checked', html)


# the page


def test_opening_the_page_changes_nothing_and_shows_no_whole_address(visitor, path, dump: Dump):
    before = dump()
    page = visitor.get(path)
    assert page.status_code == 200
    assert "z…@example.net" in page.text
    assert checked(page.text) == ["weekly"]
    assert dump() == before


def test_what_is_saved_is_shown_and_remembers_the_browser(visitor, app, reader, path, save):
    answer = save({"topics": ["design"], "frequency": "topics", "zone": "Europe/Berlin"})
    assert answer.status_code == 200
    assert '<p class="saved-note" role="status">Saved.</p>' in answer.text
    assert "reader" in answer.cookies
    page = visitor.get(path)
    assert checked(page.text) == ["design", "topics"]
    assert '<option value="Europe/Berlin" selected>Berlin</option>' in page.text
    assert "when there is something of your topics" in page.text
    assert again(app, reader).frequency is Frequency.TOPICS


def test_only_my_topics_without_a_topic_is_refused_in_one_line_and_what_was_said_stands(save, path, dump: Dump):
    before = dump()
    answer = save({"frequency": "topics", "zone": "Asia/Tokyo"})
    assert answer.status_code == 422
    assert "Nothing was saved:</strong> Without a topic, no issue would ever come." in answer.text
    assert checked(answer.text) == ["topics"]
    assert "every week.\n" in answer.text, "what is kept did not change"
    assert '<option value="Asia/Tokyo" selected>' in answer.text
    assert dump() == before


@pytest.mark.parametrize(
    "data",
    [
        {"topics": ["cooking"]},
        {"topics": ["<script>"]},
        {"frequency": "daily"},
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
    ],
)
def test_what_is_not_offered_changes_nothing(save, data, dump: Dump):
    before = dump()
    answer = save(data)
    assert answer.status_code == 422
    assert "Nothing was saved:" in answer.text
    assert dump() == before


def test_an_older_name_of_a_zone_stays_chosen(visitor, app, save, path, reader):
    save({"zone": "US/Eastern"})
    assert again(app, reader).zone == "US/Eastern"
    assert "<option selected>US/Eastern</option>" in visitor.get(path).text


def test_writes_from_another_site_are_refused(visitor, path, dump: Dump):
    before = dump()
    for beneath in ("", "/pause", "/resume", "/address", "/erase"):
        answer = visitor.post(f"{path}{beneath}", data={"weeks": "4", "email": NEW}, headers=CROSS_SITE)
        assert answer.status_code == 403
    assert dump() == before


@pytest.mark.parametrize("change", [str.swapcase, lambda token: token[:-1], lambda token: f"9{token}", lambda _: "x"])
def test_a_forged_or_cut_link_opens_and_changes_nothing(visitor, token, dump: Dump, change):
    before = dump()
    path = f"/preferences/{change(token)}"
    for beneath in ("", "/export", "/erase"):
        assert visitor.get(f"{path}{beneath}").status_code == 400
    for beneath in ("", "/pause", "/resume", "/address", "/erase"):
        assert visitor.post(f"{path}{beneath}", data={"weeks": "4", "email": NEW}).status_code == 400
    assert dump() == before


def test_a_test_mails_link_says_so_and_changes_nothing(visitor, reader, dump: Dump):
    before = dump()
    for beneath in ("", "/export", "/erase"):
        assert "This link is from a test mail" in visitor.get(f"/preferences/test{beneath}").text
    assert "This link is from a test mail" in visitor.post("/preferences/test").text
    assert visitor.post("/preferences/test/erase").status_code == 400
    assert dump() == before


def test_a_pause_is_taken_and_ended_here_too(app, save, reader):
    page = save({"weeks": "8"}, "/pause").text
    assert "<h2>Paused until 14 January 2027</h2>" in page
    assert app.store.subscribers.consents(reader.id)[-1].source == "preferences page"
    assert "the next issue comes again" in save({}, "/resume").text
    assert again(app, reader).paused_until is None


def test_votes_and_saved_tools_are_linked(visitor, app, reader, token, path):
    app.store.votes.put(reader.id, "one", Verdict.SHIP, app.now(), None)
    app.store.saved.put(reader.id, ["one", "two"], app.now(), at_most=9)
    page = visitor.get(path).text
    assert 'href="/tools/one">One</a> <span class="ship-text">ship</span>' in page
    assert f'href="/saved/{token}">Open the 2 tools you saved' in page


def test_who_left_is_told_so_and_can_still_come_back_export_and_erase(visitor, app, token, path, reader):
    unsubscribe(app, token, source="page")
    page = visitor.get(path).text
    assert "does not come to" in page
    assert 'name="frequency"' not in page
    assert f'action="/unsubscribe/{token}/undo"' in page
    assert f'href="{path}/export"' in page
    assert f'href="{path}/erase"' in page
    refused = visitor.post(path, data={"topics": ["design"]}, may_set=("reader",))
    assert refused.status_code == 422
    assert app.store.subscribers.topics(reader.id) == frozenset()
    for beneath in ("/pause", "/resume"):
        nothing = visitor.post(f"{path}{beneath}", data={"weeks": "4"}, may_set=("reader",))
        assert "Saved: " not in nothing.text
    assert again(app, reader).paused_until is None


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (SuppressionReason.HARD_BOUNCE, "our mail to it came back"),
        (SuppressionReason.COMPLAINT, "was reported as spam"),
    ],
)
def test_a_suppressed_reader_is_told_why_nothing_comes(visitor, app, path, clock: Clock, reason, said):
    app.store.subscribers.suppress(ADDRESS, reason, clock())
    assert said in visitor.get(path).text


def test_who_did_not_confirm_yet_is_told_what_is_missing(visitor, app, reader):
    pending = app.store.subscribers.add("pending@example.net", SubscriberStatus.PENDING, app.now())
    page = visitor.get(f"/preferences/{app.signer.reader(0, pending)}").text
    assert "was not pressed yet" in page
    assert 'name="frequency"' not in page
    assert "/undo" not in page


def test_hostile_words_stay_words(visitor, app, reader, path, save):
    sides = (Tool("Evil", "evil", category="<script>alert(1)</script>"), Tool("Rival", "rival"))
    add_comparison(app, Comparison("evil-vs-rival", sides))
    answer = save({"email": '"><script>alert(1)</script>'}, "/address")
    assert answer.status_code == 422
    for page in (answer.text, visitor.get(path).text):
        assert "<script>alert" not in page
