"""A newsletter as its operator has it after years: every list of the console is long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.town import make_town
from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.issues import IssueStatus
from newsletter.store.sqlite import Sqlite

_GIVEN = (
    *("amara", "bela", "chidi", "dana", "emeka", "fatou", "goran", "hana"),
    *("ines", "jonas", "kaya", "lena", "milo", "nadia", "omar", "petra"),
)
_FAMILY = (
    *("abara", "brandt", "castillo", "dimitrov", "engel", "fischer"),
    *("gomez", "haddad", "ivanova", "jansen", "kowalski", "lindqvist"),
)
_DOMAINS = ("example.com", "mail.example.com", "post.example.net", "letters.example.org", "works.example.net")
_TOPICS = ("developer-tools", "writing", "design", "research", "data")
_RARE = "music"
_LIKELY = (("delivered", 960), ("hard_bounce", 966), ("soft_bounce", 974), ("complaint", 975), ("", 1000))
"""What became of a mail, and up to which part of a thousand."""


@dataclass(frozen=True)
class Years:
    """What is in it. `sent`: the keys of large issues, newest first; the others are one issue each."""

    app: App
    sent: list[str]
    sending: str
    draft: str
    approved: str
    correction: str
    slugs: list[str]
    tools: list[str]
    subscribers: int


def make_years(folder: Path, comparisons: int, subscribers: int, issues: int) -> Years:
    """So many `issues` that went to every one of the `subscribers`, and an event for each mail of them; one more issue
    is being sent. The caller closes its app.
    """
    town = make_town(folder, comparisons, 0)
    app, database = town.app, town.app.store.database
    for pragma in ("synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
        database.query(f"PRAGMA {pragma}")
    _people(app, subscribers)
    sending, *sent = town.keys[: issues + 1]
    with app.store.transaction():
        for number, key in enumerate(sent):
            _went(database, key, number)
    with app.store.transaction():
        _refreeze(app, sending)
    _events(database, subscribers)
    _traces(app, subscribers)
    _, correction = correct_issue(app, sent[0], "One price was wrong.", reason="Its readers decided by it.")
    assert correction is not None
    draft, approved = (_drafted(database, sending, weeks) for weeks in (1, 2))
    approve_issue(app, approved)
    for pragma in ("optimize", "synchronous = FULL", "cache_size = -2000", "wal_checkpoint(TRUNCATE)"):
        database.query(f"PRAGMA {pragma}")
    return Years(app, sent, sending, draft, approved, correction.key, town.slugs, town.tools, subscribers)


def _drafted(database: Sqlite, key: str, weeks: int) -> str:
    """The draft of an issue so many weeks later, of the same comparisons; its key."""
    issue = database.one("SELECT id, slot FROM issue WHERE key = ?", (key,))
    assert issue is not None
    day = date.fromisoformat(issue["slot"]) + timedelta(weeks=weeks)
    year, week, _ = day.isocalendar()
    new = f"{year}-W{week:02}"
    new_id = database.insert(
        "INSERT INTO issue (key, slot, slot_at, cutoff_at, status, created_at, nonce, subject, preheader)"
        " SELECT ?, ?, slot_at, cutoff_at, 'draft', created_at, nonce, subject, preheader FROM issue WHERE id = ?",
        (new, day.isoformat(), issue["id"]),
    )
    for table in ("issue_item", "issue_choice"):
        names = [row["name"] for row in database.query(f"PRAGMA table_info({table})") if row["name"] != "issue_id"]
        columns = ", ".join(names)
        database.change(
            f"INSERT INTO {table} (issue_id, {columns}) SELECT ?, {columns} FROM {table} WHERE issue_id = ?",
            (new_id, issue["id"]),
        )
    return new


def _people(app: App, count: int) -> None:
    """Nine of ten active; the others left, have not confirmed, or are erased."""
    database, people, now = app.store.database, app.store.subscribers, datetime.now(UTC)

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(count):
            address = address_of(number)
            came = (now - timedelta(minutes=(count - number) * 2_000_000 // count)).isoformat(timespec="microseconds")
            left = (now - timedelta(minutes=number * 7919 % 1_000_000)).isoformat(timespec="microseconds")
            kind = number % 100
            status = "active" if kind < 90 else "unsubscribed" if kind < 96 else "pending" if kind < 98 else "erased"
            yield (
                None if status == "erased" else address,
                None if status == "erased" else people.hash_of(address),
                status,
                came,
                None if status == "pending" else came,
                left if status == "unsubscribed" else None,
                "topics" if kind < 5 else "weekly",
            )

    with database.transaction():
        database.change_many(
            "INSERT INTO subscriber (email, address_hash, status, created_at, confirmed_at, unsubscribed_at, frequency)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows(),
        )
        for place, topic in enumerate(_TOPICS):
            database.change(
                "INSERT INTO subscriber_topic SELECT id, ? FROM subscriber WHERE status = 'active' AND id % ? = 0",
                (topic, place + 2),
            )
        database.change("INSERT INTO subscriber_topic SELECT id, ? FROM subscriber WHERE id % 5003 = 0", (_RARE,))
        database.change(
            "INSERT INTO consent (subscriber_id, kind, at, source, text_sha256)"
            " SELECT id, 'asked', created_at, 'form', '' FROM subscriber"
        )
        database.change(
            "INSERT INTO suppression (address_hash, reason, created_at) SELECT address_hash,"
            " CASE id % 3 WHEN 0 THEN 'hard_bounce' WHEN 1 THEN 'complaint' ELSE 'operator' END, created_at"
            " FROM subscriber WHERE address_hash IS NOT NULL AND id % 20 = 7"
        )


def address_of(number: int) -> str:
    """Of the subscriber who came as the `number`th."""
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number // 16 % len(_FAMILY)]
    return f"{given}.{family}{number // 192}@{_DOMAINS[number * 31 % len(_DOMAINS)]}"


def _went(database: Sqlite, key: str, number: int) -> None:
    """An issue that everybody with an address got, and what was reported of each mail."""
    issue = database.one("SELECT id, slot_at FROM issue WHERE key = ?", (key,))
    assert issue is not None
    place = "(id * 7919 + :number * 104729) % 1000"
    outcome = " ".join(f"WHEN {place} < {below} THEN {name!r}" for name, below in _LIKELY if name)
    database.change(
        "INSERT INTO delivery (issue_id, subscriber_id, status, outcome, outcome_at, provider_id)"
        f" SELECT :issue, id, CASE WHEN {place} >= 998 THEN 'rejected' WHEN {place} = 997 THEN 'unknown'"
        f" ELSE 'accepted' END, CASE {outcome} END, CASE WHEN {place} < 975 THEN :at END,"
        " CAST(printf('%08x-0000-4000-8000-%012x', :issue, id) AS BLOB)"
        " FROM subscriber WHERE email IS NOT NULL ORDER BY id",
        {"issue": issue["id"], "number": number, "at": issue["slot_at"]},
    )
    database.change(
        "INSERT INTO batch (issue_id, number, first_id, last_id, size, status, provider, first_sent_at)"
        " SELECT issue_id, 1 + (place - 1) / 100, min(id), max(id), count(*),"
        " CASE max(status = 'unknown') WHEN 1 THEN 'unknown' ELSE 'settled' END, 'resend', 1e9 FROM"
        " (SELECT issue_id, subscriber_id AS id, status, row_number() OVER (ORDER BY subscriber_id) AS place"
        "  FROM delivery WHERE issue_id = ?) AS numbered GROUP BY (place - 1) / 100",
        (issue["id"],),
    )
    counts = {
        row["status"]: row["n"]
        for row in database.query(
            "SELECT status, count(*) AS n FROM delivery WHERE issue_id = ? GROUP BY status", (issue["id"],)
        )
    }
    database.change(
        "UPDATE issue SET frozen = ?, waiting = 0, accepted = ?, rejected = ?, unknown = ?, finished_at = slot_at,"
        " frozen_at = slot_at WHERE id = ?",
        (sum(counts.values()), *(counts.get(name, 0) for name in ("accepted", "rejected", "unknown")), issue["id"]),
    )


def _refreeze(app: App, key: str) -> None:
    """The issue that stands on its way to ten readers goes to all of them."""
    issue = app.store.issues.by_key(key)
    assert issue is not None
    assert issue.status is IssueStatus.SENDING
    database = app.store.database
    for table in ("delivery", "batch"):
        database.change(f"DELETE FROM {table} WHERE issue_id = ?", (issue.id,))
    app.store.issues.shift(issue.id, frozen=-issue.counts.frozen, waiting=-issue.counts.waiting)
    app.store.deliveries.freeze(issue.id, 100)


def _events(database: Sqlite, recent: int) -> None:
    """One for each mail; of the last ones the words are there still, and a few nobody could read."""
    with database.transaction():
        database.change(
            "INSERT INTO event (provider, report_id, raw, received_at, status, detail) SELECT 'resend',"
            " printf('msg_%06d_%012d', issue_id, subscriber_id), X'', outcome_at,"
            " CASE subscriber_id % 10000 WHEN 7 THEN 'unreadable' WHEN 8 THEN 'unmatched' ELSE 'applied' END, ''"
            " FROM delivery WHERE outcome_at IS NOT NULL"
        )
        database.change(
            "INSERT INTO event (provider, report_id, raw, received_at, status, detail) SELECT 'resend',"
            " printf('msg_%06d_%012d', issue_id, subscriber_id), CAST(printf('{\"id\":\"%0300d\"}', subscriber_id) AS"
            " BLOB), (SELECT max(received_at) FROM event), 'applied', '' FROM delivery WHERE outcome_at IS NULL"
            " LIMIT ?",
            (recent,),
        )


def _traces(app: App, people: int) -> None:
    """Mails to one person, votes, the record of what operators did, and an outbox that nobody emptied."""
    database, now = app.store.database, datetime.now(UTC).isoformat(timespec="microseconds")
    with database.transaction():
        database.change(
            "INSERT INTO message (key, kind, subscriber_id, address, envelope, html, text, created_at, status)"
            " SELECT 'welcome/' || id, 'welcome', id, '', '{}', '', '', created_at, 'accepted' FROM subscriber"
        )
        database.change(
            "INSERT INTO vote (subscriber_id, tool, choice, at) SELECT subscriber.id, tool,"
            " CASE WHEN subscriber.id % 3 THEN 'ship' ELSE 'skip' END, ? FROM subscriber"
            " JOIN (SELECT DISTINCT tool FROM comparison_tool ORDER BY tool LIMIT 5) ON subscriber.id % 5 = 0",
            (now,),
        )
        database.change(
            "INSERT INTO tally (tool, ship, skip) SELECT tool, count(CASE choice WHEN 'ship' THEN 1 END),"
            " count(CASE choice WHEN 'skip' THEN 1 END) FROM vote GROUP BY tool"
        )
        database.change(
            "INSERT INTO audit (at, operator, act, subject, via) SELECT created_at, 'bea@example.com',"
            " 'unsubscribed them on request', 'subscriber ' || id, 'console' FROM subscriber WHERE id % 5 = 0"
        )
        database.change(
            "INSERT INTO comparison_revision (comparison_id, changed_at, document)"
            " SELECT id, changed_at, replace(document, 'Free', 'Paid') FROM comparison"
        )
    folder = app.settings.delivery.outbox.folder / "2020-W01"
    folder.mkdir(parents=True)
    for number in range(min(20_000, people // 10)):
        words = (
            f"To: {address_of(number)}\r\nSubject: The week\r\nContent-Type: text/html\r\n\r\n<p>Number {number}.</p>"
        )
        (folder / f"{number}.eml").write_bytes(words.encode())
