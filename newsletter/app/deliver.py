"""One step of a sender: claim a batch, commit that it is about to leave, send it, settle every delivery.

The order of commits is the promise. `claimed` (nothing has left) → `in_flight` with the hash of the bytes (something
may have left) → settled. A process that dies before `in_flight` loses nothing; one that dies after it leaves a batch
that is replayed byte for byte under the same key where the provider honours keys, and is `unknown` where it does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.app.compose_issue import content_of
from newsletter.app.container import App
from newsletter.app.finish_issue import finish_issue
from newsletter.app.guests import Doorkeeper
from newsletter.audience.zones import is_zone
from newsletter.delivery.message import Batch, Message, Recipient, Request, Sender, Stream
from newsletter.delivery.pacing import wait_after
from newsletter.delivery.provider import Answered, Doubt, Outcome, Refusal, Refused, SendStatus
from newsletter.delivery.status import BatchStatus, DeliveryStatus
from newsletter.errors import InputError
from newsletter.issues import Issue, IssueStatus
from newsletter.rendering.personalise import Segments
from newsletter.rendering.slots import issue_slots, issue_tools, reader_slots
from newsletter.store.batches import BatchRow
from newsletter.store.deliveries import Addressee, Settlement

_DOUBTS_IN_A_ROW = 5
_LEASE_MARGIN = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: whether there was work, and when there may be some (Unix seconds) where there was none."""

    worked: bool
    again_at: float | None = None


class Deliverer:
    """Steps through the batches of every sending issue. Threads share one: it keeps the messages it has built."""

    def __init__(self, app: App, owner: str, wait: Callable[[float], bool]) -> None:
        """`wait(seconds)` sleeps, and returns True where it is time to stop."""
        self._app = app
        self._owner = owner
        self._wait = wait
        self._messages: dict[int, Message] = {}
        self._issue_tools: dict[int, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self._doubts = 0
        self._doorkeeper = Doorkeeper(app)

    def step(self) -> Step:
        """Do one batch, or say when to come again."""
        app = self._app
        now = self._now()
        free_at = app.store.pace.free_at(app.provider.name)
        if free_at > now + 1.0:
            return Step(False, free_at)
        soonest: float | None = None
        for issue in app.store.issues.in_status(IssueStatus.SENDING):
            only = self._doorkeeper.only()
            batch = app.store.deliveries.claim(issue.id, self._owner, now, self._lease(now), only)
            if batch is not None:
                app.failpoints.hit("claimed")
                self._first_time(issue, batch)
                return Step(True)
            moment = app.store.deliveries.next_not_before(issue.id)
            if only is not None and moment is not None:
                continue  # what waits, waits for the list of a live send
            if moment is not None:
                soonest = moment if soonest is None else min(soonest, moment)
            elif issue.counts.open == 0:
                finish_issue(app, issue.id)
        return Step(False, soonest)

    def recover(self) -> bool:
        """Deal with batches whose sender died or that wait to be replayed. True where there was one."""
        app = self._app
        found = False
        for batch in app.store.deliveries.leased():
            now = self._now()
            expired = batch.lease_until is None or batch.lease_until < now
            if not (expired or (batch.owner is not None and app.owners.is_dead(batch.owner))):
                continue
            if batch.status is BatchStatus.CLAIMED:
                found = app.store.deliveries.give_back(batch, now, "its sender stopped before anything left") or found
                self._after_cancel(batch.issue_id)
                continue
            if not app.provider.capabilities.ready:
                continue
            taken = app.store.deliveries.renew(batch, self._owner, now, self._lease(now))
            if taken is not None:  # its time has come, and nobody else was quicker
                found = True
                self._replay(taken)
        return found

    def _first_time(self, issue: Issue, batch: BatchRow) -> None:
        app = self._app
        may, gone = app.store.deliveries.addresses(batch)
        built = [(number, recipient.address) for number, recipient in batch.members]
        if built and built != [(who.id, who.address) for who in may]:
            # refused before, and somebody left or has another address since: other bytes need another key
            with app.store.transaction():
                self._suppress(issue.id, gone)
                parts = [[who.id for who in may]] if may else []
                app.store.deliveries.split(batch, parts, "somebody in it left")
            self._after_cancel(issue.id)
            finish_issue(app, issue.id)
            return
        members = list(batch.members) or self._recipients(issue, may)
        if not members:
            with app.store.transaction():
                self._suppress(issue.id, gone)
                app.store.deliveries.move(batch, BatchStatus.SETTLED)
            finish_issue(app, issue.id)
            return
        request_batch = self._batch(issue, batch, members)
        try:
            request = app.provider.build(request_batch)
        except InputError as error:  # poison: it cannot even be written down
            if self._commit_start(batch, members, gone, b""):
                no = Refused(Refusal.CONTENT, error.what)
                self._settle_now(issue, batch.number, batch.attempts + 1, no, replayed=False)
            return
        if not self._paced():
            app.store.deliveries.give_back(batch, self._now(), "its sender was asked to stop")
            self._after_cancel(issue.id)
            return
        if self._commit_start(batch, members, gone, request.sha256):
            self._send(issue, batch.number, batch.attempts + 1, request_batch, request, replayed=False)

    def _commit_start(
        self, batch: BatchRow, members: list[tuple[int, Recipient]], gone: list[int], sha256: bytes
    ) -> bool:
        ledger = self._app.store.deliveries
        with self._app.store.transaction():
            self._suppress(batch.issue_id, gone)
            now = self._now()
            return ledger.start(batch, self._app.provider.name, members, sha256, now, self._lease(now))

    def _replay(self, batch: BatchRow) -> None:
        app = self._app
        issue = app.store.issues.by_id(batch.issue_id)
        assert issue is not None
        if not self._may_replay(batch):
            return
        request_batch = self._batch(issue, batch, list(batch.members))
        request = app.provider.build(request_batch)
        if request.sha256 != batch.body_sha256:
            self._doubt(batch, "it cannot be built again byte for byte")
            return
        if not self._paced():
            app.store.deliveries.hold(batch, self._now(), batch.detail or "its sender was asked to stop")
            return
        now = self._now()
        if now + app.settings.delivery.timeout_seconds > (batch.lease_until or 0.0):  # it waited long for its turn
            renewed = app.store.deliveries.renew(batch, self._owner, now, self._lease(now))
            if renewed is None or not self._may_replay(renewed):
                return
            batch = renewed
        self._send(issue, batch.number, batch.attempts, request_batch, request, replayed=True)

    def _may_replay(self, batch: BatchRow) -> bool:
        """False where the provider would take it for a new one by now; then it is in doubt for good."""
        age = self._now() - (batch.first_sent_at or 0.0)
        if batch.provider == self._app.provider.name and age < self._app.provider.capabilities.replay_seconds:
            return True
        self._doubt(batch, batch.detail or "its sender stopped while it was on its way")
        return False

    def _send(self, issue: Issue, number: int, attempt: int, batch: Batch, request: Request, *, replayed: bool) -> None:
        app = self._app
        app.failpoints.hit("before_post")
        outcome = app.provider.send(batch, request, app.settings.delivery.timeout_seconds)
        app.failpoints.hit("after_post")
        self._settle_now(issue, number, attempt, outcome, replayed=replayed)
        app.failpoints.hit("settled")

    def _settle_now(self, issue: Issue, number: int, attempt: int, outcome: Outcome, *, replayed: bool) -> None:
        row = self._app.store.deliveries.batch(issue.id, number)
        assert row is not None
        if row.status is not BatchStatus.IN_FLIGHT or (row.owner, row.attempts) != (self._owner, attempt):
            return  # the lease ran out, and somebody else (or another thread of ours) has seen to it
        if isinstance(outcome, Answered):
            self._doubts = 0
            self._answered(row, outcome)
        elif isinstance(outcome, Refused) and not replayed:
            self._doubts = 0
            self._refused(issue, row, outcome)
        else:  # a refusal of a replay says nothing about the attempt before it: the doubt stays
            self._still_in_doubt(issue, row, outcome)
        finish_issue(self._app, issue.id)

    def _still_in_doubt(self, issue: Issue, row: BatchRow, outcome: Refused | Doubt) -> None:
        asked = outcome.retry_after if isinstance(outcome, Refused) else None
        again_at = self._now() + wait_after(row.attempts, asked, f"{row.issue_id}/{row.number}")
        window_ends = (row.first_sent_at or 0.0) + self._app.provider.capabilities.replay_seconds
        if again_at < window_ends:
            self._app.store.deliveries.hold(row, again_at, outcome.detail)
        else:
            self._doubt(row, outcome.detail)
        if isinstance(outcome, Doubt):
            self._count_doubt(issue, outcome)
        elif outcome.refusal is Refusal.ACCOUNT:
            self._pause(issue, outcome)

    def _answered(self, row: BatchRow, outcome: Answered) -> None:
        results = {result.rid: result for result in outcome.results}
        settlements = []
        for number, recipient in row.members:
            result = results.get(recipient.rid)
            if result is None:
                settlements.append(Settlement(number, DeliveryStatus.UNKNOWN, detail="the provider left it out"))
            elif result.status is SendStatus.ACCEPTED:
                settlements.append(Settlement(number, DeliveryStatus.ACCEPTED, result.provider_id))
            else:
                settlements.append(Settlement(number, DeliveryStatus.REJECTED, result.provider_id, result.detail))
        with self._app.store.transaction():
            if self._app.store.deliveries.move(row, BatchStatus.SETTLED):
                self._app.store.deliveries.settle(row.issue_id, settlements, DeliveryStatus.IN_FLIGHT)

    def _refused(self, issue: Issue, row: BatchRow, outcome: Refused) -> None:
        app, ledger = self._app, self._app.store.deliveries
        now = self._now()
        if outcome.refusal is Refusal.CONTENT:
            ids = [number for number, _ in row.members]
            if len(ids) > 1:
                ledger.split(row, [ids[: len(ids) // 2], ids[len(ids) // 2 :]], outcome.detail)
            else:
                with app.store.transaction():
                    if ledger.move(row, BatchStatus.SETTLED, detail=outcome.detail):
                        rejected = [Settlement(ids[0], DeliveryStatus.REJECTED, detail=outcome.detail)]
                        ledger.settle(row.issue_id, rejected, DeliveryStatus.IN_FLIGHT)
        elif outcome.refusal is Refusal.ACCOUNT:
            with app.store.transaction():
                ledger.give_back(row, now, outcome.detail)
                self._pause(issue, outcome)
        else:
            wait = wait_after(row.attempts, outcome.retry_after, f"{row.issue_id}/{row.number}")
            with app.store.transaction():
                ledger.give_back(row, now + wait, outcome.detail)
                app.store.pace.hold(app.provider.name, now + wait)
        self._after_cancel(row.issue_id)

    def _pause(self, issue: Issue, outcome: Refused) -> None:
        reason = f"{self._app.provider.name} refuses us: {outcome.detail}. Mend that, then resume."
        self._app.store.issues.move(issue.id, IssueStatus.SENDING, IssueStatus.PAUSED, reason=reason)

    def _doubt(self, row: BatchRow, detail: str) -> None:
        with self._app.store.transaction():
            if self._app.store.deliveries.move(row, BatchStatus.UNKNOWN, detail=detail):
                unknown = [Settlement(number, DeliveryStatus.UNKNOWN, detail=detail) for number, _ in row.members]
                self._app.store.deliveries.settle(row.issue_id, unknown, DeliveryStatus.IN_FLIGHT)
        finish_issue(self._app, row.issue_id)

    def _count_doubt(self, issue: Issue, outcome: Doubt) -> None:
        self._doubts += 1
        if self._doubts >= _DOUBTS_IN_A_ROW:
            self._doubts = 0
            reason = f"{_DOUBTS_IN_A_ROW} requests in a row ended in doubt, the last with: {outcome.detail}."
            self._app.store.issues.move(issue.id, IssueStatus.SENDING, IssueStatus.PAUSED, reason=reason)

    def _suppress(self, issue_id: int, gone: list[int]) -> None:
        why = "left before it was sent"
        suppressed = [Settlement(number, DeliveryStatus.SUPPRESSED, detail=why) for number in gone]
        self._app.store.deliveries.settle(issue_id, suppressed, DeliveryStatus.WAITING)

    def _after_cancel(self, issue_id: int) -> None:
        issue = self._app.store.issues.by_id(issue_id)
        if issue and issue.status is IssueStatus.CANCELLED:
            self._app.store.deliveries.cancel_waiting(issue_id)

    def _batch(self, issue: Issue, row: BatchRow, members: list[tuple[int, Recipient]]) -> Batch:
        key = f"{issue.key}-{issue.nonce}/{row.number}"
        return Batch(key, self._message(issue), tuple(recipient for _, recipient in members))

    def _recipients(self, issue: Issue, may: list[Addressee]) -> list[tuple[int, Recipient]]:
        """What is looked up here is kept with the batch, so a replay has the same values."""
        app, tools = self._app, self._tools(issue)
        saved = app.store.saved.among([who.id for who in may], tools)
        site_url, own_zone = app.settings.site_url, app.settings.zone
        found = []
        for who in may:
            zone = ZoneInfo(who.zone) if is_zone(who.zone) else own_zone
            since = who.since.astimezone(zone).date()
            token = app.signer.reader(issue.id, who.id)
            values = reader_slots(site_url, token, since, tools, saved.get(who.id, frozenset()))
            found.append((who.id, Recipient(f"{issue.id}-{who.id}", who.address, values)))
        return found

    def _tools(self, issue: Issue) -> tuple[str, ...]:
        """Of the frozen issue; a correction has none."""
        with self._lock:
            if issue.id not in self._issue_tools:
                self._issue_tools[issue.id] = issue_tools(content_of(self._app, issue))
            return self._issue_tools[issue.id]

    def _message(self, issue: Issue) -> Message:
        slots = issue_slots(self._tools(issue))
        with self._lock:
            if issue.id not in self._messages:
                frozen = self._app.store.issues.frozen_mail(issue.id)
                assert frozen is not None
                html, text, envelope = frozen
                split = {
                    name: Segments.split(value, issue.nonce, "text", slots)
                    for name, value in envelope["headers"].items()
                }
                self._messages[issue.id] = Message(
                    Sender(envelope["sender_name"], envelope["sender"]),
                    envelope["reply_to"],
                    envelope["subject"],
                    Segments.split(html, issue.nonce, "html", slots),
                    Segments.split(text, issue.nonce, "text", slots),
                    tuple(split.items()),
                    Stream.BROADCAST,
                    datetime.fromisoformat(envelope["at"]),
                    issue.nonce,
                )
            return self._messages[issue.id]

    def _paced(self) -> bool:
        """Wait until the limiter lets the next request go. False where it is time to stop."""
        app = self._app
        # the operator's word first: providers raise an account's limit on request
        rate = app.settings.delivery.requests_per_second or app.provider.capabilities.rate_per_second
        now = self._now()
        leave = app.store.pace.reserve(app.provider.name, now, rate) if rate else now
        return not self._wait(max(0.0, leave - now))

    def _lease(self, now: float) -> float:
        return now + self._app.settings.delivery.timeout_seconds + _LEASE_MARGIN

    def _now(self) -> float:
        return self._app.now().timestamp()
