"""A list of subscribers on the console: looked at as a plan, and then exactly that."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path

import httpx
import pytest

from newsletter.app.container import App
from newsletter.app.import_subscribers import import_subscribers
from newsletter.app.leave import unsubscribe
from newsletter.app.subscribe import find_subscriber, subscribe
from newsletter.app.suppressions import suppression_counts
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.errors import InputError
from newsletter.web.console.carrying import packed, unpacked
from newsletter.web.guard import CARRIED_BYTES, UPLOAD_BYTES
from tests.fakes.house import add_active
from tests.tables.workbooks import cells, workbook
from tests.web.console.conftest import Desk

HERE = "/import/subscribers"
LENA = "lena@example.org"
CONSENT = "Form at the fair: “yes, weekly”"
PEOPLE = (LENA, "omar@example.org", "left@example.org", "barred@example.org")
FILE = "email,name\r\n" + "".join(
    f"{address},someone\r\n"
    for address in (LENA, "omar@example.org", LENA, "nobody", "left@example.org", "barred@example.org")
)
GONE = f"email,status,tier,created_at\n{LENA},inactive,free,2024-01-01\n"


def hidden(page: str) -> dict[str, list[str]]:
    """What the form that goes on would send, answers included that nobody touched."""
    form = page[page.index('<form id="import"') :].partition("</form>")[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(html.unescape(value))
    said = re.search(r'<textarea id="consent"[^>]*>([^<]*)</textarea>', page)
    if said and said[1]:
        found["consent"] = [html.unescape(said[1])]
    if 'name="reconfirm" value="1" form="import" checked' in page:
        found["reconfirm"] = ["1"]
    if status := re.search(r'<select id="status".*?<option value="(\w*)" selected', page, re.DOTALL):
        found["status"] = [status[1]]
    return found


def give(desk: Desk, text: str | bytes = FILE, name: str = "C:\\people.csv", **said: str) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    said = {"consent": CONSENT, **said}
    return desk.ask("POST", HERE, files={"file": (name, content, "text/csv")}, data=said, may_show=PEOPLE)


def go_on(desk: Desk, page: str, path: str = "apply", **said: object) -> httpx.Response:
    data = {**hidden(page), **said}
    return desk.ask("POST", f"{HERE}/{path}", data=data, files={"none": ("", b"")}, may_show=PEOPLE)


def kinds(page: str) -> dict[str, int]:
    found = re.findall(r'<tr class="(\w+)"><td class="figure">([\d,]+)</td>', page)
    return {kind: int(count.replace(",", "")) for kind, count in found}


def test_an_import_shows_what_would_happen_and_then_does_exactly_that(ada: Desk, app: App, tmp_path: Path) -> None:
    subscribe(app, "omar@example.org", source="form", ip=None)
    unsubscribe(app, app.signer.reader(0, add_active(app, "left@example.org").id), source="page")
    app.store.subscribers.suppress("barred@example.org", SuppressionReason.COMPLAINT, app.now())
    page = give(ada).text
    assert kinds(page) == {"new": 1, "changed": 1, "suppressed": 1, "unsubscribed": 1, "duplicate": 1, "rejected": 1}
    assert ">Import 2 readers</button>" in page
    assert "1 row has something else where its e-mail address should be: correct it, or take the row out." in page
    assert re.search(r'<th scope="row" class="figure">5</th>\s+<td class="wrong-cell"><strong class="fault">', page)
    assert "The same address as in line 2." in page
    assert app.store.subscribers.counts()["active"] == 0
    assert go_on(ada, page).status_code == 303
    assert app.store.subscribers.counts()["active"] == 2
    consent = app.store.subscribers.consents(find_subscriber(app, LENA).id)[-1]
    assert (consent.text, consent.source) == (CONSENT, "people.csv, line 2")
    assert next(deed.detail for _, deed in app.store.operators.deeds()) == (
        "1 new, 1 changed, 1 suppressed, 1 unsubscribed, 1 duplicate, 1 rejected"
    )
    assert go_on(ada, page).status_code == 409
    (tmp_path / "people.csv").write_text(FILE)
    assert import_subscribers(app, tmp_path / "people.csv", CONSENT, dry_run=True).counts["unchanged"] == 2


def test_what_changed_since_the_look_is_shown_again_and_nothing_is_imported(ada: Desk, app: App) -> None:
    page = give(ada).text
    unsubscribe(app, app.signer.reader(0, add_active(app, "omar@example.org").id), source="page")
    before = app.store.subscribers.counts()
    answer = go_on(ada, page)
    assert answer.status_code == 409
    assert "has changed since you looked" in answer.text
    assert hidden(answer.text)["seen"] != hidden(page)["seen"]
    assert app.store.subscribers.counts() == before


@pytest.mark.parametrize("field", ["content", "consent", "seen", "name"])
def test_a_form_that_was_touched_imports_nothing(ada: Desk, app: App, field: str) -> None:
    other = packed(f"email\n{LENA}\n".encode()) if field == "content" else "other"
    assert go_on(ada, give(ada).text, **{field: other}).status_code == 409
    assert app.store.subscribers.counts()["active"] == 0


@pytest.mark.parametrize(("text", "says"), [("", "empty"), ('email\n"open', "never closed"), ("{", "no JSON")])
def test_a_file_that_cannot_be_read_is_refused_in_one_line(ada: Desk, text: str, says: str) -> None:
    answer = give(ada, text)
    assert answer.status_code == 422
    assert says in answer.text
    assert CONSENT in answer.text
    assert "Which column is which" not in answer.text


def test_a_file_that_is_too_large_leads_to_the_command_line(ada: Desk) -> None:
    content = b"email\n" + b"a@example.org\n" * (UPLOAD_BYTES // 14)
    answer = ada.ask("POST", HERE, files={"file": ("people.csv", content, "text/csv")})
    assert answer.status_code == 413
    assert "command line" in answer.text
    assert ada.post(f"{HERE}/apply", content="a" * CARRIED_BYTES).status_code == 413


def test_without_words_of_consent_they_are_flagged_and_asked_only_where_somebody_said_so(ada: Desk, app: App) -> None:
    page = give(ada, consent="").text
    assert kinds(page)["flagged"] == 4
    assert "have them asked by mail" in page
    asking = go_on(ada, page, "look", reconfirm="1").text
    assert "4 are asked by mail whether they want it" in asking
    assert "have them asked by mail" not in asking
    assert go_on(ada, asking).status_code == 303
    assert app.store.subscribers.counts()["pending"] == 4
    assert app.store.subscribers.counts()["active"] == 0


def test_one_status_for_all_of_them_is_taken_and_told(ada: Desk, app: App) -> None:
    page = give(ada, "email\nomar@example.org\nlena@example.org\n", status="unsubscribed").text
    assert kinds(page) == {"suppressing": 2}
    assert ">Suppress 2 addresses</button>" in page
    assert go_on(ada, page).status_code == 303
    assert sum(suppression_counts(app).values()) == 2


def test_active_readers_are_stopped_only_by_whoever_ticked_how_many(ada: Desk, app: App) -> None:
    add_active(app, LENA)
    page = give(ada, GONE).text
    assert "1 active reader would get nothing from now on." in page
    refused = go_on(ada, page)
    assert (refused.status_code, "Tick that this is meant" in refused.text) == (422, True)
    assert app.store.subscribers.audience(app.now())["recipients"] == 1
    assert go_on(ada, refused.text, stopping="1").status_code == 303
    assert app.store.subscribers.audience(app.now())["recipients"] == 0
    again = give(ada, GONE, name="another.csv").text
    assert re.search(r"This file was imported on .* by ada@example\.com, as people\.csv\.", again)


def test_columns_that_are_not_known_are_asked_for_with_what_stands_in_them(ada: Desk, app: App) -> None:
    table = [["Kontakt", "Abgemeldet", "Unsub date"], [LENA, "", ""], ["omar@example.org", "", "2026-01-05"]]
    page = give(ada, workbook(cells(table)), name="liste.xlsx")
    assert page.status_code == 422
    assert "has columns called Kontakt, Abgemeldet, Unsub date." in page.text
    assert "--column" not in page.text
    guess = r'Kontakt <span class="quiet under">lena@example.org</span>.*?value="email" selected'
    assert re.search(guess, page.text, re.DOTALL)
    twice = go_on(ada, page.text, "look", field=["email", "email", ""])
    assert "Kontakt and Abgemeldet are both given as email" in html.unescape(twice.text)
    looked = go_on(ada, twice.text, "look", field=["email", "", "status"], consent=CONSENT).text
    assert kinds(looked) == {"new": 1, "suppressing": 1}
    assert ">Import 1 reader and suppress 1</button>" in looked
    assert go_on(ada, looked).status_code == 303
    assert find_subscriber(app, LENA).status is SubscriberStatus.ACTIVE


def test_keys_of_json_lines_are_asked_for_as_columns_are(ada: Desk) -> None:
    lines = "\n".join(json.dumps({"who": address, "n": 1}) for address in (LENA, "omar@example.org"))
    page = give(ada, lines, name="people.ndjson").text
    assert "has columns called who, n." in page
    assert kinds(go_on(ada, page, "look", field=["email", ""], consent=CONSENT).text) == {"new": 2}


def test_the_rows_to_be_mended_are_a_file_without_formulas_that_can_be_imported_by_itself(ada: Desk) -> None:
    page = give(ada, "email,name\n=HYPERLINK(1),Lena\nomar,Omar\n").text
    assert '<td class="wrong-cell"><strong class="fault">' in page
    answer = go_on(ada, page, "rejects")
    assert answer.headers["content-disposition"] == 'attachment; filename="rejects.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["line", "what is wrong", "what helps", "email", "name"]
    assert [(row[0], row[3]) for row in rows[1:]] == [("2", "'=HYPERLINK(1)"), ("3", "omar")]
    mended = answer.text.replace("'=HYPERLINK(1)", LENA).replace("omar", "omar@example.org")
    assert kinds(give(ada, mended, name="rejects.csv").text) == {"new": 2}


def test_of_many_bad_rows_and_many_columns_a_page_shows_the_first_and_the_wrong_ones(ada: Desk) -> None:
    names = [f"extra {number}" for number in range(20)]
    rows = "".join(f"{','.join('x' * 20)},nobody{number}\n" for number in range(60))
    page = give(ada, f"{','.join(names)},email\n{rows}ragged\n").text
    assert "The first 50 of 61 rows" in page
    assert page.count('class="fault"') == 50
    assert page.count('<th scope="col">extra') == 7
    assert "nobody49" in page
    assert "61 rows" in page


def test_a_packed_file_comes_back_byte_for_byte_and_never_larger_than_allowed() -> None:
    content = FILE.encode() + b"\n\r\0\xff"
    assert unpacked(packed(content)) == content
    for text in ("", "é", "abc", packed(b""), packed(b"0" * (UPLOAD_BYTES + 1))):
        with pytest.raises(InputError):
            unpacked(text)


def test_the_button_says_who_is_only_kept_as_pending_and_no_two_are_called_alike(ada: Desk) -> None:
    def pressed(text: str, **said: str) -> list[str]:
        page = give(ada, text, **said).text
        return re.findall(r"<button[^>]*>([^<]+)</button>", page.split("<main")[1])

    flagged = pressed("email\nlena@example.org\nomar@example.org\nnobody\n", consent="")
    assert flagged == [
        "Import 2 readers as pending",
        "Look at this file",
        "Download these rows",
        "Look again with this",
    ]
    proved = "email,status,proof_at\nlena@example.org,active,\nomar@example.org,active,2026-09-01T08:00:00Z\n"
    assert pressed(proved, consent="")[0] == "Import 2 readers, 1 of them as pending"
    assert pressed(proved, consent="at the fair")[0] == "Import 2 readers"
