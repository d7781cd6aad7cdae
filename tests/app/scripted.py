"""A provider that answers as a test says, and short ways to a week, its readers and an issue that is being sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.comparisons.model import Comparison, Tool, panel_of_counts
from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Answered, Capabilities, Outcome, SendResult, SendStatus
from newsletter.delivery.status import BatchStatus
from newsletter.errors import InputError
from newsletter.issues import Issue, IssueStatus, newest_due_slot
from newsletter.rendering.personalise import slot
from newsletter.store.batches import BatchRow

LIMITS = Capabilities(max_batch=2, max_bytes=10_000_000, live=False, loopback_links=True)
Answer = Outcome | Callable[[Batch], Outcome]


def accept_all(batch: Batch) -> Answered:
    return Answered(
        tuple(SendResult(reader.rid, SendStatus.ACCEPTED, f"id-{reader.rid}") for reader in batch.recipients)
    )


@dataclass
class Scripted:
    """Gives the scripted answers in turn, then accepts everything. `batches` and `bodies` are what reached it."""

    answers: list[Answer] = field(default_factory=list)
    capabilities: Capabilities = LIMITS
    name: str = "scripted"
    unwritable: frozenset[str] = frozenset()
    batches: list[Batch] = field(default_factory=list)
    bodies: list[Request] = field(default_factory=list)
    closed: int = 0

    def build(self, batch: Batch) -> Request:
        for reader in batch.recipients:
            if reader.address in self.unwritable or not reader.address:
                raise InputError("This address cannot be written down.")
        message = batch.message
        parts = [message.subject, message.at.isoformat()]
        for reader in batch.recipients:
            parts += [reader.rid, reader.address, message.html.fill(reader.values), message.text.fill(reader.values)]
            parts += [f"{name}: {value.fill(reader.values)}" for name, value in message.headers]
        return Request(tuple(part.encode() for part in parts))

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        self.batches.append(batch)
        self.bodies.append(request)
        answer = self.answers.pop(0) if self.answers else accept_all
        return answer(batch) if callable(answer) else answer

    def close(self) -> None:
        self.closed += 1

    @property
    def keys(self) -> list[str]:
        """The numbers of the batches that reached it, as its keys end."""
        return [batch.key.rpartition("/")[2] for batch in self.batches]

    @property
    def addresses(self) -> Counter[str]:
        """How often each address was in a request."""
        return Counter(reader.address for batch in self.batches for reader in batch.recipients)


def scripted(*answers: Answer, **capabilities: Any) -> Scripted:
    """`scripted(Doubt("a timeout"), replay_seconds=3600)`"""
    return Scripted(list(answers), replace(LIMITS, **capabilities))


def comparison(
    name: str, ship: int = 3, skip: int = 1, *, published_on: date | None = None, category: str | None = None
) -> Comparison:
    """`name` against Rival, which everybody ships."""
    left = Tool(name.title(), name, category=category, tagline=f"What {name} does", panel=panel_of_counts(ship, skip))
    right = Tool("Rival", "rival", panel=panel_of_counts(4, 0))
    return Comparison(f"{name}-vs-rival", (left, right), published_on)


def add_week(app: App, names: Sequence[str] = ("alder", "birch", "cedar"), **facts: Any) -> None:
    """New comparisons, first seen now."""
    for name in names:
        app.store.comparisons.add(comparison(name, **facts), app.now(), archived=False)


def add_readers(app: App, count: int, first: int = 0) -> list[int]:
    """Ids of active subscribers r0@example.com and so on."""
    people = app.store.subscribers
    return [
        people.add(f"r{number}@example.com", SubscriberStatus.ACTIVE, app.now())
        for number in range(first, first + count)
    ]


def sending(app: App, readers: int = 4, size: int = 2) -> Issue:
    """An issue whose recipients are frozen, with a tiny mail; batches of `size`."""
    add_readers(app, readers, first=sum(app.store.subscribers.counts().values()))
    issues, due = app.store.issues, newest_due_slot(app.settings.weekly_rule, app.now())
    nonce = "ab" * 8
    number = issues.create(due, due.at, IssueStatus.APPROVED, "", nonce, app.now())
    assert number is not None
    link = slot(nonce, "unsubscribe_url")
    envelope = {
        "sender_name": "Test",
        "sender": "verdicts@example.com",
        "reply_to": None,
        "subject": "Ship or skip",
        "headers": {"List-Unsubscribe": f"<{link}>"},
        "at": app.now().isoformat(),
    }
    html = f'<a href="{link}">leave</a>'
    issues.move(
        number,
        IssueStatus.APPROVED,
        IssueStatus.SENDING,
        frozen_at=app.now(),
        envelope=json.dumps(envelope),
        html=html,
        text=f"Leave: {link}",
    )
    app.store.deliveries.freeze(number, size)
    return again(app, number)


def again(app: App, issue: Issue | int) -> Issue:
    """The issue as it is now; its kept counts are the counted ones."""
    found = app.store.issues.by_id(issue if isinstance(issue, int) else issue.id)
    assert found is not None
    if found.frozen_at:
        tally = app.store.deliveries.tally(found.id)
        kept = {name: getattr(found.counts, name) for name in tally}
        assert kept == dict(tally)
        assert sum(tally.values()) == found.counts.frozen
    return found


def batches(app: App, issue_id: int, *statuses: BatchStatus) -> list[BatchRow]:
    """Those of an issue, in these states or in any."""
    return app.store.deliveries.batches(issue_id, *(statuses or BatchStatus))


def detail_of(app: App, issue_id: int) -> set[str | None]:
    """Why those of an issue who were not accepted were not."""
    return {row["detail"] for row in app.store.deliveries.not_accepted(issue_id)}


@dataclass
class Hand:
    """A sender that a test moves by hand; waiting moves the clock, and `stop` says that it is time to stop."""

    app: App
    stop: bool = False
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner = self.app.owners.enter()
        self.deliverer = Deliverer(self.app, self.owner, self._wait)

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.app.now.advance(seconds=seconds)  # type: ignore[attr-defined]  # the clock of the tests
        return self.stop

    def run(self, most: int = 60) -> None:
        """Step until there is nothing to do now."""
        for _ in range(most):
            if not self.deliverer.step().worked:
                return
        raise AssertionError("it never comes to an end")

    def run_to_the_end(self, most: int = 60) -> None:
        """Step, wait and recover until nothing is left that could happen by itself."""
        for _ in range(most):
            step = self.deliverer.step()
            busy = self.deliverer.recover() or step.worked
            if not busy:
                if step.again_at is None and not self.app.store.deliveries.leased():
                    return
                self.app.now.advance(seconds=30)  # type: ignore[attr-defined]  # the clock of the tests
        raise AssertionError("it never comes to an end")
