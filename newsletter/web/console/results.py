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
from newsletter.app.record import note
from newsletter.app.report_issue import evidence_of_unknown, settle_unknown, who_missed
from newsletter.app.results import results_of
from newsletter.errors import NewsletterError
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
        if word not in ("sent", "not-sent"):
            return page(request, key, status=422, problem="Say whether it was sent or not.")
        return acted(
            request, key, f"settled what was unknown as {word}", lambda: settle_unknown(app, key, sent=word == "sent")
        )

    @gate.post("/issues/{key}/correct", Right.EDIT)
    def correct(
        request: Request,
        key: str,
        text: Annotated[str, Form()] = "",
        mail: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        return acted(
            request, key, "corrected it", lambda: correct_issue(app, key, text, reason=reason if mail else None)
        )

    def acted(request: Request, key: str, act: str, do: Callable[[], object]) -> Response:
        try:
            with app.store.transaction():
                do()
                note(app, gate.caller(request).name, act, subject=f"issue {key}", via="console")
        except NewsletterError as error:
            return page(request, key, status=409, problem=str(error))
        return gate.go(f"/issues/{key}/report")
