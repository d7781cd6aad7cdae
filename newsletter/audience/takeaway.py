"""The list of subscribers as it leaves: our own columns, and those that other mailing systems import.

Nobody who left or is suppressed ends as subscribed elsewhere: where an importer takes no status, they stand in a file
of their own. Who never confirmed is in our own list alone, since they have not agreed to anything yet.

No cell is run by a spreadsheet, with one exception: other systems take a quote before an address for a part of it, and
would mail somebody else, or go on mailing who left. For them an address stands as it is, also `=a@example.com`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from newsletter.tables import inert_cell


class Product(StrEnum):
    """Whom the list is for."""

    OURS = "ours"
    LISTMONK = "listmonk"
    GHOST = "ghost"
    BUTTONDOWN = "buttondown"


class Part(StrEnum):
    """Which of its two files, where it has two."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"


class Leaver(NamedTuple):
    """One subscriber on the way out. Moments are ISO 8601 UTC; what is not known is empty."""

    email: str
    status: str
    """pending, active or unsubscribed."""
    created_at: str
    confirmed_at: str
    unsubscribed_at: str
    suppression: str
    """hard_bounce, complaint, operator or erased, where the address is never mailed."""
    proof_at: str
    """When they last agreed, by the record of consent."""
    proof_ip: str
    """Of that, while it is kept."""
    topics: str
    """Slugs with a space between them."""
    frequency: str
    """weekly or topics."""
    zone: str
    paused_until: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How one product's file looks."""

    columns: tuple[str, ...]
    cells: Callable[[Leaver], Sequence[str]]
    apart: str = ""
    """What to do with the file of those who left, where they have one because its importer takes no status."""


def part_of(one: Leaver) -> Part | None:
    """Where they belong at another product; None is nowhere."""
    if one.suppression or one.status == "unsubscribed":
        return Part.UNSUBSCRIBED
    return Part.SUBSCRIBED if one.status == "active" else None


def as_object(one: Leaver) -> dict[str, object]:
    """Our own row for a line of JSON: topics are a list, what is not known is null."""
    told: dict[str, object] = {name: value or None for name, value in zip(Leaver._fields, one, strict=True)}
    told["topics"] = one.topics.split()
    return told


def as_line(one: Leaver) -> str:
    """The same as a line of JSON."""
    return _encode(as_object(one)) + "\n"


def _ours(one: Leaver) -> Sequence[str]:
    cells = list(one)
    for place in _WORDS:
        cells[place] = inert_cell(cells[place])
    return cells


def _listmonk(one: Leaver) -> Sequence[str]:
    status = "enabled" if part_of(one) is Part.SUBSCRIBED else "blocklisted"
    return one.email, "", _more(one), status


def _ghost(one: Leaver) -> Sequence[str]:
    subscribed = "true" if part_of(one) is Part.SUBSCRIBED else "false"
    return one.email, subscribed, _topics(one), _milliseconds(one.created_at)


def _buttondown(one: Leaver) -> Sequence[str]:
    kind = "regular" if part_of(one) is Part.SUBSCRIBED else "unsubscribed"
    return one.email, one.created_at, kind, _topics(one), _more(one, topics=False)


def _topics(one: Leaver) -> str:
    return inert_cell(one.topics.replace(" ", ", "))


def _more(one: Leaver, *, topics: bool = True) -> str:
    """What has no column there, as JSON."""
    known: dict[str, object] = {name: one[place] for name, place in _KEPT if one[place]}
    if topics and one.topics:
        known["topics"] = one.topics.split()
    return _encode(known) if known else ""


def _milliseconds(moment: str) -> str:
    """`2026-11-19T08:00:00.000Z`, as Ghost shows it."""
    return f"{moment[:19]}.{moment[20:23] if moment[19:20] == '.' else '000'}Z"


_WORDS = tuple(Leaver._fields.index(name) for name in ("email", "topics", "zone"))
"""The columns whose words are not ours: of the others no cell is taken for a formula."""
_KEPT = tuple(
    (name, Leaver._fields.index(name))
    for name in ("created_at", "confirmed_at", "unsubscribed_at", "suppression", "frequency", "zone", "paused_until")
)
_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: dumps() makes one for every call

SHAPES: Mapping[Product, Shape] = MappingProxyType(
    {
        Product.OURS: Shape(Leaver._fields, _ours),
        Product.LISTMONK: Shape(
            ("email", "name", "attributes", "status"),
            _listmonk,
            "Import it there in the mode Blocklist, before the other one.",
        ),
        Product.GHOST: Shape(("email", "subscribed_to_emails", "labels", "created_at"), _ghost),
        Product.BUTTONDOWN: Shape(
            ("email_address", "creation_date", "type", "tags", "metadata"),
            _buttondown,
            "Do not import it there: it would subscribe them.",
        ),
    }
)
"""listmonk imports `email`, `name` and `attributes`, all rows of a file either as subscribers or into its blocklist, as
its person chooses; other columns it passes over, and `status` is there for who reads the file.
(https://github.com/knadh/listmonk, internal/subimporter/importer.go, csvHeaders and ModeBlocklist)

Ghost takes a status: who is not `subscribed_to_emails` gets none of its newsletters.
(https://ghost.org/help/import-members/)

Buttondown maps columns that are called as in its own export, but does not say that it imports the `type`: of all types
only regular, unsubscribed, gifted and unpaid can be set, by its API. (https://docs.buttondown.com/api-imports-introduction,
https://docs.buttondown.com/api-subscribers-type, https://docs.buttondown.com/api-subscribers-introduction)
"""
