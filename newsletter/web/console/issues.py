"""One issue from draft to send: content, preview, checks, audience, and the way to the send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.approve_issue import approve_issue, grouped, queue_test
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import content_mark, edit_issue, undo_edit
from newsletter.app.look_up import list_issues, look_at_issue
from newsletter.app.preview_issue import check_issue, preview_issue
from newsletter.app.record import note, what_was_done
from newsletter.app.schedule import upcoming
from newsletter.errors import InputError, NewsletterError
from newsletter.issues import IssueStatus
from newsletter.operators import Right
from newsletter.rendering.lint import WARN_BYTES
from newsletter.rendering.words import PREHEADER_LIMITS, SUBJECT_LIMIT
from newsletter.web.console.gate import Gate
from newsletter.web.mails import framed_mail

EDITABLE = (IssueStatus.DRAFT, IssueStatus.APPROVED, IssueStatus.HOLDING)
CLIPPED = 102_400
"""Bytes after which Gmail cuts a mail."""


def issues(app: App, gate: Gate) -> None:
    """`/console/issues` and what leads an issue to its send."""

    @gate.get("/issues")
    def list_all(request: Request) -> Response:
        ahead = [slot for slot in upcoming(app, 5) if not slot.taken]
        return gate.show(request, "issues", issues=list_issues(app), ahead=ahead[:1], here="issues")

    @gate.post("/issues", Right.EDIT)
    def draft(request: Request, slot: Annotated[str, Form()] = "") -> Response:
        drafted = draft_issue(app, slot or None).issue
        if drafted is None:
            return gate.go("/issues")
        _note(request, drafted.key, "drafted")
        return gate.go(f"/issues/{drafted.key}")

    @gate.get("/issues/{key}")
    def look(request: Request, key: str) -> Response:
        return page(request, key)

    def page(
        request: Request, key: str, *, status: int = 200, problem: str = "", said: dict[str, str] | None = None
    ) -> Response:
        """`said`: texts that were refused; nobody has to type them again."""
        detail, preview, checks = look_at_issue(app, key), preview_issue(app, key), check_issue(app, key)
        inside = {place.slug for place in detail.places}
        view = request.query_params.get("view", "")
        stored = {name: getattr(detail.issue, name) for name in ("subject", "preheader", "intro")}
        return gate.show(
            request,
            "issue",
            status=status,
            problem=problem,
            detail=detail,
            issue=detail.issue,
            preview=preview,
            checks=checks,
            findings=grouped(checks.findings),
            spare=[choice for choice in detail.choices if choice.slug not in inside],
            typed=said if said and status == 422 else stored,
            lost=said if said and status != 422 else None,
            view=view if view in ("light", "dark", "plain") else "",
            editable=detail.issue.status in EDITABLE and gate.caller(request).operator.may(Right.EDIT),
            seen=content_mark(app, detail.issue),
            limits={
                "subject": SUBJECT_LIMIT + 18,
                "preheader_least": PREHEADER_LIMITS[0],
                "preheader": PREHEADER_LIMITS[1],
                "warn": WARN_BYTES,
                "cut": CLIPPED,
            },
            deeds=what_was_done(app, f"issue {key}", 20),
            done=request.query_params.get("done", ""),
            here="issues",
        )

    @gate.post("/issues/{key}/texts", Right.EDIT)
    def save_texts(
        request: Request,
        key: str,
        seen: Annotated[str, Form()],
        subject: Annotated[str, Form()] = "",
        preheader: Annotated[str, Form()] = "",
        intro: Annotated[str, Form()] = "",
    ) -> Response:
        by, said = gate.caller(request).name, {"subject": subject, "preheader": preheader, "intro": intro}
        return _acted(
            request,
            key,
            "edited the texts",
            lambda: edit_issue(app, key, by=by, seen=seen, **said),
            said=said,
        )

    @gate.post("/issues/{key}/arrange", Right.EDIT)
    def arrange(
        request: Request,
        key: str,
        seen: Annotated[str, Form()],
        slug: Annotated[str, Form()],
        act: Annotated[str, Form()],
    ) -> Response:
        by = gate.caller(request).name

        def change() -> None:
            order = [place.slug for place in look_at_issue(app, key).places]
            if act in ("up", "down") and slug in order:
                place = order.index(slug)
                other = max(0, min(len(order) - 1, place + (-1 if act == "up" else 1)))
                order[place], order[other] = order[other], order[place]
                edit_issue(app, key, order=order, by=by, seen=seen)
            elif act in ("add", "drop", "full", "brief"):
                chosen = {act: [slug]}
                edit_issue(app, key, by=by, seen=seen, **chosen)  # type: ignore[arg-type]  # one of its four lists

        return _acted(request, key, f"{act} {slug}", change, at="content-step" if act == "drop" else f"at-{slug}")

    @gate.post("/issues/{key}/order", Right.EDIT)
    def order(request: Request, key: str, seen: Annotated[str, Form()], slug: Annotated[list[str], Form()]) -> Response:
        """What dragging sends: every slug, in the new order."""
        by = gate.caller(request).name
        return _acted(request, key, "put in another order", lambda: edit_issue(app, key, order=slug, by=by, seen=seen))

    @gate.post("/issues/{key}/undo", Right.EDIT)
    def undo(request: Request, key: str) -> Response:
        return _acted(request, key, "undid the last change", lambda: undo_edit(app, key))

    @gate.post("/issues/{key}/test", Right.EDIT)
    def test(request: Request, key: str, to: Annotated[str, Form()] = "") -> Response:
        return _acted(request, key, "sent a test", lambda: queue_test(app, key, to), done="tested")

    @gate.post("/issues/{key}/approve", Right.EDIT)
    def approve(request: Request, key: str, code: Annotated[str, Form()] = "") -> Response:
        return _acted(
            request, key, "approved", lambda: approve_issue(app, key, code=code.strip() or None), done="approved"
        )

    @gate.get("/issues/{key}/html")
    def html(key: str, scheme: str = "light", images: str = "on") -> Response:
        found = preview_issue(app, key).html
        if scheme == "dark":  # a frame does not pass its own scheme on to what is in it
            found = found.replace("(prefers-color-scheme:dark)", "all")
        else:
            found = found.replace("(prefers-color-scheme:dark)", "not all")
        return framed_mail(found, images=images != "off")

    @gate.get("/issues/{key}/text")
    def text(key: str) -> Response:
        return Response(preview_issue(app, key).text, media_type="text/plain; charset=utf-8")

    @gate.get("/issues/{key}/source")
    def source(key: str) -> Response:
        return Response(preview_issue(app, key).html, media_type="text/plain; charset=utf-8")

    def _acted(
        request: Request,
        key: str,
        act: str,
        do: Callable[[], object],
        *,
        done: str = "saved",
        at: str = "",
        said: dict[str, str] | None = None,
    ) -> Response:
        """`at`: the part of the page that it was about. 422 is for what was typed, 409 for what stands in the way."""
        try:
            with app.store.transaction():
                do()
                _note(request, key, act)
        except NewsletterError as error:
            status = 422 if isinstance(error, InputError) else 409
            return page(request, key, status=status, problem=str(error), said=said)
        return gate.go(f"/issues/{key}?done={done}" + (f"#{quote(at)}" if at else ""))

    def _note(request: Request, key: str, act: str) -> None:
        note(app, gate.caller(request).name, act, subject=f"issue {key}", via="console")
