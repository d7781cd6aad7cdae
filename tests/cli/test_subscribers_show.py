"""What the operator sees of one reader: also what they chose, voted, saved, and why they left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from newsletter.audience.subscriber import Frequency
from newsletter.comparisons.model import Verdict
from newsletter.store.store import Store
from tests.cli.conftest import Run

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def test_show_tells_what_a_reader_chose_and_why_they_left(house: Run, tmp_path: Path) -> None:
    house("subscribers", "add", "ada@example.com", "--consent", "told us at a fair")
    (database,) = tmp_path.glob("*.db")
    store = Store(database)
    store.subscribers.prefer(1, ["design"], Frequency.TOPICS, "Asia/Tokyo")
    store.votes.put(1, "kestrel", Verdict.SHIP, NOW, None)
    store.saved.put(1, ["plumbline"], NOW, at_most=9)
    store.subscribers.ask_change(1, "new@example.com", NOW)
    store.subscribers.unsubscribe(1, NOW)
    store.subscribers.left_because(1, "no_time", "A new job", NOW)
    store.close()
    shown = house("subscribers", "show", "ada@example.com", "--json").document
    assert (shown["topics"], shown["votes"], list(shown["saved"])) == (["design"], {"kestrel": "ship"}, ["plumbline"])
    assert shown["subscriber"]["frequency"] == "topics"
    said = " ".join(house("subscribers", "show", "ada@example.com").out.split())
    for words in (
        "only issues with something of their topics; topics: design; time zone: Asia/Tokyo",
        "votes: kestrel ship",
        "saved: plumbline",
        "asked to change to new@example.com, not confirmed",
        "left: no_time: A new job",
    ):
        assert words in said
