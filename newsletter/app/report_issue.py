"""The report of an issue, and settling by hand what nobody else can say."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.app.compose_issue import find_issue
from newsletter.app.container import App
from newsletter.app.finish_issue import finish_issue
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.errors import NotFoundError, TransitionError
from newsletter.issues import Issue, IssueStatus
from newsletter.reports import IssueReport, report_on
from newsletter.store.deliveries import Settlement

BEFORE = 8
"""Issues that the medians are of."""

_SHOWN = 100
_PAGE = 2_000


def report_issue(app: App, key: str) -> IssueReport:
    """As it stands now, by what is kept and not by counting: as quick for a million recipients as for ten."""
    issue = find_issue(app, key)
    before = [
        one
        for one in app.store.issues.all()
        if one.frozen_at and one.corrects is None and one.slot.day < issue.slot.day
        if one.status is not IssueStatus.CANCELLED  # its numbers say when somebody stopped it
    ][:BEFORE]
    kept = app.store.results.kept([issue.id, *(one.id for one in before)])
    missed = app.store.deliveries.not_accepted(issue.id, _SHOWN)
    return report_on(issue, kept[issue.id], missed, app.now(), [(one, kept[one.id]) for one in before])


def who_missed(app: App, key: str) -> Iterator[dict[str, str | None]]:
    """Everybody who did not get it, and why: email (None: erased), status, outcome, detail; read in pages, so that
    there may be a million. Raises NotFoundError at once.
    """
    issue_id = find_issue(app, key).id

    def each() -> Iterator[dict[str, str | None]]:
        after = 0
        while page := app.store.lists.missed(issue_id, after, _PAGE):
            yield from (row for _, row in page)
            after = page[-1][0]

    return each()


def evidence_of_unknown(app: App, key: str) -> list[dict[str, object]]:
    """What is known of each delivery in doubt: who, since when, under which key, and what happened."""
    issue = find_issue(app, key)
    unknown = set(app.store.deliveries.unknown(issue.id)) if issue.counts.unknown else set()
    evidence: dict[int, dict[str, object]] = {}
    for batch in app.store.deliveries.doubted(issue.id) if unknown else ():
        for number, recipient in batch.members:
            if number in unknown:  # where it was sent again, the newest batch is the one in doubt
                evidence[number] = {
                    "subscriber": number,
                    "address": recipient.address,
                    "key": f"{issue.key}-{issue.nonce}/{batch.number}",
                    "provider": batch.provider,
                    "sent_at": batch.first_sent_at,
                    "attempts": batch.attempts,
                    "detail": batch.detail or "the provider left it out of its answer",
                }
    return list(evidence.values())


def settle_unknown(
    app: App, key: str, *, sent: bool, address: str | None = None, expected: int | None = None
) -> tuple[Issue, int]:
    """The operator's word on what is unknown, all of it or one address: sent, or not sent and to be sent now.

    `expected`: how many were unknown when they looked. Returns the issue and how many deliveries were settled. Raises
    TransitionError where nothing is unknown, or another number than expected.
    """
    issue = find_issue(app, key)
    found = evidence_of_unknown(app, key)
    if not found:
        raise TransitionError(f"Nothing of issue {key} is unknown.", next_step=f"See `newsletter issues report {key}`.")
    if expected is not None and expected != len(found):
        raise TransitionError(
            f"{len(found)} of issue {key} are unknown now, not {expected}.", next_step="Look at them once more."
        )
    chosen = {item["subscriber"] for item in found if address is None or item["address"] == address}
    if not chosen:
        raise NotFoundError(
            f"The delivery to {address} is not unknown.", next_step="Leave the address out to settle all."
        )
    after = DeliveryStatus.ACCEPTED if sent else DeliveryStatus.WAITING
    if not sent and issue.status is IssueStatus.CANCELLED:
        after = DeliveryStatus.CANCELLED
    detail = f"settled by the operator as {'sent' if sent else 'not sent'}"
    ledger = app.store.deliveries
    with app.store.transaction():
        settled = 0
        for batch in ledger.doubted(issue.id):
            ids = [number for number, _ in batch.members if number in chosen]
            if not ids:
                continue
            moved = ledger.settle(
                issue.id, [Settlement(number, after, detail=detail) for number in ids], DeliveryStatus.UNKNOWN
            )
            settled += moved
            if moved and after is DeliveryStatus.WAITING:
                ledger.add_batch(issue.id, ids, parent=batch.number)
        left = set(ledger.unknown(issue.id))
        for batch in ledger.batches(issue.id, BatchStatus.UNKNOWN):
            if left.isdisjoint(number for number, _ in batch.members):
                ledger.move(batch, BatchStatus.SETTLED, detail=detail)
        if after is DeliveryStatus.WAITING and issue.status is IssueStatus.SENT:
            app.store.issues.move(issue.id, IssueStatus.SENT, IssueStatus.SENDING, finished_at=None)
    finish_issue(app, issue.id)
    return find_issue(app, key), settled
