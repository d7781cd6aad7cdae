"""What is sent, and the hash by which a request is known to be the same."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.message import Request, Sender

PARTS = st.lists(st.binary(max_size=12), max_size=4).map(tuple)


def test_the_domain_of_a_sender_is_what_follows_the_at_sign() -> None:
    assert Sender("Ärger & Söhne", "verdicts@mail.example.com").domain == "mail.example.com"


def test_the_hash_is_over_every_part_with_its_length() -> None:
    assert Request((b"one", b"three")).sha256 == sha256(b"3:one5:three").digest()
    assert Request(()).sha256 == sha256(b"").digest()


@given(PARTS, PARTS)
def test_requests_have_the_same_hash_only_where_they_have_the_same_parts(
    one: tuple[bytes, ...], other: tuple[bytes, ...]
) -> None:
    assert (Request(one).sha256 == Request(other).sha256) is (one == other)
