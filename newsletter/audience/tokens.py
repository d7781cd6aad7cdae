"""The two kinds of signed links.

Reader links are one short HMAC per delivery (issue, subscriber): cheap enough for a million recipients, never
expiring, their purpose standing in the path. Links that must expire are itsdangerous tokens, one salt per purpose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from newsletter.errors import TokenError

CONFIRM_DAYS = 7
DRAFT_DAYS = 14
BROWSER_DAYS = 180
DEAD_TOKEN = "test"
"""Stands where a reader's token would, in tests and previews; opens a page that says so, and changes nothing."""


@dataclass(frozen=True, slots=True)
class ReaderToken:
    """Who a reader link belongs to, and the issue it came with (0: none)."""

    issue_id: int
    subscriber_id: int


class Signer:
    """Mints links with the newest key, and reads those of every key it has. Keys never show in repr."""

    def __init__(self, *keys: bytes) -> None:
        """Newest first. Links in issues never expire, so an old key stays here for as long as its mails are kept."""
        self._reader_keys = [hmac.digest(key, b"reader-link", hashlib.sha256) for key in keys]
        self._client_key = hmac.digest(keys[0], b"client", hashlib.sha256)
        self._confirm = _timed(keys, "confirm-subscription")
        self._draft = _timed(keys, "look-at-draft")
        self._address = _timed(keys, "change-address")
        self._asked = _timed(keys, "asked-in-this-browser")
        self._browser = _timed(keys, "browser-of-a-reader")

    def reader(self, issue_id: int, subscriber_id: int) -> str:
        """`issue.subscriber.mac` of `[A-Za-z0-9_.-]`, 22 characters of it the MAC (16 bytes)."""
        return _reader(self._reader_keys[0], issue_id, subscriber_id)

    def read_reader(self, token: str) -> ReaderToken:
        """Raises TokenError unless we signed it."""
        issue, _, rest = token.partition(".")
        subscriber = rest.partition(".")[0]
        if not (issue.isascii() and issue.isdigit() and subscriber.isascii() and subscriber.isdigit()):
            raise TokenError("This link is not complete.", next_step="Open it again from the e-mail.")
        found = ReaderToken(int(issue[:18]), int(subscriber[:18]))
        ours = (_reader(key, found.issue_id, found.subscriber_id) for key in self._reader_keys)
        if not any(hmac.compare_digest(one.encode(), token.encode()) for one in ours):
            raise _not_ours()
        return found

    def confirmation(self, subscriber_id: int) -> str:
        """A token for the confirmation link; valid for CONFIRM_DAYS."""
        return self._confirm.dumps(subscriber_id)

    def read_confirmation(self, token: str) -> int:
        """The subscriber id. Raises TokenError where forged or older than CONFIRM_DAYS."""
        return _read(self._confirm, token, CONFIRM_DAYS, "Subscribe once more to get a new one.")

    def address_change(self, subscriber_id: int, address_hash: bytes) -> str:
        """A token for the link that confirms a new address; valid for CONFIRM_DAYS."""
        return self._address.dumps([subscriber_id, address_hash.hex()])

    def read_address_change(self, token: str) -> tuple[int, bytes]:
        """(subscriber id, hash of the new address). Raises TokenError where forged or older than CONFIRM_DAYS."""
        found = _loaded(self._address, token, CONFIRM_DAYS, "Ask for the change once more.")
        if not (isinstance(found, list) and list(map(type, found)) == [int, str]):
            raise _not_ours()
        return found[0], bytes.fromhex(found[1])

    def asked_here(self, address_hash: bytes) -> str:
        """What a browser keeps that asked for a confirmation, for CONFIRM_DAYS; it tells nothing to anybody else."""
        return self._asked.dumps(address_hash.hex())

    def read_asked_here(self, value: str) -> bytes | None:
        """The hash of the address that was asked for, or None for what is not ours or too old."""
        try:
            return bytes.fromhex(_loaded(self._asked, value, CONFIRM_DAYS, ""))
        except (TokenError, TypeError, ValueError):
            return None

    def browser(self, subscriber_id: int) -> str:
        """What a browser keeps that a reader acted in with a signed link, for BROWSER_DAYS."""
        return self._browser.dumps(subscriber_id)

    def read_browser(self, value: str) -> int | None:
        """The subscriber id, or None for what is not ours or too old."""
        try:
            return _read(self._browser, value, BROWSER_DAYS, "")
        except TokenError:
            return None

    def client(self, *facts: str) -> bytes:
        """16 bytes by which a client is known again without keeping what it is known by."""
        return hmac.digest(self._client_key, "\n".join(facts).encode(), "sha256")[:16]

    def draft(self, issue_id: int) -> str:
        """A token for the operator's link to a draft; valid for DRAFT_DAYS."""
        return self._draft.dumps(issue_id)

    def read_draft(self, token: str) -> int:
        """The issue id. Raises TokenError where forged or older than DRAFT_DAYS."""
        return _read(self._draft, token, DRAFT_DAYS, "Look at it with `newsletter issues preview KEY`.")


def _reader(key: bytes, issue_id: int, subscriber_id: int) -> str:
    body = f"{issue_id}.{subscriber_id}"
    mac = hmac.digest(key, body.encode(), "sha256")[:16]
    return f"{body}.{base64.urlsafe_b64encode(mac)[:22].decode()}"


def _timed(keys: Sequence[bytes], salt: str) -> URLSafeTimedSerializer:
    """itsdangerous wants the newest key last."""
    return URLSafeTimedSerializer(list(reversed(keys)), salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def _read(serializer: URLSafeTimedSerializer, token: str, days: int, then: str) -> int:
    found = _loaded(serializer, token, days, then)
    if type(found) is not int:
        raise _not_ours()
    return found


def _loaded(serializer: URLSafeTimedSerializer, token: str, days: int, then: str) -> Any:
    try:
        return serializer.loads(token, max_age=days * 86400)
    except SignatureExpired:
        raise TokenError(f"This link is older than {days} days.", next_step=then) from None
    except (BadSignature, ValueError, TypeError):
        raise _not_ours() from None


def _not_ours() -> TokenError:
    return TokenError("This link is not one of ours.", next_step="Open it again from the e-mail.")
