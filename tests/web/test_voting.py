"""Voting on the pages and by the links of a mail, as browsers without a script and programs do it."""

from __future__ import annotations

import re

import pytest

from newsletter.app.container import App
from newsletter.app.leave import erase_subscriber, unsubscribe
from newsletter.app.tick import tick
from newsletter.app.vote import vote_as_reader, votes_on
from newsletter.audience.subscriber import Subscriber, SubscriberStatus
from newsletter.comparisons.model import Comparison, Verdict, VoteTally
from newsletter.store.votes import Tally
from tests.fakes.house import Clock, add_active, add_comparison
from tests.rendering.week import KESTREL, PLUMBLINE
from tests.web.conftest import Open, Outline, Visitor

SHIP, SKIP = Verdict.SHIP, Verdict.SKIP
PERSON, PROGRAM = {"User-Agent": "a browser"}, {"User-Agent": "a scanner"}


@pytest.fixture
def reader(app: App) -> Subscriber:
    add_comparison(app, Comparison("a-vs-b", (PLUMBLINE, KESTREL)))
    return add_active(app, "reader@example.net")


@pytest.fixture
def token(app: App, reader: Subscriber) -> str:
    return app.signer.reader(1, reader.id)


@pytest.fixture
def known(app: App, reader: Subscriber) -> dict[str, str]:
    """The headers of a browser that acted with a signed link."""
    return {"Cookie": f"reader={app.signer.browser(reader.id)}"}


def tally(app: App, tool: str = "kestrel") -> Tally:
    return votes_on(app, [tool])[tool].tally


def mine(app: App, reader: Subscriber) -> Verdict | None:
    return votes_on(app, ["kestrel"], reader=reader)["kestrel"].mine


# on the pages


def test_somebody_we_do_not_know_votes_on_the_web_and_is_told_that_it_counts(
    visitor: Visitor, app: App, reader: Subscriber
) -> None:
    answer = visitor.post("/tools/kestrel/vote", data={"choice": "ship", "back": "/compare/a-vs-b"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tools/kestrel/vote?back=/compare/a-vs-b")
    assert tally(app) == Tally(VoteTally(0, 0), VoteTally(1, 0))
    page = visitor.get(answer.headers["location"])
    assert "<h1>You would ship Kestrel</h1>" in page.text
    assert "Thank you, your vote counts." in page.text
    assert 'href="/compare/a-vs-b#vote-kestrel"' in page.text
    assert "On the web: 1 ship, 0 skip" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_one_vote_on_the_web_for_each_tool_and_connection_which_can_be_changed(
    visitor: Visitor, app: App, reader: Subscriber
) -> None:
    for choice in ("ship", "ship", "skip"):
        visitor.post("/tools/kestrel/vote", data={"choice": choice})
    visitor.post("/tools/kestrel/vote", data={"choice": "skip"}, headers={"User-Agent": "another browser there"})
    visitor.post("/tools/kestrel/vote", data={"choice": "skip"}, peer="198.51.100.9")
    visitor.post("/tools/plumbline/vote", data={"choice": "skip"})
    assert (tally(app).web, tally(app, "plumbline").web) == (VoteTally(0, 2), VoteTally(0, 1))
    visitor.post("/tools/kestrel/vote", data={"choice": "none"})
    assert tally(app).web == VoteTally(0, 1)
    assert "No vote on Kestrel from here" in visitor.get("/tools/kestrel/vote").text


def test_votes_on_the_web_are_limited_to_twenty_a_minute_for_each_visitor(
    visitor: Visitor, app: App, reader: Subscriber, clock: Clock
) -> None:
    for _ in range(20):
        assert visitor.post("/tools/kestrel/vote", data={"choice": "ship"}).status_code == 303
    refused = visitor.post("/tools/kestrel/vote", data={"choice": "skip", "back": "/compare/a-vs-b"})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert 'href="/compare/a-vs-b"' in refused.text
    assert tally(app).web == VoteTally(1, 0)
    assert visitor.post("/tools/kestrel/vote", data={"choice": "skip"}, peer="198.51.100.9").status_code == 303
    clock.pass_by(seconds=60)
    assert visitor.post("/tools/kestrel/vote", data={"choice": "skip"}).status_code == 303


def test_a_reader_we_know_votes_as_a_reader_and_comes_back_to_the_same_place(
    visitor: Visitor, app: App, reader: Subscriber, known: dict[str, str]
) -> None:
    data = {"choice": "skip", "back": "/compare/a-vs-b"}
    answer = visitor.post("/tools/kestrel/vote", data=data, headers=known)
    assert (answer.status_code, answer.headers["location"]) == (303, "/compare/a-vs-b#vote-kestrel")
    assert tally(app) == Tally(VoteTally(0, 1), VoteTally(0, 0))
    assert mine(app, reader) is SKIP
    visitor.post("/tools/kestrel/vote", data=data | {"choice": "none"}, headers=known)
    assert tally(app).readers == VoteTally(0, 0)


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/compare/x",
        "//evil.example/compare/x",
        "/\\evil.example",
        "/compare/\\evil.example",
        "/compare//evil.example",
        "/compare/..//evil.example",
        "/compare/%2e%2e/x",
        "/compare/x\n//evil.example",
        "/compare/x\r\nSet-Cookie: a=b",
        "/compare/x?next=//evil.example",
        "/compare/x#//evil.example",
        "/comparer/x",
        "/compare/",
        "/unsubscribe/1.1.x",
        "javascript:alert(1)",
        "compare/x",
        " /compare/x",
        "/compare/x ",
        "/tools/" + "x" * 600,
        "",
    ],
)
def test_a_vote_leads_back_to_a_comparison_or_a_tool_and_nowhere_else(
    visitor: Visitor, reader: Subscriber, known: dict[str, str], back: str
) -> None:
    answer = visitor.post("/tools/kestrel/vote", data={"choice": "ship", "back": back}, headers=known)
    assert answer.headers["location"] == "/tools/kestrel#vote-kestrel"
    answer = visitor.post("/tools/kestrel/vote", data={"choice": "ship", "back": back})
    assert answer.headers["location"] == "/tools/kestrel/vote?back=/tools/kestrel"
    page = visitor.get("/tools/kestrel/vote", params={"back": back})
    assert "evil" not in page.text
    assert 'href="/tools/kestrel#vote-kestrel"' in page.text


@pytest.mark.parametrize("back", ["/compare/a-vs-b", "/tools/kestrel", "/tools/kestrel?page=2", "/tools/小狐"])
def test_those_it_may_lead_back_to_keep_their_page(
    visitor: Visitor, reader: Subscriber, known: dict[str, str], back: str
) -> None:
    answer = visitor.post("/tools/kestrel/vote", data={"choice": "ship", "back": back}, headers=known)
    assert answer.headers["location"].replace("%E5%B0%8F%E7%8B%90", "小狐") == f"{back}#vote-kestrel"


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/tools/kestrel/vote", {}, 422),
        ("/tools/kestrel/vote", {"choice": "perhaps"}, 404),
        ("/tools/unheard-of/vote", {"choice": "ship"}, 404),
        ("/tools/<script>/vote", {"choice": "ship"}, 404),
        ("/v/{token}/kestrel/perhaps", {}, 404),
        ("/v/{token}/unheard-of/ship", {}, 404),
    ],
)
def test_what_is_no_vote_is_refused(
    visitor: Visitor, app: App, token: str, path: str, data: dict[str, str], status: int
) -> None:
    assert visitor.post(path.format(token=token), data=data).status_code == status
    assert tally(app) == Tally(VoteTally(0, 0), VoteTally(0, 0))


# from a mail


def test_a_link_of_a_mail_shows_the_choice_and_a_button_and_opening_it_counts_nothing(
    visitor: Visitor, app: App, reader: Subscriber, token: str
) -> None:
    for _ in range(3):
        page = visitor.get(f"/v/{token}/kestrel/skip")
    outline = Outline(page.text)
    assert "Would you skip Kestrel?" in outline.text
    assert [form["action"] for form in outline.all("form")] == [
        f"/v/{token}/kestrel/skip",
        f"/v/{token}/kestrel/ship",
    ]
    assert ["data-on-input" in form for form in outline.all("form")] == [True, False]
    assert re.findall(r"<button[^>]*>([^<]*)<", page.text) == ["Yes, I would skip it", "No, I would ship it"]
    assert tally(app) == Tally(VoteTally(0, 0), VoteTally(0, 0))


def test_its_button_votes_as_that_reader_shows_the_result_and_remembers_the_browser(
    visitor: Visitor, app: App, reader: Subscriber, token: str
) -> None:
    vote_as_reader(app, add_active(app, "other@example.net"), "kestrel", SKIP, None)
    page = visitor.post(f"/v/{token}/kestrel/ship", may_set=("reader",))
    assert page.headers["set-cookie"].startswith("reader=")
    assert mine(app, reader) is SHIP
    said = " ".join(Outline(page.text).text.split())
    for words in ("You would ship Kestrel", "75%", "Readers: 1 of 2 ship", "Change it to skip", "Plumbline vs Kestrel"):
        assert words in said
    links = {link["href"] for link in Outline(page.text).all("a")}
    assert {"/compare/a-vs-b", f"/preferences/{token}"} <= links
    assert "So far your vote is <strong>ship</strong>" in visitor.get(f"/v/{token}/kestrel/skip").text


def test_it_can_be_changed_and_taken_back_from_there(
    visitor: Visitor, app: App, reader: Subscriber, token: str
) -> None:
    for choice, then in (("ship", SHIP), ("ship", SHIP), ("skip", SKIP), ("none", None), ("skip", SKIP)):
        page = visitor.post(f"/v/{token}/kestrel/{choice}", may_set=("reader",))
        assert page.status_code == 200
        assert mine(app, reader) is then
    assert tally(app).readers == VoteTally(0, 1)


def test_a_reader_who_left_may_still_vote_and_one_who_is_erased_or_never_confirmed_may_not(
    visitor: Visitor, app: App, reader: Subscriber, token: str
) -> None:
    unsubscribe(app, token, source="a test")
    assert visitor.post(f"/v/{token}/kestrel/ship", may_set=("reader",)).status_code == 200
    erase_subscriber(app, "reader@example.net")
    pending = app.store.subscribers.add("pending@example.net", SubscriberStatus.PENDING, app.now())
    for gone in (token, app.signer.reader(1, pending)):
        for method in ("GET", "POST"):
            assert visitor.ask(method, f"/v/{gone}/kestrel/skip").status_code == 400
        assert visitor.get(f"/c/{gone}").status_code == 400


@pytest.mark.parametrize("cut", ["1.1.AAAAAAAAAAAAAAAAAAAAAA", "1.2", "x", "1.1."])
def test_a_forged_link_votes_for_nobody(visitor: Visitor, app: App, reader: Subscriber, cut: str) -> None:
    for method, path in (("GET", "/v/{}/kestrel/ship"), ("POST", "/v/{}/kestrel/ship"), ("GET", "/c/{}")):
        answer = visitor.ask(method, path.format(cut))
        assert answer.status_code == 400
        assert "This link does not work" in answer.text
    assert tally(app).readers == VoteTally(0, 0)
    assert app.store.database.value("SELECT count(*) FROM canary") == 0


def test_the_links_of_a_test_mail_say_so_and_do_nothing(visitor: Visitor, app: App, reader: Subscriber) -> None:
    for method in ("GET", "POST"):
        answer = visitor.ask(method, "/v/test/kestrel/ship")
        assert "This link is from a test mail" in answer.text
    assert visitor.get("/c/test").status_code == 200
    assert tally(app).readers == VoteTally(0, 0)
    assert app.store.database.value("SELECT count(*) FROM canary") == 0


# programs


def test_a_program_that_opens_every_link_and_presses_every_button_casts_nothing_in_any_order(
    visitor: Visitor, app: App, reader: Subscriber, token: str
) -> None:
    other = app.signer.reader(1, add_active(app, "other@example.net").id)
    vote_as_reader(app, reader, "kestrel", SKIP, None)
    presses = [f"/v/{token}/kestrel/ship", f"/v/{other}/kestrel/ship", f"/v/{token}/plumbline/ship"]
    for path in presses:
        visitor.post(path, headers=PROGRAM, may_set=("reader",))
    assert tally(app).readers == VoteTally(2, 0)
    hidden = visitor.get(f"/c/{token}", headers=PROGRAM)
    assert "Nobody sees this link" in hidden.text
    tick(app)
    assert (tally(app).readers, tally(app, "plumbline").readers) == (VoteTally(0, 1), VoteTally(0, 0))
    for path in presses:
        refused = visitor.post(path, headers=PROGRAM)
        assert refused.status_code == 409
        assert "press the button once more" in refused.text
    data = {"choice": "ship", "back": "/compare/a-vs-b"}
    assert visitor.post("/tools/kestrel/vote", headers=PROGRAM, data=data).status_code == 409
    tick(app)
    assert tally(app) == Tally(VoteTally(0, 1), VoteTally(0, 0)), "and the reader's own vote stands"


def test_the_people_beside_it_vote_as_ever(visitor: Visitor, app: App, reader: Subscriber, token: str) -> None:
    visitor.get(f"/c/{token}", headers=PROGRAM)
    assert visitor.post(f"/v/{token}/kestrel/ship", headers=PERSON, may_set=("reader",)).status_code == 200
    somewhere = visitor.post(f"/v/{token}/plumbline/ship", headers=PROGRAM, peer="198.51.100.9", may_set=("reader",))
    assert somewhere.status_code == 200
    tick(app)
    assert (tally(app).readers, tally(app, "plumbline").readers) == (VoteTally(1, 0), VoteTally(1, 0))


def test_a_person_who_was_taken_for_a_program_votes_ten_minutes_later(
    visitor: Visitor, app: App, reader: Subscriber, token: str, clock: Clock
) -> None:
    visitor.get(f"/c/{token}", headers=PERSON)
    assert visitor.post(f"/v/{token}/kestrel/ship", headers=PERSON).status_code == 409
    clock.pass_by(minutes=10, seconds=1)
    tick(app)
    assert visitor.post(f"/v/{token}/kestrel/ship", headers=PERSON, may_set=("reader",)).status_code == 200
    tick(app)
    assert tally(app).readers == VoteTally(1, 0)


def test_a_site_under_a_path_keeps_it_in_every_link_and_redirect(open_site: Open) -> None:
    visitor = open_site(site_url="http://localhost:8000/news")
    app = visitor.app
    add_comparison(app, Comparison("a-vs-b", (PLUMBLINE, KESTREL)))
    token = app.signer.reader(1, add_active(app, "reader@example.net").id)
    answer = visitor.post("/tools/kestrel/vote", data={"choice": "ship", "back": "/compare/a-vs-b"})
    assert answer.headers["location"] == "/news/tools/kestrel/vote?back=/compare/a-vs-b"
    for page in (visitor.get("/tools/kestrel/vote"), visitor.post(f"/v/{token}/kestrel/ship", may_set=("reader",))):
        assert {form["action"].startswith("/news/") for form in Outline(page.text).all("form")} == {True}  # type: ignore[union-attr]  # every form has one
