"""How fast, and when again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.pacing import reserve, wait_after

MOMENTS = st.floats(0, 1e9)


def test_a_free_limiter_lets_go_at_once_and_the_next_one_a_share_of_a_second_later() -> None:
    assert reserve(0.0, 100.0, 2.0) == (100.0, 100.5)
    assert reserve(100.5, 100.1, 2.0) == (100.5, 101.0)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=40), st.floats(0.1, 50))
def test_two_requests_never_leave_closer_than_the_rate_allows(pauses: list[float], rate: float) -> None:
    now, next_at, left = 1000.0, 0.0, []
    for pause in pauses:
        now += pause
        leave, next_at = reserve(next_at, now, rate)
        assert leave >= now
        left.append(leave)
    for one, other in pairwise(left):
        assert other - one >= 1.0 / rate - 1e-6


@pytest.mark.parametrize(("attempts", "wait"), [(0, 2), (1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (1000, 300)])
def test_waits_double_from_two_seconds_to_five_minutes(attempts: int, wait: float) -> None:
    assert wait_after(attempts, None, "d") == wait  # `d` is 100, which spreads by nothing


def test_what_the_provider_asked_for_is_kept_to_the_second() -> None:
    assert wait_after(5, 17.0, "any") == 17.0
    assert wait_after(5, 0.0, "any") == 0.0
    assert wait_after(5, -3.0, "any") == 0.0


@given(st.integers(0, 50), st.text(max_size=30))
def test_the_spread_is_half_the_wait_at_most_and_always_the_same(attempts: int, key: str) -> None:
    plain = wait_after(attempts, None, "d")
    assert plain <= wait_after(attempts, None, key) < 1.5 * plain
    assert wait_after(attempts, None, key) == wait_after(attempts, None, key)


def test_different_keys_wait_differently() -> None:
    assert len({wait_after(1, None, f"1/{number}") for number in range(9)}) == 9
