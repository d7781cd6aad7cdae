"""What a reader gets of themselves, and being erased: nothing of them is left anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from newsletter.app.change_address import ask_to_change
from newsletter.app.container import App
from newsletter.app.leave import FORGET_DAYS, say_why, unsubscribe
from newsletter.app.tick import tick
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.comparisons.model import Verdict
from newsletter.delivery.message import Recipient
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.store.deliveries import Settlement
from tests.fakes.house import Clock, publish_week
from tests.web.preferring.conftest import ADDRESS

Dump = Callable[[], str]
NEW = "quillan@example.com"


def again(app: App, reader: Subscriber) -> Subscriber:
    found = app.store.subscribers.by_id(reader.id)
    assert found is not None
    return found


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
    left_at = app.now().isoformat(timespec="seconds")
    assert found["issues"] == [
        {"key": issue.key, "status": "waiting", "outcome": None, "detail": None, "left_at": left_at}
    ]
    assert [mail["kind"] for mail in found["mails"]] == ["change_address"]
    assert found["left"] == [
        {"at": "2026-11-19T08:00:00+00:00", "reason": "It came too often", "words": "Every other week would do."}
    ]
    text = (Path(__file__).parents[3] / "docs" / "your-data.md").read_text(encoding="utf-8")
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
