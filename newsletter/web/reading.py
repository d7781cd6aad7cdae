"""What everybody may read: the issues and the comparisons."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.bookmarks import saved_slugs, saved_tools
from newsletter.app.container import App
from newsletter.app.correct_issue import corrections_of
from newsletter.app.read_catalogue import issues_beside
from newsletter.app.read_comparison import comparison_page
from newsletter.app.read_pages import issue_page, published_issues
from newsletter.app.vote import votes_on
from newsletter.web.card import Card, comparison_card, draw_card, issue_card
from newsletter.web.identity import Identity
from newsletter.web.structured import comparison_data, issue_data, issues_data
from newsletter.web.templating import Pages


def reading(site: FastAPI, app: App, pages: Pages, identity: Identity) -> None:
    """`/issues`, `/issues/{key}`, `/compare/{slug}`, and the social card of either under `card.png`."""

    @site.get("/issues")
    def list_issues(request: Request) -> Response:
        issues = published_issues(app)
        structured = issues_data(pages.facts, issues)
        return pages.show(request, "issues", public="/issues", structured=structured, issues=issues)

    @site.get("/issues/{key}")
    def read_issue(request: Request, key: str) -> Response:
        issue = issue_page(app, key)
        corrections = corrections_of(app, issue.key)
        card = issue_card(pages.facts, issue)
        public = f"/issues/{issue.key}"
        before, after = issues_beside(app, issue.key)
        return pages.show(
            request,
            "issue",
            public=public,
            card=card.words,
            structured=issue_data(pages.facts, issue),
            issue=issue,
            corrections=corrections,
            before=before,
            after=after,
        )

    @site.get("/issues/{key}/card.png")
    def issue_picture(key: str) -> Response:
        return _picture(issue_card(pages.facts, issue_page(app, key)))

    @site.get("/compare/{slug}")
    def compare(request: Request, slug: str) -> Response:
        page = comparison_page(app, slug)
        card = comparison_card(pages.facts, page)
        here, reader = f"/compare/{page.slug}", identity.reader(request)
        tools = tuple(side.slug for side in page.sides)
        return pages.show(
            request,
            "comparison",
            public=here,
            card=card.words,
            personal=reader is not None,
            tools=tools,
            structured=comparison_data(pages.facts, page),
            page=page,
            here=here,
            votes=votes_on(app, tools, reader=reader),
            signed=reader is not None,
            saved=saved_slugs(app, reader),
            saved_tools=saved_tools(app, reader),
        )

    @site.get("/compare/{slug}/card.png")
    def comparison_picture(slug: str) -> Response:
        return _picture(comparison_card(pages.facts, comparison_page(app, slug)))


def _picture(card: Card) -> Response:
    """Kept for an hour: a verdict may change."""
    return Response(draw_card(card), media_type="image/png", headers={"Cache-Control": "public, max-age=3600"})
