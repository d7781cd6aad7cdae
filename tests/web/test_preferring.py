"""Preferences by signed link: what the page shows and takes, the export, being erased, and another address."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.app.change_address import ask_to_change
from newsletter.app.container import App
from newsletter.app.leave import FORGET_DAYS, say_why, unsubscribe
from newsletter.app.tick import tick
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Comparison, Tool, Verdict
from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.store.deliveries import Settlement
from tests.fakes.house import Clock, add_active, add_comparison, deliver_all_mail, publish_week

Dump = Callable[[], str]
ADDRESS = "zephyrine@example.net"
NEW = "quillan@example.com"
CROSS_SITE = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example.com"}


@pytest.fixture
def reader(app: App) -> Subscriber:
    for slug, category in (("one", "Developer Tools"), ("two", "Design")):
        sides = (Tool(slug.title(), slug, category=category), Tool("Rival", "rival", category=category))
        add_comparison(app, Comparison(f"{slug}-vs-rival", sides))
    return add_active(app, ADDRESS)


@pytest.fixture
def token(app: App, reader: Subscriber) -> str:
    return app.signer.reader(1, reader.id)


@pytest.fixture
def path(token: str) -> str:
    return f"/preferences/{token}"


@pytest.fixture
def save(visitor: Any, path: str) -> Callable[..., Any]:
    """A function (what the form says, path beneath) → the answer; it may set the reader's cookie."""

    def post(data: Any = None, beneath: str = "", **options: Any) -> Any:
        return visitor.post(f"{path}{beneath}", data=data or {}, may_set=("reader",), **options)

    return post


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


# another address


def test_every_address_gets_the_same_answer(visitor, app, path, clock: Clock, save):
    add_active(app, "taken@example.net")
    app.store.subscribers.suppress("never@example.net", SuppressionReason.COMPLAINT, clock())
    answers = []
    for address in (NEW, "taken@example.net", "never@example.net"):
        answers.append(save({"email": address}, "/address"))
        clock.pass_by(days=1)
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert "a link is on its way to it" in answers[0].text


def test_the_mailed_link_shows_a_button_and_the_button_changes_the_address(visitor, app, reader, save, dump: Dump):
    save({"email": NEW}, "/address")
    deliver_all_mail(app)
    mail = app.provider.read_mail(app.provider.list_mails(1)[0].id)
    assert mail.mail.to == NEW
    link = re.search(r"/address/[\w.=-]+", mail.text)[0]
    before = dump()
    page = visitor.get(link)
    assert "q…@example.com" in page.text
    assert page.text.count("<button") == 1
    assert dump() == before
    done = visitor.post(link, may_set=("reader",))
    assert "Your address is changed" in done.text
    assert again(app, reader).email == NEW
    assert "Your address is changed" in visitor.get(link).text
    deliver_all_mail(app)
    told = app.provider.read_mail(app.provider.list_mails(1)[0].id)
    assert told.mail.to == ADDRESS
    assert "Your address was changed" in told.text
    assert "q…@example.com" in told.text
    assert visitor.get(re.search(r"/preferences/[\w.=-]+", told.text)[0]).status_code == 200


def test_an_address_taken_meanwhile_is_told_and_nothing_changes(visitor, app, reader, token, dump: Dump):
    ask_to_change(app, token, NEW)
    link = f"/address/{app.signer.address_change(reader.id, app.store.subscribers.hash_of(NEW))}"
    add_active(app, NEW)
    before = dump()
    answer = visitor.post(link)
    assert answer.status_code == 409
    assert "subscription of its own" in answer.text
    assert dump() == before


@pytest.mark.parametrize(
    "address", ["nobody", "a@b", "x@example.com\nBcc: y@example.com", "", "a" * 300 + "@b.example"]
)
def test_what_is_no_address_is_told_and_nothing_changes(save, address, dump: Dump):
    before = dump()
    answer = save({"email": address}, "/address", may_show=(address[:254], "x@example.com", "y@example.com"))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert dump() == before


def test_a_second_ask_within_a_day_is_told(save):
    save({"email": NEW}, "/address")
    answer = save({"email": "other@example.com"}, "/address", may_show=("other@example.com",))
    assert answer.status_code == 422
    assert "within the last 24 hours" in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_link_that_is_none_is_refused(visitor, reader, method):
    assert visitor.ask(method, "/address/forged").status_code == 400


# the export


def test_the_export_is_a_file_that_nobody_keeps(visitor, path, dump: Dump):
    before = dump()
    answer = visitor.get(f"{path}/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="your-data.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.json()["address"] == ADDRESS
    assert dump() == before


def test_the_export_has_the_documented_shape(visitor, app, reader, token, path, clock: Clock):
    issue = publish_week(app)
    visitor.post(path, data={"topics": ["design"]}, may_set=("reader",))
    app.store.votes.put(reader.id, "one", Verdict.SHIP, app.now(), None)
    app.store.saved.put(reader.id, ["two"], app.now(), at_most=9)
    ask_to_change(app, token, NEW)
    unsubscribe(app, token, source="page")
    say_why(app, token, "too_often", "Every other week would do.")
    found = visitor.get(f"{path}/export").json()
    assert found["issues"] == [{"key": issue.key, "status": "waiting", "outcome": None, "detail": None}]
    assert [mail["kind"] for mail in found["mails"]] == ["change_address"]
    assert found["left"] == [
        {"at": "2026-11-19T08:00:00+00:00", "reason": "It came too often", "words": "Every other week would do."}
    ]
    text = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
    documented = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    assert shape(documented) == shape(found)


def shape(value: Any) -> Any:
    """The keys of a document, in order; of a list those of its first item."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return ""


# erasing


def test_the_erase_page_says_what_will_happen_and_changes_nothing(visitor, path, dump: Dump):
    before = dump()
    page = visitor.get(f"{path}/erase")
    assert "cannot be undone" in page.text
    assert f"within {FORGET_DAYS} days" in page.text
    assert page.text.count("<button") == 1
    assert dump() == before


def test_an_erased_reader_is_nowhere_in_the_database(visitor, app, reader, token, path, clock: Clock, dump: Dump):
    issue = publish_week(app)
    ledger = app.store.deliveries
    batch = ledger.claim(issue.id, "me", clock.now.timestamp(), clock.now.timestamp() + 60)
    may, _ = ledger.addresses(batch)
    ledger.start(batch, "outbox", [(who.id, Recipient("1-1", who.address, {})) for who in may], b"", 0.0, 9e9)
    ledger.move(ledger.batch(issue.id, batch.number), BatchStatus.SETTLED)
    ledger.settle(
        issue.id,
        [Settlement(reader.id, DeliveryStatus.ACCEPTED, "id", f"250 queued for {ADDRESS}")],
        DeliveryStatus.IN_FLIGHT,
    )
    visitor.post(path, data={"topics": ["design"], "zone": "Asia/Tokyo"}, may_set=("reader",))
    app.store.votes.put(reader.id, "one", Verdict.SHIP, app.now(), None)
    app.store.saved.put(reader.id, ["two"], app.now(), at_most=9)
    ask_to_change(app, token, NEW)
    assert "zephyrine" in dump()

    answer = visitor.post(f"{path}/erase", may_set=("reader",))
    assert "You are erased" in answer.text
    assert 'reader=""; expires=' in answer.headers["set-cookie"]
    left = dump()
    for trace in ("zephyrine", "quillan", "Asia/Tokyo"):
        assert trace not in left
    requests = app.store.database.query("SELECT request FROM batch WHERE request IS NOT NULL")
    assert requests
    assert all(members == ["", {}] for members in unpacked(app, reader.id))
    assert app.store.votes.of_reader(reader.id) == {}
    assert app.store.votes.tallies(["one"])["one"].readers.ship == 0
    assert app.store.saved.of_reader(reader.id) == {}
    assert app.store.subscribers.suppression(ADDRESS) is SuppressionReason.ERASED
    assert app.store.deliveries.status(issue.id, reader.id) is DeliveryStatus.ACCEPTED, "that it went out is known"


def unpacked(app: App, reader: int) -> list[list[Any]]:
    """What stands of a reader in each built request: address and values."""
    issues = [row["id"] for row in app.store.database.query("SELECT id FROM issue")]
    every = [batch for issue in issues for batch in app.store.deliveries.batches(issue, *BatchStatus)]
    return [[who.address, who.values] for batch in every for number, who in batch.members if number == reader]


def test_after_erasing_every_link_of_theirs_answers_kindly(visitor, app, token, path, reader):
    visitor.post(f"{path}/erase", may_set=("reader",))
    for answer in (
        visitor.get(path),
        visitor.get(f"{path}/erase"),
        visitor.get(f"{path}/export"),
        visitor.post(path, data={"topics": ["design"]}),
        visitor.post(f"{path}/pause", data={"weeks": "4"}),
        visitor.post(f"{path}/erase", may_set=("reader",)),
    ):
        assert "You are erased" in answer.text
    assert "You are out" in visitor.get(f"/unsubscribe/{token}").text
    one_click = visitor.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200
    assert "You are out" in one_click.text
    assert again(app, reader).status is SubscriberStatus.ERASED


def test_reports_hold_the_address_for_as_long_as_the_page_says_and_no_longer(
    visitor, app, path, reader, clock: Clock, dump: Dump
):
    app.store.events.add("resend", "1", f'{{"to": "{ADDRESS}"}}'.encode(), clock())
    report = app.store.events.pending(1)[0]
    visitor.post(f"{path}/erase", may_set=("reader",))
    clock.pass_by(days=FORGET_DAYS, seconds=1)
    tick(app)
    assert app.store.events.pending(1)[0].raw, "it is not dealt with yet"
    app.store.events.done(report, "applied")
    clock.pass_by(hours=1)
    tick(app)
    assert ADDRESS.encode().hex().upper() not in dump()
    assert app.store.events.counts() == {"applied": 1}
    assert not app.store.events.add("resend", "1", b"again", clock()), "it is known again if it comes once more"
