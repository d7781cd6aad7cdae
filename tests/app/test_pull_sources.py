"""Comparisons from the sources of the settings: before each draft and by hand, and one that fails stops no other."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.look_up import look_at_issue
from newsletter.app.pull_sources import list_sources, pull_sources
from newsletter.app.record import what_was_done
from newsletter.app.tick import tick
from newsletter.errors import InputError, NotFoundError
from newsletter.issues import IssueStatus
from tests.conftest import Clock

MakeApp = Callable[..., App]
SLOT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = "2026-W48"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document on the web."""

    url: str
    kind: str
    body: bytes


class Web:
    """Stands for the network: address → what is there, or why it cannot be had. What was asked is kept."""

    def __init__(self, **pages: Any) -> None:
        self.pages: dict[str, Any] = {f"https://{host}.example/feed": page for host, page in pages.items()}
        self.asked: list[tuple[str, bool, bool]] = []

    def fetch(self, url: str, *, http: bool = False, private: bool = False) -> Paper:
        self.asked.append((url, http, private))
        found = self.pages[url]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Paper) else Paper(url, "application/json", found)


def documents(*names: str, share: int = 75) -> bytes:
    return json.dumps(
        [{"sides": [{"name": name, "panel": {"share": share}}, {"name": f"{name} Two"}]} for name in names]
    ).encode()


@pytest.fixture
def fed(make_app: MakeApp, clock: Clock) -> Callable[..., App]:
    """`fed(web, {…}, {…})`: an app with these sources, and the slot of 2026-W48 just due."""

    def make(web: Web, *sources: dict[str, Any], **settings: Any) -> App:
        app = replace(make_app(sources=sources, **settings), documents=web)
        app.store.meta.put("created_at", "2026-11-18T00:00:00.000000+00:00")
        clock.now = SLOT.replace(second=7)
        return app

    return make


def feed(name: str) -> dict[str, Any]:
    return {"name": name, "url": f"https://{name}.example/feed"}


def test_the_week_fills_itself_and_what_was_pulled_this_moment_is_in_it(fed: Callable[..., App]) -> None:
    app = fed(Web(site=documents("Alder", "Birch", "Cedar")), feed("site"))
    assert tick(app) == f"Issue {KEY} is drafted."
    detail = look_at_issue(app, KEY)
    assert sorted(place.title for place in detail.places) == [
        "Alder vs Alder Two",
        "Birch vs Birch Two",
        "Cedar vs Cedar Two",
    ]
    assert [pull.in_words for pull in detail.pulls] == ["Source site: 3 new."]


def test_a_source_that_fails_is_told_on_the_issue_and_in_the_mail_and_does_not_stop_the_others(
    fed: Callable[..., App],
) -> None:
    gone = InputError("https://gone.example/feed answered 503.", next_step="See that it is there.", permanent=False)
    app = fed(Web(gone=gone, site=documents("Alder", "Birch", "Cedar")), feed("gone"), feed("site"))
    tick(app)
    detail = look_at_issue(app, KEY)
    assert detail.issue.status is IssueStatus.DRAFT
    assert [pull.in_words for pull in detail.pulls] == [
        "Source gone failed: https://gone.example/feed answered 503. See that it is there.",
        "Source site: 3 new.",
    ]
    mail = app.store.database.value("SELECT text FROM message WHERE key = ?", (f"draft/{KEY}",))
    assert "Source gone failed: https://gone.example/feed answered 503." in " ".join(mail.split())


def test_a_source_is_asked_once_a_slot_and_not_at_every_tick(fed: Callable[..., App], clock: Clock) -> None:
    web = Web(site=documents("Alder", "Birch", "Cedar"))
    app = fed(web, feed("site"))
    for _ in range(3):
        tick(app)
        clock.advance(seconds=30)
    assert len(web.asked) == 1


def test_a_week_that_is_skipped_says_which_source_failed(fed: Callable[..., App]) -> None:
    app = fed(Web(gone=InputError("It is gone.")), feed("gone"))
    tick(app)
    assert look_at_issue(app, KEY).issue.status is IssueStatus.SKIPPED
    mail = app.store.database.value("SELECT text FROM message WHERE key = ?", (f"skipped/{KEY}",))
    assert "Source gone failed: It is gone." in " ".join(mail.split())


def test_one_wrong_comparison_refuses_its_document_whole_and_says_where(fed: Callable[..., App]) -> None:
    app = fed(Web(site=b'[{"sides": [{"name": "Alder"}, {"name": "Birch"}]},\n {"sides": []}]'), feed("site"))
    [pull] = pull_sources(app)
    assert "https://site.example/feed, line 2:" in pull.problem
    assert app.store.comparisons.count() == 0
    assert pull.counts["new"] == 0


def test_pulling_again_brings_nothing_and_a_changed_verdict_is_a_change_by_that_source(fed: Callable[..., App]) -> None:
    web = Web(site=documents("Alder"))
    app = fed(web, feed("site"))
    assert [pull.in_words for pull in pull_sources(app)] == ["Source site: 1 new."]
    assert [pull.in_words for pull in pull_sources(app)] == ["Source site: 1 unchanged."]
    web.pages["https://site.example/feed"] = documents("Alder", share=25)
    assert [pull.in_words for pull in pull_sources(app, by="ada@example.com", via="console")] == [
        "Source site: 1 changed."
    ]
    assert app.store.database.value("SELECT operator FROM comparison_revision") == "source site"
    deeds = [(deed.operator, deed.act, deed.subject, deed.detail) for _, deed in what_was_done(app)]
    assert deeds == [
        ("ada@example.com", "pulled comparisons", "source site", "Source site: 1 changed."),
        ("command line", "pulled comparisons", "source site", "Source site: 1 new."),
    ]


def test_a_dry_run_says_what_it_would_bring_and_changes_nothing(fed: Callable[..., App]) -> None:
    app = fed(Web(site=documents("Alder"), gone=InputError("It is gone.")), feed("site"), feed("gone"))
    before = list(app.store.database.connection.iterdump())
    assert [pull.in_words for pull in pull_sources(app, dry_run=True)] == [
        "Source site: 1 new.",
        "Source gone failed: It is gone.",
    ]
    assert list(app.store.database.connection.iterdump()) == before


def test_only_the_source_that_is_named_is_pulled_and_an_unknown_name_is_told_which_there_are(
    fed: Callable[..., App],
) -> None:
    web = Web(site=documents("Alder"), other=documents("Birch"))
    app = fed(web, feed("site"), feed("other"))
    pull_sources(app, "other")
    assert [url for url, *_ in web.asked] == ["https://other.example/feed"]
    with pytest.raises(NotFoundError, match="no source nowhere"):
        pull_sources(app, "nowhere")
    assert [(source.name, pull is None) for source, pull in list_sources(app)] == [("site", True), ("other", False)]


def test_http_and_this_network_are_asked_only_where_the_source_allows_it(fed: Callable[..., App]) -> None:
    web = Web(site=documents("Alder"), inside=documents("Birch"))
    pull_sources(fed(web, feed("site"), {**feed("inside"), "allow_http": True, "allow_private": True}))
    assert [allowed for _, *allowed in web.asked] == [[False, False], [True, True]]


def test_the_ending_of_the_address_or_else_its_kind_tells_how_a_document_is_read(fed: Callable[..., App]) -> None:
    yaml = b"sides:\n  - name: Alder\n  - name: Birch\n"
    ended = Paper("https://site.example/week.yaml", "application/octet-stream", yaml)
    told = Paper("https://other.example/feed", "application/yaml", yaml.replace(b"Alder", b"Cedar"))
    app = fed(Web(site=ended, other=told), feed("site"), feed("other"))
    assert [pull.in_words for pull in pull_sources(app)] == ["Source site: 1 new.", "Source other: 1 new."]


def test_a_folder_is_pulled_file_by_file_and_a_file_with_errors_is_refused_alone(
    fed: Callable[..., App], tmp_path: Path
) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "a.json").write_bytes(documents("Alder"))
    (folder / "b.json").write_bytes(b"[{}]")
    app = fed(Web(), {"name": "desk", "path": folder})
    [pull] = pull_sources(app)
    assert "b.json, line 1:" in pull.problem
    assert pull.counts["new"] == 1
    assert app.store.comparisons.count() == 1


def test_a_folder_that_is_not_there_is_told(fed: Callable[..., App], tmp_path: Path) -> None:
    [pull] = pull_sources(fed(Web(), {"name": "desk", "path": tmp_path / "nowhere"}))
    assert "there is no such file" in pull.problem


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Another program's database."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE matches (tool_a TEXT, tool_b TEXT, share_a REAL, day TEXT, secret TEXT)")
        other.execute("INSERT INTO matches VALUES ('Alder', 'Birch', 75.0, '2026-11-20', 'x')")
        other.execute("INSERT INTO matches VALUES ('Cedar', 'Dogwood', NULL, NULL, 'y')")
    return path


COLUMNS = {
    "left.name": "tool_a",
    "right.name": "tool_b",
    "left.panel.share": "share_a",
    "published_on": "day",
}


@pytest.mark.parametrize(
    "what", [{"table": "matches"}, {"query": "SELECT * FROM matches WHERE share_a > 50 OR day IS NULL"}]
)
def test_another_database_is_read_by_table_or_query_with_the_columns_of_the_settings(
    fed: Callable[..., App], shop: Path, what: dict[str, str]
) -> None:
    app = fed(Web(), {"name": "shop", "sqlite": shop, "columns": COLUMNS, **what})
    assert [pull.in_words for pull in pull_sources(app)] == ["Source shop: 2 new."]
    found = app.store.comparisons.by_slug("alder-vs-birch")
    assert found is not None
    assert found.comparison.left.panel is not None
    assert (found.comparison.left.panel.share, str(found.comparison.published_on)) == (75, "2026-11-20")


def test_a_row_that_is_no_comparison_is_named_by_its_number_and_column(fed: Callable[..., App], shop: Path) -> None:
    with closing(sqlite3.connect(shop)) as other, other:
        other.execute("INSERT INTO matches VALUES ('Elm', 'Fir', 250, NULL, '')")
    [pull] = pull_sources(fed(Web(), {"name": "shop", "sqlite": shop, "columns": COLUMNS, "table": "matches"}))
    assert "shop.db, line 3:" in pull.problem
    assert "share_a" in pull.problem
