"""The charts of the console: drawn from what is kept, and said again as a table."""

from __future__ import annotations

import re
from collections.abc import Callable

from newsletter.app.container import App
from newsletter.app.numbers import of_issues, of_votes, of_weeks
from newsletter.app.send_issue import cancel_issue
from newsletter.comparisons.model import Verdict
from newsletter.web.console.numbers import HIGH, WIDE, chart
from tests.fakes.house import Clock, add_active, publish_week
from tests.web.console.conftest import Desk


def test_with_nothing_to_draw_each_chart_says_so(ada: Desk) -> None:
    page = ada.get("/numbers").text
    assert page.count("Nothing yet:") == 2  # weeks are always there, if only with noughts
    assert "Readers who came and who left" in page


def test_an_issue_is_drawn_by_whom_it_reached_and_whom_not(ada: Desk, app: App) -> None:
    for name in ("lena", "omar", "yuki"):
        add_active(app, f"{name}@example.org")
    key = publish_week(app).key
    assert [(one.accepted, one.missed) for one in of_issues(app)] == [(0, 0)]
    cancel_issue(app, key)
    assert [(one.key, one.accepted, one.missed) for one in of_issues(app)] == [(key, 0, 3)]
    assert f"{key}, Not accepted: 3" in ada.get("/numbers").text


def test_weeks_count_who_confirmed_and_who_left_in_them(app: App, clock: Clock) -> None:
    reader = add_active(app, "lena@example.org")
    clock.pass_by(days=8)
    app.store.subscribers.unsubscribe(reader.id, clock.now)
    clock.pass_by(hours=1)
    weeks = of_weeks(app)
    assert len(weeks) == 12
    assert [(one.came, one.left) for one in weeks[-2:]] == [(1, 0), (0, 1)]
    assert sum(one.came + one.left for one in weeks[:-2]) == 0


def test_readers_stand_beside_the_panel_on_the_tools_of_the_last_issue(
    operate: Callable[..., Desk], app: App, clock: Clock
) -> None:
    readers = [add_active(app, f"reader{number}@example.org") for number in range(3)]
    publish_week(app)
    for reader, choice in zip(readers, (Verdict.SHIP, Verdict.SHIP, Verdict.SKIP), strict=True):
        app.store.votes.put(reader.id, "kestrel", choice, clock.now, None)
    clock.pass_by(days=8)
    [kestrel] = of_votes(app)
    assert (kestrel.slug, kestrel.readers, kestrel.votes) == ("kestrel", 67, 3)
    assert "67 %" in operate().get("/numbers").text


def test_bars_stand_on_the_ground_within_the_drawing_and_what_is_not_known_has_none() -> None:
    drawn = chart("T", ("A", "B"), [("one", (10, 0)), ("two", (5, None))])
    assert [bar.words for bar in drawn.bars] == ["one, A: 10", "one, B: 0", "two, A: 5"]
    assert [bar.height for bar in drawn.bars] == [HIGH, 0, HIGH / 2]
    assert all(bar.y + bar.height == HIGH and bar.x >= 0 and bar.x + bar.width <= WIDE for bar in drawn.bars)
    assert drawn.rows[1] == ("two", ("5", "not known"))


def test_a_drawing_has_a_title_a_description_and_a_table(ada: Desk, app: App) -> None:
    add_active(app, "lena@example.org")
    page = ada.get("/numbers").text
    assert re.search(r'<svg [^>]*role="img" aria-labelledby="t2 d2"', page)
    assert "Came and Left, from " in page
    assert "Seven days until" in page
