"""What everybody may read: issues once they are out, comparisons with whatever is known of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.app.draft_issue import draft_issue
from newsletter.app.import_comparisons import import_comparisons
from newsletter.app.read_comparison import comparison_page
from newsletter.app.readers import what_browser_keeps
from newsletter.app.send_issue import cancel_issue, freeze_issue
from newsletter.comparisons.model import (
    Comparison,
    Label,
    PanelVerdict,
    Pricing,
    Review,
    Tool,
    Verdict,
    VoteTally,
    panel_of_counts,
)
from newsletter.issues import IssueStatus
from tests.fakes.house import Clock, add_active, add_comparison, draft_week, publish_week
from tests.rendering.week import KESTREL, PLUMBLINE
from tests.web.conftest import Open

HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }}&copy;<img src=x onerror=alert(1)>"


def test_a_draft_is_hidden_and_a_frozen_issue_is_shown(visitor, app: App):
    add_active(app, "reader@example.net")
    key = draft_week(app).key
    assert visitor.get(f"/issues/{key}").status_code == 404
    assert key not in visitor.get("/issues").text


def test_a_frozen_issue_is_listed_and_shown_without_personal_links(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    listed = visitor.get("/issues").text
    assert f'href="/issues/{issue.key}"' in listed
    page = visitor.get(f"/issues/{issue.key}").text
    assert issue.subject in page
    assert f'<link rel="canonical" href="http://localhost:8000/issues/{issue.key}">' in page
    assert "unsubscribe" not in page.lower()
    for part in ("Panel leans Brief Alder", "In brief", "3 of 4 ship", "http://localhost:8000/compare/"):
        assert part in page


def test_an_issue_cancelled_before_anybody_got_it_is_hidden(visitor, app: App):
    add_active(app, "reader@example.net")
    key = publish_week(app).key
    cancel_issue(app, key)
    assert visitor.get(f"/issues/{key}").status_code == 404


def test_an_issue_cancelled_half_way_stays_readable(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    app.store.issues.shift(issue.id, waiting=-1, accepted=1)
    app.store.issues.move(issue.id, IssueStatus.SENDING, IssueStatus.CANCELLED)
    assert visitor.get(f"/issues/{issue.key}").status_code == 200


def test_an_issue_shows_its_intro_a_changed_verdict_and_missing_scores(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = draft_week(app)
    changed = app.store.comparisons.by_slug("tallow-notes-vs-rubber-owl")
    gappy = app.store.comparisons.by_slug("marlinspike-vs-ledgerline")
    assert changed is not None
    assert gappy is not None
    rows = app.store.issues.items(issue.id)
    moved = [
        replace(row, section="changed", before={"rubber-owl": "Ship"})
        if row.comparison_id == changed.id
        else replace(row, section="full")
        if row.comparison_id == gappy.id
        else row
        for row in rows
    ]
    shown = [row for row in moved if row.section != "brief"]  # seven in full: with ten briefs Gmail would cut the mail
    app.store.issues.put_items(issue.id, shown)
    app.store.issues.set(issue.id, intro="One quiet week.\n\nReply if we got one wrong.")
    approve_issue(app, issue.key)
    freeze_issue(app, issue.key)
    page = visitor.get(f"/issues/{issue.key}").text
    assert "<p>Reply if we got one wrong.</p>" in page
    assert "<strong>Changed:</strong> Rubber Owl, Ship → Skip" in page
    assert "On Marlinspike only: Futurist 88" in page


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/issues/2026-W01", 'href="/issues">See all issues'),
        ("/issues/%3Cb%3E", 'href="/issues">See all issues'),
        ("/compare/nowhere-vs-nothing", 'href="/compare">See all comparisons'),
        ("/tools/nobody", 'href="/compare">See all comparisons'),
    ],
)
def test_what_is_not_there_gets_a_kind_page_with_a_way_on(visitor, path, way):
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert way in answer.text


def rich() -> Comparison:
    left = replace(
        PLUMBLINE,
        url="https://plumbline.example/?a=1&b=2",
        description="It reads the history.\n\nThen it names a commit.",
        community=VoteTally(10, 2),
        best_for="Teams with one large repository",
    )
    return Comparison("plumbline-vs-kestrel", (left, KESTREL), published_on=date(2026, 11, 18))


def test_a_comparison_shows_all_that_is_known_of_both_sides(visitor, app: App):
    add_comparison(app, rich(), archived=True)
    page = visitor.get("/compare/plumbline-vs-kestrel").text
    for part in (
        "<h1>Plumbline vs Kestrel</h1>",
        "Panel leans Plumbline: ",
        "18 November 2026",
        'href="https://plumbline.example/?a=1&amp;b=2"',
        '<p dir="auto">Then it names a commit.</p>',
        "<dd>10 ship, 2 skip</dd>",
        "<dd>No community votes yet</dd>",
        "<td>No community votes yet</td>",
        '<span class="monogram" aria-hidden="true">P</span>',
        "<dt>Entry</dt><dd>Free</dd>",
        "What the panel says, what each costs, who each is best for, eight reviews and how readers vote, side by side.",
        "Which one should you ship with?",
        '<strong class="hot">Weekly AI Tool Verdicts</strong>',
        "No bookmarks yet.",
        "$18 per seat and month, 14 days free",
        "<td>Teams with one large repository</td>",
        '<td><span class="quiet">Not stated</span></td>',
        '<th scope="col">Kestrel</th>',
        "<h3>Skeptic</h3>",
        "That earns trust.",
        'aria-label="Breadcrumb"',
    ):
        assert part in page
    assert re.search(r'52<span class="quiet">/100</span>\s*<span class="nowrap skip-text">○ skip</span>', page)


def scorecard(page: str) -> str:
    return page[page.index("Reviewer scorecard") : page.index("Would you ship it?")]


def test_quotes_without_names_stand_in_pairs(visitor, app: App):
    left = Tool("Gatepost", "gatepost", reviews=(Review(text="First left."), Review(text="Second left.")))
    right = Tool("Quillon", "quillon", panel=PanelVerdict(Label.MIXED, 50), reviews=(Review(text="First right."),))
    slug = add_comparison(app, Comparison("gatepost-vs-quillon", (left, right)))
    page = scorecard(visitor.get(f"/compare/{slug}").text)
    assert "<h3>" not in page
    assert page.count("<blockquote>") == 3
    said = [page.index(words) for words in ("First left.", "First right.", "Second left.", "No further review.")]
    assert said == sorted(said)


def test_a_comparison_of_two_names_is_a_page_without_gaps(visitor, app: App):
    slug = add_comparison(app, Comparison("bare-vs-bones", (Tool("Bare", "bare"), Tool("Bones", "bones"))))
    page = visitor.get(f"/compare/{slug}").text
    assert "The decision" not in page
    assert "Reviewer scorecard" not in page
    assert "Revisions" not in page
    assert "Related comparisons" not in page
    assert "which one should you ship with?" in page


def test_a_reviewer_of_one_side_only_is_said_to_be_so(app: App):
    left = Tool("A1", "a1", reviews=(Review("Builder", 80, Verdict.SHIP, "Good."), Review("Builder", 60)))
    right = Tool("B1", "b1", reviews=(Review("Skeptic", None, Verdict.SKIP),))
    rows = comparison_page(app, add_comparison(app, Comparison("a1-vs-b1", (left, right)))).voices
    assert [(row.reviewer, [voice is not None for voice in row.voices]) for row in rows] == [
        ("Builder", [True, False]),
        ("Builder", [True, False]),
        ("Skeptic", [False, True]),
    ]


def test_a_share_of_nothing_is_a_share_and_votes_of_nobody_are_none(app: App):
    left = Tool("A1", "a1", panel=PanelVerdict(Label.SKIP, 0, 0, 4), pricing=Pricing("Free"), community=VoteTally(0, 0))
    page = comparison_page(app, add_comparison(app, Comparison("a1-vs-b1", (left, Tool("B1", "b1")))))
    unvoted = "No community votes yet"
    assert page.decision == (
        ("Panel verdict", ("Skip, 0%, 0 of 4 ship", None)),
        ("Community", (unvoted, unvoted)),
        ("Pricing", ("Free", None)),
    )


def test_hostile_content_is_shown_as_text(visitor, app: App):
    hostile = Tool(
        HOSTILE,
        "hostile",
        'https://x.example/"onmouseover=alert(1)',
        HOSTILE,
        HOSTILE,
        HOSTILE,
        Pricing(HOSTILE, HOSTILE),
        HOSTILE,
        PanelVerdict(Label.SHIP, 100, 1, 0),
        VoteTally(1, 1),
        (Review(HOSTILE, 1, Verdict.SHIP, HOSTILE),),
    )
    add_comparison(app, Comparison("hostile", (hostile, KESTREL)))
    page = visitor.get("/compare/hostile").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;{{ 7*7 }}&amp;copy;&lt;img" in page
    assert "<img" not in page
    assert "onmouseover" not in page


def test_a_slug_of_another_script_has_a_page_and_a_canonical_address(visitor, app: App):
    slug = add_comparison(app, Comparison("läufer-vs-東京", (Tool("Läufer", "läufer"), Tool("東京", "東京"))))
    page = visitor.get(f"/compare/{slug}")
    assert page.status_code == 200
    assert 'href="http://localhost:8000/compare/l%C3%A4ufer-vs-%E6%9D%B1%E4%BA%AC"' in page.text


def test_an_issue_shows_what_was_sent_though_a_comparison_was_revised_since(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    page = visitor.get(f"/issues/{issue.key}").text
    stored = app.store.comparisons.by_slug(app.store.comparisons.all()[-1].comparison.slug)
    assert stored is not None
    left = replace(stored.comparison.left, tagline="Said only after it was sent")
    app.store.comparisons.revise(
        stored, replace(stored.comparison, sides=(left, stored.comparison.right)), app.now(), "ada@example.com"
    )
    assert visitor.get(f"/issues/{issue.key}").text == page


def test_a_correction_stands_dated_on_the_page_of_its_issue(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    correct_issue(app, issue.key, "Kestrel costs <$12>.")
    assert (
        "<strong>Corrected 19 November 2026:</strong> Kestrel costs &lt;$12&gt;."
        in visitor.get(f"/issues/{issue.key}").text
    )


def test_a_comparison_is_nowhere_before_its_day_and_everywhere_from_it_on(visitor, app: App, clock: Clock):
    clock.now = datetime(2026, 11, 19, 22, 59, tzinfo=UTC)  # in Berlin one minute before midnight
    add_comparison(app, replace(rich(), published_on=date(2026, 11, 20)))
    paths = ("/compare/plumbline-vs-kestrel", "/compare/plumbline-vs-kestrel/card.png", "/tools/plumbline")
    assert [visitor.get(path).status_code for path in paths] == [404, 404, 404]
    clock.pass_by(minutes=1)
    assert [visitor.get(path).status_code for path in paths] == [200, 200, 200]


def test_a_comparison_without_a_date_is_there_as_soon_as_it_is_imported_west_of_greenwich(
    open_site: Open, clock: Clock, tmp_path: Path
):
    visitor = open_site(time_zone="America/Los_Angeles")
    clock.now = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # there it is still the 19th
    source = tmp_path / "new.yaml"
    source.write_text("sides: [{name: Gatepost}, {name: Quillon}]")
    import_comparisons(visitor.app, [source])
    assert visitor.get("/compare/gatepost-vs-quillon").status_code == 200
    assert "19 November 2026" in visitor.get("/compare").text


def test_a_flipped_verdict_is_news_and_other_revisions_are_told_by_kind(visitor, app: App, clock: Clock):
    was = replace(KESTREL, panel=panel_of_counts(1, 3), reviews=())
    add_comparison(app, replace(rich(), sides=(rich().left, was)))
    clock.now = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    revise(app, replace(was, pricing=Pricing("Free"), tagline="New words"))
    clock.pass_by(days=2)
    revise(app, replace(KESTREL, pricing=Pricing("Free"), tagline="New words"))
    clock.pass_by(days=1)
    revise(app, replace(KESTREL, pricing=Pricing("Free"), tagline="New words", community=VoteTally(3, 1)))
    page = visitor.get("/compare/plumbline-vs-kestrel").text
    told = re.sub(r"<[^>]+>", "", page[page.index('id="revisions"') :])
    assert "Verdict changed on 23 November 2026: Kestrel went from Skip to Ship. Also revised: reviews." in told
    assert "Revised on 21 November 2026: taglines and prices." in told
    assert "24 November 2026" not in told  # votes come in by themselves
    assert told.index("23 November") < told.index("21 November")
    assert '<a class="tap" href="#revisions">Verdict changed on 23 November 2026</a>' in page


def revise(app: App, right: Tool) -> None:
    stored = app.store.comparisons.by_slug("plumbline-vs-kestrel")
    assert stored is not None
    sides = (stored.comparison.left, right)
    app.store.comparisons.revise(stored, replace(stored.comparison, sides=sides), app.now(), "ada@example.com")


def test_a_verdict_that_came_or_went_is_told_so(app: App, clock: Clock):
    bare = replace(KESTREL, panel=None, reviews=())
    add_comparison(app, replace(rich(), sides=(rich().left, bare)))
    revise(app, KESTREL)
    revise(app, bare)
    told = [revision.verdicts for revision in comparison_page(app, "plumbline-vs-kestrel").revisions]
    assert told == [("Kestrel lost its verdict, Ship",), ("Kestrel got its first verdict, Ship",)]


def test_related_comparisons_are_of_the_same_tools_first_and_four_at_most(visitor, app: App):
    add_comparison(app, rich())
    other = replace(KESTREL, name="Gatepost", slug="gatepost")
    for number in range(5):
        beside = Tool(f"Reedmace {number}", f"reedmace-{number}", category=KESTREL.category)
        add_comparison(app, Comparison(f"same-topic-{number}", (other, beside), published_on=date(2026, 11, 19)))
    add_comparison(app, Comparison("same-tool", (KESTREL, other), published_on=date(2026, 1, 2)))
    add_comparison(app, Comparison("tomorrow", (KESTREL, other), published_on=date(2026, 11, 20)))
    page = visitor.get("/compare/plumbline-vs-kestrel").text
    found = re.findall(r'href="/compare/([^"?]+)"', page[page.index("Related comparisons") :])
    assert found == ["same-tool", "same-topic-4", "same-topic-3", "same-topic-2"]


def test_both_tools_can_be_voted_on_and_saved_from_the_page(visitor, app: App):
    add_comparison(app, rich())
    answer = visitor.get("/compare/plumbline-vs-kestrel")
    for slug in ("plumbline", "kestrel"):
        assert f'id="vote-{slug}"' in answer.text
        assert f'data-save="{slug}"' in answer.text
    assert answer.text.count('<input type="hidden" name="back" value="/compare/plumbline-vs-kestrel">') == 2
    assert answer.headers["cache-control"] == "no-cache"


def test_a_reader_we_know_sees_their_vote_and_their_bookmarks_and_nobody_keeps_that_page(visitor, app: App):
    add_comparison(app, rich())
    reader = add_active(app, "reader@example.net")
    app.store.votes.put(reader.id, "kestrel", Verdict.SKIP, app.now(), None)
    app.store.saved.put(reader.id, ["kestrel"], app.now(), at_most=9)
    cookie = {"cookie": f"reader={what_browser_keeps(app, reader)}"}
    answer = visitor.get("/compare/plumbline-vs-kestrel", headers=cookie)
    assert answer.headers["cache-control"] == "private, no-store"
    assert "You said <strong>skip</strong>" in answer.text
    assert 'aria-label="Remove Kestrel"' in answer.text
    assert 'aria-label="Saved Kestrel"' in answer.text
    unknown = visitor.get("/compare/plumbline-vs-kestrel").text
    assert "You said" not in unknown
    assert "Readers: <strong>0 of 1 ship</strong>" in unknown


def test_issues_lead_to_the_one_before_and_the_one_after(visitor, app: App, clock: Clock):
    add_active(app, "reader@example.net")
    first = publish_week(app).key
    assert "Other issues" not in visitor.get(f"/issues/{first}").text
    clock.pass_by(days=7)
    for number in range(3):
        sides = (Tool(f"Heron {number}", f"heron-{number}", panel=panel_of_counts(3, 1)), KESTREL)
        add_comparison(app, Comparison(f"heron-{number}-vs-kestrel", sides))
    drafted = draft_issue(app).issue
    assert drafted is not None
    approve_issue(app, drafted.key)
    freeze_issue(app, drafted.key)
    assert f'<a rel="next" href="/issues/{drafted.key}">30 November 2026' in visitor.get(f"/issues/{first}").text
    page = visitor.get(f"/issues/{drafted.key}").text
    assert f'<a rel="prev" href="/issues/{first}">' in page
    assert 'rel="next"' not in page


def test_the_home_page_shows_the_latest_issue_with_its_first_verdicts(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    page = visitor.get("/").text
    shown = page[page.index("The latest issue") :]
    assert f'<a href="/issues/{issue.key}">{issue.subject}</a>' in shown
    assert shown.count("<h3>") == 3
    assert '<span class="badge ship">Ship</span>' in shown
    more = len(app.store.issues.items(issue.id)) - 3
    assert f"Read it all, with {more} more" in shown


def test_before_the_first_issue_the_home_page_shows_the_newest_comparisons(visitor, app: App):
    assert "The first issue is still to come." in visitor.get("/").text
    add_comparison(app, rich())
    page = visitor.get("/").text
    assert "The newest comparisons" in page
    assert 'href="/compare/plumbline-vs-kestrel"' in page
