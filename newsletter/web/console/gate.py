"""Who may open which page of the console: every route names the right it asks for, and nothing is open by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.record import note
from newsletter.app.sign_in import signed_in
from newsletter.errors import InputError, NewsletterError
from newsletter.operators import LONGEST, Operator, Right
from newsletter.web.templating import Pages

HOME = "/console"
SIGN_IN = "/console/sign-in"


class NotSignedInError(Exception):
    """Somebody must sign in first; the site sends them there and back."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a handler gets it."""

    operator: Operator
    token: str
    """Of the session."""

    @property
    def name(self) -> str:
        return self.operator.email


class Gate:
    """Stands before the console's routes, and keeps the cookie of the session."""

    def __init__(self, app: App, pages: Pages) -> None:
        self._app = app
        self._pages = pages
        self._secure = app.settings.site_url.startswith("https://")
        self.cookie = "__Host-session" if self._secure else "session"
        self.router = APIRouter(prefix=HOME)
        self.rights: dict[tuple[str, str], Right] = {}
        """(method, path) → the right it asks for; what the matrix of roles is tested against."""

    def get(self, path: str, right: Right = Right.LOOK) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A page. The handler takes `caller: Caller` through `Depends(gate.caller(right))`, or nothing of it."""
        return self._route("GET", path, right)

    def post(self, path: str, right: Right) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """An act."""
        return self._route("POST", path, right)

    def _route(self, method: str, path: str, right: Right) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        self.rights[method, HOME + path] = right
        return self.router.api_route(
            path, methods=[method], dependencies=[Depends(self.needs(right))], response_model=None
        )

    def needs(self, right: Right) -> Callable[[Request], None]:
        """A dependency that lets pass who has `right`."""

        def check(request: Request) -> None:
            caller = self.caller(request)
            if not caller.operator.may(right):
                raise HTTPException(403)

        return check

    def caller(self, request: Request) -> Caller:
        """Who asks. Raises NotSignedInError."""
        found: Caller | None = getattr(request.state, "caller", None)
        if found is None:
            token = request.cookies.get(self.cookie, "")
            operator = signed_in(self._app, token) if token else None
            if operator is None:
                raise NotSignedInError
            found = Caller(operator, token)
            request.state.caller = found
        return found

    def keep(self, response: Response, token: str) -> Response:
        """The browser keeps the session: for this site only, out of reach of scripts, not on links from elsewhere."""
        response.set_cookie(
            self.cookie,
            token,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def drop(self, response: Response) -> Response:
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")
        return response

    def show(self, request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
        """A page of the console, for whoever asks."""
        caller = self.caller(request)
        me, may_edit = caller.operator, caller.operator.may(Right.EDIT)
        return self._pages.show(request, f"console/{name}", status=status, me=me, may_edit=may_edit, **values)

    def frame(self, request: Request, name: str, *, scheme: str, **values: Any) -> Response:
        """A page as readers see it, for a sandboxed frame of ours; `scheme` is `light` or `dark`."""
        return self._pages.framed(request, name, scheme=scheme, **values)

    def go(self, path: str) -> Response:
        """To another page of the console after an act."""
        return RedirectResponse(f"{self._pages.facts.base}{HOME}{path}", 303)

    def act(
        self,
        request: Request,
        subject: str | Callable[[], str],
        do: Callable[[], str],
        *,
        to: Callable[[str], str],
        again: Callable[[int, str], Response],
    ) -> Response:
        """Do something to `subject` (asked for afterwards where it has no name before) and put it on record, both or
        neither.

        `do` gives what was done in words, with ": " before any detail, or nothing where there was nothing to do. Then
        comes the page that `to` names, given those words; or where it was refused `again`, given the status (422 for
        what was typed, 409 for what stands in the way) and the reason.
        """
        try:
            with self._app.store.transaction():
                done = do()
                act, _, detail = done.partition(": ")
                if done:
                    told = subject if isinstance(subject, str) else subject()
                    note(self._app, self.caller(request).name, act, subject=told, detail=detail, via="console")
        except NewsletterError as error:
            return again(422 if isinstance(error, InputError) else 409, str(error))
        return self.go(to(done))

    def to_sign_in(self, request: Request, error: Exception) -> Response:
        """What a page answers to somebody who is not signed in; an act is refused instead of lost on the way."""
        if request.method != "GET":
            return self._pages.problem(
                request,
                401,
                "You are signed out",
                "Nothing was done. Sign in, and do it once more.",
                action=(SIGN_IN, "Sign in"),
            )
        here = request.url.path.removeprefix(self._pages.facts.base)
        return RedirectResponse(f"{self._pages.facts.base}{SIGN_IN}?to={quote(here)}", 303)


def install(site: FastAPI, gate: Gate) -> None:
    """After every screen has registered its routes."""
    site.include_router(gate.router)
    site.add_exception_handler(NotSignedInError, gate.to_sign_in)
