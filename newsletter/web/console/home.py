"""The desk: what an operator sees first."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.desk import desk
from newsletter.web.console.gate import Gate


def home(app: App, gate: Gate) -> None:
    """`/console`."""

    @gate.get("")
    def look(request: Request) -> Response:
        found = desk(app)
        until = in_words(found.upcoming.at - app.now()) if found.upcoming else ""
        return gate.show(request, "home", desk=found, until=until, zone=app.settings.time_zone, here="home")


def in_words(span: timedelta) -> str:
    """`2 days 3 hours`, `40 minutes`."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (rest, "minute")]
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count]
    return " ".join(said) or "less than a minute"
