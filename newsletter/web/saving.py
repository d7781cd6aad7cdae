"""Bookmarks: the save buttons of readers we know, their list, and the list as a mail.

Everybody else's list is in their browser, where static/app.js keeps it; it comes here once they open a signed link.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.bookmarks import mail_list, merge_tools, remove_tool, save_tool, saved_tools
from newsletter.app.container import App
from newsletter.app.readers import reader_of_link
from newsletter.audience.subscriber import Subscriber
from newsletter.audience.tokens import BROWSER_DAYS, DEAD_TOKEN
from newsletter.errors import TransitionError
from newsletter.web.back import own_path
from newsletter.web.identity import Identity
from newsletter.web.templating import Pages


def saving(site: FastAPI, app: App, pages: Pages, identity: Identity) -> None:
    """`/saved` for the browser's reader, `/saved/{token}` by signed link, each with `/remove` and `/mail`;
    `/saved/forget`; `/tools/{slug}/save`, `/tools/{slug}/unsave`.
    """

    def asking(request: Request) -> tuple[Subscriber | None, str]:
        """The reader, by the signed link or else by the browser, and the path of their list. Raises TokenError."""
        token = request.path_params.get("token")
        if token is None:
            return identity.reader(request), "/saved"
        return None if token == DEAD_TOKEN else reader_of_link(app, token), f"/saved/{token}"

    @site.get("/saved")
    @site.get("/saved/{token}")
    def show_list(request: Request) -> Response:
        reader, path = asking(request)
        return pages.show(
            request,
            "saved",
            signed=reader is not None,
            saved=saved_tools(app, reader),
            path=path,
            known_here=reader is not None and identity.reader(request) == reader,
            days=BROWSER_DAYS,
            mailed="mailed" in request.query_params,
            test=path == f"/saved/{DEAD_TOKEN}",
        )

    @site.post("/saved/remove")
    @site.post("/saved/{token}/remove")
    def take_off_list(request: Request, tool: Annotated[str, Form()], back: Annotated[str, Form()] = "") -> Response:
        reader, path = asking(request)
        if reader is None:
            return unknown(request)
        remove_tool(app, reader, tool)
        return to(request, reader, own_path(back, path))

    @site.post("/saved/mail")
    @site.post("/saved/{token}/mail")
    def send_list(request: Request) -> Response:
        reader, path = asking(request)
        if reader is None:
            return unknown(request)
        mail_list(app, reader)
        return to(request, reader, f"{path}?mailed=1")

    @site.post("/saved/forget")
    def forget(request: Request) -> Response:
        response = RedirectResponse(f"{pages.facts.base}/saved", 303)
        identity.forget(response)
        return response

    @site.post("/saved")
    @site.post("/saved/{token}")
    def take_over(request: Request, tool: Annotated[list[str] | None, Form()] = None) -> Response:
        """What the browser kept; without anything this browser is remembered, no more."""
        reader, path = asking(request)
        if reader is None:
            return unknown(request)
        try:
            merge_tools(app, reader, tool or [])
        except TransitionError as error:
            return full(request, error)
        return to(request, reader, path)

    @site.post("/tools/{slug}/save")
    def save(request: Request, slug: str, back: Annotated[str, Form()] = "") -> Response:
        reader = identity.reader(request)
        if reader is None:
            return unknown(request)
        try:
            save_tool(app, reader, slug)
        except TransitionError as error:
            return full(request, error)
        return to(request, reader, own_path(back, "/saved"))

    @site.post("/tools/{slug}/unsave")
    def unsave(request: Request, slug: str, back: Annotated[str, Form()] = "") -> Response:
        reader = identity.reader(request)
        if reader is None:
            return unknown(request)
        remove_tool(app, reader, slug)
        return to(request, reader, own_path(back, "/saved"))

    def to(request: Request, reader: Subscriber, path: str) -> Response:
        response = RedirectResponse(f"{pages.facts.base}{path}", 303)
        if "token" in request.path_params:
            identity.remember(response, reader)
        return response

    def unknown(request: Request) -> Response:
        return pages.problem(
            request,
            403,
            "We do not know this browser",
            "Nothing was changed. Open the link to your saved tools in any issue, and try it again from there.",
            action=("/saved", "How saving works"),
        )

    def full(request: Request, error: TransitionError) -> Response:
        return pages.problem(request, 409, "Your list is full", str(error), action=("/saved", "Open your saved tools"))
