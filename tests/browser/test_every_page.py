"""Every page there is, as somebody meets it who needs contrast, names and order: found by walking the routes."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import Running

SCHEMES = [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")]
NO_PAGES = (".png", ".xml", ".txt", ".svg", ".css", ".js", ".json", "/html")
"""The last is a mail as its sender made it; tests/browser/test_mail.py looks at those."""


def pages(running: Running) -> list[str]:
    """One of each kind, without pictures, feeds and the like."""
    own = [path for path in running.paths if not any(part in path for part in ("hostile-", "/one-", "/other-"))]
    return [path for path in own if not path.endswith(NO_PAGES)]


@pytest.mark.parametrize(("width", "scheme"), SCHEMES)
def test_axe_finds_nothing_on_any_page_and_none_is_too_wide(
    running: Running, browser: Browser, width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    kept = running.house.app.signer.browser(running.house.ada.id)
    context.add_cookies([{"name": "reader", "value": kept, "url": running.url}])
    page, wrong, looked = context.new_page(), {}, 0
    for path in pages(running):
        page.goto(running.url + path)
        if page.evaluate("document.contentType") != "text/html":
            continue
        looked += 1
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = [
            f"{one['id']}: {node['html'][:100]}"
            for one in Axe().run(page).response["violations"]
            for node in one["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("wider than the screen")
        if found:
            wrong[path] = found
    context.close()
    assert looked > 20
    assert wrong == {}
