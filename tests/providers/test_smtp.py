"""SMTP: every no is told from a doubt, and whose fault a no is decides what happens next."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult

from newsletter.delivery.message import Batch
from newsletter.delivery.provider import Answered, Doubt, Outcome, Refusal, Refused, SendResult, SendStatus
from newsletter.errors import ConfigError, InputError
from newsletter.providers.smtp import Smtp, refusal
from newsletter.rendering.personalise import Segments
from tests.fakes.mails import batch, message, reader
from tests.fakes.smtp_server import HANG_UP, RESET, SILENCE, ScriptedSmtp

PEM = Path(__file__).parents[1] / "fakes" / "loopback.pem"
ACCEPTED = Answered((SendResult("r0", SendStatus.ACCEPTED),))


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(PEM))


@contextmanager
def provider(server: ScriptedSmtp, **settings: Any) -> Iterator[Smtp]:
    smtp = Smtp("127.0.0.1", server.port, **{"security": "none", **settings})
    try:
        yield smtp
    finally:
        smtp.close()


def send(smtp: Smtp, timeout: float = 5, **changes: Any) -> Outcome:
    mails = batch(of=message(**changes))
    return smtp.send(mails, smtp.build(mails), timeout)


def sent_to(says: dict[str, list[str]], timeout: float = 5) -> Outcome:
    with ScriptedSmtp(says) as server, provider(server) as smtp:
        return send(smtp, timeout)


@pytest.mark.parametrize(
    ("step", "answer", "meaning"),
    [
        ("greeting", "421 4.3.2 closing", Refusal.THROTTLED),
        ("greeting", "554 5.7.1 go away", Refusal.ACCOUNT),
        ("EHLO", "450 4.3.2 later", Refusal.THROTTLED),
        ("EHLO", "550 5.7.1 bad name", Refusal.ACCOUNT),
        ("MAIL", "451 4.3.0 try later", Refusal.THROTTLED),
        ("MAIL", "421 4.7.0 too many", Refusal.THROTTLED),
        ("MAIL", "530 5.7.0 authenticate first", Refusal.ACCOUNT),
        ("MAIL", "550 5.1.8 sender not allowed", Refusal.ACCOUNT),
        ("MAIL", "552 5.3.4 too big", Refusal.ACCOUNT),
        ("RCPT", "450 4.2.1 greylisted", Refusal.THROTTLED),
        ("RCPT", "421 4.7.0 enough", Refusal.THROTTLED),
        ("RCPT", "550 5.1.1 no such reader", None),
        ("RCPT", "554 5.7.1 Relay access denied", Refusal.ACCOUNT),
        ("RCPT", "550 relay not permitted", Refusal.ACCOUNT),
        ("RCPT", "550 5.4.5 Daily user sending limit exceeded", Refusal.ACCOUNT),
        ("DATA", "451 4.3.0 later", Refusal.THROTTLED),
        ("DATA", "554 5.5.1 no valid recipients", None),
        ("dot", "451 4.3.0 disk full", Refusal.THROTTLED),
        ("dot", "421 4.3.2 shutting down", Refusal.THROTTLED),
        ("dot", "554 5.7.1 we do not like it", None),
        ("dot", "530 5.7.0 authenticate first", Refusal.ACCOUNT),
    ],
)
def test_a_no_is_definite_at_every_step_and_says_whose_fault_it_is(
    step: str, answer: str, meaning: Refusal | None
) -> None:
    outcome = sent_to({step: [answer]})
    if meaning is None:
        assert isinstance(outcome, Answered)
        assert [(one.rid, one.status) for one in outcome.results] == [("r0", SendStatus.REJECTED)]
        assert answer[4:] in outcome.results[0].detail
    else:
        assert isinstance(outcome, Refused)
        assert outcome.refusal is meaning
        assert answer[4:] in outcome.detail


@pytest.mark.parametrize("how", [RESET, HANG_UP])
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_mail_is_begun_is_a_definite_no(step: str, how: str) -> None:
    outcome = sent_to({step: [how]})
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_CONNECTED


@pytest.mark.parametrize("how", [RESET, HANG_UP, SILENCE, "<drip>250 2.0.0 accepted, if you have the patience"])
def test_no_answer_after_the_final_dot_is_doubt(how: str) -> None:
    began = time.monotonic()
    assert isinstance(sent_to({"dot": [how]}, timeout=0.5), Doubt)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("garbage", ["maybe", "900 what", "150 hm", "250-" + "x" * 9000])
def test_an_answer_after_the_final_dot_that_is_not_smtp_is_doubt(garbage: str) -> None:
    assert isinstance(sent_to({"dot": [garbage]}), Doubt)


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_an_answer_before_the_mail_that_is_not_smtp_is_a_definite_no(step: str) -> None:
    outcome = sent_to({step: ["HTTP/1.1 400 Bad Request"]})
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_CONNECTED


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_the_deadline_counts_all_steps_together(step: str) -> None:
    began = time.monotonic()
    outcome = sent_to({step: ["<drip>" + DRIPPED.get(step, "250 fine") + " " + "z" * 100]}, timeout=0.4)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_CONNECTED
    assert time.monotonic() - began < 1


DRIPPED = {"greeting": "220", "DATA": "354"}


def test_a_no_says_nothing_of_addresses() -> None:
    outcome = sent_to({"RCPT": ["550 5.1.1 <reader0@example.net>: no such reader"]})
    assert isinstance(outcome, Answered)
    assert "reader0" not in outcome.results[0].detail
    assert "no such reader" in outcome.results[0].detail


def test_one_connection_carries_many_mails_and_is_left_politely() -> None:
    with ScriptedSmtp() as server, provider(server) as smtp:
        assert [send(smtp) for _ in range(3)] == [ACCEPTED] * 3
        assert server.connections == 1
        smtp.close()
        for _ in range(100):
            if server.heard[-1] == "QUIT":
                break
            time.sleep(0.01)
        assert server.heard[-1] == "QUIT"
        assert len(server.mails) == 3


def test_each_thread_has_a_connection_of_its_own() -> None:
    with ScriptedSmtp() as server, provider(server) as smtp:
        threads = [threading.Thread(target=send, args=(smtp,)) for _ in range(2)]
        for thread in threads:
            thread.start()
            thread.join()
        assert send(smtp) == ACCEPTED
        assert 2 <= server.connections <= 3  # a thread may inherit from one that ended


@pytest.mark.parametrize("stale", [RESET, HANG_UP, "421 4.4.2 idle for too long"])
def test_a_stale_connection_is_replaced_once_and_the_mail_goes_out(stale: str) -> None:
    with ScriptedSmtp({"MAIL": ["250 fine", stale]}) as server, provider(server) as smtp:
        assert [send(smtp), send(smtp)] == [ACCEPTED, ACCEPTED]
        assert server.connections == 2
        assert len(server.mails) == 2


def test_a_fresh_connection_that_fails_as_well_is_not_tried_for_ever() -> None:
    with ScriptedSmtp({"MAIL": ["250 fine", "421 busy", "421 busy"]}) as server, provider(server) as smtp:
        send(smtp)
        outcome = send(smtp)
        assert isinstance(outcome, Refused)
        assert outcome.refusal is Refusal.THROTTLED
        assert server.connections == 2


def test_the_connection_goes_on_after_a_recipient_was_refused() -> None:
    with ScriptedSmtp({"RCPT": ["550 5.1.1 unknown"]}) as server, provider(server) as smtp:
        assert send(smtp) != ACCEPTED
        assert send(smtp) == ACCEPTED
        assert server.connections == 1
        assert "RSET" in server.heard


@pytest.mark.parametrize("answer", ["502 no", RESET])
def test_a_connection_that_cannot_be_reset_is_given_up(answer: str) -> None:
    with ScriptedSmtp({"RCPT": ["550 5.1.1 unknown"], "RSET": [answer]}) as server, provider(server) as smtp:
        assert isinstance(send(smtp), Answered)
        assert send(smtp) == ACCEPTED
        assert server.connections == 2


def test_dots_at_the_start_of_a_line_arrive_doubled_and_nothing_else_is_changed() -> None:
    text = Segments(("one\n.\n..two\n.",), ())
    with ScriptedSmtp() as server, provider(server) as smtp:
        mails = batch(of=message(text=text))
        assert send(smtp, text=text) == ACCEPTED
        raw = smtp.build(mails).parts[0]
    assert b"\r\n.\r\n..two\r\n." in raw
    assert server.mails[0] == raw.replace(b"\r\n.", b"\r\n..")


def test_the_envelope_and_the_greeting_name_what_they_must() -> None:
    with ScriptedSmtp() as server, provider(server) as smtp:
        send(smtp)
    assert server.heard[:3] == ["ehlo [127.0.0.1]", "MAIL FROM:<news@example.com>", "RCPT TO:<reader0@example.net>"]


def test_encryption_that_is_not_offered_is_a_clear_no() -> None:
    with ScriptedSmtp() as server, provider(server, security="starttls") as smtp:
        outcome = send(smtp)
    assert outcome == Refused(Refusal.ACCOUNT, "The mail server offers no encryption (STARTTLS).")
    assert "MAIL" not in "".join(server.heard)


def test_encryption_that_fails_for_the_moment_may_be_tried_again() -> None:
    says = {"EHLO": ["250-fake\r\n250 STARTTLS"], "STAR": ["454 4.7.0 not now"]}
    with ScriptedSmtp(says) as server, provider(server, security="starttls") as smtp:
        outcome = send(smtp)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.THROTTLED


def test_an_answer_slipped_in_ahead_of_encryption_is_not_believed() -> None:
    says = {"EHLO": ["250-fake\r\n250 STARTTLS"], "STAR": ["220 go\r\n250 injected"]}
    with ScriptedSmtp(says) as server, provider(server, security="starttls", tls=trusting()) as smtp:
        outcome = send(smtp)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.ACCOUNT
    assert "ahead of its encryption" in outcome.detail


def test_a_certificate_that_is_not_trusted_is_a_clear_no() -> None:
    says = {"EHLO": ["250-fake\r\n250 STARTTLS"], "STAR": ["220 go"]}
    with ScriptedSmtp(says, tls=server_tls()) as server, provider(server, security="starttls") as smtp:
        outcome = send(smtp)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.ACCOUNT
    assert "certificate is not trusted" in outcome.detail


def test_large_mails_go_out_over_starttls() -> None:
    says = {"EHLO": ["250-fake\r\n250 STARTTLS"], "STAR": ["220 go"]}
    html = Segments(("verdict " * 20_000,), (), "html")
    with (
        ScriptedSmtp(says, tls=server_tls()) as server,
        provider(server, security="starttls", tls=trusting()) as smtp,
    ):
        assert send(smtp, html=html) == ACCEPTED
        assert send(smtp) == ACCEPTED
    assert len(server.mails[0]) > 160_000
    assert server.connections == 1


class _Account:
    def __call__(self, server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"me", b"right"), handled=False)


def _controller(**settings: Any) -> Controller:
    with ScriptedSmtp() as unused:
        port = unused.port
    return Controller(Sink(), hostname="127.0.0.1", port=port, authenticator=_Account(), **settings)


@pytest.mark.parametrize("security", ["starttls", "none"])
@pytest.mark.parametrize(("password", "good"), [("right", True), ("wrong", False)])
def test_a_real_server_takes_the_right_password_and_no_other(security: Any, password: str, good: bool) -> None:
    encrypted = security == "starttls"
    controller = _controller(
        tls_context=server_tls() if encrypted else None,
        require_starttls=encrypted,
        auth_required=encrypted,
        auth_require_tls=encrypted,
    )
    controller.start()
    smtp = Smtp("127.0.0.1", controller.port, "me", password, security, tls=trusting())
    try:
        outcome = send(smtp)
    finally:
        smtp.close()
        controller.stop()
    if good:
        assert outcome == ACCEPTED
    else:
        assert isinstance(outcome, Refused)
        assert outcome.refusal is Refusal.ACCOUNT
        assert password not in outcome.detail


def test_tls_from_the_first_byte_works_as_well() -> None:
    with (
        ScriptedSmtp(tls=server_tls(), tls_first=True) as server,
        provider(server, security="tls", tls=trusting()) as smtp,
    ):
        assert send(smtp) == ACCEPTED


def test_a_server_without_authentication_is_a_clear_no() -> None:
    with ScriptedSmtp() as server, provider(server, username="me", password="secret") as smtp:
        outcome = send(smtp)
    assert outcome == Refused(Refusal.ACCOUNT, "The mail server takes no login.")


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("535 5.7.8 wrong", Refusal.ACCOUNT),
        ("454 4.7.0 not now", Refusal.THROTTLED),
        (HANG_UP, Refusal.NOT_CONNECTED),
        ("250 what", Refusal.NOT_CONNECTED),
    ],
)
def test_a_login_that_fails_says_whether_it_may_be_tried_again(answer: str, meaning: Refusal) -> None:
    says = {"EHLO": ["250-fake\r\n250 AUTH PLAIN"], "AUTH": [answer]}
    with ScriptedSmtp(says) as server, provider(server, username="me", password="secret") as smtp:
        outcome = send(smtp)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is meaning


def test_a_password_never_travels_unencrypted_to_another_machine() -> None:
    with pytest.raises(ConfigError, match="unencrypted"):
        Smtp("mail.example.com", 25, "me", "secret", "none")
    Smtp("localhost", 25, "me", "secret", "none")


def test_a_batch_has_one_recipient_with_an_address_that_can_stand_in_a_command() -> None:
    smtp = Smtp("127.0.0.1", 25, security="none")
    with pytest.raises(ValueError, match="one recipient"):
        smtp.build(batch(2))
    with pytest.raises(InputError, match="recipient r0"):
        smtp.build(Batch("2026-W47/1", message(), (reader(0, "a@b>\r\nDATA"),)))


def test_the_table_of_refusals_has_no_gap() -> None:
    for step in ("greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "final dot"):
        assert refusal(step, 421, b"") is Refusal.THROTTLED
        assert refusal(step, 530, b"") is Refusal.ACCOUNT
