"""A copy of the database, for keeping: it holds everything, addresses and secrets too, and who made it is recorded."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from newsletter.app.container import App
from newsletter.app.record import note
from newsletter.errors import InputError, TransitionError

_PIECE = 256 * 1024
_ONE_AT_A_TIME = threading.Lock()
"""Each copy takes as much of the disk as the database."""


def back_up(app: App, target: Path, *, by: str = "command line", via: str = "command line") -> int:
    """A consistent copy into a new file, noted as the last; its size in bytes. Raises InputError where it exists."""
    if target.exists():
        raise InputError(f"{target} exists.", next_step="Name a file that does not exist yet.")
    app.store.backup(target)
    with app.store.transaction():
        app.store.meta.backed_up_at = app.now()
        note(app, by, "made a backup", via=via)
    return target.stat().st_size


def backup_in_pieces(app: App, *, by: str, via: str) -> tuple[int, Iterator[bytes]]:
    """(size in bytes, pieces) of such a copy, of which nothing stays on this machine, however it ends. Raises
    TransitionError while another one is made, StoreError where there is no room beside the database.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise TransitionError("Another backup is being made.", next_step="Ask again in a moment.", permanent=False)
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=app.store.path.parent) as folder:
            path = Path(folder) / "copy.db"
            size = back_up(app, path, by=by, via=via)
            file = path.open("rb")  # what is open is read to its end, though its name is gone
    finally:
        _ONE_AT_A_TIME.release()
    return size, _pieces(file)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
