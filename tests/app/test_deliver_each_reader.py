"""What differs per reader in a request: their links and marks, and the same again in a replay."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.send_issue import freeze_issue
from newsletter.delivery.message import Recipient
from newsletter.delivery.provider import Doubt
from newsletter.issues import Issue
from tests.app.scripted import (
    Hand,
    Scripted,
    add_readers,
    add_week,
    scripted,
)
from tests.conftest import Clock

MakeApp = Callable[..., App]
HOUR = 3600.0


# what differs per reader


def frozen_week(app: App, readers: int) -> Issue:
    """A real issue on alder, birch and cedar, each against rival, ready to go to so many readers."""
    add_week(app)
    add_readers(app, readers)
    drafted = draft_issue(app).issue
    assert drafted
    approve_issue(app, drafted.key)
    return freeze_issue(app, drafted.key)


def every_recipient(provider: Scripted) -> list[Recipient]:
    return [recipient for batch in provider.batches for recipient in batch.recipients]


def test_each_reader_gets_their_own_links_and_marks_and_one_query_a_batch_finds_them(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = frozen_week(app, 3)
    app.store.saved.put(2, ["birch", "unheard-of"], app.now(), at_most=9)
    app.store.saved.put(3, ["rival", "birch"], app.now(), at_most=9)
    asked: list[Any] = []
    among = app.store.saved.among
    monkeypatch.setattr(app.store.saved, "among", lambda *given: asked.append(given) or among(*given))
    Hand(app).run()
    assert [list(ids) for ids, _ in asked] == [[1, 2], [3]]
    message, recipients = provider.batches[0].message, every_recipient(provider)
    for number, recipient in enumerate(recipients, 1):
        token = app.signer.reader(issue.id, number)
        html, text = message.html.fill(recipient.values), message.text.fill(recipient.values)
        for part in (html, text):
            assert f"http://localhost:8000/v/{token}/alder/ship" in part
            assert f"http://localhost:8000/preferences/{token}" in part
            assert "__nl" not in part
        marks = {1: [], 2: ["Birch"], 3: ["Birch", *["Rival"] * 3]}
        assert sorted(re.findall(r"(\w+) \(you saved this\)", text)) == marks[number]
        assert html.count("(you saved this)") == len(marks[number])


def test_since_when_is_told_in_the_readers_own_time_zone(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted()
    app = make_app(provider=provider, time_zone="Europe/Berlin")
    clock.now = clock.now.replace(hour=12)
    frozen_week(app, 4)
    for number, zone in ((2, "Pacific/Auckland"), (3, "Pacific/Pago_Pago"), (4, "Moon/Base")):
        app.store.database.change("UPDATE subscriber SET zone = ? WHERE id = ?", (zone, number))
    app.store.database.change("UPDATE subscriber SET confirmed_at = '2026-03-14T11:00:00.000000+00:00'")
    app.store.database.change(
        "UPDATE subscriber SET confirmed_at = '2026-03-14T10:30:00.000000+00:00' WHERE zone = 'Pacific/Pago_Pago'"
    )
    Hand(app).run()
    said = [recipient.values["since"] for recipient in every_recipient(provider)]
    assert said == [f"since {day} March 2026" for day in (14, 15, 13, 14)]


def test_a_replay_says_what_was_said_before_whatever_was_saved_or_chosen_since(make_app: MakeApp) -> None:
    provider = scripted(Doubt("a timeout"), replay_seconds=HOUR)
    app = make_app(provider=provider)
    frozen_week(app, 2)
    app.store.saved.put(1, ["birch"], app.now(), at_most=9)
    hand = Hand(app)
    hand.deliverer.step()
    app.store.saved.remove(1, "birch")
    app.store.saved.put(2, ["birch"], app.now(), at_most=9)
    app.store.database.change("UPDATE subscriber SET zone = 'Pacific/Auckland'")
    Hand(make_app(provider=provider)).run_to_the_end()
    first, again = provider.batches
    assert first.key == again.key
    assert [recipient.values for recipient in first.recipients] == [recipient.values for recipient in again.recipients]
    assert "(you saved this)" in again.message.text.fill(again.recipients[0].values)
