"""What readers save."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter.app.bookmarks import (
    MOST_SAVED,
    SavedTool,
    mail_list,
    merge_tools,
    remove_tool,
    save_tool,
    saved_slugs,
    saved_tools,
)
from newsletter.app.container import App
from newsletter.app.leave import unsubscribe
from newsletter.audience.subscriber import Subscriber, SuppressionReason
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.errors import NotFoundError, TransitionError
from newsletter.providers.outbox import Outbox
from newsletter.store.messages import MessageRow
from tests.conftest import Clock
from tests.fakes.house import add_active, add_comparison, deliver_all_mail
from tests.rendering.week import KESTREL, PLUMBLINE


@pytest.fixture
def reader(app: App) -> Subscriber:
    add_comparison(app, Comparison("first", (PLUMBLINE, KESTREL), published_on=date(2026, 11, 2)))
    return add_active(app, "reader@example.net")


def queued(app: App) -> list[MessageRow]:
    found = [app.store.messages.by_id(number) for number in range(1, 20)]
    return [message for message in found if message is not None]


def many_tools(app: App, count: int) -> list[str]:
    slugs = [f"tool-{number:03}" for number in range(count)]
    with app.store.transaction():
        for number, slug in enumerate(slugs):
            add_comparison(app, Comparison(f"pair-{number}", (Tool(f"Tool {number}", slug), KESTREL)))
    return slugs


def test_a_saved_tool_says_what_its_newest_comparison_says(app: App, reader: Subscriber, clock: Clock) -> None:
    save_tool(app, reader, KESTREL.slug)
    revised = Tool("Kestrel 2", KESTREL.slug, panel=PanelVerdict(Label.MIXED, 50))
    add_comparison(app, Comparison("second", (revised, PLUMBLINE), published_on=date(2026, 11, 17)))
    clock.advance(hours=12)  # midnight in UTC
    save_tool(app, reader, PLUMBLINE.slug)
    plumbline = PLUMBLINE.panel
    assert plumbline is not None
    title, day = "Kestrel 2 vs Plumbline", "17 November 2026"
    assert saved_tools(app, reader) == [
        SavedTool(
            PLUMBLINE.slug,
            "Plumbline",
            "19 November 2026",
            title,
            "second",
            day,
            plumbline.label,
            plumbline.share,
        ),
        SavedTool(KESTREL.slug, "Kestrel 2", "18 November 2026", title, "second", day, Label.MIXED, 50),
    ]
    assert saved_slugs(app, reader) == {KESTREL.slug, PLUMBLINE.slug}


def test_nobody_has_no_list(app: App, reader: Subscriber) -> None:
    save_tool(app, reader, KESTREL.slug)
    assert saved_slugs(app, None) == frozenset()
    assert saved_tools(app, None) == []


def test_only_tools_of_comparisons_that_are_listed_can_be_saved(app: App, reader: Subscriber) -> None:
    later = Comparison("later", (Tool("Morrow", "morrow"), KESTREL), published_on=date(2026, 12, 24))
    add_comparison(app, later)
    for slug in ("no-such-tool", "morrow", "", "' OR 1=1 --"):
        with pytest.raises(NotFoundError):
            save_tool(app, reader, slug)
    assert saved_slugs(app, reader) == frozenset()


def test_saving_and_removing_twice_is_saving_and_removing_once(app: App, reader: Subscriber) -> None:
    for _ in range(2):
        save_tool(app, reader, KESTREL.slug)
        assert saved_slugs(app, reader) == {KESTREL.slug}
    for _ in range(2):
        remove_tool(app, reader, KESTREL.slug)
        assert saved_slugs(app, reader) == frozenset()


def test_what_a_browser_kept_joins_the_list_without_what_no_comparison_has(app: App, reader: Subscriber) -> None:
    save_tool(app, reader, KESTREL.slug)
    merge_tools(app, reader, ["nonsense", PLUMBLINE.slug, KESTREL.slug, PLUMBLINE.slug, "<script>"])
    assert saved_slugs(app, reader) == {KESTREL.slug, PLUMBLINE.slug}
    merge_tools(app, reader, [])
    assert saved_slugs(app, reader) == {KESTREL.slug, PLUMBLINE.slug}


def test_a_list_that_is_full_takes_no_more_and_says_so(app: App, reader: Subscriber) -> None:
    slugs = many_tools(app, MOST_SAVED)
    merge_tools(app, reader, slugs)
    assert len(saved_slugs(app, reader)) == MOST_SAVED
    for attempt in (lambda: save_tool(app, reader, KESTREL.slug), lambda: merge_tools(app, reader, [KESTREL.slug])):
        with pytest.raises(TransitionError, match="holds 200 tools"):
            attempt()
    merge_tools(app, reader, slugs)  # all of them have room: they are there
    save_tool(app, reader, slugs[7])
    assert saved_slugs(app, reader) == set(slugs)


def test_more_than_a_browser_can_hold_is_cut(app: App, reader: Subscriber) -> None:
    merge_tools(app, reader, [*(f"unknown-{number}" for number in range(MOST_SAVED)), KESTREL.slug])
    assert saved_slugs(app, reader) == frozenset()


def test_the_list_is_mailed_to_the_readers_own_address_once_a_day(app: App, reader: Subscriber, clock: Clock) -> None:
    save_tool(app, reader, KESTREL.slug)
    for _ in range(3):
        mail_list(app, reader)
    assert [(message.kind, message.address, message.subscriber_id) for message in queued(app)] == [
        ("saved list", "reader@example.net", reader.id)
    ]
    clock.advance(hours=24)
    mail_list(app, reader)
    assert len(queued(app)) == 2


def test_the_mailed_list_has_verdicts_links_and_the_way_to_the_page(app: App, reader: Subscriber) -> None:
    merge_tools(app, reader, [KESTREL.slug, PLUMBLINE.slug])
    mail_list(app, reader)
    deliver_all_mail(app)
    assert isinstance(app.provider, Outbox)
    (summary,) = app.provider.list_mails()
    mail = app.provider.read_mail(summary.id)
    assert summary.subject == "Your 2 saved tools"
    assert ("Auto-Submitted", "auto-generated") in mail.headers
    site = app.settings.site_url
    token = app.signer.reader(0, reader.id)
    for part in (mail.html, mail.text):
        assert f"{site}/tools/{KESTREL.slug}" in part
        assert f"{site}/saved/{token}" in part
        assert "Plumbline vs Kestrel" in part
    assert f"{site}/compare/first" in mail.html
    assert "[SHIP] 75%" in mail.text


def test_an_empty_list_is_not_mailed(app: App, reader: Subscriber) -> None:
    mail_list(app, reader)
    assert queued(app) == []


def test_a_suppressed_address_is_not_mailed_and_one_that_left_is(app: App, reader: Subscriber) -> None:
    save_tool(app, reader, KESTREL.slug)
    left = unsubscribe(app, app.signer.reader(1, reader.id), source="unsubscribe page")
    app.store.subscribers.suppress("reader@example.net", SuppressionReason.COMPLAINT, app.now())
    mail_list(app, left)
    assert queued(app) == []
    other = add_active(app, "other@example.net")
    save_tool(app, other, KESTREL.slug)
    mail_list(app, unsubscribe(app, app.signer.reader(1, other.id), source="unsubscribe page"))
    assert len(queued(app)) == 1
