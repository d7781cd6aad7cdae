"""One Chromium for all browser tests; each page is offline and remembers what it asked for."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType

import jinja2
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.rendering.mjml import RenderedMail, mail_environment, render_issue, split_mail
from newsletter.rendering.slots import reader_slots
from newsletter.web.site import create_site
from tests.fakes.furnished import Furnished, doors
from tests.fakes.hostile import EVIL, hostile
from tests.fakes.house import TEMPLATES, add_comparison
from tests.fakes.running import listening

TESTS = Path(__file__).parents[1]
PageAt = Callable[[str, int, bool], Page]


def chromium_path() -> str | None:
    """CHROMIUM, else the first Chromium on the path."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium here: install one, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page_at(browser: Browser, requested: list[str]) -> Iterator[PageAt]:
    """A function (html, width in px, dark) → page, with the network off."""
    contexts = []

    def open_page(html: str, width: int, dark: bool) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.set_content(html)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def requested() -> list[str]:
    """Every address a page of this test asked for."""
    return []


@pytest.fixture(scope="session")
def week() -> ModuleType:
    """The sample week of tests/rendering/week.py; tests are no package, so it cannot be imported by name."""
    spec = importlib.util.spec_from_file_location("sample_week", TESTS / "rendering" / "week.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def environment() -> jinja2.Environment:
    return mail_environment(jinja2.FileSystemLoader(TESTS.parent / "templates"))


@pytest.fixture(scope="session")
def mail(environment: jinja2.Environment, week: ModuleType) -> RenderedMail:
    """The sample week as a test mail, so that the banner is looked at too."""
    content = week.content(*week.full_week(), intro="A quiet week.\n\nReply if we got one wrong.")
    return render_issue(environment, week.PUBLICATION, content, week.NONCE, test_code="K3QX7A")


@pytest.fixture(scope="session")
def html(mail: RenderedMail, week: ModuleType) -> str:
    """The HTML of the sample week, as one reader gets it."""
    return split_mail(mail, week.NONCE)[0].fill(
        reader_slots("https://verdicts.example.org", "1.7.abc", date(2026, 3, 14), mail.tools, {"kestrel"})
    )


DOWNLOADS = ("/export", "/raw")


@dataclass(frozen=True)
class Running:
    """A site that listens on loopback, with everything in it, and a path to every page of it."""

    house: Furnished
    url: str
    paths: list[str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with listening(tmp_path_factory.mktemp("house")) as (app, url):
        house = Furnished(app)
        paths = []
        site = create_site(app, TEMPLATES)
        for number, evil in enumerate(EVIL.values()):
            add_comparison(app, hostile(number, evil))
        for door in doors(site):
            if door.method == "GET" and not door.route.endswith(DOWNLOADS):
                paths.append(house.path(door))
                if "{slug}" in door.route and not door.route.endswith(".png"):
                    of_tool = "/tools/" in door.route or door.route.startswith("/v/")
                    names = ("one-{}", "other-{}") if of_tool else ("hostile-{}",)
                    paths += [house.path(door, slug=name.format(n)) for name in names for n in range(0, len(EVIL), 2)]
        paths += ["/nowhere", "/confirm/forged", "/compare?q=%3Cscript%3Ealert(1)%3C/script%3E"]
        yield Running(house, url, paths)
