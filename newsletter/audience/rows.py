"""One row of a list: its cells, read as its dialect says."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from newsletter.audience.arrivals import Arrival, BadRow, Standing
from newsletter.audience.dates import moment
from newsletter.audience.products import GENERAL, Dialect, named
from newsletter.audience.subscriber import Frequency, normal_address
from newsletter.audience.zones import is_zone
from newsletter.comparisons.model import slugify
from newsletter.errors import InputError
from newsletter.tables import plain_cell

_Chosen = tuple[str, str, datetime | None]
"""Frequency, time zone, end of a pause."""
_NOTHING_CHOSEN: _Chosen = ("", "", None)

RowReader = Callable[[int, tuple[str, ...]], Arrival | BadRow | None]
"""Line and cells → what they say, or None where every cell is empty."""

_NOT_GONE = frozenset(("", "no", "n", "false", "f", "0", "null", "none", "nil", "never", "active", "subscribed"))
_TAG = re.compile(r'"((?:[^"]|"")*)"|([^,;|"]+)')
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")
_BETWEEN_SLUGS = {ord(" "): ","}
_TAGS_KEPT = 1 << 12
_TAGS_IN_ATTRIBUTES = ("topics", "tags")
_FREQUENCIES = frozenset(("", *Frequency))


def row_reader(
    dialect: Dialect, header: Sequence[str], status: Standing | None = None, *, inert: bool = True
) -> RowReader:
    """What reads the rows below `header`; `status` goes before all that they say of it. The dialect's e-mail column is
    there (recognise() has seen to it). `inert`: whether cells may have been made harmless for spreadsheets.

    A date of consent that cannot be read makes the row of somebody active a bad one, since to leave it out would make
    the consent unproven; other dates that cannot be read, and addresses of the net that are none, are left out.
    """
    width, names = len(header), tuple(header)
    places = {name: place for place, name in reversed([*enumerate(map(named, header))])}

    def at(columns: Sequence[str]) -> tuple[int, ...]:
        return tuple(places[column] for column in columns if column in places)

    email = at(dialect.email)[0]
    standing_of = _standings(dialect, places, status)
    joined_at, proof_at, proof_ip = at(dialect.joined_at), at(dialect.proof_at), at(dialect.proof_ip)
    proof_needs, left_at = at(dialect.proof_needs), at(dialect.left_at)
    if len(proof_needs) < len(dialect.proof_needs):
        proof_at = proof_ip = ()
    topics, attributes = at(dialect.topics), at(dialect.attributes)
    preferences = _preferences(at(dialect.frequency), at(dialect.zone), at(dialect.paused_until), names)
    said = next(iter(at((*dialect.status, *dialect.gone))), None)
    between = _BETWEEN_SLUGS if dialect.slugs else {}

    def read(line: int, cells: tuple[str, ...]) -> Arrival | BadRow | None:
        if len(cells) != width:
            if len(cells) < width or _filled(cells[width:]):
                return _ragged(line, cells, width) if _filled(cells) else None
            cells = cells[:width]
        try:
            address = normal_address(plain_cell(cells[email]) if inert else cells[email])
        except InputError as error:
            return _no_address(line, cells, names, email, error) if _filled(cells) else None
        standing = standing_of(cells)
        if standing is None:
            return _no_status(line, cells, names, said)
        agreed, ip = None, None
        if proof_at and standing is not Standing.PENDING and all(cells[place].strip() for place in proof_needs):
            try:
                agreed = moment(_first(cells, proof_at))
            except ValueError:
                if standing is Standing.ACTIVE:
                    return _bad_date(line, cells, names, proof_at)
            if agreed and proof_ip:
                ip = _ip(_first(cells, proof_ip))
        chosen = preferences(line, cells) if preferences else _NOTHING_CHOSEN
        if isinstance(chosen, BadRow):
            return chosen
        joined = _moment(_first(cells, joined_at)) if joined_at else None
        left = _moment(_first(cells, left_at)) if left_at else None
        if topics:
            tags = topics_of(_first(cells, topics).translate(between))
        else:
            tags = _in_attributes(_first(cells, attributes)) if attributes else ()
        return Arrival(line, address, standing, joined, agreed, ip, left, tags, *chosen)

    return read


def _standings(
    dialect: Dialect, places: dict[str, int], status: Standing | None
) -> Callable[[tuple[str, ...]], Standing | None]:
    if status is not None:
        return lambda cells: status
    gone = [(places[column], standing) for column, standing in dialect.gone.items() if column in places]
    column = next((places[column] for column in dialect.status if column in places), None)
    words, otherwise, as_written = dict(dialect.words), dialect.otherwise, dict[str, Standing]()

    def standing(cells: tuple[str, ...]) -> Standing | None:
        for place, its_standing in gone:
            if (cell := cells[place]) and (word := named(cell)) not in _NOT_GONE:
                reason = GENERAL.get(word, its_standing)
                return its_standing if reason in (Standing.ACTIVE, Standing.PENDING) else reason
        if column is None:
            return otherwise
        if (known := as_written.get(cells[column])) or not (known := words.get(named(cells[column]))):
            return known
        return as_written.setdefault(cells[column], known)

    return standing


def _preferences(
    frequency: tuple[int, ...], zone: tuple[int, ...], paused_until: tuple[int, ...], names: tuple[str, ...]
) -> Callable[[int, tuple[str, ...]], _Chosen | BadRow] | None:
    if not (frequency or zone or paused_until):
        return None

    def read(line: int, cells: tuple[str, ...]) -> _Chosen | BadRow:
        how_often, where = _first(cells, frequency), _first(cells, zone)
        if how_often not in _FREQUENCIES:
            known = "It is weekly or topics, or empty."
            reason = f"The frequency {how_often[:80]!r} is none that we know."
            return BadRow(line, cells, names[frequency[0]], reason, known, "unknown value")
        if where and not is_zone(where):
            reason = f"The time zone {where[:80]!r} is none that we know."
            return BadRow(line, cells, names[zone[0]], reason, "It is like Europe/Berlin, or empty.", "unknown value")
        try:
            return how_often, where, moment(_first(cells, paused_until))
        except ValueError:
            return _bad_date(line, cells, names, paused_until)

    return read


def _first(cells: tuple[str, ...], places: tuple[int, ...]) -> str:
    """The first cell of these that is not empty."""
    for place in places:
        if cell := cells[place].strip():
            return cell
    return ""


def _moment(text: str) -> datetime | None:
    try:
        return moment(text)
    except ValueError:
        return None


def _ip(text: str) -> str | None:
    if _IPV4.fullmatch(text):  # what ipaddress says of it, and this is said of nearly all, in a fifth of the time
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


@lru_cache(_TAGS_KEPT)
def topics_of(cell: str) -> tuple[str, ...]:
    """The slugs of the tags in one cell: `a, b`, `a;b`, `a|b`, Mailchimp's `"a","b"`, and a list as JSON writes it.

    A tag without a letter or digit is none.
    """
    if cell.startswith("["):
        try:
            found = json.loads(cell)
            return _slugs([tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else [])
        except (ValueError, RecursionError):
            cell = cell.strip("[]")
    return _slugs([quoted or bare for quoted, bare in _TAG.findall(cell)])


def _in_attributes(cell: str) -> tuple[str, ...]:
    if not any(f'"{key}"' in cell for key in _TAGS_IN_ATTRIBUTES):
        return ()
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, dict):
        return ()
    tags: object = next((found[key] for key in _TAGS_IN_ATTRIBUTES if found.get(key)), "")
    return topics_of(tags if isinstance(tags, str) else json.dumps(tags))


def _slugs(tags: Sequence[str]) -> tuple[str, ...]:
    slugs: dict[str, None] = {}
    for tag in tags:
        if any(character.isalnum() for character in tag):
            slugs[slugify(tag)] = None
    return tuple(slugs)


def _filled(cells: tuple[str, ...]) -> bool:
    return any(cell.strip() for cell in cells)


def _no_address(line: int, cells: tuple[str, ...], names: tuple[str, ...], email: int, error: InputError) -> BadRow:
    if cells[email].strip():
        return BadRow(line, cells, names[email], error.what, "Correct it, or take the row out.", "not an address")
    fix = "Write it in, or take the row out."
    return BadRow(line, cells, names[email], "It has no e-mail address.", fix, "no address")


def _no_status(line: int, cells: tuple[str, ...], names: tuple[str, ...], said: int | None) -> BadRow:
    word = cells[said].strip()[:80] if said is not None else ""
    reason = f"Its status {word!r} is none that we know." if word else "It does not say whether they agreed."
    column = names[said] if said is not None else ""
    return BadRow(line, cells, column, reason, "Write active, pending or unsubscribed.", "unknown status")


def _ragged(line: int, cells: tuple[str, ...], width: int) -> BadRow:
    found = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
    fix = "Give it as many, and quote a cell that holds the sign between cells."
    return BadRow(line, cells, "", f"It has {found}, the first line has {width}.", fix, "ragged")


def _bad_date(line: int, cells: tuple[str, ...], names: tuple[str, ...], places: tuple[int, ...]) -> BadRow:
    place = next((place for place in places if cells[place].strip()), places[0])
    reason = f"The date {cells[place].strip()[:80]!r} cannot be read."
    return BadRow(line, cells, names[place], reason, "Write it like 2026-03-01 10:00, or empty the cell.", "bad date")
