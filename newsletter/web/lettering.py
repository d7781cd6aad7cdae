"""Text in pictures: which font has a letter, how wide a line is, and how a text is fitted into a box.

The fonts of the folder `fonts` (SIL Open Font License) cover Latin, Greek and Cyrillic. Other scripts are drawn with a
font of the system where one of `_SYSTEM` is installed, else as the empty box of the first font.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

FONTS = Path(__file__).parent / "fonts"
SERIF, SERIF_BOLD, SANS, SANS_BOLD, DIGITS = (
    *("Gelasio-Regular", "Gelasio-Bold", "NotoSans-Regular", "NotoSans-Bold"),
    "JetBrainsMono-Digits",
)
_SERIF_NEXT = ("Gelasio-LatinExt",)
_NEXT = ("NotoSans-LatinExt", "NotoSans-Cyrillic", "NotoSans-Greek", "NotoSansMath-Signs", "NotoSans-Regular")
_SYSTEM = ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansArabic-Regular.ttf")
_MOST_CHARACTERS = 400
"""Of one text; more is never read on a card, and measuring it would cost time."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one size in pixels."""

    lines: tuple[str, ...]
    size: int


def width_of(text: str, face: str, size: int) -> float:
    """Pixels."""
    return sum(_font(name, size).getlength(run) for name, run in _runs(text, face))


def draw_line(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, face: str, size: int, fill: str) -> float:
    """One line from `at`, (left, baseline) in pixels; returns where it ends.

    Bold text whose letters only a regular font has is drawn with a thicker pen.
    """
    left, baseline = at
    for name, run in _runs(text, face):
        font = _font(name, size)
        lacks_weight = face in (SERIF_BOLD, SANS_BOLD) and name != face
        draw.text((left, baseline), run, fill, font, anchor="ls", stroke_width=size / 36 if lacks_weight else 0)
        left += font.getlength(run)
    return left


def fit(text: str, face: str, sizes: tuple[int, ...], width: float, lines: int) -> Fitted:
    """`text` in the first of `sizes` (largest first) in which it takes at most `lines` lines of `width` pixels.

    Where none does, the last size, its last line ended at a word with `…`. Only a word wider than a line is cut.
    """
    text = " ".join(text[:_MOST_CHARACTERS].split())
    for size in sizes:
        found = _wrap(text, face, size, width)
        if len(found) <= lines and all(width_of(line, face, size) <= width for line in found):
            return Fitted(_balanced(text, face, size, width, found), size)
    size = sizes[-1]
    found = _wrap(text, face, size, width)
    kept = [_cut(line, face, size, width) for line in found[:lines]]
    if len(found) > lines and not kept[-1].endswith("…"):
        kept[-1] = _cut(f"{kept[-1]} {found[lines]}", face, size, width, more=True)
    return Fitted(tuple(kept), size)


def _wrap(text: str, face: str, size: int, width: float) -> list[str]:
    lines = [""]
    for part in _parts(text):
        longer = lines[-1] + part
        if lines[-1].strip() and width_of(longer.rstrip(), face, size) > width:
            lines.append(part)
        else:
            lines[-1] = longer
    return [line.strip() for line in lines]


def _balanced(text: str, face: str, size: int, width: float, lines: list[str]) -> tuple[str, ...]:
    """The same number of lines, as even as they can be: no single word on the last."""
    best = lines
    for share in range(95, 45, -5):
        tried = _wrap(text, face, size, width * share / 100)
        if len(tried) > len(lines) or any(width_of(line, face, size) > width for line in tried):
            break
        best = tried
    return tuple(best)


def _parts(text: str) -> Iterator[str]:
    """Words with the space after them; a wide character (Chinese, Japanese, Korean) may end a line by itself."""
    for word in re.findall(r"\S+\s*", text):
        start = 0
        for place, character in enumerate(word[:-1], 1):
            if unicodedata.east_asian_width(character) == "W" and unicodedata.category(word[place])[0] == "L":
                yield word[start:place]
                start = place
        yield word[start:]


def _cut(line: str, face: str, size: int, width: float, *, more: bool = False) -> str:
    """`line`, ended with `…` where it is too wide or `more` follows."""
    if not more and width_of(line, face, size) <= width:
        return line
    parts = list(_parts(line))
    while len(parts) > 1:
        parts.pop()
        short = "".join(parts).rstrip(" ,;:–-(") + "…"
        if width_of(short, face, size) <= width:
            return short
    end = next(end for end in range(len(line), -1, -1) if width_of(f"{line[:end]}…", face, size) <= width)
    return f"{line[:end]}…"


def _runs(text: str, face: str) -> Iterator[tuple[str, str]]:
    """(font, letters that it draws) from left to right."""
    shown = "".join(sign for sign in _visual(text) if unicodedata.category(sign) not in ("Cf", "Cc", "Cs", "Mn", "Me"))
    for name, letters in groupby(shown, lambda letter: _face_of(letter, face)):
        yield name, "".join(letters)


def _visual(text: str) -> str:
    """The letters as they stand from left to right, right-to-left words turned round. Marks join their letter (NFC)."""
    return _RIGHT_TO_LEFT.sub(lambda found: found[0][::-1], unicodedata.normalize("NFC", text))


_RIGHT = r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+"
_RIGHT_TO_LEFT = re.compile(rf"{_RIGHT}(?:\s+{_RIGHT})*")


@lru_cache(maxsize=4096)
def _face_of(letter: str, face: str) -> str:
    """The first font that has the letter; `face` itself where none has it."""
    if letter.isspace():
        return face
    chain = (face, *(_SERIF_NEXT if face in (SERIF, SERIF_BOLD) else ()), *_NEXT, *_SYSTEM)
    return next((name for name in chain if _has(name, letter)), face)


def _has(name: str, letter: str) -> bool:
    try:
        font = _font(name, 40)
    except OSError:  # a font of the system that is not installed
        return False
    return bytes(font.getmask(letter)) != bytes(font.getmask("\U0010fffe"))


@lru_cache(maxsize=128)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    path = name if "." in name else str(FONTS / f"{name}.ttf")
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
