"""What became of an issue: its numbers against those before it, who did not get it, and what can still be done."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue, corrections_of
from newsletter.app.import_subscribers import inert_cell
from newsletter.app.report_issue import evidence_of_unknown, settle_unknown, who_missed
from newsletter.app.results import results_of
from newsletter.errors import InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate
from newsletter.web.templating import PRIVATE

_SHOWN = 100


def results(app: App, gate: Gate) -> None:
    """`/console/issues/{key}/report` and what is done from there."""

    @gate.get("/issues/{key}/report")
    def look(request: Request, key: str) -> Response:
        return page(request, key)

    def page(request: Request, key: str, *, status: int = 200, problem: str = "") -> Response:
        return gate.show(
            request,
            "report",
            status=status,
            problem=problem,
            key=key,
            found=results_of(app, key),
            missed=who_missed(app, key, _SHOWN),
            unknown=evidence_of_unknown(app, key),
            corrections=corrections_of(app, key),
            here="issues",
        )

    @gate.get("/issues/{key}/missed.csv")
    def download(key: str) -> Response:
        """Everybody who did not get it, and why; safe to open in a spreadsheet."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["email", "status", "outcome", "detail"])
        for row in who_missed(app, key, -1):
            writer.writerow([inert_cell(row[name] or "") for name in ("email", "status", "outcome", "detail")])
        saved = {**PRIVATE, "Content-Disposition": f"attachment; filename={key}-missed.csv"}
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=saved)

    @gate.post("/issues/{key}/settle", Right.EDIT)
    def settle(request: Request, key: str, word: Annotated[str, Form()]) -> Response:
        def do() -> str:
            if word not in ("sent", "not-sent"):
                raise InputError("Say whether it was sent or not.")
            settle_unknown(app, key, sent=word == "sent")
            return f"settled what was unknown as {word}"

        return act(request, key, do)

    @gate.post("/issues/{key}/correct", Right.EDIT)
    def correct(
        request: Request,
        key: str,
        text: Annotated[str, Form()] = "",
        mail: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        def do() -> str:
            correct_issue(app, key, text, reason=reason if mail else None)
            return "corrected it"

        return act(request, key, do)

    def act(request: Request, key: str, do: Callable[[], str]) -> Response:
        return gate.act(
            request,
            f"issue {key}",
            do,
            to=lambda done: f"/issues/{key}/report",
            again=lambda status, problem: page(request, key, status=status, problem=problem),
        )
