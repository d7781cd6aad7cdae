"""After a move: who wants to leave can, by every link there ever was, and everything else leads to where it is now."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from anyio.from_thread import BlockingPortal

from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.web.farewell import create_farewell
from tests.fakes.house import TEMPLATES, add_active
from tests.web.conftest import Open, Visitor

NEW = "https://new.example.com/verdicts"


@pytest.fixture
def old_house(open_site: Open, portal: BlockingPortal) -> Callable[..., Visitor]:
    def make(moved_to: str = NEW) -> Visitor:
        app = open_site().app
        return Visitor(portal, app, "203.0.113.7", create_farewell(app, TEMPLATES, moved_to))

    return make


def reader_of(app: App) -> tuple[Subscriber, str]:
    reader = add_active(app, "ada@example.net")
    return reader, app.signer.reader(0, reader.id)


def status_of(app: App, reader: Subscriber) -> SubscriberStatus:
    found = app.store.subscribers.by_id(reader.id)
    assert found is not None
    return found.status


def test_the_links_of_earlier_mails_still_let_readers_leave(old_house: Callable[..., Visitor]) -> None:
    visitor = old_house()
    reader, token = reader_of(visitor.app)
    page = visitor.get(f"/unsubscribe/{token}")
    assert "One press, and no further issue comes to you" in page.text
    assert "Or pause" not in page.text
    assert status_of(visitor.app, reader) is SubscriberStatus.ACTIVE
    answer = visitor.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert status_of(visitor.app, reader) is SubscriberStatus.UNSUBSCRIBED


def test_readers_can_still_take_and_erase_their_data(old_house: Callable[..., Visitor]) -> None:
    visitor = old_house()
    reader, token = reader_of(visitor.app)
    page = visitor.get(f"/preferences/{token}", may_show=None).text
    assert "No issue is sent from here any more" in page
    assert "How often" not in page
    assert visitor.get(f"/preferences/{token}/export", may_show=None).json()
    visitor.post(f"/preferences/{token}/erase", may_set=("reader", "asked"))
    assert status_of(visitor.app, reader) is SubscriberStatus.ERASED


@pytest.mark.parametrize("path", ["/", "/issues/2026-W48", "/compare?category=notes&page=2", "/feed.xml", "/tools/é"])
def test_every_other_page_leads_to_the_same_path_of_the_new_place(old_house: Callable[..., Visitor], path: str) -> None:
    answer = old_house().get(path)
    assert answer.status_code == 308
    assert answer.headers["location"] == NEW + path.replace("é", "%C3%A9")


def test_a_link_that_is_meant_for_one_reader_is_not_passed_on_to_another_site(
    old_house: Callable[..., Visitor],
) -> None:
    visitor = old_house()
    _, token = reader_of(visitor.app)
    for path in (f"/saved/{token}", f"/v/{token}/kestrel/ship", f"/confirm/{token}", f"/drafts/{token}"):
        answer = visitor.get(path)
        assert (answer.status_code, "location" in answer.headers) == (410, False)
        assert token not in answer.text


def test_without_a_new_place_the_pages_say_that_it_is_gone(old_house: Callable[..., Visitor]) -> None:
    answer = old_house("").get("/issues")
    assert answer.status_code == 410
    assert "The links to unsubscribe in earlier mails still work" in answer.text


def test_nobody_can_subscribe_vote_or_sign_in_there(old_house: Callable[..., Visitor]) -> None:
    visitor = old_house()
    before = visitor.app.store.subscribers.counts()
    for path in ("/subscribe", "/tools/kestrel/vote", "/console/sign-in", "/api/v1/subscribe"):
        assert visitor.post(path, data={"email": "new@example.net"}).status_code in (404, 405)
    assert visitor.app.store.subscribers.counts() == before
