"""`newsletter store …`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.face import COMMAND_LINE, Face, common, counted, safe

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.store_json import StoreImport


@click.group()
def store() -> None:
    """Take the whole newsletter out as one file of JSON, and into an empty store elsewhere."""


@store.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def export(face: Face, file: Path) -> None:
    """Write everything into FILE: one JSON document a line, as of one moment, while it is in use.

    It holds personal data and the keys by which links are signed: only your account can read it. Keep it so.
    """
    from newsletter.app.store_json import export_store

    with face.progress("Exporting") as told:
        done = export_store(face.app, file, by=COMMAND_LINE, via=COMMAND_LINE, progress=told)
    rows = sum(done.tables.values())

    def draw(console: Console) -> None:
        console.print(
            f"{counted(rows, 'row')} of {counted(len(done.tables), 'table')} are in {safe(file)}. It holds every"
            " address and the keys of this newsletter: keep it as you keep the database."
        )
        for key in done.sending:
            console.print(f"[yellow]{safe(key)} is being sent from here.[/] Let only one machine go on with it.")

    face.answer({"file": file, "rows": rows, "tables": done.tables, "sending": done.sending}, draw)


@store.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Read and check all of it; keep nothing.")
@common
def import_(face: Face, file: Path, dry_run: bool) -> None:
    """Put everything of FILE into an empty store, or nothing. Links of earlier mails then work here."""
    from newsletter.app.store_json import import_store

    def put_on_record(done: StoreImport) -> None:
        face.note("imported a whole store", detail=f"{counted(sum(done.tables.values()), 'row')}")

    with face.progress("Importing") as told:
        done = import_store(face.app, file, dry_run=dry_run, progress=told, also=put_on_record)
    rows, people = sum(done.tables.values()), done.tables.get("subscriber", 0)

    def draw(console: Console) -> None:
        what = (
            f"{counted(rows, 'row')} ({counted(people, 'subscriber')}) of {done.written_at[:16].replace('T', ' ')} UTC"
        )
        if dry_run:
            console.print(f"Dry run, nothing kept: all {what} fit.")
        else:
            console.print(
                f"Imported {what}. Stop sending on the old machine before you start here; `newsletter serve --farewell`"
                " lets readers leave there by earlier links."
            )

    face.answer({"applied": not dry_run, "file": file, "rows": rows, "tables": done.tables}, draw)
