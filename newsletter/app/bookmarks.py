"""Tools that a reader saved for later: the list, what goes on and off it, and the list as a mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from urllib.parse import quote

from newsletter.app.container import App
from newsletter.app.mail_one import queue_mail
from newsletter.app.rename_tool import current_slug
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.model import Label
from newsletter.errors import NotFoundError, TransitionError
from newsletter.rendering.context import day_in_words
from newsletter.rendering.saved_list import SavedLine, render_saved_list
from newsletter.rendering.words import one_line

MOST_SAVED = 200
"""How many tools one list holds, here as in a browser."""


@dataclass(frozen=True, slots=True)
class SavedTool:
    """One tool of a list, and what its newest comparison says of it."""

    slug: str
    name: str
    saved_on: str
    """`16 November 2026`"""
    title: str
    """Of its newest comparison."""
    comparison: str
    """The slug of that."""
    compared_on: str
    """`16 November 2026`"""
    label: Label | None
    share: int | None
    """Ship votes in per cent, 0–100."""


def saved_slugs(app: App, reader: Subscriber | None) -> frozenset[str]:
    """The slugs of what a reader saved; none for somebody we do not know."""
    return frozenset() if reader is None else frozenset(app.store.saved.of_reader(reader.id))


def saved_tools(app: App, reader: Subscriber | None) -> list[SavedTool]:
    """What a reader saved, newest first; nothing for somebody we do not know."""
    if reader is None:
        return []
    today, found = _today(app), []
    for slug, at in app.store.saved.of_reader(reader.id).items():
        for listed in app.store.catalogue.of_tool(slug, today, limit=1):
            comparison = listed.comparison
            side = next(side for side in comparison.sides if side.slug == slug)
            found.append(
                SavedTool(
                    slug=slug,
                    name=one_line(side.name),
                    saved_on=day_in_words(at.astimezone(app.settings.zone).date()),
                    title=one_line(comparison.title),
                    comparison=comparison.slug,
                    compared_on=day_in_words(listed.listed_on),
                    label=side.panel.label if side.panel else None,
                    share=side.panel.share if side.panel else None,
                )
            )
    return found


def save_tool(app: App, reader: Subscriber, tool: str) -> None:
    """Put a tool on the reader's list; a repeat changes nothing. Raises NotFoundError for a tool that no comparison
    has, and TransitionError where the list is full.
    """
    tool = current_slug(app, tool)
    if not app.store.catalogue.has_tool(tool, _today(app)):
        raise NotFoundError("There is no such tool here.", next_step="Look for it among the comparisons.")
    _put(app, reader, [tool])


def merge_tools(app: App, reader: Subscriber, tools: Iterable[str]) -> None:
    """Put the tools that a browser kept on the reader's list; what no comparison has is left out.

    `tools`: newest first. Raises TransitionError where not all of them find room; those that do are kept.
    """
    asked = list(dict.fromkeys(current_slug(app, tool) for tool in islice(tools, 2 * MOST_SAVED)))[:MOST_SAVED]
    known = app.store.catalogue.tools(asked, _today(app))
    _put(app, reader, [tool for tool in asked if tool in known])


def remove_tool(app: App, reader: Subscriber, tool: str) -> None:
    """Take a tool off the reader's list; a repeat changes nothing."""
    app.store.saved.remove(reader.id, current_slug(app, tool))


def mail_list(app: App, reader: Subscriber) -> None:
    """Mail the list to the reader's own address, at most once a day (local date). An empty list goes to nobody, and no
    list to an address that is suppressed.
    """
    tools = saved_tools(app, reader)
    if not tools or reader.email is None or app.store.subscribers.suppression(reader.email):
        return
    site = app.settings.site_url
    lines = [
        SavedLine(
            name=tool.name,
            url=f"{site}/tools/{quote(tool.slug)}",
            label=tool.label,
            share=tool.share,
            title=tool.title,
            comparison_url=f"{site}/compare/{quote(tool.comparison)}",
            compared_on=tool.compared_on,
        )
        for tool in tools
    ]
    mail = render_saved_list(
        app.mail_templates,
        app.settings.publication,
        lines,
        list_url=f"{site}/saved/{app.signer.reader(0, reader.id)}",
    )
    key = f"saved-list/{reader.id}/{_today(app)}"
    queue_mail(app, key, "saved list", reader.email, mail, subscriber_id=reader.id)


def _put(app: App, reader: Subscriber, tools: list[str]) -> None:
    app.store.saved.put(reader.id, tools, app.now(), at_most=MOST_SAVED)
    if not saved_slugs(app, reader).issuperset(tools):
        raise TransitionError(
            f"Your list holds {MOST_SAVED} tools, and that is all it takes.", next_step="Remove some, then try again."
        )


def _today(app: App) -> date:
    return app.now().astimezone(app.settings.zone).date()
