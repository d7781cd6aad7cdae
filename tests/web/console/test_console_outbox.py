"""The outbox behind the sign-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.app.subscribe import subscribe
from newsletter.operators import Role
from newsletter.providers.outbox import Outbox
from newsletter.web.site import create_site
from tests.app.scripted import scripted
from tests.fakes.house import TEMPLATES, deliver_all_mail
from tests.web.conftest import Open, Visitor
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]
TO = "reader@example.net"


@pytest.fixture
def visitor(open_site: Open) -> Visitor:
    """On this machine."""
    return open_site(peer="127.0.0.1")


@pytest.fixture
def path(visitor: Visitor) -> str:
    """Of a mail in it."""
    subscribe(visitor.app, TO, source="form", ip="198.51.100.9")
    deliver_all_mail(visitor.app)
    assert isinstance(visitor.app.provider, Outbox)
    return f"/outbox/{visitor.app.provider.list_mails(1)[0].id}"


def test_an_operator_reads_every_mail_from_anywhere(visitor: Visitor, path: str, operate: Operate) -> None:
    visitor.peer = "203.0.113.7"
    eve = operate(Role.VIEWER, "eve")
    assert f"/console{path}" in eve.get("/outbox", may_show=(TO,)).text
    assert "The text part" in eve.get(path, may_show=(TO,)).text
    assert f'src="/console{path}/html"' in eve.get(path, may_show=(TO,)).text
    framed = eve.get(f"{path}/html")
    assert "sandbox" in framed.headers["content-security-policy"]
    raw = eve.get(f"{path}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("tail", ["", "/html", "/raw"])
def test_this_machine_sees_it_until_there_is_an_operator(
    visitor: Visitor, path: str, tail: str, operate: Operate
) -> None:
    assert visitor.get(path + tail, may_show=(TO,)).status_code == 200
    assert visitor.get("/outbox", may_show=(TO,)).status_code == 200
    operate()
    answer = visitor.get(path + tail)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console{path}{tail}")
    assert visitor.get("/outbox").headers["location"] == "/console/outbox"
    assert visitor.get(answer.headers["location"]).headers["location"].startswith("/console/sign-in")


def test_from_elsewhere_not_even_the_way_is_told(visitor: Visitor, path: str, operate: Operate) -> None:
    operate()
    for address in ("/outbox", path, f"{path}/html", f"{path}/raw"):
        assert visitor.get(address, peer="203.0.113.7").status_code == 404


@pytest.mark.parametrize("mail", ["none/0.eml", "..%2f..%2f/etc", "%2e%2e/subscribers.db"])
def test_what_is_no_mail_is_not_there(ada: Desk, mail: str) -> None:
    for tail in ("", "/html", "/raw"):
        assert ada.get(f"/outbox/{mail}{tail}").status_code == 404


def test_an_empty_outbox_says_what_fills_it(ada: Desk) -> None:
    assert "Nothing has been written yet" in ada.get("/outbox").text


def test_a_provider_that_sends_keeps_none(visitor: Visitor, ada: Desk) -> None:
    visitor.site = create_site(replace(visitor.app, provider=scripted(live=True)), TEMPLATES)
    assert "none is kept here" in ada.get("/outbox").text
    assert ada.get("/outbox/2026/1.eml").status_code == 404
