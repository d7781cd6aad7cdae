"""Links that are signed: nobody can make one, change one, or use one for another purpose."""

from __future__ import annotations

import re
import time

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


def test_the_key_does_not_show() -> None:
    assert "k" * 8 not in repr(SIGNER)
