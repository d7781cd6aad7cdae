"""A comparison changed from inside: looked at first, never over somebody else's change, and what it was is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from newsletter.app.container import App
from newsletter.app.edit_comparison import (
    PER_PAGE,
    archive_comparison,
    document_of,
    edit_comparison,
    look_at_comparison,
    propose_edit,
    publish_comparison,
    shelf,
)
from newsletter.app.import_comparisons import Upload, import_uploads
from newsletter.comparisons.changes import FieldChange, field_changes
from newsletter.comparisons.model import Comparison, Review, Tool
from newsletter.errors import ContentChangedError, InputError, NotFoundError
from newsletter.store.comparisons import Stored
from tests.fakes.house import add_active, publish_week
from tests.rendering.week import full_week

SLUG = "alder-vs-birch"
BY = "ada@example.com"
DOCUMENT = """\
published_on: 2026-11-02
sides:
  - name: Alder
    tagline: Grows by water
    panel: {share: 75}
  - name: Birch
"""


def put(app: App, text: str = DOCUMENT) -> None:
    upload = Upload("week.yaml", text.encode())
    import_uploads(app, [upload], seen=import_uploads(app, [upload]).marks)


@pytest.fixture
def stored(app: App) -> Stored:
    put(app)
    return look_at_comparison(app, SLUG).stored


def test_a_proposal_tells_each_field_before_and_after_and_changes_nothing(app: App, stored: Stored) -> None:
    before = list(app.store.database.connection.iterdump())
    text = document_of(stored).replace("Grows by water", "Grows fast").replace("75", "25").replace("Ship", "Skip")
    assert propose_edit(app, SLUG, text).changes == (
        FieldChange("Alder: tagline", "Grows by water", "Grows fast"),
        FieldChange("Alder: panel", "Ship, 75 %", "Skip, 25 %"),
    )
    assert list(app.store.database.connection.iterdump()) == before


def test_an_edit_is_stored_and_what_it_was_is_kept_with_what_changed(app: App, stored: Stored) -> None:
    text = document_of(stored).replace("Grows by water", "Grows fast")
    told = edit_comparison(app, SLUG, text, by=BY, seen=stored.content_sha256)
    detail = look_at_comparison(app, SLUG)
    assert detail.stored.comparison.left.tagline == "Grows fast"
    assert [revision.changes for revision in detail.history] == [told]
    assert told == (FieldChange("Alder: tagline", "Grows by water", "Grows fast"),)


def test_the_same_document_again_is_no_revision(app: App, stored: Stored) -> None:
    assert edit_comparison(app, SLUG, document_of(stored), by=BY) == ()
    assert look_at_comparison(app, SLUG).history == ()


def test_what_is_wrong_is_told_with_its_line_and_nothing_is_stored(app: App, stored: Stored) -> None:
    text = DOCUMENT.replace("tagline:", "tag_line:").replace("share: 75", "share: 175")
    problems = propose_edit(app, SLUG, text).problems
    assert [problem.line for problem in problems] == [4, 5]
    assert "Did you mean `tagline`?" in problems[0].fix
    with pytest.raises(InputError, match=r"Line 4: .*Line 5: "):
        edit_comparison(app, SLUG, text, by=BY)
    assert look_at_comparison(app, SLUG).stored == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"slug: another\n{DOCUMENT}", "The slug another names another comparison."),
        (DOCUMENT.replace("Birch", "Cedar"), "A comparison keeps its two tools, alder and birch."),
        (f"{DOCUMENT}---\n{DOCUMENT}", "There are 2 comparisons in it."),
        ("", "There is nothing in it."),
        ("sides: [", "Line 1"),
    ],
)
def test_a_document_of_another_comparison_is_refused(app: App, stored: Stored, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        edit_comparison(app, SLUG, text, by=BY)


def test_a_comparison_with_a_slug_of_its_own_keeps_it_where_the_document_names_none(app: App) -> None:
    put(app, f"slug: the-one\n{DOCUMENT}")
    edit_comparison(app, "the-one", DOCUMENT.replace("Grows by water", "Grows fast"), by=BY)
    assert look_at_comparison(app, "the-one").stored.comparison.left.tagline == "Grows fast"


def test_a_second_save_never_overwrites_the_first_unseen(app: App, stored: Stored) -> None:
    seen = stored.content_sha256
    edit_comparison(app, SLUG, DOCUMENT.replace("Grows by water", "The first"), by=BY, seen=seen)
    with pytest.raises(ContentChangedError, match="Somebody changed Alder vs Birch"):
        edit_comparison(app, SLUG, DOCUMENT.replace("Grows by water", "The second"), by=BY, seen=seen)
    with pytest.raises(ContentChangedError):
        publish_comparison(app, SLUG, date(2026, 12, 1), by=BY, seen=seen)
    assert look_at_comparison(app, SLUG).stored.comparison.left.tagline == "The first"


def test_a_date_is_a_revision_and_readers_find_it_from_then_on(app: App, stored: Stored) -> None:
    assert publish_comparison(app, SLUG, date(2026, 12, 1), by=BY)
    assert not publish_comparison(app, SLUG, date(2026, 12, 1), by=BY)
    detail = look_at_comparison(app, SLUG)
    assert (detail.listed_on, detail.is_listed) == (date(2026, 12, 1), False)
    assert detail.history[0].changes == (FieldChange("publication date", "2026-11-02", "2026-12-01"),)


def test_the_archive_is_no_candidate_until_it_is_taken_out(app: App, stored: Stored) -> None:
    assert archive_comparison(app, SLUG, True)
    assert not archive_comparison(app, SLUG, True)
    assert app.store.comparisons.candidates() == []
    assert [row.stored.archived for row in shelf(app, archived=True).rows] == [True]
    assert archive_comparison(app, SLUG, False)
    assert [one.id for one in app.store.comparisons.candidates()] == [stored.id]
    with pytest.raises(NotFoundError):
        archive_comparison(app, "nothing", True)


def test_the_list_goes_on_where_it_ended_and_names_each_once(app: App) -> None:
    count = 2 * PER_PAGE + 3
    put(
        app,
        "---\n".join(
            f"published_on: 2026-11-{1 + n % 9:02}\nsides: [{{name: A{n}}}, {{name: B}}]\n" for n in range(count)
        ),
    )
    found, cursor = [], ""
    while True:
        page = shelf(app, cursor=cursor)
        found += [(row.listed_on, row.stored.id) for row in page.rows]
        cursor = page.after
        if not cursor:
            break
    assert len(set(found)) == count
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "cursor", ["x", "2026-11-01", "2026-11-01.", "2026-11-01.-1", "2026-11-01.x", f"2026-11-01.{'9' * 30}"]
)
def test_a_cursor_that_is_not_ours_is_refused(app: App, cursor: str) -> None:
    with pytest.raises(InputError):
        shelf(app, cursor=cursor)


def test_a_search_finds_words_of_any_text_and_later_days_too(app: App, stored: Stored) -> None:
    publish_comparison(app, SLUG, date(2027, 1, 1), by=BY)
    for words, count in (("grows wat", 1), ("alder-vs-birch", 1), ("nothing", 0), ('"%', 0), ("", 1)):
        assert len(shelf(app, words).rows) == count, words


def test_the_issues_that_had_it_are_named(app: App) -> None:
    add_active(app, "ada@example.org")
    issue = publish_week(app)
    slug = full_week()[0].comparison.slug
    taken = look_at_comparison(app, slug).taken
    assert [(one.key, one.sent_at is not None) for one in taken] == [(issue.key, True)]
    assert {row.stored.comparison.slug: row.sent_in for row in shelf(app).rows}[slug] == issue.key


def test_sides_and_reviews_are_matched_by_name_and_not_by_place() -> None:
    one, other = Tool("Alder", "alder", reviews=(Review("Founder", 80), Review("Skeptic", 20))), Tool("Birch", "birch")
    was = Comparison(SLUG, (one, other))
    turned = replace(
        one, reviews=(Review("Skeptic", 30), Review("Founder", 80), Review(text="Fine."), Review(text="Good."))
    )
    assert field_changes(was, Comparison(SLUG, (other, turned))) == (
        FieldChange("left and right", "Alder vs Birch", "Birch vs Alder"),
        FieldChange("Alder: review by Skeptic", "20", "30"),
        FieldChange("Alder: review", "", "Fine."),
        FieldChange("Alder: review (2)", "", "Good."),
    )


def test_what_was_handed_over_is_applied_as_it_was_shown_or_not_at_all(app: App, stored: Stored) -> None:
    changed = Upload("week.yaml", DOCUMENT.replace("75", "25").encode())
    looked = import_uploads(app, [changed])
    assert (looked.applied, looked.counts["changed"]) == (False, 1)
    assert looked.changes[0] == (FieldChange("Alder: panel", "Ship, 75 %", "Skip, 25 %"),)
    edit_comparison(app, SLUG, DOCUMENT.replace("Grows by water", "Meanwhile"), by=BY)
    with pytest.raises(ContentChangedError, match="Alder vs Birch is changed by now"):
        import_uploads(app, [changed], seen=looked.marks)
    assert look_at_comparison(app, SLUG).stored.comparison.left.tagline == "Meanwhile"
    again = import_uploads(app, [changed])
    assert import_uploads(app, [changed], seen=again.marks).applied
    assert look_at_comparison(app, SLUG).stored.comparison.labels == {"alder": "Skip"}


def test_another_content_or_another_answer_is_not_what_was_shown(app: App) -> None:
    upload = Upload("week.yaml", DOCUMENT.encode())
    looked = import_uploads(app, [upload])
    for other, archived in ((Upload("week.yaml", DOCUMENT.replace("75", "25").encode()), False), (upload, True)):
        with pytest.raises(ContentChangedError):
            import_uploads(app, [other], archived=archived, seen=looked.marks)
    with pytest.raises(ContentChangedError, match="it holds less"):
        import_uploads(app, [], seen=looked.marks)
    assert app.store.comparisons.count() == 0
