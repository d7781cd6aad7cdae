"""What an address must be, and how it is known again."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.consent import FORM_TEXT, Consent, ConsentKind
from newsletter.audience.subscriber import address_hash, address_hasher, normal_address
from newsletter.errors import InputError

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("given_address", "normal"),
    [
        ("Reader@Example.COM", "Reader@example.com"),
        ("  a@example.org\t", "a@example.org"),
        ("a+tag@example.org", "a+tag@example.org"),
        ("reader@bücher.example.com", "reader@xn--bcher-kva.example.com"),
    ],
)
def test_an_address_gets_its_normal_ascii_form(given_address: str, normal: str) -> None:
    assert normal_address(given_address) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reader",
        "a@b",
        "a@@example.com",
        "a b@example.com",
        "bücher@example.com",
        "a@example.com,b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "Name <a@example.com>",
        "a" * 65 + "@example.com",
        "a@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused_and_says_so(text: str) -> None:
    with pytest.raises(InputError, match="is not an e-mail address: ") as caught:
        normal_address(text)
    assert caught.value.next_step == "Correct it."
    assert len(caught.value.what) < 400


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused_and_an_address_stays_as_it_is(text: str) -> None:
    try:
        address = normal_address(text)
    except InputError:
        return
    assert address.isascii()
    assert normal_address(address) == address


def test_upper_and_lower_case_are_one_address_and_the_hash_depends_on_the_key() -> None:
    assert address_hash(KEY, "Reader@Example.com") == address_hash(KEY, "reader@example.com")
    assert len(address_hash(KEY, "a@example.com")) == 16
    assert address_hash(KEY, "a@example.com") != address_hash(KEY, "b@example.com")
    assert address_hash(KEY, "a@example.com") != address_hash(b"j" * 32, "a@example.com")
    hash_of = address_hasher(KEY)
    assert [hash_of(one) for one in ("a@example.com", "B@Example.com")] == [
        address_hash(KEY, one) for one in ("a@example.com", "b@example.com")
    ]


def test_versions_of_a_form_are_told_apart_by_their_hash() -> None:
    asked = Consent(ConsentKind.ASKED, datetime(2026, 11, 18, tzinfo=UTC), "form", FORM_TEXT)
    assert asked.text_sha256 == sha256(FORM_TEXT.encode()).hexdigest()
    assert (asked.ip, Consent(ConsentKind.ERASED, asked.at, "operator").text) == (None, "")
