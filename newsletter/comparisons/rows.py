"""Comparisons from the rows of a table, one in each, and back. docs/comparison-document.md names the columns.

Columns are the fields of the document with dots between: `left.name`, `right.panel.share`, `left.reviews.1.score`.
A row becomes the same tree as a document of YAML or JSON, and is read by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from newsletter.comparisons.document import (
    COMMUNITY_KEYS,
    PANEL_KEYS,
    PRICING_KEYS,
    REVIEW_KEYS,
    SIDE_KEYS,
    read_document,
    to_document,
)
from newsletter.comparisons.model import Comparison
from newsletter.comparisons.nodes import Node
from newsletter.comparisons.source import Located, Problem, listed, show
from newsletter.errors import InputError
from newsletter.tables.table import MAX_COLUMNS

SIDES = ("left", "right")
NEEDED = ("left.name", "right.name")

_TOP_KEYS = ("slug", "published_on", "url")
_GROUPS = {"pricing": PRICING_KEYS, "panel": PANEL_KEYS, "community": COMMUNITY_KEYS}
_NUMBERS = frozenset({"score", "share", "ship", "skip"})
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_REVIEW = re.compile(r"(left|right)\.reviews\.([1-9][0-9]{0,2})\.(\w+)")
_COLUMNS_FIX = "See the columns in docs/comparison-document.md."
_MOST_NAMED = 12

FIELDS = frozenset(
    (
        *_TOP_KEYS,
        *(f"{side}.{key}" for side in SIDES for key in SIDE_KEYS if key not in (*_GROUPS, "reviews")),
        *(f"{side}.{group}.{key}" for side in SIDES for group, keys in _GROUPS.items() for key in keys),
    )
)


def field_names(reviews: int = 4) -> Iterator[str]:
    """Every name that a column may have, in the order of the document, with so many reviews of each side."""
    yield from _TOP_KEYS
    for side in SIDES:
        for key in SIDE_KEYS:
            if key in _GROUPS:
                yield from (f"{side}.{key}.{inner}" for inner in _GROUPS[key])
            elif key == "reviews":
                yield from (
                    f"{side}.{key}.{number}.{inner}" for number in range(1, reviews + 1) for inner in REVIEW_KEYS
                )
            else:
                yield f"{side}.{key}"


def read_rows(
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    columns: Mapping[str, str] | None = None,
    *,
    header_line: int = 1,
) -> tuple[list[Located], list[Problem]]:
    """The comparisons of a table's rows, each given with its line, and everything that is wrong with the others.

    `columns`: field of the document → the table's name for it. With it only those columns are read; without it the
    table names its columns as we do, and any other name is an error. An empty cell says nothing.
    """
    plan, problems = _plan(header, columns or {})
    if problems:
        return [], [replace(problem, line=header_line) for problem in problems]
    located: list[Located] = []
    for line, cells in rows:
        if len(cells) != len(header):
            found = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
            fix = "Give it as many, and quote a cell that holds the sign between cells."
            problems.append(Problem(line, f"The row has {found}, the header has {len(header)}.", fix))
            continue
        comparison, wrong = read_document(_tree(plan, line, cells))
        problems += wrong
        if comparison is not None:
            located.append(Located(comparison, line))
    if not located and not problems:
        problems.append(Problem(header_line, "There is no row below the header.", "Give a row to each comparison."))
    return located, problems


def reads_as_it_is(header: Sequence[str]) -> bool:
    """Whether a table names its columns as we do, so that read_rows() needs no `columns`."""
    return not _plan(header, {})[1]


@dataclass(slots=True)
class _Plan:
    """What each column of a table holds, worked out once."""

    leaves: list[tuple[int, tuple[str, ...], str]] = field(default_factory=list)
    """Place of the column, the mapping it belongs to, and its key there."""
    said: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    """Mapping → key → the columns that say it, as errors name them."""


def _plan(header: Sequence[str], columns: Mapping[str, str]) -> tuple[_Plan, list[Problem]]:
    fields = columns or {name: name for name in header}
    problems = [problem for problem in (_unknown(list(fields), bool(columns)), _absent(header, fields)) if problem]
    if problems:
        return _Plan(), problems
    plan = _Plan()
    places = {name: place for place, name in enumerate(header)}
    said: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for name in sorted(fields, key=_in_order):
        *owner, key = parts = name.split(".")
        plan.leaves.append((places[fields[name]], tuple(owner), key))
        for depth, part in enumerate(parts):
            said.setdefault(tuple(parts[:depth]), {}).setdefault(part, []).append(fields[name])
    said[()]["sides"] = [fields.get(f"{side}.slug") or fields[f"{side}.name"] for side in SIDES]
    plan.said = {owner: {key: _phrase(names) for key, names in keys.items()} for owner, keys in said.items()}
    return plan, []


def _in_order(name: str) -> tuple[int, str]:
    """Reviews by their numbers, after all else."""
    found = _REVIEW.fullmatch(name)
    return int(found[2]) if found else 0, name


def _unknown(names: list[str], mapped: bool) -> Problem | None:
    """All names that are no field, in one error."""
    unknown = [name for name in names if not _is_field(name)]
    if not unknown:
        return None
    near = get_close_matches(unknown[0], FIELDS, 1, 0.6)
    fix = f"Did you mean `{near[0]}`? " if near else ""
    if mapped:
        what, remedy = "field", "Map the fields of a comparison to columns."
    else:
        what, remedy = "column", "Rename them or take them out." if len(unknown) > 1 else "Rename it or take it out."
    verb = "are" if len(unknown) > 1 else "is"
    return Problem(1, f"The {_named(what, unknown)} {verb} not known.", f"{fix}{remedy} {_COLUMNS_FIX}")


def _is_field(name: str) -> bool:
    if found := _REVIEW.fullmatch(name):
        return found[3] in REVIEW_KEYS
    return name in FIELDS


def _absent(header: Sequence[str], fields: Mapping[str, str]) -> Problem | None:
    """What is needed or was mapped, and is not there; and what is."""
    missing = [name for name in NEEDED if name not in fields]
    missing += [column for column in dict.fromkeys(fields.values()) if column not in header]
    if not missing:
        return None
    verb = "are" if len(missing) > 1 else "is"
    return Problem(
        1,
        f"The {_named('column', missing)} {verb} missing. Found: {_quoted(header)}.",
        f"Add what is missing. {_COLUMNS_FIX}",
    )


def _named(what: str, names: Sequence[str]) -> str:
    return f"{what}{'s' if len(names) > 1 else ''} {_quoted(names)}"


def _quoted(names: Sequence[str]) -> str:
    """`a`, `b` and `c`; of many the first dozen."""
    told = [f"`{show(name)}`" for name in names[:_MOST_NAMED]]
    if len(names) > _MOST_NAMED:
        told.append(f"{len(names) - _MOST_NAMED} more")
    return listed(told) if told else "none"


def _phrase(columns: Sequence[str]) -> str:
    """How an error names them."""
    return _named("Column", list(dict.fromkeys(columns)))


def _tree(plan: _Plan, line: int, cells: Sequence[str]) -> Node:
    """The document of one row."""
    owners = {owner: _mapping(plan, line, owner) for owner in ((), *((side,) for side in SIDES))}
    for place, owner, key in plan.leaves:
        cell = cells[place]
        if not cell or cell.isspace():
            continue
        node = owners.get(owner)
        if node is None:
            node = owners[owner] = _mapping(plan, line, owner)
        number = key in _NUMBERS and _WHOLE.fullmatch(cell.strip())
        node.fields[key] = Node(line, value=int(cell) if number else cell)
    for path, node in owners.items():
        if len(path) == 2:
            owners[path[:1]].fields[path[1]] = node
        elif len(path) == 3:
            owners[path[:1]].fields.setdefault("reviews", Node(line, "list")).children.append(node)
    both = owners[()].fields["sides"] = Node(line, "list")
    both.children += (owners[side,] for side in SIDES)
    return owners[()]


def _mapping(plan: _Plan, line: int, owner: tuple[str, ...]) -> Node:
    node = Node(line, "mapping")
    node.columns = plan.said[owner]
    return node


def table_of(comparisons: Iterable[Comparison]) -> Iterator[list[str]]:
    """Header and rows of which read_rows() makes equal comparisons. Raises InputError for more reviews than fit."""
    flat = [dict(_flat(to_document(comparison))) for comparison in comparisons]
    used = {name for row in flat for name in row}
    header = [*(name for name in _TOP_KEYS if name in used or name == "slug")]
    for side in SIDES:
        header += [f"{side}.{name}" for name in _side_names(used, side)]
    if len(header) > MAX_COLUMNS:
        raise InputError(
            f"A table of them would have {len(header):,} columns, and {MAX_COLUMNS:,} is the most we read.",
            next_step="Write YAML or JSON.",
        )
    yield header
    for row in flat:
        yield [row.get(name, "") for name in header]


def _side_names(used: set[str], side: str) -> Iterator[str]:
    """The columns of one side that hold something, in the order of the document."""
    for key in SIDE_KEYS:
        if key in _GROUPS:
            yield from (f"{key}.{inner}" for inner in _GROUPS[key] if f"{side}.{key}.{inner}" in used)
        elif key == "reviews":
            numbers = sorted({int(name.split(".")[2]) for name in used if name.startswith(f"{side}.reviews.")})
            names = (f"reviews.{number}.{inner}" for number in numbers for inner in REVIEW_KEYS)
            yield from (name for name in names if f"{side}.{name}" in used)
        elif key == "name" or f"{side}.{key}" in used:
            yield key


def _flat(document: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in document.items():
        if key == "sides" and isinstance(value, list):
            for side, inner in zip(SIDES, value, strict=True):
                yield from _flat(inner, f"{side}.")
        elif isinstance(value, list):
            for number, inner in enumerate(value, 1):
                yield from _flat(inner, f"{prefix}{key}.{number}.")
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
