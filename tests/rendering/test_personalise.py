from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.rendering.personalise import Segments, literal, slot

NONCE = "5eed0123"
KNOWN = frozenset({"link", "name"})


def test_a_reader_gets_their_values_escaped_in_html_only() -> None:
    source = f"Hello {slot(NONCE, 'name')}: {slot(NONCE, 'link')}."
    values = {"name": "<b>&", "link": "https://a.example/?x=1&y=2"}
    assert Segments.split(source, NONCE, "html", KNOWN).fill(values) == (
        "Hello &lt;b&gt;&amp;: https://a.example/?x=1&amp;y=2."
    )
    assert Segments.split(source, NONCE, "text", KNOWN).fill(values) == "Hello <b>&: https://a.example/?x=1&y=2."


def test_filling_one_reader_leaves_no_trace_for_the_next() -> None:
    segments = Segments.split(slot(NONCE, "name"), NONCE, "text", KNOWN)
    assert [segments.fill({"name": name}) for name in ("one", "two")] == ["one", "two"]


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        Segments.split(slot(NONCE, "name"), NONCE, "text", KNOWN).fill({})


def test_a_slot_that_nothing_fills_is_refused() -> None:
    with pytest.raises(InputError, match="other, third"):
        Segments.split(slot(NONCE, "third") + slot(NONCE, "other"), NONCE, "text", KNOWN)


def test_another_nonce_is_text() -> None:
    source = slot("feedbeef", "name")
    assert Segments.split(source, NONCE, "text", KNOWN) == literal(source)


def test_a_value_that_looks_like_a_slot_is_not_filled_again() -> None:
    segments = Segments.split(f"{slot(NONCE, 'name')} {slot(NONCE, 'link')}", NONCE, "text", KNOWN)
    assert segments.fill({"name": slot(NONCE, "link"), "link": "secret"}) == f"{slot(NONCE, 'link')} secret"


def test_literals_can_be_encoded_once_and_joined() -> None:
    source = f"grün = {slot(NONCE, 'name')} =\n"
    segments = Segments.split(source, NONCE, "text", KNOWN)
    encoded = segments.encoded(lambda text: quopri.encodestring(text.encode(), quotetabs=False).decode("ascii"))
    assert quopri.decodestring(encoded.fill({"name": "Ada"})).decode() == "grün = Ada =\n"


def test_segments_must_be_one_literal_more_than_slots() -> None:
    with pytest.raises(ValueError, match="one literal more"):
        Segments(("a", "b"), ())


@given(st.lists(st.tuples(st.text(), st.sampled_from(sorted(KNOWN)))), st.text(), st.text(), st.text())
def test_filling_is_the_same_as_replacing_each_token(
    pieces: list[tuple[str, str]], end: str, name: str, link: str
) -> None:
    source = "".join(text.replace("_", "-") + slot(NONCE, key) for text, key in pieces) + end.replace("_", "-")
    expected = "".join(text.replace("_", "-") + {"name": name, "link": link}[key] for text, key in pieces)
    filled = Segments.split(source, NONCE, "text", KNOWN).fill({"name": name, "link": link})
    assert filled == expected + end.replace("_", "-")
