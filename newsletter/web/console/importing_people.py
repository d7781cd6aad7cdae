"""Subscribers from a list of the operator's: looked at first, and then imported exactly so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.import_columns import Column, columns_of_list, is_recognised
from newsletter.app.import_subscribers import ImportReport, Wanted, import_upload, rejects_of
from newsletter.app.import_words import MEANS
from newsletter.app.imported_files import in_words
from newsletter.app.record import note
from newsletter.audience.arrivals import BadRow, Standing
from newsletter.errors import ContentChangedError, InputError
from newsletter.operators import Right
from newsletter.web.console.carrying import MOST_COLUMNS, chosen_columns, file_name, packed, unpacked, word
from newsletter.web.console.gate import Gate
from newsletter.web.guard import CARRIED_BYTES

_MOST_BAD = 50
_MOST_CELLS = 8
"""Columns of bad rows on a page."""
_CONSENT = 4000
_MOST_FIELDS = 2 * MOST_COLUMNS + 12
_READERS = ("new", "changed", "flagged")
_FIELDS = (
    ("email", "their e-mail address"),
    ("status", "whether they are subscribed"),
    ("joined_at", "when they came"),
    ("proof_at", "when they agreed"),
    ("proof_ip", "the IP address they agreed from"),
    ("left_at", "when they left"),
    ("topics", "their topics"),
)
_STANDINGS = (
    ("", "what the file says of each"),
    (Standing.ACTIVE, "subscribed"),
    (Standing.PENDING, "asked, and not confirmed"),
    (Standing.UNSUBSCRIBED, "unsubscribed"),
    (Standing.BOUNCED, "bounced"),
    (Standing.COMPLAINED, "complained of spam"),
    (Standing.DISABLED, "turned off"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A list, and what is said about it."""

    name: str = ""
    content: bytes = b""
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True)
class BadCells:
    """A bad row on a page: a cell of each column shown, and which of them is wrong (None: the whole row)."""

    row: BadRow
    cells: tuple[str, ...]
    wrong: int | None


def importing_people(app: App, gate: Gate) -> None:
    """`/console/import/subscribers`."""

    @gate.get("/import/subscribers", Right.EDIT)
    def open_form(request: Request) -> Response:
        return page(request, Asked())

    @gate.post("/import/subscribers", Right.EDIT)
    async def try_it(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
            file = form.get("file")
            name, content = "", b""
            if isinstance(file, UploadFile):
                name, content = file_name(file.filename, "upload.csv"), await file.read()
            asked = Asked(name, content, _wanted(form, chosen_columns(form)))
        if not asked.content:
            return page(request, asked, status=422, problem="The file is empty, or none was chosen.")
        return await run_in_threadpool(tried, request, asked)

    def tried(request: Request, asked: Asked, *, status: int = 200, problem: str = "") -> Response:
        try:
            report = import_upload(app, asked.name, asked.content, shown=None, wanted=asked.wanted)
        except InputError as error:
            columns = columns_of_list(asked.content, asked.name)
            if not columns or is_recognised(columns, asked.name, asked.wanted.columns, asked.wanted.status):
                return page(request, asked, status=422, problem=problem or str(error))
            return page(request, asked, status=422, problem=problem or error.what, columns=columns)
        return page(request, asked, status=status, problem=problem, report=report)

    @gate.post("/import/subscribers/look", Right.EDIT)
    async def look_again(request: Request) -> Response:
        """The same file, with something else said about it."""
        return await run_in_threadpool(look, request, await carried(request))

    def look(request: Request, form: FormData) -> Response:
        asked = _carried(form)
        try:
            return tried(request, replace(asked, wanted=_wanted(form, chosen_columns(form))))
        except InputError as error:  # two columns for one thing
            return tried(request, asked, status=422, problem=str(error))

    @gate.post("/import/subscribers/rejects", Right.EDIT)
    async def rejects(request: Request) -> Response:
        """All rows that have to be mended, as a file."""
        form = await carried(request)
        return await run_in_threadpool(set_aside, replace(_carried(form), wanted=_wanted(form, chosen_columns(form))))

    def set_aside(asked: Asked) -> Response:
        text = rejects_of(app, asked.name, asked.content, asked.wanted)
        headers = {"Content-Disposition": 'attachment; filename="rejects.csv"'}
        return Response(text.encode(errors="replace"), media_type="text/csv", headers=headers)

    @gate.post("/import/subscribers/apply", Right.EDIT)
    async def apply(request: Request) -> Response:
        form = await carried(request)
        asked = replace(_carried(form), wanted=_wanted(form, chosen_columns(form)))
        return await run_in_threadpool(applied, request, asked, word(form, "seen"), word(form, "stopping"))

    def applied(request: Request, asked: Asked, seen: str, ticked: str) -> Response:
        who = gate.caller(request).name

        def put_on_record(done: ImportReport) -> None:
            if done.stopping and ticked != str(done.stopping):
                raise UntickedError(
                    f"{done.stopping:,} active {'reader' if done.stopping == 1 else 'readers'} would get nothing from"
                    " now on.",
                    next_step="Tick that this is meant. Nothing was imported.",
                )
            what = ", ".join(f"{count:,} {kind}" for kind, count in done.counts.items() if count)
            note(app, who, "imported subscribers", detail=what, via="console")

        wanted = replace(asked.wanted, operator=who, via="console")
        try:
            import_upload(app, asked.name, asked.content, shown=seen, wanted=wanted, also=put_on_record)
        except ContentChangedError as error:
            return tried(request, asked, status=409, problem=str(error))
        except UntickedError as error:
            return tried(request, asked, status=422, problem=str(error))
        return gate.go("/subscribers?done=imported")

    def page(
        request: Request,
        asked: Asked,
        *,
        status: int = 200,
        problem: str = "",
        report: ImportReport | None = None,
        columns: tuple[Column, ...] = (),
    ) -> Response:
        """The form; or what comes of a list, where there is a `report`; or the question which of its columns is
        which, where there are some.
        """
        header, bad = _bad_cells(report) if report else ((), [])
        counts = report.counts if report else {}
        return gate.show(
            request,
            "subscriber_import",
            status=status,
            problem=problem,
            asked=asked,
            most=_CONSENT,
            report=report,
            kinds=[(kind, counts[kind], MEANS[kind], report.first.get(kind, ())) for kind in MEANS if counts.get(kind)]
            if report
            else (),
            header=header,
            bad=bad,
            readers=sum(counts.get(kind, 0) for kind in _READERS),
            earlier=in_words(app, report.earlier) if report and report.earlier else "",
            packed=packed(asked.content) if report or columns else "",
            columns=columns[:MOST_COLUMNS],
            more_columns=len(columns[MOST_COLUMNS:]),
            chosen={column: name for name, column in asked.wanted.columns.items()},
            fields=_FIELDS,
            standings=_STANDINGS,
            here="subscribers",
        )


class UntickedError(InputError):
    """Active readers would be stopped, and nobody said that this is meant."""


async def carried(request: Request) -> FormData:
    """The form of a page that carries the list."""
    async with request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=CARRIED_BYTES) as form:
        return form


def _carried(form: FormData) -> Asked:
    """Raises InputError for what no page of ours holds."""
    return Asked(file_name(word(form, "name"), "upload.csv"), unpacked(word(form, "content")), _wanted(form))


def _wanted(form: FormData, columns: Mapping[str, str] | None = None) -> Wanted:
    status = word(form, "status")
    return Wanted(
        word(form, "consent")[:_CONSENT].replace("\r\n", "\n"),
        bool(word(form, "reconfirm")),
        Standing(status) if status in tuple(Standing) else None,
        columns or {},
    )


def _bad_cells(report: ImportReport) -> tuple[tuple[str, ...], list[BadCells]]:
    """The columns shown of bad rows, those with something wrong among them, and the first of these rows."""
    bad = report.rejects[:_MOST_BAD]
    places = {name: place for place, name in reversed([*enumerate(report.header)])}
    wrong = [places[row.column] for row in bad if row.column in places]
    shown = sorted([*dict.fromkeys([*wrong, *range(len(report.header))])][:_MOST_CELLS])
    rows = []
    for row in bad:
        at = places.get(row.column)
        cells = tuple(row.cells[place] if place < len(row.cells) else "" for place in shown)
        rows.append(BadCells(row, cells, shown.index(at) if at in shown else None))
    return tuple(report.header[place] for place in shown), rows
