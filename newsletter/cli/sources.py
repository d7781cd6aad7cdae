"""`newsletter sources …`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.face import Face, common, safe, table

if TYPE_CHECKING:
    from rich.console import Console


_NONE = r"No sources. Name one as \[\[sources]] in newsletter.toml: docs/sources.md."


@click.group("sources")
def sources() -> None:
    """Places that comparisons are pulled from before each draft: list them, pull now."""


@sources.command("list")
@common
def list_(face: Face) -> None:
    """Every source of the settings, and its latest pull."""
    from newsletter.app.pull_sources import list_sources, place_of

    found = list_sources(face.app)

    def draw(console: Console) -> None:
        rows = table("source", "place", "last pulled", "what came of it")
        for source, pull in found:
            when = f"{pull.at:%Y-%m-%d %H:%M} UTC" if pull else "never"
            rows.add_row(source.name, safe(place_of(source)), when, safe(pull.brought) if pull else "")
        console.print(rows if found else _NONE)

    face.answer([{"name": source.name, "place": place_of(source), "last": pull} for source, pull in found], draw)


@sources.command("pull")
@click.argument("name", required=False, default="")
@click.option("--dry-run", is_flag=True, help="Say what it would bring, and change nothing.")
@common
def pull_(face: Face, name: str, dry_run: bool) -> None:
    """Pull every source now, or the one of this NAME. Exit code 1 where one failed."""
    from newsletter.app.pull_sources import pull_sources

    found = pull_sources(face.app, name, dry_run=dry_run)

    def draw(console: Console) -> None:
        for pull in found:
            console.print(pull.in_words, markup=False)
        if dry_run:
            console.print("Nothing was changed: this was a dry run.")
        elif not found:
            console.print(_NONE)

    face.answer({"applied": not dry_run, "pulls": found}, draw)
    if any(pull.problem for pull in found):
        click.get_current_context().exit(1)
