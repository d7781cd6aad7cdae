"""Settings and health: what is in force and where it came from, what is left before a live send, and the log."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import groupby
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.app.container import App
from newsletter.app.house import Effective, effective_settings, look_at_house
from newsletter.app.provider_test import provider_tests, queue_provider_test
from newsletter.app.readiness import live_tasks
from newsletter.app.record import what_was_done
from newsletter.operators import Right
from newsletter.tables.cells import inert_cell
from newsletter.web.console.gate import Gate
from newsletter.web.templating import PRIVATE

_PAGE, _PART = 50, 500
_LAST_ID = 2**63 - 1


def house(app: App, gate: Gate) -> None:
    """`/console/settings` and `/console/log`."""

    @gate.get("/settings")
    def look(request: Request) -> Response:
        return page(request)

    def page(request: Request, *, status: int = 200, problem: str = "") -> Response:
        found, outside = look_at_house(app), "look" in request.query_params
        beats = {name: max(0, round((app.now() - at).total_seconds())) for name, (at, _) in found.beats.items()}
        in_order = sorted(effective_settings(app.settings), key=lambda row: bool(_section(row)))  # those of no section
        return gate.show(
            request,
            "settings",
            status=status,
            problem=problem,
            house=found,
            size=_size_in_words(found.database_bytes),
            beats=beats,
            tasks=live_tasks(app, look=outside),
            outside=outside,
            guests=len(app.settings.delivery.guests),
            provider=app.provider.name,
            live=app.provider.capabilities.live,
            tests=provider_tests(app),
            sections=[(name, list(rows)) for name, rows in groupby(in_order, _section)],
            done=request.query_params.get("done", ""),
            here="settings",
        )

    @gate.post("/settings/test-mail", Right.EDIT)
    def test_mail(request: Request) -> Response:
        def do() -> str:
            queue_provider_test(app, gate.caller(request).name)
            return f"tested the provider: {app.provider.name}"

        return gate.act(
            request,
            "",
            do,
            to=lambda done: "/settings?done=tested#provider-test",
            again=lambda status, problem: page(request, status=status, problem=problem),
        )

    @gate.get("/log")
    def log(
        request: Request, subject: str = "", before: Annotated[int | None, Query(ge=1, le=_LAST_ID)] = None
    ) -> Response:
        asked = subject.strip()
        found = what_was_done(app, asked, _PAGE + 1, before)
        older = found[_PAGE - 1][0] if len(found) > _PAGE else 0
        return gate.show(
            request, "log", deeds=found[:_PAGE], subject=asked, older=older, newer=before is not None, here="settings"
        )

    @gate.get("/log.csv")
    def download(subject: str = "") -> Response:
        """All of it, or of one subject; safe to open in a spreadsheet."""
        saved = {**PRIVATE, "Content-Disposition": "attachment; filename=log.csv"}
        return StreamingResponse(_as_csv(app, subject.strip()), media_type="text/csv; charset=utf-8", headers=saved)


def _as_csv(app: App, subject: str) -> Iterator[str]:
    """Part by part, newest first: the first bytes do not wait for a record of many years."""
    part: list[tuple[object, ...]] = [("id", "at", "operator", "act", "subject", "detail", "via")]
    before: int | None = None
    while part:
        text = io.StringIO()
        csv.writer(text).writerows(part)
        yield text.getvalue()
        found = what_was_done(app, subject, _PART, before)
        before = found[-1][0] if found else None
        part = []
        for number, deed in found:
            words = (deed.operator, deed.act, deed.subject, deed.detail, deed.via)
            part.append((number, deed.at.isoformat(), *map(inert_cell, words)))


def _section(setting: Effective) -> str:
    return setting.section


def _size_in_words(size: int) -> str:
    """`640 KB`, `1.2 GB`."""
    for unit, least in (("GB", 1_000_000_000), ("MB", 1_000_000)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{-(-size // 1000)} KB"
