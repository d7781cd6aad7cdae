"""`newsletter tools …`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.face import Face, common, counted, safe, table

if TYPE_CHECKING:
    from rich.console import Console


@click.group("tools")
def tools() -> None:
    """The slugs of tools: give one another, list those that lead elsewhere."""


@tools.command("rename")
@click.argument("old")
@click.argument("new")
@click.option("--dry-run", is_flag=True, help="Say what it would move, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def rename(face: Face, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Call the tool OLD from now on NEW. Its page, votes and bookmarks follow; old addresses lead to the new one."""
    from newsletter.app.rename_tool import propose_rename, rename_tool

    plan = propose_rename(face.app, old, new)
    moved = (
        f"{counted(plan.use.comparisons, 'comparison')}, {counted(plan.use.votes, 'vote')} of readers and"
        f" {counted(plan.use.saved, 'saved list')}"
    )
    if not dry_run:
        face.ask(f"{old} becomes {new}, with {moved}. Go on?", yes=yes)
        rename_tool(face.app, old, new, by="command line", via="command line")
    face.answer(
        {"applied": not dry_run, "rename": plan},
        lambda console: console.print(
            f"{old} {'would become' if dry_run else 'is now'} {new}, with {moved}. /tools/{old} leads there."
        ),
    )


@tools.command("renamed")
@common
def renamed(face: Face) -> None:
    """Every slug that leads to another one."""
    from newsletter.app.rename_tool import renamed_tools

    found = renamed_tools(face.app)

    def draw(console: Console) -> None:
        rows = table("old", "now", "since", "by")
        for one in found:
            rows.add_row(safe(one.old), safe(one.new), f"{one.at:%Y-%m-%d}", safe(one.by))
        console.print(rows if found else "No tool was renamed.")

    face.answer(found, draw)
