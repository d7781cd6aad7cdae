"""Addresses that are never mailed: the list, add one with the reason, lift what an operator had added."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.suppressions import (
    KEPT,
    MOST_WORDS,
    add_suppression,
    find_suppression,
    lift_suppression,
    list_suppressions,
    suppression_counts,
)
from newsletter.audience.subscriber import SuppressionReason
from newsletter.errors import InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate

_PAGE = 50


def suppressions(app: App, gate: Gate) -> None:
    """`/console/suppressions`."""

    @gate.get("/suppressions")
    def look(request: Request, reason: str = "", q: str = "", before: str = "") -> Response:
        number = int(before[:18]) if before.isascii() and before.isdigit() else 0
        return page(request, reason=reason, q=q.strip()[:254], before=number)

    def page(
        request: Request,
        *,
        status: int = 200,
        problem: str = "",
        reason: str = "",
        q: str = "",
        before: int = 0,
        email: str = "",
        words: str = "",
    ) -> Response:
        kind = reason if reason in set(SuppressionReason) else ""
        if q:
            try:
                one = find_suppression(app, q)
            except InputError as error:
                one, status, problem = None, 422, str(error)
            found = [one] if one else []
        else:
            found = list_suppressions(app, kind, before=before, limit=_PAGE + 1)
        shown, counts = found[:_PAGE], suppression_counts(app)
        older = {"reason": kind, "before": str(shown[-1].id)} if len(found) > _PAGE else {}
        return gate.show(
            request,
            "suppressions",
            status=status,
            problem=problem,
            shown=shown,
            more=urlencode({name: value for name, value in older.items() if value}),
            paged=bool(before),
            kinds=[("", "All", sum(counts.values())), *((one, one.replace("_", " "), n) for one, n in counts.items())],
            kind=kind,
            q=q,
            email=email,
            words=words,
            most_words=MOST_WORDS,
            kept=KEPT,
            done=request.query_params.get("done", ""),
            here="subscribers",
        )

    @gate.post("/suppressions", Right.EDIT)
    def add(request: Request, email: Annotated[str, Form()] = "", words: Annotated[str, Form()] = "") -> Response:
        key = ""

        def do() -> str:
            nonlocal key
            key = add_suppression(app, email, words).key
            return "suppressed"

        def again(status: int, problem: str) -> Response:
            return page(request, status=status, problem=problem, email=email.strip()[:254], words=words)

        return gate.act(
            request, lambda: f"suppression {key}", do, to=lambda done: "/suppressions?done=added", again=again
        )

    @gate.post("/suppressions/lift", Right.EDIT)
    def lift(request: Request, which: Annotated[str, Form()] = "") -> Response:
        key = ""

        def do() -> str:
            nonlocal key
            key = lift_suppression(app, which).key
            return "lifted"

        def again(status: int, problem: str) -> Response:
            return page(request, status=status, problem=problem)

        return gate.act(
            request, lambda: f"suppression {key}", do, to=lambda done: "/suppressions?done=lifted", again=again
        )
