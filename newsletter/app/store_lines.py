"""The lines of a whole store as they are read: each is checked, and the last says whether all of them came."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from newsletter.errors import InputError

VERSION = 1
"""Of this form."""
SIGN = "newsletter_store"
"""The key of the first line by which it is known."""
BYTES = "base64"
"""The key of an object that stands for bytes."""
AT_ONCE = 2000
"""Rows."""

_HAS_BYTES = b'{"base64":'
_LONGEST_HEAD = 1 << 16


class StoreReading:
    """The lines of a file, checked as they are read."""

    def __init__(self, name: str, source: BinaryIO) -> None:
        self._name = name
        self._source = source
        self._line = 0
        self._digest = sha256()
        self.counts: dict[str, int] = {}
        """Table → rows read so far."""

    def wrong(self, what: str) -> InputError:
        return InputError(
            f"{self._name}, line {self._line}: {what}. Nothing was imported.",
            next_step="Take the file anew with `newsletter store export`.",
        )

    def head(self, schema: str, tables: Collection[str]) -> dict[str, Any]:
        """The first line. Raises InputError where this store cannot take what follows."""
        line = self._source.readline(_LONGEST_HEAD)
        self._line = 1
        self._digest.update(line)
        head = self._parsed(line) if line.startswith(b"{") else None
        if not isinstance(head, dict) or SIGN not in head:
            raise InputError(
                f"{self._name} is no export of a whole store.", next_step="It is made by `newsletter store export`."
            )
        if head[SIGN] != VERSION or head.get("schema") != schema:
            raise InputError(
                f"{self._name} was written by another version of this program"
                f" (schema {str(head.get('schema'))[:80]}; this one has {schema}).",
                next_step="Import it with that version; the newer one brings the database up to date when it opens it.",
            )
        rows = head.get("rows")
        if not isinstance(rows, dict) or rows.keys() != set(tables) or {*map(type, rows.values())} != {int}:
            raise self.wrong("it names other tables than this store has")
        return {"rows": rows, "written_at": str(head.get("written_at"))}

    def chunks(self) -> Iterator[tuple[str, tuple[str, ...], list[list[Any]]]]:
        """(table, columns, rows), a few thousand rows at a time, up to the last line."""
        table, columns, rows = "", tuple[str, ...](), list[list[Any]]()
        for line in self._source:
            self._line += 1
            found = self._parsed(line)
            if isinstance(found, list):
                if not table or len(found) != len(columns):
                    raise self.wrong("a row without its table, or with other columns than its table")
                rows.append([_plain(value) for value in found] if _HAS_BYTES in line else found)
            if rows and (len(rows) == AT_ONCE or isinstance(found, dict)):
                self.counts[table] += len(rows)
                yield table, columns, rows
                rows = []
            if isinstance(found, dict):
                if "sha256" in found:
                    self._end(found)
                    return
                table, columns = self._table(found)
            elif not isinstance(found, list):
                raise self.wrong("it is neither a row nor the beginning of a table")
            self._digest.update(line)
        raise self.wrong("the file ends here, before its last line: it was cut off")

    def _table(self, found: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
        name, columns = found.get("table"), found.get("columns")
        if not isinstance(name, str) or not isinstance(columns, list) or name in self.counts:
            raise self.wrong("it is neither a row nor the beginning of a table")
        self.counts[name] = 0
        return name, tuple(map(str, columns))

    def _end(self, found: dict[str, Any]) -> None:
        if found["sha256"] != self._digest.hexdigest() or found.get("rows") != sum(self.counts.values()):
            raise self.wrong("the file is not what was written: its sum does not match")
        if self._source.readline():
            raise self.wrong("something follows the last line")

    def _parsed(self, line: bytes) -> object:
        try:
            return json.loads(line.decode())
        except (ValueError, RecursionError):
            raise self.wrong("it is no whole line of JSON") from None


def _plain(value: object) -> object:
    if isinstance(value, dict):
        try:
            return base64.b64decode(value[BYTES], validate=True)
        except (KeyError, TypeError, binascii.Error) as error:
            raise ValueError("something that is no value of a table") from error
    return value
