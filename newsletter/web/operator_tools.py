"""The slugs of tools, for programs: those that lead elsewhere, and giving a tool another one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.rename_tool import propose_rename, rename_tool, renamed_tools
from newsletter.operators import Right
from newsletter.web.keyed import Keyed
from newsletter.web.operator_shapes import Asked, Told

DryRun = Annotated[bool, Query(description="Tell what it would move; change nothing.")]


class RenamedTool(Told):
    """A slug that leads to another one."""

    old: str
    new: str
    at: datetime
    by: str


class RenamedToolList(Told):
    """The newest first."""

    tools: list[RenamedTool]


class NewSlug(Asked):
    """Which tool, and what it is called from now on."""

    old: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=1, max_length=200, examples=["git-why"])


class ToolMoved(Told):
    """What went with it."""

    applied: bool
    old: str
    new: str
    comparisons: int
    votes: int = Field(description="Of readers.")
    saved: int = Field(description="Lists of readers that it is on.")


def operator_tools(app: App, keyed: Keyed) -> None:
    """`/api/v1/renamed-tools`."""

    @keyed.get("/renamed-tools", "list_renamed_tools")
    def list_all() -> RenamedToolList:
        """Every slug that leads to another one."""
        return RenamedToolList(tools=[RenamedTool.model_validate(one) for one in renamed_tools(app)])

    @keyed.write("POST", "/renamed-tools", "rename_tool", 404, 409, shape=ToolMoved, right=Right.EDIT)
    def rename(request: Request, body: NewSlug, dry_run: DryRun = False) -> Response:
        """Give a tool another slug. Its page, votes and bookmarks follow; old addresses lead to the new one."""

        def do() -> ToolMoved:
            if dry_run:
                done = propose_rename(app, body.old, body.new)
            else:
                done = rename_tool(app, body.old, body.new, by=keyed.key(request).name, via="api")
            use = done.use
            return ToolMoved(
                applied=not dry_run,
                old=done.old,
                new=done.new,
                comparisons=use.comparisons,
                votes=use.votes,
                saved=use.saved,
            )

        return keyed.acted(request, "", do, dry_run=dry_run)
