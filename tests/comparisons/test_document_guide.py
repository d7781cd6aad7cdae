"""The guide for people: its examples are read as they stand there, and it names every field."""

import re
from pathlib import Path

import pytest

from newsletter.comparisons.document import (
    COMMUNITY_KEYS,
    DOCUMENT_KEYS,
    PANEL_KEYS,
    PRICING_KEYS,
    REVIEW_KEYS,
    SIDE_KEYS,
)
from newsletter.comparisons.formats import parse_source, to_document
from newsletter.comparisons.model import slugify
from newsletter.comparisons.rows import FIELDS

GUIDE = (Path(__file__).parents[2] / "docs" / "comparison-document.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guide_is_read(example: str) -> None:
    parsed = parse_source(example, "example.yaml")
    assert parsed.rejects == ()
    assert len(parsed.located) == 1


def test_the_table_of_the_guide_is_read() -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", GUIDE, re.DOTALL)
    parsed = parse_source(example, "example.csv")
    assert parsed.rejects == ()
    assert [located.line for located in parsed.located] == [2, 3]


def test_the_guide_names_every_column_of_a_table() -> None:
    named = re.findall(r"`((?:left\.)?[a-z_.1]+)`", GUIDE)
    assert {name for name in FIELDS if not name.startswith("right.")} <= set(named)


def test_the_full_example_has_every_field() -> None:
    document = to_document(parse_source(EXAMPLES[1], "example.yaml").located[0].comparison)
    left = document["sides"][0]
    assert tuple(document) == DOCUMENT_KEYS
    assert tuple(left) == SIDE_KEYS
    assert tuple(left["pricing"]) == PRICING_KEYS
    assert tuple(left["panel"]) == PANEL_KEYS
    assert tuple(left["community"]) == COMMUNITY_KEYS
    assert tuple(left["reviews"][0]) == REVIEW_KEYS


def test_the_guide_names_every_key() -> None:
    for key in {*DOCUMENT_KEYS, *SIDE_KEYS, *PRICING_KEYS, *PANEL_KEYS, *COMMUNITY_KEYS, *REVIEW_KEYS}:
        assert f"`{key}`" in GUIDE


@pytest.mark.parametrize(("name", "slug"), re.findall(r"`([^`]+)`\s+becomes\s+`([^`]+)`", GUIDE))
def test_the_slugs_of_the_guide_are_the_slugs_that_are_made(name: str, slug: str) -> None:
    assert slugify(name) == slug
