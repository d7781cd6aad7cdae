"""Resend's reports: only genuine ones are read, and each says what it says in our words."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from newsletter.errors import ProviderError
from newsletter.events.vocabulary import Event, EventKind
from newsletter.events.webhook import Webhook
from newsletter.providers._svix import SvixSecret
from newsletter.providers.resend import ResendWebhook

KEY = b"a signing key of some length...."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = 1_795_000_000.0
BODY = b'{"type":"email.sent"}'
AT = datetime(2026, 11, 20, 7, 1, 2, 345000, tzinfo=UTC)


def signed(body: bytes = BODY, at: float = NOW, report: str = "msg_2W2D3q", key: bytes = KEY) -> dict[str, str]:
    """Headers by the scheme itself, not by the code under test."""
    content = f"{report}.{int(at)}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    return {"svix-id": report, "svix-timestamp": str(int(at)), "svix-signature": f"v1,{signature}"}


def verify(headers: dict[str, str], body: bytes = BODY) -> str:
    webhook: Webhook = ResendWebhook(SECRET)
    return webhook.verify(headers, body, NOW)


def read(kind: str, **data: Any) -> list[Event]:
    given = {
        "email_id": "aaaa-bbbb",
        "to": ["ann@example.com"],
        "tags": {"rid": "r7"},
        "created_at": "2020-01-01T00:00:00Z",
        **data,
    }
    report = {"type": kind, "created_at": "2026-11-20T07:01:02.345Z", "data": given}
    return list(ResendWebhook(SECRET).read(json.dumps(report).encode()))


def test_the_signature_is_the_one_of_svixs_published_example() -> None:
    # From https://docs.svix.com/receiving/verifying-payloads/how-manual
    secret = SvixSecret("whsec_plJ3nmyCDGBKInavdOK15jsl")
    body = b'{"event_type":"ping","data":{"success":true}}'
    assert secret.sign("msg_loFOjxBNrRLzqYUf", "1731705121", body) == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_a_genuine_report_is_taken_and_gives_its_id() -> None:
    assert verify(signed()) == "msg_2W2D3q"


def test_one_good_signature_among_several_is_enough_while_a_secret_is_rotated() -> None:
    good = signed()["svix-signature"]
    for given in (f"v1,AAAA {good}", f"{good} v1,AAAA", f"v1a,xyz {good} ünï"):
        assert verify({**signed(), "svix-signature": given}) == "msg_2W2D3q"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**signed(), "svix-signature": ""},
        {**signed(), "svix-signature": "v1,"},
        {**signed(), "svix-signature": signed()["svix-signature"].replace("v1,", "v2,")},
        {**signed(), "svix-signature": signed()["svix-signature"].removeprefix("v1,")},
        {**signed(), "svix-id": "msg_other"},
        {**signed(), "svix-id": ""},
        {**signed(), "svix-id": "msg_2W2D3q\n"},
        {**signed(), "svix-timestamp": str(int(NOW) + 1)},
        {**signed(), "svix-timestamp": "soon"},
        {**signed(), "svix-timestamp": "-5"},
        signed(key=b"another key"),
        signed(body=BODY + b" "),
        signed(report="msg.1"),
    ],
)
def test_a_report_that_is_forged_in_any_part_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ProviderError):
        verify(headers)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_report_may_be_five_minutes_off(seconds: int) -> None:
    assert verify(signed(at=NOW + seconds))


@pytest.mark.parametrize("seconds", [-301, 301, -(10**9)])
def test_a_report_that_is_more_than_five_minutes_off_is_refused_for_now(seconds: int) -> None:
    with pytest.raises(ProviderError, match="another time") as caught:
        verify(signed(at=NOW + seconds))
    assert not caught.value.permanent


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_???", "whsec_é", "whsec_abc"])
def test_a_secret_that_is_none_is_refused_when_it_is_set(secret: str) -> None:
    with pytest.raises(ProviderError, match="signing secret"):
        ResendWebhook(secret)


def test_the_secret_shows_nowhere() -> None:
    webhook = ResendWebhook(SECRET)
    assert repr(webhook) == "ResendWebhook()"
    assert repr(SvixSecret(SECRET)) == "SvixSecret(…)"


@pytest.mark.parametrize(
    ("kind", "data", "meaning"),
    [
        ("email.sent", {}, EventKind.ACCEPTED),
        ("email.delivered", {}, EventKind.DELIVERED),
        ("email.delivery_delayed", {}, EventKind.DEFERRED),
        ("email.complained", {}, EventKind.COMPLAINT),
        ("email.failed", {}, EventKind.REJECTED),
        ("email.suppressed", {}, EventKind.REJECTED),
        ("email.bounced", {"bounce": {"type": "Permanent"}}, EventKind.HARD_BOUNCE),
        ("email.bounced", {"bounce": {"type": "Transient"}}, EventKind.SOFT_BOUNCE),
        ("email.bounced", {"bounce": {"type": "Undetermined"}}, EventKind.SOFT_BOUNCE),
        ("email.bounced", {"bounce": {}}, EventKind.SOFT_BOUNCE),
        ("email.bounced", {"bounce": None}, EventKind.SOFT_BOUNCE),
    ],
)
def test_each_report_becomes_one_event(kind: str, data: dict[str, Any], meaning: EventKind) -> None:
    assert read(kind, **data) == [Event(meaning, AT, "r7", "aaaa-bbbb", "ann@example.com")]


@pytest.mark.parametrize(
    "kind", ["email.opened", "email.clicked", "email.scheduled", "domain.updated", "contact.created"]
)
def test_opens_clicks_and_what_is_not_about_a_mail_are_not_kept(kind: str) -> None:
    assert read(kind) == []


@pytest.mark.parametrize(
    ("tags", "rid"),
    [
        ({"rid": "r7"}, "r7"),
        ([{"name": "rid", "value": "r7"}], "r7"),
        ([{"name": "other", "value": "x"}, {"name": "rid", "value": "r8"}], "r8"),
        (["rid"], None),
        ({"rid": "r 7"}, None),
        ({"rid": 7}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_our_id_is_found_in_tags_of_either_shape_and_nothing_else_is_taken_for_it(
    tags: object, rid: str | None
) -> None:
    assert read("email.sent", tags=tags)[0].rid == rid


@pytest.mark.parametrize(
    ("to", "address"),
    [(["Ann <ann@example.com>"], "ann@example.com"), ("ann@example.com", "ann@example.com"), ([], None), ([7], None),
     (None, None)],
)  # fmt: skip
def test_the_address_is_bare_where_there_is_one(to: object, address: str | None) -> None:
    assert read("email.sent", to=to)[0].address == address


def test_an_id_that_is_no_text_is_none() -> None:
    assert read("email.sent", email_id=7)[0].provider_id is None


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-20T07:01:02.345Z", AT),
        ("2026-11-20T07:01:02.345+00:00", AT),
        ("2026-11-20 09:01:02.345+02:00", AT),
        ("2026-11-20T07:01:02.345", AT),
    ],
)
def test_times_become_aware_utc(written: str, at: datetime) -> None:
    report = {"type": "email.sent", "created_at": written, "data": {}}
    event = ResendWebhook(SECRET).read(json.dumps(report).encode())[0]
    assert event.at == at
    assert event.at.tzinfo in (UTC, timezone(timedelta(0)))


def test_the_reason_is_kept_without_addresses() -> None:
    bounce = {"type": "Permanent", "subType": "NoEmail", "message": "550 ann@example.com\nis unknown"}
    assert read("email.bounced", bounce=bounce)[0].detail == "NoEmail: 550 … is unknown"
    assert read("email.failed", failed={"reason": "reached_daily_quota"})[0].detail == "reached_daily_quota"
    assert read("email.suppressed", suppressed={"message": 7})[0].detail == ""


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b'"x"', b"{}", b"\xff", b"[" * 100_000, b'{"type":"email.sent"}',
     b'{"type":"email.sent","data":[],"created_at":"2026-11-20T07:01:02Z"}',
     b'{"type":"email.sent","data":{},"created_at":"yesterday"}',
     b'{"type":"email.sent","data":{},"created_at":7}',
     b'{"type":["email.sent"],"data":{},"created_at":"2026-11-20T07:01:02Z"}'],
)  # fmt: skip
def test_what_is_not_resends_format_is_an_error_and_never_an_event(body: bytes) -> None:
    with pytest.raises(ProviderError, match="not in Resend's format"):
        ResendWebhook(SECRET).read(body)
