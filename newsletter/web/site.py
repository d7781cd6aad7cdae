"""The whole site: its pages, what stands before them, and what is shown when something is wrong."""

from __future__ import annotations

import threading
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.app.container import App
from newsletter.app.read_pages import mailbox_of, site_facts
from newsletter.errors import InputError, NotFoundError, StoreError, TokenError
from newsletter.web.console.entering import entering
from newsletter.web.console.gate import Gate, install
from newsletter.web.console.home import home
from newsletter.web.console.issues import issues
from newsletter.web.console.results import results
from newsletter.web.console.sending import sending
from newsletter.web.drafts import drafts
from newsletter.web.guard import Guard
from newsletter.web.identity import Identity
from newsletter.web.joining import joining
from newsletter.web.leaving import leaving
from newsletter.web.machines import RETRY_SECONDS, machines
from newsletter.web.mails import mails
from newsletter.web.reading import reading
from newsletter.web.templating import Pages

_PROBLEMS = {
    400: ("This request cannot be read", "Go back and try it once more."),
    403: ("This form came from elsewhere", "It was sent from another site, so nothing was done. Open the page here."),
    404: ("There is no such page", "Perhaps the address was cut short on its way. Open the link again, or start here."),
    405: ("This address is not for that", "Open the page first, then press its button."),
    408: ("That took too long", "The connection was too slow. Try it once more."),
    413: ("That was too much", "This form takes only a few words."),
    422: ("Something is missing", "Go back, look at the form, and try it once more."),
    503: ("One moment, please", "We cannot do this right now. Nothing was changed. Try it again in a minute."),
}
_UNKNOWN = ("Something went wrong here", "It is our fault, not yours. Try it again in a minute.")


def create_site(app: App, templates: Path, stopping: threading.Event | None = None) -> FastAPI:
    """The site of a built App. `templates` holds the folder `web`; `stopping` is set when the server is to end."""
    pages = Pages(templates, site_facts(app), has_outbox=mailbox_of(app) is not None)
    identity = Identity(app)
    site = FastAPI(openapi_url=None, redirect_slashes=False)  # RFC 8058: never redirect
    joining(site, app, pages, identity)
    leaving(site, app, pages)
    reading(site, app, pages, identity)
    mails(site, app, pages)
    drafts(site, app, pages)
    machines(site, app)
    gate = Gate(app, pages)
    entering(site, app, pages, gate)
    home(app, gate)
    issues(app, gate)
    sending(app, gate, stopping or threading.Event())
    results(app, gate)
    install(site, gate)

    def problem(request: Request, status: int) -> Response:
        title, text = _PROBLEMS.get(status, _UNKNOWN)
        headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
        if request.url.path.startswith("/webhooks/"):
            return JSONResponse({"error": title}, status, headers)
        return pages.problem(request, status, title, text, headers=headers)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = problem(request, error.status_code)
        response.headers.update(error.headers or {})
        return response

    def on_token(request: Request, error: Exception) -> Response:
        assert isinstance(error, TokenError)
        status = 404 if request.url.path.startswith("/unsubscribe/") else 400
        return pages.problem(request, status, "This link does not work", str(error))

    def on_missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, NotFoundError)
        inside = request.url.path.startswith("/outbox/")
        action = ("/outbox", "Open the outbox") if inside else ("/issues", "See all issues")
        return pages.problem(request, 404, "There is no such page", error.what, action=action)

    site.add_exception_handler(HTTPException, on_http)
    site.add_exception_handler(TokenError, on_token)
    site.add_exception_handler(NotFoundError, on_missing)
    site.add_exception_handler(StoreError, lambda request, error: problem(request, 503))
    site.add_exception_handler(InputError, lambda request, error: problem(request, 422))
    site.add_exception_handler(RequestValidationError, lambda request, error: problem(request, 422))
    logo = app.settings.publication.brand.logo_url
    site.add_middleware(Guard, site_url=app.settings.site_url, logo_url=logo, problem=problem)
    return site
