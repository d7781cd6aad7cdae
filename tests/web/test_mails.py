"""The outbox in the browser: for this machine only, and a mail in it can do nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.app.read_pages import mailbox_of
from newsletter.app.subscribe import subscribe
from newsletter.providers.outbox import Outbox
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, deliver_all_mail

TO = "new@example.net"


@pytest.fixture
def near(open_site):
    """A visitor on this machine, with one mail in the outbox."""
    visitor = open_site(peer="127.0.0.1")
    subscribe(visitor.app, TO, source="form", ip=None)
    deliver_all_mail(visitor.app)
    return visitor


@pytest.fixture
def path(near) -> str:
    (mail,) = near.app.provider.list_mails()
    return f"/outbox/{mail.id}"


def test_an_empty_outbox_says_so(open_site):
    assert "Nothing has been written yet" in open_site(peer="127.0.0.1").get("/outbox").text


def test_the_list_names_recipient_subject_and_local_time(near, path):
    page = near.get("/outbox", may_show=(TO,)).text
    for part in (TO, "Confirm your subscription", "19 Nov 2026, 09:00 Europe/Berlin", f'href="{path}"'):
        assert part in page


def test_a_long_outbox_says_that_it_is_cut(near, path, monkeypatch):
    monkeypatch.setattr("newsletter.web.mails._LIMIT", 1)
    assert "The newest 1 are shown" in near.get("/outbox", may_show=(TO,)).text


def test_a_mail_shows_its_headers_its_text_with_links_and_a_sandboxed_frame(near, path):
    page = near.get(path, may_show=(TO,)).text
    assert "<dt>From</dt><dd>Weekly AI Tool Verdicts &lt;verdicts@example.org&gt;</dd>" in page
    assert f'sandbox="allow-popups allow-popups-to-escape-sandbox" src="{path}/html"' in page
    assert '<a href="http://localhost:8000/confirm/' in page


def test_a_text_without_html_or_subject_has_no_frame(near):
    outbox = near.app.provider
    assert isinstance(outbox, Outbox)
    (outbox.folder / "plain").mkdir()
    (outbox.folder / "plain" / "1.eml").write_bytes(b"To: a@example.net\r\n\r\nSee http://x.example/y.\r\n")
    page = near.get("/outbox/plain/1.eml", may_show=("a@example.net",)).text
    assert "<iframe" not in page
    assert "<h1>(no subject)</h1>" in page
    assert '<a href="http://x.example/y">http://x.example/y</a>.' in page


def test_the_html_of_a_mail_may_load_nothing_and_run_nothing(near, path):
    answer = near.get(f"{path}/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self' data: https:; style-src 'unsafe-inline'")
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert '<head><base target="_blank">' in answer.text
    outbox = near.app.provider
    (outbox.folder / "odd").mkdir()
    (outbox.folder / "odd" / "1.eml").write_bytes(b"Content-Type: text/html\r\n\r\n<p>no head</p>\r\n")
    assert near.get("/outbox/odd/1.eml/html").text.startswith('<base target="_blank"><p>no head')


def test_the_mail_comes_down_byte_by_byte(near, path):
    answer = near.get(f"{path}/raw")
    outbox = near.app.provider
    assert answer.content == (outbox.folder / path.removeprefix("/outbox/")).read_bytes()
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("tail", ["", "/html", "/raw"])
@pytest.mark.parametrize("mail", ["none/0.eml", "..%2f..%2f/etc", "%2e%2e/subscribers.db"])
def test_what_is_no_mail_is_not_there(near, mail, tail):
    assert near.get(f"/outbox/{mail}{tail}").status_code == 404


@pytest.mark.parametrize(
    "options",
    [
        {"peer": "203.0.113.7"},
        {"peer": "192.168.0.4"},
        {"headers": {"x-forwarded-for": "127.0.0.1"}},
        {"headers": {"forwarded": "for=127.0.0.1"}},
        {"headers": {"x-real-ip": "127.0.0.1"}},
    ],
)
def test_nobody_but_this_machine_sees_the_outbox(near, path, options):
    for address in ("/outbox", path, f"{path}/html", f"{path}/raw"):
        assert near.get(address, **options).status_code == 404


@pytest.mark.parametrize("host", ["rebound.example.net", ""])
def test_a_foreign_name_that_leads_to_this_machine_sees_nothing(near, path, host):
    for address in ("/outbox", path, f"{path}/html", f"{path}/raw"):
        assert near.get(address, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("options", [{"peer": "::1"}, {"peer": "127.0.0.9"}, {"headers": {"host": "[::1]:8000"}}])
def test_every_loopback_address_is_this_machine(near, path, options):
    assert near.get(f"{path}/raw", **options).status_code == 200


def test_another_provider_has_no_outbox(near):
    class Elsewhere:
        """A provider that keeps nothing."""

        name = "elsewhere"
        capabilities = near.app.provider.capabilities

    near.site = create_site(replace(near.app, provider=Elsewhere()), TEMPLATES)
    assert near.get("/outbox").status_code == 404
    assert mailbox_of(near.app) is near.app.provider
