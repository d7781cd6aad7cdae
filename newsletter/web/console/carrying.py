"""What the form of an import carries from looking to doing: the files byte for byte, and which column is which."""

from __future__ import annotations

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from starlette.datastructures import FormData

from newsletter.errors import InputError
from newsletter.web.guard import UPLOAD_BYTES

MOST_COLUMNS = 60
"""Columns that a page asks about; the command line takes more."""
_LONGEST_NAME = 100


def packed(content: bytes) -> str:
    """A file as a hidden field carries it, byte for byte: browsers change the line ends of plain text."""
    return urlsafe_b64encode(zlib.compress(content, 6)).decode()


def unpacked(text: str) -> bytes:
    """The reverse of packed(), of at most UPLOAD_BYTES. Raises InputError for what it did not make."""
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(urlsafe_b64decode(text.encode()), UPLOAD_BYTES + 1)
    except (binascii.Error, UnicodeEncodeError, zlib.error):
        content = b""
    if not 0 < len(content) <= UPLOAD_BYTES:
        raise InputError("This form is not whole, so nothing was imported.", next_step="Start the import again.")
    return content


def word(form: FormData, name: str) -> str:
    """One text of a form, or nothing."""
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def file_name(given: str | None, instead: str) -> str:
    """The name of a file as its sender gave it, without folders and what cannot be shown."""
    name = "".join(one for one in (given or "").replace("\\", "/").rpartition("/")[2] if one.isprintable())
    return name[-_LONGEST_NAME:] or instead


def chosen_columns(form: FormData) -> dict[str, str]:
    """Our field → the file's column, of those that were given a field. Raises InputError where two share one."""
    chosen: dict[str, str] = {}
    for column, field in zip(map(str, form.getlist("column")), map(str, form.getlist("field")), strict=False):
        if field in chosen:
            raise InputError(
                f"The columns {chosen[field]} and {column} are both given as {field}.",
                next_step="Choose one of them.",
            )
        if field:
            chosen[field] = column
    return chosen
