"""What the tests of comparisons share."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def schema_file() -> dict[str, Any]:
    """The schema as it is published in the documentation."""
    loaded: dict[str, Any] = json.loads((ROOT / "docs" / "comparison.schema.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def named_page() -> str:
    """A page that names its reviewers."""
    return (ROOT / "tests" / "pages" / "named.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def quoted_page() -> str:
    """A page with quotes only."""
    return (ROOT / "tests" / "pages" / "quoted.txt").read_text(encoding="utf-8")
