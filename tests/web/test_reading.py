"""What everybody may read: issues once they are out, comparisons with whatever is known of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.app.read_comparison import comparison_page
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
)
from newsletter.issues import IssueStatus
from tests.fakes.house import add_active, add_comparison, draft_week, publish_week
from tests.rendering.week import KESTREL, PLUMBLINE

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


@pytest.mark.parametrize("path", ["/issues/2026-W01", "/issues/%3Cb%3E", "/compare/nowhere-vs-nothing"])
def test_what_is_not_there_gets_a_kind_page_with_a_way_on(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert "See all issues" in answer.text


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
        "<p>Then it names a commit.</p>",
        "10 ship, 2 skip",
        "No votes yet",
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


def test_quotes_without_names_stand_in_pairs(visitor, app: App):
    left = Tool("Gatepost", "gatepost", reviews=(Review(text="First left."), Review(text="Second left.")))
    right = Tool("Quillon", "quillon", panel=PanelVerdict(Label.MIXED, 50), reviews=(Review(text="First right."),))
    slug = add_comparison(app, Comparison("gatepost-vs-quillon", (left, right)))
    page = visitor.get(f"/compare/{slug}").text
    assert "<h3>" not in page
    said = [page.index(words) for words in ("First left.", "First right.", "Second left.", "No further review.")]
    assert said == sorted(said)


def test_a_comparison_of_two_names_is_a_page_without_gaps(visitor, app: App):
    slug = add_comparison(app, Comparison("bare-vs-bones", (Tool("Bare", "bare"), Tool("Bones", "bones"))))
    page = visitor.get(f"/compare/{slug}").text
    assert "The decision" not in page
    assert "What the reviewers say" not in page
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
    assert page.decision == (("Panel verdict", ("Skip, 0%, 0 of 4 ship", None)), ("Pricing", ("Free", None)))


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
    app.store.comparisons.revise(stored, replace(stored.comparison, sides=(left, stored.comparison.right)), app.now())
    assert visitor.get(f"/issues/{issue.key}").text == page


def test_a_correction_stands_dated_on_the_page_of_its_issue(visitor, app: App):
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    correct_issue(app, issue.key, "Kestrel costs <$12>.")
    assert (
        "<strong>Corrected 19 November 2026:</strong> Kestrel costs &lt;$12&gt;."
        in visitor.get(f"/issues/{issue.key}").text
    )
