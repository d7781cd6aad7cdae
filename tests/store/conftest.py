"""A real store in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store.store import Store
from tests.store.ledger import Ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "subscribers.db")
    yield made
    made.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """Ten readers in batches of four."""
    return Ledger(store, 10, 4)
