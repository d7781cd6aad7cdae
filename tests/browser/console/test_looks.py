"""Every page of the console as a browser shows it: nothing for axe to find, nothing too wide, nothing too small."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from newsletter.app.sign_in import make_invitation
from newsletter.operators import Role
from tests.browser.console.conftest import Enter, House
from tests.fakes.furnished import Furnished, doors
from tests.fakes.house import add_active

SCHEMES = [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")]
NO_PAGES = ("/html", "/web", "/text", "/source", "/progress", ".csv", ".json", "/raw", "/export", "/sign-in")
SMALL = """() => [...document.querySelectorAll('button, .button, select, nav a, .tap, .links a, summary,' +
    'input:not([type=hidden], [type=checkbox], [type=radio])')].filter(one => one.checkVisibility() &&
    !one.closest('.skip-to') && one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 90))"""


def paths_of(house: House, furnished: Furnished) -> list[str]:
    found = [
        furnished.path(door, token=make_invitation(house.app, "", Role.VIEWER), number=str(furnished.ada.id))
        for door in doors(house.server.config.app, console=True)  # type: ignore[arg-type]  # the site that was given
        if door.method == "GET"
    ]
    return [path for path in found if not path.endswith(NO_PAGES)] + ["/console/sign-in"]


@pytest.mark.parametrize(("width", "scheme"), SCHEMES)
def test_axe_finds_nothing_on_any_page_and_all_of_it_fits_and_can_be_pressed(
    house: House, enter: Enter, width: int, scheme: str
) -> None:
    furnished = Furnished(house.app)
    page = enter(width=width, color_scheme=scheme)
    wrong, looked = {}, 0
    for path in paths_of(house, furnished):
        page.goto(path)
        if page.evaluate("document.contentType") != "text/html":
            continue
        looked += 1
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = [
            f"{one['id']}: {node['html'][:100]}"
            for one in Axe().run(page, options={"iframes": False}).response["violations"]
            for node in one["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("wider than the screen")
        found += page.evaluate(SMALL)
        if found:
            wrong[path] = found
    assert looked >= 8
    assert wrong == {}


def test_on_a_telephone_no_list_hides_its_state_beside_the_screen(house: House, enter: Enter, key: str) -> None:
    add_active(house.app, "reading.list.of.the.platform.team.in.the.second.building@example.net")
    page = enter(width=375)
    for path, state in (("issues", "draft"), ("subscribers", "active"), ("settings", "default")):
        page.goto(f"/console/{path}")
        lists = page.locator(".scroll")
        assert lists.evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)"), path
        box = lists.get_by_text(state, exact=True).first.bounding_box()
        assert box, path
        assert box["x"] + box["width"] <= 375, path
