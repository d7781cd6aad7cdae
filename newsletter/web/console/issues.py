"""One issue from draft to send: content, checks, audience, and the way to the send. Its frames stand in previews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.approve_issue import approve_issue, grouped, queue_test
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import edit_issue, undo_edit
from newsletter.app.look_up import list_issues, look_at_issue
from newsletter.app.mending import Mend, Spot
from newsletter.app.preview_issue import Opened, open_issue
from newsletter.app.preview_reader import number_of_reader
from newsletter.app.record import what_was_done
from newsletter.app.schedule import upcoming
from newsletter.errors import InputError, NewsletterError
from newsletter.issues import Issue, IssueStatus
from newsletter.operators import Right
from newsletter.rendering.lint import RULES, WARN_BYTES
from newsletter.rendering.words import PREHEADER_LIMITS, SUBJECT_LIMIT
from newsletter.web.console.gate import Gate
from newsletter.web.console.previews import reader_asked

EDITABLE = (IssueStatus.DRAFT, IssueStatus.APPROVED, IssueStatus.HOLDING)
VIEWS = {
    "": "Light and dark",
    "light": "Light",
    "dark": "Dark",
    "plain": "Without pictures",
    "web": "Web version",
}
CLIPPED = 102_400
"""Bytes after which Gmail cuts a mail."""
_LIMITS = {
    "subject": SUBJECT_LIMIT + 18,
    "preheader_least": PREHEADER_LIMITS[0],
    "preheader": PREHEADER_LIMITS[1],
    "intro": 4000,
    "warn": WARN_BYTES,
    "cut": CLIPPED,
}
_MOST_MENDS = 5
_ARRANGED = {
    "up": "moved {} up",
    "down": "moved {} down",
    "add": "put {} in",
    "drop": "took {} out",
    "full": "put {} in full",
    "brief": "put {} in brief",
}
"""Act → what the log says was done to a comparison."""


def issues(app: App, gate: Gate) -> None:
    """`/console/issues` and what leads an issue to its send."""

    @gate.get("/issues")
    def list_all(request: Request) -> Response:
        return list_page(request)

    def list_page(request: Request, *, status: int = 200, problem: str = "") -> Response:
        ahead = [slot for slot in upcoming(app, 5) if not slot.taken]
        found = list_issues(app)
        return gate.show(
            request,
            "issues",
            status=status,
            problem=problem,
            issues=found,
            ahead=ahead[:1],
            off=app.settings.schedule.mode == "off",
            zone=app.settings.time_zone,
            here="issues",
        )

    @gate.post("/issues", Right.EDIT)
    def draft(request: Request, slot: Annotated[str, Form()] = "") -> Response:
        made: list[Issue] = []

        def do() -> str:
            drafted = draft_issue(app, slot or None).issue
            made.extend([drafted] if drafted else [])
            return "drafted" if drafted else ""

        return gate.act(
            request,
            lambda: f"issue {made[0].key}",
            do,
            to=lambda done: f"/issues/{made[0].key}" if done else "/issues",
            again=lambda status, problem: list_page(request, status=status, problem=problem),
        )

    @gate.get("/issues/{key}")
    def look(request: Request, key: str) -> Response:
        return page(request, key)

    def page(
        request: Request,
        key: str,
        *,
        status: int = 200,
        problem: str = "",
        said: dict[str, str] | None = None,
        address: str = "",
    ) -> Response:
        """`said`: texts that were refused; nobody has to type them again. `address`: of a reader who is none."""
        opened = open_issue(app, key, reader=reader_asked(request))
        detail, issue = opened.detail, opened.detail.issue
        inside = {place.slug for place in detail.places}
        editable = issue.status in EDITABLE and gate.caller(request).operator.may(Right.EDIT)
        stored = {name: getattr(issue, name) for name in ("subject", "preheader", "intro")}
        return gate.show(
            request,
            "issue",
            status=status,
            problem=problem,
            detail=detail,
            issue=issue,
            preview=opened.preview,
            checks=opened.checks,
            findings=[
                (finding, count, _mends(opened, opened.mends[finding.rule, finding.fix], editable=editable))
                for finding, count in grouped(opened.checks.findings)
            ],
            kept=[words for rule, words in RULES.items() if rule not in {one.rule for one in opened.checks.findings}],
            spare=[choice for choice in detail.choices if choice.slug not in inside],
            typed=said if said and status == 422 else stored,
            lost=said if said and status != 422 else None,
            address=address,
            view=_view(request),
            views=[(name, words, _asked(request, view=name)) for name, words in VIEWS.items()],
            asked=_asked(request),
            nobody=_asked(request, reader=""),
            editable=editable,
            seen=opened.seen,
            limits=_LIMITS,
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
        return act(request, key, "edited the texts", lambda: edit_issue(app, key, by=by, seen=seen, **said), said=said)

    @gate.post("/issues/{key}/arrange", Right.EDIT)
    def arrange(
        request: Request,
        key: str,
        seen: Annotated[str, Form()],
        slug: Annotated[str, Form()],
        act_: Annotated[str, Form(alias="act")],
    ) -> Response:
        by = gate.caller(request).name

        def change() -> None:
            order = [place.slug for place in look_at_issue(app, key).places]
            if act_ in ("up", "down") and slug in order:
                place = order.index(slug)
                other = max(0, min(len(order) - 1, place + (-1 if act_ == "up" else 1)))
                order[place], order[other] = order[other], order[place]
                edit_issue(app, key, order=order, by=by, seen=seen)
            elif act_ in ("add", "drop", "full", "brief"):
                chosen = {act_: [slug]}
                edit_issue(app, key, by=by, seen=seen, **chosen)  # type: ignore[arg-type]  # one of its four lists

        words = _ARRANGED.get(act_, act_).format(slug)
        return act(request, key, words, change, at="content-step" if act_ == "drop" else f"at-{slug}")

    @gate.post("/issues/{key}/order", Right.EDIT)
    def order(request: Request, key: str, seen: Annotated[str, Form()], slug: Annotated[list[str], Form()]) -> Response:
        """What dragging sends: every slug, in the new order."""
        by = gate.caller(request).name
        return act(request, key, "put in another order", lambda: edit_issue(app, key, order=slug, by=by, seen=seen))

    @gate.post("/issues/{key}/undo", Right.EDIT)
    def undo(request: Request, key: str) -> Response:
        return act(request, key, "undid the last change", lambda: undo_edit(app, key), done="undone")

    @gate.post("/issues/{key}/test", Right.EDIT)
    def test(request: Request, key: str, to: Annotated[str, Form()] = "") -> Response:
        return act(request, key, "sent a test", lambda: queue_test(app, key, to), done="tested")

    @gate.post("/issues/{key}/approve", Right.EDIT)
    def approve(request: Request, key: str, code: Annotated[str, Form()] = "") -> Response:
        return act(
            request,
            key,
            "approved",
            lambda: approve_issue(app, key, code=code.strip() or None),
            done="approved",
            then="/review",
        )

    @gate.post("/issues/{key}/as", Right.LOOK)
    def as_reader(request: Request, key: str, email: Annotated[str, Form()] = "") -> Response:
        """To the preview as the reader with this address gets it; the address itself stays out of every link."""
        try:
            number = number_of_reader(app, email)
        except NewsletterError as error:
            status = 422 if isinstance(error, InputError) else 404
            return page(request, key, status=status, problem=str(error), address=email.strip()[:254])
        return gate.go(f"/issues/{key}{_asked(request, reader=str(number))}#preview")

    def act(
        request: Request,
        key: str,
        words: str,
        do: Callable[[], object],
        *,
        done: str = "saved",
        at: str = "",
        then: str = "",
        said: dict[str, str] | None = None,
    ) -> Response:
        """`done`: what the page after it says, this one or `then`; `at`: the part of the page that it was about."""

        def acted() -> str:
            do()
            return words

        return gate.act(
            request,
            f"issue {key}",
            acted,
            to=lambda _: f"/issues/{key}{then}{_asked(request, done=done)}" + (f"#{quote(at)}" if at else ""),
            again=lambda status, problem: page(request, key, status=status, problem=problem, said=said),
        )


def _view(request: Request) -> str:
    view = request.query_params.get("view", "")
    return view if view in VIEWS else ""


def _asked(request: Request, **other: str) -> str:
    """The query under which the page shows the same preview, or `other`; empty where nothing is asked."""
    number = reader_asked(request)
    kept = {"view": _view(request), "reader": "" if number is None else str(number)} | other
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"?{query}" if query else ""


def _mends(opened: Opened, mends: list[Mend], *, editable: bool) -> list[tuple[str, str]]:
    """(address, words) of each place, without the prefix of the site."""
    key = opened.detail.issue.key
    titles = {place.slug: place.title for place in opened.detail.places}
    links = {
        Spot.PREHEADER: ("#preheader" if editable else "#content-step", "Mend the preheader"),
        Spot.INTRO: ("#intro" if editable else "#content-step", "Mend the intro"),
        Spot.ORDER: ("#arranged", "Show fewer in full"),
        Spot.SETTINGS: ("/console/settings", "See the settings"),
        Spot.TEMPLATE: (f"/console/issues/{key}/source", "See the source"),
    }
    found = [
        (f"/console/comparisons/{mend.slug}", f"Mend {titles.get(mend.slug, mend.slug)}")
        if mend.spot is Spot.COMPARISON
        else links[mend.spot]
        for mend in mends
    ]
    return list(dict.fromkeys(found))[:_MOST_MENDS]
