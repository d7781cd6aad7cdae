"""A restart without the provider's key loses nothing: what was on its way waits until the key is back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from newsletter.app.container import App
from newsletter.delivery.provider import Doubt
from newsletter.providers._unready import Unready
from tests.app.scripted import LIMITS, Hand, again, scripted, sending
from tests.conftest import Clock

REPLAYED = replace(LIMITS, replay_seconds=3600.0)


def test_a_batch_in_doubt_stays_in_flight_while_the_key_is_missing_and_is_replayed_when_it_is_back(
    make_app: Callable[..., App], clock: Clock, tmp_path: Any
) -> None:
    provider = scripted(Doubt("the connection broke"), replay_seconds=3600.0)
    app = make_app(provider=provider)
    issue = sending(app, 2, size=2)
    Hand(app).run()
    assert again(app, issue).counts.in_flight == 2
    clock.advance(minutes=1)
    keyless = make_app(provider=Unready("scripted", REPLAYED, "No API key is set"))
    assert not Hand(keyless).deliverer.recover()
    assert again(app, issue).counts.in_flight == 2
    Hand(app).run_to_the_end()
    assert again(app, issue).counts.accepted == 2
    assert provider.bodies[0].sha256 == provider.bodies[1].sha256
