"""From one rendered mail to one per reader: split once at the slots, join per recipient.

A slot is a token that the templates print, `__nl<nonce>_<name>__`. The nonce is fresh for every issue, so content
cannot name a slot and steal a reader's links. This module takes strings and mints nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from newsletter.errors import InputError

Kind = Literal["html", "text"]
_SPECIAL = re.compile("[&<>\"']").search


def slot(nonce: str, name: str) -> str:
    """The token to print where `name` is to stand. `nonce` is 8 or more hex digits."""
    return f"__nl{nonce}_{name}__"


@dataclass(frozen=True, slots=True)
class Segments:
    """Literal text with slots between: `literals[0] slots[0] literals[1] … literals[n]`."""

    literals: tuple[str, ...]
    slots: tuple[str, ...] = ()
    kind: Kind = "text"
    _parts: list[str] = field(init=False, repr=False, compare=False, default_factory=list)
    _names: list[str] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        if len(self.literals) != len(self.slots) + 1:
            raise ValueError("there is one literal more than there are slots")
        for literal in self.literals[:-1]:
            self._parts.extend((literal, ""))
        self._parts.append(self.literals[-1])
        self._names.extend(dict.fromkeys(self.slots))

    @classmethod
    def split(cls, rendered: str, nonce: str, kind: Kind, known: frozenset[str]) -> Segments:
        """Split at the slots of `nonce`. Raises InputError where a slot is not one of the `known` names."""
        pieces = re.split(rf"__nl{re.escape(nonce)}_([a-z0-9_]+?)__", rendered)
        literals, slots = tuple(pieces[::2]), tuple(pieces[1::2])
        if unknown := sorted(set(slots) - known):
            raise InputError(f"The template prints slots that nothing fills: {', '.join(unknown)}.")
        return cls(literals, slots, kind)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text for one reader; values are HTML-escaped where the text is HTML. KeyError where one is missing."""
        if self.kind == "html" and _SPECIAL("".join([values[name] for name in self._names])):
            values = {name: html.escape(values[name]) for name in self._names}
        parts = self._parts.copy()
        parts[1::2] = [values[name] for name in self.slots]
        return "".join(parts)

    def encoded(self, encode: Callable[[str], str]) -> Segments:
        """The same segments with every literal passed through `encode` once (and values left to the caller)."""
        return Segments(tuple(map(encode, self.literals)), self.slots, "text")


def literal(text: str, kind: Kind = "text") -> Segments:
    """Segments without a slot."""
    return Segments((text,), (), kind)
