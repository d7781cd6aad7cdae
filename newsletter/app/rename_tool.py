"""Another slug for a tool: its page, votes and bookmarks follow it, and every old address leads to the new one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.app.container import App
from newsletter.app.record import note
from newsletter.errors import InputError, NotFoundError, TransitionError
from newsletter.store.tools import Renamed, ToolUse

_SLUG = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Rename:
    """What renaming a tool moves."""

    old: str
    new: str
    use: ToolUse


def current_slug(app: App, slug: str) -> str:
    """What the tool is called now that once had this slug; the slug itself where it was never renamed."""
    return app.store.tools.current(slug)


def renamed_tools(app: App) -> list[Renamed]:
    """Every old slug, the newest first."""
    return app.store.tools.renamed()


def use_of_tool(app: App, slug: str) -> ToolUse:
    """What is kept by it. Raises NotFoundError for a tool that no comparison has."""
    use = app.store.tools.use(slug)
    if use.comparisons:
        return use
    now = app.store.tools.current(slug)
    step = f"It is called {now} now." if now != slug else "`newsletter comparisons show` tells the slugs."
    raise NotFoundError(f"No comparison has a tool {slug}.", next_step=step)


def propose_rename(app: App, old: str, new: str) -> Rename:
    """What it would move; nothing is changed. Raises as rename_tool()."""
    tools, use = app.store.tools, use_of_tool(app, old)
    if len(new) > _LONGEST or not _SLUG.fullmatch(new) or new != new.casefold():
        raise InputError(f"{new[:80]!r} is no slug.", next_step="Use small letters and digits, with single hyphens.")
    if new == old:
        raise InputError(f"{old} is its slug already.")
    if tools.is_used(new):
        raise InputError(
            f"{new} is another tool, and the votes of two tools cannot be put together.", next_step="Give another slug."
        )
    if ways := tools.issues_on_their_way(old):
        raise TransitionError(
            f"Issue {ways[0]} is on its way to readers with it.", next_step="Wait until it is sent.", permanent=False
        )
    return Rename(old, new, use)


def rename_tool(app: App, old: str, new: str, *, by: str, via: str) -> Rename:
    """Rename it, and record that; another rename takes it back.

    Raises NotFoundError for a tool that no comparison has, InputError for what is no slug or another tool's, and
    TransitionError while an issue with it is on its way.
    """
    with app.store.transaction():
        done = propose_rename(app, old, new)
        app.store.tools.rename(old, new, app.now(), by)
        note(app, by, "renamed the tool", subject=f"tool {new}", detail=f"was {old}", via=via)
    return done
