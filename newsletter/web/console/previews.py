"""What the frames of an issue's page show: the mail in either scheme, its text, its source, and the web version."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.preview_issue import preview_issue, web_version
from newsletter.web.console.gate import Gate
from newsletter.web.mails import framed_mail
from newsletter.web.templating import PRIVATE

_NOBODY = 0
"""The id of no subscriber."""


def reader_asked(request: Request) -> int | None:
    """The number of the subscriber whose mail is to be shown; None for a preview that is nobody's."""
    asked = request.query_params.get("reader", "")
    if not asked:
        return None
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else _NOBODY


def previews(app: App, gate: Gate) -> None:
    """`/console/issues/{key}/html`, `/text`, `/source` and `/web`: nothing in them can run or call out."""

    @gate.get("/issues/{key}/html")
    def html(request: Request, key: str, scheme: str = "light", images: str = "on") -> Response:
        found = preview_issue(app, key, reader=reader_asked(request)).html
        # a frame does not pass its own scheme on to what is in it
        found = found.replace("(prefers-color-scheme:dark)", "all" if scheme == "dark" else "not all")
        return framed_mail(found, images=images != "off")

    @gate.get("/issues/{key}/text")
    def text(request: Request, key: str) -> Response:
        return _plain(preview_issue(app, key, reader=reader_asked(request)).text)

    @gate.get("/issues/{key}/source")
    def source(request: Request, key: str) -> Response:
        return _plain(preview_issue(app, key, reader=reader_asked(request)).html)

    @gate.get("/issues/{key}/web")
    def web(request: Request, key: str, scheme: str = "light") -> Response:
        found = web_version(app, key)
        return gate.frame(
            request,
            "issue",
            scheme="dark" if scheme == "dark" else "light",
            issue=found.view,
            corrections=found.corrections,
            before=found.before,
            after=None,
        )


def _plain(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8", headers=PRIVATE)
