"""What an issue is made of: what changed since it was sent, and what differs per reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

from newsletter.app.approve_issue import approve_issue
from newsletter.app.compose_issue import compose_issue, content_of, find_issue
from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.draft_issue import draft_issue
from newsletter.app.preview_issue import preview_issue
from newsletter.app.send_issue import freeze_issue
from newsletter.comparisons.model import Comparison, VoteTally, panel_of
from newsletter.selection import Section
from newsletter.store.issues import ItemRow
from tests.conftest import Clock
from tests.fakes.house import add_active, add_comparison, draft_week
from tests.rendering.week import KESTREL, PLUMBLINE, reviews


def test_a_changed_verdict_says_since_when_and_which_score_moved(app: App, clock: Clock) -> None:
    draft = draft_week(app)
    fallen = reviews("Kestrel", "70+ 38- 60- 52-")
    slug = add_comparison(app, Comparison("kestrel-again", (KESTREL, PLUMBLINE)))
    clock.advance(days=2)
    stored = app.store.comparisons.by_slug(slug)
    assert stored
    now = replace(stored.comparison, sides=(replace(KESTREL, reviews=fallen, panel=panel_of(fallen)), PLUMBLINE))
    app.store.comparisons.revise(stored, now, app.now(), "ada@example.com")
    app.store.issues.put_items(draft.id, [ItemRow(stored.id, Section.CHANGED, {"kestrel": "Ship"}, now.labels)])
    (item,) = content_of(app, find_issue(app, draft.key)).items
    assert item.changed_on == date(2026, 11, 20)
    text = compose_issue(app, find_issue(app, draft.key)).mail.text
    assert "Changed: Kestrel, Ship → Skip, 20 Nov; Skeptic 78 → 38" in text


def test_a_change_whose_history_is_gone_is_told_without_a_date(app: App) -> None:
    draft = draft_week(app)
    slug = add_comparison(app, Comparison("kestrel-again", (KESTREL, PLUMBLINE)))
    stored = app.store.comparisons.by_slug(slug)
    assert stored
    app.store.issues.put_items(draft.id, [ItemRow(stored.id, Section.CHANGED, {"kestrel": "Skip"}, {})])
    assert "Changed: Kestrel, Skip → Ship\n" in compose_issue(app, find_issue(app, draft.key)).mail.text


def test_every_reader_is_told_since_when_they_get_it(app: App, tmp_path: Path, clock: Clock) -> None:
    add_active(app, "early@example.net")
    clock.advance(days=1)
    add_active(app, "late@example.net")
    for item in (KESTREL, PLUMBLINE):
        add_comparison(app, Comparison(f"x-{item.slug}", (item, replace(item, slug=f"{item.slug}-2"))))
    add_comparison(app, Comparison("both", (KESTREL, PLUMBLINE)))
    issue = draft_issue(app).issue
    assert issue
    assert "since the day you confirmed." in preview_issue(app, issue.key).text
    approve_issue(app, issue.key)
    freeze_issue(app, issue.key)
    deliverer = Deliverer(app, app.owners.enter(), lambda seconds: False)
    while deliverer.step().worked:
        pass
    said = {}
    for path in (tmp_path / "outbox").rglob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        part = mail.get_body(("plain",))
        assert part
        said[mail["To"]] = [line for line in part.get_content().splitlines() if line.startswith("since ")]
    assert said == {"early@example.net": ["since 18 November 2026."], "late@example.net": ["since 19 November 2026."]}


def test_how_readers_voted_on_the_last_issue_is_told_in_the_next_one_and_not_before_they_did(
    app: App, clock: Clock
) -> None:
    add_active(app, "reader@example.net")
    first = draft_week(app)
    approve_issue(app, first.key)
    freeze_issue(app, first.key)
    clock.advance(days=7)
    for number in range(3):
        tools = [replace(tool, slug=f"{tool.slug}-{number}") for tool in (KESTREL, PLUMBLINE)]
        add_comparison(app, Comparison(f"next-{number}", (tools[0], tools[1])))
    voted = [item.comparison.slug for item in content_of(app, find_issue(app, first.key)).items[:1]]
    second = draft_issue(app).issue
    assert second
    before = [item.comparison.slug for item in content_of(app, second).voted]
    stored = app.store.comparisons.by_slug(voted[0])
    assert stored
    left, right = stored.comparison.sides
    now = replace(stored.comparison, sides=(replace(left, community=VoteTally(2, 80)), right))
    app.store.comparisons.revise(stored, now, app.now(), "ada@example.com")
    after = [item.comparison.slug for item in content_of(app, second).voted]
    assert voted[0] not in before
    assert after[0] == voted[0]
    assert len(after) <= 3
    assert "How readers voted" in compose_issue(app, second).mail.text
    assert content_of(app, find_issue(app, first.key)).voted == ()
