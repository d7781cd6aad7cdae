"""What may stand in a mail: the one gate against header injection, for every provider."""

from __future__ import annotations

import re

from newsletter.delivery.message import Batch, Message
from newsletter.errors import InputError

# fullmatch everywhere: `$` also matches before a newline at the end.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_NAME = re.compile(r"[!-9;-~]{1,76}")  # RFC 5322 2.2: printable ASCII without the colon
_VALUE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
_RID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NONCE = re.compile(r"[0-9a-f]{8,64}")
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_/-]{0,199}")
_OURS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id"}
    | {"mime-version", "content-type", "content-transfer-encoding"}
)


def is_rid(text: object) -> bool:
    """Whether this can be the id of a recipient."""
    return isinstance(text, str) and _RID.fullmatch(text) is not None


def require_address(address: str, whose: str) -> str:
    """The address, or InputError; the message names `whose` it is and not the address, as it may be logged."""
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise InputError(
            f"The address of {whose} cannot stand in a mail header.",
            next_step="Use the plain ASCII form, name@example.com; an international domain in its xn-- form.",
        )
    return address


def require_value(name: str, value: str) -> str:
    """The header value without outer spaces, or InputError where it holds a line break or another control character."""
    if not _VALUE.fullmatch(value):
        raise InputError(
            f"The {name} header holds a line break or another control character.", next_step="Remove it and try again."
        )
    return value.strip(" ")


def require_message(message: Message) -> None:
    """Raise InputError where a fixed part of the message cannot be sent; filled headers are looked at when filled."""
    require_address(message.sender.address, "the sender")
    require_value("From", message.sender.name)
    require_value("Subject", message.subject)
    if message.reply_to is not None:
        require_address(message.reply_to, "Reply-To")
    if not _NONCE.fullmatch(message.nonce):
        raise InputError("The nonce of a message is 8 to 64 lower-case hex digits.")
    if message.at.tzinfo is None:
        raise InputError("The date of a message needs a time zone.")
    seen: set[str] = set()
    for name, _ in message.headers:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is not a header name.")
        if name.lower() in _OURS or name.lower() in seen:
            raise InputError(f"The {name} header would stand in the mail twice.")
        seen.add(name.lower())


def require_batch(batch: Batch) -> None:
    """Raise InputError where key, ids or addresses are not what every provider can carry."""
    if not _KEY.fullmatch(batch.key):
        raise InputError(f"{batch.key!r} cannot be the key of a batch.")
    for recipient in batch.recipients:
        if not is_rid(recipient.rid):
            raise InputError(f"{recipient.rid!r} cannot be the id of a recipient.")
        require_address(recipient.address, f"recipient {recipient.rid}")


def for_person(said: str | bytes, secret: str = "") -> str:
    """What a server said, fit for a page or a log: one line, at most 200 characters, no address and not `secret`."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    if secret:
        text = text.replace(secret, "…")
    text = re.sub(r"[^\s<>\"'`@]+@[^\s<>\"'`@]+", "…", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= 200 else text[:199] + "…"
