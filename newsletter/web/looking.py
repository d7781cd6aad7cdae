"""Where readers look things up: the list of all comparisons, the search in it, and a page for each tool."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.bookmarks import saved_slugs
from newsletter.app.container import App
from newsletter.app.read_catalogue import PER_PAGE, catalogue_page
from newsletter.app.read_tool import tool_page
from newsletter.app.rename_tool import current_slug
from newsletter.app.vote import votes_on
from newsletter.errors import NotFoundError
from newsletter.web.feeds import feed_path
from newsletter.web.identity import Identity
from newsletter.web.structured import crumbs, data_block, list_of, tool
from newsletter.web.templating import Pages

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


def looking(site: FastAPI, app: App, pages: Pages, identity: Identity) -> None:
    """`/compare` and `/tools/{slug}`."""

    @site.get("/compare")
    def find(request: Request, q: str = "", category: str = "", page: str = "1") -> Response:
        """With words the page is nobody else's: it repeats what was typed."""
        found = catalogue_page(app, q, category, _number(page))
        chosen, facts = found.topic, pages.facts
        name = f"Comparisons in {chosen.name}" if chosen else "All comparisons"
        places = [(row.title, f"/compare/{row.slug}") for row in found.rows]
        first = 1 + (found.page - 1) * PER_PAGE
        return pages.show(
            request,
            "compare",
            public=None if found.words else _path("/compare", category=category, page=found.page),
            topic_feed=(chosen.name, feed_path(chosen.slug)) if chosen else None,
            structured=data_block(
                facts, crumbs(facts, ("Compare", "/compare")), list_of(facts, name, places, first=first)
            ),
            found=found,
            link=_links(q=found.words, category=category),
        )

    @site.get("/tools/{slug}")
    def show_tool(request: Request, slug: str, page: str = "1") -> Response:
        if (now := current_slug(app, slug)) != slug:
            return RedirectResponse(f"{pages.facts.base}{_path(f'/tools/{now}', page=_number(page))}", 308)
        found = tool_page(app, slug, _number(page))
        reader, facts = identity.reader(request), pages.facts
        here = _path(f"/tools/{slug}", page=found.page)
        about = tool(facts, slug, found.name, category=found.category, words=found.tagline, url=found.url)
        return pages.show(
            request,
            "tool",
            public=here,
            personal=reader is not None,
            tools=(slug,),
            structured=data_block(facts, crumbs(facts, ("Compare", "/compare"), (found.name, f"/tools/{slug}")), about),
            tool=found,
            link=_links(),
            here=here,
            votes=votes_on(app, (slug,), reader=reader)[slug],
            signed=reader is not None,
            saved=slug in saved_slugs(app, reader),
        )


def _number(page: str) -> int:
    if not _NUMBER.fullmatch(page):
        raise NotFoundError("The list has no such page.", next_step="Start at its first one.")
    return int(page)


def _chosen(**asked: str | int) -> dict[str, str]:
    """What of it stands in an address: one page has one address, and the first page of a list has no number."""
    return {name: str(value) for name, value in asked.items() if value and (name, value) != ("page", 1)}


def _links(**kept: str) -> Callable[..., str]:
    """A function that gives the query of a page like this one, with what its arguments change of it."""

    def link(**changed: str | int) -> str:
        found = _chosen(**{**kept, **changed})
        return f"?{urlencode(found)}" if found else ""

    return link


def _path(path: str, **asked: str | int) -> str:
    """Our own path, as pages.show() takes it: not encoded yet."""
    found = "&".join(f"{name}={value}" for name, value in _chosen(**asked).items())
    return f"{path}?{found}" if found else path
