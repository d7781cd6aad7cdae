"""The decision table of a saved comparison page: per row a label, the left cell and the right cell, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from newsletter.comparisons.page_cards import read_verdict
from newsletter.comparisons.page_parts import DASHES, Card, Line

ROWS = ("Panel verdict", "Community", "Pricing", "Best for", "Category")


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
    for label, values in _rows(cells, cut):
        if label not in ROWS:
            notes.append(f"The decision table's row {label!r} is not known and was left out.")
        elif len(values) != len(cards) and not cut:
            notes.append(f"The decision table's row {label!r} has not one cell per tool and was left out.")
        else:
            rows.append(label)
            for card, value in zip(cards, values, strict=False):
                _set_cell(card, label, value, notes)
    return rows


def _rows(cells: list[str], cut: bool) -> list[tuple[str, list[str]]]:
    """Label and cells of each row: three lines a row if that puts every known label first, else from label to label."""
    threes = [(cells[place], cells[place + 1 : place + 3]) for place in range(0, len(cells), 3)]
    if (len(cells) % 3 == 0 or cut) and set(ROWS) & set(cells) <= {label for label, _ in threes}:
        return threes
    places = [place for place, cell in enumerate(cells) if cell in ROWS]
    return [(cells[start], cells[start + 1 : end]) for start, end in pairwise([*places, len(cells)])]


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
