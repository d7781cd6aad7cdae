"""Templates print what is known, or fail."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from starlette.requests import Request

from newsletter.app.read_pages import site_facts
from newsletter.web.templating import Pages, compile_templates

REQUEST = Request({"type": "http", "headers": [], "client": None})


@pytest.mark.parametrize(("source", "error"), [("{{ gone }}", TypeError), ("{{ never }}", jinja2.UndefinedError)])
def test_a_template_that_prints_nothing_known_is_an_error(app, tmp_path: Path, source, error):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.html.j2").write_text(source)
    pages = Pages(tmp_path, site_facts(app), has_outbox=False)
    with pytest.raises(error):
        pages.show(REQUEST, "page", gone=None)


def test_what_was_compiled_once_is_compiled_for_every_site_until_the_template_changes(app, tmp_path: Path, monkeypatch):
    (tmp_path / "web").mkdir()
    template = tmp_path / "web" / "page.html.j2"
    template.write_text("{{ word }} one")
    compile_templates(tmp_path)

    def refuse(*given: object, **named: object) -> None:
        raise AssertionError("compiled again")

    with monkeypatch.context() as patched:
        patched.setattr(jinja2.Environment, "compile", refuse)
        for word in ("first", "second"):
            pages = Pages(tmp_path, site_facts(app), has_outbox=False)
            assert pages.show(REQUEST, "page", word=word).body == f"{word} one".encode()
    template.write_text("{{ word }} two")
    assert Pages(tmp_path, site_facts(app), has_outbox=False).show(REQUEST, "page", word="x").body == b"x two"
