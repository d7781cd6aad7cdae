"""What became of an issue: its numbers against those before it, who did not get it, and what can still be done."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.app.report_issue import settle_unknown, who_missed
from newsletter.app.results import doubt_of, results_of
from newsletter.app.retry_rejected import look_at_retry, retry_rejected
from newsletter.errors import InputError
from newsletter.operators import Right
from newsletter.tables.cells import inert_cell
from newsletter.web.console.gate import Gate
from newsletter.web.console.sending import seconds_in_words
from newsletter.web.templating import PRIVATE

_MISSED = ("email", "status", "outcome", "detail")


def results(app: App, gate: Gate) -> None:
    """`/console/issues/{key}/report` and what is done from there; sending again has a page of its own before it."""

    @gate.get("/issues/{key}/report")
    def look(request: Request, key: str) -> Response:
        return page(request, key)

    def page(request: Request, key: str, *, status: int = 200, problem: str = "") -> Response:
        found = results_of(app, key)
        took = seconds_in_words(found.report.seconds)
        shown: dict[str, Any] = {"key": key, "found": found, "took": took, "here": "issues"}
        shown["done"] = request.query_params.get("done", "")
        return gate.show(request, "report", status=status, problem=problem, **shown)

    @gate.get("/issues/{key}/missed.csv")
    def download(key: str) -> Response:
        """Everybody who did not get it, and why; safe to open in a spreadsheet."""
        saved = {**PRIVATE, "Content-Disposition": f"attachment; filename={key}-missed.csv"}
        return StreamingResponse(_lines(who_missed(app, key)), media_type="text/csv; charset=utf-8", headers=saved)

    @gate.get("/issues/{key}/settle", Right.EDIT)
    def ask_to_settle(request: Request, key: str, word: str = "") -> Response:
        return settle_page(request, key, word)

    def settle_page(request: Request, key: str, word: str, *, status: int = 200, problem: str = "") -> Response:
        shown: dict[str, Any] = {"key": key, "doubt": doubt_of(app, key), "sent": word == "sent", "here": "issues"}
        return gate.show(request, "settle", status=status, problem=problem, **shown)

    @gate.post("/issues/{key}/settle", Right.EDIT)
    def settle(
        request: Request, key: str, word: Annotated[str, Form()], count: Annotated[str, Form()] = ""
    ) -> Response:
        def do() -> str:
            if word not in ("sent", "not-sent"):
                raise InputError("Say whether it was sent or not.")
            _, settled = settle_unknown(app, key, sent=word == "sent", expected=_number(count))
            return f"settled what was unknown as {word.replace('-', ' ')}: {settled} of them"

        def again(status: int, problem: str) -> Response:
            return settle_page(request, key, word, status=status, problem=problem)

        return act(request, key, do, again, word)

    @gate.get("/issues/{key}/retry", Right.EDIT)
    def ask_to_retry(request: Request, key: str) -> Response:
        return retry_page(request, key)

    def retry_page(request: Request, key: str, *, status: int = 200, problem: str = "") -> Response:
        shown: dict[str, Any] = {"key": key, "retry": look_at_retry(app, key), "here": "issues"}
        return gate.show(request, "retry", status=status, problem=problem, **shown)

    @gate.post("/issues/{key}/retry", Right.EDIT)
    def retry(request: Request, key: str, count: Annotated[str, Form()] = "") -> Response:
        def do() -> str:
            _, waiting = retry_rejected(app, key, expected=_number(count))
            return f"tried again what was refused: {waiting} of them"

        return gate.act(
            request,
            f"issue {key}",
            do,
            to=lambda done: f"/issues/{key}/sending",
            again=lambda status, problem: retry_page(request, key, status=status, problem=problem),
        )

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

        def again(status: int, problem: str) -> Response:
            return page(request, key, status=status, problem=problem)

        return act(request, key, do, again, "mailed" if mail else "corrected")

    def act(
        request: Request, key: str, do: Callable[[], str], again: Callable[[int, str], Response], word: str
    ) -> Response:
        return gate.act(request, f"issue {key}", do, to=lambda done: f"/issues/{key}/report?done={word}", again=again)


def _number(typed: str) -> int | None:
    """How many the page had named; None where it named none."""
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()):
        raise InputError("That is no number of readers.", next_step="Open the page once more.")
    return int(typed[:12])


def _lines(rows: Iterator[dict[str, str | None]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_MISSED)
    for row in rows:
        writer.writerow([inert_cell(row[name] or "") for name in _MISSED])
        if text.tell() > 64_000:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
