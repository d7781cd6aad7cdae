"""What a page says to programs: JSON-LD in the words of schema.org, as a data block that no browser runs.

A verdict is the publication's own review, in its words. There is no rating in it: a panel's share is no score of a
product, and reviewers that are personas are nobody whose opinion could be counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from newsletter.app.read_comparison import ComparisonPage
from newsletter.app.read_pages import IssueLink, SiteFacts
from newsletter.comparisons.model import Label
from newsletter.rendering.context import IssueView

Node = dict[str, Any]
Place = tuple[str, str]
"""(name, our own path)"""

_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""In JSON these stand in strings alone. Unescaped, `</script>` or `<!--` would end or extend the block."""


def data_block(facts: SiteFacts, *nodes: Node) -> Markup:
    """The inside of a `<script type="application/ld+json">`: the nodes, and the publication that they name."""
    publication = {"@type": "Organization", "@id": _publication(facts), "name": facts.name, "url": f"{facts.site_url}/"}
    if facts.brand.logo_url:
        publication["logo"] = facts.brand.logo_url
    graph = {"@context": "https://schema.org", "@graph": [publication, *nodes]}
    return Markup(json.dumps(graph, ensure_ascii=False).translate(_ESCAPES))


def crumbs(facts: SiteFacts, *places: Place) -> Node:
    """The way to a page, itself last."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": _address(facts, path)}
            for position, (name, path) in enumerate(((facts.name, "/"), *places), 1)
        ],
    }


def list_of(facts: SiteFacts, name: str, places: Iterable[Place], *, first: int = 1) -> Node:
    """What a page lists. `first`: the place of its first one in the whole list."""
    items = [
        {"@type": "ListItem", "position": position, "name": called, "url": _address(facts, path)}
        for position, (called, path) in enumerate(places, first)
    ]
    return {"@type": "ItemList", "name": name, "itemListElement": items}


def tool(
    facts: SiteFacts, slug: str, name: str, *, category: str | None = None, words: str | None = None, url: str | None
) -> Node:
    """One tool. `words`: its tagline; `url`: its own address."""
    return _known(
        {
            "@type": "SoftwareApplication",
            "@id": f"{_address(facts, f'/tools/{slug}')}#tool",
            "name": name,
            "url": _address(facts, f"/tools/{slug}"),
            "sameAs": url,
            "description": words,
            "applicationCategory": category,
        }
    )


def review_of(facts: SiteFacts, about: Node, path: str, body: str, *, day: str | None = None) -> Node:
    """What the publication says of the tool `about` on its page at `path`. `day`: an ISO date, where it is known."""
    author = {"@id": _publication(facts)}
    return _known(
        {
            "@type": "Review",
            "itemReviewed": {"@type": about["@type"], "@id": about["@id"], "name": about["name"]},
            "author": author | {"@type": "Organization", "name": facts.name},
            "publisher": author,
            "url": _address(facts, path),
            "reviewBody": body,
            "datePublished": day,
        }
    )


def panel_words(name: str, label: Label | None, share: int | None, count: str | None, lean: str) -> str:
    """`Kestrel: Ship, 75%, 3 of 4 ship. Panel leans Kestrel: 3–1 against 2–2.`"""
    told = ", ".join(filter(None, (label, f"{share}%" if share is not None else None, count)))
    return f"{name}: {told}. {lean}"


def comparison_data(facts: SiteFacts, page: ComparisonPage) -> Markup:
    """The way here, both tools, and a review of each that the panel judged."""
    path = f"/compare/{page.slug}"
    tools = [
        tool(facts, side.slug, side.name, category=side.category, words=side.tagline, url=side.url)
        for side in page.sides
    ]
    items = [{"@type": "ListItem", "position": position, "item": one} for position, one in enumerate(tools, 1)]
    day = page.published_on.isoformat() if page.published_on else None
    reviews = (
        review_of(facts, about, path, panel_words(side.name, side.label, side.share, side.count, page.lean), day=day)
        for about, side in zip(tools, page.sides, strict=True)
        if side.label or side.share is not None
    )
    return data_block(
        facts,
        crumbs(facts, ("Compare", "/compare"), (page.title, path)),
        {"@type": "ItemList", "name": page.title, "itemListElement": items},
        *reviews,
    )


def issue_data(facts: SiteFacts, issue: IssueView) -> Markup:
    """The way here, and the comparisons of the issue, in its order."""
    items = [
        {"@type": "ListItem", "position": position, "name": view.title, "url": view.url}
        for position, view in enumerate((*issue.full, *issue.briefs), 1)
    ]
    return data_block(
        facts,
        crumbs(facts, ("All issues", "/issues"), (f"Issue {issue.key}", f"/issues/{issue.key}")),
        {"@type": "ItemList", "name": issue.subject, "itemListElement": items},
    )


def issues_data(facts: SiteFacts, issues: Iterable[IssueLink]) -> Markup:
    """The way to the list of all issues, and what it lists."""
    places = [(issue.subject, f"/issues/{issue.key}") for issue in issues]
    return data_block(facts, crumbs(facts, ("All issues", "/issues")), list_of(facts, "All issues", places))


def _publication(facts: SiteFacts) -> str:
    return f"{facts.site_url}/#publication"


def _address(facts: SiteFacts, path: str) -> str:
    return f"{facts.site_url}{quote(path)}"


def _known(node: Node) -> Node:
    return {key: value for key, value in node.items() if value}
