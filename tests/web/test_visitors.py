"""Who is asking, and how often."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from newsletter.web import visitors
from newsletter.web.visitors import Allowance, is_local, visitor_address, visitor_key


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = None if peer is None else (peer, 1)
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("6.6.6.6", "198.51.100.1"), "198.51.100.1"),
        ("::1", ("2001:db8::1",), "2001:db8::1"),
        ("127.0.0.1", ("unknown",), "127.0.0.1"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        (None, ("198.51.100.1",), "None"),
    ],
)
def test_a_forwarded_address_counts_only_from_our_own_proxy(peer, forwarded, address):
    assert str(visitor_address(request(peer, *forwarded))) == address


def test_a_household_of_ipv6_is_one_visitor():
    keys = {visitor_key(request(f"2001:db8:1:2::{number}")) for number in ("1", "2", "ffff")}
    assert keys == {"2001:db8:1:2::/64"}
    assert visitor_key(request("2001:db8:1:3::1")) not in keys


def test_whoever_has_no_address_is_not_on_this_machine():
    assert not is_local(request(None))


def test_an_allowance_slides_and_visitors_do_not_share_it():
    allowance = Allowance(2, 60)
    assert [allowance.wait("a", now) for now in (0, 30, 31, 59.5)] == [0, 0, 29, 1]
    assert allowance.wait("b", 31) == 0
    assert allowance.wait("a", 60) == 0
    assert allowance.wait("a", 61) == 29


def test_a_clock_set_back_locks_nobody_out():
    allowance = Allowance(1, 60)
    assert allowance.wait("a", 1_000_000) == 0
    assert allowance.wait("a", 10) == 0


def test_old_visitors_are_forgotten_when_there_are_many(monkeypatch):
    monkeypatch.setattr(visitors, "_MANY", 3)
    allowance = Allowance(1, 60)
    for name in "abc":
        allowance.wait(name, 0)
    allowance.wait("d", 100)
    assert set(allowance._seen) == {"d"}
