"""Comparisons on the console: found, looked at, changed after a look at what would change, and imported likewise."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import httpx
import pytest

from newsletter.app.container import App
from newsletter.app.edit_comparison import PER_PAGE, document_of, edit_comparison, look_at_comparison
from newsletter.app.record import what_was_done
from newsletter.comparisons.formats import dump_yaml
from newsletter.comparisons.model import Comparison, Tool
from newsletter.operators import Role
from newsletter.web.guard import UPLOAD_BYTES
from tests.fakes.house import add_active, add_comparison, publish_week
from tests.rendering.week import full_week
from tests.tables.workbooks import cells, workbook
from tests.web.console.conftest import Desk

Operate = Callable[..., Desk]
ONE = full_week()[0].comparison
HERE = f"/comparisons/{ONE.slug}"
PAIR = "sides: [{name: Here, tagline: Old}, {name: There}]\n"


@pytest.fixture
def slug(app: App) -> str:
    return add_comparison(app, ONE)


def field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, name
    return html.unescape(found[1])


def fields(page: httpx.Response) -> dict[str, list[str]]:
    """What the form that applies an import would send."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text):
        found.setdefault(name, []).append(html.unescape(value))
    return found


def text_of(app: App, slug: str) -> str:
    return document_of(look_at_comparison(app, slug).stored)


def tagline(app: App, slug: str) -> str | None:
    return look_at_comparison(app, slug).stored.comparison.left.tagline


def give(desk: Desk, *files: tuple[str, bytes], **data: str) -> httpx.Response:
    parts = [("file", (name, content, "application/octet-stream")) for name, content in files]
    return desk.ask("POST", "/import/comparisons", data=data, files=parts or {"file": ("", b"")})


def go_on(desk: Desk, page: httpx.Response) -> httpx.Response:
    return desk.ask("POST", "/import/comparisons/apply", data=fields(page), files={"none": ("", b"")})


def test_the_list_is_found_by_words_and_by_archive_and_names_the_last_issue(ada: Desk, app: App) -> None:
    add_active(app, "lena@example.org")
    issue = publish_week(app)
    put_away = add_comparison(
        app, Comparison("old-one", (Tool("Olden", "olden"), Tool("Elder", "elder"))), archived=True
    )
    page = ada.get("/comparisons").text
    assert ONE.title in page
    assert "Olden vs Elder" in page
    assert f"/console/issues/{issue.key}" in page
    for query, there in (("?q=olden", True), ("?q=nowhere", False), ("?kind=archive", True), ("?kind=new", False)):
        assert (f"/comparisons/{put_away}" in ada.get(f"/comparisons{query}").text) is there, query
    assert "No comparison is like that" in ada.get("/comparisons?q=nowhere").text


def test_a_long_list_goes_on_by_key_and_a_strange_cursor_starts_it_anew(ada: Desk, app: App) -> None:
    for number in range(PER_PAGE + 2):
        add_comparison(app, Comparison(f"a{number}-vs-b", (Tool(f"A{number}", f"a{number}"), Tool("B", "b"))))
    page = ada.get("/comparisons?q=b")
    assert page.text.count('<th scope="row">') == PER_PAGE
    onward = re.search(r'rel="next" href="/console([^"]+)"', page.text)
    assert onward
    rest = ada.get(html.unescape(onward[1]))
    assert rest.text.count('<th scope="row">') == 2
    assert 'rel="next"' not in rest.text
    assert ada.get("/comparisons?after=x").headers["location"] == "/console/comparisons"


def test_everything_that_is_known_stands_on_its_page(ada: Desk, app: App, slug: str) -> None:
    page = ada.get(HERE).text
    for side in ONE.sides:
        known = [side.name, side.tagline, side.category, side.best_for, *(review.text for review in side.reviews)]
        for text in filter(None, known):
            assert html.escape(text, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    assert f'href="/compare/{slug}"' in page
    assert "No issue had it yet" in page


def test_a_comparison_that_is_not_there_is_said_so(ada: Desk) -> None:
    for path in ("/comparisons/nothing", "/comparisons/nothing/edit"):
        assert ada.get(path).status_code == 404


def test_an_edit_is_looked_at_then_saved_noted_and_told_in_the_history(ada: Desk, app: App, slug: str) -> None:
    editor = ada.get(f"{HERE}/edit")
    before = tagline(app, slug)
    assert before
    text = text_of(app, slug).replace(before, "Now & <then>")
    looked = ada.post(f"{HERE}/edit", seen=field(editor, "seen"), text=text, act="look")
    assert "This would change" in looked.text
    assert "Now &amp; &lt;then&gt;" in looked.text
    assert tagline(app, slug) == before
    saved = ada.post(f"{HERE}/edit", seen=field(looked, "seen"), looked=field(looked, "looked"), text=text, act="save")
    assert saved.headers["location"] == f"/console{HERE}?done=saved"
    page = ada.get(f"{HERE}?done=saved").text
    assert "<ins>Now &amp; &lt;then&gt;</ins>" in page
    assert "ada@example.com edited it (" in page


def test_what_was_not_looked_at_is_shown_before_it_is_saved(ada: Desk, app: App, slug: str) -> None:
    seen, before = look_at_comparison(app, slug).stored.content_sha256, tagline(app, slug) or ""
    looked = ada.post(f"{HERE}/edit", seen=seen, text=text_of(app, slug).replace(before, "Looked at"), act="look")
    other = text_of(app, slug).replace(before, "Written since")
    answer = ada.post(f"{HERE}/edit", seen=seen, looked=field(looked, "looked"), text=other, act="save")
    assert answer.status_code == 200
    assert "You changed the text since" in answer.text
    assert tagline(app, slug) == before


def test_errors_are_told_with_their_lines_and_the_text_stays(ada: Desk, app: App, slug: str) -> None:
    before = text_of(app, slug)
    text = before.replace("tagline:", "tag_line:")
    answer = ada.post(f"{HERE}/edit", seen="", text=text, act="save")
    assert answer.status_code == 422
    line = text.split("tag_line")[0].count("\n") + 1
    assert f"<strong>Line {line}:</strong>" in answer.text
    assert "Did you mean `tagline`?" in answer.text
    assert "tag_line" in answer.text.partition("<textarea")[2]
    assert text_of(app, slug) == before


def test_a_second_operators_save_is_shown_against_the_firsts(ada: Desk, operate: Operate, app: App, slug: str) -> None:
    bob, before = operate(Role.EDITOR, "bob"), tagline(app, slug) or ""

    def save(desk: Desk, words: str, page: httpx.Response) -> httpx.Response:
        asked = {"seen": field(page, "seen"), "text": dump_yaml([ONE]).replace(before, words)}
        looked = desk.post(f"{HERE}/edit", **asked, act="look")
        return desk.post(f"{HERE}/edit", **asked, looked=field(looked, "looked"), act="save")

    both = bob.get(f"{HERE}/edit")
    assert save(ada, "Adas words", both).status_code == 303
    refused = save(bob, "Bobs words", both)
    assert refused.status_code == 409
    assert "Somebody changed" in refused.text
    assert "<del>Adas words</del>" in refused.text
    assert tagline(app, slug) == "Adas words"
    assert save(bob, "Bobs words", refused).status_code == 303
    assert tagline(app, slug) == "Bobs words"


def test_an_earlier_version_is_restored_after_a_look_and_told_in_the_history(ada: Desk, app: App, slug: str) -> None:
    before = tagline(app, slug) or ""
    assert "Restore this version" not in ada.get(HERE).text
    edit_comparison(app, slug, text_of(app, slug).replace(before, "Now & <then>"), by="bob@example.com")
    page = ada.get(HERE, may_show=("bob@example.com",)).text
    assert " by bob@example.com." in page
    assert page.count("?revision=") == 1  # not the one that is there now
    looked = ada.get(f"{HERE}/restore?revision=1")
    assert "<del>Now &amp; &lt;then&gt;</del>" in looked.text
    assert tagline(app, slug) == "Now & <then>"
    done = ada.post(f"{HERE}/restore", seen=field(looked, "seen"), revision=field(looked, "revision"))
    assert done.headers["location"] == f"/console{HERE}?done=restored"
    assert tagline(app, slug) == before
    page = ada.get(f"{HERE}?done=restored", may_show=("bob@example.com",)).text
    assert "Restored. What it said until now is kept" in page
    assert "ada@example.com restored version 1 (" in page
    assert "Version 3, what it says now" in page
    assert "Nothing would change" in ada.get(f"{HERE}/restore?revision=1").text


def test_a_restore_over_somebody_elses_change_is_refused_and_shown_anew(ada: Desk, app: App, slug: str) -> None:
    before = tagline(app, slug) or ""
    edit_comparison(app, slug, text_of(app, slug).replace(before, "Second"), by="bob@example.com")
    looked = ada.get(f"{HERE}/restore?revision=1")
    edit_comparison(app, slug, text_of(app, slug).replace("Second", "Meanwhile"), by="bob@example.com")
    sent = {"seen": field(looked, "seen"), "revision": "1"}
    refused = ada.post(f"{HERE}/restore", **sent)
    assert refused.status_code == 409
    assert "Somebody changed" in refused.text
    assert "<del>Meanwhile</del>" in refused.text
    assert tagline(app, slug) == "Meanwhile"
    assert ada.post(f"{HERE}/restore", revision="1").status_code == 409  # looked at nothing
    assert ada.get(f"{HERE}/restore").headers["location"] == f"/console{HERE}#history"
    assert ada.post(f"{HERE}/restore", seen=field(refused, "seen"), revision="1").status_code == 303
    for number in ("0", "9", "x", "²", "9" * 400):
        assert ada.get(f"{HERE}/restore?revision={number}").status_code == 404, number
        assert ada.post(f"{HERE}/restore", seen="", revision=number).status_code == 404, number


def test_a_date_is_set_once_and_a_word_is_no_date(ada: Desk, app: App, slug: str) -> None:
    seen = field(ada.get(HERE), "seen")
    assert ada.post(f"{HERE}/date", seen=seen, day="tomorrow").status_code == 422
    assert ada.post(f"{HERE}/date", seen=seen, day="2027-01-05").headers["location"].endswith("?done=dated")
    assert ada.post(f"{HERE}/date", seen=seen, day="2027-01-06").status_code == 409
    page = ada.get(f"{HERE}?done=dated").text
    assert "find it from 5 January 2027 on" in page
    assert "ada@example.com dated it 2027-01-05" in page


def test_the_archive_is_left_and_entered_and_each_act_is_noted_once(ada: Desk, app: App, slug: str) -> None:
    for path, done in (("archive", "archived"), ("archive", "same"), ("unarchive", "unarchived")):
        assert ada.post(f"{HERE}/{path}").headers["location"].endswith(f"?done={done}")
    acts = [deed.act for _, deed in what_was_done(app, f"comparison {slug}")]
    assert acts == ["took it out of the archive", "put it into the archive"]


def test_a_viewer_sees_no_button_and_reaches_no_act(operate: Operate, app: App, slug: str) -> None:
    eve = operate(Role.VIEWER, "eve")
    page = eve.get(HERE).text
    assert "Set the date" not in page
    assert "Edit the document" not in page
    for path in (f"{HERE}/archive", "/import/comparisons", "/import/comparisons/apply", f"{HERE}/edit"):
        assert eve.post(path).status_code == 403
    assert eve.get("/import/comparisons").status_code == 403


def test_an_import_is_tried_first_and_then_exactly_that_is_stored(ada: Desk, app: App, slug: str) -> None:
    before = tagline(app, slug) or ""
    changed = dump_yaml([ONE]).replace(before, 'Now "quoted" & more')
    tried = give(ada, ("week.yaml", changed.encode()), ("bad.yaml", b"sides: []\n"), text=PAIR, kind="new")
    assert tried.status_code == 200
    assert "This would store 2 comparisons" in tried.text
    assert "<dt>rejected</dt><dd>1</dd>" in tried.text
    assert "bad.yaml, line 1" in tried.text
    assert "The file with errors is left out as a whole" in tried.text
    assert app.store.comparisons.count() == 1
    assert tagline(app, slug) == before
    done = go_on(ada, tried)
    assert done.headers["location"] == "/console/comparisons?new=1&changed=1"
    assert "Imported: 1 new, 1 changed." in ada.get("/comparisons?new=1&changed=1").text
    assert tagline(app, slug) == 'Now "quoted" & more'
    assert tagline(app, "here-vs-there") == "Old"
    assert [deed.detail for _, deed in what_was_done(app) if deed.act == "imported comparisons"] == ["1 new, 1 changed"]


def test_what_changed_since_the_dry_run_is_told_and_nothing_is_stored(ada: Desk, app: App) -> None:
    tried = give(ada, ("a.yaml", PAIR.encode()), ("b.yaml", b"sides: [{name: Up}, {name: Down}]\n"), kind="new")
    add_comparison(app, Comparison("here-vs-there", (Tool("Here", "here"), Tool("There", "there"))))
    answer = go_on(ada, tried)
    assert answer.status_code == 409
    assert "Here vs There is changed by now" in answer.text
    assert app.store.comparisons.count() == 1
    assert go_on(ada, answer).status_code == 303
    assert app.store.comparisons.count() == 2


def test_lines_that_a_browser_ends_its_own_way_are_the_same_content(ada: Desk, app: App) -> None:
    tried = give(ada, ("week.yaml", dump_yaml([ONE]).encode()), kind="new")
    sent = {name: [value.replace("\n", "\r\n") for value in values] for name, values in fields(tried).items()}
    assert ada.ask("POST", "/import/comparisons/apply", data=sent, files={"none": ("", b"")}).status_code == 303
    assert look_at_comparison(app, ONE.slug).stored.comparison == ONE


def test_the_first_import_must_say_whether_it_is_the_archive(ada: Desk, app: App) -> None:
    answer = give(ada, ("week.yaml", PAIR.encode()))
    assert answer.status_code == 422
    assert "say whether these are of the archive" in answer.text
    go_on(ada, give(ada, ("week.yaml", PAIR.encode()), kind="archive"))
    assert look_at_comparison(app, "here-vs-there").stored.archived


def test_two_files_of_one_name_are_two(ada: Desk) -> None:
    page = give(ada, ("week.yaml", PAIR.encode()), ("week.yaml", b"sides: []\n"), kind="new")
    assert "This would store 1 comparison<" in page.text
    assert go_on(ada, page).status_code == 303


def test_tables_are_taken_byte_for_byte(ada: Desk, app: App) -> None:
    book = workbook(cells([["left.name", "right.name"], ["Amberjack", "Fernwick"]]))
    table = 'left.name,right.name,left.description\r\nTarnwell,Ottersheaf,"One,\r\ntwo"\r\n'.encode("utf-16")
    page = give(ada, ("book.xlsx", book), ("week.csv", table), kind="new")
    assert "This would store 2 comparisons<" in page.text
    assert go_on(ada, page).status_code == 303
    assert look_at_comparison(app, "amberjack-vs-fernwick").stored.comparison.left.name == "Amberjack"
    assert look_at_comparison(app, "ottersheaf-vs-tarnwell").stored.comparison.left.description == "One,\ntwo"
    pasted = give(ada, text="left.name,right.name\nKestrel,\n", kind="new").text
    assert "pasted.csv, line 2" in pasted
    assert "Column `right.name`: `name` is missing." in pasted


def test_nothing_to_import_is_said_so(ada: Desk) -> None:
    assert "There is nothing to import" in give(ada).text
    assert ada.post("/import/comparisons/apply", seen="[]").status_code == 422
    assert ada.post("/import/comparisons/apply", seen="[1").status_code == 422
    page = give(ada, ("damaged.yaml", "# ä ".encode() + b"\xe4"), kind="new").text
    assert "The file is UTF-8, but this line is not." in page
    assert "Import exactly this" not in page


def test_an_import_may_be_large_and_every_other_form_may_not(ada: Desk, app: App, slug: str) -> None:
    long = f"sides: [{{name: Here, description: {'word ' * 4000}}}, {{name: There}}]\n"
    large = "---\n".join(long.replace("Here", f"Here {number}") for number in range(60)).encode()
    assert 1024 * 1024 < len(large) < UPLOAD_BYTES
    tried = give(ada, ("large.yaml", large), kind="new")
    assert "This would store 60 comparisons" in tried.text
    assert go_on(ada, tried).status_code == 303
    assert give(ada, ("large.yaml", b"a" * UPLOAD_BYTES), kind="new").status_code == 413
    assert ada.post(f"{HERE}/edit", text="a" * 64 * 1024).status_code == 413
