"""The whole store out as lines of JSON and into an empty one: equal, or refused in one line."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.app.container import App
from newsletter.app.export_subscribers import export_subscribers
from newsletter.app.record import note, what_was_done
from newsletter.app.store_json import export_store, import_store
from newsletter.errors import InputError, TransitionError
from newsletter.store.whole import LEFT_OUT
from tests.fakes.house import Clock, add_active, build_house
from tests.fakes.life import DEEDS, FULL, live

WORDS = ("kestrel", "plumbline", "review", "developer", "tool", "a")


def contents(path: Path) -> dict[str, Any]:
    """Table → its rows, of every table in the file but those that are left out; and what its search answers. Read
    without the code that is tested.
    """
    connection = sqlite3.connect(path)
    try:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if name not in LEFT_OUT and "_fts" not in name
        ]
        found: dict[str, Any] = {
            name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names
        }
        asked = "SELECT rowid FROM comparison_text_fts WHERE comparison_text_fts MATCH ? ORDER BY rank"
        found["search"] = [connection.execute(asked, (word,)).fetchall() for word in WORDS]
        connection.execute("INSERT INTO comparison_text_fts (comparison_text_fts) VALUES ('integrity-check')")
        connection.rollback()
        found["triggers"] = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'index') ORDER BY name"
        ).fetchall()
    finally:
        connection.close()
    return found


@pytest.fixture
def lived(tmp_path: Path) -> App:
    """A newsletter in which everything happened."""
    (tmp_path / "old").mkdir()
    clock = Clock()
    app = build_house(tmp_path / "old", clock)
    live(app, clock, FULL)
    return app


@pytest.fixture
def empty(tmp_path: Path) -> App:
    (tmp_path / "new").mkdir()
    return build_house(tmp_path / "new", Clock())


def test_everything_that_can_happen_is_carried(lived: App, empty: App, tmp_path: Path) -> None:
    done = export_store(lived, tmp_path / "all.ndjson")
    some = "subscriber consent suppression leaving subscriber_topic delivery batch message event vote tally saved_tool"
    more = "comparison comparison_revision comparison_text renamed_tool issue issue_item import_run operator api_key"
    assert all(done.tables[name] for name in (some + " " + more).split()), done.tables
    import_store(empty, tmp_path / "all.ndjson", dry_run=False)
    assert contents(empty.store.path) == contents(lived.store.path)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 300)), min_size=3, max_size=12))
def test_any_store_comes_back_equal_and_goes_out_as_the_same_bytes(
    life: list[tuple[Callable[[App, int], None], int]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Clock()
        (folder / "new").mkdir()
        app = build_house(folder, clock)
        live(app, clock, life)
        first = export_store(app, folder / "first.ndjson")
        other = build_house(folder / "new", clock)
        assert import_store(other, folder / "first.ndjson", dry_run=False).tables == first.tables
        other.close()
        again = build_house(folder / "new", clock)
        assert contents(again.store.path) == contents(app.store.path)
        assert list(export_subscribers(again)) == list(export_subscribers(app))
        for one in (app, again):
            export_store(one, folder / f"{one.store.path.parent.name}.ndjson")
        assert (folder / "new.ndjson").read_bytes() == (folder / f"{folder.name}.ndjson").read_bytes()
        app.close()
        again.close()


def test_links_of_earlier_mails_open_and_who_was_erased_stays_unknown(lived: App, empty: App, tmp_path: Path) -> None:
    export_store(lived, tmp_path / "all.ndjson")
    token = lived.signer.reader(1, 3)
    import_store(empty, tmp_path / "all.ndjson", dry_run=False)
    empty.close()
    again = build_house(tmp_path / "new", Clock())
    assert again.signer.read_reader(token).subscriber_id == 3
    before = again.store.subscribers.counts()
    add_active(again, "anna@example.org")  # what counts and searches goes on doing so
    assert again.store.subscribers.counts()["active"] == before["active"] + 1
    again.close()


def test_a_file_is_all_there_or_not_there(lived: App, tmp_path: Path) -> None:
    target = tmp_path / "all.ndjson"
    target.write_text("earlier")

    def broken(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_store(lived, target, progress=broken)
    assert target.read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.ndjson", "old"]
    export_store(lived, target)
    assert target.stat().st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(target)
    export_store(lived, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    with pytest.raises(InputError, match="no ordinary file"):
        export_store(lived, Path("/dev/null"))
    with pytest.raises(InputError, match=r"nowhere/all\.ndjson cannot be written"):
        export_store(lived, tmp_path / "nowhere" / "all.ndjson")


def test_an_export_is_recorded_and_in_its_own_record(lived: App, tmp_path: Path) -> None:
    export_store(lived, tmp_path / "all.ndjson", by="ada@example.org", via="console")
    deed = what_was_done(lived, limit=1)[0][1]
    assert (deed.operator, deed.act, deed.via) == ("ada@example.org", "exported the whole store", "console")
    assert '"exported the whole store"' in (tmp_path / "all.ndjson").read_text("utf-8")


def test_a_dry_run_keeps_nothing(lived: App, empty: App, tmp_path: Path) -> None:
    export_store(lived, tmp_path / "all.ndjson")
    before = contents(empty.store.path)
    told = import_store(empty, tmp_path / "all.ndjson", dry_run=True)
    assert told.tables["subscriber"] > 3
    assert contents(empty.store.path) == before

    def broken(done: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):  # what is done with it fails: nothing stays either
        import_store(empty, tmp_path / "all.ndjson", dry_run=False, also=broken)
    assert contents(empty.store.path) == before


def test_only_an_empty_store_takes_it(lived: App, empty: App, tmp_path: Path) -> None:
    export_store(lived, tmp_path / "all.ndjson")
    note(empty, "command line", "looked around", via="command line")
    add_active(empty, "lena@example.org")
    with pytest.raises(TransitionError, match=r"is not empty\. It has rows: subscriber 1"):
        import_store(empty, tmp_path / "all.ndjson", dry_run=True)


def _without_end(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _half_a_line(lines: list[bytes]) -> list[bytes]:
    return [*lines[:40], lines[40][:5]]


def _other_word(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b"exported the whole store", b"exported the whole stone") for line in lines]


def _something_after(lines: list[bytes]) -> list[bytes]:
    return [*lines, b"[]\n"]


def _a_number(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"1\n", *lines[1:]]


def _a_row_first(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"[1]\n", *lines[1:]]


def _unknown_table(lines: list[bytes]) -> list[bytes]:
    return _signed([*lines[:-1], b'{"table":"meta2","columns":["a"]}\n', b"[1]\n"])


def _below(lines: list[bytes], table: str) -> int:
    return next(number for number, line in enumerate(lines) if line.startswith(f'{{"table":"{table}"'.encode())) + 1


def _with(lines: list[bytes], table: str, row: bytes) -> list[bytes]:
    place = _below(lines, table)
    return _signed([*lines[:place], row, *lines[place:-1]])


def _twice(lines: list[bytes]) -> list[bytes]:
    return _with(lines, "meta", lines[_below(lines, "meta")])


def _nobodys(lines: list[bytes]) -> list[bytes]:
    place = _below(lines, "leaving")
    row = json.loads(lines[place])
    return _signed([*lines[:place], json.dumps([row[0], 999, *row[2:]]).encode() + b"\n", *lines[place + 1 : -1]])


def _too_large(lines: list[bytes]) -> list[bytes]:
    return _with(lines, "leaving", b"[99999999999999999999,1,1,1,1]\n")


def _half_a_pair(lines: list[bytes]) -> list[bytes]:
    return _with(lines, "meta", b'["\\ud800","x"]\n')


def _no_value(lines: list[bytes]) -> list[bytes]:
    return _with(lines, "meta", b'["a",{"base64":"?"}]\n')


def _a_list(lines: list[bytes]) -> list[bytes]:
    return _with(lines, "meta", b'["a",["b"]]\n')


def _fewer(lines: list[bytes]) -> list[bytes]:
    return _signed([line for line in lines[:-1] if b"exported the whole store" not in line])


def _other_version(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"schema":"', b'"schema":"0001_'), *lines[1:]]


def _no_store(lines: list[bytes]) -> list[bytes]:
    return [b"email,status\n"]


def _signed(lines: list[bytes]) -> list[bytes]:
    rows = sum(line.startswith(b"[") for line in lines)
    end = {"rows": rows, "sha256": sha256(b"".join(lines)).hexdigest()}
    return [*lines, json.dumps(end).encode() + b"\n"]


DAMAGE = {
    _without_end: "before its last line: it was cut off",
    _half_a_line: "line 41: it is no whole line of JSON",
    _other_word: "its sum does not match",
    _something_after: "something follows the last line",
    _a_number: "line 2: it is neither a row nor the beginning of a table",
    _a_row_first: "line 2: a row without its table",
    _unknown_table: "'meta2' is no table of this store",
    _twice: "does not fit: UNIQUE constraint failed: meta.key",
    _nobodys: "that is not there",
    _too_large: "does not fit: Python int too large",
    _half_a_pair: "does not fit: 'utf-8' codec",
    _no_value: "something that is no value of a table",
    _a_list: "does not fit: Error binding parameter",
    _fewer: "other rows than the first line says",
    _other_version: "was written by another version of this program",
    _no_store: "is no export of a whole store",
}


def test_a_file_that_is_not_whole_is_refused_with_its_line_and_changes_nothing(
    lived: App, empty: App, tmp_path: Path
) -> None:
    export_store(lived, tmp_path / "all.ndjson")
    lines = (tmp_path / "all.ndjson").read_bytes().splitlines(keepends=True)
    before = contents(empty.store.path)
    for damage, words in DAMAGE.items():
        (tmp_path / "bad.ndjson").write_bytes(b"".join(damage(lines)))
        with pytest.raises(InputError) as refused:
            import_store(empty, tmp_path / "bad.ndjson", dry_run=False)
        assert words in str(refused.value), (damage.__name__, str(refused.value))
        assert str(refused.value).startswith("bad.ndjson"), damage.__name__
        assert contents(empty.store.path) == before, damage.__name__
    with pytest.raises(InputError, match=r"none.ndjson cannot be read"):
        import_store(empty, tmp_path / "none.ndjson", dry_run=False)
