"""Nobody can have a stranger's mailbox filled, and links do once what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from newsletter.app.container import App
from newsletter.app.subscribe import subscribe
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.comparisons.model import Verdict
from newsletter.store.sqlite import Sqlite
from tests.fakes.furnished import ADA, ADAS_NEXT, ADAS_THIRD, EVE, Furnished
from tests.fakes.house import Clock, add_active
from tests.web.conftest import Open, Visitor

VICTIM = "victim@example.net"
FROM_HERE = {"sec-fetch-site": "same-origin"}


def mails(app: App) -> Counter[str]:
    """Address → mails queued or sent to it so far."""
    database: Sqlite = app.store.database
    return Counter(row["address"] for row in database.query("SELECT address FROM message"))


def kinds(app: App) -> Counter[str]:
    return Counter(row["kind"] for row in app.store.database.query("SELECT kind FROM message"))


def peers(count: int) -> list[str]:
    return [f"198.{18 + number // 65_536}.{number // 256 % 256}.{number % 256}" for number in range(count)]


def ask_form(visitor: Visitor, address: str, peer: str) -> int:
    return visitor.post("/subscribe", data={"email": address}, peer=peer, may_set=("asked",)).status_code


def ask_program(visitor: Visitor, address: str, peer: str) -> int:
    return visitor.post("/api/v1/subscribe", json={"email": address}, peer=peer, may_set=("asked",)).status_code


Ask = Callable[[Visitor, str, str], int]


def test_a_thousand_visitors_who_name_one_address_get_it_one_mail(visitor: Visitor, app: App):
    for number, peer in enumerate(peers(1000)):
        ask = ask_form if number % 2 else ask_program
        spelled = VICTIM.upper() if number % 3 else f" {VICTIM} "
        assert ask(visitor, spelled, peer) in (202, 303)
    assert mails(app) == {VICTIM: 1}


def test_an_address_that_never_confirms_gets_three_mails_ever(visitor: Visitor, app: App, clock: Clock):
    for day, peer in enumerate(peers(40)):
        ask_form(visitor, VICTIM, peer)
        assert mails(app)[VICTIM] == min(day + 1, 3)
        clock.pass_by(hours=24, seconds=1)


def test_within_a_day_not_even_the_second_of_three_goes(visitor: Visitor, app: App, clock: Clock):
    for peer in peers(24):
        ask_form(visitor, VICTIM, peer)
        clock.pass_by(minutes=59)
    assert mails(app) == {VICTIM: 1}


def test_a_thousand_addresses_get_no_more_than_the_budget_of_the_hour(open_site: Open, clock: Clock):
    visitor = open_site(web={"confirmations_per_hour": 30})
    for number, peer in enumerate(peers(1000)):
        ask = ask_form if number % 2 else ask_program
        assert ask(visitor, f"victim{number}@example.net", peer) in (202, 303)
    assert kinds(visitor.app)["confirmation"] == 30
    clock.pass_by(minutes=61)
    assert ask_form(visitor, "one.more@example.net", "203.0.113.200") == 303
    assert kinds(visitor.app)["confirmation"] == 31


@pytest.mark.parametrize("between", [(), ("undo",)], ids=["asking", "undoing and asking"])
def test_leaving_and_asking_again_in_a_loop_sends_one_mail_a_day(
    visitor: Visitor, app: App, clock: Clock, between: tuple[str, ...]
):
    """Whoever got hold of a reader's link could do so."""
    path = f"/unsubscribe/{app.signer.reader(1, add_active(app, VICTIM).id)}"
    for peer in peers(20):
        visitor.post(path, data={"List-Unsubscribe": "One-Click"})
        for act in between:
            visitor.post(f"{path}/{act}", headers=FROM_HERE)
            visitor.post(path, data={"List-Unsubscribe": "One-Click"})
        ask_form(visitor, VICTIM, peer)
        clock.pass_by(minutes=30)
    assert mails(app)[VICTIM] == 1


def test_a_change_of_address_mails_a_stranger_once_a_day_and_three_times_ever(visitor: Visitor, app: App, clock: Clock):
    """However many readers ask for it, each by a link of their own."""
    for number in range(60):
        token = app.signer.reader(1, add_active(app, f"reader{number}@example.org").id)
        visitor.post(
            f"/preferences/{token}/address",
            data={"email": VICTIM},
            headers=FROM_HERE,
            may_set=("reader",),
            may_show=(VICTIM, f"reader{number}@example.org"),
        )
        clock.pass_by(hours=3)
    assert mails(app)[VICTIM] == 3


def test_one_reader_who_asks_for_a_thousand_other_addresses_reaches_one_a_day(visitor: Visitor, app: App, clock: Clock):
    token = app.signer.reader(1, add_active(app, "reader@example.org").id)
    for number in range(100):
        address = f"victim{number}@example.net"
        visitor.post(
            f"/preferences/{token}/address",
            data={"email": address},
            headers=FROM_HERE,
            may_set=("reader",),
            may_show=(address, "reader@example.org"),
        )
        clock.pass_by(minutes=14)
    assert sum(count for address, count in mails(app).items() if address.startswith("victim")) == 1


def test_mail_me_my_list_sends_a_reader_a_few_mails_at_most_however_often_it_is_pressed(open_site: Open):
    visitor = open_site()
    house = Furnished(visitor.app)
    before = mails(visitor.app)[ADA]
    for _ in range(100):
        visitor.post(f"/saved/{house.token('reader')}/mail", headers=FROM_HERE, may_set=("reader",), may_show=(ADA,))
    assert mails(visitor.app)[ADA] - before == 1


@pytest.mark.parametrize("ask", [ask_form, ask_program])
def test_the_allowance_is_that_of_a_whole_ipv6_network_and_of_both_entrances(visitor: Visitor, ask: Ask):
    for number in range(5):
        other = ask_program if ask is ask_form and number % 2 else ask
        assert other(visitor, f"a{number}@example.net", f"2001:db8:1:2:{number}::{number}") in (202, 303)
    assert ask(visitor, "b@example.net", "2001:db8:1:2:ffff::1") == 429
    assert ask(visitor, "b@example.net", "2001:db8:1:3::1") in (202, 303)


def test_forwarded_addresses_that_a_visitor_makes_up_win_no_allowance(visitor: Visitor, app: App):
    answers = [
        visitor.post(
            "/subscribe",
            data={"email": f"a{number}@example.net"},
            headers={"x-forwarded-for": f"192.0.2.{number}", "forwarded": f"for=192.0.2.{number}"},
            may_set=("asked",),
        ).status_code
        for number in range(8)
    ]
    assert answers == [303] * 5 + [429] * 3


def test_a_confirmation_link_works_once_and_a_repeat_changes_nothing(open_site: Open):
    visitor = open_site()
    house = Furnished(visitor.app)
    path = f"/confirm/{house.token('confirmation')}"
    assert visitor.post(path, headers=FROM_HERE, may_set=("reader",), may_show=(EVE,)).status_code == 200
    before = house.rows()
    for _ in range(3):
        visitor.post(path, headers=FROM_HERE, may_set=("reader",), may_show=(EVE,))
    assert house.rows() == before


@pytest.mark.parametrize("gone", ["unsubscribed", "erased", "suppressed"])
def test_a_confirmation_link_is_of_no_use_after_its_reader_left(open_site: Open, gone: str):
    visitor = open_site()
    house = Furnished(visitor.app)
    people, path = visitor.app.store.subscribers, f"/confirm/{house.token('confirmation')}"
    visitor.post(path, headers=FROM_HERE, may_set=("reader",), may_show=(EVE,))
    if gone == "unsubscribed":
        people.unsubscribe(house.eve.id, visitor.app.now())
    elif gone == "erased":
        people.erase(house.eve.id)
    else:
        people.suppress(EVE, "complaint", visitor.app.now())  # type: ignore[arg-type]  # a word of the enumeration
    before = house.rows()
    for method in ("GET", "POST"):
        assert visitor.ask(method, path, headers=FROM_HERE).status_code == 400
    assert house.rows() == before


def test_who_left_and_asks_again_needs_the_new_link_and_then_is_back(open_site: Open):
    visitor = open_site()
    house = Furnished(visitor.app)
    path = f"/confirm/{house.token('confirmation')}"
    people = visitor.app.store.subscribers
    visitor.post(path, headers=FROM_HERE, may_set=("reader",), may_show=(EVE,))
    people.unsubscribe(house.eve.id, visitor.app.now())
    assert visitor.post(path, headers=FROM_HERE).status_code == 400
    subscribe(visitor.app, EVE, source="form", ip=None)
    assert status(visitor.app) is SubscriberStatus.PENDING
    visitor.post(f"/confirm/{house.token('confirmation')}", headers=FROM_HERE, may_set=("reader",), may_show=(EVE,))
    assert status(visitor.app) is SubscriberStatus.ACTIVE


def status(app: App) -> SubscriberStatus:
    found = app.store.subscribers.by_address(EVE)
    assert found is not None
    return found.status


def test_a_change_of_address_by_a_link_after_a_newer_one_was_asked_for_does_nothing(open_site: Open):
    visitor = open_site()
    house = Furnished(visitor.app)
    people, old = visitor.app.store.subscribers, house.token("address_change")
    people.ask_change(house.ada.id, ADAS_THIRD, visitor.app.now())
    before = house.rows()
    for method in ("GET", "POST"):
        assert visitor.ask(method, f"/address/{old}", headers=FROM_HERE).status_code == 400
    assert house.rows() == before
    new = visitor.app.signer.address_change(house.ada.id, people.hash_of(ADAS_THIRD))
    for _ in range(2):
        answer = visitor.post(f"/address/{new}", headers=FROM_HERE, may_set=("reader",), may_show=(ADAS_THIRD,))
        assert answer.status_code == 200
        changed = people.by_address(ADAS_THIRD)
        assert changed is not None
        assert changed.id == house.ada.id
    assert people.by_address(ADAS_NEXT) is None


def test_a_change_of_address_of_somebody_who_is_erased_or_left_does_nothing(open_site: Open):
    visitor = open_site()
    house = Furnished(visitor.app)
    link = house.token("address_change")
    visitor.app.store.subscribers.unsubscribe(house.ada.id, visitor.app.now())
    assert visitor.post(f"/address/{link}", headers=FROM_HERE).status_code == 400
    visitor.app.store.subscribers.erase(house.ada.id)
    assert visitor.post(f"/address/{link}", headers=FROM_HERE).status_code == 400


def test_a_vote_link_that_is_pressed_a_hundred_times_is_one_vote(open_site: Open):
    visitor = open_site()
    house = Furnished(visitor.app)
    votes = visitor.app.store.votes
    before = votes.tallies(["kestrel"])["kestrel"].readers
    for choice in ("skip", "ship") * 50:
        path = f"/v/{house.token('reader')}/kestrel/{choice}"
        assert visitor.post(path, headers=FROM_HERE, may_set=("reader",)).status_code == 200
    assert votes.tallies(["kestrel"])["kestrel"].readers == before
    assert votes.of_reader(house.ada.id) == {"kestrel": Verdict.SHIP}


def test_a_visitor_who_votes_a_hundred_times_is_one_vote_and_soon_has_to_wait(visitor: Visitor, open_site: Open):
    site = open_site()
    Furnished(site.app)
    before = site.app.store.votes.tallies(["plumbline"])["plumbline"].web
    answers = {
        site.post("/tools/plumbline/vote", data={"choice": "ship"}, headers=FROM_HERE).status_code for _ in range(60)
    }
    after = site.app.store.votes.tallies(["plumbline"])["plumbline"].web
    assert (after.ship - before.ship, after.skip - before.skip) == (1, 0)
    assert answers == {303, 429}


def test_the_undo_of_leaving_brings_back_whom_only_it_may(open_site: Open, clock: Clock):
    visitor = open_site()
    house = Furnished(visitor.app)
    path = f"/unsubscribe/{house.token('reader')}"
    visitor.post(path, data={"List-Unsubscribe": "One-Click"})
    clock.now += timedelta(days=400)
    visitor.app.store.subscribers.erase(house.ada.id)
    before = house.rows()
    visitor.post(f"{path}/undo", headers=FROM_HERE)
    assert house.rows() == before
