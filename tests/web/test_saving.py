"""Saving tools as a reader we know, without any script, and the page that everybody may open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.bookmarks import MOST_SAVED, merge_tools, saved_slugs
from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.model import Comparison, Tool
from newsletter.web.templating import STATIC
from tests.fakes.house import add_active, add_comparison
from tests.rendering.week import KESTREL, PLUMBLINE
from tests.web.conftest import Open, Outline, Visitor

SLUG = KESTREL.slug


@pytest.fixture
def reader(app: App) -> Subscriber:
    add_comparison(app, Comparison("a-vs-b", (PLUMBLINE, KESTREL)))
    return add_active(app, "reader@example.net")


@pytest.fixture
def token(app: App, reader: Subscriber) -> str:
    return app.signer.reader(1, reader.id)


@pytest.fixture
def known(app: App, reader: Subscriber) -> dict[str, str]:
    """The headers of a browser that acted with a signed link."""
    return {"Cookie": f"reader={app.signer.browser(reader.id)}"}


def test_the_page_is_the_same_for_everybody_we_do_not_know_and_says_how_saving_works(visitor: Visitor) -> None:
    page = visitor.get("/saved")
    assert page.status_code == 200
    assert "Open the link to your saved tools in any issue" in page.text
    assert "Mail me my list" not in page.text
    assert visitor.get("/saved", headers={"Cookie": "reader=forged"}).text == page.text


def test_a_reader_saves_and_removes_by_plain_forms(
    visitor: Visitor, app: App, reader: Subscriber, known: dict[str, str]
) -> None:
    answer = visitor.post(f"/tools/{SLUG}/save", data={"back": "/compare/a-vs-b#kestrel"}, headers=known)
    assert (answer.status_code, answer.headers["location"]) == (303, "/compare/a-vs-b#kestrel")
    assert saved_slugs(app, reader) == {SLUG}
    page = visitor.get("/saved", headers=known)
    assert "Plumbline vs Kestrel" in page.text
    assert {"Remove Kestrel"} <= {button.get("aria-label") for button in Outline(page.text).all("button")}

    answer = visitor.post(f"/tools/{SLUG}/unsave", data={"back": "/compare/a-vs-b"}, headers=known)
    assert (answer.status_code, answer.headers["location"]) == (303, "/compare/a-vs-b")
    assert saved_slugs(app, reader) == frozenset()
    assert "No bookmarks yet" in visitor.get("/saved", headers=known).text


def test_a_tool_is_taken_off_on_the_page_of_the_list(
    visitor: Visitor, app: App, reader: Subscriber, known: dict[str, str], token: str
) -> None:
    merge_tools(app, reader, [SLUG, PLUMBLINE.slug])
    answer = visitor.post("/saved/remove", data={"tool": SLUG, "back": "/compare/a-vs-b"}, headers=known)
    assert answer.headers["location"] == "/compare/a-vs-b"
    answer = visitor.post(f"/saved/{token}/remove", data={"tool": PLUMBLINE.slug}, may_set=("reader",))
    assert answer.headers["location"] == f"/saved/{token}"
    assert saved_slugs(app, reader) == frozenset()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", ""])
def test_a_form_never_leads_to_another_site(visitor: Visitor, reader: Subscriber, known: dict[str, str], back: str):
    for path, data in ((f"/tools/{SLUG}/save", {}), (f"/tools/{SLUG}/unsave", {}), ("/saved/remove", {"tool": SLUG})):
        answer = visitor.post(path, data={"back": back, **data}, headers=known)
        assert (answer.status_code, answer.headers["location"]) == (303, "/saved")


def test_under_a_path_of_its_own_the_site_leads_back_to_itself(open_site: Open) -> None:
    visitor = open_site(site_url="http://localhost:8000/news")
    add_comparison(visitor.app, Comparison("a-vs-b", (PLUMBLINE, KESTREL)))
    reader = add_active(visitor.app, "reader@example.net")
    known = {"Cookie": f"reader={visitor.app.signer.browser(reader.id)}"}
    answer = visitor.post(f"/tools/{SLUG}/save", data={"back": "/compare/a-vs-b"}, headers=known)
    assert answer.headers["location"] == "/news/compare/a-vs-b"
    token = visitor.app.signer.reader(1, reader.id)
    page = visitor.get(f"/saved/{token}").text
    assert f'action="/news/saved/{token}/mail"' in page
    assert f'href="/news/tools/{SLUG}"' in page


def test_a_browser_we_do_not_know_changes_nothing_and_is_told_how(
    visitor: Visitor, reader: Subscriber, dump: Callable[[], str]
) -> None:
    before = dump()
    for path in (f"/tools/{SLUG}/save", f"/tools/{SLUG}/unsave", "/saved", "/saved/mail", "/saved/remove"):
        answer = visitor.post(path, data={"tool": SLUG})
        assert answer.status_code == 403
        assert "We do not know this browser" in answer.text
    assert dump() == before


def test_a_signed_link_shows_the_list_without_being_known_and_changes_nothing(
    visitor: Visitor, app: App, reader: Subscriber, token: str, dump: Callable[[], str]
) -> None:
    merge_tools(app, reader, [SLUG])
    before = dump()
    page = visitor.get(f"/saved/{token}")  # that it sets no cookie is looked at for every answer
    assert "Plumbline vs Kestrel" in page.text
    assert "reader@example.net" not in page.text
    assert dump() == before


def test_what_a_browser_kept_joins_the_list_and_the_browser_is_known_from_then_on(
    visitor: Visitor, app: App, reader: Subscriber, token: str
) -> None:
    tools = {"tool": [SLUG, PLUMBLINE.slug, "no-such-tool"]}
    answer = visitor.post(f"/saved/{token}", data=tools, may_set=("reader",))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/saved/{token}")
    assert saved_slugs(app, reader) == {SLUG, PLUMBLINE.slug}
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert "This browser knows you" in visitor.get("/saved", headers={"Cookie": cookie}).text


def test_a_reader_we_know_brings_what_the_browser_kept_without_a_link(
    visitor: Visitor, app: App, reader: Subscriber, known: dict[str, str]
) -> None:
    answer = visitor.post("/saved", data={"tool": [SLUG]}, headers=known)
    assert (answer.status_code, answer.headers["location"]) == (303, "/saved")
    assert saved_slugs(app, reader) == {SLUG}


def test_being_remembered_needs_a_press_and_is_undone_by_one(
    visitor: Visitor, reader: Subscriber, token: str, known: dict[str, str]
) -> None:
    assert "Remember me here" in visitor.get(f"/saved/{token}").text
    answer = visitor.post(f"/saved/{token}", may_set=("reader",))
    assert answer.headers["set-cookie"].startswith("reader=")
    assert "Remember me here" not in visitor.get(f"/saved/{token}", headers=known).text
    answer = visitor.post("/saved/forget", headers=known, may_set=("reader",))
    assert answer.headers["location"] == "/saved"
    assert 'reader="";' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_a_full_list_says_so_and_a_browser_that_hands_over_more_is_not_told_it_worked(
    visitor: Visitor, app: App, reader: Subscriber, known: dict[str, str], token: str
) -> None:
    slugs = [f"tool-{number:03}" for number in range(MOST_SAVED)]
    with app.store.transaction():
        for number, slug in enumerate(slugs):
            add_comparison(app, Comparison(f"pair-{number}", (Tool(f"Tool {number}", slug), KESTREL)))
    merge_tools(app, reader, slugs)
    for path, more in ((f"/tools/{SLUG}/save", {}), ("/saved", {"tool": [SLUG]}), (f"/saved/{token}", {"tool": SLUG})):
        answer = visitor.post(path, data=more, headers=known, may_set=("reader",))
        assert answer.status_code == 409
        assert "Remove some, then try again." in answer.text


def test_a_tool_that_no_comparison_has_cannot_be_saved(
    visitor: Visitor, reader: Subscriber, known: dict[str, str], dump: Callable[[], str]
) -> None:
    before = dump()
    assert visitor.post("/tools/no-such-tool/save", headers=known).status_code == 404
    assert dump() == before


def test_the_list_is_mailed_by_link_and_by_browser(
    visitor: Visitor, app: App, reader: Subscriber, known: dict[str, str], token: str
) -> None:
    merge_tools(app, reader, [SLUG])
    for path, headers in (("/saved", known), (f"/saved/{token}", {})):
        answer = visitor.post(f"{path}/mail", headers=headers, may_set=("reader",))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?mailed=1")
        assert "It is on its way." in visitor.get(answer.headers["location"], headers=headers).text
    assert app.store.messages.counts() == {"waiting": 1}


def test_another_site_cannot_save_or_mail_in_a_readers_name(
    visitor: Visitor, reader: Subscriber, known: dict[str, str], dump: Callable[[], str]
) -> None:
    before = dump()
    foreign = {**known, "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    for path in (f"/tools/{SLUG}/save", f"/tools/{SLUG}/unsave", "/saved", "/saved/mail", "/saved/forget"):
        assert visitor.post(path, data={"tool": SLUG}, headers=foreign).status_code == 403
    assert dump() == before


def test_forged_links_and_links_of_the_erased_open_nothing(visitor: Visitor, app: App, reader: Subscriber, token: str):
    merge_tools(app, reader, [SLUG])
    for wrong in (f"{token}x", "1.1.nonsense", app.signer.confirmation(reader.id), "mail", "remove"):
        for answer in (visitor.get(f"/saved/{wrong}"), visitor.post(f"/saved/{wrong}/mail")):
            assert answer.status_code == 400
            assert "Kestrel" not in answer.text
    app.store.subscribers.erase(reader.id)
    assert visitor.get(f"/saved/{token}").status_code == 400
    assert visitor.post(f"/saved/{token}", data={"tool": SLUG}).status_code == 400


def test_the_link_of_a_test_mail_is_nobodys(visitor: Visitor, reader: Subscriber) -> None:
    page = visitor.get("/saved/test")
    assert page.status_code == 200
    assert "This link came with a test mail" in page.text
    assert visitor.post("/saved/test", data={"tool": SLUG}).status_code == 403


def test_names_are_printed_as_text(visitor: Visitor, app: App, reader: Subscriber, token: str) -> None:
    hostile = Tool('"><img src=x onerror=alert(1)>', "hostile")
    add_comparison(app, Comparison("hostile-vs-b", (hostile, KESTREL)))
    merge_tools(app, reader, ["hostile"])
    page = visitor.get(f"/saved/{token}")
    assert "<img" not in page.text
    assert "&lt;img" in page.text


def test_the_script_is_short_and_makes_no_markup_of_text() -> None:
    script = (STATIC / "app.js").read_text()
    assert len(script.splitlines()) <= 150
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:", "https:"):
        assert word not in script
