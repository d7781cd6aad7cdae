"""Comparisons from files of the operator's, pasted or from an address: looked at first, and then applied exactly so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.import_columns import columns_to_place
from newsletter.app.import_comparisons import (
    ENDINGS,
    ComparisonImport,
    Kind,
    Upload,
    import_uploads,
    needs_archive_answer,
)
from newsletter.app.import_places import fetch_upload
from newsletter.comparisons.rows import NEEDED, field_names
from newsletter.errors import ContentChangedError, InputError
from newsletter.operators import Right
from newsletter.web.console.carrying import MOST_COLUMNS, chosen_columns, file_name, packed, unpacked, word
from newsletter.web.console.gate import Gate
from newsletter.web.guard import CARRIED_BYTES, UPLOAD_BYTES

_MOST_FILES = 200
_MOST_FIELDS = 2 * _MOST_FILES + 2 * MOST_COLUMNS + 20
_MOST_WRONG = 50
_MOST_SHOWN = 20
"""Entries of one kind on a page."""
_MARK = re.compile(r"[0-9a-f]{16}")
_DOCUMENT = re.compile(r"^(- |\s*)(sides|slug|published_on):", re.MULTILINE)
_FIELDS = tuple((name, name.replace(".", ": ", 1).replace(".", " ").replace("_", " ")) for name in field_names())


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks for."""

    uploads: tuple[Upload, ...]
    archived: bool | None
    partial: bool
    columns: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    url: str = ""

    def look(self, app: App) -> ComparisonImport:
        """What would come of it."""
        return self.do(app, None, "")

    def do(self, app: App, seen: Sequence[str] | None, by: str) -> ComparisonImport:
        """Exactly what was seen. Raises ContentChangedError."""
        return import_uploads(
            app,
            self.uploads,
            archived=bool(self.archived),
            partial=self.partial,
            columns=self.columns,
            seen=seen,
            by=by,
            via="console",
        )


def importing(app: App, gate: Gate) -> None:
    """`/console/import/comparisons`, which is no address that a comparison can have."""

    @gate.get("/import/comparisons", Right.EDIT)
    def open_form(request: Request) -> Response:
        return form_page(request, Asked((), None, False))

    @gate.post("/import/comparisons", Right.EDIT)
    async def try_it(request: Request) -> Response:
        async with request.form(max_files=_MOST_FILES, max_fields=20, max_part_size=UPLOAD_BYTES) as form:
            files = [file for file in form.getlist("file") if isinstance(file, UploadFile) and file.filename]
            given = [await _given(file, number) for number, file in enumerate(files, 1)]
            text = word(form, "text")
            asked = _asked(form, _named_apart([*given, *_pasted(text)]))
            asked = replace(asked, text=text, url=word(form, "url").strip())
        return await run_in_threadpool(tried, request, asked)

    def tried(request: Request, asked: Asked) -> Response:
        if asked.archived is None and needs_archive_answer(app) and (asked.uploads or asked.url):
            problem = "This is the first import: say whether these are of the archive or may be in the next issue."
            return form_page(request, asked, status=422, problem=problem)
        try:
            fetched = (fetch_upload(app, asked.url),) if asked.url else ()
        except InputError as error:
            return form_page(request, asked, status=422, problem=str(error))
        asked = replace(asked, uploads=(*asked.uploads, *fetched))
        if not asked.uploads:
            problem = "There is nothing to import. Choose a file, paste a document, or give an address."
            return form_page(request, asked, status=422, problem=problem)
        return told(request, asked, asked.look(app))

    @gate.post("/import/comparisons/look", Right.EDIT)
    async def look_again(request: Request) -> Response:
        async with carried(request) as form:
            return await run_in_threadpool(again, request, form, look)

    @gate.post("/import/comparisons/apply", Right.EDIT)
    async def apply(request: Request) -> Response:
        async with carried(request) as form:
            return await run_in_threadpool(again, request, form, applied)

    def again(request: Request, form: FormData, then: Callable[[Request, Asked, list[str]], Response]) -> Response:
        """What came back from a page of ours, with the files in it."""
        uploads = tuple(_carried(form))
        if not uploads:
            problem = "There is nothing to import. Choose a file first."
            return form_page(request, Asked((), None, False), status=422, problem=problem)
        marks = _marks(word(form, "seen"))
        try:
            asked = _asked(form, uploads)
        except InputError as error:
            asked = Asked(uploads, _archived(form), bool(word(form, "partial")))
            return told(request, asked, asked.look(app), status=422, problem=str(error))
        return then(request, asked, marks)

    def look(request: Request, asked: Asked, marks: list[str]) -> Response:
        return told(request, asked, asked.look(app))

    def applied(request: Request, asked: Asked, marks: list[str]) -> Response:
        try:
            counts = asked.do(app, marks, gate.caller(request).name).counts
        except ContentChangedError as error:
            return told(request, asked, asked.look(app), status=409, problem=str(error))
        return gate.go(f"/comparisons?new={counts['new']}&changed={counts['changed']}")

    def form_page(request: Request, asked: Asked, *, status: int = 200, problem: str = "") -> Response:
        return gate.show(
            request,
            "comparison_import",
            status=status,
            problem=problem,
            asked=asked,
            first=needs_archive_answer(app),
            endings=", ".join(ENDINGS),
            done=None,
            here="comparisons",
        )

    def told(
        request: Request, asked: Asked, done: ComparisonImport, *, status: int = 200, problem: str = ""
    ) -> Response:
        """Goes on with the sources of which something is stored; those with errors stay behind, unless it can be said
        which of their columns is which.
        """
        columns = columns_to_place(asked.uploads)
        refused = {entry.source for entry in done.entries if entry.kind is Kind.REJECTED}
        left = set() if columns else refused
        marks = [mark for entry, mark in zip(done.entries, done.marks, strict=True) if entry.source not in left]
        counts = done.counts
        pairs = list(zip(done.entries, done.changes, strict=True))
        return gate.show(
            request,
            "comparison_import",
            status=status,
            problem=problem,
            asked=asked,
            done=done,
            counts=counts,
            wrong=done.wrong[:_MOST_WRONG],
            groups=[
                (kind, counts[kind], [pair for pair in pairs if pair[0].kind is kind][:_MOST_SHOWN])
                for kind in (Kind.CHANGED, Kind.NEW, Kind.UNCHANGED)
                if counts[kind]
            ],
            files=len(asked.uploads),
            left_out=len(refused),
            kept=[(upload.name, packed(upload.content)) for upload in asked.uploads if upload.name not in left],
            seen=json.dumps(marks, separators=(",", ":")),
            to_apply=counts["new"] + counts["changed"],
            columns=columns[:MOST_COLUMNS],
            more_columns=len(columns[MOST_COLUMNS:]),
            chosen={column: name for name, column in asked.columns.items()},
            fields=_FIELDS,
            needed=NEEDED,
            endings=", ".join(ENDINGS),
            here="comparisons",
        )


def carried(request: Request) -> AbstractAsyncContextManager[FormData]:
    """The form of a page that carries files."""
    return request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=CARRIED_BYTES)


def _asked(form: FormData, uploads: tuple[Upload, ...]) -> Asked:
    """Raises InputError where two columns are given as one field."""
    return Asked(uploads, _archived(form), bool(word(form, "partial")), chosen_columns(form))


async def _given(file: UploadFile, number: int) -> Upload:
    return Upload(file_name(file.filename, f"file {number}"), await file.read())


def _carried(form: FormData) -> Iterator[Upload]:
    """Raises InputError for what we did not pack, or more of it than anybody may hand in."""
    left = 2 * UPLOAD_BYTES  # of files, and of an address
    for name, content in zip(form.getlist("name"), form.getlist("content"), strict=False):
        upload = Upload(str(name), unpacked(str(content)))
        left -= len(upload.content)
        if left < 0:
            raise InputError("This form holds more than we take.", next_step="Import fewer files at once.")
        yield upload


def _named_apart(uploads: list[Upload]) -> tuple[Upload, ...]:
    """Each under a name of its own: what is refused is left out by its name."""
    names = [upload.name for upload in uploads]
    return tuple(
        replace(upload, name=f"{place}: {upload.name}") if names.count(upload.name) > 1 else upload
        for place, upload in enumerate(uploads, 1)
    )


def _pasted(text: str) -> tuple[Upload, ...]:
    """What was pasted, under a name that tells how it is read."""
    if not text.strip():
        return ()
    ending = "json" if text.lstrip()[0] in "[{" else "yaml" if _DOCUMENT.search(text) else "txt"
    if "left.name" in text.lstrip().partition("\n")[0]:
        ending = "csv"
    return (Upload(f"pasted.{ending}", text.encode("utf-8", "surrogatepass")),)


def _archived(form: FormData) -> bool | None:
    return {"archive": True, "new": False}.get(word(form, "kind"))


def _marks(text: str) -> list[str]:
    """Those of a dry run. Raises InputError where it is no list of them."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(mark, str) and _MARK.fullmatch(mark) for mark in found):
        raise InputError("This form is not whole.", next_step="Start the import again.")
    return found
