"""What stays after a move: the links of mails that were sent from here go on answering, everything else leads away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.read_pages import site_facts
from newsletter.web.identity import Identity
from newsletter.web.leaving import leaving
from newsletter.web.machines import machines
from newsletter.web.preferring import preferring
from newsletter.web.site import finish
from newsletter.web.templating import Pages

_MEANT_FOR_ONE = ("saved", "v", "c", "confirm", "address", "drafts")
"""First parts of addresses that carry somebody's link: that is never passed on to another site."""


def create_farewell(app: App, templates: Path, moved_to: str = "") -> FastAPI:
    """A site that only lets readers leave. `moved_to`: where the newsletter is now, an address without a slash at its
    end; every other page leads to the same path there.
    """
    pages = Pages(templates, replace(site_facts(app), living=False), has_outbox=False)
    site = FastAPI(openapi_url=None, redirect_slashes=False)
    leaving(site, app, pages)
    preferring(site, app, pages, Identity(app))  # of it the pages show what is left: to take or to erase one's data
    machines(site, app)

    @site.get("/{path:path}")
    def gone(request: Request, path: str) -> Response:
        first = path.partition("/")[0]
        if moved_to and first not in _MEANT_FOR_ONE:
            asked = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{moved_to}/{quote(path)}{asked}", 308)
        return pages.problem(
            request,
            410,
            "This newsletter has moved" if moved_to else "This newsletter is not here any more",
            "Nothing is sent from here now. The links to unsubscribe in earlier mails still work.",
            action=(moved_to, "Go to where it is now") if moved_to else None,
        )

    finish(site, app, pages)
    return site
