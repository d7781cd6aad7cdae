"""What concerns the machine, by calls: a backup, the key of links, a test of the provider, what is taken out."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.app import backup, store_json
from newsletter.app.backup import backup_in_pieces
from newsletter.app.container import App
from newsletter.app.on_request import unsubscribe_on_request
from newsletter.app.record import what_was_done
from newsletter.app.store_json import import_store
from newsletter.comparisons.formats import DOCUMENT_SCHEMA
from newsletter.errors import TransitionError
from newsletter.operators import Role
from newsletter.store.store import Store
from tests.fakes.house import add_active, deliver_all_mail
from tests.web.conftest import Visitor
from tests.web.operator.conftest import Program, is_problem


def test_a_backup_is_a_whole_database_is_recorded_and_leaves_nothing_behind(
    program: Program, app: App, tmp_path: Path
) -> None:
    add_active(app, "lena@example.org")
    folder = app.store.path.parent
    before = sorted(folder.rglob("*"))
    answer = program.post("/backup", once="again")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.sqlite3")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == "attachment; filename=newsletter-2026-11-19-080000.db"
    assert int(answer.headers["content-length"]) == len(answer.content)
    (tmp_path / "copy.db").write_bytes(answer.content)
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT email FROM subscriber").fetchall() == [("lena@example.org",)]
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert sorted(folder.rglob("*")) == before
    assert app.store.meta.backed_up_at == app.now()
    [(_, deed)] = what_was_done(app, limit=1)
    assert (deed.act, deed.operator, deed.via) == ("made a backup", "nightly", "api")
    assert program.post("/backup", once="again").status_code == 200  # a new one: a copy is not kept


def test_one_backup_is_made_at_a_time(program: Program, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = threading.Lock()
    monkeypatch.setattr(backup, "_ONE_AT_A_TIME", busy)
    with busy:
        assert is_problem(program.post("/backup"), 409)
        with pytest.raises(TransitionError):
            backup_in_pieces(app, by="x", via="x")
    assert program.post("/backup").status_code == 200


def test_addresses_are_taken_out_by_an_act_that_is_recorded(visitor: Visitor, app: App) -> None:
    add_active(app, "lena@example.org")
    program = Program(visitor, Role.EDITOR)
    answer = program.post("/exports/subscribers")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert "lena@example.org" in answer.text
    assert what_was_done(app, limit=1)[0][1].act == "exported the subscribers"
    assert is_problem(program.post("/backup"), 403)
    assert is_problem(Program(visitor, Role.VIEWER).post("/exports/subscribers"), 403)


def test_a_list_for_another_product_and_lines_of_json_are_taken_out(program: Program, app: App) -> None:
    add_active(app, "lena@example.org")
    unsubscribe_on_request(app, add_active(app, "omar@example.org"))
    answer = program.post("/exports/subscribers?for=listmonk&part=unsubscribed")
    assert (answer.status_code, "omar@example.org" in answer.text, "lena@" in answer.text) == (200, True, False)
    assert answer.headers["content-disposition"] == "attachment; filename=subscribers.unsubscribed.csv"
    assert what_was_done(app, limit=1)[0][1].detail == "for listmonk, unsubscribed"
    lines = program.post("/exports/subscribers?format=ndjson")
    assert (lines.headers["content-type"], len(lines.text.splitlines())) == ("application/x-ndjson; charset=utf-8", 2)
    before = len(what_was_done(app))
    for refused in ("for=ghost&part=unsubscribed", "for=ghost&format=ndjson", "for=nobody"):
        assert is_problem(program.post(f"/exports/subscribers?{refused}"), 422), refused
    assert len(what_was_done(app)) == before


def test_the_whole_store_is_taken_out_by_an_owner_and_leaves_nothing_behind(
    visitor: Visitor, program: Program, app: App, tmp_path: Path
) -> None:
    add_active(app, "lena@example.org")
    before = sorted(app.store.path.parent.rglob("*"))
    answer = program.post("/exports/store")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == "attachment; filename=newsletter-2026-11-19-080000.ndjson"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert sorted(app.store.path.parent.rglob("*")) == before
    [(_, deed)] = what_was_done(app, limit=1)
    assert (deed.act, deed.operator, deed.via) == ("exported the whole store", "nightly", "api")
    (tmp_path / "all.ndjson").write_bytes(answer.content)
    other = replace(app, store=Store(tmp_path / "other.db"))
    assert import_store(other, tmp_path / "all.ndjson", dry_run=False).tables["subscriber"] == 1
    other.store.close()
    assert is_problem(Program(visitor, Role.EDITOR).post("/exports/store"), 403)


def test_one_store_is_taken_out_at_a_time(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = threading.Lock()
    monkeypatch.setattr(store_json, "_ONE_AT_A_TIME", busy)
    with busy:
        assert is_problem(program.post("/exports/store"), 409)
    assert program.post("/exports/store").status_code == 200


def test_the_key_of_links_is_changed_and_the_old_one_kept_unless_it_leaked(program: Program, app: App) -> None:
    meta, old = app.store.meta, app.store.meta.signing_key
    meta.beat("sender", app.now(), "")
    done = program.post("/rotate-key", {}, once="rotate")
    assert done.json() == {"old_links": True, "restart": ["sender"]}
    new = meta.signing_key
    assert program.post("/rotate-key", {}, once="rotate").content == done.content
    assert (new != old, meta.signing_key, meta.old_signing_keys) == (True, new, [old])
    assert program.post("/rotate-key", {"forget_old": True}).json()["old_links"] is False
    assert meta.old_signing_keys == []
    assert [deed.act for _, deed in what_was_done(app, limit=2)] == ["changed the key of links"] * 2


def test_the_provider_is_tested_and_what_it_said_is_read(program: Program, app: App) -> None:
    queued = program.post("/provider-tests", {"to": "me@example.org"})
    assert (queued.status_code, "me@example.org" in queued.text) == (202, False)
    assert is_problem(program.post("/provider-tests", {"to": "me@example.org"}), 409)
    assert is_problem(program.post("/provider-tests", {"to": "nobody"}), 422)
    deliver_all_mail(app)
    [test] = program.get("/provider-tests")["tests"]
    assert (test["address"], test["status"], test["at"]) == ("me@example.org", "accepted", queued.json()["at"])


def test_the_form_and_the_schema_are_read(program: Program) -> None:
    assert "<form" in program.get("/form")["html"]
    assert program.get("/schemas/comparison") == DOCUMENT_SCHEMA
