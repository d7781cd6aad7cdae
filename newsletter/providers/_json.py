"""A mail as the JSON object that Resend takes, fast: escaped once per message, then joined per recipient."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator

from newsletter.delivery.message import Message, Recipient
from newsletter.errors import InputError
from newsletter.providers._fields import require_message, require_value
from newsletter.providers._join import Template
from newsletter.providers._mime import mailbox


class JsonTemplate:
    """One message as JSON with holes. Escaping goes character by character, so pieces may be escaped apart."""

    def __init__(self, message: Message) -> None:
        require_message(message)
        self._slots: dict[str, tuple[str, Callable[[str], str]]] = {}
        self._own_headers = tuple((name, segments) for name, segments in message.headers if segments.slots)
        fixed: dict[str, str] = {"from": mailbox(message.sender), "subject": require_value("Subject", message.subject)}
        if message.reply_to is not None:
            fixed["reply_to"] = message.reply_to
        shared = {
            name: require_value(name, segments.fill({})) for name, segments in message.headers if not segments.slots
        }
        self._template = Template(
            [
                _json(fixed)[:-1] + b',"to":["',
                "to",
                b'"],"tags":[{"name":"rid","value":"',
                "rid",
                b'"}],"html":"',
                *self._body("html", message),
                b'","text":"',
                *self._body("text", message),
                b'","headers":' + _json(shared)[:-1],
                "headers",
                b"}}",
            ]
        )
        self._comma = b"," if shared else b""

    def build(self, recipient: Recipient) -> bytes:
        """One mail; id and address must have been checked. InputError where a value of this reader will not do."""
        values = recipient.values
        try:
            own = {name: require_value(name, segments.fill(values)) for name, segments in self._own_headers}
            filled = {  # most slots of a reader are empty: no tool that they saved
                hole: _inner(prepare(value)) if (value := values[slot]) else b""
                for hole, (slot, prepare) in self._slots.items()
            }
        except KeyError as missing:
            raise InputError(f"Recipient {recipient.rid} has no value for the slot {missing}.") from None
        filled["to"] = recipient.address.encode("ascii")
        filled["rid"] = recipient.rid.encode("ascii")
        filled["headers"] = self._comma + _json(own)[1:-1] if own else b""
        return self._template.fill(filled)

    def _body(self, kind: str, message: Message) -> Iterator[bytes | str]:
        segments = message.html if kind == "html" else message.text
        prepare = html.escape if segments.kind == "html" else str
        for literal, slot in zip(segments.literals, segments.slots, strict=False):
            yield _inner(literal)
            self._slots[f"{kind} {slot}"] = (slot, prepare)
            yield f"{kind} {slot}"
        yield _inner(segments.literals[-1])


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("The text of a mail holds half a character (a lone surrogate).") from None


def _inner(text: str) -> bytes:
    return _json(text)[1:-1]
