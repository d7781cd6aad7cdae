"""The send: a review that asks for the number, a minute to undo, and a page to watch and to stop it from."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Form
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.app.container import App
from newsletter.app.guests import only_guests_in_words
from newsletter.app.hold_issue import hold_issue, undo_hold
from newsletter.app.look_up import look_at_issue
from newsletter.app.preview_issue import check_issue
from newsletter.app.send_issue import cancel_issue, pause_issue, resume_issue
from newsletter.app.watch_issue import Progress, watch_issue
from newsletter.errors import InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate
from newsletter.web.templating import PRIVATE

_LOOK_SECONDS = 1.0
_AGAIN_MS = 1000
"""After which a page whose stream broke, as when the server starts anew, asks again."""


def sending(app: App, gate: Gate, stopping: threading.Event) -> None:
    """`/console/issues/{key}/review` and `/sending`. `stopping` is set when the server is to end: open streams end."""

    @gate.get("/issues/{key}/review", Right.EDIT)
    def review(request: Request, key: str) -> Response:
        return review_page(request, key)

    def review_page(request: Request, key: str, *, status: int = 200, problem: str = "") -> Response:
        detail = look_at_issue(app, key)
        readers = detail.audience["recipients"]
        rate = app.settings.delivery.requests_per_second or app.provider.capabilities.rate_per_second
        batches = -(-readers // app.provider.capabilities.max_batch)
        checks = check_issue(app, key)
        return gate.show(
            request,
            "review",
            status=status,
            problem=problem,
            issue=detail.issue,
            approved=request.query_params.get("done") == "approved",
            readers=readers,
            sentence=_sentence(app, readers, batches / rate if rate else None),
            checks=checks,
            waits=only_guests_in_words(app, checks.tasks),
            here="issues",
        )

    @gate.post("/issues/{key}/send", Right.EDIT)
    def send(request: Request, key: str, count: Annotated[str, Form()] = "") -> Response:
        def do() -> str:
            typed = count.strip().replace(",", "").replace("\u202f", "").replace(" ", "")
            if not (typed.isascii() and typed.isdigit()):
                raise InputError("Type the number of readers.", next_step="It stands in the sentence above.")
            issue = hold_issue(app, key, recipients=int(typed[:12]))
            return f"sent it: {typed} readers, held until {issue.hold_until:%H:%M:%S} UTC"

        def again(status: int, problem: str) -> Response:
            return review_page(request, key, status=409, problem=problem)  # a word is a wrong number too

        return act(request, key, do, again)

    def act(request: Request, key: str, do: Callable[[], str], again: Callable[[int, str], Response]) -> Response:
        return gate.act(request, f"issue {key}", do, to=lambda done: f"/issues/{key}/sending", again=again)

    @gate.get("/issues/{key}/sending")
    def watch(request: Request, key: str) -> Response:
        return watch_page(request, key)

    def watch_page(request: Request, key: str, *, status: int = 200, problem: str = "") -> Response:
        progress = watch_issue(app, key)
        return gate.show(
            request,
            "sending",
            status=status,
            problem=problem,
            key=key,
            progress=progress,
            told=told(progress),
            here="issues",
        )

    @gate.get("/issues/{key}/progress")
    async def stream(request: Request, key: str) -> Response:
        """Server-sent events, one a second, until the issue is over, the page is closed or the server ends."""

        async def events() -> AsyncIterator[str]:
            yield f"retry: {_AGAIN_MS}\n\n"
            while not stopping.is_set() and not await request.is_disconnected():
                progress = await run_in_threadpool(watch_issue, app, key)
                yield f"data: {json.dumps(told(progress))}\n\n"
                if progress.over:
                    return
                for _ in range(4):  # ends soon after the server is asked to
                    await asyncio.sleep(_LOOK_SECONDS / 4)
                    if stopping.is_set():
                        return

        return StreamingResponse(events(), media_type="text/event-stream", headers=PRIVATE)

    def button(path: str, change: Callable[[App, str], object], words: str) -> None:
        @gate.post(f"/issues/{{key}}/{path}", Right.EDIT)
        def press(request: Request, key: str) -> Response:
            def do() -> str:
                change(app, key)
                return words

            def again(status: int, problem: str) -> Response:
                return watch_page(request, key, status=status, problem=problem)

            return act(request, key, do, again)

    for path, change, words in (
        ("undo-send", undo_hold, "undid the send"),
        ("pause", pause_issue, "paused it"),
        ("resume", resume_issue, "resumed it"),
        ("cancel", cancel_issue, "cancelled the rest"),
    ):
        button(path, change, words)


def told(progress: Progress) -> dict[str, Any]:
    """What the page shows of a look, as JSON."""
    counts = asdict(progress.counts)
    return {
        "status": str(progress.status),
        "reason": progress.reason,
        "per_cent": progress.per_cent,
        "counts": counts,
        "rate": f"{progress.rate:,.0f} a second" if progress.rate >= 1 else "",
        "left": seconds_in_words(progress.left),
        "over": progress.over,
    }


def seconds_in_words(seconds: float | None) -> str:
    """`4 min 10 s`; empty where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _sentence(app: App, readers: int, seconds: float | None) -> str:
    zone = app.settings.time_zone
    now = app.now().astimezone(app.settings.zone)
    utc = "" if now.utcoffset() == timedelta(0) else f", {app.now():%H:%M} UTC"
    long = f", which takes about {seconds_in_words(max(1.0, seconds))}" if seconds is not None else ""
    live = "" if app.provider.capabilities.live else " (nothing leaves this machine)"
    return (
        f"A minute after you say so (now it is {now:%H:%M} {zone}{utc}) this issue goes to"
        f" {readers:,} reader{'' if readers == 1 else 's'} through {app.provider.name}{live}{long}."
    )
