"""SMTP: one recipient per transaction, over a connection that each thread keeps.

SMTP has no idempotency key. A mail whose end was sent and whose answer never came may or may not have been taken
(RFC 1047), so that one is in doubt, and stays so until a person settles it.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal

from newsletter.delivery.message import Batch, Message, Request
from newsletter.delivery.provider import (
    Answered,
    Capabilities,
    Doubt,
    Outcome,
    Refusal,
    Refused,
    SendResult,
    SendStatus,
)
from newsletter.errors import ConfigError
from newsletter.net.dial import Deadline, dial
from newsletter.providers._fields import for_person, require_batch
from newsletter.providers._mime import MimeTemplate
from newsletter.providers._perthread import PerThread

Security = Literal["starttls", "tls", "none"]

_CHUNK = 1 << 14
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def refusal(step: str, code: int, said: bytes) -> Refusal | None:
    """What a server's no at a step means for the whole request; None: a permanent no to this recipient alone.

    Any answer of 400 or more is definite, the one to the final dot included: a server that says no has not taken the
    mail (RFC 5321 4.2.5). What is kept apart is whose fault it is, so that a wrong password or a closed relay does not
    use up a whole list of recipients:

    step                     4xx, and 421 anywhere   5xx
    greeting, EHLO, STARTTLS throttled               account
    AUTH                     throttled               account
    MAIL                     throttled               account: the sender, its size or its quota is refused
    RCPT                     throttled               this recipient; account where relaying is refused
    DATA, final dot          throttled               this recipient
    any                                              account: 530, 535, 538 (authentication, RFC 4954) and
                                                     5.4.5 (daily limit, as Gmail words it)
    """
    if 400 <= code < 500:
        return Refusal.THROTTLED
    if step not in ("RCPT", "DATA", "final dot") or code in (530, 535, 538) or b"5.4.5" in said:
        return Refusal.ACCOUNT
    if step == "RCPT" and b"relay" in said.lower():  # Postfix: "Relay access denied", Exim: "relay not permitted"
        return Refusal.ACCOUNT
    return None


class Smtp:
    """Sends through a mail server."""

    name = "smtp"
    capabilities = Capabilities(max_batch=1, max_bytes=25_000_000, live=True)

    def __init__(
        self,
        host: str,
        port: int = 587,
        username: str = "",
        password: str = "",
        security: Security = "starttls",
        connect_timeout: float = 15.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`connect_timeout` in seconds, within the timeout of a send; `tls` in place of the system's trusted roots.

        Raises ConfigError where a password would travel unencrypted to another machine.
        """
        if password and security == "none" and host not in _LOOPBACK:
            raise ConfigError(
                "A password would be sent to the mail server unencrypted.",
                next_step='Set security to "starttls" or "tls".',
            )
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._connect_timeout = connect_timeout
        self._tls = tls
        self._sessions: PerThread[_Session] = PerThread(_Session.leave)
        self._template: Callable[[Message], MimeTemplate] = lru_cache(maxsize=8)(MimeTemplate)

    def __repr__(self) -> str:
        return f"Smtp({self._host}:{self._port}, {self._security})"

    def build(self, batch: Batch) -> Request:
        """The mail of the batch's one recipient, dots not yet doubled. InputError where it cannot be built."""
        require_batch(batch)
        if len(batch.recipients) != 1:
            raise ValueError("a batch for SMTP has one recipient")
        return Request((self._template(batch.message).build(batch.recipients[0]),))

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        """One transaction, at most `timeout` seconds with connecting."""
        deadline = Deadline(timeout)
        session = self._sessions.take()
        if session is not None:
            session.deadline = deadline
            if not session.begin(batch):
                session.close()  # it went stale between two mails; nothing of this one has left
                session = None
        if session is None:
            try:
                session = self._connect(Deadline(min(deadline.remaining(), self._connect_timeout)))
            except _NoError as no:
                return no.refused
            except OSError as error:  # smtplib's errors are OSErrors too
                return Refused(Refusal.NOT_CONNECTED, f"No connection to the mail server: {_words(error)}.")
            session.deadline = deadline
            session.begin(batch)
        outcome = session.finish(batch, request.parts[0])
        if session.usable:
            self._sessions.keep(session)
        else:
            session.close()
        return outcome

    def close(self) -> None:
        """Say goodbye on idle connections."""
        self._sessions.close_all()

    def _connect(self, deadline: Deadline) -> _Session:
        """A connection that is ready for MAIL. Raises _NoError where the server says no, else OSError."""
        context = None if self._security == "none" else self._context()
        session = _Session(deadline)
        session.sock = dial(self._host, self._port, deadline)
        try:
            if self._security == "tls":
                session.secure(context, self._host)
            # RFC 5321 4.1.3: an address literal, as this machine may have no name that anybody can look up.
            address = session.sock.getsockname()[0]
            session.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
            session.expect("greeting", session.getreply())
            session.expect("EHLO", session.ehlo())
            if self._security == "starttls":
                if not session.has_extn("starttls"):
                    raise _NoError(Refusal.ACCOUNT, "The mail server offers no encryption (STARTTLS).")
                session.expect("STARTTLS", session.docmd("STARTTLS"))
                session.secure(context, self._host)
                session.expect("EHLO", session.ehlo())
            if self._username:
                self._log_in(session)
        except BaseException:
            session.close()
            raise
        return session

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _log_in(self, session: _Session) -> None:
        try:
            session.login(self._username, self._password)
        except smtplib.SMTPResponseException as error:
            session.expect("AUTH", (error.smtp_code, _bytes(error.smtp_error)))
            raise
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:  # it offers no AUTH, or no way of it that smtplib knows
            raise _NoError(Refusal.ACCOUNT, "The mail server takes no login.") from None


class _NoError(Exception):
    """The server said no before a mail was begun."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        self.refused = Refused(refusal, detail)
        super().__init__(detail)


class _Session(smtplib.SMTP):
    """smtplib's client with one deadline over all its steps, and a transaction that tells a no from a doubt."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(local_hostname="localhost")
        self.deadline = deadline
        self.usable = True
        self._said: tuple[str, int, bytes] | None = None
        """The answer that ended the envelope, with its step; None while all is well."""
        self._broken = ""

    def getreply(self) -> tuple[int, bytes]:
        """The next answer; -1 where it is not SMTP."""
        if self.file is None:
            self.file = _Lines(self)
        return super().getreply()

    def send(self, s: Any) -> None:
        """All of it, within the deadline. OSError."""
        left = memoryview(s.encode("ascii") if isinstance(s, str) else s)
        while left:  # in pieces: over TLS, sendall starts its timeout anew for every record
            assert self.sock is not None
            self.sock.settimeout(self.deadline.remaining())
            self.sock.sendall(left[:_CHUNK])
            left = left[_CHUNK:]

    def secure(self, context: ssl.SSLContext | None, host: str) -> None:
        """Go on encrypted. _NoError where the server's certificate will not do."""
        assert context is not None
        assert self.sock is not None
        self.sock.settimeout(self.deadline.remaining())
        if self.file is not None and self.file.waiting:  # an answer slipped in before encryption (CVE-2011-0411)
            raise _NoError(Refusal.ACCOUNT, "The mail server answered ahead of its encryption; do not trust the line.")
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise _NoError(
                Refusal.ACCOUNT, f"The mail server's certificate is not trusted: {error.verify_message}."
            ) from None
        self.file = None
        self.ehlo_resp = None  # RFC 3207 4.2: forget what was said before
        self.esmtp_features = {}

    def expect(self, step: str, answer: tuple[int, bytes]) -> None:
        """Raise _NoError unless the answer is a yes, OSError where it is none at all."""
        code, said = answer
        if code >= 400:
            raise _NoError(refusal(step, code, said) or Refusal.ACCOUNT, _detail(step, code, said))
        if not 200 <= code < 300:
            raise OSError("its answers are not SMTP")

    def begin(self, batch: Batch) -> bool:
        """MAIL, RCPT and DATA; whether the connection was still good when it began."""
        self._said, self._broken = None, ""
        envelope = (
            ("MAIL", f"FROM:<{batch.message.sender.address}>", 2),
            ("RCPT", f"TO:<{batch.recipients[0].address}>", 2),
            ("DATA", "", 3),
        )
        for step, words, yes in envelope:
            try:
                code, said = self.docmd(step, words)
            except OSError as error:
                self.usable, self._broken = False, _words(error)
                return step != "MAIL"
            if code // 100 != yes:
                self.usable = code != 421 and code >= 400  # 421: the server is closing (RFC 5321 3.8)
                self._said = (step, code, said)
                return not (code == 421 and step == "MAIL")
        return True

    def finish(self, batch: Batch, mail: bytes) -> Outcome:
        """The mail itself, where the envelope was taken, and what the server made of it."""
        if self._broken:
            return Refused(Refusal.NOT_CONNECTED, f"The connection broke before the mail was begun: {self._broken}.")
        if self._said is None:
            self.usable = False  # until its answer is there
            try:
                self.send(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")  # RFC 5321 4.5.2; a mail begins with no dot
                code, said = self.getreply()
            except OSError as error:
                return Doubt(f"The mail was begun, and no answer came: {_words(error)}.")
            if not (200 <= code < 300 or 400 <= code < 600):
                return Doubt(f"The mail was sent, and its answer is not SMTP ({code}).")
            self.usable = code != 421
            self._said = ("final dot", code, said)
        elif self.usable:
            self._reset()
        return _outcome(batch.recipients[0].rid, *self._said)

    def leave(self) -> None:
        """QUIT, if the server is quick about it."""
        self.deadline = Deadline(1.0)
        with suppress(OSError):
            self.docmd("QUIT")
        self.close()

    def _reset(self) -> None:
        try:
            self.usable = self.docmd("RSET")[0] == 250
        except OSError:
            self.usable = False


class _Lines:
    """The server's lines, as smtplib reads them, each read within what is left of the deadline."""

    def __init__(self, session: _Session) -> None:
        self._session = session
        self._read = b""

    @property
    def waiting(self) -> bool:
        return bool(self._read)

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._read and len(self._read) < limit:
            sock = self._session.sock
            assert sock is not None
            sock.settimeout(self._session.deadline.remaining())
            if not (more := sock.recv(4096)):
                break
            self._read += more
        end = self._read.find(b"\n") + 1 or len(self._read)
        line, self._read = self._read[: min(end, limit)], self._read[min(end, limit) :]
        return line

    def close(self) -> None:
        """The session closes the socket."""


def _outcome(rid: str, step: str, code: int, said: bytes) -> Outcome:
    if 200 <= code < 300:
        return Answered((SendResult(rid, SendStatus.ACCEPTED),))
    if code < 400:
        return Refused(Refusal.NOT_CONNECTED, f"The mail server does not speak SMTP: {step} got {code}.")
    why = refusal(step, code, said)
    if why is None:
        return Answered((SendResult(rid, SendStatus.REJECTED, detail=_detail(step, code, said)),))
    return Refused(why, _detail(step, code, said))


def _detail(step: str, code: int, said: bytes) -> str:
    return for_person(f"The mail server answered {code} to {step}: {said.decode('utf-8', 'replace')}")


def _words(error: OSError) -> str:
    return for_person(str(error) or type(error).__name__).rstrip(".")


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")
