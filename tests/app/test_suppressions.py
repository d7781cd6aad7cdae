"""Addresses that are never mailed: an operator lifts what an operator did, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.leave import erase_subscriber
from newsletter.app.suppressions import (
    KEPT,
    add_suppression,
    find_suppression,
    lift_suppression,
    list_suppressions,
    suppression_counts,
)
from newsletter.audience.subscriber import SuppressionReason
from newsletter.errors import InputError, NotFoundError, TransitionError
from tests.conftest import Clock
from tests.fakes.house import add_active


def test_what_an_operator_added_is_lifted_by_address_or_by_key(app: App) -> None:
    reader = add_active(app, "lena@example.org")
    added = add_suppression(app, "LENA@example.org", " asked us on the telephone ")
    assert (added.reason, added.words, added.subscriber_id) == ("operator", "asked us on the telephone", reader.id)
    assert app.store.subscribers.audience(app.now())["recipients"] == 0
    lift_suppression(app, "lena@example.org")
    assert app.store.subscribers.audience(app.now())["recipients"] == 1
    key = add_suppression(app, "lena@example.org", "again").key
    lift_suppression(app, key)
    assert find_suppression(app, key) is None


@pytest.mark.parametrize("reason", [SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT])
def test_what_no_operator_did_stays_and_says_why(app: App, reason: SuppressionReason) -> None:
    app.store.subscribers.suppress("lena@example.org", reason, app.now())
    with pytest.raises(TransitionError) as refused:
        lift_suppression(app, "lena@example.org")
    assert str(refused.value) == f"This cannot be lifted. {KEPT[reason]}"
    assert app.store.subscribers.suppression("lena@example.org") is reason


@pytest.mark.parametrize(
    "then",
    [
        lambda app: erase_subscriber(app, "lena@example.org"),
        lambda app: app.store.subscribers.suppress("lena@example.org", SuppressionReason.COMPLAINT, app.now()),
    ],
    ids=["erased", "complained"],
)
def test_who_is_erased_or_complains_after_an_operator_suppressed_them_stays_so(
    app: App, then: Callable[[App], object]
) -> None:
    add_active(app, "lena@example.org")
    added = add_suppression(app, "lena@example.org", "Lena from Lyon asked us")
    then(app)
    found = find_suppression(app, added.key)
    assert found is not None
    assert found.words == ""
    with pytest.raises(TransitionError):
        lift_suppression(app, added.key)


def test_an_operators_word_replaces_no_other_reason(app: App) -> None:
    app.store.subscribers.suppress("lena@example.org", SuppressionReason.HARD_BOUNCE, app.now())
    with pytest.raises(TransitionError, match=r"suppressed already \(hard_bounce\)"):
        add_suppression(app, "lena@example.org", "please")
    assert app.store.subscribers.suppression("lena@example.org") is SuppressionReason.HARD_BOUNCE


@pytest.mark.parametrize(
    ("address", "words"), [("nobody", "why"), ("a@example.org", "  "), ("a@example.org", "x" * 301)]
)
def test_no_address_and_no_reason_are_refused(app: App, address: str, words: str) -> None:
    with pytest.raises(InputError):
        add_suppression(app, address, words)
    assert sum(suppression_counts(app).values()) == 0


def test_what_is_not_there_is_not_lifted(app: App) -> None:
    with pytest.raises(NotFoundError):
        lift_suppression(app, "lena@example.org")


def test_the_list_goes_on_where_it_ended_and_counts_every_reason(app: App, clock: Clock) -> None:
    for number in range(5):
        add_suppression(app, f"{number}@example.org", "asked")
        clock.advance(hours=1)
    app.store.subscribers.suppress("b@example.org", SuppressionReason.HARD_BOUNCE, app.now())
    first = list_suppressions(app, limit=4)
    rest = list_suppressions(app, limit=4, before=first[-1].id)
    assert [one.reason for one in first] == ["hard_bounce", *["operator"] * 3]
    assert len({one.key for one in (*first, *rest)}) == 6
    assert [one.at for one in (*first, *rest)] == sorted((one.at for one in (*first, *rest)), reverse=True)
    assert len(list_suppressions(app, "operator", limit=9)) == 5
    assert suppression_counts(app) == {"hard_bounce": 1, "complaint": 0, "erased": 0, "operator": 5}
