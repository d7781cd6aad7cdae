"""How fast, and when again: a GCRA limiter and the waits after a refusal. Pure; times are seconds."""

from __future__ import annotations

_FIRST_WAIT = 2.0
_LONGEST_WAIT = 300.0


def reserve(next_at: float, now: float, rate_per_second: float) -> tuple[float, float]:
    """(moment this request may leave, `next_at` to keep) for a limiter whose next free moment is `next_at`.

    GCRA with a burst of one (Generic Cell Rate Algorithm, ITU-T I.371).
    """
    leave = max(next_at, now)
    return leave, leave + 1.0 / rate_per_second


def wait_after(attempts: int, retry_after: float | None, key: str) -> float:
    """Seconds to wait before attempt `attempts` + 1: what the provider asked for, else doubling from 2 s to 5 min.

    `key` spreads batches that failed together over half the wait more, the same every time (no randomness).
    """
    if retry_after is not None:
        return max(0.0, retry_after)
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(max(attempts - 1, 0), 30))
    return wait * (1.0 + (sum(key.encode()) % 50) / 100.0)
