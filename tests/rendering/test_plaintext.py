from __future__ import annotations

import pytest

from newsletter.comparisons.model import Label
from newsletter.rendering.plaintext import WIDTH, inert, mark, wrap


def test_a_verdict_is_a_word_in_brackets() -> None:
    assert [mark(label) for label in Label] == ["[SHIP]", "[MIXED]", "[SKIP]"]


def test_lines_break_at_blanks_and_leave_addresses_whole() -> None:
    address = "https://example.org/" + "a-b" * 30
    lines = wrap(f"{'word ' * 30}{address}", "> ").splitlines()
    assert all(line.startswith("> ") for line in lines)
    assert all(len(line) <= WIDTH for line in lines[:-1])
    assert lines[-1] == f"> {address}"


def test_a_first_line_may_be_indented_otherwise() -> None:
    assert wrap("word " * 20, "    ", "  ").splitlines()[1].startswith("    word")


@pytest.mark.parametrize("text", ["75% of 80%", "a{b}c", "caf%C3%A9%20", "100 % sure", "x < y"])
def test_text_without_placeholders_is_left_alone(text: str) -> None:
    assert inert(text) == text


def test_being_made_inert_twice_changes_nothing_more() -> None:
    once = inert("{{{x}}} {% y %} <% z %> %recipient.id%")
    assert inert(once) == once
