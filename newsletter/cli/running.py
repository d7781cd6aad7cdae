"""`newsletter serve` and `newsletter copy-site`"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.face import Face, common, counted, safe

if TYPE_CHECKING:
    from rich.console import Console


@click.command("serve")
@click.option("--host", help="Where to listen [default: web.host].")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: web.port]")
@click.option("--farewell", is_flag=True, help="After a move: only let readers leave; nothing is drafted or sent.")
@click.option("--moved-to", help="With --farewell: where the newsletter is now, like https://new.example.com.")
@common
def serve_command(face: Face, host: str | None, port: int | None, farewell: bool, moved_to: str | None) -> None:
    """Run the pages, the weekly ticker and the sender in one process, until Ctrl-C or SIGTERM."""
    from newsletter.app.sign_in import first_door
    from newsletter.serve import free_port, serve, serve_farewell

    if moved_to and not farewell:
        raise click.UsageError("--moved-to goes with --farewell.")
    if moved_to and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", moved_to):
        raise click.UsageError("--moved-to takes an address like https://new.example.com.")

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    web = face.settings.web
    app = face.app
    listener = free_port(host or web.host, web.port if port is None else port, or_any=False)

    if farewell:
        where = f" Other pages lead to {moved_to}." if moved_to else ""

        def said(url: str) -> None:
            face.answer(
                {"url": url, "farewell": True, "moved_to": moved_to},
                lambda console: console.print(
                    f"Saying farewell at [bold]{url}[/]: readers can leave by the links of earlier mails, nothing is"
                    f" sent.{where} Who left: newsletter subscribers export. Ctrl-C stops it."
                ),
            )

        serve_farewell(app, listener, moved_to=(moved_to or "").rstrip("/"), started=said)
        return
    door = first_door(app)

    def started(url: str) -> None:
        schedule = face.settings.schedule
        rule = "no schedule" if schedule.mode == "off" else f"{schedule.weekday}s {schedule.at:%H:%M}, {schedule.mode}"
        face.answer(
            {
                "url": url,
                "site_url": face.settings.site_url,
                "provider": app.provider.name,
                "mode": schedule.mode,
                "set_up": door,
            },
            lambda console: console.print(
                f"Serving [bold]{url}[/], for readers at {face.settings.site_url}. Provider: {app.provider.name}."
                f" Schedule: {rule} ({face.settings.time_zone}). Ctrl-C stops it."
                + (f"\nNobody can sign in yet. Within a day, and once, this lets you in:\n{door}" if door else "")
            ),
        )

    serve(app, listener, started=started)


@click.command("copy-site")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--url", help="Where the copy will stand, for its feeds and the sitemap [default: site_url].")
@common
def copy_site_command(face: Face, folder: Path, url: str | None) -> None:
    """Write everything that everybody may read into FOLDER, as files for any web space. Forms are left out."""
    from dataclasses import replace

    from newsletter.serve import copy_site
    from newsletter.settings import load

    app = face.app
    if url:
        app = replace(app, settings=load(face.config, {"site_url": url}))
    with face.progress("Copying") as told:
        copied = copy_site(app, folder, told)

    def draw(console: Console) -> None:
        size = f"{copied.bytes / 1_000_000:.1f} MB"
        console.print(f"{counted(copied.files, 'file')}, {size}, in {folder}. Open {folder}/index.html.")
        for link in copied.missing:
            console.print(f"[yellow]A link leads to nothing:[/] {safe(link)}")

    face.answer({"folder": str(folder), "files": copied.files, "bytes": copied.bytes, "missing": copied.missing}, draw)
