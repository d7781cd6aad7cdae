"""What every provider promises, whatever is behind it: the core relies on nothing else."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Answered, Doubt, Provider, Refusal, Refused, SendStatus
from newsletter.providers.outbox import Outbox
from newsletter.providers.resend import Resend
from newsletter.providers.smtp import Smtp
from tests.fakes.mails import batch, reader
from tests.fakes.resend_server import API_KEY, FakeResend
from tests.fakes.smtp_server import RESET, ScriptedSmtp

PASSWORD = "correct horse battery"
NETWORK = ["smtp", "resend"]


@dataclass
class World:
    """A provider, and what arrived at its other end: one entry per mail, its To address."""

    provider: Provider
    arrived: Callable[[], list[str]]


def _mailbox(folder: Path) -> list[str]:
    files = sorted((folder / "new").iterdir())
    return [line[4:] for file in files for line in file.read_text().splitlines() if line.startswith("To: ")]


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The provider named by the parameter, at work: a real folder, a real mail server, a Resend that keeps keys."""
    with ExitStack() as stack:
        if request.param == "outbox":
            outbox = Outbox(tmp_path)
            yield World(outbox, lambda: [mail.to for mail in outbox.list_mails()])
        elif request.param == "smtp":
            server = Controller(Mailbox(tmp_path / "box"), hostname="127.0.0.1", port=_free_port())
            server.start()
            stack.callback(server.stop)
            smtp = Smtp("127.0.0.1", server.port, security="none")
            stack.callback(smtp.close)
            yield World(smtp, lambda: _mailbox(tmp_path / "box"))
        else:
            fake = stack.enter_context(FakeResend(tmp_path / "taken.jsonl"))
            resend = Resend(API_KEY, fake.url)
            stack.callback(resend.close)
            yield World(resend, lambda: [mail["to"] for mail in fake.taken()])


@pytest.fixture
def failing(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Provider]]:
    """Makes the provider named by the parameter meet a fault: "reset" after the mail, or "drip"."""
    with ExitStack() as stack:

        def make(fault: str) -> Provider:
            provider: Provider
            if request.param == "smtp":
                server = stack.enter_context(
                    ScriptedSmtp({"dot": [RESET if fault == "reset" else "<drip>" + "2" * 400]})
                )
                provider = Smtp("127.0.0.1", server.port, security="none")
            else:
                provider = Resend(API_KEY, stack.enter_context(FakeResend(script=[fault])).url)
            stack.callback(provider.close)
            return provider

        yield make


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def _to(port: int, name: str) -> Provider:
    return Smtp("127.0.0.1", port, security="none") if name == "smtp" else Resend(API_KEY, f"http://127.0.0.1:{port}")


def _by_name() -> dict[str, Provider]:
    return {"smtp": Smtp("mail.invalid", security="none"), "resend": Resend(API_KEY, "https://api.invalid")}


def whole(provider: Provider, key: str = "2026-W47/1") -> Batch:
    """As many recipients as fit, up to five."""
    return batch(min(5, provider.capabilities.max_batch), key)


every_provider = pytest.mark.parametrize("world", ["outbox", "smtp", "resend"], indirect=True)


@every_provider
def test_the_same_batch_makes_the_same_bytes_and_another_batch_does_not(world: World) -> None:
    provider = world.provider
    assert provider.build(whole(provider)).parts == provider.build(whole(provider)).parts
    assert provider.build(whole(provider)).sha256 == provider.build(whole(provider)).sha256
    mails = whole(provider)
    other = Batch(mails.key, mails.message, (*mails.recipients[1:], reader(9)))
    assert provider.build(other).sha256 != provider.build(mails).sha256


@every_provider
def test_a_second_provider_builds_the_same_bytes_as_the_first(world: World) -> None:
    fresh = {"outbox": Outbox(Path("elsewhere")), "smtp": _to(1, "smtp"), "resend": _to(1, "resend")}
    mails = whole(world.provider)
    assert fresh[world.provider.name].build(mails).parts == world.provider.build(mails).parts


@every_provider
def test_every_recipient_is_answered_and_gets_one_mail(world: World) -> None:
    mails = whole(world.provider)
    answer = world.provider.send(mails, world.provider.build(mails), 10)
    assert isinstance(answer, Answered)
    assert [result.rid for result in answer.results] == [recipient.rid for recipient in mails.recipients]
    assert {result.status for result in answer.results} == {SendStatus.ACCEPTED}
    assert sorted(world.arrived()) == [recipient.address for recipient in mails.recipients]


@every_provider
def test_a_replay_delivers_once_where_the_provider_promises_it(world: World) -> None:
    mails = whole(world.provider)
    request = world.provider.build(mails)
    answers = [world.provider.send(mails, request, 10) for _ in range(3)]
    copies = 1 if world.provider.capabilities.replay_seconds else 3
    assert sorted(world.arrived()) == sorted(recipient.address for recipient in mails.recipients for _ in range(copies))
    if copies == 1:
        assert answers[0] == answers[1] == answers[2]


@every_provider
def test_it_works_again_after_it_was_closed(world: World) -> None:
    for key in ("2026-W47/1", "2026-W47/2"):
        mails = whole(world.provider, key)
        assert isinstance(world.provider.send(mails, world.provider.build(mails), 10), Answered)
        world.provider.close()


@every_provider
def test_only_a_provider_that_keeps_mails_on_this_machine_is_not_live(world: World) -> None:
    assert world.provider.capabilities.live is (world.provider.name != "outbox")
    assert world.provider.capabilities.loopback_links is (world.provider.name == "outbox")


@pytest.mark.parametrize("failing", NETWORK, indirect=True)
def test_nothing_definite_is_claimed_when_the_line_breaks_after_the_mail(failing: Callable[[str], Provider]) -> None:
    provider = failing("reset")
    mails = whole(provider)
    assert isinstance(provider.send(mails, provider.build(mails), 10), Doubt)


@pytest.mark.parametrize("failing", NETWORK, indirect=True)
def test_the_deadline_holds_against_a_server_that_drips(failing: Callable[[str], Provider]) -> None:
    provider = failing("drip")
    mails = whole(provider)
    began = time.monotonic()
    answer = provider.send(mails, provider.build(mails), 0.4)
    assert isinstance(answer, Doubt)
    assert time.monotonic() - began < 0.8


@pytest.mark.parametrize("name", NETWORK)
def test_a_refused_connection_is_a_definite_no(name: str) -> None:
    provider, mails = _to(_free_port(), name), batch()
    answer = provider.send(mails, provider.build(mails), 5)
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.NOT_CONNECTED
    assert "refused" in answer.detail


@pytest.mark.parametrize("name", NETWORK)
def test_a_name_that_cannot_be_looked_up_is_a_definite_no(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    made = _by_name()
    mails = batch()
    answer = made[name].send(mails, made[name].build(mails), 5)
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.NOT_CONNECTED


@pytest.mark.parametrize("name", NETWORK)
def test_a_name_server_that_is_silent_does_not_outlast_the_deadline(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        time.sleep(1.5)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    made = _by_name()
    mails, began = batch(), time.monotonic()
    answer = made[name].send(mails, made[name].build(mails), 0.3)
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.NOT_CONNECTED
    assert time.monotonic() - began < 0.8


@pytest.mark.parametrize("name", NETWORK)
def test_a_server_that_takes_the_connection_and_says_nothing_is_no_longer_waited_for(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider, mails, began = _to(silent.getsockname()[1], name), batch(), time.monotonic()
        answer = provider.send(mails, provider.build(mails), 0.3)
    assert time.monotonic() - began < 0.8
    assert isinstance(answer, Refused if name == "smtp" else Doubt)  # SMTP had not begun: the server speaks first


def test_no_secret_shows_in_what_a_provider_says_of_itself() -> None:
    shown = repr(Resend(API_KEY)) + repr(Smtp("mail.example.com", username="me", password=PASSWORD))
    assert API_KEY not in shown
    assert PASSWORD not in shown
    assert "mail.example.com:587" in shown
    assert "api.resend.com" in shown
    assert "here" in repr(Outbox(Path("here")))
