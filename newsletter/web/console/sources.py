"""The places that comparisons are pulled from: how the last pull went, and pulling now."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.pull_sources import list_sources, place_of, pull_sources
from newsletter.comparisons.pull import Pull
from newsletter.errors import NewsletterError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate


def sources(app: App, gate: Gate) -> None:
    """`/console/sources`."""

    @gate.get("/sources")
    def look(request: Request) -> Response:
        return page(request, pulled="pulled" in request.query_params)

    def page(
        request: Request, *, status: int = 200, problem: str = "", tried: list[Pull] | None = None, pulled: bool = False
    ) -> Response:
        return gate.show(
            request,
            "sources",
            status=status,
            problem=problem,
            sources=[(source, place_of(source), last) for source, last in list_sources(app)],
            tried=tried,
            pulled=pulled,
            zone=app.settings.zone,
            here="comparisons",
        )

    @gate.post("/sources/pull", Right.EDIT)
    def pull(request: Request, name: Annotated[str, Form()] = "", act: Annotated[str, Form()] = "") -> Response:
        """Outside a transaction, because the network is asked; each source is one by itself, and records itself."""
        try:
            found = pull_sources(app, name, dry_run=act == "try", by=gate.caller(request).name, via="console")
        except NewsletterError as error:
            return page(request, status=409, problem=str(error))
        return page(request, tried=found) if act == "try" else gate.go("/sources?pulled=1")
