"""A copy of the site as files: everything readers may read, nothing else, and every link leads to a file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from newsletter.app.container import App
from newsletter.errors import InputError
from newsletter.web import copying
from newsletter.web.copying import MARK, Copied, copy_site
from tests.fakes.house import TEMPLATES, add_active, add_comparison, publish_week
from tests.rendering.week import full_week


def copied(app: App, folder: Path) -> Copied:
    return copy_site(app, TEMPLATES, folder, told=lambda done, known: None)


@pytest.fixture
def week(app: App) -> App:
    """A week that went out."""
    add_active(app, "ada@example.net")
    publish_week(app)
    return app


def test_every_page_is_there_and_every_link_between_them_leads_to_a_file(week: App, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    done = copied(week, folder)
    assert done.missing == ()
    pages = sorted(folder.rglob("*.html"))
    names = {path.relative_to(folder).as_posix() for path in pages}
    assert {"index.html", "issues/index.html", "issues/2026-W48/index.html", "compare/index.html"} <= names
    for item in full_week():
        assert f"compare/{item.comparison.slug}/index.html" in names
        assert {f"tools/{side.slug}/index.html" for side in item.comparison.sides} <= names
    for page in pages:
        for link in re.findall(r'(?:href|src)="([^"]*)"', page.read_text("utf-8")):
            assert not link.startswith("/"), page
            if not link.startswith(("#", "http", "mailto:")):
                target = page.parent / unquote(link.partition("#")[0])
                assert target.is_file(), (page, link)


def test_nothing_in_it_asks_for_an_answer_or_tells_of_a_reader(week: App, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    copied(week, folder)
    for page in folder.rglob("*.html"):
        text = page.read_text("utf-8")
        assert "<form" not in text
        assert "app.js" not in text
        assert "ada@example.net" not in text
        assert "/unsubscribe/" not in text
    assert not (folder / "console").exists()


def test_what_is_not_published_yet_is_not_in_it(week: App, tmp_path: Path) -> None:
    item = full_week()[0].comparison
    left = replace(item.left, slug="secret-tool", name="Secret tool")
    day = week.now().date().replace(year=2030)
    add_comparison(week, replace(item, slug="secret", sides=(left, item.right), published_on=day))
    copied(week, tmp_path / "copy")
    assert not any("ecret tool" in path.read_text("utf-8") for path in (tmp_path / "copy").rglob("*.*ml"))


def test_feeds_and_the_sitemap_name_the_place_of_the_copy(week: App, tmp_path: Path) -> None:
    elsewhere = replace(week, settings=week.settings.model_copy(update={"site_url": "https://old.example.com/archive"}))
    copied(elsewhere, tmp_path / "copy")
    for name in ("sitemap.xml", "feed.xml", "issues/feed.xml"):
        assert "https://old.example.com/archive/" in (tmp_path / "copy" / name).read_text("utf-8")
    home = (tmp_path / "copy" / "index.html").read_text("utf-8")
    assert 'href="issues/2026-W48/index.html"' in home


def test_an_earlier_copy_is_replaced_and_a_folder_of_somebody_else_is_not(week: App, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    copied(week, folder)
    (folder / "old.html").write_text("of the copy before")
    copied(week, folder)
    assert not (folder / "old.html").exists()
    (folder / MARK).unlink()
    with pytest.raises(InputError, match="is no copy of ours"):
        copied(week, folder)
    assert (folder / "index.html").is_file()


def test_a_copy_that_fails_leaves_the_earlier_one_and_nothing_half_done(
    week: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    copied(week, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(done: int, known: int) -> None:
        if done == 10:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        copying.copy_site(week, TEMPLATES, folder, told=full)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy"]
