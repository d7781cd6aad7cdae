"""What stands before the operator's routes of the API: the key and its role, calls that come twice, errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.api_keys import ApiKey, key_of, may
from newsletter.app.container import App
from newsletter.app.idempotency import Answered, Claim, claim_call, give_up, keep_answer
from newsletter.app.record import note
from newsletter.errors import (
    ChecksFailedError,
    ConfigError,
    ContentChangedError,
    InputError,
    NewsletterError,
    NotFoundError,
    ProviderError,
    StoreError,
    TransitionError,
)
from newsletter.operators import Right
from newsletter.web.api import PREFIX, PROBLEM, problem_answer


class UnseenError(InputError):
    """A change does not say of what."""


STATUSES: dict[type[NewsletterError], int] = {
    UnseenError: 428,  # before InputError: the first that fits counts
    InputError: 422,
    NotFoundError: 404,
    TransitionError: 409,
    ChecksFailedError: 409,
    ContentChangedError: 409,
    ConfigError: 409,
    ProviderError: 503,
    StoreError: 503,
}
"""What each error is answered with; any other is a fault of ours. A ContentChangedError is 412 where If-Match said what
was seen.
"""

SCHEME = "key"
_NAME = r"^[!-~]{1,255}$"
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": _NAME},
    "description": "A name of your own for this call: made again under it within 24 hours, it is answered the same and"
    " nothing is done twice.",
}
_MARK = r'"([0-9a-f]{1,64})"'
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{_MARK}$"},
    "description": "The `ETag` of what you looked at, instead of `seen`.",
}
_WHY = {
    400: "The body cannot be read as JSON.",
    401: "There is no key that works with it.",
    403: "The role of the key does not reach that far; or a browser sent this from another site.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "The state it is in does not allow this, or somebody changed it meanwhile. Nothing was done.",
    412: "Somebody changed it since it had the ETag of If-Match. Nothing was done.",
    413: "The body is too large.",
    421: "This site has another name.",
    422: "The request is not as its description asks; or its Idempotency-Key was that of another call.",
    428: "It does not say what you looked at: send its ETag as If-Match, or its `seen`.",
    500: "Something went wrong here.",
    503: "This cannot be done right now, and nothing was changed.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}},
}
_READS, _WRITES = (401, 403, 421, 422, 500, 503), (400, 401, 403, 408, 409, 413, 421, 422, 500, 503)

Handler = Callable[..., Any]


class Keyed:
    """Adds routes, each with the right that it asks for; nothing is open by default."""

    def __init__(self, site: FastAPI, app: App) -> None:
        self._site = site
        self._app = app
        self._route = _route_class(self)
        self.rights: dict[tuple[str, str], Right] = {}
        """(method, path) → the right it asks for."""

    def get(self, path: str, name: str, *statuses: int, right: Right = Right.LOOK) -> Callable[[Handler], Handler]:
        """What is read. `statuses`: of problems, besides those that any may meet."""
        return self._add("GET", path, name, right, 200, {*_READS, *statuses}, {})

    def write(
        self,
        method: str,
        path: str,
        name: str,
        *statuses: int,
        shape: type[BaseModel],
        right: Right,
        status: int = 200,
        marked: bool = False,
    ) -> Callable[[Handler], Handler]:
        """An act, which answers `shape`. Its handler returns what acted() returns; that of one which is `marked` asks
        seen() for the mark of what it is to change.
        """
        told = {"response_model": shape, "parameters": [_ONCE, _IF_MATCH] if marked else [_ONCE]}
        more = {412, 428} if marked else set()
        return self._add(method, path, name, right, status, {*_WRITES, *statuses, *more}, told)

    def download(self, path: str, name: str, *media: str, right: Right) -> Callable[[Handler], Handler]:
        """A file that leaves the house: an act, because who took it is recorded, which may be done again. Its handler
        returns the answer, of one of the types `media`.
        """
        file = {"schema": {"type": "string", "format": "binary"}}
        told = {"response_class": Response, "file": {"description": "The file.", "content": dict.fromkeys(media, file)}}
        return self._add("POST", path, name, right, 200, set(_WRITES), told)

    def _add(
        self, method: str, path: str, name: str, right: Right, status: int, statuses: set[int], told: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        self.rights[method, PREFIX + path] = right
        body = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        problems: dict[int | str, dict[str, Any]] = {
            one: {"description": _WHY[one], "content": body} | ({"headers": _HEADERS[one]} if one in _HEADERS else {})
            for one in sorted(statuses)
        }
        if file := told.pop("file", None):
            problems[200] = file
        extra: dict[str, Any] = {"security": [{SCHEME: []}]}
        if parameters := told.pop("parameters", None):
            extra["parameters"] = parameters

        def add(handler: Handler) -> Handler:
            self._site.router.add_api_route(
                PREFIX + path,
                handler,
                methods=[method],
                operation_id=name,
                status_code=status,
                responses=problems,
                response_model_exclude_none=True,
                tags=["operators"],
                openapi_extra=extra,
                route_class_override=self._route,
                **told,
            )
            return handler

        return add

    def key(self, request: Request) -> ApiKey:
        """Whose key this is; only inside a handler."""
        found: ApiKey = request.state.key
        return found

    def acted(
        self,
        request: Request,
        act: str,
        do: Callable[[], BaseModel],
        *,
        subject: str | Callable[[Any], str] = "",
        status: int = 200,
        dry_run: bool = False,
        shown_once: frozenset[str] = frozenset(),
    ) -> Response:
        """Do it, write it into the record, and keep the answer for a call that comes again: all of it, or nothing.

        `act` is empty where what is done writes itself into the record; `subject` may be told from the answer. A
        `dry_run` is not written into it, and not kept; nor are fields that are `shown_once`, because they are secrets.
        Where the answer has a `seen`, that is its ETag too.
        """
        with self._app.store.transaction():
            made = do()
            if not dry_run:
                if act:
                    told = subject(made) if callable(subject) else subject
                    note(self._app, self.key(request).name, act, subject=told, via="api")
                if request.state.claim is not None:
                    kept = made.model_dump_json(exclude_none=True, exclude=set(shown_once)).encode()
                    keep_answer(self._app, request.state.claim, status, kept)
        if not dry_run:
            request.state.claim = None
        mark = getattr(made, "seen", None)
        return _json(status, made.model_dump_json(exclude_none=True).encode(), {"ETag": f'"{mark}"'} if mark else None)

    def seen(self, request: Request, given: str | None, *, needed: bool = True) -> str | None:
        """The mark of what a program looked at before it changes that: its ETag in If-Match, or `given` in the body.

        Raises UnseenError where there is none and one is `needed`, and InputError where it is not one mark.
        """
        told = ", ".join(request.headers.getlist("if-match"))
        if not told:
            if given is None and needed:
                raise UnseenError("This does not say what you looked at.", next_step="Send its ETag as If-Match.")
            return given
        found = re.fullmatch(_MARK, told)
        if found is None or given not in (None, found[1]):
            raise InputError("If-Match takes the one ETag of what you looked at.", next_step='Like "5f3c…".')
        request.state.if_match = True
        return found[1]

    async def pass_on(self, request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
        """Let a request in whose key may, once."""
        key = await run_in_threadpool(key_of, self._app, request.headers.get("authorization", ""))
        if key is None:
            return problem_answer(401, headers={"WWW-Authenticate": 'Bearer realm="operators"'})
        right = self.rights[request.method, request.scope["route"].path]
        if not may(key, right):
            return problem_answer(403, f"The key {key.name} may what a {key.reach} may, and this asks for more.")
        request.state.key, request.state.claim, request.state.if_match = key, None, False
        try:
            name = None if request.method == "GET" else request.headers.get("idempotency-key")
            if name is not None:
                found = await run_in_threadpool(self._claim, key, name, request, await request.body())
                if isinstance(found, Answered):
                    return _json(found.status, found.body, {"Idempotency-Replayed": "true"})
                request.state.claim = found
            return await handle(request)
        except tuple(STATUSES) as error:
            return self._problem(request, error)
        finally:
            if request.state.claim is not None:  # nothing was done
                await run_in_threadpool(give_up, self._app, request.state.claim)

    def _claim(self, key: ApiKey, name: str, request: Request, body: bytes) -> Claim | Answered:
        if not re.fullmatch(_NAME, name):
            raise InputError("An Idempotency-Key has 1 to 255 visible characters of ASCII.", next_step="Make another.")
        target = f"{request.method} {request.url.path}?{request.url.query}\n"
        return claim_call(self._app, key.id, name, target.encode() + body)

    def _problem(self, request: Request, error: NewsletterError) -> Response:
        status = next(number for kind, number in STATUSES.items() if isinstance(error, kind))
        if isinstance(error, ContentChangedError) and request.state.if_match:
            status = 412
        if status == 503:  # where it lies may tell of the machine
            return problem_answer(503, headers={"Retry-After": "30"})
        return problem_answer(status, str(error))


def _route_class(keyed: Keyed) -> type[APIRoute]:
    class KeyedRoute(APIRoute):
        """Asks for the key before anything of the request is looked at."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def let_in(request: Request) -> Response:
                return await keyed.pass_on(request, handle)

            return let_in

    return KeyedRoute


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type="application/json")
