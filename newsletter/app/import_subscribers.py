"""Subscribers from a list of elsewhere: a plan first, then exactly that plan, in one short transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from newsletter.app.container import App
from newsletter.app.import_words import reason_of, what_changed
from newsletter.app.imported_files import content_of, recognise, remember
from newsletter.audience.arrivals import BadRow, Standing, instructions
from newsletter.audience.consent import IP_RETENTION
from newsletter.audience.dialects import Reading, arrivals
from newsletter.audience.products import OURS
from newsletter.errors import ContentChangedError, InputError
from newsletter.store.arrivals import Kind, Laid, Planned, Rules
from newsletter.store.import_runs import ImportRun
from newsletter.tables import write_table

SHOWN = 20
"""Rows of each kind that a plan shows."""

_ASIDE = ("line", "what is wrong", "what helps")
"""The first columns of a rejects file, which is imported again once it is mended: no list may mean them otherwise."""

MOST_REJECTS = 1_000
"""Bad rows that a report holds; the rejects file has all."""

Progress = Callable[[int], None]
"""Called with the bytes that were read since the last call."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator says beside the file, and who they are."""

    consent: str = ""
    """What these people agreed to, where and when: the proof of everybody who brings none of their own."""
    reconfirm: bool = False
    """Ask those who bring none whether they want it, instead."""
    status: Standing | None = None
    """How all of them stand, for a list that does not say it."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What we call a column → what the file calls it."""
    operator: str = "command line"
    via: str = "command line"


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of a plan. `email` is empty where it has none that can be used."""

    line: int
    email: str
    reason: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do."""

    name: str
    counts: dict[str, int]
    """Kind → rows, every Kind; their sum is the rows of the file."""
    stopping: int
    """Of those suppressed by this: readers who are active here and get nothing from now on."""
    asking: int
    """Of those flagged: people who are sent the question whether they want it."""
    topics_left_out: int
    """Tags of theirs that are no topics here."""
    first: dict[str, tuple[Shown, ...]]
    """Kind → the first SHOWN rows of it."""
    instructions: tuple[str, ...]
    """What is to be mended in the bad rows, counted."""
    rejects: tuple[BadRow, ...]
    """At most MOST_REJECTS."""
    rejects_file: Path | None
    """Where all bad rows went, if there were any and the list was a file."""
    dialect: str
    encoding: str
    sha256: str
    """Hex, of the bytes of the file."""
    earlier: ImportRun | None
    """Where a file of these bytes was applied before."""
    header: tuple[str, ...]
    """The columns in which the cells of a bad row stand; none where nothing is known of them."""
    mark: str
    """Of what was read, what was said and what comes of it: two of a kind are the same plan."""


def import_subscribers(
    app: App,
    path: Path,
    consent: str = "",
    *,
    dry_run: bool,
    progress: Progress = lambda count: None,
    wanted: Wanted | None = None,
) -> ImportReport:
    """Import a file, or tell what would come of it. Who left or is suppressed is never revived.

    Bad rows go to `NAME.rejects.csv` beside the file. Raises InputError where the file cannot be read at all; then
    nothing is imported.
    """
    with read_file(app, path, wanted or Wanted(consent), progress) as read:
        return read.look() if dry_run else read.apply()


def import_upload(
    app: App,
    name: str,
    content: bytes | BinaryIO,
    consent: str = "",
    *,
    shown: str | None,
    wanted: Wanted | None = None,
    also: Callable[[ImportReport], None] = lambda report: None,
) -> ImportReport:
    """The same of a file that somebody sent us: a dry run while nothing was `shown`, after that exactly the plan whose
    mark that is. Raises InputError as import_subscribers() does, ContentChangedError where another plan comes of it.

    `also` is done in the same transaction.
    """
    source = BytesIO(content) if isinstance(content, bytes) else content
    with read_list(app, re.split(r"[/\\]", name)[-1], source, wanted or Wanted(consent)) as read:
        return read.look() if shown is None else read.apply(shown=shown, also=also)


def rejects_of(app: App, name: str, content: bytes, wanted: Wanted) -> str:
    """The CSV of all rows that have to be mended in a file that somebody sent us. Raises InputError where it cannot be
    read.
    """
    with read_list(app, name, BytesIO(content), wanted) as read:
        return "".join(read.rejects())


@contextmanager
def read_file(
    app: App, path: Path, wanted: Wanted, progress: Progress = lambda count: None
) -> Iterator[SubscriberImport]:
    """A file, read and laid out; its bad rows are in `NAME.rejects.csv` beside it. Raises InputError."""
    try:
        source = path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", next_step="See that it is there.") from None
    with source, read_list(app, path.name, source, wanted, progress) as read:
        read.set_aside(path.with_suffix(".rejects.csv"))
        yield read


@contextmanager
def read_list(
    app: App, name: str, source: BinaryIO, wanted: Wanted, progress: Progress = lambda count: None
) -> Iterator[SubscriberImport]:
    """A list from its beginning, read and laid out; `name` is of the file. Raises InputError."""
    read = 0

    def on() -> None:
        nonlocal read
        before, read = read, max(read, source.tell())  # a workbook is not read from front to back
        progress(read - before)

    name = "".join(one for one in name if one.isprintable()) or "list"
    content = content_of(source)
    wanted = replace(wanted, consent=wanted.consent.strip())
    reading = arrivals(source, name, columns=wanted.columns or None, status=wanted.status)
    today = app.now().astimezone(app.settings.zone).date()
    ours = reading.dialect == OURS.name  # what they chose here is kept, also where its last comparison is gone
    topics = None if ours else {topic.slug for topic in app.store.catalogue.topics(today)}
    try:
        laid = app.store.arrivals.lay(reading.rows, app.now(), topics, on)
        yield SubscriberImport(app, name, content, wanted, reading, laid)
    finally:
        app.store.arrivals.clear()


class SubscriberImport:
    """A list that lies ready: look() at what comes of it, then apply() exactly that."""

    def __init__(self, app: App, name: str, content: str, wanted: Wanted, reading: Reading, laid: Laid) -> None:
        self._app = app
        self._name = name
        self._content = content
        self._wanted = wanted
        self._reading = reading
        self._laid = laid
        self._rejects_file: Path | None = None
        now = app.now()
        ours = reading.dialect == OURS.name
        self._rules = Rules(name, now, now - IP_RETENTION, wanted.consent, wanted.reconfirm, ours)

    def look(self) -> ImportReport:
        """What would come of it now."""
        return self._report(self._app.store.arrivals.plan(self._rules))

    def apply(
        self, *, shown: str | None = None, also: Callable[[ImportReport], None] = lambda report: None
    ) -> ImportReport:
        """Do it, and in the same transaction `also`. Raises ContentChangedError where what was `shown`, the mark of a
        plan, is not what would come of it now: then nothing is done.
        """
        app, wanted = self._app, self._wanted
        with app.store.arrivals.transaction():
            report = self._report(app.store.arrivals.plan(self._rules))
            if shown is not None and shown != report.mark:
                raise ContentChangedError(what_changed(shown, report.mark), next_step="Look at the new plan first.")
            app.store.arrivals.apply(self._rules)
            remember(
                app,
                "subscribers",
                self._content,
                self._name,
                report.counts,
                operator=wanted.operator,
                via=wanted.via,
            )
            also(report)
        return report

    def set_aside(self, path: Path) -> None:
        """Write the bad rows into a file, each with its line, reason and fix; none where there are none."""
        if not self._laid.bad:
            return
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(self.rejects())
        except OSError as error:
            raise InputError(
                f"{path}, where the rows to be mended go, cannot be written: {error.strerror}.",
                next_step="Move the list to a folder that you may write to. Nothing was imported.",
            ) from None
        self._rejects_file = path

    def rejects(self) -> Iterator[str]:
        """Lines of a CSV of all bad rows, its formulas made inert: their line, reason and fix before what they hold."""
        yield from write_table([(*_ASIDE, *(self._reading.header or ("cells",)))])
        rows = ((str(bad.line), bad.reason, bad.fix, *bad.cells) for bad in self._app.store.arrivals.bad())
        yield from write_table(rows)

    def _report(self, planned: Planned) -> ImportReport:
        first = {str(kind): self._first(kind) for kind, count in planned.counts.items() if count}
        return ImportReport(
            self._name,
            {str(kind): count for kind, count in planned.counts.items()},
            planned.whys.get("suppressing stops", 0),
            planned.whys.get("flagged asked", 0),
            self._laid.topics_left_out,
            first,
            tuple(instructions(self._laid.bad)),
            tuple(self._app.store.arrivals.bad(MOST_REJECTS)),
            self._rejects_file,
            self._reading.dialect,
            self._reading.encoding,
            self._content,
            recognise(self._app, "subscribers", self._content),
            self._reading.header,
            self._mark(planned),
        )

    def _first(self, kind: Kind) -> tuple[Shown, ...]:
        if kind is Kind.REJECTED:
            return tuple(Shown(bad.line, "", bad.reason, bad.fix) for bad in self._app.store.arrivals.bad(SHOWN))
        found = self._app.store.arrivals.first(kind, SHOWN)
        return tuple(Shown(one.line, one.email, reason_of(kind, one)) for one in found)

    def _mark(self, planned: Planned) -> str:
        """What was read and said; what comes of every row; how many of each kind, to tell what changed."""
        wanted = self._wanted
        said = (
            self._content,
            self._name,
            wanted.consent,
            wanted.reconfirm,
            str(wanted.status),
            sorted(wanted.columns.items()),
        )
        comes = f"{planned.digest} {self._laid.topics_left_out}"
        numbers = ".".join(str(planned.counts[kind]) for kind in Kind)
        return f"{sha256(repr(said).encode()).hexdigest()[:24]}-{sha256(comes.encode()).hexdigest()[:24]}-{numbers}"
