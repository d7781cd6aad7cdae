"""`newsletter comparisons …`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from newsletter.cli.face import Face, common, pairs_of, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.edit_comparison import ComparisonDetail
    from newsletter.app.import_comparisons import ComparisonImport
    from newsletter.comparisons.changes import FieldChange


_WHO = "command line"
_FORMS = ("yaml", "json", "csv", "tsv")


@click.group()
def comparisons() -> None:
    """Import, list, show, change and export comparisons."""


@comparisons.command("import")
@click.argument("sources", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Tell what would happen; change nothing.")
@click.option("--partial", is_flag=True, help="Take pages that were cut short, as far as they go.")
@click.option("--archive/--new", "archive", default=None, help="What is new is of the archive, or may be in an issue.")
@click.option("--published-on", type=click.DateTime(["%Y-%m-%d"]), help="Date for those that carry none.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=NAME", help="Which column of a table holds a field.")
@click.option("--table", default="", help="Of a database: the table to read.")
@click.option("--query", default="", help="Of a database: or the query.")
@click.option("--allow-http", is_flag=True, help="Let an address be http.")
@click.option("--allow-private", is_flag=True, help="Let an address lead into this network.")
@common
def import_(
    face: Face,
    sources: tuple[str, ...],
    dry_run: bool,
    partial: bool,
    archive: bool | None,
    published_on: datetime | None,
    columns: tuple[str, ...],
    **reading: Any,
) -> None:
    """Import documents (YAML, JSON), tables (CSV, TSV, XLSX) and saved comparison pages (text).

    From files, folders and patterns, from an https address, or from another SQLite database.
    """
    from newsletter.app.import_comparisons import expand_sources, needs_archive_answer
    from newsletter.app.import_places import Reading, import_places, is_elsewhere

    named = [name for name in sources if not is_elsewhere(name)]
    paths = expand_sources(named) if named else []
    how = Reading(columns=pairs_of(columns, "--column", "left.name=tool_a"), **reading)
    if archive is None and needs_archive_answer(face.app):
        archive = _ask_archive(face)
    day = published_on.date() if published_on else None
    if face.as_json or not sys.stderr.isatty() or len(paths) < 20:
        done = import_places(
            face.app, sources, how, archived=bool(archive), published_on=day, partial=partial, dry_run=dry_run
        )
    else:
        with click.progressbar(length=len(paths), label="Reading", file=sys.stderr) as bar:
            done = import_places(
                face.app,
                sources,
                how,
                archived=bool(archive),
                published_on=day,
                partial=partial,
                dry_run=dry_run,
                progress=lambda path: bar.update(1),
            )
    if done.applied:
        face.note("imported comparisons", detail=f"{done.counts['new']} new, {done.counts['changed']} changed")
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
    for known in done.known:
        console.print(safe(known))
    for repeated in done.repeated:
        console.print(safe(repeated))
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
@click.option("--history", is_flag=True, help="Only its versions: when each came, by whom, and what it changed.")
@common
def show(face: Face, slug: str, history: bool) -> None:
    """Show one as its document, and its history as comments (with --json: the document that `import` reads)."""
    from newsletter.app.edit_comparison import document_of, look_at_comparison
    from newsletter.comparisons.formats import to_document

    found = look_at_comparison(face.app, slug)
    if history:
        face.answer({"slug": slug, "history": found.history}, lambda console: _draw_history(console, found))
        return

    def draw(console: Console) -> None:
        click.echo(document_of(found.stored), nl=False)
        _draw_history(console, found)

    face.answer(to_document(found.stored.comparison), draw)


def _draw_history(console: Console, found: ComparisonDetail) -> None:
    """As comments of YAML, so that all of it together still imports."""
    for version in found.history:
        by = f" by {safe(version.by)}" if version.by else ""
        _comment(console, f"version {version.number}, {version.at:%Y-%m-%d %H:%M} UTC{by}")
        for change in version.changes:
            before, after = (safe(_brief(text)) or "not known" for text in (change.before, change.after))
            _comment(console, f"  {safe(change.field)}: {before} → {after}")
    first = found.stored.first_seen_at
    _comment(console, f"version 1, first seen {first:%Y-%m-%d %H:%M} UTC")


def _comment(console: Console, text: str) -> None:
    console.print(f"[dim]# {text}[/]", soft_wrap=True)


def _brief(text: str) -> str:
    """One line, 80 characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


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
            changes = edit_comparison(app, slug, text, by=_WHO)
            if changes:
                note(app, _WHO, "edited it", subject=f"comparison {slug}", via=_WHO)
    _answer_changes(face, slug, changes, dry_run)


@comparisons.command("restore")
@click.argument("slug")
@click.option("--revision", type=click.IntRange(1), required=True, help="Which version, as `show` numbers them.")
@click.option("--dry-run", is_flag=True, help="Tell what would change; change nothing.")
@common
def restore(face: Face, slug: str, revision: int, dry_run: bool) -> None:
    """Make it what an earlier version said; what it says now is kept as a version too."""
    from newsletter.app.edit_comparison import propose_restore, restore_comparison
    from newsletter.app.record import note

    app = face.app
    if dry_run:
        changes = propose_restore(app, slug, revision).changes
    else:
        with app.store.transaction():
            changes = restore_comparison(app, slug, revision, by=_WHO)
            if changes:
                note(app, _WHO, f"restored version {revision}", subject=f"comparison {slug}", via=_WHO)
    _answer_changes(face, slug, changes, dry_run)


def _answer_changes(face: Face, slug: str, changes: Sequence[FieldChange], dry_run: bool) -> None:
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
    changed = _act(face, slug, f"dated it {on}", lambda: publish_comparison(face.app, slug, on, by=_WHO))
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
@click.option("--format", "form", type=click.Choice(_FORMS), help="Else the ending of FILE tells, else YAML.")
@common
def export(face: Face, file: Path | None, form: str | None) -> None:
    """Write all of them so that they import again: YAML, JSON (also with --json), or a table, CSV or TSV.

    It has what each says now, and its date. Which are of the archive, when they came and what they said before only
    `newsletter store export` carries.
    """
    from newsletter.app.look_up import list_comparisons
    from newsletter.app.whole_file import whole_file
    from newsletter.comparisons.formats import dump_as

    if face.as_json and not file and form not in (None, "json"):
        raise click.UsageError("--json prints JSON: name a FILE, or leave out --format.")
    found = list_comparisons(face.app)
    all_of_them, archived = [stored.comparison for stored in found], sum(stored.archived for stored in found)
    told = file.suffix.lower().removeprefix(".") if file else "json" if face.as_json else ""
    text = dump_as(form or (told if told in _FORMS else "yaml"), all_of_them)
    if file is None:
        click.echo(text, nl=False)
        return
    with whole_file(file) as out:
        out.write(text.encode())

    def draw(console: Console) -> None:
        console.print(f"{len(all_of_them)} comparisons are in {file}.")
        if archived:
            console.print(
                f"It does not say that {archived:,} of them {'is' if archived == 1 else 'are'} of the archive."
            )

    face.answer({"file": file, "comparisons": len(all_of_them)}, draw)


@comparisons.command("schema")
@common
def schema(face: Face) -> None:
    """Print the JSON Schema of the document."""
    import json

    from newsletter.comparisons.formats import DOCUMENT_SCHEMA

    click.echo(json.dumps(DOCUMENT_SCHEMA, indent=2))
