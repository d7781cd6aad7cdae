"""The dates that mailing systems write, each as one moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_SECONDS_LONG = len("2026-03-01 10:20:30")
_ABSENT = frozenset(("", "0", "null", "none", "nil", "n/a", "-", "never"))
_ZERO = ("0000-00-00", "0001-01-01")
"""What MySQL and Go write where there is no date."""
_YEARS = range(1990, 2100)
_MILLISECONDS_FROM = 11
"""Digits: 99,999,999,999 seconds are the year 5138, and as many milliseconds 1973."""
# Go writes `2023-05-01 10:20:30.12 +0200 CEST`, Ruby `2023-05-01 10:20:30 UTC`: what follows the time is a zone's name.
_NAMED_ZONE = re.compile(
    r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(?:([+-]\d\d:?\d\d)(?: [A-Z+\-\d]+)?|UTC|GMT|Z)"
)


@lru_cache(1 << 8)  # a row says the same moment more than once
def moment(text: str) -> datetime | None:
    """The moment, aware UTC: of ISO 8601 (a space for the T will do; without a zone it is UTC, without a time the
    day's beginning), of seconds or milliseconds since 1970, and of the forms of Go and Ruby. None where there is none.

    Raises ValueError for all else; also for 03/04/2026, which is two days, and for years before 1990 or after 2099.
    """
    text = text.strip()
    if text.casefold() in _ABSENT or text.startswith(_ZERO):
        return None
    if text.isdecimal() and len(text) != len("20260301"):
        seconds = int(text[:14]) / (1 if len(text) < _MILLISECONDS_FROM else 1000)
        try:
            found = datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError) as error:
            raise ValueError(text) from error
    else:
        found = _written(text)
    if found.year not in _YEARS:
        raise ValueError(text)
    return found


def _written(text: str) -> datetime:
    if len(text) == _SECONDS_LONG and text[13] == text[16] == ":":  # nearly all of them, in half the time
        return datetime.fromisoformat(text + "+00:00")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        named = _NAMED_ZONE.fullmatch(text)
        if named is None:
            raise
        found = datetime.fromisoformat(named[1] + (named[2] or "+00:00"))
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
