"""Subscribing: one answer for everybody, a confirmation that only a button gives, limits for programs."""

from __future__ import annotations

import math
import re
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from newsletter.app.container import App
from newsletter.app.leave import erase_subscriber
from newsletter.app.subscribe import subscribe
from newsletter.audience.consent import FORM_TEXT, FORM_VERSION, ConsentKind
from newsletter.audience.subscriber import SubscriberStatus, SuppressionReason
from newsletter.errors import StoreError
from newsletter.web import joining
from newsletter.web.joining import EVEN_SECONDS
from tests.fakes.house import Clock, add_active, confirmation_path, deliver_all_mail, publish_week

Dump = Callable[[], str]


def ask(visitor: Any, email: str, **options: Any) -> httpx.Response:
    """Send the form."""
    data = {"email": email, **options.pop("data", {})}
    answer: httpx.Response = visitor.post("/subscribe", data=data, may_set=("asked", "__Host-asked"), **options)
    return answer


def press(visitor: Any, path: str, **options: Any) -> httpx.Response:
    """The button of a confirmation page."""
    answer: httpx.Response = visitor.post(path, may_set=("reader",), **options)
    return answer


def test_the_start_page_says_what_comes_when_from_whom_and_how_to_leave(visitor):
    page = visitor.get("/").text
    for words in ("Every Monday at 09:00, Europe/Berlin time.", "verdicts@example.org", "One click, in every mail."):
        assert words in page
    assert FORM_TEXT.replace("'", "&#39;") in page
    assert 'autocomplete="email"' in page
    assert '<label for="email">' in page


def test_the_start_page_says_when_in_utc_and_keeps_quiet_where_nothing_is_scheduled(open_site):
    assert (
        "Every Friday at 16:30, UTC."
        in open_site(time_zone="UTC", schedule={"weekday": "friday", "at": "16:30"}).get("/").text
    )
    unscheduled = open_site(schedule={"mode": "off"}, sender="", about_panel="", sender_name="The Panel").get("/").text
    assert "Once a week." in unscheduled
    assert "The Panel." in unscheduled


def test_the_start_page_links_the_latest_issue_once_there_is_one(visitor, app: App):
    assert "The first issue is still to come" in visitor.get("/").text
    add_active(app, "reader@example.net")
    issue = publish_week(app)
    page = visitor.get("/").text
    assert f'href="/issues/{issue.key}"' in page
    assert "23 November 2026" in page


def test_subscribing_queues_a_confirmation_and_stores_what_was_asked(visitor, app: App):
    answer = ask(visitor, " New@Example.net ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribed")
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    assert found.status is SubscriberStatus.PENDING
    (consent,) = app.store.subscribers.consents(found.id)
    assert (consent.kind, consent.source, consent.ip) == (ConsentKind.ASKED, "subscribe form", "203.0.113.7")
    assert (consent.text, consent.version) == (FORM_TEXT, FORM_VERSION)
    assert app.store.messages.counts() == {"waiting": 1}


KINDS = ("new", "known", "paused", "pending", "tired", "suppressed", "erased", "left", "late", "trapped")


def people_of_every_kind(app: App, clock: Clock) -> None:
    """`known@example.net` and so on; `tired` was sent three confirmations, `late` asks when too many did."""
    people = app.store.subscribers
    add_active(app, "known@example.net")
    people.pause(add_active(app, "paused@example.net").id, clock() + timedelta(weeks=4))
    subscribe(app, "pending@example.net", source="before", ip=None)
    for _ in range(3):
        subscribe(app, "tired@example.net", source="before", ip=None)
        clock.pass_by(days=1)
    people.suppress("suppressed@example.net", SuppressionReason.COMPLAINT, clock())
    add_active(app, "erased@example.net")
    erase_subscriber(app, "erased@example.net")
    people.unsubscribe(add_active(app, "left@example.net").id, clock())


def ask_as(visitor: Any, app: App, kind: str, monkeypatch: pytest.MonkeyPatch) -> httpx.Response:
    if kind == "late":
        monkeypatch.setattr(app.store.subscribers, "confirmations_since", lambda moment: 10**9)
    extra = {"homepage": "https://example.net"} if kind == "trapped" else {}
    return ask(visitor, f"{kind}@example.net", peer=f"198.51.100.{KINDS.index(kind)}", data=extra)


def test_everybody_gets_the_same_answer_whoever_they_are(visitor, app: App, clock: Clock, monkeypatch):
    people_of_every_kind(app, clock)
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.0)
    answers = {}
    for kind in KINDS:
        with monkeypatch.context() as patched:
            answer = ask_as(visitor, app, kind, patched)
        headers = dict(answer.headers)
        kept = headers.pop("set-cookie")
        shape = (len(kept), re.sub(r"asked=[\w.-]+", "asked=…", kept))
        answers[kind] = (answer.status_code, headers, answer.content, shape)
    assert answers == dict.fromkeys(KINDS, answers["new"])
    assert answers["new"][0] == 303
    page = visitor.get("/subscribed").text
    assert "If that address can receive our mail, a link is on its way." in page


def test_every_answer_waits_for_one_moment_however_long_its_way_was(visitor, app: App, clock: Clock, monkeypatch):
    """With a clock of its own: work takes so long as it is told to, and the pad is what is left of the moment."""
    people_of_every_kind(app, clock)
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.05)
    told = StoppedTime(monkeypatch)
    ends = []
    for number, kind in enumerate(KINDS):
        told.work = 0.004 * number
        began = told.now
        with monkeypatch.context() as patched:
            ask_as(visitor, app, kind, patched)
        ends.append(told.now - began)
    assert ends == pytest.approx([0.05] * len(KINDS))
    told.work = 0.2
    began = told.now
    ask(visitor, "slow@example.net")
    assert told.now - began == pytest.approx(0.2), "longer than that it waits for nothing more"


class StoppedTime:
    """Stands for the clock and the sleep of newsletter.web.joining. With the next answer `work` seconds pass, or as
    many as it really takes; `last` is how many that were.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, real: bool = False) -> None:
        self.now = 1000.0
        self.work = self.last = 0.0
        self._real = real
        monkeypatch.setattr(joining, "time", self)
        monkeypatch.setattr(joining, "asyncio", self)
        for name in ("subscribe", "normal_address"):
            monkeypatch.setattr(joining, name, self._working(getattr(joining, name)))

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def _working(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def working(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            answer = act(*args, **options)
            if act is subscribe or self.work:
                self.last = time.perf_counter() - began if self._real else self.work
                self.now += self.last
                self.work = 0.0
            return answer

        return working


def test_how_long_an_answer_takes_does_not_tell_who_is_subscribed(visitor, app: App, clock: Clock, monkeypatch):
    """200 answers to each of three kinds, taking turns, as Kolmogorov and Smirnov compare them. The work is real and
    takes what it takes; only the sleep is not, so that it lasts exactly as long as it was asked to.
    """
    app.store.subscribers.suppress("suppressed@example.net", SuppressionReason.COMPLAINT, clock())
    add_active(app, "known@example.net")
    monkeypatch.setattr(joining, "EVEN_SECONDS", EVEN_SECONDS)
    told = StoppedTime(monkeypatch, real=True)
    work: dict[str, list[float]] = {"new": [], "known": [], "suppressed": []}
    whole: dict[str, list[float]] = {kind: [] for kind in work}
    for number in range(200):
        for kind in work:
            who = f"new{number}@example.net" if kind == "new" else f"{kind}@example.net"
            clock.pass_by(minutes=1)
            began = told.now
            assert ask(visitor, who, peer=f"2001:db8:{number:x}::1").status_code == 303
            work[kind].append(told.last)
            whole[kind].append(round(told.now - began, 4))
    unlike = 1.95 * math.sqrt(2 / 200)  # two samples of 200 of one distribution are farther apart once in 1,000
    assert ks(work["new"], work["suppressed"]) > unlike, "the work alone would tell"
    assert max(ks(whole["new"], whole["known"]), ks(whole["new"], whole["suppressed"])) < unlike


def ks(one: list[float], other: list[float]) -> float:
    """The largest distance between two empirical distributions."""
    a, b = sorted(one), sorted(other)
    return max(abs(bisect_right(a, x) / len(a) - bisect_right(b, x) / len(b)) for x in a + b)


def test_an_address_that_is_none_comes_back_with_the_field_kept_and_a_reason(visitor, dump: Dump):
    before = dump()
    answer = visitor.post("/subscribe", data={"email": "<b>no address"})
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;no address"' in answer.text
    assert "is not an e-mail address" in answer.text
    assert 'aria-describedby="email-problem"' in answer.text
    assert dump() == before


@pytest.mark.parametrize("address", ["", "a\0b@example.net", "x" * 9000 + "@example.net"])
def test_empty_broken_and_endless_addresses_get_the_form_again(visitor, address):
    assert visitor.post("/subscribe").status_code == 422
    assert visitor.post("/subscribe", data={"email": address}, may_show=("x00b@example.net",)).status_code == 422


def test_a_file_in_place_of_an_address_is_refused_kindly(visitor):
    answer = visitor.post("/subscribe", files={"email": ("a.txt", b"x")})
    assert answer.status_code == 422
    assert "Something is missing" in answer.text


def test_a_form_that_cannot_be_read_is_refused_kindly(visitor):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert visitor.post("/subscribe", content=b"--y\r\nnonsense", headers=headers).status_code == 400


def test_a_filled_trap_gets_the_same_answer_and_does_nothing(visitor, dump: Dump):
    before = dump()
    answer = ask(visitor, "robot@example.net", data={"homepage": "https://example.net"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribed")
    assert dump() == before


def test_the_sixth_request_in_a_minute_must_wait_and_is_told_how_long(visitor, clock: Clock):
    for number in range(5):
        assert ask(visitor, f"a{number}@example.net").status_code == 303
        clock.pass_by(seconds=1)
    answer = visitor.post("/subscribe", data={"email": "a6@example.net"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "55")
    assert "Try again in 55 seconds" in answer.text
    assert ask(visitor, "a6@example.net", peer="203.0.113.8").status_code == 303
    clock.pass_by(seconds=55)
    assert ask(visitor, "a6@example.net").status_code == 303


def test_the_64_addresses_of_one_household_share_one_allowance(visitor):
    for number in range(5):
        assert ask(visitor, f"a{number}@example.net", peer=f"2001:db8:1:2::{number}").status_code == 303
    assert ask(visitor, "a5@example.net", peer="2001:db8:1:2:ffff::9").status_code == 429
    assert ask(visitor, "a5@example.net", peer="2001:db8:1:3::9").status_code == 303


def test_reloading_the_address_of_the_form_leads_to_the_form(visitor):
    answer = visitor.get("/subscribe")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_busy_database_is_said_so_and_nothing_is_promised(visitor, monkeypatch):
    def busy(*_: object, **__: object) -> None:
        raise StoreError("/secret/path: another process keeps the database busy.")

    monkeypatch.setattr(joining, "subscribe", busy)
    answer = visitor.post("/subscribe", data={"email": "new@example.net"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "/secret" not in answer.text


def test_opening_the_confirmation_link_changes_nothing_and_its_button_confirms(visitor, app: App, dump: Dump):
    ask(visitor, "new@example.net")
    deliver_all_mail(app)
    path = confirmation_path(app)
    before = dump()
    page = visitor.get(path)
    assert page.status_code == 200
    assert f'action="{path}"' in page.text
    assert page.text.count("<form") == 1
    assert dump() == before
    assert "data-at-once" not in page.text
    assert "Welcome, you are subscribed" in press(visitor, path).text
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    assert found.status is SubscriberStatus.ACTIVE
    assert [consent.kind for consent in app.store.subscribers.consents(found.id)] == ["asked", "confirmed"]


def test_only_the_browser_that_asked_is_told_to_go_on_by_itself(visitor, app: App):
    cookie = ask(visitor, "new@example.net").headers["set-cookie"].partition(";")[0]
    other = ask(visitor, "other@example.net").headers["set-cookie"].partition(";")[0]
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    path = f"/confirm/{app.signer.confirmation(found.id)}"
    here = visitor.get(path, headers={"cookie": cookie}).text
    assert " data-at-once>" in here
    assert "this goes on by itself" in here
    # not its last letter, which has bits that mean nothing
    forged = cookie[:-9] + ("A" if cookie[-9] != "A" else "B") + cookie[-8:]
    for elsewhere in ({}, {"cookie": other}, {"cookie": forged}):
        assert "data-at-once" not in visitor.get(path, headers=elsewhere).text
    assert "Yes, subscribe me" in here


def test_confirming_makes_this_the_browser_of_a_reader(visitor, app: App):
    subscribe(app, "new@example.net", source="form", ip=None)
    answer = press(visitor, f"/confirm/{app.signer.confirmation(1)}")
    kept = answer.headers["set-cookie"]
    assert kept.startswith("reader=")
    assert {"HttpOnly", "SameSite=lax"} <= {part.strip() for part in kept.split(";")}


def test_after_confirming_topics_and_time_zone_may_be_chosen_and_need_not(visitor, app: App):
    add_active(app, "first@example.net")
    publish_week(app)
    subscribe(app, "new@example.net", source="form", ip=None)
    found = app.store.subscribers.by_address("new@example.net")
    assert found is not None
    page = press(visitor, f"/confirm/{app.signer.confirmation(found.id)}").text
    assert f'action="/preferences/{app.signer.reader(0, found.id)}"' in page
    assert 'name="topics" value="writing"' in page
    assert '<option value="Europe/Berlin">Berlin</option>' in page
    assert "You are done already. This is optional" in page


def test_confirming_twice_is_welcome_and_changes_nothing(visitor, app: App, dump: Dump):
    add_active(app, "first@example.net")
    issue = publish_week(app)
    subscribe(app, "new@example.net", source="form", ip=None)
    deliver_all_mail(app)
    path = confirmation_path(app)
    assert f"/issues/{issue.key}" in press(visitor, path).text
    before = dump()
    assert press(visitor, path).status_code == 200
    assert "You are subscribed already" in visitor.get(path).text
    assert dump() == before


def test_an_expired_link_says_so_and_what_to_do(visitor, app: App, dump: Dump, monkeypatch):
    subscribe(app, "new@example.net", source="form", ip=None)
    token = app.signer.confirmation(1)
    before = dump()
    week_later = time.time() + 7 * 86400 + 5
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: week_later)
    for answer in (visitor.get(f"/confirm/{token}"), visitor.post(f"/confirm/{token}")):
        assert answer.status_code == 400
        assert "older than 7 days" in answer.text
        assert "Subscribe once more" in answer.text
    assert dump() == before


@pytest.mark.parametrize("token", ["x", "a.b.c", "%3Cscript%3E", "1.2.AAAAAAAAAAAAAAAAAAAAAA"])
def test_a_forged_confirmation_link_is_refused_kindly(visitor, token):
    for method in ("GET", "POST"):
        answer = visitor.ask(method, f"/confirm/{token}")
        assert answer.status_code == 400
        assert "This link does not work" in answer.text


def test_a_reader_link_does_not_confirm(visitor, app: App):
    subscribe(app, "new@example.net", source="form", ip=None)
    assert visitor.post(f"/confirm/{app.signer.reader(1, 1)}").status_code == 400


def test_the_confirmation_of_somebody_who_left_meanwhile_is_of_no_use(visitor, app: App, clock: Clock):
    reader = add_active(app, "reader@example.net")
    app.store.subscribers.unsubscribe(reader.id, clock())
    answer = visitor.post(f"/confirm/{app.signer.confirmation(reader.id)}")
    assert answer.status_code == 400
    assert "of no use any more" in answer.text


def test_a_site_under_a_path_links_and_posts_under_that_path(open_site):
    visitor = open_site(site_url="https://example.org/verdicts")
    page = visitor.get("/")
    assert 'action="/verdicts/subscribe"' in page.text
    assert 'href="https://example.org/verdicts/"' in page.text
    assert page.headers["strict-transport-security"].startswith("max-age=")
    asked = ask(visitor, "new@example.net")
    assert asked.headers["location"] == "/verdicts/subscribed"


def test_the_outbox_is_shown_to_nobody_but_this_machine(open_site):
    assert "/outbox" not in open_site().get("/subscribed").text
    near = open_site(peer="127.0.0.1")
    assert "/outbox" in near.get("/subscribed").text
    assert "/outbox" not in near.get("/subscribed", headers={"x-forwarded-for": "203.0.113.9"}).text
    assert "/outbox" not in near.get("/subscribed", headers={"host": "rebound.example.net"}).text
