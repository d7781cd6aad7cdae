"""Bytes with holes: everything equal for all readers is encoded once, and one join makes a reader's copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Template:
    """Literal bytes with named holes between them."""

    def __init__(self, pieces: Iterable[bytes | str]) -> None:
        """`pieces` in order: bytes stand as they are, a str names a hole."""
        self._parts: list[bytes] = [b""]
        holes: list[str] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                self._parts[-1] += piece
            else:
                holes.append(piece)
                self._parts += [b"", b""]
        self._holes = tuple(holes)

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """One copy; KeyError where a hole has no value."""
        parts = self._parts.copy()
        parts[1::2] = [values[name] for name in self._holes]  # between two holes stands one literal, perhaps empty
        return b"".join(parts)
