"""What everybody may read: the issues and the comparisons."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.correct_issue import corrections_of
from newsletter.app.read_comparison import comparison_page
from newsletter.app.read_pages import issue_page, published_issues
from newsletter.web.templating import Pages


def reading(site: FastAPI, app: App, pages: Pages) -> None:
    """`/issues`, `/issues/{key}`, `/compare/{slug}`."""

    @site.get("/issues")
    def list_issues(request: Request) -> Response:
        return pages.show(request, "issues", public="/issues", issues=published_issues(app))

    @site.get("/issues/{key}")
    def read_issue(request: Request, key: str) -> Response:
        issue = issue_page(app, key)
        corrections = corrections_of(app, issue.key)
        return pages.show(request, "issue", public=f"/issues/{issue.key}", issue=issue, corrections=corrections)

    @site.get("/compare/{slug}")
    def compare(request: Request, slug: str) -> Response:
        page = comparison_page(app, slug)
        return pages.show(request, "comparison", public=f"/compare/{page.slug}", page=page)
