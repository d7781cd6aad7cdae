"""What reading a source gives: comparisons with their lines, and what could not be used, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.comparisons.model import Comparison

MAX_BYTES = 20_000_000
"""The largest source that is read, in bytes of UTF-8."""

_MOST_TOLD = 20
# Control characters but newline and tab, line separators, surrogates, reordering marks, and what YAML cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Located:
    """One comparison found in a source. `line` is 1-based, where it starts; `notes` say what a partial page lacked."""

    comparison: Comparison
    line: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """One thing that cannot be used. `line` is 1-based; reason and fix are sentences."""

    source: str
    line: int
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that one source gave, in its own order."""

    located: tuple[Located, ...]
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A Reject before it knows the name of its source."""

    line: int
    reason: str
    fix: str


def forbidden_in(text: str) -> str | None:
    """The first character that no text may hold, as `U+001B`, or None."""
    found = None if text.isprintable() else _FORBIDDEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def forbidden_lines(text: str) -> Iterator[Problem]:
    """One problem per line (ended by a newline) that holds a character no text may hold; the first twenty."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # nearly always, and in a tenth of the time
        return
    place, line, told = 0, 1, 0
    while told < _MOST_TOLD and (found := _FORBIDDEN.search(text, place)):
        line += text.count("\n", place, found.start())
        told += 1
        yield Problem(
            line,
            f"There is a control character (U+{ord(found[0]):04X}) in this line.",
            "Delete it; only newline and tab may stand in a text.",
        )
        end = text.find("\n", found.start())
        place = len(text) if end < 0 else end


def show(text: str, most: int = 60) -> str:
    """`text` fit for a message on a terminal: one line, no control characters, cut after `most` characters."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def listed(things: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
