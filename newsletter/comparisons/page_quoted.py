"""The scorecard without names and scores: quotes inside “ ”, left and right in turn. Who speaks is never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.comparisons.model import Review
from newsletter.comparisons.page_parts import DASHES, Line, Scorecard

_MARK = re.compile("[“”]")
_CLOSED = re.compile(r"[ \t]*(?:\n|$|(?=“))")
"""What may follow the ” that ends a quote; one within a sentence (a 5” screen) ends nothing."""


@dataclass(slots=True)
class _Quotes:
    """Quotes in page order; None where a dash stands for one."""

    texts: list[str | None] = field(default_factory=list)
    closed: bool = True
    """Whether the last one was closed."""
    outside: list[str] = field(default_factory=list)
    """Lines that are in no quote."""


def read_quoted(lines: Sequence[Line]) -> Scorecard:
    """Read the quotes."""
    quotes = _by_line(lines) or _by_nesting(lines)
    card = Scorecard()
    for place, text in enumerate(quotes.texts):
        if text:
            card.sides[place % 2].append(Review(text=text))
    count = len(quotes.texts)
    side = "right" if count % 2 == 0 else "left"
    if not quotes.closed:
        card.reached = f"the start of quote {count} (on the {side})"
        card.missing.append(f"the end of quote {count}")
    elif count:
        card.reached = f"quote {count} (on the {side})"
    if count % 2:
        card.missing.append(f"the quote on the right beside quote {count}")
    if quotes.outside:
        number = next(line.number for line in lines if line.text == quotes.outside[0])
        card.faults.append((number, "There is text outside of the quotes in the scorecard."))
    return card


def _by_nesting(lines: Sequence[Line]) -> _Quotes:
    """Follow “ and ” as they nest."""
    text = "\n".join(line.text for line in lines)
    quotes = _Quotes()
    place = 0
    while place < len(text):
        end = text.find("\n", place)
        line = text[place : end if end >= 0 else len(text)]
        if text[place] == "“":
            close = _close(text, place)
            quotes.texts.append(_paragraphs(text[place + 1 : len(text) if close is None else close]))
            quotes.closed = close is not None
            place = len(text) if close is None else close + 1
        elif line.strip():
            if line.strip() in DASHES:
                quotes.texts.append(None)
            else:
                quotes.outside.append(line)
            place += len(line)
        else:
            place += 1
    return quotes


def _close(text: str, opening: int) -> int | None:
    """The place of the ” that belongs to the “ at `opening`."""
    depth = 0
    for found in _MARK.finditer(text, opening):
        if found[0] == "“":
            depth += 1
        elif depth > 1:
            depth -= 1
        elif _CLOSED.match(text, found.end()):
            return found.start()
    return None


def _by_line(lines: Sequence[Line]) -> _Quotes | None:
    """One quote per line, whatever marks are inside; None unless every line is one and there are pairs of them."""
    if len(lines) % 2 or not all(re.fullmatch("“.*”", line.text) or line.text in DASHES for line in lines):
        return None
    return _Quotes([None if line.text in DASHES else _paragraphs(line.text[1:-1]) for line in lines])


def _paragraphs(text: str) -> str | None:
    """One paragraph per line, parted by an empty line; None where a quote is empty."""
    return "\n\n".join(line.strip() for line in text.split("\n") if line.strip()) or None
