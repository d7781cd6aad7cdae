"""The text part: its own template, never a conversion of the HTML."""

from __future__ import annotations

import re
import textwrap

from newsletter.comparisons.model import Label

WIDTH = 72
"""Columns of a line; a long address or word stands whole."""


def mark(label: Label) -> str:
    """`[SHIP]`"""
    return f"[{label.upper()}]"


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """`text`, one line, in lines of 72 columns, each after `indent` (the first after `first`); no word is broken."""
    start = indent if first is None else first
    if len(start) + len(text) <= WIDTH:  # most lines: textwrap would take a third of all rendering
        return start + text
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def inert(text: str) -> str:
    """`text` with a space inside every placeholder of a provider's: `{{x}}`, `{% x %}`, `<% x %>`, `%x.y%`.

    Plain text and headers have no entities. An encoded byte of an address, `%C3`, is left alone.
    """
    return text if _SIGNS.isdisjoint(text) else _PLACEHOLDER.sub(r"\g<0> ", text)


_SIGNS = frozenset("{}<%")
_PLACEHOLDER = re.compile(r"\{(?=[{%])|\}(?=\})|<(?=%)|%(?=[}>])|%(?![0-9A-Fa-f]{2})(?=[A-Za-z_][\w.-]*%)")
