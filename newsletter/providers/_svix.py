"""Webhook signatures by the scheme of Svix, which Resend uses (https://docs.svix.com/receiving/verifying-payloads/how-manual)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from hashlib import sha256

from newsletter.errors import ProviderError

TOLERANCE = 300
"""Seconds a report may be old, or ahead of our clock."""


class SvixSecret:
    """A signing secret, `whsec_` and base64."""

    def __init__(self, secret: str) -> None:
        try:
            self._key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            self._key = b""
        if not self._key:
            raise ProviderError(
                "The webhook's signing secret is not one.", next_step="Copy it whole: it begins with whsec_."
            )

    def __repr__(self) -> str:
        return "SvixSecret(…)"

    def sign(self, report_id: str, timestamp: str, body: bytes) -> str:
        """The `v1,…` signature of a report."""
        signed = f"{report_id}.{timestamp}.".encode() + body
        return "v1," + base64.b64encode(hmac.new(self._key, signed, sha256).digest()).decode("ascii")

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        """The report's id; ProviderError unless one of its signatures is ours and it is at most five minutes old."""
        report_id, timestamp = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
        # Resend's ids are like msg_2W2D3qXLS5fOaPja1GDg7rF2CwB. A dot could shift the border of what is signed.
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", report_id) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise ProviderError("The report is not signed.", next_step="Reports are posted by the provider alone.")
        expected = self.sign(report_id, timestamp, body).encode("ascii")
        given = [one.encode("utf-8", "replace") for one in headers.get("svix-signature", "").split(" ")]
        if not sum(hmac.compare_digest(one, expected) for one in given):  # not any(): it would stop at the first
            raise ProviderError(
                "The report's signature is wrong.", next_step="Check that the signing secret is this webhook's."
            )
        if abs(now - int(timestamp)) > TOLERANCE:
            raise ProviderError(
                "The report is signed for another time than now.",
                next_step="Check this machine's clock; the provider posts it again.",
                permanent=False,
            )
        return report_id
