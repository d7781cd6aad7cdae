"""Who holds a claim, and whether that process is still alive.

An owner holds an operating-system lock on a file beside the database for as long as it lives; when the process dies,
in whatever way, the lock is free. Owners on other machines cannot be asked: their leases run out.
"""

from __future__ import annotations

import platform
import threading
import uuid
from pathlib import Path

from filelock import FileLock, Timeout


class Owners:
    """Owner ids of this process, and the knowledge of others'."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host = platform.node() or "localhost"
        self._held: dict[str, FileLock] = {}
        self._mutex = threading.Lock()

    def enter(self) -> str:
        """A new owner id, alive until leave() or the end of this process."""
        owner = f"{self._host}/{uuid.uuid4().hex}"
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock(owner)
        lock.acquire(timeout=0)
        with self._mutex:
            self._held[owner] = lock
        return owner

    def leave(self, owner: str) -> None:
        """This owner claims nothing any more."""
        with self._mutex:
            lock = self._held.pop(owner, None)
        if lock:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def is_dead(self, owner: str) -> bool:
        """True only where it surely is: an owner of this machine that holds its lock no more."""
        if owner in self._held or not owner.startswith(f"{self._host}/"):
            return False
        path = self._path(owner)
        if not path.exists():
            return True
        lock = self._lock(owner)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        path.unlink(missing_ok=True)
        return True

    def close(self) -> None:
        """Leave with every owner of this process."""
        for owner in list(self._held):
            self.leave(owner)

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner.rpartition('/')[2]}.lock"

    def _lock(self, owner: str) -> FileLock:
        return FileLock(self._path(owner), thread_local=False)
