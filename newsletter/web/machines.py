"""Doors for machines: providers' webhooks, the health check, and the few files that pages need."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from newsletter.app.container import App
from newsletter.app.read_pages import health
from newsletter.app.receive_events import receive_report
from newsletter.errors import NotFoundError, ProviderError, StoreError
from newsletter.web.templating import APP_JS, CONSOLE_CSS, CONSOLE_JS, STATIC, site_css

RETRY_SECONDS = 30
_NOT_FOR_ROBOTS = (
    *("/confirm/", "/unsubscribe/", "/preferences/", "/v/", "/c/", "/saved/", "/address/", "/drafts/"),
    *("/outbox", "/console/", "/webhooks/"),
)
"""Pages of one person, and doors that nobody reads. Each is marked `noindex` as well."""


async def raw_body(request: Request) -> bytes:
    """The bytes as they came: signatures are over these."""
    return await request.body()


def robots_of(site_url: str) -> str:
    """What RFC 9309 has robots ask for first."""
    base = urlsplit(site_url).path
    rules = "".join(f"Disallow: {base}{path}\n" for path in _NOT_FOR_ROBOTS)
    return f"User-agent: *\n{rules}\nSitemap: {site_url}/sitemap.xml\n"


def machines(site: FastAPI, app: App) -> None:
    """`/webhooks/{provider}`, `/healthz`, `/robots.txt`, `/favicon.svg`, and what stands under `/static/`."""
    robots_text = robots_of(app.settings.site_url)
    icon, sheet = (STATIC / "favicon.svg").read_bytes(), site_css(app.settings.publication.brand)

    @site.post("/webhooks/{provider}")
    def take_report(provider: str, request: Request, body: Annotated[bytes, Depends(raw_body)]) -> Response:
        """2xx only once it is stored. A wrong signature is 401: on 403 Postmark stops sending for ever."""
        try:
            new = receive_report(app, provider, request.headers, body)
        except NotFoundError:
            return JSONResponse({"error": "no such webhook"}, 404)
        except ProviderError:
            return JSONResponse({"error": "not signed by the provider"}, 401)
        except StoreError:
            return JSONResponse({"error": "try again later"}, 503, {"Retry-After": str(RETRY_SECONDS)})
        return JSONResponse({"stored": new})

    @site.get("/healthz")
    def tell_health() -> Response:
        found = health(app)
        report = {
            "status": "ok" if found.ok else "failing",
            "database": "ok" if found.database else "failing",
            "ticker_age_seconds": found.ticker_age,
            "sender_age_seconds": found.sender_age,
            "queued_mails": found.queued_mails,
            "sending_issues": found.sending_issues,
        }
        return JSONResponse(report, 200 if found.ok else 503, {"Cache-Control": "no-store"})

    @site.get("/robots.txt")
    def robots() -> Response:
        return PlainTextResponse(robots_text, headers={"Cache-Control": "max-age=86400"})

    @site.get("/favicon.svg")
    def favicon() -> Response:
        return Response(icon, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    def forever(name: str, content: bytes, media_type: str) -> None:
        @site.get(f"/static/{name}")
        def keep() -> Response:
            """Its address carries its hash, so it may be kept for ever."""
            kept = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Response(content, media_type=media_type, headers=kept)

    forever("site.css", sheet, "text/css")
    forever("app.js", APP_JS, "text/javascript")
    forever("console.css", CONSOLE_CSS, "text/css")
    forever("console.js", CONSOLE_JS, "text/javascript")
