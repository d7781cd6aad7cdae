"""Links that are signed: nobody can make one, change one, or use one for another purpose."""

from __future__ import annotations

import base64
import hmac
import inspect
import re
import time
from collections.abc import Callable

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.tokens import CONFIRM_DAYS, DEAD_TOKEN, ReaderToken, Signer
from newsletter.errors import TokenError

SIGNER = Signer(b"k" * 32)
OTHER = Signer(b"j" * 32)
IDS = st.integers(0, 10**17)


@given(IDS, IDS)
def test_a_reader_link_leads_back_to_issue_and_reader(issue: int, reader: int) -> None:
    token = SIGNER.reader(issue, reader)
    assert SIGNER.read_reader(token) == ReaderToken(issue, reader)
    assert re.fullmatch(r"\d+\.\d+\.[A-Za-z0-9_-]{22}", token)
    with pytest.raises(TokenError, match="not one of ours"):
        OTHER.read_reader(token)


@given(st.integers(0, 99), st.integers(0, 99), st.data())
def test_a_reader_link_with_any_character_changed_is_refused(issue: int, reader: int, data: st.DataObject) -> None:
    token = SIGNER.reader(issue, reader)
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from("0123456789abcXYZ_-.").filter(lambda other: other != token[place]))
    with pytest.raises(TokenError):
        SIGNER.read_reader(token[:place] + character + token[place + 1 :])


@pytest.mark.parametrize("token", ["", "1", "1.", "1.2", ".2.x", "a.b.c", "-1.2.x", "1.²." + "A" * 22, DEAD_TOKEN])
def test_a_reader_link_that_was_cut_or_made_up_is_refused(token: str) -> None:
    with pytest.raises(TokenError) as caught:
        SIGNER.read_reader(token)
    assert caught.value.next_step == "Open it again from the e-mail."


@given(st.text(max_size=80))
def test_any_text_as_a_token_is_refused_and_never_an_error_of_another_kind(text: str) -> None:
    with pytest.raises(TokenError):
        SIGNER.read_reader(text)
    with pytest.raises(TokenError):
        SIGNER.read_confirmation(text)


def test_a_number_too_long_to_be_an_id_is_refused() -> None:
    with pytest.raises(TokenError, match="not one of ours"):
        SIGNER.read_reader("9" * 5000 + ".1." + "A" * 22)
    with pytest.raises(TokenError, match="not one of ours"):
        SIGNER.read_reader(SIGNER.reader(10**18, 1))


def test_a_confirmation_leads_back_to_the_reader_and_is_not_a_reader_link() -> None:
    token = SIGNER.confirmation(7)
    assert SIGNER.read_confirmation(token) == 7
    with pytest.raises(TokenError, match="not one of ours"):
        OTHER.read_confirmation(token)
    with pytest.raises(TokenError):
        SIGNER.read_reader(token)
    with pytest.raises(TokenError):
        SIGNER.read_confirmation(SIGNER.reader(1, 7))


def test_a_confirmation_is_good_for_seven_days_and_not_a_second_more(monkeypatch: pytest.MonkeyPatch) -> None:
    token = SIGNER.confirmation(7)
    now = int(time.time())
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda self: now + CONFIRM_DAYS * 86400)
    assert SIGNER.read_confirmation(token) == 7
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda self: now + CONFIRM_DAYS * 86400 + 5)
    with pytest.raises(TokenError, match="older than 7 days") as caught:
        SIGNER.read_confirmation(token)
    assert caught.value.next_step == "Subscribe once more to get a new one."


def test_a_genuine_signature_over_something_that_is_no_id_is_refused() -> None:
    token = SIGNER._confirm.dumps({"not": "an id"})
    with pytest.raises(TokenError, match="not one of ours"):
        SIGNER.read_confirmation(token)


HASH = bytes(range(16))
MINTS: dict[str, Callable[[Signer], str]] = {
    "reader": lambda signer: signer.reader(3, 7),
    "confirmation": lambda signer: signer.confirmation(7),
    "address_change": lambda signer: signer.address_change(7, HASH),
    "asked_here": lambda signer: signer.asked_here(HASH),
    "browser": lambda signer: signer.browser(7),
    "draft": lambda signer: signer.draft(7),
}
SAYS = {
    "reader": ReaderToken(3, 7),
    "confirmation": 7,
    "address_change": (7, HASH),
    "asked_here": HASH,
    "browser": 7,
    "draft": 7,
}


def read(signer: Signer, kind: str, token: str) -> object:
    """What a token says, or None where it is refused."""
    try:
        return getattr(signer, f"read_{kind}")(token)
    except TokenError:
        return None


def test_every_kind_of_token_stands_in_the_table() -> None:
    readers = {name.removeprefix("read_") for name, _ in inspect.getmembers(Signer) if name.startswith("read_")}
    assert readers == set(MINTS) == set(SAYS)


@pytest.mark.parametrize("minted", MINTS)
@pytest.mark.parametrize("used", MINTS)
def test_a_token_is_good_for_its_own_purpose_and_for_no_other(minted: str, used: str) -> None:
    assert read(SIGNER, used, MINTS[minted](SIGNER)) == (SAYS[used] if minted == used else None)


@pytest.mark.parametrize("kind", MINTS)
def test_a_token_of_another_key_or_with_any_end_of_it_cut_off_or_changed_is_refused(kind: str) -> None:
    token = MINTS[kind](SIGNER)
    assert read(OTHER, kind, token) is None
    for wrong in (token[1:], token + "A", token.swapcase(), f"{token}\n", f" {token}", token.upper(), token + "\0"):
        assert read(SIGNER, kind, wrong) is None, wrong
    for length in range(len(token)):
        assert read(SIGNER, kind, token[:length]) is None, length


@pytest.mark.parametrize("kind", [kind for kind in MINTS if kind != "reader"])
def test_tokens_that_expire_are_signed_with_sha256_and_a_salt_of_their_own(kind: str) -> None:
    signature = MINTS[kind](SIGNER).rpartition(".")[2]
    assert len(base64.urlsafe_b64decode(signature + "=")) == 32


def test_no_two_purposes_share_a_salt() -> None:
    salts = [one.salt for one in vars(SIGNER).values() if isinstance(one, itsdangerous.URLSafeTimedSerializer)]
    assert len(set(salts)) == len(salts) == len(MINTS) - 1


@pytest.mark.parametrize("kind", MINTS)
def test_after_a_rotation_new_links_are_of_the_new_key_and_old_ones_go_on_working(kind: str) -> None:
    old, new, third = (Signer(key) for key in (b"o" * 32, b"n" * 32, b"t" * 32))
    both = Signer(b"n" * 32, b"o" * 32)
    assert read(both, kind, MINTS[kind](old)) == SAYS[kind]
    assert read(both, kind, MINTS[kind](both)) == SAYS[kind]
    assert read(new, kind, MINTS[kind](both)) == SAYS[kind]
    assert read(old, kind, MINTS[kind](both)) is None
    assert read(both, kind, MINTS[kind](third)) is None


def test_after_several_rotations_the_oldest_link_still_works() -> None:
    keys = [bytes([letter]) * 32 for letter in b"abcde"]
    for kind, mint in MINTS.items():
        assert read(Signer(*keys), kind, mint(Signer(keys[-1]))) == SAYS[kind]
        assert read(Signer(keys[0]), kind, mint(Signer(*keys))) == SAYS[kind]


@pytest.mark.parametrize("kind", ["confirmation", "address_change", "asked_here", "browser", "draft"])
@pytest.mark.parametrize("said", [None, True, 1.5, "text", [], [1], ["7", "00"], {"7": "00"}, [True, "00"]])
def test_a_genuine_signature_over_something_else_is_refused_like_a_forged_one(kind: str, said: object) -> None:
    serializers = {
        "confirmation": SIGNER._confirm,
        "address_change": SIGNER._address,
        "asked_here": SIGNER._asked,
        "browser": SIGNER._browser,
        "draft": SIGNER._draft,
    }
    assert read(SIGNER, kind, serializers[kind].dumps(said)) is None


@pytest.mark.parametrize(("kind", "days"), [("address_change", 7), ("asked_here", 7), ("browser", 180), ("draft", 14)])
def test_every_token_but_a_readers_ends_with_its_time(kind: str, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    token = MINTS[kind](SIGNER)
    now = int(time.time())
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda self: now + days * 86400)
    assert read(SIGNER, kind, token) == SAYS[kind]
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda self: now + days * 86400 + 5)
    assert read(SIGNER, kind, token) is None


def test_a_mac_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hmac.compare_digest, ours and that of itsdangerous alike; both look it up when it is called."""
    calls: list[tuple[object, object]] = []
    real = hmac.compare_digest

    def seen(one: bytes, other: bytes) -> bool:
        calls.append((one, other))
        return real(one, other)

    monkeypatch.setattr("hmac.compare_digest", seen)
    for kind, mint in MINTS.items():
        before = len(calls)
        assert read(SIGNER, kind, mint(OTHER)) is None
        assert len(calls) > before, kind


def test_a_client_is_known_by_a_hash_that_nobody_without_the_key_can_make() -> None:
    one = SIGNER.client("voter", "203.0.113.7")
    assert one == SIGNER.client("voter", "203.0.113.7")
    others = [SIGNER.client("client", "203.0.113.7"), SIGNER.client("voter", "203.0.113.8"), SIGNER.client("voter")]
    assert len({one, OTHER.client("voter", "203.0.113.7"), *others}) == 5
    assert len(one) == 16


def test_the_key_does_not_show() -> None:
    assert "k" * 8 not in repr(SIGNER)
