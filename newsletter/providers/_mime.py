"""A mail as bytes, fast: what is equal for all readers is encoded once per message, then joined per recipient.

multipart/alternative of text and html, both quoted-printable (RFC 2045 6.7): rendered HTML has lines of many thousand
bytes, which neither 7bit nor 8bit may carry, and base64 would add a third. Every value of a slot is followed by a soft
line break, so the encoding of what surrounds it does not depend on its length. Line ends become CRLF.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from email.header import Header
from email.utils import format_datetime

from newsletter.delivery.message import Message, Recipient, Sender
from newsletter.errors import InputError
from newsletter.providers._fields import require_message, require_value
from newsletter.providers._join import Template

_LINE = 75  # RFC 2045 6.7 (5): at most 76 characters with the "=" of a soft line break
_SOFT = "=\r\n"
_FOLD = 78  # RFC 5322 2.1.1: should
_LONGEST = 998  # RFC 5322 2.1.1: must
_QUOTED = {byte: f"={byte:02X}" for byte in range(256) if not 32 <= byte <= 126 or byte == ord("=")}


class MimeTemplate:
    """One message, ready to be made into a mail for any recipient."""

    def __init__(self, message: Message) -> None:
        """Raises InputError where the message cannot be sent to anybody."""
        require_message(message)
        self._message = message
        self._encoders: dict[str, tuple[str, Callable[[str], str]]] = {}
        self._own_headers = tuple((name, segments) for name, segments in message.headers if segments.slots)
        boundary = f"=_{message.nonce}"  # in quoted-printable no "_" follows a "=", so it cannot occur in a body
        head = [
            _from(message.sender),
            *([header("Reply-To", message.reply_to)] if message.reply_to else []),
            header("Subject", message.subject),
            header("Date", format_datetime(message.at)),
            *(header(name, segments.fill({})) for name, segments in message.headers if not segments.slots),
            "MIME-Version: 1.0\r\n",
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n',
        ]
        self._template = Template(
            [
                "head",
                "".join(head).encode("ascii"),
                _part(boundary, "plain"),
                *self._body("text"),
                b"\r\n" + _part(boundary, "html"),
                *self._body("html"),
                f"\r\n--{boundary}--\r\n".encode("ascii"),
            ]
        )

    def build(self, recipient: Recipient) -> bytes:
        """The whole mail, CRLF line ends, ASCII; InputError where a header value or a slot of this reader will not do.

        The recipient's address and id must have been checked.
        """
        values = recipient.values
        head = [
            f"To: {recipient.address}\r\n"
            f"Message-ID: <{recipient.rid}.{self._message.nonce}@{self._message.sender.domain}>\r\n"
        ]
        try:
            head += [header(name, segments.fill(values)) for name, segments in self._own_headers]
            filled = {  # most slots of a reader are empty: no tool that they saved
                hole: _value(prepare(value)) if (value := values[slot]) else b""
                for hole, (slot, prepare) in self._encoders.items()
            }
        except KeyError as missing:
            raise InputError(f"Recipient {recipient.rid} has no value for the slot {missing}.") from None
        filled["head"] = "".join(head).encode("ascii")
        return self._template.fill(filled)

    def _body(self, kind: str) -> Iterator[bytes | str]:
        segments = self._message.html if kind == "html" else self._message.text
        prepare = html.escape if segments.kind == "html" else str
        for literal, slot in zip(segments.literals, segments.slots, strict=False):
            yield quoted_printable(literal, more=True).encode("ascii")
            hole = f"{kind} {slot}"
            self._encoders[hole] = (slot, prepare)
            yield hole
        yield quoted_printable(segments.literals[-1]).encode("ascii")


def _part(boundary: str, subtype: str) -> bytes:
    return (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")


def quoted_printable(text: str, *, more: bool = False) -> str:
    """The text in lines of at most 76 characters. With `more`, something follows: it ends in a soft line break."""
    *lines, last = (_escape(line) for line in text.replace("\r\n", "\n").split("\n"))
    wrapped = "".join(_wrap(_no_space_at_end(line)) + "\r\n" for line in lines)
    if more:
        return wrapped + (_wrap(last) + _SOFT if last else "")
    return wrapped + _wrap(_no_space_at_end(last))


def _value(text: str) -> bytes:
    """A slot's value with its soft line break; the short way for what most values are."""
    if text.isascii() and text.isprintable():
        line = text.replace("=", "=3D")
        if len(line) <= _LINE:
            return (line + _SOFT).encode("ascii") if line else b""
    return quoted_printable(text, more=True).encode("ascii")


def _escape(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line.replace("=", "=3D")
    try:
        return line.encode("utf-8").decode("latin-1").translate(_QUOTED)
    except UnicodeEncodeError:
        raise InputError("The text of a mail holds half a character (a lone surrogate).") from None


def _no_space_at_end(line: str) -> str:
    return f"{line[:-1]}=20" if line.endswith(" ") else line  # RFC 2045 6.7 (3)


def _wrap(line: str) -> str:
    if len(line) <= _LINE:
        return line
    pieces, start = [], 0
    while len(line) - start > _LINE:
        end = start + _LINE
        if (escape := line.rfind("=", end - 2, end)) >= 0:  # an "=3D" is not torn apart
            end = escape
        pieces.append(line[start:end])
        start = end
    pieces.append(line[start:])
    return _SOFT.join(pieces)


def mailbox(sender: Sender) -> str:
    """`Name <address>`, the name quoted where RFC 5322 asks for it, and otherwise as it is."""
    name = _name(sender)
    if not name:
        return sender.address
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{sender.address}>"


def _from(sender: Sender) -> str:
    name = _name(sender)
    if name.isascii() and "=?" not in name:
        return header("From", mailbox(sender))
    words = Header(name, "utf-8", maxlinelen=_LINE, header_name="From").encode(linesep="\r\n")
    return f"From: {words}\r\n <{sender.address}>\r\n"


def _name(sender: Sender) -> str:
    return " ".join(require_value("From", sender.name).split())  # mail programs show several spaces as one


def header(name: str, value: str) -> str:
    """`Name: value` with its CRLF, folded; non-ASCII as encoded words (RFC 2047). InputError: see `require_value`."""
    value = require_value(name, value)
    if not value.isascii() or "=?" in value:
        value = Header(value, "utf-8", maxlinelen=_LINE, header_name=name).encode(linesep="\r\n")
        return f"{name}: {value}\r\n"
    line = f"{name}: {value}"
    if len(line) <= _FOLD:
        return line + "\r\n"
    return _folded(name, value)


def _folded(name: str, value: str) -> str:
    lines = [f"{name}:"]
    for word in re.findall(r" *[^ ]+", f" {value}"):
        if len(lines[-1]) + len(word) > _FOLD and not lines[-1].endswith(":"):
            lines.append(word)
        else:
            lines[-1] += word
    if max(map(len, lines)) > _LONGEST:
        raise InputError(f"The {name} header has a line longer than {_LONGEST} characters.")
    return "\r\n".join(lines) + "\r\n"
