"""What a reader may see and change about themselves, by their signed link and without a login."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Form
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.change_address import Change, ask_to_change, change_address, of_change
from newsletter.app.container import App
from newsletter.app.leave import FORGET_DAYS, PAUSE_WEEKS, end_pause, erase, of_reader, pause
from newsletter.app.preferences import Tried, masked, prefer, preferences_of
from newsletter.app.your_data import your_data
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.audience.zones import zones_by_region
from newsletter.errors import InputError, TransitionError
from newsletter.web import joining
from newsletter.web.identity import Identity
from newsletter.web.templating import PRIVATE, Pages

_SOURCE = "preferences page"


def preferring(site: FastAPI, app: App, pages: Pages, identity: Identity) -> None:
    """`/preferences/{token}` with `/pause`, `/resume`, `/address`, `/export` and `/erase`; and `/address/{token}`."""

    def show(
        request: Request,
        token: str,
        subscriber: Subscriber,
        *,
        done: str = "",
        problem: str = "",
        about: str = "choices",
        tried: Tried | None = None,
        typed: str = "",
    ) -> Response:
        """The page. `problem` is about the `choices` or the `address`, where `tried` or `typed` is what was said."""
        if subscriber.status is SubscriberStatus.ERASED:
            return pages.show(request, "erased", days=FORGET_DAYS)
        response = pages.show(
            request,
            "preferences",
            status=422 if problem else 200,
            path=f"/preferences/{token}",
            token=token,
            mine=preferences_of(app, subscriber, tried),
            active=subscriber.status is SubscriberStatus.ACTIVE,
            often=str(subscriber.frequency),
            weeks=PAUSE_WEEKS,
            regions=zones_by_region(),
            done=done,
            problem=problem,
            about=about,
            typed=typed,
        )
        if request.method == "POST":
            identity.remember(response, subscriber)
        return response

    @site.get("/preferences/{token}")
    def look(request: Request, token: str) -> Response:
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        return show(request, token, of_reader(app, token))

    @site.post("/preferences/{token}")
    def keep(
        request: Request,
        token: str,
        topics: Annotated[list[str] | None, Form()] = None,
        frequency: Annotated[str | None, Form()] = None,
        zone: Annotated[str | None, Form()] = None,
    ) -> Response:
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        subscriber = of_reader(app, token)
        try:
            prefer(app, subscriber, topics=topics or [], frequency=frequency, zone=zone, source=_SOURCE)
        except (InputError, TransitionError) as error:
            tried = Tried(frozenset(topics or ()), frequency, zone)
            return show(request, token, subscriber, problem=str(error), tried=tried)
        return show(request, token, of_reader(app, token), done="Saved.")

    @site.post("/preferences/{token}/pause")
    def take_a_break(request: Request, token: str, weeks: Annotated[int, Form()]) -> Response:
        return after_pause(request, token, pause(app, token, weeks, source=_SOURCE), "Saved: you are paused.")

    @site.post("/preferences/{token}/resume")
    def go_on(request: Request, token: str) -> Response:
        resumed = end_pause(app, token, source=_SOURCE)
        return after_pause(request, token, resumed, "Saved: the next issue comes again.")

    def after_pause(request: Request, token: str, subscriber: Subscriber, done: str) -> Response:
        """Who gets no issues has nothing to pause: their page says so."""
        return show(request, token, subscriber, done=done if subscriber.status is SubscriberStatus.ACTIVE else "")

    @site.post("/preferences/{token}/address")
    async def ask_for_another(request: Request, token: str, email: Annotated[str, Form()] = "") -> Response:
        """As with the subscribe form, neither the answer nor its time tells whose the address is."""
        began = time.monotonic()
        subscriber = await run_in_threadpool(of_reader, app, token)
        try:
            await run_in_threadpool(ask_to_change, app, token, email)
        except (InputError, TransitionError) as error:
            typed = email[:254] if email.isprintable() else ""
            refused = partial(show, problem=str(error), about="address", typed=typed)
            return await run_in_threadpool(refused, request, token, subscriber)
        await asyncio.sleep(max(0.0, began + joining.EVEN_SECONDS - time.monotonic()))
        done = "If that address can receive our mail, a link is on its way to it. Nothing changes until it is pressed."
        return await run_in_threadpool(show, request, token, subscriber, done=done)

    @site.get("/preferences/{token}/export")
    def export(request: Request, token: str) -> Response:
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        subscriber = of_reader(app, token)
        if subscriber.status is SubscriberStatus.ERASED:
            return show(request, token, subscriber)
        document = json.dumps(your_data(app, subscriber), ensure_ascii=False, indent=2) + "\n"
        headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="your-data.json"'}
        return Response(document, media_type="application/json", headers=headers)

    @site.get("/preferences/{token}/erase")
    def ask_to_erase(request: Request, token: str) -> Response:
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        subscriber = of_reader(app, token)
        if subscriber.status is SubscriberStatus.ERASED:
            return show(request, token, subscriber)
        shown: dict[str, Any] = {"path": f"/preferences/{token}", "address": masked(subscriber.email or "")}
        return pages.show(request, "erase", days=FORGET_DAYS, token=token, **shown)

    @site.post("/preferences/{token}/erase")
    def erase_now(request: Request, token: str) -> Response:
        erase(app, token)
        response = pages.show(request, "erased", days=FORGET_DAYS)
        identity.forget(response)
        return response

    @site.get("/address/{token}")
    def ask_for_change(request: Request, token: str) -> Response:
        return address(request, token, of_change(app, token))

    @site.post("/address/{token}")
    def change_now(request: Request, token: str) -> Response:
        try:
            change = change_address(app, token)
        except TransitionError as error:
            return pages.problem(request, 409, "Your address stays as it was", str(error))
        response = address(request, token, change)
        identity.remember(response, change.subscriber)
        return response

    def address(request: Request, token: str, change: Change) -> Response:
        mine = f"/preferences/{app.signer.reader(0, change.subscriber.id)}" if change.done else ""
        return pages.show(request, "address", path=f"/address/{token}", new=masked(change.address), mine=mine)
