"""What feed readers and search engines ask for: Atom feeds, the sitemap, and the publication's own picture.

Atom is RFC 4287; the sitemap is that of https://www.sitemaps.org/protocol.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import FastAPI
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.read_feeds import (
    Entry,
    every_page,
    feed_id,
    newest_comparisons,
    newest_issues,
    topic_name,
)
from newsletter.errors import NotFoundError
from newsletter.web.card import draw_card, site_card
from newsletter.web.templating import Pages

ATOM = "application/atom+xml"
PART = 5_000
"""Addresses in one part of the sitemap. 50,000 are allowed; fewer are quick to make, and small enough to be kept."""

_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, however it is written."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"

Changed = date | datetime | None
Address = Callable[[str], str]
"""Our own path and query → the address that readers know it by."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says of itself. `path` is its own; `page` that of the page which lists the same."""

    path: str
    page: str
    title: str
    subtitle: str
    of_issues: bool
    id: str
    updated: str
    entries: Sequence[Entry]


def feed_path(topic: str) -> str:
    """Where the comparisons of a topic are to be subscribed to."""
    return f"/compare/topics/{topic}/feed.xml"


def feeds(site: FastAPI, app: App, pages: Pages) -> None:
    """`/feed.xml`, `/compare/topics/{topic}/feed.xml`, `/issues/feed.xml`, `/sitemap.xml`, `/sitemap-{part}.xml`,
    `/card.png`. To be registered before the pages, as `/issues/{key}` would take the feed for an issue.
    """
    name, facts = pages.facts.name, pages.facts
    picture = site_card(facts)

    def url(path: str) -> str:
        return f"{facts.site_url}{quote(path, safe='/?=')}"

    def atom(path: str, page: str, title: str, subtitle: str, entries: Sequence[Entry]) -> Response:
        newest = stamp(max((entry.updated_at for entry in entries), default=_NEVER))
        of_issues = path == "/issues/feed.xml"
        feed = Feed(path, page, title, subtitle, of_issues, feed_id(app, path), newest, entries)
        return _xml(pages.text("feed.xml.j2", feed=feed, url=url, stamp=stamp), ATOM)

    @site.get("/feed.xml")
    def feed_comparisons() -> Response:
        entries = newest_comparisons(app)
        return atom("/feed.xml", "/compare", f"{name}: comparisons", "Two tools, side by side. Newest first.", entries)

    @site.get("/compare/topics/{topic}/feed.xml")
    def feed_topic(topic: str) -> Response:
        called = topic_name(app, topic)
        page, subtitle = f"/compare?category={topic}", f"Comparisons of {called}, newest first."
        return atom(feed_path(topic), page, f"{name}: {called}", subtitle, newest_comparisons(app, topic))

    @site.get("/issues/feed.xml")
    def feed_issues() -> Response:
        subtitle = f"{facts.when}: the week’s verdicts."
        return atom("/issues/feed.xml", "/issues", f"{name}: issues", subtitle, newest_issues(app))

    @site.get("/sitemap.xml")
    def map_site() -> Response:
        """All of it, or where that is much, a list of its parts."""
        found = list(every_page(app))
        if len(found) <= PART:
            return _xml(_url_set(url, found), "application/xml")
        starts = range(0, len(found), PART)
        parts = [(f"/sitemap-{start // PART + 1}.xml", _newest(found[start : start + PART])) for start in starts]
        return _xml(_listing("sitemapindex", "sitemap", url, parts), "application/xml")

    @site.get("/sitemap-{part}.xml")
    def map_part(part: str) -> Response:
        number = int(part) if re.fullmatch(r"[1-9]\d{0,4}", part) else 0
        found = list(islice(every_page(app), max(0, number - 1) * PART, number * PART))
        if not found:
            raise NotFoundError("The sitemap has no such part.")
        return _xml(_url_set(url, found), "application/xml")

    @site.get("/card.png")
    def site_picture() -> Response:
        return Response(draw_card(picture), media_type="image/png", headers={"Cache-Control": "public, max-age=3600"})


def stamp(moment: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _xml(text: str, kind: str) -> Response:
    legal = _ILLEGAL.sub("", text).encode()
    return Response(legal, headers={"Cache-Control": "no-cache", "Content-Type": f"{kind}; charset=utf-8"})


def _url_set(url: Address, pages: Iterable[tuple[str, Changed]]) -> str:
    return _listing("urlset", "url", url, pages)


def _listing(whole: str, part: str, url: Address, found: Iterable[tuple[str, Changed]]) -> str:
    rows = [f"<{part}><loc>{escape(url(path))}</loc>{_last_change(changed)}</{part}>\n" for path, changed in found]
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<{whole} xmlns="{_SITEMAP}">\n'
    return f"{head}{''.join(rows)}</{whole}>\n"


def _last_change(changed: Changed) -> str:
    if changed is None:
        return ""
    return f"<lastmod>{stamp(changed) if isinstance(changed, datetime) else changed.isoformat()}</lastmod>"


def _newest(pages: Iterable[tuple[str, Changed]]) -> Changed:
    """The last moment that is known to the second."""
    return max((changed for _, changed in pages if isinstance(changed, datetime)), default=None)
