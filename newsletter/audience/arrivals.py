"""What a list from elsewhere brings: one arrival per usable row, one bad row where something has to be mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """How somebody stood with the newsletter that a list comes from. Only the first of these is ever mailed."""

    ACTIVE = "active"
    PENDING = "pending"
    """Has not agreed yet: asked and never confirmed, or never asked."""
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    """Cleaned, hard bounced, or undeliverable by the word of the system that sent."""
    COMPLAINED = "complained"
    DISABLED = "disabled"
    """Mail to them is turned off, by themselves or by the operator; the list does not say by whom."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One usable row, with all that the list knows. Moments are aware UTC."""

    line: int
    """Of the file; the first line is 1."""
    email: str
    """In the normal form of normal_address()."""
    standing: Standing
    joined_at: datetime | None = None
    """When they came, as the list says."""
    proof_at: datetime | None = None
    """When they agreed: the moment of opt-in or confirmation. None is no proof of consent in this row."""
    proof_ip: str | None = None
    left_at: datetime | None = None
    """When they unsubscribed, bounced or complained."""
    topics: tuple[str, ...] = ()
    """Slugs made of tags, labels or lists, in the order of the file, each once."""
    frequency: str = ""
    """`weekly` or `topics`. Only our own list says it and the two below; empty or None is not said."""
    zone: str = ""
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be used, and how it is mended."""

    line: int
    cells: tuple[str, ...]
    """As they stand in the file."""
    column: str
    """Where the fault is, by its name in the first line of the file; empty is the whole row."""
    reason: str
    fix: str
    kind: str
    """One of KINDS."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of bad row: what is wrong with one and with several, and what to do about one and several."""

    one: str
    several: str
    mend_one: str
    mend_several: str


_QUOTE = "and quote a cell that holds the sign between cells"

KINDS: Mapping[str, Kind] = {
    "no address": Kind(
        "row has no e-mail address",
        "rows have no e-mail address",
        "write it in, or take the row out",
        "write them in, or take the rows out",
    ),
    "not an address": Kind(
        "row has something else where its e-mail address should be",
        "rows have something else where their e-mail address should be",
        "correct it, or take the row out",
        "correct them, or take the rows out",
    ),
    "unknown status": Kind(
        "row does not say whether its reader agreed",
        "rows do not say whether their reader agreed",
        "write active, pending or unsubscribed as its status",
        "write active, pending or unsubscribed as their status, or say one for the whole file",
    ),
    "bad date": Kind(
        "row has a date that cannot be read",
        "rows have a date that cannot be read",
        "write it like 2026-03-01 10:00, or empty the cell",
        "write them like 2026-03-01 10:00, or empty the cells",
    ),
    "unknown value": Kind(
        "row has a preference that we do not know",
        "rows have a preference that we do not know",
        "correct it, or empty the cell",
        "correct them, or empty the cells",
    ),
    "ragged": Kind(
        "row has more or fewer cells than the first line",
        "rows have more or fewer cells than the first line",
        f"give it as many, {_QUOTE}",
        f"give them as many, {_QUOTE}",
    ),
    "not json": Kind(
        "line is no JSON object",
        "lines are no JSON objects",
        "correct it, or take the line out",
        "correct them, or take the lines out",
    ),
}


def instructions(counts: Mapping[str, int]) -> list[str]:
    """What to do about bad rows, a sentence for each kind of KINDS that there is any of; `counts` is kind → rows."""
    said = []
    for name, kind in KINDS.items():
        if (rows := counts.get(name, 0)) == 1:
            said.append(f"1 {kind.one}: {kind.mend_one}.")
        elif rows:
            said.append(f"{rows:,} {kind.several}: {kind.mend_several}.")
    return said
