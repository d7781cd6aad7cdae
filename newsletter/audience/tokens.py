"""The two kinds of signed links.

Reader links are one short HMAC per delivery (issue, subscriber): cheap enough for a million recipients, never
expiring, their purpose standing in the path. Links that must expire are itsdangerous tokens, one salt per purpose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from newsletter.errors import TokenError

CONFIRM_DAYS = 7
DRAFT_DAYS = 14
DEAD_TOKEN = "test"
"""Stands where a reader's token would, in tests and previews; opens a page that says so, and changes nothing."""


@dataclass(frozen=True, slots=True)
class ReaderToken:
    """Who a reader link belongs to, and the issue it came with (0: none)."""

    issue_id: int
    subscriber_id: int


class Signer:
    """Mints and reads links with one key. The key never shows in repr."""

    def __init__(self, key: bytes) -> None:
        self._reader_key = hmac.digest(key, b"reader-link", hashlib.sha256)
        self._confirm = _timed(key, "confirm-subscription")
        self._draft = _timed(key, "look-at-draft")

    def reader(self, issue_id: int, subscriber_id: int) -> str:
        """`issue.subscriber.mac` of `[A-Za-z0-9_.-]`, 22 characters of it the MAC (16 bytes)."""
        body = f"{issue_id}.{subscriber_id}"
        mac = hmac.digest(self._reader_key, body.encode(), "sha256")[:16]
        return f"{body}.{base64.urlsafe_b64encode(mac)[:22].decode()}"

    def read_reader(self, token: str) -> ReaderToken:
        """Raises TokenError unless we signed it."""
        issue, _, rest = token.partition(".")
        subscriber = rest.partition(".")[0]
        if not (issue.isascii() and issue.isdigit() and subscriber.isascii() and subscriber.isdigit()):
            raise TokenError("This link is not complete.", next_step="Open it again from the e-mail.")
        found = ReaderToken(int(issue[:18]), int(subscriber[:18]))
        if not hmac.compare_digest(self.reader(found.issue_id, found.subscriber_id).encode(), token.encode()):
            raise TokenError("This link is not one of ours.", next_step="Open it again from the e-mail.")
        return found

    def confirmation(self, subscriber_id: int) -> str:
        """A token for the confirmation link; valid for CONFIRM_DAYS."""
        return self._confirm.dumps(subscriber_id)

    def read_confirmation(self, token: str) -> int:
        """The subscriber id. Raises TokenError where forged or older than CONFIRM_DAYS."""
        return _read(self._confirm, token, CONFIRM_DAYS, "Subscribe once more to get a new one.")

    def draft(self, issue_id: int) -> str:
        """A token for the operator's link to a draft; valid for DRAFT_DAYS."""
        return self._draft.dumps(issue_id)

    def read_draft(self, token: str) -> int:
        """The issue id. Raises TokenError where forged or older than DRAFT_DAYS."""
        return _read(self._draft, token, DRAFT_DAYS, "Look at it with `newsletter issues preview KEY`.")


def _timed(key: bytes, salt: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def _read(serializer: URLSafeTimedSerializer, token: str, days: int, then: str) -> int:
    try:
        return int(serializer.loads(token, max_age=days * 86400))
    except SignatureExpired:
        raise TokenError(f"This link is older than {days} days.", next_step=then) from None
    except (BadSignature, ValueError, TypeError):
        raise TokenError("This link is not one of ours.", next_step="Open it again from the e-mail.") from None
