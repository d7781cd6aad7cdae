"""Resend (https://resend.com): mails by POST /emails/batch under an idempotency key, and its webhook.

Resend keeps a key for 24 hours and answers a repeated request with the same ids, without sending again
(https://resend.com/docs/dashboard/emails/idempotency-keys).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr, parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

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
from newsletter.errors import ConfigError, ProviderError
from newsletter.events.vocabulary import Event, EventKind
from newsletter.providers._fields import for_person, is_rid, require_batch
from newsletter.providers._http import HttpClient
from newsletter.providers._json import JsonTemplate
from newsletter.providers._svix import SvixSecret

REFUSALS: dict[tuple[int, str], Refusal] = {
    # Status and name by https://resend.com/docs/api-reference/errors. In the default "strict" validation of a batch,
    # one wrong mail refuses them all (https://resend.com/changelog/batch-validation-modes).
    (400, "validation_error"): Refusal.CONTENT,
    (422, "validation_error"): Refusal.CONTENT,
    (422, "missing_required_field"): Refusal.CONTENT,
    (422, "invalid_parameter"): Refusal.CONTENT,
    # Not the fault of any one recipient: halving the batch would refuse each of them in turn.
    (400, "invalid_idempotency_key"): Refusal.ACCOUNT,
    (422, "invalid_from_address"): Refusal.ACCOUNT,
    (404, "not_found"): Refusal.ACCOUNT,
    (405, "method_not_allowed"): Refusal.ACCOUNT,
    (451, "security_error"): Refusal.ACCOUNT,
    (429, "rate_limit_exceeded"): Refusal.THROTTLED,
    (429, "daily_quota_exceeded"): Refusal.ACCOUNT,
    (429, "monthly_quota_exceeded"): Refusal.ACCOUNT,
}
"""Every answer that proves that nothing was sent, with those of `REFUSALS_BY_STATUS`. Not in it, on purpose: 409
`invalid_idempotent_request` (the key was used for another body, which may have been sent), 409
`concurrent_idempotent_requests` (the first request is still at work), and every 5xx.
"""

REFUSALS_BY_STATUS: dict[int, Refusal] = {401: Refusal.ACCOUNT, 403: Refusal.ACCOUNT, 429: Refusal.THROTTLED}
"""Whatever the body says: missing, invalid or restricted key, domain not verified, too many requests."""

EVENTS: dict[str, EventKind] = {
    # https://resend.com/docs/webhooks/event-types; bounces are told apart in `_kind`.
    "email.sent": EventKind.ACCEPTED,
    "email.delivered": EventKind.DELIVERED,
    "email.delivery_delayed": EventKind.DEFERRED,
    "email.complained": EventKind.COMPLAINT,
    "email.failed": EventKind.REJECTED,  # Resend itself gave up: quota, domain, invalid recipient
    "email.suppressed": EventKind.REJECTED,  # on the account's own suppression list: never handed to a mailbox
}


class Resend:
    """Sends through a Resend account."""

    name = "resend"
    capabilities = Capabilities(
        max_batch=100,  # https://resend.com/docs/api-reference/emails/send-batch-emails
        max_bytes=30_000_000,  # no bound is documented for a batch (40 MB for one mail): ours, for memory and time
        live=True,
        replay_seconds=23 * 3600.0,  # of the 24 hours, less an hour for clocks that disagree
        rate_per_second=5.0,  # requests, per team; raised on request
    )

    def __init__(self, api_key: str, base_url: str = "https://api.resend.com") -> None:
        """Raises ConfigError where the key cannot stand in a header, or would travel unencrypted."""
        if not re.fullmatch(r"[!-~]{8,}", api_key):
            raise ConfigError("The Resend API key is not one.", next_step="Copy it whole: it begins with re_.")
        url = urlsplit(base_url)
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in ("127.0.0.1", "::1", "localhost")):
            raise ConfigError("The address of Resend's API must begin with https://.")
        self._api_key = api_key
        self._url = base_url.rstrip("/") + "/emails/batch"
        self._http = HttpClient()
        self._template: Callable[[Message], JsonTemplate] = lru_cache(maxsize=8)(JsonTemplate)

    def __repr__(self) -> str:
        return f"Resend({self._url})"

    def build(self, batch: Batch) -> Request:
        """A JSON array with one whole mail per recipient, in order. InputError where it cannot be built."""
        require_batch(batch)
        build = self._template(batch.message).build
        return Request((b"[" + b",".join([build(recipient) for recipient in batch.recipients]) + b"]",))

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        """One request, at most `timeout` seconds in all."""
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": batch.key,
        }
        answer = self._http.post(self._url, request.parts[0], headers, timeout)
        if isinstance(answer, (Refused, Doubt)):
            return answer
        return self.read(answer.status, answer.headers, answer.body, batch)

    def read(self, status: int, headers: Mapping[str, str], body: bytes, batch: Batch) -> Outcome:
        """What an answer means; header names in lower case."""
        try:
            said: Any = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        fields: dict[str, Any] = said if isinstance(said, dict) else {}
        if status == 200:
            return _accepted(fields, batch)
        name = fields["name"] if isinstance(fields.get("name"), str) else ""
        message = fields["message"] if isinstance(fields.get("message"), str) else ""
        detail = for_person(f"Resend answered {status} {name}: {message}".rstrip(": "), self._api_key)
        refusal = REFUSALS.get((status, name)) or REFUSALS_BY_STATUS.get(status)
        if refusal is None:
            return Doubt(detail)
        if refusal is Refusal.CONTENT and re.search(r"`(from|reply_to)`", message):
            refusal = Refusal.ACCOUNT  # equal in every mail of the issue
        return Refused(refusal, detail, _retry_after(headers) if refusal is Refusal.THROTTLED else None)

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()


def _accepted(fields: Mapping[str, Any], batch: Batch) -> Outcome:
    data = fields.get("data")
    ids = [one.get("id") for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    whole = len(ids) == len(batch.recipients) and all(isinstance(one, str) and 0 < len(one) <= 200 for one in ids)
    if not whole or len(set(ids)) != len(ids):
        return Doubt(f"Resend answered 200 with {len(ids)} ids for {len(batch.recipients)} mails.")
    return Answered(
        tuple(
            SendResult(recipient.rid, SendStatus.ACCEPTED, one)
            for recipient, one in zip(batch.recipients, ids, strict=True)
        )
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds by Retry-After (a number or a date, RFC 9110 10.2.3) or ratelimit-reset; a date is counted from the
    answer's own Date, so that no clock of ours is asked.
    """
    for name in ("retry-after", "ratelimit-reset"):
        given = headers.get(name, "")
        try:
            if re.fullmatch(r"[0-9.]+", given.strip()):
                seconds = float(given)
            else:
                seconds = (
                    parsedate_to_datetime(given) - parsedate_to_datetime(headers.get("date", ""))
                ).total_seconds()
        except (ValueError, TypeError):  # TypeError: one of the dates has a zone and the other has none
            continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


class ResendWebhook:
    """Resend's reports about mails it took."""

    name = "resend"

    def __init__(self, secret: str) -> None:
        """`secret` begins with `whsec_`; ProviderError where it does not hold a key."""
        self._secret = SvixSecret(secret)

    def __repr__(self) -> str:
        return "ResendWebhook()"

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        """The report's id (`svix-id`, the same when it is posted again). ProviderError: forged or old."""
        return self._secret.verify(headers, body, now)

    def read(self, body: bytes) -> Sequence[Event]:
        """One event, or none where the report is about opens, clicks, domains and the like."""
        try:
            report = json.loads(body)
            kind = _kind(report["type"], report["data"])
            if kind is None:
                return []
            data = report["data"]
            return [
                Event(
                    kind=kind,
                    at=_utc(report["created_at"]),  # the event's own; data.created_at is the mail's
                    rid=_rid(data.get("tags")),
                    provider_id=data["email_id"] if isinstance(data.get("email_id"), str) else None,
                    address=_first_address(data.get("to")),
                    detail=_detail(data),
                )
            ]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ProviderError(
                "The report is not in Resend's format.", next_step="Keep it, and see Resend's changelog."
            ) from None


def _kind(name: str, data: Mapping[str, Any]) -> EventKind | None:
    if name != "email.bounced":
        return EVENTS.get(name)
    # Permanent, Transient or Undetermined. Only what is surely permanent may suppress an address.
    bounce = data.get("bounce")
    permanent = isinstance(bounce, dict) and bounce.get("type") == "Permanent"
    return EventKind.HARD_BOUNCE if permanent else EventKind.SOFT_BOUNCE


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _rid(tags: object) -> str | None:
    if isinstance(tags, list):  # an array of name and value in some reports, an object in others
        tags = {tag.get("name"): tag.get("value") for tag in tags if isinstance(tag, dict)}
    rid = tags.get("rid") if isinstance(tags, dict) else None
    return rid if is_rid(rid) else None


def _first_address(to: object) -> str | None:
    first = to[0] if isinstance(to, list) and to else to
    address = parseaddr(first)[1] if isinstance(first, str) else ""
    return address or None


def _detail(data: Mapping[str, Any]) -> str:
    for name in ("bounce", "failed", "suppressed"):
        if isinstance(why := data.get(name), dict):
            words = [why.get("subType"), why.get("reason"), why.get("message")]
            return for_person(": ".join(word for word in words if isinstance(word, str)))
    return ""
