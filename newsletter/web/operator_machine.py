"""What concerns the machine, for programs: copies of the data, the key that signs links, a test of the provider."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.app.backup import backup_in_pieces
from newsletter.app.container import App
from newsletter.app.export_subscribers import Form, export_subscribers
from newsletter.app.form_elsewhere import form_elsewhere
from newsletter.app.provider_test import provider_tests, queue_provider_test
from newsletter.app.record import note
from newsletter.app.rotate_key import rotate_key
from newsletter.app.store_json import store_in_pieces
from newsletter.audience.takeaway import Part, Product
from newsletter.comparisons.formats import DOCUMENT_SCHEMA
from newsletter.operators import Right
from newsletter.web import operator_owner_shapes as shapes
from newsletter.web.keyed import Keyed

_SQLITE = "application/vnd.sqlite3"
_CSV = "text/csv"
_NDJSON = "application/x-ndjson"

For = Annotated[Product, Query(alias="for", description="Whose columns and words the list has.")]
Which = Annotated[
    Part, Query(description="For listmonk and Buttondown: who is subscribed, or who left or is suppressed.")
]


def operator_machine(app: App, keyed: Keyed) -> None:
    """`/api/v1/backup`, `/rotate-key`, `/provider-tests`, `/form` and what is taken out as a file."""
    _files(app, keyed)

    @keyed.write("POST", "/rotate-key", "rotate_key", shape=shapes.Rotated, right=Right.OWN)
    def rotate(request: Request, body: shapes.Rotation) -> Response:
        """Sign new links with a new key, as soon as the service is started again."""

        def do() -> shapes.Rotated:
            running = rotate_key(app, forget_old=body.forget_old)
            return shapes.Rotated(old_links=not body.forget_old, restart=running)

        return keyed.acted(request, "changed the key of links", do)

    @keyed.write("POST", "/provider-tests", "test_provider", shape=shapes.ProviderTest, right=Right.EDIT, status=202)
    def test(request: Request, body: shapes.NewProviderTest) -> Response:
        """Queue one line to an address of yours, to see whether the provider takes mail from us."""

        def do() -> shapes.ProviderTest:
            queue_provider_test(app, body.to)
            queued = shapes.ProviderTest.model_validate(provider_tests(app)[0])
            return queued.model_copy(update={"address": None})  # an answer is kept for a day

        return keyed.acted(request, "tested the provider", do, status=202)

    @keyed.get("/provider-tests", "list_provider_tests")
    def tests() -> shapes.ProviderTestList:
        """What became of the last five."""
        return shapes.ProviderTestList(tests=[shapes.ProviderTest.model_validate(one) for one in provider_tests(app)])

    @keyed.get("/form", "show_form")
    def form() -> shapes.SubscribeForm:
        """The subscribe form as HTML."""
        return shapes.SubscribeForm(html=form_elsewhere(app), form_origins=list(app.settings.web.form_origins))

    @keyed.get("/schemas/comparison", "show_schema")
    def schema() -> dict[str, Any]:
        """The JSON Schema of the comparison document."""
        return DOCUMENT_SCHEMA


def _files(app: App, keyed: Keyed) -> None:
    @keyed.download("/backup", "backup", _SQLITE, right=Right.OWN)
    def backup(request: Request) -> Response:
        """A consistent copy of the database, while it is in use. It holds every address, and the secrets of the house:
        keep it as you would keep those.
        """
        size, pieces = backup_in_pieces(app, by=keyed.key(request).name, via="api")
        name = f"newsletter-{app.now():%Y-%m-%d-%H%M%S}.db"
        return StreamingResponse(pieces, media_type=_SQLITE, headers={**_saved_as(name), "Content-Length": str(size)})

    @keyed.download("/exports/subscribers", "export_subscribers", _CSV, _NDJSON, right=Right.EDIT)
    def export(
        request: Request, product: For = Product.OURS, part: Which = Part.SUBSCRIBED, format: Form = "csv"
    ) -> Response:
        """Everybody who has an address, with status, dates, proof of consent, topics and suppressions. Only our own
        list comes as lines of JSON.
        """
        pieces = export_subscribers(app, product, part, format)
        detail = "" if product is Product.OURS else f"for {product}, {part}"
        note(app, keyed.key(request).name, "exported the subscribers", detail=detail, via="api")
        kind = _CSV if format == "csv" else _NDJSON
        name = "subscribers" if part is Part.SUBSCRIBED else "subscribers.unsubscribed"
        return StreamingResponse(pieces, media_type=f"{kind}; charset=utf-8", headers=_saved_as(f"{name}.{format}"))

    @keyed.download("/exports/store", "export_store", _NDJSON, right=Right.OWN)
    def whole(request: Request) -> Response:
        """Everything as lines of JSON, for another machine. It holds every address, and the secrets of the house: keep
        it as you would keep those.
        """
        size, pieces = store_in_pieces(app, by=keyed.key(request).name, via="api")
        name = f"newsletter-{app.now():%Y-%m-%d-%H%M%S}.ndjson"
        return StreamingResponse(pieces, media_type=_NDJSON, headers={**_saved_as(name), "Content-Length": str(size)})


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
