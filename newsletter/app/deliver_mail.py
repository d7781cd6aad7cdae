"""One step of a sender for mails to one person: the same statuses and the same order of commits as for an issue."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.delivery.message import Batch, Message, Recipient, Request, Sender, Stream
from newsletter.delivery.pacing import wait_after
from newsletter.delivery.provider import Answered, Outcome, Refusal, Refused, SendStatus
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import InputError
from newsletter.rendering.personalise import literal
from newsletter.store.messages import MessageRow

_LEASE_SECONDS = 120.0
_ACCOUNT_WAIT = 600.0


def deliver_mail(app: App, owner: str, only: int | None = None) -> bool:
    """Send the next queued mail (or the one with id `only`). False where there was none to send."""
    now = app.now().timestamp()
    row = app.store.messages.claim(owner, now, now + _LEASE_SECONDS, only)
    if row is None:
        return False
    try:
        batch, request = _built(app, row)
    except InputError as error:  # it cannot even be written down
        app.store.messages.reject(row, error.what)
        return True
    _send(app, row, batch, request, replayed=False)
    return True


def recover_mail(app: App, owner: str) -> bool:
    """Deal with mails whose sender died, or that wait to be replayed. True where there was one."""
    found = False
    if not app.provider.capabilities.ready:
        return found
    for row in app.store.messages.leased():
        now = app.now().timestamp()
        expired = row.lease_until is None or row.lease_until < now
        if not (expired or (row.owner is not None and app.owners.is_dead(row.owner))):
            continue
        taken = app.store.messages.renew(row, owner, now, now + _LEASE_SECONDS)
        if taken is None:
            continue
        found = True
        replayed = taken.status is DeliveryStatus.IN_FLIGHT
        try:
            batch, request = _built(app, taken)
        except InputError as error:
            if replayed:
                app.store.messages.finish(taken, DeliveryStatus.UNKNOWN, None, error.what)
            else:
                app.store.messages.reject(taken, error.what)
            continue
        if not replayed or _may_replay(app, taken, request):
            _send(app, taken, batch, request, replayed=replayed)
        else:
            detail = taken.detail or "its sender stopped while it was on its way"
            app.store.messages.finish(taken, DeliveryStatus.UNKNOWN, None, detail)
    return found


def _may_replay(app: App, row: MessageRow, request: Request) -> bool:
    age = app.now().timestamp() - (row.first_sent_at or 0.0)
    return age < app.provider.capabilities.replay_seconds and request.sha256 == row.body_sha256


def _built(app: App, row: MessageRow) -> tuple[Batch, Request]:
    envelope = row.envelope
    message = Message(
        Sender(envelope["sender_name"], envelope["sender"]),
        envelope["reply_to"],
        envelope["subject"],
        literal(row.html, "html"),
        literal(row.text),
        tuple((name, literal(value)) for name, value in envelope["headers"].items()),
        Stream.TRANSACTIONAL,
        row.created_at,
        envelope["nonce"],
    )
    recipient = Recipient(f"m{row.id}", row.address, {})
    batch = Batch(f"mail-{envelope['nonce']}/{row.id}", message, (recipient,))
    return batch, app.provider.build(batch)


def _send(app: App, row: MessageRow, batch: Batch, request: Request, *, replayed: bool) -> None:
    if not app.store.messages.start(row, app.provider.name, request.sha256, app.now().timestamp()):
        return
    app.failpoints.hit("before_post")
    outcome = app.provider.send(batch, request, app.settings.delivery.timeout_seconds)
    app.failpoints.hit("after_post")
    started = app.store.messages.by_id(row.id)
    if started is not None and started.status is DeliveryStatus.IN_FLIGHT and started.owner == row.owner:
        _settle(app, started, outcome, replayed=replayed)


def _settle(app: App, row: MessageRow, outcome: Outcome, *, replayed: bool) -> None:
    messages = app.store.messages
    now = app.now().timestamp()
    if isinstance(outcome, Answered):
        result = outcome.results[0] if outcome.results else None
        if result is None:
            messages.finish(row, DeliveryStatus.UNKNOWN, None, "the provider left it out")
        elif result.status is SendStatus.ACCEPTED:
            messages.finish(row, DeliveryStatus.ACCEPTED, result.provider_id, result.detail)
        else:
            messages.finish(row, DeliveryStatus.REJECTED, result.provider_id, result.detail)
    elif isinstance(outcome, Refused) and not replayed:
        if outcome.refusal is Refusal.CONTENT:
            messages.finish(row, DeliveryStatus.REJECTED, None, outcome.detail)
            return
        wait = wait_after(row.attempts, outcome.retry_after, row.key)
        if outcome.refusal is Refusal.ACCOUNT:
            wait = _ACCOUNT_WAIT
        messages.hold(row, DeliveryStatus.WAITING, now + wait, outcome.detail)
    else:  # a refusal of a replay says nothing about the attempt before it: the doubt stays
        wait = wait_after(row.attempts, outcome.retry_after if isinstance(outcome, Refused) else None, row.key)
        if now + wait - (row.first_sent_at or now) < app.provider.capabilities.replay_seconds:
            messages.hold(row, DeliveryStatus.IN_FLIGHT, now + wait, outcome.detail)
        else:
            messages.finish(row, DeliveryStatus.UNKNOWN, None, outcome.detail)
