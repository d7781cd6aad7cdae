"""A list from elsewhere on its way in: laid out in temporary tables, planned against the store, and applied.

The tables belong to this thread's connection and lie on disk, so that a list of any length takes the same memory and
nobody who writes waits while it is read. Only apply() writes what stays, by a few statements for all rows at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from newsletter.audience.arrivals import Arrival, BadRow
from newsletter.audience.subscriber import address_hasher
from newsletter.store.arrivals_sql import APPLY, COME, FIRST, LAST, NEWCOMERS, PLAN, TABLES, TWICE
from newsletter.store.sqlite import Sqlite
from newsletter.store.times import text_of

_AT_ONCE = 5_000
_MANY = 50_000


class Kind(StrEnum):
    """What becomes of a row: each is of exactly one kind."""

    NEW = "new"
    CHANGED = "changed"
    """Somebody pending becomes active by their proof, or gets topics or a proof where they had none."""
    UNCHANGED = "unchanged"
    FLAGGED = "flagged"
    """No proof of consent: kept as pending, and mailed at most the question whether they want it."""
    SUPPRESSING = "suppressing"
    """They left or bounced where the list comes from, and are never mailed from now on."""
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    """They left here already; only they themselves can come back."""
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the plan goes by beside the rows."""

    name: str
    """Of the file; with the line it is the source of each proof."""
    now: datetime
    ips_since: datetime
    """An IP of a proof before that is not kept."""
    consent: str = ""
    """What everybody agreed to who brings no proof of their own; empty is not said."""
    reconfirm: bool = False
    ours: bool = False
    """Whether it is a list that we exported."""

    @property
    def values(self) -> dict[str, object]:
        """As the statements name them."""
        return {
            "name": self.name,
            "now": text_of(self.now),
            "ips_since": text_of(self.ips_since),
            "text_sha256": sha256(self.consent.encode()).hexdigest() if self.consent else "",
            "vouched": bool(self.consent) and not self.reconfirm,
            "reconfirm": self.reconfirm,
            "ours": self.ours,
        }


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan comes to. `digest`: hex, of the kind of every row in turn."""

    counts: dict[Kind, int]
    whys: dict[str, int]
    """`suppressing stops`, `flagged asked`, `changed activated` … → rows."""
    digest: str


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a kind. `email` is empty for a rejected one; `why` as the plan noted it."""

    line: int
    email: str
    why: str
    standing: str
    first_line: int | None = None
    """Of a duplicate: where the address stands that counts."""


@dataclass(slots=True)
class Laid:
    """What was laid out: bad rows by their kind, topics that are none of ours by how often they stood there."""

    rows: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    topics_left_out: int = 0


class Arrivals:
    """One list at a time per thread."""

    def __init__(self, database: Sqlite) -> None:
        self._database = database

    def lay(
        self,
        rows: Iterable[Arrival | BadRow],
        now: datetime,
        topics: Collection[str] | None,
        progress: Callable[[], None] = lambda: None,
    ) -> Laid:
        """Lay out all rows, in the order of the file; moments after `now` become `now`. Of the topics only those among
        `topics` are kept, None keeps all. `progress` is called every few thousand rows.
        """
        key = bytes.fromhex(self._database.value("SELECT value FROM meta WHERE key = 'hash_key'"))
        laid, source, hash_of = Laid(), iter(rows), address_hasher(key)
        with self._database.scratch():
            self.clear()
            for statement in TABLES:
                self._database.connection.execute(statement)
            while chunk := list(islice(source, _AT_ONCE)):
                self._lay(chunk, laid, hash_of, now, topics)
                progress()
            self._database.connection.execute(TWICE)
        return laid

    def _lay(
        self,
        chunk: list[Arrival | BadRow],
        laid: Laid,
        hash_of: Callable[[str], bytes],
        now: datetime,
        topics: Collection[str] | None,
    ) -> None:
        people, chosen, bad = [], [], []
        number, text_now = laid.rows, text_of(now)
        for number, row in enumerate(chunk, laid.rows + 1):
            if isinstance(row, BadRow):
                laid.bad[row.kind] += 1
                bad.append((number, row.line, json.dumps(row.cells), row.column, row.reason, row.fix, row.kind))
                continue
            joined, proof, left = row.joined_at, row.proof_at, row.left_at
            people.append(
                (
                    number,
                    row.line,
                    row.email,
                    hash_of(row.email),
                    row.standing.value,
                    joined and min(_text(joined), text_now),
                    proof and min(_text(proof), text_now),
                    row.proof_ip,
                    left and min(_text(left), text_now),
                    row.frequency,
                    row.zone,
                    row.paused_until and _text(row.paused_until),
                )
            )
            for topic in row.topics:
                if topics is None or topic in topics:
                    chosen.append((number, topic))
                else:
                    laid.topics_left_out += 1
        laid.rows = number
        many = self._database.connection.executemany
        many("INSERT INTO arrival VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", people)
        many("INSERT INTO arrival_topic VALUES (?, ?) ON CONFLICT DO NOTHING", chosen)
        many("INSERT INTO arrival_bad VALUES (?, ?, ?, ?, ?, ?, ?)", bad)

    def plan(self, rules: Rules) -> Planned:
        """Decide what becomes of every row as the store is now. Inside a transaction it is what apply() will do."""
        whys: Counter[str] = Counter()
        digest = sha256()
        with self._database.scratch():
            self._database.connection.execute("DELETE FROM arrival_plan")
            self._database.connection.execute(PLAN, rules.values)
            cursor = self._database.connection.execute("SELECT kind || ' ' || why FROM arrival_plan ORDER BY number")
            cursor.row_factory = None
            while found := cursor.fetchmany(_AT_ONCE):
                words = [word for (word,) in found]
                whys.update(words)
                digest.update("\n".join(words).encode())
            bad = int(self._database.value("SELECT count(*) FROM arrival_bad"))
        counts = dict.fromkeys(Kind, 0) | {Kind.REJECTED: bad}
        for word, count in whys.items():
            counts[Kind(word.partition(" ")[0])] += count
        reasons = {word: count for word, count in whys.items() if not word.endswith(" ")}
        return Planned(counts, reasons, digest.hexdigest())

    def transaction(self) -> AbstractContextManager[None]:
        """Store.transaction(), for as many rows as a list may have."""
        return self._database.large_transaction()

    def apply(self, rules: Rules) -> None:
        """Write what the newest plan() says. To be called in the transaction() in which that was made."""
        if rules.consent:
            self._database.change(
                "INSERT INTO consent_text VALUES (?, ?) ON CONFLICT DO NOTHING",
                (rules.values["text_sha256"], rules.consent),
            )
        come, there = (
            int(self._database.value(sql)) for sql in (NEWCOMERS, "SELECT COALESCE(sum(n), 0) FROM subscriber_count")
        )
        many = come > max(_MANY, there)
        values = rules.values | {"base": self._database.value(LAST)}
        with self._database.without_indexes("subscriber") if many else nullcontext():
            self._database.change(COME, values)
        for statement in APPLY:
            self._database.change(statement, values)

    def first(self, kind: Kind, limit: int) -> list[Example]:
        """The first rows of a kind, in the order of the file."""
        rows = self._database.query(FIRST, {"kind": str(kind), "limit": limit})
        return [Example(row["line"], row["email"], row["why"], row["standing"], row["first_line"]) for row in rows]

    def bad(self, limit: int = -1) -> Iterator[BadRow]:
        """The bad rows, in the order of the file. Read them to their end."""
        for row in self._database.each("SELECT * FROM arrival_bad ORDER BY number LIMIT ?", (limit,)):
            cells = tuple(json.loads(row["cells"]))
            yield BadRow(row["line"], cells, row["place"], row["reason"], row["fix"], row["kind"])

    def clear(self) -> None:
        """Drop what was laid out."""
        for table in ("arrival", "arrival_topic", "arrival_bad", "arrival_twice", "arrival_plan"):
            self._database.connection.execute(f"DROP TABLE IF EXISTS {table}")


def _text(moment: datetime) -> str:
    """As text_of(), quicker for what is in UTC as it should."""
    if moment.tzinfo is not UTC or moment.microsecond:
        return text_of(moment)
    return f"{moment.isoformat()[:19]}.000000+00:00"
