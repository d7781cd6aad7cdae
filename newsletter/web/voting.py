"""Voting on tools: on the pages, and by the signed links of a mail, where opening one changes nothing."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.app.container import App
from newsletter.app.readers import reader_of_link
from newsletter.app.rename_tool import current_slug
from newsletter.app.vote import notice_program, vote_as_reader, vote_on_web, voted_tool, votes_on
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.comparisons.model import Verdict
from newsletter.errors import NotFoundError, TransitionError
from newsletter.web.identity import Identity
from newsletter.web.templating import Pages
from newsletter.web.visitors import Allowance, visitor_key

_CHOICES = {"ship": Verdict.SHIP, "skip": Verdict.SKIP, "none": None}
_BACK = re.compile(r"/(?:compare|tools)/[^\W_]+(?:-[^\W_]+)*(?:\?page=[0-9]{1,4})?")
"""Where a vote may lead back to: a comparison or a tool, and nothing that a browser reads as another site."""


def voting(site: FastAPI, app: App, pages: Pages, identity: Identity) -> None:
    """`/tools/{slug}/vote` for votes on the pages, `/v/{token}/{tool}/{choice}` for those from a mail, and the link
    that only programs open, `/c/{token}`.
    """
    allowance = Allowance(20, 60)

    @site.post("/tools/{slug}/vote")
    def vote(
        request: Request, slug: str, choice: Annotated[str, Form()], back: Annotated[str, Form()] = ""
    ) -> Response:
        slug, chosen = current_slug(app, slug), _choice(choice)
        where = _back(back, slug)
        reader, client = identity.reader(request), identity.client(request)
        try:
            if reader is not None:
                vote_as_reader(app, reader, slug, chosen, client)
                return to(f"{where}#vote-{slug}")
            if wait := allowance.wait(visitor_key(request), app.now().timestamp()):
                return too_many(request, wait, where)
            vote_on_web(app, identity.voter(request), slug, chosen, client=client)
        except TransitionError as error:
            return not_yet(request, error, where)
        return to(f"/tools/{slug}/vote?back={quote(where)}")

    @site.get("/tools/{slug}/vote")
    def voted(request: Request, slug: str, back: str = "") -> Response:
        """What somebody whom we do not know is shown after voting: pages for everybody cannot tell it."""
        slug = current_slug(app, slug)
        tool, reader = voted_tool(app, slug), identity.reader(request)
        votes = votes_on(app, [slug], reader=reader, voter=identity.voter(request))[slug]
        known, where = reader is not None, _back(back, slug)
        return pages.show(request, "vote_counted", tool=tool, votes=votes, known=known, back=where)

    @site.get("/v/{token}/{slug}/{choice}")
    def ask(request: Request, token: str, slug: str, choice: str) -> Response:
        chosen = _choice(choice)
        if token == DEAD_TOKEN:
            return pages.show(request, "vote_test")
        slug = current_slug(app, slug)
        reader, tool = reader_of_link(app, token), voted_tool(app, slug)
        mine = votes_on(app, [slug], reader=reader)[slug].mine
        return pages.show(request, "vote", tool=tool, choice=chosen or "none", mine=mine, path=f"/v/{token}/{slug}")

    @site.post("/v/{token}/{slug}/{choice}")
    def cast(request: Request, token: str, slug: str, choice: str) -> Response:
        chosen = _choice(choice)
        if token == DEAD_TOKEN:
            return pages.show(request, "vote_test")
        slug = current_slug(app, slug)
        reader, tool = reader_of_link(app, token), voted_tool(app, slug)
        try:
            vote_as_reader(app, reader, slug, chosen, identity.client(request), token=token)
        except TransitionError as error:
            return not_yet(request, error, f"/tools/{slug}")
        votes = votes_on(app, [slug], reader=reader)[slug]
        response = pages.show(request, "vote_cast", tool=tool, votes=votes, path=f"/v/{token}/{slug}", token=token)
        identity.remember(response, reader)
        return response

    @site.get("/c/{token}")
    def canary(request: Request, token: str) -> Response:
        if token != DEAD_TOKEN:
            notice_program(app, reader_of_link(app, token), identity.client(request))
        return pages.show(request, "vote_program")

    def not_yet(request: Request, error: TransitionError, where: str) -> Response:
        action = (where, "See how the votes stand")
        return pages.problem(request, 409, "Your vote does not count yet", str(error), action=action)

    def too_many(request: Request, wait: int, where: str) -> Response:
        what = f"Those were many votes in a short time. Try again in {wait} seconds."
        headers = {"Retry-After": str(wait)}
        return pages.problem(request, 429, "One moment, please", what, action=(where, "Go back"), headers=headers)

    def to(path: str) -> Response:
        return RedirectResponse(f"{pages.facts.base}{path}", 303)


def _choice(word: str) -> Verdict | None:
    if word not in _CHOICES:
        raise NotFoundError("A vote is ship or skip.")
    return _CHOICES[word]


def _back(path: str, slug: str) -> str:
    return path if len(path) <= 500 and _BACK.fullmatch(path) else f"/tools/{slug}"
