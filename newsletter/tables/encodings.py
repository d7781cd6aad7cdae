"""In which encoding a file is: one pass over its bytes decides, then it is decoded as a stream."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import BinaryIO, TextIO

from newsletter.tables.table import TableError

_CHUNK = 1 << 20
_LONGEST_LINE = 4 * _CHUNK
"""Bytes, give or take a chunk. A line is read whole, so that a file without line ends would fill the memory."""
_SAMPLE = 1 << 16

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_IN_1252 = tuple(bytes([code]) for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: CSV UTF-8)."


def text_of(source: BinaryIO, name: str) -> tuple[TextIO, str]:
    """The text of a file as a stream of its lines, each with the line end it has there, and the name of its encoding.

    UTF-8 and UTF-16 with or without a mark at their start, UTF-32 with one; `windows-1252` or `iso-8859-1` is the last
    resort. `source` is read from its start, twice, and left open. Raises TableError with the line for NUL bytes, for
    text that breaks the rules of its encoding, and for a line of more than 4 MB.
    """
    decided = _decided(source, name)
    source.seek(decided.start)
    return TextIOWrapper(BufferedReader(_Lent(source), _SAMPLE), decided.encoding, newline=""), decided.encoding


@dataclass(frozen=True, slots=True)
class _Decided:
    encoding: str
    start: int
    """Bytes before the text: those of the mark."""


class _Lent(RawIOBase):
    """A file of somebody else's, which stays open when what reads it goes."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # any buffer that BufferedReader gives
        found = self._source.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _decided(source: BinaryIO, name: str) -> _Decided:
    source.seek(0)
    sample = source.read(_SAMPLE)
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            _require(source, name, _Decided(encoding, len(mark)))
            return _Decided(encoding, len(mark))
    if encoding := _wide(sample):
        _require(source, name, _Decided(encoding, 0))
        return _Decided(encoding, 0)
    return _Decided(_narrow(source, name), 0)


def _wide(sample: bytes) -> str:
    """UTF-16 without its mark: of most pairs of bytes one is zero, and always the same. Empty where it is not."""
    pairs = len(sample) // 2
    first, second = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if second * 10 >= pairs * 4 > 0 and first * 50 <= pairs:
        return "utf-16-le"
    if first * 10 >= pairs * 4 > 0 and second * 50 <= pairs:
        return "utf-16-be"
    return ""


def _narrow(source: BinaryIO, name: str) -> str:
    """UTF-8, or what a file of single bytes is in that is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, beyond_ascii, in_1252 = True, False, True
    passed, unended = 0, 0
    for chunk in _chunks(source, 0):
        if b"\0" in chunk:
            raise _nul(name, _line_at(source, "iso-8859-1", 0, passed + chunk.index(b"\0")))
        unended = 0 if b"\n" in chunk or b"\r" in chunk else unended + len(chunk)
        if unended > _LONGEST_LINE:
            raise _endless(name, _line_at(source, "iso-8859-1", 0, passed))
        if utf8:
            held = len(decoder.getstate()[0])
            try:
                beyond_ascii = not decoder.decode(chunk, final=not chunk).isascii() or beyond_ascii
            except UnicodeDecodeError as error:
                if beyond_ascii or not error.object[: error.start].isascii():
                    at = passed - held + error.start
                    raise _broken(name, _line_at(source, "iso-8859-1", 0, at), "utf-8") from None
                utf8 = False
        in_1252 = in_1252 and not any(byte in chunk for byte in _NOT_IN_1252)
        passed += len(chunk)
    return "utf-8" if utf8 else "windows-1252" if in_1252 else "iso-8859-1"


def _require(source: BinaryIO, name: str, decided: _Decided) -> None:
    """Go through a file that tells what it is in. Raises TableError with the first line that is not."""
    encoding, start = decided.encoding, decided.start
    decoder = codecs.getincrementaldecoder(encoding)()
    passed, unended = 0, 0
    for chunk in _chunks(source, start):
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            readable = passed + len(error.object[: error.start].decode(encoding, "ignore"))
            raise _broken(name, _line_at(source, encoding, start, readable), encoding) from None
        if "\0" in text:
            raise _nul(name, _line_at(source, encoding, start, passed + text.index("\0")))
        unended = 0 if "\n" in text or "\r" in text else unended + len(text)
        if unended > _LONGEST_LINE:
            raise _endless(name, _line_at(source, encoding, start, passed))
        passed += len(text)


def _chunks(source: BinaryIO, start: int) -> Iterator[bytes]:
    """The bytes from `start`, and nothing as the last of them."""
    source.seek(start)
    while chunk := source.read(_CHUNK):
        yield chunk
    yield b""


def _line_at(source: BinaryIO, encoding: str, start: int, place: int) -> int:
    """The line of the character `place` after `start`. Lines end with LF, CR or CR LF, as everywhere in this room."""
    source.seek(start)
    text = TextIOWrapper(BufferedReader(_Lent(source)), encoding, "replace", newline="")
    line, left, last = 1, place, ""
    while left > 0 and (piece := text.read(min(left, _CHUNK))):
        left -= len(piece)
        split = last == "\r" and piece.startswith("\n")
        line += piece.count("\n") + piece.count("\r") - piece.count("\r\n") - split
        last = piece[-1]
    return line


def _nul(name: str, line: int) -> TableError:
    return TableError(name, line, "There is a NUL byte, so this is not text, or is damaged.", _SAVE_AS_UTF8)


def _endless(name: str, line: int) -> TableError:
    return TableError(name, line, "The line that begins here is longer than 4 MB.", "Export the file again.")


def _broken(name: str, line: int, encoding: str) -> TableError:
    return TableError(name, line, f"The file is {encoding.upper()}, but this line is not.", _SAVE_AS_UTF8)
