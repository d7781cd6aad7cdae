"""A sample week, all of it invented: comparisons.yaml and subscribers.csv."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def sample_path(name: str) -> Path:
    """The file of that name in this package. Raises FileNotFoundError where there is none."""
    path = Path(str(files(__name__).joinpath(name)))
    if not path.is_file():
        raise FileNotFoundError(f"There is no sample file {name!r}.")
    return path
