"""People, what proves their consent, and the addresses that are never mailed."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.subscriber import Frequency, SubscriberStatus, SuppressionReason
from newsletter.store.store import Store
from tests.store.ledger import NOW, later

PENDING, ACTIVE = SubscriberStatus.PENDING, SubscriberStatus.ACTIVE


def test_upper_and_lower_case_are_one_person(store: Store) -> None:
    number = store.subscribers.add("Reader@example.com", ACTIVE, NOW)
    found = store.subscribers.by_address("reader@example.com")
    assert found is not None
    assert (found.id, found.email, found.status) == (number, "Reader@example.com", ACTIVE)
    assert (found.created_at, found.confirmed_at, found.unsubscribed_at) == (NOW, NOW, None)
    with pytest.raises(sqlite3.IntegrityError):
        store.subscribers.add("READER@example.com", PENDING, NOW)
    assert store.subscribers.by_address("other@example.com") is None
    assert store.subscribers.by_id(99) is None


def test_moves_happen_once_and_only_from_where_they_start(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", PENDING, NOW)
    found = people.by_id(number)
    assert found is not None
    assert found.confirmed_at is None
    assert not people.activate(number, NOW, SubscriberStatus.UNSUBSCRIBED)
    assert people.activate(number, later(hours=1), PENDING)
    assert not people.activate(number, NOW, PENDING)
    assert people.unsubscribe(number, later(hours=2))
    assert not people.unsubscribe(number, NOW)
    left = people.by_id(number)
    assert left is not None
    assert (left.confirmed_at, left.unsubscribed_at) == (later(hours=1), later(hours=2))
    people.ask_again(number)
    again = people.by_id(number)
    assert again is not None
    assert (again.status, again.unsubscribed_at) == (PENDING, later(hours=2)), "they left until they confirm"
    assert people.activate(number, later(hours=3), PENDING)
    back = people.by_id(number)
    assert back is not None
    assert back.unsubscribed_at is None


def test_one_who_never_confirmed_may_leave_too(store: Store) -> None:
    assert store.subscribers.unsubscribe(store.subscribers.add("a@example.com", PENDING, NOW), NOW)


def test_asking_again_is_for_those_who_left(store: Store) -> None:
    number = store.subscribers.add("a@example.com", ACTIVE, NOW)
    store.subscribers.ask_again(number)
    found = store.subscribers.by_id(number)
    assert found is not None
    assert found.status is ACTIVE


def test_confirmations_are_limited_by_time_and_in_all(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", PENDING, NOW)
    day = timedelta(days=1)

    def may(after: timedelta) -> bool:
        return people.may_confirm(number, NOW + after, NOW + after - day, at_most=3)

    assert may(timedelta())
    assert not may(day - timedelta(microseconds=1))
    assert may(day)
    assert may(2 * day)
    assert not may(9 * day)
    assert people.confirmations_since(NOW) == 1
    assert people.confirmations_since(NOW + 2 * day) == 0
    people.unsubscribe(number, NOW)
    people.ask_again(number)
    assert not may(9 * day), "leaving without ever having confirmed gives no further mails"
    people.activate(number, NOW, PENDING)
    people.unsubscribe(number, NOW)
    people.ask_again(number)
    assert may(9 * day)


def test_counts_lists_and_the_audience(store: Store) -> None:
    people = store.subscribers
    for number in range(4):
        people.add(f"r{number}@example.com", ACTIVE, NOW)
    people.add("p@example.org", PENDING, NOW)
    people.suppress("r0@example.com", SuppressionReason.COMPLAINT, NOW)
    people.suppress("p@example.org", SuppressionReason.OPERATOR, NOW)
    assert people.counts() == {"pending": 1, "active": 4, "unsubscribed": 0, "erased": 0}
    assert people.audience(NOW) == {"active": 4, "paused": 0, "off_topic": 0, "suppressed": 1, "recipients": 3}
    assert [each.email for each in people.each("active", "", 2)] == ["r0@example.com", "r1@example.com"]
    assert [each.email for each in people.each(search="example.org")] == ["p@example.org"]
    assert len(list(people.each())) == 5


def test_suppression_is_for_the_address_and_a_complaint_outdoes_a_hard_bounce(store: Store) -> None:
    people = store.subscribers
    assert people.suppression("a@example.com") is None
    assert people.suppress("a@example.com", SuppressionReason.HARD_BOUNCE, NOW)
    assert not people.suppress("A@example.com", SuppressionReason.HARD_BOUNCE, NOW)
    assert people.suppress("a@example.com", SuppressionReason.COMPLAINT, NOW)
    assert not people.suppress("a@example.com", SuppressionReason.HARD_BOUNCE, NOW)
    assert people.suppression("A@EXAMPLE.com") is SuppressionReason.COMPLAINT
    assert people.suppress("b@example.com", SuppressionReason.ERASED, NOW)
    assert not people.suppress("b@example.com", SuppressionReason.COMPLAINT, NOW)


def test_consent_is_appended_and_its_text_kept_once(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", PENDING, NOW)
    people.record(number, Consent(ConsentKind.ASKED, NOW, "form", "You get one mail a week.", "192.0.2.1"))
    people.record(number, Consent(ConsentKind.ASKED, later(days=1), "form", "You get one mail a week."))
    people.record(number, Consent(ConsentKind.CONFIRMED, later(days=1), "link"))
    assert people.consents(number) == [
        Consent(ConsentKind.ASKED, NOW, "form", "You get one mail a week.", "192.0.2.1"),
        Consent(ConsentKind.ASKED, later(days=1), "form", "You get one mail a week."),
        Consent(ConsentKind.CONFIRMED, later(days=1), "link"),
    ]
    assert store.database.value("SELECT count(*) FROM consent_text") == 1


def test_ip_addresses_are_forgotten_after_their_time(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", PENDING, NOW)
    for hours in (0, 1, 2):
        people.record(number, Consent(ConsentKind.ASKED, later(hours=hours), "form", "", "192.0.2.1"))
    assert people.forget_ips(later(hours=1)) == 1
    assert people.forget_ips(later(hours=1)) == 0
    assert [consent.ip for consent in people.consents(number)] == [None, "192.0.2.1", "192.0.2.1"]


def test_erasing_blanks_the_row_its_mails_and_ips_and_keeps_the_id(store: Store) -> None:
    people = store.subscribers
    number = people.add("gone@example.com", PENDING, NOW)
    people.record(number, Consent(ConsentKind.ASKED, NOW, "form", "", "192.0.2.1"))
    mail = store.messages.add("k", "confirmation", "gone@example.com", {}, "<p>gone</p>", "gone", NOW, number)
    assert mail is not None
    people.erase(number)
    erased = people.by_id(number)
    assert erased is not None
    assert (erased.email, erased.status) == (None, SubscriberStatus.ERASED)
    assert people.by_address("gone@example.com") is None
    row = store.messages.by_id(mail)
    assert row is not None
    assert (row.address, row.html, row.text, str(row.status)) == ("", "", "", "cancelled")
    assert store.messages.claim("me", 0.0, 9.0) is None
    assert "gone@" not in "\n".join(store.database.connection.iterdump())
    assert people.consents(number)[0].ip is None


def test_what_they_chose_is_replaced_and_erased(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", ACTIVE, NOW)
    people.prefer(number, ["design", "design", "robots"], Frequency.TOPICS, "Asia/Tokyo")
    people.prefer(number, ["design"], Frequency.TOPICS, "Asia/Tokyo")
    found = people.by_id(number)
    assert found is not None
    assert (people.topics(number), found.frequency, found.zone) == (
        frozenset({"design"}),
        Frequency.TOPICS,
        "Asia/Tokyo",
    )
    people.erase(number)
    erased = people.by_id(number)
    assert erased is not None
    assert (people.topics(number), erased.zone) == (frozenset(), "")


def test_the_newest_change_of_address_counts_and_is_forgotten_in_time(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", ACTIVE, NOW)
    people.ask_change(number, "b@example.com", NOW)
    people.ask_change(number, "c@example.com", later(hours=1))
    assert people.asked_change(number) == ("c@example.com", later(hours=1))
    assert people.forget_changes(later(hours=1)) == 0
    assert people.forget_changes(later(hours=2)) == 1
    assert people.asked_change(number) is None


def test_an_address_changes_hands_once_and_never_to_two(store: Store) -> None:
    people = store.subscribers
    number, other = (people.add(f"{name}@example.com", ACTIVE, NOW) for name in "ab")
    assert not people.change_address(number, "B@example.com")
    people.ask_change(number, "c@example.com", NOW)
    assert people.change_address(number, "c@example.com")
    assert people.asked_change(number) is None
    found = people.by_address("C@example.com")
    assert found is not None
    assert found.id == number
    assert people.by_address("a@example.com") is None
    people.erase(other)
    assert not people.change_address(other, "d@example.com")


def test_a_mail_to_a_typed_address_is_counted_by_purpose_and_changes_by_the_hour(store: Store) -> None:
    people, day = store.subscribers, timedelta(days=1)

    def may(hours: int, purpose: str = "change") -> bool:
        at = later(hours=hours)
        return people.may_mail("a@example.com", purpose, at, at - day, at_most=2)

    assert may(0)
    assert not may(23)
    assert may(24)
    assert not may(90)
    assert may(90, "other")
    assert people.confirmations_since(later(hours=23)) == 1
    assert people.confirmations_since(later(hours=24)) == 0


def test_reasons_for_leaving_are_one_for_each_time(store: Store) -> None:
    people = store.subscribers
    number = people.add("a@example.com", ACTIVE, NOW)
    people.unsubscribe(number, NOW)
    people.left_because(number, "no_time", "", later(hours=1))
    people.left_because(number, "other", "words", later(hours=2))
    people.activate(number, later(hours=3), SubscriberStatus.UNSUBSCRIBED)
    people.unsubscribe(number, later(hours=4))
    people.left_because(number, "other", "", later(hours=5))
    assert people.leavings(number) == [(later(hours=2), "other", "words"), (later(hours=5), "other", "")]
    assert people.leaving_counts(NOW) == {"other": 2}
    assert people.leaving_counts(later(hours=5)) == {"other": 1}
