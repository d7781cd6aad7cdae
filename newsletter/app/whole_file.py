"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """What is written stands at `path` once all of it is on disk; whatever was there before stays until then, and where
    anything goes wrong. It holds personal data: nobody but this account may read it. Raises InputError.
    """
    path = path.resolve()  # a link stays one
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is no ordinary file.", next_step="Name one, or a file that does not exist yet.")
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # for this account alone
    except OSError as error:
        raise _cannot(path, error) from None
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise _cannot(path, error) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _cannot(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be written: {error.strerror}. Nothing is there that was not before.",
        next_step="See the name, who may write there, and the room on the disk.",
    )
