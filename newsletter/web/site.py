"""The whole site: its pages, what stands before them, and what is shown when something is wrong."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.app.container import App
from newsletter.app.read_pages import content_mark, mailbox_of, site_facts
from newsletter.errors import InputError, NotFoundError, StoreError, TokenError
from newsletter.web.api import is_api, methods_at, problem_answer, public_interface, words_of
from newsletter.web.console.comparisons import comparisons
from newsletter.web.console.entering import entering
from newsletter.web.console.gate import Gate, install
from newsletter.web.console.home import home
from newsletter.web.console.house import house
from newsletter.web.console.importing import importing
from newsletter.web.console.importing_people import importing_people
from newsletter.web.console.issues import issues
from newsletter.web.console.numbers import numbers
from newsletter.web.console.operators_page import operators_page
from newsletter.web.console.outbox import outbox
from newsletter.web.console.people import people
from newsletter.web.console.previews import previews
from newsletter.web.console.results import results
from newsletter.web.console.schedule import schedule
from newsletter.web.console.sending import sending
from newsletter.web.console.sources import sources
from newsletter.web.console.suppressions import suppressions
from newsletter.web.console.tools import tools
from newsletter.web.drafts import drafts
from newsletter.web.feeds import feeds
from newsletter.web.guard import Guard
from newsletter.web.identity import Identity
from newsletter.web.joining import Asking, joining
from newsletter.web.keeping import Keeping
from newsletter.web.leaving import leaving
from newsletter.web.looking import looking
from newsletter.web.machines import RETRY_SECONDS, machines
from newsletter.web.mails import mails
from newsletter.web.operator_api import operator_interface
from newsletter.web.preferring import preferring
from newsletter.web.reading import reading
from newsletter.web.saving import saving
from newsletter.web.templating import Pages
from newsletter.web.voting import voting

_PROBLEMS = {
    400: ("This request cannot be read", "Go back and try it once more."),
    403: ("This form came from elsewhere", "It was sent from another site, so nothing was done. Open the page here."),
    404: ("There is no such page", "Perhaps the address was cut short on its way. Open the link again, or start here."),
    405: ("This address is not for that", "Open the page first, then press its button."),
    408: ("That took too long", "The connection was too slow. Try it once more."),
    413: ("That was too much", "This form takes only a few words."),
    421: (
        "This site has another name",
        "It does not answer to the one that was asked for. Whoever runs it can add that name to the setting web.hosts.",
    ),
    422: ("Something is missing", "Go back, look at the form, and try it once more."),
    503: ("One moment, please", "We cannot do this right now. Nothing was changed. Try it again in a minute."),
}
_TOO_LARGE = ("This file is too large", "Here it may be 5 MiB. Import a larger one by the command line.")
_UNKNOWN = ("Something went wrong here", "It is our fault, not yours. Try it again in a minute.")


def create_site(app: App, templates: Path, stopping: threading.Event | None = None) -> FastAPI:
    """The site of a built App. `templates` holds the folder `web`; `stopping` is set when the server is to end."""
    pages = Pages(templates, site_facts(app), has_outbox=mailbox_of(app) is not None)
    identity = Identity(app)
    site = FastAPI(openapi_url=None, redirect_slashes=False)  # RFC 8058: never redirect
    asking = Asking(app)
    joining(site, app, pages, identity, asking)
    leaving(site, app, pages)
    preferring(site, app, pages, identity)
    feeds(site, app, pages)  # before the pages: `/issues/{key}` would take the feed for an issue
    looking(site, app, pages, identity)
    reading(site, app, pages, identity)
    saving(site, app, pages, identity)
    voting(site, app, pages, identity)
    operator_interface(site, app)  # before the public one, which describes both
    public_interface(site, app, pages, identity, asking)
    mails(site, app, pages)
    drafts(site, app, pages)
    machines(site, app)
    gate = Gate(app, pages)
    entering(site, app, pages, gate)
    home(app, gate)
    issues(app, gate)
    previews(app, gate)
    stopping = stopping or threading.Event()
    sending(app, gate, stopping)
    results(app, gate)
    numbers(app, gate)
    schedule(app, gate)
    house(app, gate)
    operators_page(app, gate)
    outbox(app, gate)
    comparisons(app, gate)
    importing(app, gate)
    sources(app, gate)
    tools(app, gate)
    people(app, gate)
    importing_people(app, gate)
    suppressions(app, gate)
    install(site, gate)
    site.state.gate, site.state.stopping = gate, stopping
    finish(site, app, pages)
    return site


def finish(site: FastAPI, app: App, pages: Pages) -> None:
    """What every site of ours has around its routes: how it says what went wrong, what it keeps, and its guard."""

    def problem(request: Request, status: int, detail: str = "") -> Response:
        """`detail` is for programs: a page says it in words of its own."""
        title, text = _PROBLEMS.get(status, _UNKNOWN)
        headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
        if is_api(request):
            return problem_answer(status, detail, headers)
        if request.url.path.startswith("/webhooks/"):
            return JSONResponse({"error": title}, status, headers)
        if status == 413 and "/console/import/" in request.url.path:
            title, text = _TOO_LARGE
        action = (f"{pages.facts.site_url}/", "Go to its own name") if status == 421 else None
        if status == 404 and request.url.path.startswith("/console/"):
            action = ("/console", "Back to the desk")
        return pages.problem(request, status, title, text, action=action, headers=headers)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = problem(request, error.status_code)
        response.headers.update(error.headers or {})
        if error.status_code == 405 and is_api(request):
            response.headers["Allow"] = methods_at(site, request)
        return response

    def on_token(request: Request, error: Exception) -> Response:
        assert isinstance(error, TokenError)
        status = 404 if request.url.path.startswith("/unsubscribe/") else 400
        return pages.problem(request, status, "This link does not work", str(error))

    def on_missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, NotFoundError)
        if is_api(request):
            return problem_answer(404, str(error))
        ways = {
            "outbox": ("/outbox", "Open the outbox"),
            "issues": ("/issues", "See all issues"),
            "console": ("/console", "Back to the desk"),
        }
        action = ways.get(request.url.path.split("/")[1], ("/compare", "See all comparisons"))
        title, text = _PROBLEMS[404]
        if not any(str(asked) in error.what for asked in request.path_params.values()):
            text = error.what  # a page that repeats its address would say whatever a link made it say
        return pages.problem(request, 404, title, text, action=action)

    site.add_exception_handler(HTTPException, on_http)
    site.add_exception_handler(TokenError, on_token)
    site.add_exception_handler(NotFoundError, on_missing)
    site.add_exception_handler(StoreError, lambda request, error: problem(request, 503))
    site.add_exception_handler(InputError, lambda request, error: problem(request, 422, str(error)))
    site.add_exception_handler(RequestValidationError, lambda request, error: problem(request, 422, words_of(error)))
    logo = app.settings.publication.brand.logo_url
    web = app.settings.web
    site.add_middleware(Keeping, mark=partial(content_mark, app), reader_cookie=Identity(app).reader_name)
    site.add_middleware(
        Guard,
        site_url=app.settings.site_url,
        logo_url=logo,
        problem=problem,
        hosts=web.hosts,
        form_origins=web.form_origins,
    )
