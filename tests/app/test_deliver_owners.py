"""Several senders at once, and those that die half way: no batch is taken twice, and none is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Doubt, Outcome, Refusal, Refused
from newsletter.issues import Counts, IssueStatus
from tests.app.scripted import (
    Hand,
    Scripted,
    again,
    batches,
    detail_of,
    scripted,
    sending,
)
from tests.conftest import Clock

MakeApp = Callable[..., App]
HOUR = 3600.0


# several senders, and those that die


def test_two_deliverers_never_take_the_same_batch(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 60, size=1)
    begin = threading.Barrier(4)

    def work(deliverer: Deliverer) -> None:
        begin.wait()
        while deliverer.step().worked:
            pass

    deliverers = [Deliverer(app, app.owners.enter(), lambda seconds: False) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(each,)) for each in deliverers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert provider.addresses == {f"r{number}@example.com": 1 for number in range(60)}
    assert sorted(provider.keys, key=int) == [str(number) for number in range(1, 61)]
    assert again(app, issue).status is IssueStatus.SENT


class Died(Exception):
    """Stands for a process that is gone: nothing after it happens."""


def dies(batch: Batch) -> Outcome:
    raise Died


def test_a_dead_owners_claim_is_reclaimed_at_once_and_sent(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    dead = app.owners.enter()
    now = app.now().timestamp()
    assert app.store.deliveries.claim(issue.id, dead, now, now + HOUR)
    app.owners.leave(dead)
    hand = Hand(app)
    assert hand.deliverer.recover()
    assert [batch.detail for batch in batches(app, issue.id)] == ["its sender stopped before anything left"]
    hand.run()
    assert provider.keys == ["1"]
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_a_dead_owners_request_is_replayed_at_once_inside_the_window(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    assert again(app, issue).counts == Counts(frozen=2, in_flight=2)
    app.owners.leave(first.owner)
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert len({body.sha256 for body in provider.bodies}) == 1
    assert again(app, issue).status is IssueStatus.SENT


def test_a_dead_owners_request_without_a_window_is_unknown(make_app: MakeApp) -> None:
    provider = scripted(dies)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    app.owners.leave(first.owner)
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1"]
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)
    assert detail_of(app, issue.id) == {"its sender stopped while it was on its way"}
    assert again(app, issue).status is IssueStatus.SENT


def test_the_lease_of_a_living_owner_is_respected_until_it_runs_out(make_app: MakeApp, clock: Clock) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    one = make_app(provider=provider)
    issue = sending(one, 2, size=2)
    with pytest.raises(Died):
        Hand(one).deliverer.step()  # its owner lives on and holds its lock
    other = Hand(make_app(provider=provider))
    assert not other.deliverer.recover()
    clock.advance(seconds=90)
    assert not other.deliverer.recover()
    clock.advance(seconds=0.1)
    assert other.deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert again(one, issue).counts == Counts(frozen=2, accepted=2)


def test_an_owner_on_another_machine_is_waited_for_until_its_lease_runs_out(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(provider=scripted())
    issue = sending(app, 2, size=2)
    now = clock().timestamp()
    assert app.store.deliveries.claim(issue.id, "elsewhere/0123", now, now + 90)
    hand = Hand(app)
    clock.advance(seconds=90)
    assert not hand.deliverer.recover()
    clock.advance(seconds=1)
    assert hand.deliverer.recover()


def test_without_credentials_what_is_in_flight_waits_but_a_dead_owners_claim_is_given_back(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    now = app.now().timestamp()
    app.store.deliveries.claim(issue.id, first.owner, now, now + HOUR)
    app.owners.leave(first.owner)
    unready = make_app(provider=scripted(ready=False, replay_seconds=HOUR))
    hand = Hand(unready)
    assert hand.deliverer.recover()
    assert not hand.deliverer.recover()
    assert again(app, issue).counts == Counts(frozen=4, waiting=2, in_flight=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=4, accepted=4)


def test_an_answer_to_an_attempt_that_was_taken_over_says_nothing_any_more(make_app: MakeApp, clock: Clock) -> None:
    def slow(batch: Batch) -> Outcome:
        clock.advance(seconds=200)  # a laptop that slept
        assert Hand(other).deliverer.recover()
        return Refused(Refusal.NOT_CONNECTED, "woke up without a network")

    provider = scripted(slow, replay_seconds=HOUR)
    app, other = make_app(provider=provider), make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert provider.keys == ["1", "1"]
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_the_same_holds_between_threads_of_one_owner(make_app: MakeApp, clock: Clock) -> None:
    def slow(batch: Batch) -> Outcome:
        clock.advance(seconds=200)
        assert hand.deliverer.recover()  # another thread takes it over and is in doubt; it is on hold
        clock.advance(seconds=60)
        with pytest.raises(Died):
            hand.deliverer.recover()  # and a third one is sending it right now
        return Refused(Refusal.NOT_CONNECTED, "an answer to the first attempt")

    provider = scripted(slow, Doubt("a reset"), dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    hand = Hand(app)
    hand.deliverer.step()
    assert provider.keys == ["1", "1", "1"]
    assert again(app, issue).counts == Counts(frozen=2, in_flight=2)


@pytest.mark.parametrize("unwritable", [True, False])
def test_a_claim_that_was_lost_while_the_request_was_built_sends_nothing(make_app: MakeApp, unwritable: bool) -> None:
    class Slow(Scripted):
        def build(self, batch: Batch) -> Request:
            app.store.database.change("UPDATE batch SET owner = 'elsewhere/1'")
            return super().build(batch)

    provider = Slow(unwritable=frozenset({"r0@example.com"} if unwritable else ()))
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).deliverer.step()
    assert provider.keys == []
    assert again(app, issue).counts == Counts(frozen=2, waiting=2)
