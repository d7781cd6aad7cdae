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


def block(rule: int, place: str, message: str, fix: str) -> Finding:
    """A finding that blocks."""
    return Finding(rule, Severity.BLOCK, place, message, fix)


def warn(rule: int, place: str, message: str, fix: str) -> Finding:
    """A finding that is only told."""
    return Finding(rule, Severity.WARN, place, message, fix)
