"""One connection per thread, kept between requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerThread(Generic[T]):
    """Holds what a thread is not using just now; a connection in use is in nobody's reach."""

    def __init__(self, close: Callable[[T], None]) -> None:
        self._close = close
        self._held: dict[int, T] = {}
        self._lock = threading.Lock()

    def take(self) -> T | None:
        """This thread's, which it now owns: to keep again or to close."""
        with self._lock:
            return self._held.pop(threading.get_ident(), None)

    def keep(self, thing: T) -> None:
        """Put it back for this thread."""
        with self._lock:
            self._held[threading.get_ident()] = thing

    def close_all(self) -> None:
        """Close what is held for any thread."""
        with self._lock:
            held, self._held = self._held, {}
        for thing in held.values():
            self._close(thing)
