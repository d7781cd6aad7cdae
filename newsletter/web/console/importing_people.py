"""Subscribers from a CSV file of the operator's: looked at first, and then imported exactly so."""

from __future__ import annotations

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.import_subscribers import ImportReport, import_upload
from newsletter.app.record import note
from newsletter.errors import ContentChangedError, InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate
from newsletter.web.guard import UPLOAD_BYTES

_REJECTS = 20
_CONSENT = 4000


def importing_people(app: App, gate: Gate) -> None:
    """`/console/import/subscribers`."""

    @gate.get("/import/subscribers", Right.EDIT)
    def open_form(request: Request) -> Response:
        return page(request)

    @gate.post("/import/subscribers", Right.EDIT)
    async def try_it(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=5) as form:
            file = form.get("file")
            name, content = (_name(file), await file.read()) if isinstance(file, UploadFile) else ("", b"")
            consent = _word(form, "consent")
        if not content:
            return page(request, status=422, problem="The file is empty, or none was chosen.", consent=consent)
        return await run_in_threadpool(tried, request, name, content, consent)

    def tried(
        request: Request, name: str, content: bytes, consent: str, *, status: int = 200, problem: str = ""
    ) -> Response:
        try:
            report = import_upload(app, name, content, consent, shown=None)
        except InputError as error:
            return page(request, status=422, problem=str(error), consent=consent)
        return page(
            request, status=status, problem=problem, consent=consent, name=name, report=report, packed=packed(content)
        )

    @gate.post("/import/subscribers/apply", Right.EDIT)
    async def apply(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=8, max_part_size=UPLOAD_BYTES) as form:
            name, consent, seen = (_word(form, one) for one in ("name", "consent", "seen"))
            content = unpacked(_word(form, "content"))
        return await run_in_threadpool(applied, request, name, content, consent, seen)

    def applied(request: Request, name: str, content: bytes, consent: str, seen: str) -> Response:
        try:
            with app.store.transaction():
                done = import_upload(app, name, content, consent, shown=seen)
                what = f"{done.counts['new']} new, {done.counts['confirmed']} confirmed"
                note(app, gate.caller(request).name, "imported subscribers", detail=what, via="console")
        except ContentChangedError as error:
            return tried(request, name, content, consent, status=409, problem=str(error))
        return gate.go("/subscribers?done=imported")

    def page(
        request: Request,
        *,
        status: int = 200,
        problem: str = "",
        consent: str = "",
        name: str = "",
        report: ImportReport | None = None,
        packed: str = "",
    ) -> Response:
        return gate.show(
            request,
            "subscriber_import",
            status=status,
            problem=problem,
            consent=consent,
            most=_CONSENT,
            file=name,
            report=report,
            rejects=report.rejects[:_REJECTS] if report else (),
            to_import=report.counts["new"] + report.counts["confirmed"] if report else 0,
            packed=packed,
            here="subscribers",
        )


def packed(content: bytes) -> str:
    """A file as a hidden field carries it, byte for byte: browsers change the line ends of plain text."""
    return urlsafe_b64encode(zlib.compress(content, 6)).decode()


def unpacked(text: str) -> bytes:
    """The reverse of packed(), of at most UPLOAD_BYTES. Raises InputError for what it did not make."""
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(urlsafe_b64decode(text.encode()), UPLOAD_BYTES + 1)
    except (binascii.Error, UnicodeEncodeError, zlib.error):
        content = b""
    if not 0 < len(content) <= UPLOAD_BYTES:
        raise InputError("This form is not whole, so nothing was imported.", next_step="Start the import again.")
    return content


def _name(file: UploadFile) -> str:
    name = "".join(one for one in (file.filename or "").replace("\\", "/").rpartition("/")[2] if one.isprintable())
    return name[:100] or "upload.csv"


def _word(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found[: _CONSENT if name == "consent" else None].replace("\r\n", "\n") if isinstance(found, str) else ""
