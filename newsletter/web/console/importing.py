"""Comparisons from files of the operator's or pasted: looked at first, and then applied exactly so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.import_comparisons import (
    ENDINGS,
    ComparisonImport,
    Kind,
    Upload,
    import_uploads,
    needs_archive_answer,
)
from newsletter.errors import ContentChangedError, InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate
from newsletter.web.guard import UPLOAD_BYTES

_MOST_FILES = 200
_MOST_SHOWN = 500
"""Entries of one kind on a page."""
_MARK = re.compile(r"[0-9a-f]{16}")
_DOCUMENT = re.compile(r"^(- |\s*)(sides|slug|published_on):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks for."""

    uploads: tuple[Upload, ...]
    archived: bool | None
    partial: bool


def importing(app: App, gate: Gate) -> None:
    """`/console/import/comparisons`, which is no address that a comparison can have."""

    @gate.get("/import/comparisons", Right.EDIT)
    def open_form(request: Request) -> Response:
        return form_page(request)

    @gate.post("/import/comparisons", Right.EDIT)
    async def try_it(request: Request) -> Response:
        async with request.form(max_files=_MOST_FILES, max_fields=20, max_part_size=UPLOAD_BYTES) as form:
            files = [file for file in form.getlist("file") if isinstance(file, UploadFile) and file.filename]
            given = [await _given(file, number) for number, file in enumerate(files, 1)]
            pasted = _word(form, "text")
            asked = Asked(_named_apart([*given, *_pasted(pasted)]), _archived(form), bool(_word(form, "partial")))
        return await run_in_threadpool(tried, request, asked, pasted)

    def tried(request: Request, asked: Asked, pasted: str) -> Response:
        problem = ""
        if not asked.uploads:
            problem = "There is nothing to import. Choose a file, or paste a document."
        elif asked.archived is None and needs_archive_answer(app):
            problem = "This is the first import: say whether these are of the archive or may be in the next issue."
        if problem:
            return form_page(request, status=422, problem=problem, text=pasted)
        return told(
            request, asked, import_uploads(app, asked.uploads, archived=bool(asked.archived), partial=asked.partial)
        )

    @gate.post("/import/comparisons/apply", Right.EDIT)
    async def apply(request: Request) -> Response:
        async with request.form(max_fields=2 * _MOST_FILES + 20, max_part_size=UPLOAD_BYTES) as form:
            names, contents = form.getlist("name"), form.getlist("content")
            uploads = tuple(
                Upload(str(name), str(content).encode()) for name, content in zip(names, contents, strict=False)
            )
            asked = Asked(uploads, _archived(form), bool(_word(form, "partial")))
            marks = _marks(_word(form, "seen"))
        return await run_in_threadpool(applied, request, asked, marks)

    def applied(request: Request, asked: Asked, marks: list[str]) -> Response:
        archived = bool(asked.archived)
        if not asked.uploads:
            return form_page(request, status=422, problem="There is nothing to import. Choose a file first.")
        try:
            counts = import_uploads(
                app,
                asked.uploads,
                archived=archived,
                partial=asked.partial,
                seen=marks,
                by=gate.caller(request).name,
                via="console",
            ).counts
        except ContentChangedError as error:
            now = import_uploads(app, asked.uploads, archived=archived, partial=asked.partial)
            return told(request, asked, now, status=409, problem=str(error))
        return gate.go(f"/comparisons?new={counts['new']}&changed={counts['changed']}")

    def form_page(request: Request, *, status: int = 200, problem: str = "", text: str = "") -> Response:
        return gate.show(
            request,
            "comparison_import",
            status=status,
            problem=problem,
            text=text,
            first=needs_archive_answer(app),
            endings=", ".join(ENDINGS),
            done=None,
            here="comparisons",
        )

    def told(
        request: Request, asked: Asked, done: ComparisonImport, *, status: int = 200, problem: str = ""
    ) -> Response:
        """Goes on with the sources of which something is stored; those with errors stay behind."""
        refused = {entry.source for entry in done.entries if entry.kind is Kind.REJECTED}
        kept = [upload for upload in asked.uploads if upload.name not in refused]
        marks = [mark for entry, mark in zip(done.entries, done.marks, strict=True) if entry.source not in refused]
        counts = done.counts
        pairs = list(zip(done.entries, done.changes, strict=True))
        return gate.show(
            request,
            "comparison_import",
            status=status,
            problem=problem,
            done=done,
            counts=counts,
            groups=[
                (kind, counts[kind], [pair for pair in pairs if pair[0].kind is kind][:_MOST_SHOWN])
                for kind in (Kind.REJECTED, Kind.CHANGED, Kind.NEW)
                if counts[kind]
            ],
            files=len(asked.uploads),
            left_out=len(asked.uploads) - len(kept),
            kept=[(upload.name, upload.content.decode("utf-8-sig")) for upload in kept],
            seen=json.dumps(marks, separators=(",", ":")),
            archived=bool(asked.archived),
            partial=asked.partial,
            to_apply=counts["new"] + counts["changed"],
            here="comparisons",
        )


async def _given(file: UploadFile, number: int) -> Upload:
    name = "".join(one for one in (file.filename or "").replace("\\", "/").rpartition("/")[2] if one.isprintable())
    return Upload(name[-120:] or f"file {number}", await file.read())


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
    return (Upload(f"pasted.{ending}", text.encode("utf-8", "surrogatepass")),)


def _word(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _archived(form: FormData) -> bool | None:
    return {"archive": True, "new": False}.get(_word(form, "kind"))


def _marks(text: str) -> list[str]:
    """Those of a dry run. Raises InputError where it is no list of them."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(mark, str) and _MARK.fullmatch(mark) for mark in found):
        raise InputError("This form is not whole.", next_step="Start the import again.")
    return found
