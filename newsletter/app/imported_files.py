"""Files that were applied before, known again by their content, whatever they are called now."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import BinaryIO, Literal

from newsletter.app.container import App
from newsletter.store.import_runs import ImportRun

_PIECE = 1 << 20

What = Literal["subscribers", "comparisons"]


def content_of(source: BinaryIO) -> str:
    """What a file is known by: the SHA-256 of all its bytes, in hex. It is at its beginning afterwards."""
    digest = sha256()
    source.seek(0)
    while piece := source.read(_PIECE):
        digest.update(piece)
    source.seek(0)
    return digest.hexdigest()


def recognise(app: App, kind: What, sha256: str) -> ImportRun | None:
    """When, by whom and under which name a file of these bytes was applied last; None where it never was. `sha256`:
    hex.
    """
    return app.store.import_runs.newest(kind, sha256)


def remember(
    app: App, kind: What, sha256: str, name: str, counts: Mapping[str, int], *, operator: str, via: str
) -> None:
    """Note that a file was applied; in the transaction that does it. `via`: console, api, command line."""
    app.store.import_runs.add(ImportRun(kind, sha256, name, app.now(), operator, via, counts))


def in_words(app: App, run: ImportRun) -> str:
    """`This file was imported on 21 November 2026 at 09:30 by ada@example.org, as people.csv.`"""
    at = run.at.astimezone(app.settings.zone)
    who = f"by {run.operator}" if run.operator != run.via else f"from the {run.via}"
    return f"This file was imported on {at.day} {at:%B %Y} at {at:%H:%M} {who}, as {run.name}."
