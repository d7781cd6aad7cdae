"""Unsubscribing: a page with one button, the one-click POST of mail clients, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.subscribe import PAUSE_WEEKS, end_pause, of_reader, pause, undo_unsubscribe, unsubscribe
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.rendering.context import day_in_words
from newsletter.web.machines import raw_body
from newsletter.web.templating import Pages

_GONE = (SubscriberStatus.UNSUBSCRIBED, SubscriberStatus.ERASED)


def leaving(site: FastAPI, app: App, pages: Pages) -> None:
    """`/unsubscribe/{token}`, its undo, and a pause instead."""

    @site.get("/unsubscribe/{token}")
    def ask_to_leave(request: Request, token: str) -> Response:
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        subscriber = of_reader(app, token)
        if subscriber.status in _GONE:
            return left(request, token, subscriber.status)
        if paused := until(subscriber):
            return pages.show(request, "paused", path=f"/unsubscribe/{token}", until=paused)
        return pages.show(request, "leave", path=f"/unsubscribe/{token}", weeks=PAUSE_WEEKS)

    @site.post("/unsubscribe/{token}")
    def leave(request: Request, token: str, body: Annotated[bytes, Depends(raw_body)]) -> Response:
        """RFC 8058: no cookie, no redirect, urlencoded or multipart; a repeat gets the same answer.

        The body only tells which button it was. A client that sends it in a form of its own is obeyed as well: whoever
        posts here holds the reader's link, and to keep them against their will would be worse.
        """
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        source = "one-click unsubscribe" if b"One-Click" in body else "unsubscribe page"
        return left(request, token, unsubscribe(app, token, source=source).status)

    @site.post("/unsubscribe/{token}/undo")
    def come_back(request: Request, token: str) -> Response:
        if undo_unsubscribe(app, token).status is SubscriberStatus.ACTIVE:
            return pages.show(request, "back", path=f"/unsubscribe/{token}")
        return pages.problem(
            request,
            409,
            "This cannot be undone here",
            "Nothing was changed. If you would like the newsletter again, subscribe once more on the start page.",
        )

    @site.post("/unsubscribe/{token}/pause")
    def take_a_break(request: Request, token: str, weeks: Annotated[int, Form()]) -> Response:
        return after_pause(request, token, pause(app, token, weeks))

    @site.post("/unsubscribe/{token}/resume")
    def go_on(request: Request, token: str) -> Response:
        return after_pause(request, token, end_pause(app, token))

    def after_pause(request: Request, token: str, subscriber: Subscriber) -> Response:
        if subscriber.status is not SubscriberStatus.ACTIVE:
            return left(request, token, subscriber.status)
        path = f"/unsubscribe/{token}"
        if paused := until(subscriber):
            return pages.show(request, "paused", path=path, until=paused)
        return pages.show(request, "back", path=path)

    def until(subscriber: Subscriber) -> str:
        """The local date in words on which a pause ends, or nothing where there is none."""
        end = subscriber.paused_until
        return day_in_words(end.astimezone(app.settings.zone).date()) if end and end > app.now() else ""

    def left(request: Request, token: str, status: SubscriberStatus) -> Response:
        undo = f"/unsubscribe/{token}/undo" if status is SubscriberStatus.UNSUBSCRIBED else ""
        return pages.show(request, "left", undo=undo)
