"""Resend: what is asked of it, and what each of its answers proves."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.message import Batch, Recipient, Sender
from newsletter.delivery.provider import Answered, Doubt, Outcome, Refusal, Refused, SendResult, SendStatus
from newsletter.errors import ConfigError, InputError
from newsletter.providers.resend import REFUSALS, Resend
from newsletter.rendering.personalise import Segments, literal
from tests.fakes.mails import MESSAGE, batch, message, reader
from tests.fakes.resend_server import API_KEY, FakeResend

SPECS = Path(os.environ.get("SPECS_DIR", Path(__file__).parents[3] / "shared" / "provider-specs"))
SPEC = SPECS / "resend" / "resend.json"
TWO = batch(2)


def body(mails: Batch) -> list[dict[str, Any]]:
    parts = Resend(API_KEY).build(mails).parts
    assert len(parts) == 1
    written: list[dict[str, Any]] = json.loads(parts[0])
    return written


def read(status: int, said: object = None, **headers: str) -> Outcome:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Resend(API_KEY).read(status, names, raw, TWO)


def error(name: str, text: str = "See the documentation.") -> dict[str, object]:
    return {"name": name, "message": text}


def test_a_mail_holds_what_the_message_says() -> None:
    assert body(batch())[0] == {
        "from": "Weekly Verdicts <news@example.com>",
        "subject": "Ship or skip: five verdicts",
        "reply_to": "editor@example.com",
        "to": ["reader0@example.net"],
        "tags": [{"name": "rid", "value": "r0"}],
        "html": '<p>Hello</p><a href="https://news.example.com/u/token0?a=1&amp;b=2">Unsubscribe</a><p></p>',
        "text": "Hello\nUnsubscribe: https://news.example.com/u/token0?a=1&b=2\n",
        "headers": {
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<verdicts.example.com>",
            "List-Unsubscribe": "<https://news.example.com/u/token0?a=1&b=2>, <mailto:leave@example.com>",
        },
    }


@pytest.mark.skipif(not SPEC.exists(), reason="the providers' API descriptions are not here: set SPECS_DIR")
@pytest.mark.parametrize(
    "of", [MESSAGE, message(reply_to=None, headers=(), sender=Sender('Ann, "Editor"', "a@b.example"))]
)
def test_the_body_is_what_resends_own_description_asks_for(of: Any) -> None:
    spec = json.loads(SPEC.read_text("utf-8"))
    post = spec["paths"]["/emails/batch"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    resolved = {**schema, "components": spec["components"]}
    jsonschema.validate(body(batch(100, of=of)), resolved)
    known = spec["components"]["schemas"]["SendEmailRequest"]["properties"].keys()
    assert body(batch(of=of))[0].keys() <= known
    key = next(one for one in post["parameters"] if one["name"] == "Idempotency-Key")
    assert key["schema"]["maxLength"] >= 200


@settings(max_examples=100, deadline=None)
@given(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=60)] * 4)
def test_any_text_arrives_as_it_was_filled(one: str, two: str, three: str, value: str) -> None:
    html, text = Segments((one, two, three), ("note", "note"), "html"), Segments((three, one), ("note",), "text")
    values = {"unsubscribe": "https://example.com/u", "note": value}
    mails = Batch("k/1", message(html=html, text=text), (Recipient("r1", "a@example.com", values),))
    assert body(mails)[0]["html"] == html.fill(values)
    assert body(mails)[0]["text"] == text.fill(values)


def test_one_mail_to_one_person_takes_the_same_way() -> None:
    with FakeResend() as fake:
        resend = Resend(API_KEY, fake.url)
        mails = batch(1, "mail/17")
        assert isinstance(resend.send(mails, resend.build(mails), 5), Answered)
        resend.close()
    assert fake.requests[0]["headers"]["idempotency-key"] == "mail/17"
    assert fake.requests[0]["headers"]["authorization"] == f"Bearer {API_KEY}"
    assert fake.requests[0]["headers"]["content-type"] == "application/json"
    assert "cookie" not in fake.requests[0]["headers"]


@pytest.mark.parametrize("bad", ["x\r\nBcc: a@b.example", "\x00"])
def test_line_breaks_reach_no_header_by_way_of_json_either(bad: str) -> None:
    for change in ({"subject": bad}, {"headers": (("X-A", literal(bad)),)}, {"sender": Sender(bad, "a@b.example")}):
        with pytest.raises(InputError, match="control character"):
            body(batch(of=message(**change)))
    with pytest.raises(InputError, match="control character"):
        body(Batch("k", MESSAGE, (reader(1, unsubscribe=bad),)))


@pytest.mark.parametrize(
    ("mails", "said"),
    [
        (Batch("../k", MESSAGE, ()), "key of a batch"),
        (Batch("", MESSAGE, ()), "key of a batch"),
        (Batch("k\n", MESSAGE, ()), "key of a batch"),
        (Batch("k" * 201, MESSAGE, ()), "key of a batch"),
        (Batch("k", MESSAGE, (Recipient("r 1", "a@b.example", {}),)), "id of a recipient"),
        (Batch("k", MESSAGE, (Recipient("r1", "a@b.example\n", {}),)), "recipient r1"),
        (Batch("k", MESSAGE, (Recipient("r1", "a@b.example", {}),)), "no value for the slot"),
        (Batch("k", MESSAGE, (reader(1, note="\udc00"),)), "surrogate"),
    ],
)
def test_a_batch_that_no_provider_could_carry_is_not_built(mails: Batch, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Resend(API_KEY).build(mails)


def test_an_answer_with_one_id_each_in_order_is_an_acceptance() -> None:
    assert read(200, {"data": [{"id": "one"}, {"id": "two"}]}) == Answered(
        (SendResult("r0", SendStatus.ACCEPTED, "one"), SendResult("r1", SendStatus.ACCEPTED, "two"))
    )


@pytest.mark.parametrize(
    "said",
    [
        {"data": [{"id": "one"}]},
        {"data": [{"id": "one"}, {"id": "two"}, {"id": "three"}]},
        {"data": [{"id": "one"}, {"id": "one"}]},
        {"data": [{"id": "one"}, {"id": ""}]},
        {"data": [{"id": "one"}, {"id": 2}]},
        {"data": [{"id": "one"}, {}]},
        {"data": [{"id": "one"}, "two"]},
        {"data": {"id": "one"}},
        {"data": None},
        {},
        [],
        None,
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_200_that_is_anything_else_is_doubt(said: object) -> None:
    assert isinstance(read(200, said), Doubt)


@pytest.mark.parametrize(("status", "name"), REFUSALS)
def test_every_listed_refusal_is_definite(status: int, name: str) -> None:
    outcome = read(status, error(name))
    assert isinstance(outcome, Refused)
    assert outcome.refusal is REFUSALS[status, name]
    assert name in outcome.detail


def test_the_refusals_are_whose_fault_the_documentation_says() -> None:
    by_refusal = {kind: {key for key, one in REFUSALS.items() if one is kind} for kind in Refusal}
    assert by_refusal == {
        Refusal.NOT_CONNECTED: set(),
        Refusal.THROTTLED: {(429, "rate_limit_exceeded")},
        Refusal.CONTENT: {
            (400, "validation_error"),
            (422, "validation_error"),
            (422, "missing_required_field"),
            (422, "invalid_parameter"),
        },
        Refusal.ACCOUNT: {
            (400, "invalid_idempotency_key"),
            (404, "not_found"),
            (405, "method_not_allowed"),
            (422, "invalid_from_address"),
            (429, "daily_quota_exceeded"),
            (429, "monthly_quota_exceeded"),
            (451, "security_error"),
        },
    }


@pytest.mark.parametrize(
    ("status", "refusal"), [(401, Refusal.ACCOUNT), (403, Refusal.ACCOUNT), (429, Refusal.THROTTLED)]
)
@pytest.mark.parametrize("said", [b"<html>", {"name": "a new one"}, {"name": 7, "message": 8}])
def test_some_statuses_are_definite_whatever_is_said(status: int, refusal: Refusal, said: object) -> None:
    outcome = read(status, said)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is refusal


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (409, error("invalid_idempotent_request")),
        (409, error("concurrent_idempotent_requests")),
        (500, error("internal_server_error")),
        (500, error("application_error")),
        (503, error("service_unavailable")),
        (503, error("validation_error")),
        (502, b"<html>Bad gateway</html>"),
        (400, error("a new one")),
        (422, b"<html>"),
        (413, b""),
        (404, b"<html>"),
        (307, b""),
        (202, {"data": [{"id": "one"}, {"id": "two"}]}),
    ],
)
def test_every_other_answer_is_doubt(status: int, said: object) -> None:
    assert isinstance(read(status, said), Doubt)


@pytest.mark.parametrize("field", ["from", "reply_to"])
def test_a_field_that_is_equal_in_every_mail_is_not_one_recipients_fault(field: str) -> None:
    outcome = read(422, error("validation_error", f"Invalid `{field}` field."))
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.ACCOUNT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "2"}, 2.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"ratelimit_reset": "7"}, 7.0),
        ({"retry_after": "soon", "ratelimit_reset": "7"}, 7.0),
        ({"retry_after": "1.2.3"}, None),
        ({"retry_after": "9" * 400}, None),
        ({"retry_after": "Fri, 20 Nov 2026 07:01:30 GMT", "date": "Fri, 20 Nov 2026 07:00:00 GMT"}, 90.0),
        ({"retry_after": "Fri, 20 Nov 2026 07:00:00 GMT", "date": "Fri, 20 Nov 2026 07:01:30 GMT"}, 0.0),
        ({"retry_after": "Fri, 20 Nov 2026 07:01:30 GMT"}, None),
        ({"retry_after": "Fri, 20 Nov 2026 07:01:30 GMT", "date": "Fri, 20 Nov 2026 07:00:00 -0000"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back_is_read_without_a_clock(headers: dict[str, str], seconds: float | None) -> None:
    outcome = read(429, error("rate_limit_exceeded"), **headers)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == seconds


def test_what_resend_says_is_passed_on_without_addresses_and_the_key() -> None:
    outcome = read(422, error("validation_error", f"Invalid `to`:\n ann@example.com {API_KEY} " + "x" * 400))
    assert isinstance(outcome, Refused)
    assert outcome.detail.startswith("Resend answered 422 validation_error: Invalid `to`: … … xxx")
    assert len(outcome.detail) == 200


@pytest.mark.parametrize("key", ["", "short", "re_with space", "re_12345678\n", "re_ünïcode"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Resend(key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://api.resend.com", "ftp://127.0.0.1", "api.resend.com", "http://127.0.0.1.evil.test"]
)
def test_the_key_never_travels_unencrypted(url: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        Resend(API_KEY, url)


def answers(fault: Any, timeout: float = 5, size: int = 3) -> tuple[Outcome, FakeResend]:
    with FakeResend(script=[fault]) as fake:
        resend = Resend(API_KEY, fake.url)
        mails = batch(size)
        outcome = resend.send(mails, resend.build(mails), timeout)
        resend.close()
        return outcome, fake


@pytest.mark.parametrize(
    ("fault", "taken"),
    [("error", 0), ("error_after", 3), ("reset", 3), ("malformed", 3), ("short", 3), ("busy", 0), ("redirect", 0),
     ("flood", 3)],
)  # fmt: skip
def test_faults_that_prove_nothing_are_doubt_whether_it_was_taken_or_not(fault: str, taken: int) -> None:
    outcome, fake = answers(fault)
    assert isinstance(outcome, Doubt)
    assert len(fake.taken()) == taken
    assert len(fake.requests) == 1


@pytest.mark.parametrize("fault", ["drip", "drip_head", {"fault": "slow", "seconds": 1.5}])
def test_a_slow_answer_is_cut_off_at_the_deadline_and_is_doubt(fault: Any) -> None:
    began = time.monotonic()
    outcome, fake = answers(fault, timeout=0.3)
    assert time.monotonic() - began < 1.2
    assert isinstance(outcome, Doubt)
    assert len(fake.taken()) == 3


def test_throttling_and_quota_are_told_apart() -> None:
    throttled, _ = answers({"fault": "throttle", "seconds": 3})
    quota, _ = answers("quota")
    assert isinstance(throttled, Refused)
    assert isinstance(quota, Refused)
    assert (throttled.refusal, throttled.retry_after) == (Refusal.THROTTLED, 3.0)
    assert (quota.refusal, quota.retry_after) == (Refusal.ACCOUNT, None)


def test_doubt_is_resolved_by_a_replay_under_the_same_key() -> None:
    with FakeResend(script=["reset"]) as fake:
        resend, mails = Resend(API_KEY, fake.url), batch(3)
        request = resend.build(mails)
        assert isinstance(resend.send(mails, request, 5), Doubt)
        answer = resend.send(mails, request, 5)
        resend.close()
    assert isinstance(answer, Answered)
    assert [one.provider_id for one in answer.results] == [mail["id"] for mail in fake.taken()]
    assert len(fake.taken()) == 3


def test_a_key_with_another_body_and_a_key_at_work_are_doubt() -> None:
    with FakeResend() as fake:
        resend = Resend(API_KEY, fake.url)
        for mails, kind in ((batch(2), Answered), (batch(3), Doubt)):
            assert isinstance(resend.send(mails, resend.build(mails), 5), kind)
        resend.close()
    assert len(fake.taken()) == 2


def test_a_poisoned_batch_is_refused_whole_and_its_healthy_half_is_taken() -> None:
    with FakeResend(poison=["reader3@example.net"]) as fake:
        resend, mails = Resend(API_KEY, fake.url), batch(4)
        refused = resend.send(mails, resend.build(mails), 5)
        half = Batch("2026-W47/1/0", mails.message, mails.recipients[:2])
        taken = resend.send(half, resend.build(half), 5)
        resend.close()
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.CONTENT
    assert "reader3" not in refused.detail
    assert isinstance(taken, Answered)
    assert [mail["rid"] for mail in fake.taken()] == ["r0", "r1"]


def test_a_wrong_key_is_the_accounts_fault_and_is_not_repeated() -> None:
    with FakeResend() as fake:
        resend, mails = Resend("re_another_key", fake.url), batch()
        outcome = resend.send(mails, resend.build(mails), 5)
        resend.close()
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.ACCOUNT
    assert "re_another_key" not in outcome.detail


def test_one_connection_is_used_again_by_its_thread_and_threads_do_not_share() -> None:
    with FakeResend() as fake:
        resend = Resend(API_KEY, fake.url)

        def one(number: int) -> None:
            mails = batch(1, f"k/{number}")
            assert isinstance(resend.send(mails, resend.build(mails), 5), Answered)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        one(9)
        resend.close()
    assert len(fake.taken()) == 9
