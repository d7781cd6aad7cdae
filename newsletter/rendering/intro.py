"""The intro of an issue: a little Markdown, read into a tree that the templates print. No HTML comes out of here.

Paragraphs, *emphasis*, **strong**, [words](address), lists and line breaks are known; whatever else stands there stays
the text it is, and so does a link that leads anywhere but to http, https or mailto. An intro without any of these signs
reads as it did when intros were plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.rules_inline import StateInline, link
from markdown_it.token import Token

from newsletter.errors import InputError
from newsletter.rendering.links import inert_address, web_address
from newsletter.rendering.words import CONTROLS, one_line

_DEEPEST = 3
"""Lists in lists; what is deeper stays text."""
_MAILBOX = re.compile(r"mailto:([^\s@?%\\\"<>^`|]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+)(\?[!-~]*)?")
_MARK = "\u200e"
_CONTROLS = {code: sign for code, sign in CONTROLS.items() if code != 10}


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one look."""

    text: str
    strong: bool = False
    emphasised: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Words that belong together: those of one link, or what stands between links."""

    runs: tuple[Run, ...]
    url: str = ""
    """Empty for what is no link."""

    @property
    def words(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def plain(self) -> str:
        """`words (address)`; the address alone where the words are the same."""
        words = self.words
        address = self.url.removeprefix("mailto:").partition("?")[0] if self.url.startswith("mailto:") else self.url
        return words if words.strip() in ("", address) or not address else f"{words} ({address})"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Its lines; each but the last ends at a line break that was asked for."""

    lines: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; `start` is the number of its first item, None where items have a dash."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]


Block: TypeAlias = "Paragraph | Listing"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the text part, still to be wrapped: `first` stands before it, `indent` before what it goes on in."""

    words: str
    first: str = ""
    indent: str = ""


@lru_cache(maxsize=16)  # one view prints it in several places
def read_intro(text: str) -> tuple[Block, ...]:
    """The blocks of `text`, which may be empty. Never fails: all text is some Markdown."""
    return tuple(_blocks(iter(_READER.parse(text.replace("\r\n", "\n").translate(_CONTROLS)))))


def links_in(text: str) -> list[Span]:
    """Its links, in their order."""
    return [span for block in read_intro(text) for span in _spans(block) if span.url]


def _spans(block: Block) -> Iterator[Span]:
    if isinstance(block, Paragraph):
        yield from (span for line in block.lines for span in line)
    else:
        yield from (span for item in block.items for one in item for span in _spans(one))


def rows(blocks: Sequence[Block]) -> list[Row]:
    """The text part of it; an empty row stands between blocks and after the last."""
    return [row for block in blocks for row in (*_rows(block), Row(""))]


def _rows(block: Block) -> Iterator[Row]:
    if isinstance(block, Paragraph):
        yield from (Row("".join(span.plain for span in line)) for line in block.lines)
        return
    for number, item in enumerate(block.items, block.start or 0):
        mark = "- " if block.start is None else f"{number}. "
        indent = " " * len(mark)
        inside = [row for one in item for row in _rows(one)] or [Row("")]
        for place, row in enumerate(inside):
            yield Row(row.words, (indent if place else mark) + row.first, indent + row.indent)


def _blocks(tokens: Iterator[Token]) -> Iterator[Block]:
    """Up to the end of the list's item that they stand in, or of the text."""
    for token in tokens:
        if token.type == "inline":
            if lines := tuple(filter(None, map(_line, _lines(token.children or ())))):
                yield Paragraph(lines)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            start = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None
            yield Listing(start, tuple(_items(tokens)))
        elif token.type == "list_item_close":
            return


def _items(tokens: Iterator[Token]) -> Iterator[tuple[Block, ...]]:
    for token in tokens:
        if token.type == "list_item_open":
            yield tuple(_blocks(tokens))
        else:
            return


def _lines(tokens: Sequence[Token]) -> list[list[tuple[str, Run]]]:
    """(address of the link it is in, words), line by line."""
    lines: list[list[tuple[str, Run]]] = [[]]
    strong = emphasised = 0
    url, words = "", False
    for token in tokens:
        said = {"text": token.content, "softbreak": " "}.get(token.type, "")
        if token.type == "link_open":
            url, words = _address(str(token.attrs["href"])) or "", False
        elif token.type == "link_close" and not words:
            said = url  # a link nobody could see
        elif token.type == "hardbreak":
            lines.append([])
        strong += {"strong_open": 1, "strong_close": -1}.get(token.type, 0)
        emphasised += {"em_open": 1, "em_close": -1}.get(token.type, 0)
        words = words or bool(said.strip())
        if said:
            lines[-1].append((url, Run(said, strong > 0, emphasised > 0)))
        url = "" if token.type == "link_close" else url
    return lines


def _line(pieces: Sequence[tuple[str, Run]]) -> tuple[Span, ...]:
    """White space collapses, as in one_line(), across the pieces; whatever has no words is gone."""
    whole = "".join(run.text for _, run in pieces)
    end = one_line(whole)[-1:] if one_line(whole).endswith(_MARK) and not whole.endswith(_MARK) else ""
    kept: list[tuple[str, Run]] = []
    for (url, look), group in groupby(pieces, key=lambda piece: (piece[0], replace(piece[1], text=""))):
        text = re.sub(r"\s+", " ", "".join(run.text for _, run in group))
        if not kept or kept[-1][1].text.endswith(" "):
            text = text.removeprefix(" ")
        if text:
            kept.append((url, replace(look, text=text)))
    while kept and not (text := kept[-1][1].text.rstrip(" ")):
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0], replace(kept[-1][1], text=text + end))
    return tuple(Span(tuple(run for _, run in group), url) for url, group in groupby(kept, key=itemgetter(0)))


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return state.level < 2 * _DEEPEST and list_block(state, start, end, silent)


def _link(state: StateInline, silent: bool) -> bool:
    """No picture becomes a link to it."""
    return state.src[max(state.pos - 1, 0)] != "!" and link(state, silent)


def _address(url: str) -> str | None:
    if _MAILBOX.fullmatch(url):
        return inert_address(url)
    try:
        return web_address(url)
    except InputError:
        return None


class _Reader(MarkdownIt):
    """Knows what is named above, and nothing else: all rules are off but these."""

    def __init__(self) -> None:
        super().__init__("zero", {"html": False, "maxNesting": 100})
        self.enable(["list", "emphasis", "link", "newline", "escape"])
        self.block.ruler.at("list", _list, {"alt": ["paragraph"]})
        self.inline.ruler.at("link", _link)

    def validateLink(self, url: str) -> bool:
        return _address(url) is not None


_READER = _Reader()
