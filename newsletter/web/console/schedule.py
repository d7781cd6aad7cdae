"""The weekly rule and the slots ahead; skip one, and take that back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.schedule import Upcoming, offset_in_words, rule_in_words, skip_slot, upcoming
from newsletter.issues import ISSUE_MOVES, IssueStatus
from newsletter.operators import Right
from newsletter.web.console.gate import Gate

_MODES = {
    "draft": "An issue is drafted by itself, and you are told; nothing is sent until you say so.",
    "auto": "An issue is drafted, tested and held by itself, and then sent, unless you stop it. While anything is open"
    " before a live send, it stays a draft.",
    "off": "Nothing happens by itself.",
}
_THEN = {"draft": "is drafted then", "auto": "is drafted then, and sent after the hold", "off": "is yours to draft"}


def schedule(app: App, gate: Gate) -> None:
    """`/console/schedule`."""

    @gate.get("/schedule")
    def look(request: Request) -> Response:
        return page(request)

    def page(request: Request, *, status: int = 200, problem: str = "") -> Response:
        rule = app.settings.schedule
        return gate.show(
            request,
            "schedule",
            status=status,
            problem=problem,
            rule=rule_in_words(app),
            mode=rule.mode,
            mode_words=_MODES[rule.mode],
            zone=app.settings.time_zone,
            catch_up=f"{rule.catch_up_hours:g} h",
            hold=f"{rule.hold_minutes:g} min",
            slots=[(slot, offset_in_words(slot.local), _may_skip(slot)) for slot in upcoming(app, 5)],
            then=_THEN[rule.mode],
            done=request.query_params.get("done", ""),
            here="schedule",
        )

    @gate.post("/schedule/skip", Right.EDIT)
    def skip(request: Request, key: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = "") -> Response:
        why = " ".join(reason.split())[:200] or "Skipped by the operator."

        def do() -> str:
            skip_slot(app, key, why)
            return f"skipped: {why}"

        return act(request, key, "skipped", do)

    @gate.post("/schedule/draft", Right.EDIT)
    def draft(request: Request, key: Annotated[str, Form()] = "") -> Response:
        def do() -> str:
            draft_issue(app, key)
            return "drafted"

        return act(request, key, "drafted", do)

    def act(request: Request, key: str, word: str, do: Callable[[], str]) -> Response:
        """`word`: of the page after it."""
        return gate.act(
            request,
            f"issue {key}",
            do,
            to=lambda done: f"/schedule?done={word}",
            again=lambda status, problem: page(request, status=409, problem=problem),  # nothing is typed here
        )


def _may_skip(slot: Upcoming) -> bool:
    return not slot.taken or IssueStatus.SKIPPED in ISSUE_MOVES[IssueStatus(slot.status)]
