"""Asking for the newsletter, and the confirmation that follows."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import FastAPI, Form
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.read_pages import published_issues
from newsletter.app.subscribe import confirm, of_confirmation, subscribe
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.errors import InputError
from newsletter.web.identity import Identity
from newsletter.web.templating import Pages
from newsletter.web.visitors import Allowance, visitor_address, visitor_key

EVEN_SECONDS = 0.1
"""Every answer to the form takes so long: how long it takes must not tell who is subscribed."""

_LONGEST = 254
"""Characters of an address (RFC 5321)."""


def joining(site: FastAPI, app: App, pages: Pages, identity: Identity) -> None:
    """`/`, `/subscribe`, `/subscribed`, `/confirm/{token}`."""
    allowance = Allowance(5, 60)

    def form(request: Request, status: int = 200, address: str = "", problem: str = "") -> Response:
        latest = published_issues(app, 1)
        shown: dict[str, Any] = {"latest": latest[0] if latest else None, "address": address, "problem": problem}
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
        wait = allowance.wait(visitor_key(request), app.now().timestamp())
        if wait:
            return pages.problem(
                request,
                429,
                "One moment, please",
                f"Those were many requests in a short time. Try again in {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )
        began = time.monotonic()
        if not homepage:  # no person sees this field: only a program fills it in
            ip = str(visitor_address(request) or "") or None
            try:
                await run_in_threadpool(subscribe, app, email, source="subscribe form", ip=ip)
            except InputError as error:
                kept = email[:_LONGEST] if email.isprintable() else ""
                return await run_in_threadpool(form, request, 422, kept, error.what)
        await asyncio.sleep(max(0.0, began + EVEN_SECONDS - time.monotonic()))
        return RedirectResponse(f"{pages.facts.base}/subscribed", 303)

    @site.get("/subscribed")
    def asked(request: Request) -> Response:
        return pages.show(request, "subscribed")

    @site.get("/confirm/{token}")
    def ask_to_confirm(request: Request, token: str) -> Response:
        if of_confirmation(app, token).status is SubscriberStatus.ACTIVE:
            return welcome(request, title="You are subscribed already")
        return pages.show(request, "confirm", path=f"/confirm/{token}")

    @site.post("/confirm/{token}")
    def confirm_now(request: Request, token: str) -> Response:
        confirm(app, token, ip=str(visitor_address(request) or "") or None)
        return welcome(request, title="Welcome, you are subscribed")

    def welcome(request: Request, title: str) -> Response:
        latest = published_issues(app, 1)
        return pages.show(request, "welcome", title=title, latest=latest[0] if latest else None)
