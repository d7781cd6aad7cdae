"""Doubt about a request: replayed inside the provider's window, under the same key; else unknown, never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Doubt, Outcome, Refusal, Refused
from newsletter.delivery.status import BatchStatus
from newsletter.issues import Counts, IssueStatus
from tests.app.scripted import (
    Hand,
    accept_all,
    again,
    batches,
    detail_of,
    scripted,
    sending,
)
from tests.conftest import Clock

MakeApp = Callable[..., App]
HOUR = 3600.0


class Died(Exception):
    """Stands for a process that is gone: nothing after it happens."""


def dies(batch: Batch) -> Outcome:
    raise Died


# doubt


def test_doubt_without_a_window_is_unknown_and_never_sent_again(make_app: MakeApp) -> None:
    provider = scripted(Doubt("a timeout"))
    app = make_app(provider=provider)
    issue = sending(app, 4, size=2)
    Hand(app).run_to_the_end()
    after = again(app, issue)
    assert after.counts == Counts(frozen=4, accepted=2, unknown=2)
    assert after.status is IssueStatus.SENT
    assert provider.keys == ["1", "2"]
    assert detail_of(app, issue.id) == {"a timeout"}
    assert [batch.number for batch in batches(app, issue.id, BatchStatus.UNKNOWN)] == [1]


def test_doubt_inside_the_window_is_replayed_with_the_same_key_and_bytes(make_app: MakeApp) -> None:
    provider = scripted(Doubt("a reset"), Doubt("a reset"), replay_seconds=24 * HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)
    assert provider.keys == ["1", "1", "1"]
    assert len({body.sha256 for body in provider.bodies}) == 1


def test_a_replay_is_not_made_before_its_wait_is_over_and_until_then_there_is_nothing_to_do(
    make_app: MakeApp, clock: Clock
) -> None:
    provider = scripted(Doubt("a reset"), replay_seconds=24 * HOUR)
    app = make_app(provider=provider)
    sending(app, 2, size=2)
    hand = Hand(app)
    hand.run()
    assert not hand.deliverer.recover()
    assert provider.keys == ["1"]
    clock.advance(seconds=3)
    assert hand.deliverer.recover()
    assert provider.keys == ["1", "1"]
    assert not hand.deliverer.recover()


@pytest.mark.parametrize("refusal", Refusal)
def test_a_replay_that_is_refused_keeps_the_doubt_of_the_attempt_before_it(make_app: MakeApp, refusal: Refusal) -> None:
    provider = scripted(Doubt("a reset"), *[Refused(refusal, "no", 600.0)] * 50, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end(most=400)
    after = again(app, issue)
    assert after.counts == Counts(frozen=2, unknown=2)
    assert 2 < len(provider.keys) < 10
    assert set(provider.keys) == {"1"}
    assert after.status is (IssueStatus.PAUSED if refusal is Refusal.ACCOUNT else IssueStatus.SENT)


def test_doubt_that_lasts_beyond_the_window_is_unknown(make_app: MakeApp) -> None:
    provider = scripted(*[Doubt("a reset")] * 4, replay_seconds=30.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run_to_the_end()
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)
    assert detail_of(app, issue.id) == {"a reset"}


def test_five_doubts_in_a_row_pause_the_issue(make_app: MakeApp) -> None:
    provider = scripted(Doubt("x"), Doubt("x"), accept_all, *[Doubt("the last")] * 9)
    app = make_app(provider=provider)
    issue = sending(app, 12, size=1)
    Hand(app).run()
    after = again(app, issue)
    assert after.status is IssueStatus.PAUSED
    assert after.reason == "5 requests in a row ended in doubt, the last with: the last."
    assert after.counts == Counts(frozen=12, accepted=1, unknown=7, waiting=4)


def test_a_refusal_between_doubts_breaks_the_row(make_app: MakeApp) -> None:
    no = Refused(Refusal.CONTENT, "no")
    provider = scripted(*[Doubt("x")] * 4, no, *[Doubt("x")] * 4)
    app = make_app(provider=provider)
    issue = sending(app, 9, size=1)
    Hand(app).run()
    assert again(app, issue).status is IssueStatus.SENT


def test_a_replay_that_cannot_be_built_again_byte_for_byte_is_unknown(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    app.owners.leave(first.owner)
    app.store.issues.set(issue.id, envelope=json.dumps({**issue_envelope(app, issue.id), "subject": "Another"}))
    assert Hand(app).deliverer.recover()
    assert provider.keys == ["1"]
    assert detail_of(app, issue.id) == {"it cannot be built again byte for byte"}


def issue_envelope(app: App, issue_id: int) -> dict[str, Any]:
    frozen = app.store.issues.frozen_mail(issue_id)
    assert frozen is not None
    return frozen[2]


def test_what_another_provider_began_is_never_replayed_through_this_one(make_app: MakeApp) -> None:
    provider = scripted(dies, replay_seconds=HOUR)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    first = Hand(app)
    with pytest.raises(Died):
        first.deliverer.step()
    app.owners.leave(first.owner)
    other = replace(scripted(replay_seconds=HOUR), name="another")
    assert Hand(make_app(provider=other)).deliverer.recover()
    assert other.keys == []
    assert again(app, issue).counts == Counts(frozen=2, unknown=2)
