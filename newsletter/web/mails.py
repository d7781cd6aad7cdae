"""The mails of the outbox: behind the sign-in, and until there is an operator for whoever sits at this machine."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.read_pages import Mailbox, mailbox_of
from newsletter.app.sign_in import has_operator
from newsletter.web.templating import FRAME_POLICY, NEW_WINDOW, PRIVATE, Pages
from newsletter.web.visitors import is_local

_SHOWN = ("from", "to", "reply-to", "subject", "date", "list-unsubscribe", "list-unsubscribe-post")
_LINK = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]])")
_LIMIT = 200


def framed_mail(html: str, *, images: bool = True) -> HTMLResponse:
    """The HTML part of a mail, to be shown in a sandboxed frame of ours: it can run nothing, and load nothing but
    `images`.
    """
    before, head, after = html.partition("<head>")
    policy = FRAME_POLICY if images else FRAME_POLICY.replace("img-src 'self' data: https:", "img-src 'none'")
    framed = f"{before}{head}{NEW_WINDOW}{after}" if head else NEW_WINDOW + html
    return HTMLResponse(framed, headers={**PRIVATE, "Content-Security-Policy": policy})


def mails(site: FastAPI, app: App, pages: Pages) -> None:
    """`/outbox` and what is under it; 404 unless the provider in force keeps its mails, and 303 to the console, where
    one signs in, as soon as there is an operator.
    """

    def open_for(request: Request) -> Mailbox | Response:
        mailbox = mailbox_of(app)
        if mailbox is None or not is_local(request):
            raise HTTPException(404)
        if has_operator(app):
            return RedirectResponse(f"{pages.facts.base}/console{quote(_path(request, pages))}", 303)
        return mailbox

    @site.get("/outbox")
    def list_mails(request: Request) -> Response:
        found = open_for(request)
        return found if isinstance(found, Response) else pages.show(request, "outbox", **listed(app, found))

    @site.get("/outbox/{part}/{name}")
    def show_mail(request: Request, part: str, name: str) -> Response:
        found = open_for(request)
        return found if isinstance(found, Response) else pages.show(request, "mail", **opened(found, f"{part}/{name}"))

    @site.get("/outbox/{part}/{name}/html")
    def show_html(request: Request, part: str, name: str) -> Response:
        found = open_for(request)
        return found if isinstance(found, Response) else framed_mail(found.read_mail(f"{part}/{name}").html)

    @site.get("/outbox/{part}/{name}/raw")
    def download(request: Request, part: str, name: str) -> Response:
        found = open_for(request)
        return found if isinstance(found, Response) else as_file(found, f"{part}/{name}")


def listed(app: App, mailbox: Mailbox) -> dict[str, Any]:
    """What the list shows."""
    return {"mails": mailbox.list_mails(_LIMIT), "limit": _LIMIT, "zone": app.settings.zone}


def opened(mailbox: Mailbox, mail_id: str) -> dict[str, Any]:
    """What the page of one mail shows. Raises NotFoundError."""
    content = mailbox.read_mail(mail_id)
    found = {header.lower(): (header, value) for header, value in content.headers}
    shown = [found[header] for header in _SHOWN if header in found]
    return {"mail": content.mail, "shown": shown, "html": bool(content.html), "pieces": _LINK.split(content.text)}


def as_file(mailbox: Mailbox, mail_id: str) -> Response:
    """The mail as it is. Raises NotFoundError."""
    saved = {**PRIVATE, "Content-Disposition": "attachment; filename=mail.eml"}
    return Response(mailbox.read_raw(mail_id), media_type="message/rfc822", headers=saved)


def _path(request: Request, pages: Pages) -> str:
    return request.url.path.removeprefix(pages.facts.base)
