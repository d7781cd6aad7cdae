"""What a check of a mail finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """WARN is told; BLOCK keeps the issue from being approved, because it would harm readers."""

    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one of the twenty rules in docs/mail-rules.md."""

    rule: int
    severity: Severity
    place: str
    """`html, <a> 'Read on'`, `text`, `headers`, `mjml <mj-section>` …"""
    message: str
    fix: str


RULES = {
    1: "Well-formed, with known components only",
    2: "One body, and not an empty one",
    3: "Padding in px",
    4: "Colours in six digits",
    5: "Attributes that hold what they say",
    6: "Small enough for Gmail",
    7: "Language, direction and title",
    8: "A preheader of 40 to 110 characters",
    9: "Images with words, width and address",
    10: "Links that lead somewhere safe",
    11: "Tables that can be read aloud",
    12: "One headline, no level skipped",
    14: "Text large enough to read",
    15: "Links that say where they lead",
    17: "A dark look for every background",
    18: "No script, form or font from elsewhere",
    19: "A way out, a postal address, the same links in the text part",
}
"""The static ones of docs/mail-rules.md, each as what is so where it is kept."""


def block(rule: int, place: str, message: str, fix: str) -> Finding:
    """A finding that blocks."""
    return Finding(rule, Severity.BLOCK, place, message, fix)


def warn(rule: int, place: str, message: str, fix: str) -> Finding:
    """A finding that is only told."""
    return Finding(rule, Severity.WARN, place, message, fix)
