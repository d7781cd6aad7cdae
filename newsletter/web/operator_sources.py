"""The places that comparisons are pulled from, for programs: what they are, and pulling them now."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.pull_sources import list_sources, place_of, pull_sources
from newsletter.operators import Right
from newsletter.web.keyed import Keyed
from newsletter.web.operator_shapes import Asked, Pull, Told

DryRun = Annotated[bool, Query(description="Tell what it would bring; change nothing.")]


class Source(Told):
    """A place that comparisons are pulled from before each draft."""

    name: str
    place: str
    last: Pull | None = Field(None, description="The latest pull; absent where there was none.")


class SourceList(Told):
    """In the order of the settings."""

    sources: list[Source]


class WhichSource(Asked):
    """Which one to pull; all by default."""

    name: str = Field("", max_length=40)


class Pulled(Told):
    """What came of it, source by source."""

    applied: bool
    pulls: list[Pull]


def operator_sources(app: App, keyed: Keyed) -> None:
    """`/api/v1/sources` and `/sources/pull`."""

    @keyed.get("/sources", "list_sources")
    def list_all() -> SourceList:
        """Every source of the settings, and its latest pull."""
        found = [
            Source(name=source.name, place=place_of(source), last=last and Pull.model_validate(last))
            for source, last in list_sources(app)
        ]
        return SourceList(sources=found)

    @keyed.write("POST", "/sources/pull", "pull_sources", 404, shape=Pulled, right=Right.EDIT)
    def pull(request: Request, body: WhichSource, dry_run: DryRun = False) -> Response:
        """Pull now: ten seconds at most for each address. A source that fails does not stop the others."""
        # before the transaction of the call: the network is asked, and nobody else could write meanwhile
        found = pull_sources(app, body.name, dry_run=dry_run, by=keyed.key(request).name, via="api")
        told = Pulled(applied=not dry_run, pulls=[Pull.model_validate(each) for each in found])
        return keyed.acted(request, "", lambda: told, dry_run=dry_run)
