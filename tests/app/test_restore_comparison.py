"""What a comparison said before: who changed what and when, back to any of it, and what is no change at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.app.container import App
from newsletter.app.edit_comparison import (
    document_of,
    edit_comparison,
    look_at_comparison,
    propose_restore,
    publish_comparison,
    restore_comparison,
)
from newsletter.app.import_comparisons import Upload, import_comparisons, import_uploads
from newsletter.comparisons.changes import FieldChange
from newsletter.comparisons.formats import to_document
from newsletter.errors import ContentChangedError, NotFoundError
from tests.conftest import Clock

SLUG = "alder-vs-birch"
ADA, BOB = "ada@example.com", "bob@example.com"
DOCUMENT = """\
published_on: 2026-11-02
sides:
  - name: Alder
    tagline: Grows by water
    panel: {share: 75}
    reviews:
      - {reviewer: Founder, score: 80, text: Tall.}
      - {reviewer: Skeptic, score: 20}
  - name: Birch
    best_for: Paper
"""


@pytest.fixture
def seen(app: App) -> str:
    """The mark of the first version."""
    upload = Upload("week.yaml", DOCUMENT.encode())
    import_uploads(app, [upload], seen=import_uploads(app, [upload]).marks, by=ADA)
    return mark(app)


def mark(app: App) -> str:
    return look_at_comparison(app, SLUG).stored.content_sha256


def tagline(app: App) -> str | None:
    return look_at_comparison(app, SLUG).stored.comparison.left.tagline


def reworded(app: App, words: str, by: str = ADA) -> None:
    edit_comparison(app, SLUG, DOCUMENT.replace("Grows by water", words), by=by)


def test_every_way_to_revise_keeps_who_when_and_which_fields(app: App, clock: Clock, seen: str, tmp_path: Path) -> None:
    reworded(app, "Edited", BOB)
    upload = Upload("week.yaml", DOCUMENT.replace("Grows by water", "Handed over").encode())
    import_uploads(app, [upload], seen=import_uploads(app, [upload], by=BOB).marks, by=BOB)
    file = tmp_path / "week.yaml"
    file.write_text(DOCUMENT.replace("Grows by water", "From a file"))
    import_comparisons(app, [file])
    clock.advance(hours=1)
    restore_comparison(app, SLUG, 1, by=ADA)
    publish_comparison(app, SLUG, clock().date(), by=ADA)
    told = [
        (version.number, version.by, change.field, change.before, change.after)
        for version in look_at_comparison(app, SLUG).history
        for change in version.changes
    ]
    assert told == [
        (6, ADA, "publication date", "2026-11-02", clock().date().isoformat()),
        (5, ADA, "Alder: tagline", "From a file", "Grows by water"),
        (4, "command line", "Alder: tagline", "Handed over", "From a file"),
        (3, BOB, "Alder: tagline", "Edited", "Handed over"),
        (2, BOB, "Alder: tagline", "Grows by water", "Edited"),
    ]
    assert [version.at == clock() for version in look_at_comparison(app, SLUG).history[:3]] == [True, True, False]


def test_who_revised_it_before_that_was_kept_is_empty(app: App, seen: str) -> None:
    reworded(app, "Then")
    app.store.database.change("UPDATE comparison_revision SET operator = ''")
    assert [version.by for version in look_at_comparison(app, SLUG).history] == [""]


def test_a_restore_is_looked_at_then_done_and_is_a_version_itself(app: App, seen: str) -> None:
    reworded(app, "Second")
    reworded(app, "Third")
    before = list(app.store.database.connection.iterdump())
    looked = propose_restore(app, SLUG, 1)
    assert looked.changes == (FieldChange("Alder: tagline", "Third", "Grows by water"),)
    assert list(app.store.database.connection.iterdump()) == before
    assert restore_comparison(app, SLUG, 1, by=BOB, seen=mark(app)) == looked.changes
    assert mark(app) == seen
    restore_comparison(app, SLUG, 3, by=BOB)
    assert tagline(app) == "Third"
    assert [version.number for version in look_at_comparison(app, SLUG).history] == [5, 4, 3, 2]


def test_a_date_that_was_changed_comes_back_with_the_version(app: App, seen: str) -> None:
    publish_comparison(app, SLUG, app.now().date().replace(year=2027), by=ADA)
    assert not look_at_comparison(app, SLUG).is_listed
    restore_comparison(app, SLUG, 1, by=ADA)
    assert look_at_comparison(app, SLUG).is_listed


def test_a_restore_never_overwrites_what_somebody_changed_since(app: App, seen: str) -> None:
    reworded(app, "Second")
    looked = mark(app)
    reworded(app, "Meanwhile", BOB)
    with pytest.raises(ContentChangedError, match="Somebody changed Alder vs Birch"):
        restore_comparison(app, SLUG, 1, by=ADA, seen=looked)
    assert tagline(app) == "Meanwhile"


def test_what_it_says_already_is_restored_as_nothing(app: App, seen: str) -> None:
    reworded(app, "Second")
    assert restore_comparison(app, SLUG, 2, by=ADA) == ()
    assert [version.number for version in look_at_comparison(app, SLUG).history] == [2]


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_a_version_that_there_is_not_is_said_so(app: App, seen: str, number: int) -> None:
    with pytest.raises(NotFoundError, match=rf"has no version {number}\. It has only the one"):
        restore_comparison(app, SLUG, number, by=ADA)
    reworded(app, "Second")
    with pytest.raises(NotFoundError, match=rf"has no version {number}\. It has 1 to 2"):
        propose_restore(app, SLUG, number)


TURNED = """\
# Birch first, keys in another order, lists in blocks, text quoted and folded
sides:
- best_for: 'Paper'
  name: "Birch"
- reviews:
  - score: 20
    reviewer: Skeptic
  - text: >-
      Tall.
    score: 80
    reviewer: Founder
  panel:
      share:   75
  tagline: Grows
    by water

  name: Alder


published_on: "2026-11-02"
"""


def test_the_same_in_another_order_or_layout_is_no_change(app: App, seen: str, tmp_path: Path) -> None:
    as_json = json.dumps(to_document(look_at_comparison(app, SLUG).stored.comparison), sort_keys=True, indent=7)
    for text in (TURNED, as_json, document_of(look_at_comparison(app, SLUG).stored), DOCUMENT.replace("\n", "\r\n")):
        assert edit_comparison(app, SLUG, text, by=BOB) == (), text
        for ending in (".yaml", ".json") if text == as_json else (".yaml",):
            file = tmp_path / f"week{ending}"
            file.write_text(text)
            assert import_comparisons(app, [file]).counts["unchanged"] == 1, (ending, text)
    assert look_at_comparison(app, SLUG).history == ()
    assert mark(app) == seen


def test_another_word_in_another_order_is_a_change_of_that_word(app: App, seen: str) -> None:
    changes = edit_comparison(app, SLUG, TURNED.replace("Tall.", "Taller."), by=BOB)
    assert changes == (FieldChange("Alder: review by Founder", "80 – Tall.", "80 – Taller."),)
    assert look_at_comparison(app, SLUG).stored.comparison.title == "Alder vs Birch"
    assert [version.by for version in look_at_comparison(app, SLUG).history] == [BOB]
