"""How fast requests leave, and what a wait for one's turn does to leases and replays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Doubt, Outcome
from newsletter.delivery.status import BatchStatus
from newsletter.issues import Counts
from tests.app.scripted import (
    Hand,
    accept_all,
    again,
    batches,
    scripted,
    sending,
)
from tests.conftest import Clock

MakeApp = Callable[..., App]
HOUR = 3600.0


# pace


@pytest.mark.parametrize(
    ("provider_rate", "operator_rate", "waits"),
    [
        (2.0, None, [0.0, 0.5, 0.5]),
        (2.0, 4.0, [0.0, 0.25, 0.25]),
        (None, 4.0, [0.0, 0.25, 0.25]),
        (None, None, [0.0] * 3),
    ],
)
def test_requests_leave_at_the_operators_pace_else_at_the_providers(
    make_app: MakeApp, provider_rate: float | None, operator_rate: float | None, waits: list[float]
) -> None:
    provider = scripted(rate_per_second=provider_rate)
    app = make_app(provider=provider, delivery={"requests_per_second": operator_rate})
    sending(app, 6, size=2)
    hand = Hand(app)
    hand.run()
    assert hand.waits == pytest.approx(waits)


def test_a_sender_that_is_told_to_stop_while_it_waits_gives_the_batch_back(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    Hand(app, stop=True).deliverer.step()
    assert again(app, issue).counts == Counts(frozen=4, waiting=4)
    assert provider.keys == []
    assert [batch.detail for batch in batches(app, issue.id)] == ["its sender was asked to stop", None]
    Hand(app).run()
    assert provider.keys == ["1", "2"]


def test_a_sender_that_stops_before_a_replay_leaves_it_to_anybody(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=5)
    hand.stop = True
    assert hand.deliverer.recover()
    (batch,) = batches(app, issue.id)
    assert (batch.status, batch.owner, batch.detail) == (BatchStatus.IN_FLIGHT, None, "a reset")
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1", "1"]


def test_a_lease_begins_anew_when_a_request_leaves_after_a_long_wait_for_its_turn(
    make_app: MakeApp, clock: Clock
) -> None:
    leases: list[tuple[float, float | None]] = []

    def look(batch: Batch) -> Outcome:
        (row,) = batches(app, issue.id, BatchStatus.IN_FLIGHT)
        leases.append((clock().timestamp(), row.lease_until))
        return accept_all(batch)

    app = make_app(provider=scripted(look), delivery={"requests_per_second": 0.0125})
    issue = sending(app, 2, size=2)

    def wait(seconds: float) -> bool:
        clock.advance(seconds=seconds + 80.0)  # eighty seconds more than the limiter asked for
        return False

    Deliverer(app, app.owners.enter(), wait).step()
    assert leases == [(clock().timestamp(), clock().timestamp() + 30.0 + 60.0)]


def test_a_replay_whose_turn_comes_after_the_window_is_not_made(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=100.0, rate_per_second=1.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=10)
    app.store.pace.hold("scripted", clock().timestamp() + 95.0)
    assert hand.deliverer.recover()
    assert provider.keys == ["1"]
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)


def test_a_replay_that_waited_long_for_its_turn_renews_its_lease_first(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=HOUR, rate_per_second=1.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=10)
    app.store.pace.hold("scripted", clock().timestamp() + 80.0)
    assert hand.deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_a_replay_that_somebody_else_took_over_while_it_waited_is_left_to_them(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=HOUR, rate_per_second=1.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    clock.advance(seconds=10)
    app.store.pace.hold("scripted", clock().timestamp() + 80.0)

    def steal(seconds: float) -> bool:
        clock.advance(seconds=seconds)
        (batch,) = batches(app, issue.id)
        assert app.store.deliveries.renew(batch, "elsewhere/1", clock().timestamp(), clock().timestamp() + 999)
        return False

    assert Deliverer(app, hand.owner, steal).recover()
    assert provider.keys == ["1"]
