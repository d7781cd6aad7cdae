"""Comparisons as the store holds them."""

from __future__ import annotations

import json
from functools import lru_cache

from newsletter.comparisons.formats import from_document
from newsletter.comparisons.model import Comparison


@lru_cache(maxsize=500)
def comparison_of(document: str) -> Comparison:
    """The comparison of a stored document, JSON. To read one takes most of a millisecond, and a list shows many; the
    text itself is what they are remembered by, so that none can be out of date.
    """
    return from_document(json.loads(document))
