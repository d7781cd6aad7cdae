"""Coming in: the one-time link, signing in and out, and one's own account."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import FastAPI, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.sign_in import (
    accept_invitation,
    change_password,
    confirm_totp,
    invited,
    new_totp,
    sign_in,
    sign_out,
)
from newsletter.errors import InputError, SignInError
from newsletter.operators import Right
from newsletter.web.console.gate import HOME, Gate
from newsletter.web.templating import Pages
from newsletter.web.visitors import visitor_key

_OWN = re.compile(r"/console(/[A-Za-z0-9._~%/-]*)?")
"""Where one may be sent after signing in: a page of the console, never elsewhere."""


def entering(site: FastAPI, app: App, pages: Pages, gate: Gate) -> None:
    """`/console/set-up/{token}`, `/console/sign-in`, `/console/sign-out`, `/console/account`."""

    @site.get("/console/set-up/{token}")
    def look_at_invitation(request: Request, token: str) -> Response:
        return set_up_page(request, token)

    @site.post("/console/set-up/{token}")
    def come_in(
        request: Request, token: str, email: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> Response:
        try:
            session = accept_invitation(app, token, email, password)
        except InputError as error:
            return set_up_page(request, token, status=422, email=email, problem=str(error))
        return gate.keep(gate.go("/account?welcome=1"), session)

    def set_up_page(request: Request, token: str, *, status: int = 200, email: str = "", problem: str = "") -> Response:
        given, role = invited(app, token)
        return pages.show(
            request,
            "console/set_up",
            status=status,
            path=f"/console/set-up/{token}",
            given=given,
            role=role,
            email=email,
            problem=problem,
        )

    @site.get("/console/sign-in")
    def ask_who(request: Request, to: str = HOME) -> Response:
        return sign_in_page(request, to)

    @site.post("/console/sign-in")
    def take_word(
        request: Request,
        email: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        to: Annotated[str, Form()] = HOME,
    ) -> Response:
        client = app.signer.client("sign-in", visitor_key(request))
        try:
            session = sign_in(app, email, password, code, client=client)
        except SignInError as error:
            return sign_in_page(request, to, status=422 if error.permanent else 429, email=email, problem=str(error))
        return gate.keep(RedirectResponse(pages.facts.base + own(to), 303), session)

    def sign_in_page(request: Request, to: str, *, status: int = 200, email: str = "", problem: str = "") -> Response:
        return pages.show(request, "console/sign_in", status=status, back=own(to), email=email, problem=problem)

    @gate.post("/sign-out", Right.LOOK)
    def leave(request: Request) -> Response:
        sign_out(app, gate.caller(request).token)
        return gate.drop(RedirectResponse(f"{pages.facts.base}/console/sign-in", 303))

    @gate.get("/account")
    def look_at_account(request: Request) -> Response:
        return account(request)

    @gate.post("/account/password", Right.LOOK)
    def take_password(request: Request, old: Annotated[str, Form()] = "", new: Annotated[str, Form()] = "") -> Response:
        try:
            session = change_password(app, gate.caller(request).operator, old, new)
        except (InputError, SignInError) as error:
            return account(request, status=422, problem=str(error))
        return gate.keep(gate.go("/account?changed=1"), session)

    @gate.post("/account/codes", Right.LOOK)
    def take_code(request: Request, secret: Annotated[str, Form()] = "", code: Annotated[str, Form()] = "") -> Response:
        try:
            confirm_totp(app, gate.caller(request).operator, secret, code)
        except SignInError as error:
            return account(request, status=422, problem=str(error), secret=secret)
        return gate.go("/account?codes=1")

    def account(request: Request, *, status: int = 200, problem: str = "", secret: str = "") -> Response:
        operator = gate.caller(request).operator
        fresh, address = new_totp(app, operator, secret)
        done = next((word for word in ("welcome", "changed", "codes") if word in request.query_params), "")
        return gate.show(
            request, "account", status=status, problem=problem, secret=fresh, address=address, done=done, here="account"
        )


def own(path: str) -> str:
    """`path` where it is a page of the console, else its home."""
    return path if _OWN.fullmatch(path) and ".." not in path else HOME
