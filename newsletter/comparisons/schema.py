"""The JSON Schema of the comparison document; docs/comparison.schema.json holds the same for editors."""

from __future__ import annotations

from typing import Any

from newsletter.comparisons.fields import DATE_PATTERN, MAX_URL, MAX_VOTES, URL_PATTERN

_TEXT = {"type": "string", "pattern": r"\S"}
_LINE = {"type": "string", "pattern": r"^\s*\S[^\n]*\s*$"}
_SLUG = {"type": "string", "pattern": r"^\S+$"}
_URL = {"type": "string", "pattern": f"^{URL_PATTERN}$", "maxLength": MAX_URL}
_SCORE = {"type": "integer", "minimum": 0, "maximum": 100}
_VOTES = {"type": "integer", "minimum": 0, "maximum": MAX_VOTES}
_TOGETHER = {"ship": ["skip"], "skip": ["ship"]}


def _mapping(properties: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        **more,
        "properties": properties,
    }


def _said(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, **schema}


_REVIEW = _mapping(
    {
        "reviewer": _said(_LINE, "Who judged: Builder, Skeptic …; absent where nobody is named."),
        "score": _said(_SCORE, "0 to 100."),
        "verdict": {"description": "The reviewer's verdict.", "enum": ["ship", "skip"]},
        "text": _said(_TEXT, "What the reviewer says, as plain text."),
    },
    "One reviewer on one tool. Any of the four may be unknown, not all.",
)

_PANEL = _mapping(
    {
        "share": _said(_SCORE, "Ship votes in per cent of all."),
        "ship": _said(_VOTES, "Ship votes."),
        "skip": _said(_VOTES, "Skip votes."),
        "label": {"description": "Ship above half, Mixed at half, Skip below.", "enum": ["Ship", "Mixed", "Skip"]},
    },
    "The panel's verdict. Follows from reviews that all have verdicts, and must not contradict them.",
    dependentRequired=_TOGETHER,
)

_SIDE = _mapping(
    {
        "name": _said(_LINE, "The name of the tool, as it is written."),
        "slug": _said(_SLUG, "Names the tool across comparisons; made of the name where absent."),
        "url": _said(_URL, "Where the tool lives."),
        "category": _LINE,
        "tagline": _LINE,
        "description": _said(_TEXT, "Plain text; paragraphs are parted by an empty line."),
        "pricing": _mapping(
            {"entry": _said(_LINE, "One word: Free, Freemium, Paid …"), "detail": _said(_TEXT, "Free text.")},
            "What it costs.",
        ),
        "best_for": _LINE,
        "panel": _PANEL,
        "community": _mapping(
            {"ship": _VOTES, "skip": _VOTES}, "Readers' votes; absent until there are some.", required=["ship", "skip"]
        ),
        "reviews": {"type": "array", "minItems": 1, "items": _REVIEW},
    },
    "One tool, as this comparison tells it.",
    required=["name"],
)

DOCUMENT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Comparison",
    **_mapping(
        {
            "slug": _said(_SLUG, "Names the comparison; made of the unordered pair of tool slugs where absent."),
            "published_on": {
                "description": "The day it was published, like 2026-11-18; the day it is first seen where absent.",
                "type": "string",
                "format": "date",
                "pattern": f"^{DATE_PATTERN}$",
            },
            "url": _said(_URL, "The comparison's own page."),
            "sides": {
                "description": "Left and right.",
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": _SIDE,
            },
        },
        "Two tools side by side, each judged ship or skip by a panel.",
        required=["sides"],
    ),
}
"""JSON Schema draft 2020-12 of one comparison document. What it cannot say (contradictions) the import checks."""
