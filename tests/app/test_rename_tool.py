"""Another slug for a tool: everything follows it, old addresses lead to it, and nothing is mixed with another tool."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.app.bookmarks import merge_tools, remove_tool, save_tool, saved_slugs
from newsletter.app.container import App
from newsletter.app.draft_issue import choose_for, draft_issue
from newsletter.app.edit_issue import edit_issue, undo_edit
from newsletter.app.import_comparisons import import_comparisons
from newsletter.app.record import what_was_done
from newsletter.app.rename_tool import Rename, current_slug, propose_rename, rename_tool
from newsletter.app.vote import vote_as_reader, votes_on
from newsletter.comparisons.model import Verdict
from newsletter.errors import InputError, NotFoundError, TransitionError
from newsletter.issues import Issue, IssueStatus
from tests.app.scripted import add_week
from tests.fakes.house import add_active


def call(app: App, old: str, new: str) -> Rename:
    return rename_tool(app, old, new, by="ada@example.com", via="console")


def sent_week(app: App) -> Issue:
    """The issue of this week, on its way."""
    issue = draft_issue(app).issue
    assert issue is not None
    app.store.issues.move(issue.id, IssueStatus.DRAFT, IssueStatus.APPROVED)
    app.store.issues.move(issue.id, IssueStatus.APPROVED, IssueStatus.SENDING, frozen_at=app.now())
    return issue


def write(folder: Path, left: str, right: str, share: int = 75, name: str = "week.json") -> Path:
    path = folder / name
    path.write_text(json.dumps([{"sides": [{"name": left, "panel": {"share": share}}, {"name": right}]}]))
    return path


def kinds(app: App, path: Path) -> list[str]:
    return [str(entry.kind) for entry in import_comparisons(app, [path]).entries]


def test_votes_bookmarks_and_comparisons_follow_the_slug(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, "Alder", "Birch"), write(tmp_path, "Cedar", "Alder", name="two.json")])
    reader = add_active(app, "ada@example.net")
    vote_as_reader(app, reader, "alder", Verdict.SHIP, None)
    save_tool(app, reader, "alder")
    done = call(app, "alder", "alder-ai")
    assert (done.use.comparisons, done.use.votes, done.use.saved) == (2, 1, 1)
    assert votes_on(app, ["alder-ai"], reader=reader)["alder-ai"].mine is Verdict.SHIP
    assert votes_on(app, ["alder-ai"])["alder-ai"].tally.readers.ship == 1
    assert votes_on(app, ["alder"])["alder"].tally.readers.ship == 0
    assert saved_slugs(app, reader) == {"alder-ai"}
    slugs = [side.slug for stored in app.store.comparisons.all() for side in stored.comparison.sides]
    assert sorted(slugs) == ["alder-ai", "alder-ai", "birch", "cedar"]
    assert {stored.comparison.slug for stored in app.store.comparisons.all()} == {"alder-vs-birch", "alder-vs-cedar"}
    assert [(deed.operator, deed.act, deed.subject, deed.detail) for _, deed in what_was_done(app)] == [
        ("ada@example.com", "renamed the tool", "tool alder-ai", "was alder")
    ]


def test_a_browser_that_kept_the_old_slug_saves_and_removes_the_tool_of_today(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, "Alder", "Birch")])
    reader = add_active(app, "ada@example.net")
    call(app, "alder", "alder-ai")
    merge_tools(app, reader, ["alder", "alder-ai", "birch"])
    assert saved_slugs(app, reader) == {"alder-ai", "birch"}
    remove_tool(app, reader, "alder")
    assert saved_slugs(app, reader) == {"birch"}


def test_what_is_imported_under_the_old_slug_is_the_same_comparison(app: App, tmp_path: Path) -> None:
    path = write(tmp_path, "Alder", "Birch")
    import_comparisons(app, [path])
    call(app, "alder", "alder-ai")
    assert kinds(app, path) == ["unchanged"]
    assert kinds(app, write(tmp_path, "Alder", "Birch", 25)) == ["changed"]
    assert kinds(app, write(tmp_path, "Alder", "Dogwood")) == ["new"]
    found = app.store.comparisons.by_slug("alder-ai-vs-dogwood")
    assert found is not None
    assert kinds(app, write(tmp_path, "Alder", "Dogwood")) == ["unchanged"]
    assert app.store.comparisons.count() == 2


def test_a_rename_is_no_news_and_a_verdict_that_flips_after_it_still_is(app: App, tmp_path: Path) -> None:
    add_week(app)
    issue = sent_week(app)
    app.store.issues.move(issue.id, IssueStatus.SENDING, IssueStatus.SENT)
    stored = app.store.comparisons.all()[0]
    tool = stored.comparison.left
    call(app, tool.slug, "renamed")
    again = {found.id: found for found in app.store.comparisons.all()}[stored.id]
    assert app.store.comparisons.revisions(stored.id) == []
    assert app.store.comparisons.last_sent_labels()[stored.id] == again.comparison.labels
    assert not [choice for choice in choose_for(app, app.now()).chosen if choice.candidate.changes]


def test_an_undo_after_a_rename_keeps_what_the_issue_knew_of_the_tool(app: App) -> None:
    add_week(app)
    issue = draft_issue(app).issue
    assert issue is not None
    first = app.store.issues.items(issue.id)[0]
    slug = next(iter(first.labels))
    edit_issue(app, issue.key, subject="Another subject")
    call(app, slug, "renamed")
    undo_edit(app, issue.key)
    labels = {row.comparison_id: row.labels for row in app.store.issues.items(issue.id)}[first.comparison_id]
    assert slug not in labels
    assert labels["renamed"] == first.labels[slug]


def test_renaming_again_leads_every_old_slug_to_the_last_and_back_again_is_possible(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, "Alder", "Birch")])
    call(app, "alder", "two")
    call(app, "two", "three")
    assert (current_slug(app, "alder"), current_slug(app, "two"), current_slug(app, "three")) == ("three",) * 3
    call(app, "three", "alder")
    assert (current_slug(app, "alder"), current_slug(app, "two"), current_slug(app, "three")) == ("alder",) * 3


@pytest.mark.parametrize("new", ["Birch Two", "birch_two", "-birch", "", "a--b", "../x", "x" * 201, "Ä"])
def test_what_is_no_slug_is_refused(app: App, tmp_path: Path, new: str) -> None:
    import_comparisons(app, [write(tmp_path, "Alder", "Birch")])
    with pytest.raises(InputError, match="is no slug"):
        propose_rename(app, "alder", new)


def test_the_slug_of_another_tool_is_refused_and_so_is_one_that_still_has_votes(app: App, tmp_path: Path) -> None:
    import_comparisons(app, [write(tmp_path, "Alder", "Birch")])
    with pytest.raises(InputError, match="birch is another tool"):
        call(app, "alder", "birch")
    reader = add_active(app, "ada@example.net")
    app.store.votes.put(reader.id, "elm", Verdict.SHIP, app.now(), None)
    with pytest.raises(InputError, match="elm is another tool"):
        call(app, "alder", "elm")
    with pytest.raises(NotFoundError, match="No comparison has a tool nothing"):
        call(app, "nothing", "elsewhere")
    call(app, "alder", "oak")
    with pytest.raises(NotFoundError, match="It is called oak now"):
        call(app, "alder", "elsewhere")


def test_while_an_issue_is_on_its_way_its_tools_keep_their_slugs(app: App) -> None:
    add_week(app)
    issue = sent_week(app)
    slug = app.store.comparisons.all()[0].comparison.left.slug
    with pytest.raises(TransitionError, match=f"Issue {issue.key} is on its way"):
        call(app, slug, "renamed")
