"""Another slug for a tool: first what goes with it, then the act."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.rename_tool import propose_rename, rename_tool, renamed_tools, use_of_tool
from newsletter.errors import InputError, NewsletterError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate


def tools(app: App, gate: Gate) -> None:
    """`/console/tools/{slug}`."""

    @gate.get("/tools/{slug}")
    def look(request: Request, slug: str) -> Response:
        return page(request, slug, done=request.query_params.get("done", ""))

    def page(
        request: Request,
        slug: str,
        *,
        status: int = 200,
        problem: str = "",
        new: str = "",
        looked: bool = False,
        done: str = "",
    ) -> Response:
        return gate.show(
            request,
            "tool",
            status=status,
            problem=problem,
            slug=slug,
            use=use_of_tool(app, slug),
            before=[one for one in renamed_tools(app) if one.new == slug],
            new=new,
            looked=looked,
            done=done,
            here="comparisons",
        )

    @gate.post("/tools/{slug}/rename", Right.EDIT)
    def rename(
        request: Request, slug: str, new: Annotated[str, Form()] = "", act: Annotated[str, Form()] = ""
    ) -> Response:
        """Renames only what was looked at."""
        new = new.strip()
        try:
            if act != "rename":
                propose_rename(app, slug, new)
                return page(request, slug, new=new, looked=True)
            rename_tool(app, slug, new, by=gate.caller(request).name, via="console")
        except NewsletterError as error:
            status = 422 if isinstance(error, InputError) else 409
            return page(request, slug, status=status, problem=str(error), new=new)
        return gate.go(f"/tools/{new}?done=renamed")
