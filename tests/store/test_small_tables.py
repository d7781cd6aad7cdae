"""Comparisons, issues, mails to one person, reports, limiters and single facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.delivery.status import DeliveryStatus
from newsletter.issues import IssueStatus, Section, Slot
from newsletter.store.issues import ChoiceRow, ItemRow
from newsletter.store.messages import MessageRow
from newsletter.store.store import Store
from newsletter.store.times import moment_of, moment_or_none, text_of
from tests.store.ledger import NOW, later


def comparison(slug: str = "a-vs-b", label: Label = Label.SHIP, published_on: date | None = None) -> Comparison:
    left = Tool("Ä tool", slug.partition("-vs-")[0], panel=PanelVerdict(label))
    return Comparison(slug, (left, Tool("B", "b")), published_on)


# comparisons


def test_a_comparison_comes_back_as_it_was_put(store: Store) -> None:
    given = comparison(published_on=date(2026, 11, 1))
    number = store.comparisons.add(given, NOW, archived=False)
    found = store.comparisons.by_slug("a-vs-b")
    assert found is not None
    assert (found.id, found.comparison, found.first_seen_at, found.archived) == (number, given, NOW, False)
    assert found.changed_at == NOW
    assert store.comparisons.by_slug("b-vs-a") is None
    assert [each.id for each in store.comparisons.by_pair("a-vs-b")] == [number]
    assert store.comparisons.by_ids([number, 99]) == {number: found}
    assert store.comparisons.by_ids([]) == {}
    assert store.comparisons.count() == 1


def test_a_revision_keeps_what_it_was_before_and_who_replaced_it(store: Store) -> None:
    store.comparisons.add(comparison(), NOW, archived=False)
    for hours, label in ((1, Label.MIXED), (2, Label.SKIP)):
        stored = store.comparisons.by_slug("a-vs-b")
        assert stored is not None
        store.comparisons.revise(stored, comparison(label=label), later(hours=hours), f"{label}@example.com")
    now = store.comparisons.by_slug("a-vs-b")
    assert now is not None
    assert (now.comparison.labels, now.changed_at, now.first_seen_at) == ({"a": "Skip"}, later(hours=2), NOW)
    assert [(one.at, one.by, one.was.labels) for one in store.comparisons.revisions(now.id)] == [
        (later(hours=2), "Skip@example.com", {"a": "Mixed"}),
        (later(hours=1), "Mixed@example.com", {"a": "Ship"}),
    ]


def test_lists_are_newest_first_searchable_and_candidates_are_not_of_the_archive(store: Store) -> None:
    store.comparisons.add(comparison("old-vs-b", published_on=date(2026, 1, 1)), NOW, archived=False)
    store.comparisons.add(comparison("new-vs-b"), NOW, archived=False)
    store.comparisons.add(comparison("kept-vs-b", published_on=date(2026, 5, 1)), NOW, archived=True)
    assert [each.comparison.slug for each in store.comparisons.all()] == ["new-vs-b", "kept-vs-b", "old-vs-b"]
    assert [each.comparison.slug for each in store.comparisons.all("kept")] == ["kept-vs-b"]
    assert len(store.comparisons.all("Ä tool")) == 3
    assert [each.comparison.slug for each in store.comparisons.candidates()] == ["old-vs-b", "new-vs-b"]


def test_labels_are_those_of_the_last_issue_that_was_frozen(store: Store) -> None:
    number = store.comparisons.add(comparison(), NOW, archived=False)
    for week, label, frozen in ((1, "Skip", True), (0, "Mixed", True), (2, "Ship", False)):
        at = later(weeks=week)
        issue = store.issues.create(Slot(at.date(), at), at, IssueStatus.DRAFT, "", "00", NOW)
        assert issue is not None
        store.issues.put_items(issue, [ItemRow(number, Section.FULL, {}, {"a": label})])
        if frozen:
            store.issues.set(issue, frozen_at=at)
    assert store.comparisons.last_sent_labels() == {number: {"a": "Skip"}}
    assert store.issues.cutoffs(later(weeks=1)) == [NOW]
    assert store.issues.cutoffs(later(weeks=9)) == [NOW, later(weeks=1)]


# issues


def issue_in(store: Store, week: int = 0, status: IssueStatus = IssueStatus.DRAFT) -> int:
    at = later(weeks=week)
    number = store.issues.create(Slot(at.date(), at), at, status, "because", "0f" * 8, NOW)
    assert number is not None
    return number


def test_a_slot_has_one_issue_and_a_week_has_one(store: Store) -> None:
    issue_in(store)
    assert store.issues.create(Slot(NOW.date(), NOW), NOW, IssueStatus.DRAFT, "", "00", NOW) is None
    tuesday = later(days=1)
    assert store.issues.create(Slot(tuesday.date(), tuesday), NOW, IssueStatus.DRAFT, "", "00", NOW) is None
    assert len(store.issues.all()) == 1


def test_an_issue_comes_back_as_it_was_made(store: Store) -> None:
    number = issue_in(store)
    issue = store.issues.by_key("2026-W47")
    assert issue == store.issues.by_id(number)
    assert issue is not None
    assert (issue.slot, issue.cutoff_at, issue.nonce) == (Slot(NOW.date(), NOW), NOW, "0f" * 8)
    assert (issue.status, issue.reason, issue.subject, issue.frozen_at) == (IssueStatus.DRAFT, "because", "", None)
    assert store.issues.by_key("2026-W48") is None
    assert store.issues.by_id(99) is None
    assert store.issues.frozen_mail(number) is None
    assert store.issues.frozen_mail(99) is None


def test_a_move_happens_once_and_sets_its_columns(store: Store) -> None:
    number = issue_in(store)
    assert store.issues.move(number, IssueStatus.DRAFT, IssueStatus.HOLDING, hold_until=later(hours=1), reason="hold")
    assert not store.issues.move(number, IssueStatus.DRAFT, IssueStatus.HOLDING, reason="twice")
    issue = store.issues.by_id(number)
    assert issue is not None
    assert (issue.status, issue.hold_until, issue.reason) == (IssueStatus.HOLDING, later(hours=1), "hold")


def test_issues_are_listed_by_slot(store: Store) -> None:
    for week in (1, 0, 2):
        issue_in(store, week, IssueStatus.DRAFT if week else IssueStatus.SKIPPED)
    assert [issue.key for issue in store.issues.all()] == ["2026-W49", "2026-W48", "2026-W47"]
    assert [issue.key for issue in store.issues.all(1)] == ["2026-W49"]
    assert [issue.key for issue in store.issues.in_status(IssueStatus.DRAFT)] == ["2026-W48", "2026-W49"]
    assert len(store.issues.in_status(IssueStatus.DRAFT, IssueStatus.SKIPPED)) == 3


def test_items_and_choices_are_replaced_whole_and_keep_their_order(store: Store) -> None:
    ids = [store.comparisons.add(comparison(f"t{n}-vs-b"), NOW, archived=False) for n in range(3)]
    number = issue_in(store)
    rows = [ItemRow(ids[n], Section.CHANGED, {"a": "Skip"}, {"a": "Ship"}) for n in (2, 0)]
    choices = [ChoiceRow(ids[1], "waiting", None, "Out."), ChoiceRow(ids[0], "in", "full", "In.")]
    store.issues.put_items(number, [ItemRow(ids[1], Section.BRIEF, {}, {})])
    store.issues.put_items(number, rows)
    store.issues.put_choices(number, choices[:1])
    store.issues.put_choices(number, choices)
    assert store.issues.items(number) == rows
    assert store.issues.choices(number) == choices


# mails to one person


def queued(store: Store, key: str = "k") -> MessageRow:
    number = store.messages.add(key, "notice", "a@example.com", {"subject": "Ä"}, "<p>x</p>", "x", NOW)
    assert number is not None
    found = store.messages.by_id(number)
    assert found is not None
    return found


def claimed(store: Store, owner: str = "me", now: float = 0.0) -> MessageRow:
    found = store.messages.claim(owner, now, 100.0)
    assert found is not None
    return found


def test_a_key_is_queued_once(store: Store) -> None:
    row = queued(store)
    assert (row.envelope, row.html, row.text, row.created_at) == ({"subject": "Ä"}, "<p>x</p>", "x", NOW)
    assert (row.status, row.owner, row.attempts) == (DeliveryStatus.WAITING, None, 0)
    assert store.messages.add("k", "notice", "b@example.com", {}, "", "", NOW) is None
    assert store.messages.counts() == {"waiting": 1}
    assert store.messages.by_id(99) is None


def test_a_mail_is_claimed_by_one_in_order_or_by_its_id(store: Store) -> None:
    one, two, three = queued(store, "1"), queued(store, "2"), queued(store, "3")
    assert claimed(store).id == one.id
    only = store.messages.claim("me", 0.0, 100.0, only=three.id)
    assert only is not None
    assert only.id == three.id
    assert claimed(store).id == two.id
    assert store.messages.claim("me", 0.0, 100.0) is None
    assert [row.id for row in store.messages.leased()] == [one.id, two.id, three.id]


def test_a_mail_goes_from_claim_to_start_to_finish_and_its_bytes_go(store: Store) -> None:
    queued(store)
    row = claimed(store)
    assert store.messages.start(row, "fake", b"sha", 5.0)
    assert not store.messages.start(row, "fake", b"sha", 6.0), "it is not waiting any more"
    started = store.messages.by_id(row.id)
    assert started is not None
    assert (started.status, started.attempts, started.first_sent_at) == (DeliveryStatus.IN_FLIGHT, 1, 5.0)
    assert store.messages.finish(started, DeliveryStatus.ACCEPTED, "p1", "")
    done = store.messages.by_id(row.id)
    assert done is not None
    assert (done.status, done.html, done.text, done.owner) == (DeliveryStatus.ACCEPTED, "", "", None)
    assert store.messages.leased() == []


def test_a_mail_on_hold_keeps_its_first_moment_and_waits_for_its_next(store: Store) -> None:
    queued(store)
    row = claimed(store)
    store.messages.start(row, "fake", b"sha", 5.0)
    started = store.messages.by_id(row.id)
    assert started is not None
    assert store.messages.hold(started, DeliveryStatus.WAITING, 60.0, "throttled")
    assert store.messages.claim("me", 59.0, 100.0) is None
    again = claimed(store, now=60.0)
    assert (again.first_sent_at, again.detail, again.attempts) == (5.0, "throttled", 1)


def test_one_whose_owner_is_gone_is_renewed_by_one_only(store: Store) -> None:
    queued(store)
    row = claimed(store, "dead")
    taken = store.messages.renew(row, "b", 0.0, 200.0)
    assert taken is not None
    assert (taken.owner, taken.lease_until) == ("b", 200.0)
    assert store.messages.renew(row, "c", 0.0, 200.0) is None
    assert not store.messages.start(row, "fake", b"", 0.0), "the dead one's claim is lost"
    assert store.messages.reject(taken, "it cannot be written")


def test_reports_stand_for_a_mail_and_of_two_alike_always_the_same_does(store: Store) -> None:
    row = queued(store)
    store.messages.settle_by_event(row.id, DeliveryStatus.ACCEPTED, "deferred")
    for detail, replace, stands in (("b", True, "b"), ("a", False, "b"), ("c", False, "c"), ("", True, "")):
        store.messages.put_detail(row.id, detail, replace=replace)
        found = store.messages.by_id(row.id)
        assert found is not None
        assert found.detail == stands
    assert store.messages.outcome(row.id) == "deferred"


def test_mails_of_a_person_are_listed(store: Store) -> None:
    from newsletter.audience.subscriber import SubscriberStatus

    number = store.subscribers.add("a@example.com", SubscriberStatus.ACTIVE, NOW)
    store.messages.add("k", "confirmation", "a@example.com", {}, "", "", NOW, number)
    (mail,) = store.messages.of_subscriber(number)
    assert (mail["kind"], mail["status"], mail["outcome"]) == ("confirmation", "waiting", None)


# reports, limiters, facts


def test_a_report_is_kept_once_per_provider_and_id(store: Store) -> None:
    assert store.events.add("resend", "1", b"\x00raw", NOW)
    assert not store.events.add("resend", "1", b"other", later(hours=1))
    assert store.events.add("other", "1", b"raw", NOW)
    one, two = store.events.pending(5)
    assert (one.raw, one.provider, one.received_at) == (b"\x00raw", "resend", NOW)
    assert [report.id for report in store.events.pending(1)] == [one.id]
    assert [report.id for report in store.events.pending(5, one.id)] == [two.id]
    store.events.done(one, "applied")
    store.events.done(two, "unmatched", "no mail of ours")
    assert store.events.pending(5) == []
    assert store.events.counts() == {"applied": 1, "unmatched": 1}


def test_a_limiter_reserves_moments_one_after_the_other(store: Store) -> None:
    assert store.pace.free_at("fake") == 0.0
    assert [store.pace.reserve("fake", 100.0, 4.0) for _ in range(3)] == [100.0, 100.25, 100.5]
    assert store.pace.free_at("fake") == 100.75
    assert store.pace.reserve("other", 100.0, 4.0) == 100.0


def test_a_provider_that_asked_to_wait_is_waited_for_and_never_less(store: Store) -> None:
    store.pace.hold("fake", 160.0)
    store.pace.hold("fake", 130.0)
    assert store.pace.reserve("fake", 100.0, 1.0) == 160.0


def test_facts_are_made_once_and_stay(store: Store) -> None:
    assert len(store.meta.signing_key) == len(store.meta.hash_key) == 32
    assert store.meta.signing_key != store.meta.hash_key
    assert len(store.meta.instance) == 16
    assert abs(datetime.now(UTC) - store.meta.created_at) < timedelta(minutes=1)
    assert store.meta.get("nothing") is None
    store.meta.put("name", "x")
    store.meta.put("name", "y")
    assert store.meta.get("name") == "y"
    store.database.change("DELETE FROM meta WHERE key = 'instance'")
    with pytest.raises(LookupError, match="instance"):
        _ = store.meta.instance


def test_the_last_beat_of_each_part_is_kept(store: Store) -> None:
    store.meta.beat("ticker", NOW)
    store.meta.beat("sender", NOW, "busy")
    store.meta.beat("ticker", later(hours=1), "fine")
    assert store.meta.heartbeats() == {"sender": (NOW, "busy"), "ticker": (later(hours=1), "fine")}


def test_moments_are_utc_text_whose_order_is_the_order_of_time() -> None:
    assert text_of(NOW) == "2026-11-16T08:00:00.000000+00:00"
    assert text_of(NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))) == text_of(NOW)
    assert moment_of(text_of(later(microseconds=7))) == later(microseconds=7)
    assert moment_or_none(None) is None
    assert moment_or_none(text_of(NOW)) == NOW
    assert text_of(NOW) < text_of(later(microseconds=1)) < text_of(later(seconds=1))
    with pytest.raises(ValueError, match="without a zone"):
        text_of(datetime(2026, 1, 1))


def test_the_store_knows_its_file_and_a_transaction_of_it_nests(store: Store) -> None:
    assert store.path.name == "subscribers.db"

    def fail() -> None:
        with store.transaction():
            store.meta.put("x", "1")
            with store.transaction():
                store.meta.put("y", "1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (store.meta.get("x"), store.meta.get("y")) == (None, None)
