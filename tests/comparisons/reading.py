"""A saved page, read as one comparison, or as what is wrong with it."""

from __future__ import annotations

from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.model import Comparison


def read(text: str, partial: bool = False) -> Comparison:
    parsed = parse_source(text, "page.txt", partial=partial)
    assert parsed.rejects == ()
    (located,) = parsed.located
    return located.comparison


def reasons(text: str, partial: bool = False) -> list[str]:
    parsed = parse_source(text, "page.txt", partial=partial)
    assert not parsed.located
    return [reject.reason for reject in parsed.rejects]


def notes(text: str, partial: bool = False) -> tuple[str, ...]:
    (located,) = parse_source(text, "page.txt", partial=partial).located
    return located.notes


def swap(page: str, *pairs: tuple[str, str]) -> str:
    """The page with each text replaced; each must be there."""
    for before, after in pairs:
        assert before in page
        page = page.replace(before, after)
    return page
