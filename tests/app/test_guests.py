"""While something is open before a live send, claims let through the operator and the guests alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.guests import guests_of, who_waits
from newsletter.app.readiness import require_live
from newsletter.app.send_issue import pause_issue, resume_issue
from newsletter.app.watch_issue import watch_issue
from newsletter.errors import ChecksFailedError, ConfigError
from newsletter.issues import Counts, IssueStatus
from newsletter.settings import check
from tests.app.scripted import Hand, Scripted, again, scripted, sending
from tests.conftest import Clock, KnownSite

MakeApp = Callable[..., App]
GUESTS = ("r3@example.com", "R17@example.com")
LIVE = {"site_url": "https://verdicts.example.com", "operator": "r40@example.com"}


class Reachable(KnownSite):
    """Our page answers, or not, as the test says."""


def house(make_app: MakeApp, site: KnownSite, *guests: str, **settings: Any) -> tuple[App, Scripted]:
    provider = scripted(live=True, max_batch=10)
    app = make_app(provider=provider, site=site, delivery={"guests": guests}, **(LIVE | settings))
    return app, provider


def test_of_a_big_audience_only_guests_are_mailed_and_the_rest_goes_when_the_list_is_complete(
    make_app: MakeApp, clock: Clock
) -> None:
    site = Reachable(None)
    app, provider = house(make_app, site, *GUESTS)
    issue = sending(app, 60, size=10)
    Hand(app).run()
    assert set(provider.addresses) == {"r3@example.com", "r17@example.com", "r40@example.com"}
    after = again(app, issue)
    assert after.status is IssueStatus.SENDING
    assert after.counts == Counts(frozen=60, accepted=3, waiting=57)
    assert "unsubscribe page" in watch_issue(app, issue.key).waits
    assert "3 addresses" in who_waits(app)

    site.instance = app.store.meta.instance
    clock.advance(seconds=31)
    Hand(app).run()
    after = again(app, issue)
    assert after.status is IssueStatus.SENT
    assert after.counts == Counts(frozen=60, accepted=60)
    assert set(provider.addresses.values()) == {1}
    assert watch_issue(app, issue.key).waits == ""


def test_a_list_that_opens_again_during_a_send_lets_nobody_more_through(make_app: MakeApp) -> None:
    site = Reachable(None)
    app, _ = house(make_app, site, *GUESTS)
    site.instance = app.store.meta.instance
    issue = sending(app, 60, size=10)
    assert Hand(app).deliverer.step().worked
    restarted, later = house(make_app, site, *GUESTS, postal_address="")
    Hand(restarted).run()
    assert set(later.addresses) == {"r17@example.com", "r40@example.com"}
    assert again(app, issue).counts == Counts(frozen=60, accepted=12, waiting=48)


def test_a_send_that_began_well_does_not_hang_on_the_page_being_seen_from_here(make_app: MakeApp) -> None:
    site = Reachable(None)
    app, _ = house(make_app, site, *GUESTS)
    site.instance = app.store.meta.instance
    require_live(app)
    site.instance = None
    issue = sending(app, 60, size=10)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=60, accepted=60)


def test_without_guests_the_operator_alone_is_let_through(make_app: MakeApp) -> None:
    app, provider = house(make_app, Reachable(None))
    issue = sending(app, 60, size=10)
    Hand(app).run()
    assert set(provider.addresses) == {"r40@example.com"}
    assert again(app, issue).counts == Counts(frozen=60, accepted=1, waiting=59)


def test_guests_who_do_not_subscribe_let_nobody_through(make_app: MakeApp) -> None:
    app, provider = house(make_app, Reachable(None), "elsewhere@example.com", operator="other@example.com")
    sending(app, 60, size=10)
    step = Hand(app).deliverer.step()
    assert (step.worked, step.again_at) == (False, None)
    assert not provider.batches


def test_a_guest_who_left_is_not_mailed_and_the_rest_goes_on_waiting(make_app: MakeApp) -> None:
    app, provider = house(make_app, Reachable(None), *GUESTS)
    issue = sending(app, 60, size=10)
    app.store.database.change("UPDATE subscriber SET status = 'unsubscribed' WHERE email = 'r3@example.com'")
    Hand(app).run()
    assert set(provider.addresses) == {"r17@example.com", "r40@example.com"}
    assert again(app, issue).counts == Counts(frozen=60, accepted=2, suppressed=1, waiting=57)


def test_those_who_wait_are_kept_when_it_is_paused_and_resumed(make_app: MakeApp, clock: Clock) -> None:
    site = Reachable(None)
    app, provider = house(make_app, site, *GUESTS)
    issue = sending(app, 60, size=10)
    Hand(app).run()
    pause_issue(app, issue.key)
    resume_issue(app, issue.key)
    Hand(app).run()
    assert len(provider.addresses) == 3
    site.instance = app.store.meta.instance
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=60, accepted=60)
    assert set(provider.addresses.values()) == {1}


def test_a_send_with_open_tasks_is_refused_unless_guests_are_named(make_app: MakeApp) -> None:
    app, _ = house(make_app, Reachable(None))
    with pytest.raises(ChecksFailedError, match="unsubscribe page"):
        require_live(app)
    require_live(house(make_app, Reachable(None), *GUESTS)[0])


def test_guests_do_not_stand_in_for_a_sender(make_app: MakeApp) -> None:
    app, _ = house(make_app, Reachable(None), *GUESTS, sender="")
    with pytest.raises(ChecksFailedError, match="sender: no address"):
        require_live(app)


def test_nothing_holds_back_a_provider_that_sends_nothing(make_app: MakeApp) -> None:
    provider = scripted()
    app = make_app(provider=provider, site=Reachable(None), delivery={"guests": GUESTS})
    sending(app, 20, size=10)
    Hand(app).run()
    assert len(provider.addresses) == 20
    assert who_waits(app) == ""


def test_the_operator_is_counted_once(make_app: MakeApp) -> None:
    app, _ = house(make_app, Reachable(None), "r40@example.com", "r3@example.com")
    assert guests_of(app) == ["r40@example.com", "r3@example.com"]


@pytest.mark.parametrize("guests", [["a@example.com"] * 6, ["nobody"], ["@"], ["a b@example.com"]])
def test_at_most_five_addresses_are_guests(guests: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"delivery\.guests"):
        check({"delivery": {"guests": guests}})
