"""Any table that people bring, told by what is in the file and not by its name."""

from __future__ import annotations

from typing import BinaryIO

from newsletter.tables.delimited import read_delimited
from newsletter.tables.encodings import text_of
from newsletter.tables.table import Table, TableError
from newsletter.tables.workbook import read_workbook

_SAVE_AS_CSV = "Save it as CSV."
_OTHERS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is an old Excel workbook, or one with a password.", _SAVE_AS_CSV),
    (b"%PDF-", "This is a PDF.", _SAVE_AS_CSV),
    (b"\x1f\x8b", "This is a compressed file.", "Unpack it, and import what is in it."),
    (b"SQLite format 3\0", "This is a database.", "Export a table of it as CSV."),
)
_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<table")


def open_table(source: BinaryIO, name: str) -> Table:
    """The table in a file: delimited text (see text_of() for the encodings), or the first visible sheet of an .xlsx.

    `source` is read from its start, more than once, must stay open while rows are read, and is left open; `name` is
    what errors call it. The memory it takes does not grow with the rows of a text. Raises TableError, naming file, line
    and reason, here or from the rows.
    """
    source.seek(0)
    start = source.read(512)
    for mark, reason, fix in _OTHERS:
        if start.startswith(mark):
            raise TableError(name, 1, reason, fix, unit="")
    if start.startswith(b"PK\x03\x04"):
        return read_workbook(source, name)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES):
        raise TableError(name, 1, "This is a web page or XML, not a table.", _SAVE_AS_CSV, unit="")
    return read_delimited(*text_of(source, name), name)
