"""Comparisons from tables of other names, from addresses, with faults, and a second time."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from newsletter.app.container import App
from newsletter.app.edit_comparison import look_at_comparison
from newsletter.errors import InputError
from newsletter.net.fetch import Fetched, Fetcher
from newsletter.web.guard import CARRIED_BYTES, UPLOAD_BYTES
from tests.web.console.conftest import Desk

HERE = "/import/comparisons"
FOREIGN = "tool_a,Tool B,blurb,Left tagline\nAmberjack,Fernwick,A fish,Quick\n,Ottersheaf,Grain,Slow\n"


def give(desk: Desk, *files: tuple[str, bytes], **data: str) -> httpx.Response:
    parts = [("file", (name, content, "application/octet-stream")) for name, content in files]
    return desk.ask("POST", HERE, data={"kind": "new", **data}, files=parts or {"file": ("", b"")})


def go_on(desk: Desk, page: httpx.Response, path: str = "apply", **said: Any) -> httpx.Response:
    """Send the form of a page on, with what its selects say unless something else is said."""
    form = page.text[page.text.index('<form id="import"') :].partition("</form>")[0]
    sent: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        sent.setdefault(name, []).append(html.unescape(value))
    if "<select" in form:
        selects = re.findall(r"<select.*?</select>", form, re.DOTALL)
        chosen = [re.search(r'value="([^"]*)" selected', select) for select in selects]
        sent["field"] = [found[1] if found else "" for found in chosen]
    return desk.ask("POST", f"{HERE}/{path}", data={**sent, **said}, files={"none": ("", b"")})


def test_the_columns_of_any_table_are_placed_and_then_exactly_that_is_stored(ada: Desk, app: App) -> None:
    page = give(ada, ("tools.csv", FOREIGN.encode()))
    assert "called tool_a, Tool B, blurb, Left tagline." in page.text
    assert re.search(r'blurb <span class="quiet under">A fish</span>', page.text)
    assert page.text.count('value="left.tagline" selected') == 1
    assert "Import 1" not in page.text
    names = ["left.name", "right.name", "", "left.tagline"]
    looked = go_on(ada, page, "look", field=names)
    assert "Column `tool_a`: `name` is missing." in looked.text
    assert looked.text.count('value="left.name" selected') == 1
    mended = give(ada, ("tools.csv", FOREIGN.replace("\n,", "\nTarnwell,").encode()))
    placed = go_on(ada, mended, "look", field=names)
    assert "This would store 2 comparisons" in placed.text
    other = go_on(ada, placed, field=["right.name", "left.name", "", ""])
    assert (other.status_code, app.store.comparisons.count()) == (409, 0)
    assert go_on(ada, placed).headers["location"].endswith("?new=2&changed=0")
    assert look_at_comparison(app, "amberjack-vs-fernwick").stored.comparison.left.tagline == "Quick"


def test_two_columns_for_one_field_are_refused_and_the_form_is_kept(ada: Desk) -> None:
    page = give(ada, ("tools.csv", FOREIGN.encode()))
    answer = go_on(ada, page, "look", field=["left.name", "left.name", "", ""])
    assert answer.status_code == 422
    assert "tool_a and Tool B are both given as left.name" in answer.text
    assert "Which column is which" in answer.text


def test_what_has_to_be_mended_is_counted_first_and_only_the_first_fifty_places_are_shown(ada: Desk) -> None:
    rows = "".join(f"Tool {number},Other {number},{101 + number}\n" for number in range(60))
    table = f"left.name,right.name,left.panel.share\n{rows}Fine,Well,\n"
    page = give(ada, ("week.csv", table.encode()), ("bad.yaml", b"sides: []\n")).text
    assert "This needs mending first" in page
    assert re.findall(r"<li>([\d,]+) places?: (.{12})", page) == [("60", "Column `left"), ("1", "`sides` is e")]
    assert "The first 50 of 61 places" in page
    assert page.count('class="fault"') == 50
    assert "Not applied: its file has errors." not in page
    assert page.index("Upload your files again") < page.index('class="bad-rows"')


def test_the_first_twenty_of_each_kind_are_shown_and_a_file_imported_before_is_known(ada: Desk, app: App) -> None:
    table = "left.name,right.name\n" + "".join(f"Tool {number},Other {number}\n" for number in range(30))
    page = give(ada, ("week.csv", table.encode()))
    assert page.text.count('<li class="new">') == 20
    assert "30, the first 20" in page.text
    assert "Import 30 comparisons" in page.text
    assert go_on(ada, page).status_code == 303
    again = give(ada, ("other.csv", table.encode())).text
    assert re.search(r"other\.csv: This file was imported on .* by ada@example\.com, as week\.csv\.", again)
    assert again.count('<li class="unchanged">') == 20
    assert "There is nothing to store" in again


URL = "https://tools.example/feed"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What stands at addresses of the web; others lead nowhere."""
    pages: dict[str, bytes] = {}

    def fetch(fetcher: Fetcher, url: str, **allowed: bool) -> Fetched:
        assert not any(allowed.values())
        if url not in pages:
            raise InputError(f"{url} leads into this network.", next_step="Give another.")
        return Fetched(url, "application/json", pages[url])

    monkeypatch.setattr(Fetcher, "fetch", fetch)
    return pages


def test_a_document_at_an_address_is_fetched_once_and_what_was_seen_is_stored(
    ada: Desk, app: App, web: dict[str, bytes]
) -> None:
    web[URL] = b'[{"sides": [{"name": "Here"}, {"name": "There"}]}]'
    page = give(ada, url=URL)
    assert f"{URL}, read as .json, line 1" in page.text
    web[URL] = b'[{"sides": [{"name": "Evil"}, {"name": "Else"}]}]'
    assert go_on(ada, page).status_code == 303
    assert look_at_comparison(app, "here-vs-there").stored.comparison.right.name == "There"
    assert app.store.comparisons.count() == 1


def test_an_address_that_gives_nothing_is_told_and_what_was_typed_is_kept(ada: Desk, web: dict[str, bytes]) -> None:
    answer = give(ada, url=URL, text="something")
    assert answer.status_code == 422
    assert "leads into this network" in answer.text
    assert f'value="{URL}"' in answer.text
    assert "something</textarea>" in answer.text


def test_a_form_that_carries_a_file_on_may_be_larger_than_the_file(ada: Desk) -> None:
    answer = ada.post(f"{HERE}/apply", name="large.csv", content="A" * UPLOAD_BYTES, seen="[]")
    assert answer.status_code == 422  # read, and found to be none of ours
    assert ada.post(f"{HERE}/apply", content="A" * CARRIED_BYTES).status_code == 413
