"""Providers' reports: verify, store raw, answer; then apply them to deliveries and suppressions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from newsletter.app.container import App
from newsletter.app.finish_issue import finish_issue
from newsletter.audience.consent import ConsentKind
from newsletter.audience.subscriber import SuppressionReason
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import NotFoundError, ProviderError
from newsletter.events.reactions import Reaction, outcome_after, reaction
from newsletter.events.vocabulary import Event, EventKind
from newsletter.store.deliveries import Settlement
from newsletter.store.events import Report

_PATIENCE = timedelta(hours=24)
"""So long a report that names no delivery waits for its batch to settle."""


def receive_report(app: App, provider: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Store one report. False where it came before. Raises ProviderError unless it is genuine, NotFoundError where no
    webhook of this name is set up. `headers` with lower-case names.
    """
    webhook = app.webhooks.get(provider)
    if webhook is None:
        raise NotFoundError(f"There is no webhook {provider}.", next_step="Set its secret in the settings.")
    report_id = webhook.verify(headers, body, app.now().timestamp())
    return app.store.events.add(provider, report_id, body, app.now())


def apply_reports(app: App, limit: int = 500) -> int:
    """Apply what is pending, oldest first, each in a transaction of its own; how many were settled one way or other.

    `limit` is how many are read at once; those that have to wait do not hold up the others.
    """
    settled = last = 0
    while reports := app.store.events.pending(limit, last):
        for report in reports:
            with app.store.transaction():
                status, detail = _apply(app, report)
                if status != "pending":
                    app.store.events.done(report, status, detail)
                    settled += 1
        last = reports[-1].id
    return settled


def _apply(app: App, report: Report) -> tuple[str, str]:
    webhook = app.webhooks.get(report.provider)
    if webhook is None:
        return "unreadable", "its webhook is not set up any more"
    try:
        events = webhook.read(report.raw)
    except ProviderError as error:
        return "unreadable", error.what
    quarantined = False
    for event in events:
        found = _settle_event(app, event)
        if found is None:
            if app.now() - report.received_at < _PATIENCE:
                return "pending", ""
            return "unmatched", f"{event.kind} names no mail of ours"
        quarantined = quarantined or found.quarantined
    return ("quarantined", "about a mail that never left") if quarantined else ("applied", "")


def _settle_event(app: App, event: Event) -> Reaction | None:
    """Apply one event; None where it names no mail of ours (yet)."""
    target = _target(app, event)
    if target is None:
        return None
    issue_id, number = target
    if issue_id is None:
        return _settle_mail(app, number, event)
    ledger = app.store.deliveries
    before = ledger.status(issue_id, number)
    if before is None:
        return None
    follows = reaction(before, event.kind)
    outcome, detail = ledger.outcome(issue_id, number)
    again = before is not follows.status is DeliveryStatus.REJECTED and event.provider_id is not None
    if again and ledger.provider_id(issue_id, number) == event.provider_id:
        return Reaction(before)  # about the mail that was refused before this one was tried
    if follows.status is not before:
        ledger.settle(issue_id, [Settlement(number, follows.status, event.provider_id, detail)], before)
        finish_issue(app, issue_id)
    if not follows.quarantined and outcome_after(EventKind(outcome) if outcome else None, event.kind) is event.kind:
        ledger.put_outcome(issue_id, number, str(event.kind), event.at, _said(app, number, event))
    if follows.suppress is not None:
        _suppress(app, _address_of(app, issue_id, number), follows)
    return follows


def _settle_mail(app: App, message_id: int, event: Event) -> Reaction | None:
    row = app.store.messages.by_id(message_id)
    if row is None:
        return None
    follows = reaction(row.status, event.kind)
    if not follows.quarantined:
        outcome = app.store.messages.outcome(message_id)
        stands = outcome_after(EventKind(outcome) if outcome else None, event.kind)
        app.store.messages.settle_by_event(message_id, follows.status, str(stands))
        if stands is event.kind:
            detail = event.detail if row.subscriber_id is None else _said(app, row.subscriber_id, event)
            app.store.messages.put_detail(message_id, detail, replace=stands != outcome)
    if row.subscriber_id is not None:
        _suppress(app, row.address, follows)
    return follows


def _said(app: App, subscriber_id: int, event: Event) -> str:
    """The provider's words, which often name the address: nothing of somebody who is erased."""
    subscriber = app.store.subscribers.by_id(subscriber_id) if event.detail else None
    return event.detail if subscriber is None or subscriber.email else ""


def _suppress(app: App, address: str | None, follows: Reaction) -> None:
    if follows.suppress is not None and address:
        app.store.subscribers.suppress(address, SuppressionReason(str(follows.suppress)), app.now())


def _address_of(app: App, issue_id: int, subscriber_id: int) -> str | None:
    """The address that a delivery went to: a late bounce of an old one is no reason to suppress the new one."""
    people = app.store.subscribers
    subscriber, issue = people.by_id(subscriber_id), app.store.issues.by_id(issue_id)
    if subscriber is None or issue is None:
        return None
    changed = (one.at for one in people.consents(subscriber_id) if one.kind is ConsentKind.ADDRESS_CHANGED)
    if issue.frozen_at is None or not any(at >= issue.frozen_at for at in changed):
        return subscriber.email
    return app.store.traces.sent_to(issue_id, subscriber_id)


def _target(app: App, event: Event) -> tuple[int | None, int] | None:
    """(issue id, subscriber id), or (None, mail id) for a mail to one person."""
    rid = event.rid or ""
    if rid.startswith("m") and rid[1:].isdecimal():
        return None, int(rid[1:])
    issue, _, subscriber = rid.partition("-")
    if issue.isdecimal() and subscriber.isdecimal():
        return int(issue), int(subscriber)
    return app.store.deliveries.by_provider_id(event.provider_id) if event.provider_id else None
