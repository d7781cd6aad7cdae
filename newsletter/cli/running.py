"""`newsletter serve`"""

from __future__ import annotations

import logging

import click

from newsletter.cli.face import Face, common


@click.command("serve")
@click.option("--host", help="Where to listen [default: web.host].")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: web.port]")
@common
def serve_command(face: Face, host: str | None, port: int | None) -> None:
    """Run the pages, the weekly ticker and the sender in one process, until Ctrl-C or SIGTERM."""
    from newsletter.app.sign_in import first_door
    from newsletter.serve import free_port, serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    web = face.settings.web
    app = face.app
    listener = free_port(host or web.host, web.port if port is None else port, or_any=False)

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
