"""Who is active and suppressed all the same: kept, and what is kept is what could be counted."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.store.store import Store
from tests.conftest import START

PEOPLE = [f"r{number}@example.net" for number in range(4)]
_COUNTED = (
    "SELECT subscriber.id FROM subscriber JOIN suppression USING (address_hash) WHERE status = 'active' ORDER BY 1"
)

act = st.tuples(
    st.sampled_from(["come", "activate", "leave", "suppress", "lift", "erase", "delete"]),
    st.integers(0, len(PEOPLE) - 1),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(act, max_size=25))
def test_what_is_kept_is_what_could_be_counted_whatever_happens(tmp_path: Path, acts: list[tuple[str, int]]) -> None:
    store = Store(tmp_path / "subscribers.db")
    people, database = store.subscribers, store.database
    try:
        for name in ("subscriber", "suppression", "consent"):
            database.change(f"DELETE FROM {name}")
        for kind, number in acts:
            address = PEOPLE[number]
            found = people.by_address(address)
            if kind == "come" and found is None:
                people.add(address, SubscriberStatus.ACTIVE if number % 2 else SubscriberStatus.PENDING, START)
            elif kind == "suppress":
                people.suppress(address, SuppressionReason.HARD_BOUNCE, START)
            elif kind == "lift":
                database.change("DELETE FROM suppression WHERE address_hash = ?", (people.hash_of(address),))
            elif found is not None and kind == "delete":
                database.change("DELETE FROM consent WHERE subscriber_id = ?", (found.id,))
                database.change("DELETE FROM subscriber WHERE id = ?", (found.id,))
            elif found is not None and kind == "erase":
                database.change(
                    "UPDATE subscriber SET email = NULL, address_hash = NULL, status = 'erased' WHERE id = ?",
                    (found.id,),
                )
            elif found is not None:
                status = "active" if kind == "activate" else "unsubscribed"
                database.change("UPDATE subscriber SET status = ? WHERE id = ?", (status, found.id))
            kept = [row["subscriber_id"] for row in database.query("SELECT subscriber_id FROM stopped ORDER BY 1")]
            assert kept == [row["id"] for row in database.query(_COUNTED)]
    finally:
        store.close()
