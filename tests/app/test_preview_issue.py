"""An issue as an operator opens it, and through one reader's eyes, with why they would not get it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsletter.app.approve_issue import approve_issue
from newsletter.app.compose_issue import Composed, compose_issue, find_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.app.deliver import Deliverer
from newsletter.app.edit_issue import content_mark, edit_issue
from newsletter.app.leave import erase_subscriber
from newsletter.app.look_up import look_at_issue
from newsletter.app.mending import Mend, Spot
from newsletter.app.on_request import pause_on_request, unsubscribe_on_request
from newsletter.app.preview_issue import check_issue, open_issue, preview_issue, web_version
from newsletter.app.preview_reader import number_of_reader
from newsletter.app.send_issue import cancel_issue, freeze_issue, pause_issue
from newsletter.app.subscribe import add_subscriber
from newsletter.app.suppressions import add_suppression
from newsletter.audience.subscriber import Frequency
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.errors import InputError, NotFoundError
from newsletter.issues import Issue
from tests.fakes.house import Clock, add_active, build_house, draft_week, publish_week

KEY = "2026-W48"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    found = build_house(tmp_path, clock)
    yield found
    found.close()


@pytest.fixture
def drafted(app: App) -> App:
    draft_week(app)
    return app


def why(app: App, number: int, key: str = KEY) -> str:
    seen = preview_issue(app, key, reader=number)
    assert seen.reader
    return seen.reader.why_not


def test_a_reader_sees_what_they_saved_in_their_own_zone_and_links_that_lead_nowhere(
    drafted: App, clock: Clock
) -> None:
    clock.pass_by(hours=14)  # 22:00 UTC: tomorrow where they live
    lena = add_active(drafted, "lena@example.org")
    drafted.store.subscribers.prefer(lena.id, [], Frequency.WEEKLY, "Pacific/Auckland")
    drafted.store.saved.put(lena.id, ["kestrel"], drafted.now(), at_most=9)
    mine, nobodys = preview_issue(drafted, KEY, reader=lena.id), preview_issue(drafted, KEY)
    assert (mine.reader and mine.reader.address, nobodys.reader) == ("lena@example.org", None)
    assert mine.text.count("Kestrel (you saved this)") == 1
    assert mine.html.count("(you saved this)") == 1
    assert "since 20 November 2026." in mine.text
    assert "(you saved this)" not in nobodys.text + nobodys.html
    assert "since the day you confirmed." in nobodys.text
    token = drafted.signer.reader(1, lena.id)
    assert token not in mine.html + mine.text
    assert f"/unsubscribe/{DEAD_TOKEN}" in mine.text
    assert mine.content_sha256 == nobodys.content_sha256


def pending(app: App) -> int:
    return add_subscriber(app, "late@example.org", evidence=None)[0].id


def left(app: App) -> int:
    return unsubscribe_on_request(app, add_active(app, "left@example.org")).id


def erased(app: App) -> int:
    number = add_active(app, "gone@example.org").id
    erase_subscriber(app, "gone@example.org")
    return number


def suppressed(app: App) -> int:
    number = add_active(app, "never@example.org").id
    add_suppression(app, "never@example.org", "asked by telephone")
    return number


def paused(app: App) -> int:
    return pause_on_request(app, add_active(app, "paused@example.org"), 4).id


def choosy(app: App) -> int:
    number = add_active(app, "choosy@example.org").id
    app.store.subscribers.prefer(number, ["gardening"], Frequency.TOPICS, "")
    return number


def undecided(app: App) -> int:
    number = add_active(app, "undecided@example.org").id
    app.store.subscribers.prefer(number, [], Frequency.TOPICS, "")
    return number


def of_topic(app: App) -> int:
    number = add_active(app, "writer@example.org").id
    app.store.subscribers.prefer(number, ["writing"], Frequency.TOPICS, "")
    return number


def everybody(app: App) -> int:
    return add_active(app, "lena@example.org").id


PEOPLE: list[tuple[Callable[[App], int], str]] = [
    (everybody, ""),
    (of_topic, ""),
    (pending, "They have not confirmed yet."),
    (left, "They unsubscribed on 19 November 2026."),
    (erased, "They were erased."),
    (suppressed, "Their address is suppressed: an operator did that."),
    (paused, "They are paused until 17 December 2026."),
    (choosy, "They want only issues with their topics, and none of them is in it: theirs are gardening."),
    (undecided, "They want only issues with their topics, and none of them is in it: they chose none."),
]


def test_who_would_not_get_it_and_why_is_what_the_send_does(app: App) -> None:
    numbers = {come.__name__: come(app) for come, _ in PEOPLE}
    draft_week(app)
    told = {name: why(app, number) for name, number in numbers.items()}
    assert told == {come.__name__: words for come, words in PEOPLE}
    issue = publish_again(app)
    assert open_issue(app, KEY).detail.audience["recipients"] == 2
    got = {name for name, number in numbers.items() if app.store.deliveries.status(issue.id, number) is not None}
    assert got == {name for name, words in told.items() if not words}
    assert {name: why(app, number) for name, number in numbers.items()} == told


def publish_again(app: App) -> Issue:
    """Approve and freeze the one that is drafted."""
    approve_issue(app, KEY)
    return freeze_issue(app, KEY)


def test_who_joins_after_the_readers_were_settled_joins_too_late(app: App, clock: Clock) -> None:
    lena = add_active(app, "lena@example.org")
    publish_week(app)
    clock.pass_by(days=1)
    late = add_active(app, "late@example.org").id
    assert why(app, late) == (
        "They joined too late: on 20 November 2026, after the readers of this issue were settled."
    )
    unsubscribe_on_request(app, lena)
    assert why(app, lena.id) == "They unsubscribed on 20 November 2026."
    pause_issue(app, KEY)
    cancel_issue(app, KEY)
    assert why(app, lena.id) == "The issue was cancelled before their turn came."


def test_a_correction_goes_to_whom_the_issue_went(app: App, clock: Clock) -> None:
    first = add_active(app, "lena@example.org").id
    publish_week(app)
    deliverer = Deliverer(app, "test", lambda seconds: False)
    while deliverer.step().worked:
        pass
    clock.pass_by(days=1)
    late = add_active(app, "late@example.org").id
    _, mail = correct_issue(app, KEY, "Kestrel is not free.", reason="The price was wrong.")
    assert mail
    assert (why(app, first), why(app, first, mail.key)) == ("", "")
    assert why(app, late, mail.key) == "The issue that it corrects did not go to them."
    assert web_version(app, mail.key).corrections == [("20 November 2026", "Kestrel is not free.")]


def test_a_reader_is_found_by_address_or_the_answer_says_what_is_wrong(drafted: App) -> None:
    number = add_active(drafted, "lena@example.org").id
    assert number_of_reader(drafted, " Lena@example.org ") == number
    with pytest.raises(NotFoundError, match=r"no subscriber nobody@example\.org"):
        number_of_reader(drafted, "nobody@example.org")
    with pytest.raises(InputError, match="not an e-mail address"):
        number_of_reader(drafted, "nobody")
    with pytest.raises(NotFoundError, match="no such subscriber"):
        preview_issue(drafted, KEY, reader=999)


def test_an_issue_that_is_opened_is_composed_once(drafted: App, monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[str] = []

    def counted(app: App, issue: Issue) -> Composed:
        composed.append(issue.key)
        return compose_issue(app, issue)

    monkeypatch.setattr("newsletter.app.preview_issue.compose_issue", counted)
    opened = open_issue(drafted, KEY)
    assert composed == [KEY]
    assert opened.preview == preview_issue(drafted, KEY)
    assert opened.checks == check_issue(drafted, KEY)
    assert opened.detail == look_at_issue(drafted, KEY)
    assert opened.seen == content_mark(drafted, opened.detail.issue)


def test_what_the_rules_find_is_mended_where_it_came_from(drafted: App) -> None:
    edit_issue(drafted, KEY, intro="See [here](http://example.org/panel).")
    issue = find_issue(drafted, KEY)
    drafted.store.issues.set(issue.id, preheader="Short")
    opened = open_issue(drafted, KEY)
    assert opened.mends == {
        (8, "Write 40 to 110: a second fact."): [Mend(Spot.PREHEADER)],
        (10, "Give its full https address."): [Mend(Spot.INTRO)],
        (15, "Name the comparison."): [Mend(Spot.INTRO)],
    }
