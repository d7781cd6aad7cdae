"""Templates print what is known, or fail."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from starlette.requests import Request

from newsletter.app.read_pages import site_facts
from newsletter.web.templating import Pages

REQUEST = Request({"type": "http", "headers": [], "client": None})


@pytest.mark.parametrize(("source", "error"), [("{{ gone }}", TypeError), ("{{ never }}", jinja2.UndefinedError)])
def test_a_template_that_prints_nothing_known_is_an_error(app, tmp_path: Path, source, error):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.html.j2").write_text(source)
    pages = Pages(tmp_path, site_facts(app), has_outbox=False)
    with pytest.raises(error):
        pages.show(REQUEST, "page", gone=None)
