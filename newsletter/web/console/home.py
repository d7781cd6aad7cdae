"""The desk: what an operator sees first, and the one button that stops everything."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.desk import desk
from newsletter.app.pause_all import on_its_way, pause_all
from newsletter.app.record import note
from newsletter.operators import Right
from newsletter.web.console.gate import Gate


def home(app: App, gate: Gate) -> None:
    """`/console` and `/console/pause`."""

    @gate.get("")
    def look(request: Request) -> Response:
        return page(request)

    def page(request: Request, *, status: int = 200, problem: str = "") -> Response:
        found = desk(app)
        return gate.show(
            request,
            "home",
            status=status,
            problem=problem,
            stopped="stopped" in request.query_params,
            desk=found,
            moving=on_its_way(app),
            until=in_words(found.upcoming.at - app.now()) if found.upcoming else "",
            zone=app.settings.time_zone,
            here="home",
        )

    @gate.post("/pause", Right.EDIT)
    def stop_everything(request: Request) -> Response:
        def do() -> str:
            who = gate.caller(request).name
            for issue in pause_all(app):
                note(app, who, "paused it, with everything else", subject=f"issue {issue.key}", via="console")
            return ""  # each issue has its entry

        return gate.act(
            request,
            "",
            do,
            to=lambda done: "?stopped=1#moving",
            again=lambda status, problem: page(request, status=status, problem=problem),
        )


def in_words(span: timedelta) -> str:
    """`2 days 3 hours`, `40 minutes`."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (rest, "minute")]
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count]
    return " ".join(said) or "less than a minute"
