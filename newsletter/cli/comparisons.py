"""`newsletter comparisons …`"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from newsletter.cli.face import Face, common, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.import_comparisons import ComparisonImport


_WHO = "command line"


@click.group()
def comparisons() -> None:
    """Import, list, show, change and export comparisons."""


@comparisons.command("import")
@click.argument("sources", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Tell what would happen; change nothing.")
@click.option("--partial", is_flag=True, help="Take pages that were cut short, as far as they go.")
@click.option("--archive/--new", "archive", default=None, help="What is new is of the archive, or may be in an issue.")
@click.option("--published-on", type=click.DateTime(["%Y-%m-%d"]), help="Date for those that carry none.")
@common
def import_(
    face: Face,
    sources: tuple[str, ...],
    dry_run: bool,
    partial: bool,
    archive: bool | None,
    published_on: datetime | None,
) -> None:
    """Import documents (YAML, JSON) and saved comparison pages (text) from files, folders and patterns."""
    from newsletter.app.import_comparisons import expand_sources, import_comparisons, needs_archive_answer

    paths = expand_sources(sources)
    if archive is None and needs_archive_answer(face.app):
        archive = _ask_archive(face)
    day = published_on.date() if published_on else None
    if face.as_json or not sys.stderr.isatty() or len(paths) < 20:
        done = import_comparisons(
            face.app, paths, archived=bool(archive), published_on=day, partial=partial, dry_run=dry_run
        )
    else:
        with click.progressbar(length=len(paths), label="Reading", file=sys.stderr) as bar:
            done = import_comparisons(
                face.app,
                paths,
                archived=bool(archive),
                published_on=day,
                partial=partial,
                dry_run=dry_run,
                progress=lambda path: bar.update(1),
            )
    face.answer(
        {"applied": done.applied, "counts": done.counts, "entries": done.entries}, lambda console: _draw(console, done)
    )
    if done.counts["rejected"]:
        raise click.exceptions.Exit(1)


def _ask_archive(face: Face) -> bool:
    if face.as_json or not sys.stdin.isatty():
        raise click.UsageError(
            "This is the first import: add --archive (never sent, only shown) or --new (candidates for the next issue)."
        )
    answer = click.prompt(
        "This is the first import. Are these the archive (never sent) or new (candidates for the next issue)?",
        type=click.Choice(["archive", "new"]),
    )
    return bool(answer == "archive")


def _draw(console: Console, done: ComparisonImport) -> None:
    for entry in done.entries:
        if entry.kind == "unchanged":
            continue
        place = f"{entry.source}, line {entry.line}"
        words = " ".join(filter(None, [safe(entry.name), safe(entry.reason), safe(entry.fix)]))
        style = {"rejected": "red", "changed": "yellow", "new": "green"}[entry.kind]
        console.print(f"[{style}]{entry.kind:<9}[/] {words} [dim]({safe(place)})[/]")
    summary = ", ".join(f"{count} {kind}" for kind, count in done.counts.items())
    console.print(f"[bold]{'Imported' if done.applied else 'Dry run, nothing changed'}:[/] {summary}.")
    if done.applied and done.counts["rejected"]:
        console.print("A file with anything rejected was not applied at all; the others were.")


@comparisons.command("list")
@click.option("--search", default="", help="Only those whose title or slug holds this.")
@common
def list_(face: Face, search: str) -> None:
    """List them, newest first."""
    from newsletter.app.look_up import list_comparisons

    found = list_comparisons(face.app, search)
    document = [
        {
            "slug": stored.comparison.slug,
            "title": stored.comparison.title,
            "published_on": stored.comparison.published_on,
            "first_seen_at": stored.first_seen_at,
            "archived": stored.archived,
            "labels": stored.comparison.labels,
        }
        for stored in found
    ]

    def draw(console: Console) -> None:
        rows = table("date", "comparison", "verdicts", "slug")
        for stored in found:
            day = stored.comparison.published_on or stored.first_seen_at.date()
            verdicts = " / ".join(
                str(side.panel.label) if side.panel else "no verdict" for side in stored.comparison.sides
            )
            title = safe(stored.comparison.title) + (" [dim](archive)[/]" if stored.archived else "")
            rows.add_row(str(day), title, verdicts, safe(stored.comparison.slug))
        console.print(rows if found else "No comparisons yet. Import some: newsletter comparisons import FILE")

    face.answer(document, draw)


@comparisons.command("show")
@click.argument("slug")
@common
def show(face: Face, slug: str) -> None:
    """Show one as its document (with --json: the document that `import` reads)."""
    from newsletter.app.compose_issue import find_comparison
    from newsletter.app.look_up import revisions_of
    from newsletter.comparisons.formats import dump_yaml, to_document

    stored = find_comparison(face.app, slug)

    def draw(console: Console) -> None:
        click.echo(dump_yaml([stored.comparison]), nl=False)
        for moment, before in revisions_of(face.app, slug):
            console.print(f"[dim]# until {moment:%Y-%m-%d %H:%M} UTC its verdicts were: {before.labels or 'none'}[/]")

    face.answer(to_document(stored.comparison), draw)


@comparisons.command("edit")
@click.argument("slug")
@click.option("--file", type=click.File(encoding="utf-8"), required=True, help="Its new document, YAML; - is stdin.")
@click.option("--dry-run", is_flag=True, help="Tell what would change; change nothing.")
@common
def edit(face: Face, slug: str, file: TextIO, dry_run: bool) -> None:
    """Make it what a document says, as `show` prints one; what it said before is kept."""
    from newsletter.app.edit_comparison import edit_comparison, propose_edit, require_right
    from newsletter.app.record import note

    app, text = face.app, file.read()
    if dry_run:
        changes = require_right(propose_edit(app, slug, text)).changes
    else:
        with app.store.transaction():
            changes = edit_comparison(app, slug, text)
            if changes:
                note(app, _WHO, "edited it", subject=f"comparison {slug}", via=_WHO)

    def draw(console: Console) -> None:
        for change in changes:
            console.print(f"[bold]{safe(change.field)}[/]")
            console.print(f"  [red]- {safe(change.before) or 'not known'}[/]")
            console.print(f"  [green]+ {safe(change.after) or 'not known'}[/]")
        said = "Nothing would change" if dry_run else "Nothing changed: it says that already"
        console.print(("Dry run, nothing changed." if dry_run else "Saved.") if changes else f"{said}.")

    face.answer({"slug": slug, "applied": not dry_run, "changes": changes}, draw)


@comparisons.command("publish")
@click.argument("slug")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Local date.")
@common
def publish(face: Face, slug: str, day: datetime) -> None:
    """Set its publication date: readers find it from then on."""
    from newsletter.app.edit_comparison import publish_comparison

    on = day.date()
    changed = _act(face, slug, f"dated it {on}", lambda: publish_comparison(face.app, slug, on))
    face.answer(
        {"slug": slug, "published_on": on, "changed": changed},
        lambda console: console.print(f"{safe(slug)} is of {on}."),
    )


@comparisons.command("archive")
@click.argument("slug")
@common
def archive(face: Face, slug: str) -> None:
    """Put it into the archive: no draft takes it, readers still find it."""
    _put_away(face, slug, True, "put it into the archive", "is of the archive")


@comparisons.command("unarchive")
@click.argument("slug")
@common
def unarchive(face: Face, slug: str) -> None:
    """Take it out of the archive: the next draft may take it."""
    _put_away(face, slug, False, "took it out of the archive", "is not of the archive")


def _put_away(face: Face, slug: str, archived: bool, act: str, state: str) -> None:
    from newsletter.app.edit_comparison import archive_comparison

    changed = _act(face, slug, act, lambda: archive_comparison(face.app, slug, archived))
    face.answer(
        {"slug": slug, "archived": archived, "changed": changed},
        lambda console: console.print(f"{safe(slug)} {state}."),
    )


def _act(face: Face, slug: str, act: str, do: Callable[[], bool]) -> bool:
    """Do it, and note it where it changed something."""
    from newsletter.app.record import note

    with face.app.store.transaction():
        changed = do()
        if changed:
            note(face.app, _WHO, act, subject=f"comparison {slug}", via=_WHO)
    return changed


@comparisons.command("export")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@common
def export(face: Face, file: Path | None) -> None:
    """Write all of them as one document that imports again: YAML, or JSON for FILE.json or --json."""
    from newsletter.app.look_up import list_comparisons
    from newsletter.comparisons.formats import dump_json, dump_yaml

    all_of_them = [stored.comparison for stored in list_comparisons(face.app)]
    as_json = face.as_json if file is None else file.suffix == ".json"
    text = dump_json(all_of_them) if as_json else dump_yaml(all_of_them)
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8")
    face.answer(
        {"file": file, "comparisons": len(all_of_them)},
        lambda console: console.print(f"{len(all_of_them)} comparisons are in {file}."),
    )


@comparisons.command("schema")
@common
def schema(face: Face) -> None:
    """Print the JSON Schema of the document."""
    import json

    from newsletter.comparisons.formats import DOCUMENT_SCHEMA

    click.echo(json.dumps(DOCUMENT_SCHEMA, indent=2))
