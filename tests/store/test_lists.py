"""Subscribers in the order they came, in pages."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain

import pytest

from newsletter.audience.subscriber import SubscriberStatus
from newsletter.store import lists
from newsletter.store.store import Store

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


def test_a_search_looks_through_so_many_at_once_goes_on_there_and_leaves_nobody_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_LOOKED", 10)
    addresses = [f"{number:02}{'lena' if number in (3, 35, 36) else 'omar'}@example.org" for number in range(45)]
    for one in addresses:
        store.subscribers.add(one, SubscriberStatus.ACTIVE, NOW)

    def pages(search: str, limit: int, status: str = "") -> list[list[str | None]]:
        found, after = [], 0
        while True:
            people, more = store.lists.subscribers(after, limit, status, search)
            found.append([one.email for one in people])
            if more is None:
                return found
            assert more > after
            after = more

    assert pages("LENA", 5) == [[addresses[3]], [], [], [addresses[35], addresses[36]], []]
    for limit in (1, 2, 7, 50):
        assert list(chain.from_iterable(pages("omar", limit))) == [one for one in addresses if "omar" in one]
        assert list(chain.from_iterable(pages("lena", limit, "active"))) == [one for one in addresses if "lena" in one]
        assert list(chain.from_iterable(pages("", limit))) == addresses
    assert pages("nobody", 5, "erased") == [[]] * 5
    assert len(pages("", 50)) == 1, "without a search a page is full or the last"
