"""Reports come twice, late, early and in any order; what they leave behind does not depend on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from newsletter.app.container import App
from newsletter.app.deliver_mail import deliver_mail
from newsletter.app.mail_one import queue_mail
from newsletter.app.receive_events import apply_reports, receive_report
from newsletter.app.retry_rejected import retry_rejected
from newsletter.audience.subscriber import SuppressionReason
from newsletter.delivery.provider import Doubt, Refusal, Refused
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import NotFoundError, ProviderError
from newsletter.events.vocabulary import Event, EventKind
from newsletter.issues import Counts, IssueStatus
from newsletter.rendering.mjml import RenderedMail
from tests.app.scripted import Hand, again, scripted, sending
from tests.conftest import Clock

K, D = EventKind, DeliveryStatus
AT = datetime(2026, 11, 18, 12, 5, tzinfo=UTC)


@dataclass
class JsonHook:
    """A webhook whose reports are lists of events in JSON; a report signed `forged` is not genuine."""

    name: str = "scripted"

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        if headers["signature"] == "forged":
            raise ProviderError("The signature is not theirs.")
        return headers["id"]

    def read(self, body: bytes) -> Sequence[Event]:
        try:
            items = json.loads(body)
        except ValueError:
            raise ProviderError("This is not JSON.") from None
        return [Event(**{**each, "kind": K(each["kind"]), "at": datetime.fromisoformat(each["at"])}) for each in items]


Hooked = Callable[..., App]


@pytest.fixture
def hooked(make_app: Callable[..., App]) -> Hooked:
    """`hooked(*answers)`: an app with a scripted provider and its webhook."""

    def make(*answers: Any, **capabilities: Any) -> App:
        return replace(make_app(provider=scripted(*answers, **capabilities)), webhooks={"scripted": JsonHook()})

    return make


def event(kind: EventKind, rid: str | None = "1-1", minutes: int = 0, **facts: str) -> dict[str, Any]:
    return {"kind": str(kind), "at": (AT + timedelta(minutes=minutes)).isoformat(), "rid": rid, **facts}


def report(app: App, number: int | str, *events: dict[str, Any]) -> bool:
    headers = {"signature": "good", "id": str(number)}
    return receive_report(app, "scripted", headers, json.dumps(events).encode())


def state(app: App, table: str = "delivery") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in app.store.database.query(f"SELECT * FROM {table} ORDER BY 1, 2")]


def test_a_report_is_stored_once_and_only_if_it_is_genuine(hooked: Hooked) -> None:
    app = hooked()
    assert report(app, 1, event(K.DELIVERED))
    assert not report(app, 1, event(K.DELIVERED))
    with pytest.raises(ProviderError, match="not theirs"):
        receive_report(app, "scripted", {"signature": "forged", "id": "2"}, b"[]")
    with pytest.raises(NotFoundError, match="There is no webhook elsewhere"):
        receive_report(app, "elsewhere", {}, b"")
    assert app.store.events.counts() == {"pending": 1}


def test_a_delivered_report_stands_for_its_delivery(hooked: Hooked) -> None:
    app = hooked()
    issue = sending(app, 2)
    Hand(app).run()
    report(app, 1, event(K.DELIVERED))
    assert apply_reports(app) == 1
    assert apply_reports(app) == 0
    assert app.store.deliveries.outcomes(issue.id) == {"delivered": 1}
    assert app.store.events.counts() == {"applied": 1}
    assert app.store.deliveries.silent(issue.id) == 1


@pytest.mark.parametrize("kind", [K.HARD_BOUNCE, K.COMPLAINT])
def test_hard_bounces_and_complaints_suppress_the_address(hooked: Hooked, kind: EventKind) -> None:
    app = hooked()
    sending(app, 2)
    Hand(app).run()
    report(app, 1, event(kind))
    apply_reports(app)
    assert app.store.subscribers.suppression("r0@example.com") is SuppressionReason(str(kind))
    assert app.store.subscribers.suppression("r1@example.com") is None


@pytest.mark.parametrize("kind", [K.DELIVERED, K.DEFERRED, K.SOFT_BOUNCE, K.REJECTED, K.ACCEPTED])
def test_nothing_else_suppresses_anybody(hooked: Hooked, kind: EventKind) -> None:
    app = hooked()
    sending(app, 1)
    Hand(app).run()
    report(app, 1, event(kind))
    apply_reports(app)
    assert state(app, "suppression") == []


SETS: list[list[dict[str, Any]]] = [
    [event(K.ACCEPTED), event(K.DELIVERED, minutes=1), event(K.COMPLAINT, minutes=9, detail="spam")],
    [event(K.DEFERRED, detail="greylisted"), event(K.DEFERRED, minutes=2, detail="still"), event(K.DELIVERED)],
    [event(K.HARD_BOUNCE, detail="no box"), event(K.COMPLAINT, minutes=1), event(K.DELIVERED, detail="250 ok")],
    [event(K.REJECTED, detail="policy"), event(K.DEFERRED, detail="x"), event(K.ACCEPTED, minutes=3)],
    [event(K.SOFT_BOUNCE, detail="full"), event(K.SOFT_BOUNCE, minutes=1), event(K.DELIVERED, minutes=2)],
]
STARTS: dict[str, Any] = {
    "accepted": None,
    "unknown": Doubt("a timeout"),
    "rejected": Refused(Refusal.CONTENT, "malformed"),
}


@pytest.mark.parametrize("events", SETS)
@pytest.mark.parametrize("start", STARTS)
def test_all_orders_of_events_for_one_delivery_leave_the_same_database(
    hooked: Hooked, events: list[dict[str, Any]], start: str
) -> None:
    app = hooked(*filter(None, [STARTS[start]]))
    issue = sending(app, 1)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=1, **{start: 1})
    found = set()
    for order in permutations(range(len(events))):
        try:
            with app.store.transaction():
                for place in (*order, *order):  # each of them twice
                    report(app, f"{order}/{place}", events[place])
                apply_reports(app)
                tables = ("delivery", "suppression")
                found.add(repr([state(app, table) for table in tables] + [again(app, issue).counts]))
                raise LookupError
        except LookupError:
            pass
    assert len(found) == 1, found


def test_all_orders_of_events_for_a_mail_to_one_person_leave_the_same_database(hooked: Hooked) -> None:
    app = hooked()
    mail = RenderedMail(subject="s", preheader="", html="<p>h</p>", text="t", mjml="")
    person = app.store.subscribers.add("p@example.com", sending_status(), app.now())
    number = queue_mail(app, "k", "confirmation", "p@example.com", mail, subscriber_id=person)
    deliver_mail(app, app.owners.enter())
    rid = f"m{number}"
    events = [
        event(K.DELIVERED, rid, detail="250"),
        event(K.HARD_BOUNCE, rid, detail="gone"),
        event(K.HARD_BOUNCE, rid, detail="a box that is gone"),
        event(K.DEFERRED, rid),
    ]
    found = set()
    for order in permutations(range(4)):
        try:
            with app.store.transaction():
                for place in order:
                    report(app, f"{order}/{place}", events[place])
                apply_reports(app)
                found.add(repr([state(app, table) for table in ("message", "suppression")]))
                raise LookupError
        except LookupError:
            pass
    assert len(found) == 1
    assert "hard_bounce" in found.pop()


def sending_status() -> Any:
    from newsletter.audience.subscriber import SubscriberStatus

    return SubscriberStatus.PENDING


def test_an_event_settles_what_is_unknown_and_proves_a_refusal_wrong(hooked: Hooked) -> None:
    app = hooked(Doubt("a timeout"), Refused(Refusal.CONTENT, "no"))
    issue = sending(app, 2, size=1)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=2, unknown=1, rejected=1)
    report(app, 1, event(K.DELIVERED, "1-1"), event(K.DELIVERED, "1-2"))
    assert apply_reports(app) == 1
    assert again(app, issue).counts == Counts(frozen=2, accepted=2)


def test_a_late_word_on_a_refused_mail_does_not_refuse_the_one_that_is_tried_after_it(hooked: Hooked) -> None:
    app = hooked(Doubt("a timeout"), Doubt("a reset"))
    issue = sending(app, 1)
    Hand(app).run()
    report(app, 1, event(K.REJECTED, provider_id="p1"))
    apply_reports(app)
    assert again(app, issue).counts == Counts(frozen=1, rejected=1)
    retry_rejected(app, issue.key)
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=1, unknown=1)
    report(app, 2, event(K.REJECTED, provider_id="p1", minutes=1))
    assert apply_reports(app) == 1
    assert again(app, issue).counts == Counts(frozen=1, unknown=1), "the second may have arrived"
    report(app, 3, event(K.REJECTED, provider_id="p2", minutes=2))
    apply_reports(app)
    assert again(app, issue).counts == Counts(frozen=1, rejected=1)


def test_the_last_open_delivery_of_an_issue_may_be_settled_by_an_event(hooked: Hooked) -> None:
    def dies(batch: object) -> Any:
        raise TimeoutError

    app = hooked(dies)
    issue = sending(app, 1)
    with pytest.raises(TimeoutError):
        Hand(app).run()
    report(app, 1, event(K.DELIVERED, provider_id="p1"))
    apply_reports(app)
    assert again(app, issue).status is IssueStatus.SENT
    assert app.store.deliveries.by_provider_id("p1") == (issue.id, 1)


def test_a_report_that_lost_our_id_is_known_by_the_providers(hooked: Hooked) -> None:
    app = hooked()
    issue = sending(app, 1)
    Hand(app).run()
    report(app, 1, event(K.DELIVERED, None, provider_id=f"id-{issue.id}-1"))
    apply_reports(app)
    assert app.store.deliveries.outcomes(issue.id) == {"delivered": 1}


@pytest.mark.parametrize("rid", ["9-9", "m99", "1-", "x", "m", "", None])
def test_one_that_names_no_mail_of_ours_waits_a_day_and_is_then_unmatched(
    hooked: Hooked, clock: Clock, rid: str | None
) -> None:
    app = hooked()
    sending(app, 1)
    Hand(app).run()
    report(app, 1, event(K.DELIVERED, rid))
    assert apply_reports(app) == 0
    clock.advance(hours=23, minutes=59)
    assert apply_reports(app) == 0
    clock.advance(minutes=1)
    assert apply_reports(app) == 1
    (found,) = app.store.database.query("SELECT status, detail FROM event")
    assert tuple(found) == ("unmatched", "delivered names no mail of ours")


def test_one_that_waits_is_applied_once_its_batch_has_settled(hooked: Hooked) -> None:
    app = hooked()
    issue = sending(app, 1)
    report(app, 1, event(K.DELIVERED, None, provider_id=f"id-{issue.id}-1"))
    assert apply_reports(app) == 0
    Hand(app).run()
    assert apply_reports(app) == 1
    assert app.store.deliveries.outcomes(issue.id) == {"delivered": 1}


def test_reports_that_wait_do_not_hold_up_the_others(hooked: Hooked) -> None:
    app = hooked()
    issue = sending(app, 1)
    Hand(app).run()
    for number in range(5):
        report(app, number, event(K.DELIVERED, None, provider_id="somebody-elses"))
    report(app, 99, event(K.DELIVERED))
    assert apply_reports(app, limit=2) == 1
    assert app.store.deliveries.outcomes(issue.id) == {"delivered": 1}
    assert app.store.events.counts() == {"pending": 5, "applied": 1}


def test_a_report_about_a_mail_that_never_left_is_quarantined_but_a_complaint_still_suppresses(
    hooked: Hooked,
) -> None:
    app = hooked()
    issue = sending(app, 1)
    report(app, 1, event(K.COMPLAINT))
    apply_reports(app)
    assert app.store.events.counts() == {"quarantined": 1}
    assert app.store.deliveries.outcomes(issue.id) == {}
    assert app.store.subscribers.suppression("r0@example.com") is SuppressionReason.COMPLAINT
    Hand(app).run()
    assert again(app, issue).counts == Counts(frozen=1, suppressed=1)


def test_a_report_about_a_queued_mail_is_quarantined_and_leaves_it_queued(hooked: Hooked) -> None:
    app = hooked()
    queue_mail(app, "k", "notice", "a@example.com", RenderedMail("s", "", "<p>h</p>", "t", ""))
    before = state(app, "message")
    report(app, 1, event(K.DELIVERED, "m1"))
    apply_reports(app)
    assert state(app, "message") == before
    assert app.store.events.counts() == {"quarantined": 1}


def test_a_complaint_about_a_notice_to_nobodys_subscription_suppresses_nobody(hooked: Hooked) -> None:
    app = hooked()
    queue_mail(app, "k", "notice", "a@example.com", RenderedMail("s", "", "<p>h</p>", "t", ""))
    deliver_mail(app, app.owners.enter())
    report(app, 1, event(K.COMPLAINT, "m1", detail="spam"))
    apply_reports(app)
    assert state(app, "suppression") == []
    row = app.store.messages.by_id(1)
    assert row is not None
    assert (row.status, row.detail) == (D.ACCEPTED, "spam")


def test_an_event_about_somebody_who_was_erased_harms_nothing(hooked: Hooked) -> None:
    app = hooked()
    issue = sending(app, 1)
    Hand(app).run()
    app.store.subscribers.erase(1)
    report(app, 1, event(K.HARD_BOUNCE))
    assert apply_reports(app) == 1
    assert state(app, "suppression") == []
    assert app.store.deliveries.outcomes(issue.id) == {"hard_bounce": 1}


def test_what_cannot_be_read_is_set_aside_with_the_reason(hooked: Hooked) -> None:
    app = hooked()
    receive_report(app, "scripted", {"signature": "good", "id": "1"}, b"{")
    assert apply_reports(app) == 1
    (found,) = app.store.database.query("SELECT status, detail FROM event")
    assert tuple(found) == ("unreadable", "This is not JSON.")


def test_a_report_of_a_webhook_that_is_gone_is_set_aside(hooked: Hooked) -> None:
    app = hooked()
    report(app, 1, event(K.DELIVERED))
    assert apply_reports(replace(app, webhooks={})) == 1
    (found,) = app.store.database.query("SELECT status, detail FROM event")
    assert tuple(found) == ("unreadable", "its webhook is not set up any more")


def test_a_report_that_reports_nothing_is_done(hooked: Hooked) -> None:
    app = hooked()
    report(app, 1)
    assert apply_reports(app) == 1
    assert app.store.events.counts() == {"applied": 1}
