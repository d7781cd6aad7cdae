"""Unsubscribing: a page with one button, the one-click POST of mail clients, the reason after it, and the way back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.leave import (
    MOST_WORDS,
    PAUSE_WEEKS,
    REASONS,
    end_pause,
    of_reader,
    pause,
    say_why,
    undo_unsubscribe,
    unsubscribe,
)
from newsletter.app.preferences import paused_until
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.web.machines import raw_body
from newsletter.web.templating import Pages

_GONE = (SubscriberStatus.UNSUBSCRIBED, SubscriberStatus.ERASED)


def leaving(site: FastAPI, app: App, pages: Pages) -> None:
    """`/unsubscribe/{token}`, its reason and undo, and a pause instead."""

    @site.get("/unsubscribe/{token}")
    def ask_to_leave(request: Request, token: str) -> Response:
        if token == DEAD_TOKEN:
            return pages.show(request, "leave_test")
        subscriber = of_reader(app, token)
        if subscriber.status in _GONE:
            return left(request, token, subscriber.status)
        if until := paused_until(app, subscriber):
            return paused(request, token, until)
        return pages.show(request, "leave", weeks=PAUSE_WEEKS, **links(token))

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

    @site.post("/unsubscribe/{token}/reason")
    def tell_why(
        request: Request, token: str, reason: Annotated[str, Form()] = "", words: Annotated[str, Form()] = ""
    ) -> Response:
        subscriber = say_why(app, token, reason, words)
        if subscriber.status not in _GONE:
            return ask_to_leave(request, token)
        return left(request, token, subscriber.status, thanks=bool(reason or words.strip()))

    @site.post("/unsubscribe/{token}/undo")
    def come_back(request: Request, token: str) -> Response:
        if undo_unsubscribe(app, token).status is SubscriberStatus.ACTIVE:
            return pages.show(request, "back", **links(token))
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
        if until := paused_until(app, subscriber):
            return paused(request, token, until)
        return pages.show(request, "back", **links(token))

    def paused(request: Request, token: str, until: str) -> Response:
        return pages.show(request, "paused", until=until, **links(token))

    def left(request: Request, token: str, status: SubscriberStatus, *, thanks: bool = False) -> Response:
        """The same whether they left just now or long ago; nothing to undo or to say once they are erased."""
        known = status is SubscriberStatus.UNSUBSCRIBED
        shown: dict[str, Any] = {"known": known, "thanks": thanks, "reasons": REASONS, "most": MOST_WORDS}
        return pages.show(request, "left", **shown, **links(token))

    def links(token: str) -> dict[str, Any]:
        return {"path": f"/unsubscribe/{token}", "preferences": f"/preferences/{token}"}
