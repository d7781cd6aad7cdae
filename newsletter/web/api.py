"""The public interface under `/api/v1`, for programs: what the pages show, as JSON. It describes itself (OpenAPI 3.1).

Every error is a problem document (RFC 9457). Nothing here needs a login, and nothing tells who is subscribed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from newsletter.app.container import App
from newsletter.app.read_api import (
    CURSOR,
    Brief,
    every_topic,
    find_comparisons,
    tool_facts,
    whole_comparison,
)
from newsletter.app.rename_tool import current_slug
from newsletter.app.vote import vote_on_web, votes_on
from newsletter.errors import TransitionError
from newsletter.web import api_shapes as shapes
from newsletter.web.feeds import feed_path
from newsletter.web.identity import Identity
from newsletter.web.joining import Asking
from newsletter.web.templating import Pages
from newsletter.web.visitors import Allowance, visitor_key

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
_DETAILS = {
    401: "This needs a key that works, as `Authorization: Bearer nl_…`.",
    400: "The body cannot be read as JSON.",
    403: "Other sites may write here only where this newsletter names them.",
    404: f"There is nothing at this address. {PREFIX}/openapi.json tells what there is.",
    405: "This address does not take that method.",
    408: "The body did not come in time.",
    409: "A program was at work from here a moment ago, so this was not counted.",
    413: "The body is too large.",
    421: "This site has another name.",
    422: "The request is not as its description asks.",
    429: "Those were many requests in a short time.",
    503: "This cannot be done right now, and nothing was changed. Try it again in a minute.",
}
_UNKNOWN = "Something went wrong here. Try it again in a minute."
_WAIT = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_ANY, _WRITE = (421, 422, 500, 503), (400, 403, 408, 413, 429)

Words = Annotated[str, Query(max_length=200, description="Words that a comparison must hold, all of them.")]
TopicSlug = Annotated[str, Query(max_length=200, description="The slug of a category.")]
Cursor = Annotated[str, Query(pattern=f"^({CURSOR})?$", description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100)]


def _told(name: str, *statuses: int) -> dict[str, Any]:
    """Its name, and what its description tells of problems, beside those that any may meet."""
    body = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told: dict[int | str, dict[str, Any]] = {
        status: {"description": _DETAILS.get(status, _UNKNOWN), "content": body}
        | ({"headers": _WAIT} if status in (429, 503) else {})
        for status in sorted({*statuses, *_ANY})
    }
    return {"operation_id": name, "responses": told}


def _fresh(response: Response) -> None:
    """May be kept, and is to be asked for again."""
    response.headers["Cache-Control"] = "no-cache"


def _to_read(name: str, *statuses: int) -> dict[str, Any]:
    """The same for what is read, and kept until it has changed."""
    return {**_told(name, *statuses), "dependencies": [Depends(_fresh)], "response_model_exclude_none": True}


def is_api(request: Request) -> bool:
    """Whether a program asks, and wants its problems as documents."""
    return str(request.scope["path"]).startswith("/api/")


def methods_at(site: FastAPI, request: Request) -> str:
    """What may be asked of this address, as `Allow` tells it: the router names the methods of one route alone."""
    path = str(request.scope["path"])
    found = [route for route in site.routes if isinstance(route, Route) and route.path_regex.match(path)]
    return ", ".join(sorted({method for route in found for method in route.methods or ()}))


def problem_answer(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem document."""
    problem = shapes.Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail or _DETAILS.get(status, _UNKNOWN)
    )
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(problem.model_dump(), status, kept, media_type=PROBLEM)


def words_of(error: RequestValidationError) -> str:
    """What a request lacks, without anything of what it holds."""
    return "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()[:5])


def public_interface(site: FastAPI, app: App, pages: Pages, identity: Identity, asking: Asking) -> None:
    """`/api/v1/…`, and its description at `/api/v1/openapi.json`."""
    allowance = Allowance(20, 60)
    facts = pages.facts

    def url(path: str) -> str:
        return f"{facts.site_url}{quote(path)}"

    def summary(brief: Brief) -> shapes.Summary:
        sides = [shapes.Side.model_validate(side) for side in brief.sides]
        address = url(f"/compare/{brief.slug}")
        return shapes.Summary(
            slug=brief.slug,
            title=brief.title,
            lean=brief.lean,
            leader=brief.leader,
            listed_on=brief.listed_on,
            url=address,
            sides=sides,
        )

    @site.get(f"{PREFIX}/comparisons", **_to_read("list_comparisons"))
    def list_comparisons(
        q: Words = "", topic: TopicSlug = "", cursor: Cursor = "", limit: Limit = 20
    ) -> shapes.ComparisonList:
        """Comparisons, newest first; with `q`, the best match first."""
        found = find_comparisons(app, words=q.strip(), topic=topic, cursor=cursor, limit=limit)
        return shapes.ComparisonList(comparisons=list(map(summary, found.comparisons)), next=found.next)

    @site.get(f"{PREFIX}/comparisons/{{slug}}", **_to_read("show_comparison", 404))
    def show_comparison(request: Request, slug: str) -> shapes.WholeComparison:
        """One comparison, with everything that is known of it."""
        found = whole_comparison(app, slug)
        request.state.tools = tuple(found.votes)
        brief = summary(found.brief)
        return shapes.WholeComparison(
            comparison=found.document,
            lean=brief.lean,
            leader=brief.leader,
            listed_on=brief.listed_on,
            url=brief.url,
            votes={tool: shapes.Votes.model_validate(votes) for tool, votes in found.votes.items()},
        )

    @site.get(f"{PREFIX}/topics", **_to_read("list_topics"))
    def list_topics() -> shapes.TopicList:
        """The categories that comparisons have."""
        topics = [
            shapes.Topic(slug=one.slug, name=one.name, comparisons=one.comparisons, feed=url(feed_path(one.slug)))
            for one in every_topic(app)
        ]
        return shapes.TopicList(topics=topics)

    @site.get(f"{PREFIX}/tools/{{slug}}", **_to_read("show_tool", 404))
    def show_tool(request: Request, slug: str) -> shapes.ToolAnswer:
        """A tool, its newest comparisons (100 at most), and how people voted on it."""
        slug = current_slug(app, slug)
        found = tool_facts(app, slug)
        request.state.tools = (slug,)
        return shapes.ToolAnswer(
            slug=slug,
            name=found.name,
            url=url(f"/tools/{slug}"),
            comparisons=list(map(summary, found.comparisons)),
            votes=shapes.Votes.model_validate(found.votes),
        )

    @site.post(f"{PREFIX}/tools/{{slug}}/vote", **_told("vote", 404, 409, *_WRITE), response_model=shapes.VoteAnswer)
    def vote(request: Request, response: Response, slug: str, vote: shapes.Vote) -> Response | shapes.VoteAnswer:
        """Vote ship or skip on a tool, as a visitor: one changeable vote for each network address, counted apart."""
        if wait := allowance.wait(visitor_key(request), app.now().timestamp()):
            return problem_answer(429, headers={"Retry-After": str(wait)})
        slug = current_slug(app, slug)
        try:
            vote_on_web(app, identity.voter(request), slug, vote.choice, client=identity.client(request))
        except TransitionError as error:
            return problem_answer(409, str(error))
        response.headers["Cache-Control"] = "no-store"
        votes = shapes.Votes.model_validate(votes_on(app, (slug,))[slug].tally)
        return shapes.VoteAnswer(choice=vote.choice, votes=votes)

    @site.post(
        f"{PREFIX}/subscribe", status_code=202, **_told("subscribe", *_WRITE), response_model=shapes.SubscriptionAnswer
    )
    async def subscribe(
        request: Request, response: Response, body: shapes.Subscription
    ) -> Response | shapes.SubscriptionAnswer:
        """Ask for the newsletter. Whoever reads the mails of that address then confirms by the link in one."""
        problem = await asking.ask(request, body.email, filled_trap=False, source="public interface")
        if problem:
            headers = {"Retry-After": str(problem.wait)} if problem.wait else {}
            return problem_answer(problem.status, problem.what, headers)
        response.headers["Cache-Control"] = "no-store"
        return shapes.SubscriptionAnswer(detail="If that address can receive our mail, a link is on its way.")

    @cache  # made when it is first asked for: that takes as long as all the rest of the site
    def description() -> dict[str, Any]:
        return _description(site.routes, facts.name, facts.site_url)

    @site.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    def describe() -> Response:
        return JSONResponse(description(), headers={"Cache-Control": "no-cache"})


def _description(routes: Sequence[BaseRoute], name: str, site_url: str) -> dict[str, Any]:
    """The OpenAPI document."""
    described = get_openapi(
        title=name,
        version="1",
        openapi_version="3.1.0",
        description="Comparisons of AI tools, judged ship or skip by a panel: free to read, without a key."
        " What operators do is under the tag `operators`, and asks for one.",
        routes=[route for route in routes if getattr(route, "path", "").startswith(PREFIX)],
        servers=[{"url": site_url}],
    )
    described["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key of `newsletter operators key NAME`."}
    }
    described["components"]["schemas"]["Problem"] = shapes.Problem.model_json_schema()
    return described
