"""Excel workbooks (.xlsx): the first visible sheet, read by python-calamine, of a size that fits in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from newsletter.tables.table import MAX_CELL, MAX_COLUMNS, Table, TableError, TableRow, header_of, too_long, too_wide

MAX_BYTES = 20_000_000
MAX_UNPACKED = 200_000_000
"""Bytes of all parts that are read, unpacked."""
MAX_CELLS = 10_000_000
"""Cells of the rectangle that holds a sheet: calamine sets aside 32 bytes for each, used or not."""

_SAVE_AS_CSV = "Save it as CSV."
_BOOK = "xl/workbook.xml"
_READ = re.compile(r"(\[Content_Types\]|_rels/.*|xl/(?!media/|drawings/|charts/|theme/|embeddings/).*)\.(xml|rels)")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]*)["']""")

_Value = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(source: BinaryIO, name: str) -> Table:
    """The table of the first visible sheet. Raises TableError for what is no workbook, too large, or damaged."""
    source.seek(0, 2)
    if source.tell() > MAX_BYTES:
        raise TableError(name, 1, f"The workbook is larger than {MAX_BYTES // 1_000_000} MB.", _SAVE_AS_CSV, unit="")
    rows = _numbered(_first_sheet(_repacked(source, name), name))
    first = next(rows, None)
    if first is None:
        raise TableError(
            name, 1, "The first visible sheet is empty.", "Put the table there, or save it as CSV.", unit=""
        )
    line, cells = first
    header = header_of(name, line, cells, unit="row")
    return Table(header, _rows(rows, name, len(header)), "xlsx", "", line)


def _numbered(rows: Iterable[list[_Value]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows that hold something, each up to its last cell that does, with their numbers in the sheet."""
    for number, values in enumerate(rows, 1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, tuple(cells)


def _rows(rows: Iterable[tuple[int, tuple[str, ...]]], name: str, width: int) -> Iterator[TableRow]:
    for number, cells in rows:
        if len(cells) > MAX_COLUMNS:
            raise TableError(name, number, *too_wide(len(cells)), unit="row")
        if max(map(len, cells)) > MAX_CELL:
            raise TableError(name, number, *too_long(), unit="row")
        yield TableRow(number, cells + ("",) * (width - len(cells)))


def _text(value: _Value) -> str:
    """A value as it would stand in a CSV file: dates and times in ISO form, whole numbers without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


def _repacked(source: BinaryIO, name: str) -> BytesIO:
    """The parts that hold the table, unpacked and measured. Only what was measured is given on: a zip directory can lie
    about sizes, and one cell in the last row and column of a sheet would take half a terabyte.
    """
    try:
        with ZipFile(source) as given:
            parts = given.namelist()
            if _BOOK not in parts:
                raise TableError(name, 1, *_no_workbook(given, parts), unit="")
            wanted = [part for part in given.infolist() if _READ.fullmatch(part.filename)]
            if sum(part.file_size for part in wanted) > MAX_UNPACKED:
                reason = f"The workbook unpacks to more than {MAX_UNPACKED // 1_000_000} MB."
                raise TableError(name, 1, reason, _SAVE_AS_CSV, unit="")
            kept = BytesIO()
            with ZipFile(kept, "w") as measured:
                for part in wanted:
                    content = given.read(part)
                    _require_dense(content, name)
                    measured.writestr(part.filename, content)
    # zipfile raises all of these for what it is given; NotImplementedError is a packing that it does not know
    except (BadZipFile, ZlibError, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, KeyError) as error:
        locked = isinstance(error, RuntimeError) and "encrypted" in str(error)
        reason = "The workbook has a password." if locked else "The workbook is damaged."
        raise TableError(name, 1, reason, _SAVE_AS_CSV, unit="") from None
    kept.seek(0)
    return kept


def _no_workbook(given: ZipFile, parts: list[str]) -> tuple[str, str]:
    """Reason and fix for some other zip."""
    if "mimetype" in parts and b"opendocument" in given.read("mimetype"):
        return "This is an OpenDocument file (.ods).", _SAVE_AS_CSV
    if any(part.endswith(".iwa") or part == "Index.zip" for part in parts):
        return "This is a Numbers document.", _SAVE_AS_CSV
    if "xl/workbook.bin" in parts:
        return "This is a binary Excel workbook (.xlsb).", _SAVE_AS_CSV
    return "This is a zip archive.", "Unpack it, and import what is in it."


def _require_dense(content: bytes, name: str) -> None:
    """Refuse a sheet whose cells lie so far apart that the rectangle around them is too large."""
    columns, rows = set(), 0
    for found in _REFERENCE.finditer(content):
        columns.add(found[1])
        rows = max(rows, int(found[2][:9] or b"0"))
    if rows * max(map(_number, columns), default=0) > MAX_CELLS:
        raise TableError(name, 1, "A sheet has cells too far apart.", _SAVE_AS_CSV, unit="")


def _number(letters: bytes) -> int:
    """Of a column: A is 1, XFD 16,384."""
    number = 0
    for letter in letters.upper()[:9]:
        number = number * 26 + letter - 64
    return number


def _first_sheet(book: BytesIO, name: str) -> Iterator[list[_Value]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # 20 ms, and few need it

    try:
        with CalamineWorkbook.from_filelike(book) as opened:
            for sheet in opened.sheets_metadata:
                if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet:
                    return iter(opened.get_sheet_by_name(sheet.name).iter_rows())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # what panics in Rust is no Exception
        reason = (
            "The workbook has a password." if type(error).__name__ == "PasswordError" else "The workbook is damaged."
        )
        raise TableError(name, 1, reason, _SAVE_AS_CSV, unit="") from None
    raise TableError(name, 1, "There is no visible sheet in it.", _SAVE_AS_CSV, unit="")
