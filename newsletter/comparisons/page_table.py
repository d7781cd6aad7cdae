"""The decision table of a saved comparison page: per row a label, the left cell and the right cell, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.comparisons.page_cards import read_verdict
from newsletter.comparisons.page_parts import DASHES, Card, Line

ROWS = ("Panel verdict", "Community", "Pricing", "Best for", "Category")
_FARTHEST = 20
"""Cells within which the next label is looked for."""


def read_table(lines: Sequence[Line], cards: list[Card], cut: bool, notes: list[str]) -> list[str]:
    """Add the rows to the two cards; returns the labels of the rows that are there.

    `lines` are those below `Decision`; where the page is `cut`, they end the page, and the last cell is not trusted.
    """
    cells = [cell.strip() for line in lines for cell in line.text.split("\t") if cell.strip()]
    if cells[:2] == [card.name for card in cards]:
        cells = cells[2:]
    if cut:
        cells = cells[:-1]
    rows = []
    place = 0
    while place < len(cells):
        label = cells[place]
        width = _width(cells, place)
        values = cells[place + 1 : place + 1 + width]
        place += 1 + width
        if label not in ROWS:
            notes.append(f"The decision table's row {label!r} is not known and was left out.")
            continue
        rows.append(label)
        if len(values) == 2 or (cut and place >= len(cells)):
            for card, value in zip(cards, values, strict=False):
                _set_cell(card, label, value, notes)
        else:
            notes.append(f"The decision table's row {label} has {len(values)} cells and was left out.")
    return rows


def _width(cells: list[str], place: int) -> int:
    """How many cells belong to the label at `place`: two, where a label or the end follows them."""
    rest = cells[place + 1 : place + _FARTHEST]
    if len(rest) <= 2 and not any(cell in ROWS for cell in rest):
        return len(rest)
    if len(rest) == 2 or (len(rest) > 2 and rest[2] in ROWS):
        return 2
    return next((width for width, cell in enumerate(rest) if cell in ROWS), len(rest))


def _set_cell(card: Card, label: str, value: str, notes: list[str]) -> None:
    if value in DASHES:
        return
    if label == "Pricing":
        card.detail = value
    elif label == "Best for":
        card.best_for = value
    elif label == "Category":
        card.category = card.category or value
    elif not value.lower().startswith("no "):  # `No community votes yet`
        verdict = read_verdict(value)
        if verdict and label == "Panel verdict":
            card.verdict = verdict
        elif verdict and verdict[1]:
            card.votes = verdict[1]
        else:
            notes.append(f"The decision table's {label} of {card.name} ({value}) was not understood and was left out.")
