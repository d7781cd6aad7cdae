"""The upper half of a saved comparison page: its title and the two cards.

A card reads, line by line: a monogram, category, name, tagline, label, share, `Panel ship`, the readers' vote,
`Community`, entry price, `Entry`, description. Names stand in the title, too, and that tells them from all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from newsletter.comparisons.model import Label
from newsletter.comparisons.page_parts import DASHES, Card, Counts, Line

PANEL, COMMUNITY, ENTRY = "Panel ship", "Community", "Entry"
_MOST_SPLITS = 12
"""Ways to read a title that are tried; names that hold more than a few `vs` are not names."""

_SHARE = re.compile(r"(\d{1,3})\s?%")
_VERDICT = re.compile(r"(Ship|Mixed|Skip)(?:\s*[·•]\s*(\d{1,9}) ship\s*/\s*(\d{1,9}) skip)?", re.IGNORECASE)
_LABELS = {str(label).lower(): label for label in Label}


def read_cards(title: str, body: Sequence[Line], notes: list[str]) -> list[Card]:
    """The cards of the two tools that `title` names, in page order; fewer where the page does not have them.

    `body` goes from the title to the decision table or scorecard. Where names contain `vs`, the title can be split in
    several ways, and the way that most cards agree with is taken.
    """
    anchors = [place for place, line in enumerate(body) if line.text == PANEL]
    anchors = anchors[:2] + anchors[2:][-1:]  # a page has two; more are not worth a search
    best: list[int] = []
    names: tuple[str, str] = ("", "")
    for split in islice(_splits(title), _MOST_SPLITS):
        found = _places(split, body, anchors)
        if len(found) > len(best):
            best, names = found, split
    cards = []
    starts, categories = _card_starts(best, body)
    for index, place in enumerate(best):
        end = starts[index + 1] if index + 1 < len(best) else len(body)
        card = Card(names[index], body[place].number, category=categories[index])
        _fill(card, body[place + 1 : end], notes)
        cards.append(card)
    return cards


def _splits(title: str) -> Iterator[tuple[str, str]]:
    """Every way to read `A vs B`."""
    for found in re.finditer(r"(?=\s(vs\.?)\s)", title, re.IGNORECASE):
        left, right = title[: found.start(1)].strip(), title[found.end(1) :].strip()
        if left and right:
            yield left, right


def _places(split: tuple[str, str], body: Sequence[Line], anchors: list[int]) -> list[int]:
    """Where the names stand in their cards: two places, one where only the left card is there, or none."""
    places: list[int] = []
    for name, tried in zip(split, (anchors, anchors[::-1]), strict=True):  # the left card comes first, the right last
        start = places[0] + 1 if places else 0
        found = (_find_name(name, body, start, anchor) for anchor in [*tried, None])
        place = next((place for place in found if place is not None), None)
        if place is None:
            break
        places.append(place)
    return places


def _find_name(name: str, body: Sequence[Line], start: int, anchor: int | None) -> int | None:
    """The name's line: best just above the tagline, else nearest to the anchor; without anchor the first one."""
    if anchor is None:
        return next((place for place in range(start, len(body)) if body[place].text == name), None)
    end = anchor
    while end > start and (body[end - 1].text in DASHES or _share_or_label(body[end - 1].text)):
        end -= 1
    nearest = [end - 2, end - 1, *range(end - 3, start - 1, -1)]
    return next((place for place in nearest if start <= place < anchor and body[place].text == name), None)


def _card_starts(places: list[int], body: Sequence[Line]) -> tuple[list[int], list[str | None]]:
    """Where each card begins (at its monogram or category), and its category."""
    starts: list[int] = []
    categories: list[str | None] = []
    for place in places:
        start, category = place, None
        before = body[place - 1].text if place else ""
        if before and len(before) > 1 and _like_category(before) and (not starts or categories[0]):
            start, category = place - 1, before
        if start and len(body[start - 1].text) <= 2:
            start -= 1
        starts.append(start)
        categories.append(category)
    return starts, categories


def _like_category(text: str) -> bool:
    """A few words that are no sentence: what tells a category from the end of a description."""
    return len(text) <= 60 and text[-1] not in ".!?…:;" and text not in (PANEL, COMMUNITY, ENTRY)


def _share_or_label(text: str) -> bool:
    return bool(_SHARE.fullmatch(text)) or text.lower() in _LABELS


def _fill(card: Card, rest: Sequence[Line], notes: list[str]) -> None:
    """Read what stands below the name."""
    texts = [line.text for line in rest]
    panel = _index(texts, PANEL, 0)
    community = _index(texts, COMMUNITY, panel or 0)
    entry = _index(texts, ENTRY, community or panel or 0)
    head_end = min(place for place in (panel, community, entry, len(texts)) if place is not None)
    head = _read_panel(card, texts[:head_end])
    if head:
        card.tagline, card.reached = head[0], "tagline"
    if card.label or card.share is not None or panel is not None:
        card.reached = "panel verdict"
    if community is not None:
        card.reached = "community vote"
        _read_community(card, texts[(panel + 1 if panel is not None else head_end) : community], notes)
    if entry is None:
        card.missing = ["entry", "description"]
    else:
        card.reached = "entry"
        above = community if community is not None else panel
        price = texts[(head_end if above is None else above + 1) : entry]
        card.entry = " ".join(text for text in price if text not in DASHES) or None
        card.description = "\n\n".join(text for text in texts[entry + 1 :] if text not in DASHES) or None
        if card.description:
            card.reached = "description"
        else:
            card.missing = ["description"]


def _index(texts: list[str], text: str, start: int) -> int | None:
    return texts.index(text, start) if text in texts[start:] else None


def _read_panel(card: Card, head: list[str]) -> list[str]:
    """Take share and label off the end of the lines above `Panel ship`; returns the rest, the tagline."""
    while head:
        share, label = _SHARE.fullmatch(head[-1]), _LABELS.get(head[-1].lower())
        if share and card.share is None and card.label is None:
            card.share = int(share[1])
        elif label and card.label is None:
            card.label = label
        elif head[-1] not in DASHES:
            break
        head = head[:-1]
    return head


def _read_community(card: Card, cells: list[str], notes: list[str]) -> None:
    said = " ".join(cell for cell in cells if cell not in DASHES)
    if said and not said.lower().startswith("no "):
        verdict = read_verdict(said)
        if verdict and verdict[1]:
            card.votes = verdict[1]
        else:
            notes.append(f"The readers' votes on {card.name} ({said}) give no counts and were left out.")


def read_verdict(text: str) -> tuple[Label, Counts] | None:
    """`Ship · 3 ship / 1 skip` → label and counts; counts None where only the label is there, or all are 0."""
    found = _VERDICT.fullmatch(text)
    if not found:
        return None
    counts = (int(found[2]), int(found[3])) if found[2] else None
    return _LABELS[found[1].lower()], counts if counts and any(counts) else None
