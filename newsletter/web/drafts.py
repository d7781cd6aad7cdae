"""A draft, for whoever holds the link in the operator's mail. Looking changes nothing."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.preview_issue import preview_by_link
from newsletter.web.mails import framed_mail
from newsletter.web.templating import Pages


def drafts(site: FastAPI, app: App, pages: Pages) -> None:
    """`/drafts/{token}` and the mail in it."""

    @site.get("/drafts/{token}")
    def look_at_draft(request: Request, token: str) -> Response:
        detail, preview = preview_by_link(app, token)
        return pages.show(request, "draft", detail=detail, preview=preview, token=token)

    @site.get("/drafts/{token}/html")
    def draft_html(request: Request, token: str) -> Response:
        return framed_mail(preview_by_link(app, token)[1].html)
