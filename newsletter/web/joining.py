"""Asking for the newsletter, and the confirmation that follows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Form
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.read_catalogue import latest_issue, newest_rows
from newsletter.app.read_pages import published_issues
from newsletter.app.subscribe import confirm, of_confirmation, subscribe
from newsletter.app.welcome import first_choices
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, normal_address
from newsletter.errors import InputError
from newsletter.web.identity import Identity
from newsletter.web.origins import origin_of
from newsletter.web.templating import Pages
from newsletter.web.visitors import Allowance, visitor_address, visitor_key

EVEN_SECONDS = 0.05
"""Every answer to the form takes so long: how long it takes must not tell who is subscribed."""

_LONGEST = 254
"""Characters of an address (RFC 5321)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nobody was asked: 422 for what is no address, 429 with the seconds to wait for too many requests."""

    status: int
    what: str
    wait: int = 0


class Asking:
    """The one way in for everybody who asks: the form here, the form elsewhere, and the public interface.

    They share the allowance of 5 a minute for each visitor, and the same answer at the same moment for every address.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._allowance = Allowance(5, 60)
        self._elsewhere = {origin_of(one): one for one in app.settings.web.form_origins}

    async def ask(self, request: Request, email: str, *, filled_trap: bool, source: str) -> Problem | None:
        """None where the answer is the same for everybody. `filled_trap`: a program filled in what no person sees.

        `source` goes into the proof of consent, with the site it was sent from where that is one of `form_origins`.
        """
        wait = self._allowance.wait(visitor_key(request), self._app.now().timestamp())
        if wait:
            return Problem(429, f"Those were many requests in a short time. Try again in {wait} seconds.", wait)
        began = time.monotonic()
        if elsewhere := self._elsewhere.get(origin_of(request.headers.get("origin", ""))):
            source = f"{source} at {elsewhere}"
        try:
            if filled_trap:
                normal_address(email)
            else:
                ip = str(visitor_address(request) or "") or None
                await run_in_threadpool(subscribe, self._app, email, source=source, ip=ip)
        except InputError as error:
            return Problem(422, error.what)
        await asyncio.sleep(max(0.0, began + EVEN_SECONDS - time.monotonic()))
        return None


def joining(site: FastAPI, app: App, pages: Pages, identity: Identity, asking: Asking) -> None:
    """`/`, `/subscribe`, `/subscribed`, `/confirm/{token}`."""

    def form(request: Request, status: int = 200, address: str = "", problem: str = "") -> Response:
        latest = latest_issue(app)
        newest = () if latest else newest_rows(app)
        shown: dict[str, Any] = {"latest": latest, "newest": newest, "address": address, "problem": problem}
        return pages.show(request, "home", status=status, public="/", **shown)

    @site.get("/")
    def home(request: Request) -> Response:
        return form(request)

    @site.get("/subscribe")
    def ask_again() -> Response:
        return RedirectResponse(f"{pages.facts.base}/", 303)

    @site.post("/subscribe")
    async def ask(
        request: Request, email: Annotated[str, Form()] = "", homepage: Annotated[str, Form()] = ""
    ) -> Response:
        problem = await asking.ask(request, email, filled_trap=bool(homepage), source="subscribe form")
        if problem is None:
            response = RedirectResponse(f"{pages.facts.base}/subscribed", 303)
            identity.note_asked(response, normal_address(email))
            return response
        if problem.wait:
            headers = {"Retry-After": str(problem.wait)}
            return pages.problem(request, 429, "One moment, please", problem.what, headers=headers)
        kept = email[:_LONGEST] if email.isprintable() else ""
        return await run_in_threadpool(form, request, problem.status, kept, problem.what)

    @site.get("/subscribed")
    def asked(request: Request) -> Response:
        return pages.show(request, "subscribed")

    @site.get("/confirm/{token}")
    def ask_to_confirm(request: Request, token: str) -> Response:
        subscriber = of_confirmation(app, token)
        if subscriber.status is SubscriberStatus.ACTIVE:
            return welcome(request, subscriber, title="You are subscribed already")
        at_once = identity.asked_here(request, subscriber)
        return pages.show(request, "confirm", path=f"/confirm/{token}", at_once=at_once)

    @site.post("/confirm/{token}")
    def confirm_now(request: Request, token: str) -> Response:
        subscriber = confirm(app, token, ip=str(visitor_address(request) or "") or None)
        response = welcome(request, subscriber, title="Welcome, you are subscribed")
        identity.remember(response, subscriber)
        return response

    def welcome(request: Request, subscriber: Subscriber, title: str) -> Response:
        latest = published_issues(app, 1)
        shown: dict[str, Any] = {"latest": latest[0] if latest else None, "choices": first_choices(app, subscriber)}
        return pages.show(request, "welcome", title=title, **shown)
