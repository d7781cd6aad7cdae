"""Who may come in: invite, give another role, let out and in again. For owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.sign_in import all_operators, change_role, let_in, make_invitation
from newsletter.errors import InputError
from newsletter.operators import Operator, Right, Role
from newsletter.web.console.gate import Gate

_MAY = {
    Role.VIEWER: "looks, and changes nothing",
    Role.EDITOR: "also edits, sends and imports",
    Role.OWNER: "also says who may come in",
}


def operators_page(app: App, gate: Gate) -> None:
    """`/console/operators`."""

    @gate.get("/operators", Right.OWN)
    def look(request: Request) -> Response:
        return page(request)

    def page(request: Request, *, status: int = 200, problem: str = "", link: str = "", email: str = "") -> Response:
        found = all_operators(app)
        return gate.show(
            request,
            "operators",
            status=status,
            problem=problem,
            link=link,
            email=email,
            operators=[(one, _only_owner(one, found)) for one in found],
            may=_MAY,
            done=request.query_params.get("done", ""),
            here="settings",
        )

    @gate.post("/operators/invite", Right.OWN)
    def invite(request: Request, email: Annotated[str, Form()] = "", role: Annotated[str, Form()] = "") -> Response:
        try:
            if not email.strip():
                raise InputError("There is no address.", next_step="Say who may come in.")
            token = make_invitation(app, email, _role(role), by=gate.caller(request).name, via="console")
        except InputError as error:
            return page(request, status=422, problem=str(error), email=email)
        link = f"{app.settings.site_url}/console/set-up/{token}"
        return page(request, link=link, email=email.strip())  # shown this once: nothing keeps the token itself

    @gate.post("/operators/role", Right.OWN)
    def role(request: Request, email: Annotated[str, Form()] = "", role: Annotated[str, Form()] = "") -> Response:
        by = gate.caller(request).name
        return acted(request, lambda: change_role(app, email, _role(role), by=by, via="console"))

    @gate.post("/operators/disable", Right.OWN)
    def disable(request: Request, email: Annotated[str, Form()] = "") -> Response:
        by = gate.caller(request).name
        return acted(request, lambda: let_in(app, email, allowed=False, by=by, via="console"))

    @gate.post("/operators/enable", Right.OWN)
    def enable(request: Request, email: Annotated[str, Form()] = "") -> Response:
        by = gate.caller(request).name
        return acted(request, lambda: let_in(app, email, allowed=True, by=by, via="console"))

    def acted(request: Request, change: Callable[[], object]) -> Response:
        def do() -> str:
            change()
            return ""  # it has put itself on record

        return gate.act(
            request,
            "",
            do,
            to=lambda done: "/operators?done=1",
            again=lambda status, problem: page(request, status=409, problem=problem),  # chosen, not typed
        )


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise InputError("That is no role.", next_step=f"Choose one of {', '.join(Role)}.") from None


def _only_owner(one: Operator, found: list[Operator]) -> bool:
    """Whom the page offers neither another role nor to let out: somebody must be able to let others in."""
    owners = [other for other in found if other.may(Right.OWN)]
    return owners == [one]
