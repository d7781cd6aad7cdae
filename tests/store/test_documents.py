"""Stored documents: read once, and never taken for one another."""

from __future__ import annotations

import json

from newsletter.store.documents import comparison_of


def test_a_text_is_read_once_and_another_text_anew():
    document = {"slug": "a-vs-b", "sides": [{"name": "A", "slug": "a"}, {"name": "B", "slug": "b"}]}
    text = json.dumps(document)
    assert comparison_of(text) is comparison_of(json.dumps(document))
    revised = comparison_of(text.replace('"name": "B"', '"name": "B", "tagline": "New"'))
    assert (comparison_of(text).sides[1].tagline, revised.sides[1].tagline) == (None, "New")
