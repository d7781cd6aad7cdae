"""The mails that were kept instead of sent, for operators."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.read_pages import Mailbox, mailbox_of
from newsletter.web.console.gate import Gate
from newsletter.web.mails import as_file, framed_mail, listed, opened


def outbox(app: App, gate: Gate) -> None:
    """`/console/outbox` and what is under it; a mail is 404 unless the provider in force keeps its mails."""

    def mailbox() -> Mailbox:
        found = mailbox_of(app)
        if found is None:
            raise HTTPException(404)
        return found

    @gate.get("/outbox")
    def list_mails(request: Request) -> Response:
        kept = mailbox_of(app)
        if kept is None:
            return gate.show(request, "outbox", provider=app.provider.name, here="settings")
        return gate.show(request, "outbox", provider="", here="settings", **listed(app, kept))

    @gate.get("/outbox/{part}/{name}")
    def show_mail(request: Request, part: str, name: str) -> Response:
        return gate.show(request, "mail", here="settings", **opened(mailbox(), f"{part}/{name}"))

    @gate.get("/outbox/{part}/{name}/html")
    def show_html(part: str, name: str) -> Response:
        return framed_mail(mailbox().read_mail(f"{part}/{name}").html)

    @gate.get("/outbox/{part}/{name}/raw")
    def download(part: str, name: str) -> Response:
        return as_file(mailbox(), f"{part}/{name}")
