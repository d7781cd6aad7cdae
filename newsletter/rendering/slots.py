"""What differs in an issue from reader to reader; nothing else does. personalise.py fills it in."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from functools import lru_cache

from newsletter.issues import IssueContent
from newsletter.rendering.context import day_in_words

READER_SLOTS = frozenset({"unsubscribe_url", "preferences_url", "reader", "since"})
"""Of every issue and correction. `reader` is the token by which the other links of a reader are made."""
ADDRESS_SLOTS = frozenset({"unsubscribe_url", "preferences_url"})
"""Those of them that are a whole address."""
SAVED = " (you saved this)"
"""Stands behind the name of a tool that this reader saved; behind any other stands nothing."""

_LONG_TOKEN = f"{10**5}.{10**9}.{'x' * 22}"
_LONG_DAY = date(2026, 9, 30)


def issue_tools(content: IssueContent) -> tuple[str, ...]:
    """The slugs of an issue's tools, each once, in their order: their places name their slots."""
    return tuple(dict.fromkeys(side.slug for item in content.items for side in item.comparison.sides))


@lru_cache(maxsize=64)
def saved_slots(tools: tuple[str, ...]) -> dict[str, str]:
    """Tool slug → the name of its slot: `saved_1` and so on, since a slug may hold letters of any script."""
    return {tool: f"saved_{number}" for number, tool in enumerate(tools, 1)}


def issue_slots(tools: tuple[str, ...]) -> frozenset[str]:
    """The names of all slots of an issue with these tools; of a correction, which has none."""
    return READER_SLOTS | frozenset(saved_slots(tools).values())


def reader_slots(
    site_url: str, token: str, since: date | None, tools: tuple[str, ...] = (), saved: Container[str] = ()
) -> dict[str, str]:
    """A value for every slot of issue_slots(tools). `saved`: the slugs that this reader saved.

    `since`: the local date of this reader's consent; None stands for nobody's, as in a test or a preview.
    """
    said = f"since {day_in_words(since)}" if since else "since the day you confirmed"
    values = {
        "unsubscribe_url": f"{site_url}/unsubscribe/{token}",
        "preferences_url": f"{site_url}/preferences/{token}",
        "reader": token,
        "since": said,
    }
    for tool, name in saved_slots(tools).items():
        values[name] = SAVED if tool in saved else ""
    return values


def longest_slots(site_url: str, tools: tuple[str, ...]) -> dict[str, str]:
    """Values as long as they come: those of a late reader of a late issue, who saved every tool."""
    return reader_slots(site_url, _LONG_TOKEN, _LONG_DAY, tools, tools)
