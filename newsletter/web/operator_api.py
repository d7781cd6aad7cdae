"""The operator's part of `/api/v1`: what the command line can do, for programs that hold a key."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.compose_issue import find_comparison
from newsletter.app.container import App
from newsletter.app.edit_comparison import change_comparison, look_at_comparison
from newsletter.app.import_comparisons import Upload
from newsletter.app.import_places import fetch_upload
from newsletter.app.import_subscribers import Wanted
from newsletter.app.look_up import look_at_health, look_at_number, subscriber_counts
from newsletter.app.operator_lists import (
    comparisons_as_documents,
    erase_person,
    import_one,
    import_subscriber_text,
    settings_in_force,
    subscribers_after,
)
from newsletter.app.readiness import live_tasks
from newsletter.app.record import what_was_done
from newsletter.app.schedule import skip_slot, upcoming
from newsletter.app.subscribe import add_subscriber
from newsletter.comparisons.formats import to_document
from newsletter.errors import InputError
from newsletter.issues import IssueStatus
from newsletter.operators import Right
from newsletter.web import operator_house_shapes as shapes
from newsletter.web import operator_owner_shapes as owner_shapes
from newsletter.web.keyed import Keyed
from newsletter.web.operator_issues import After, Limit, brief_of, operator_issues
from newsletter.web.operator_machine import operator_machine
from newsletter.web.operator_owners import operator_owners
from newsletter.web.operator_people import Number, operator_people
from newsletter.web.operator_revisions import operator_revisions
from newsletter.web.operator_shapes import SLOT, Task
from newsletter.web.operator_sources import operator_sources
from newsletter.web.operator_tools import operator_tools

Slug = Annotated[str, Path(max_length=200)]
SlotKey = Annotated[str, Path(pattern=SLOT, description="Like `2026-W48`.")]
DryRun = Annotated[bool, Query(description="Tell what would happen; change nothing.")]
Status = Annotated[Literal["", "pending", "active", "unsubscribed", "erased"], Query()]
Search = Annotated[str, Query(max_length=200, description="Only addresses that hold this.")]
_ENDINGS = {"page": ".txt", "yaml": ".yaml", "json": ".json", "csv": ".csv", "tsv": ".tsv"}


def operator_interface(site: FastAPI, app: App) -> None:
    """Every route of it; the rights they ask for are kept as `site.state.keyed`."""
    keyed = Keyed(site, app)
    operator_issues(app, keyed)
    operator_people(app, keyed)
    operator_revisions(app, keyed)
    operator_owners(app, keyed)
    operator_machine(app, keyed)
    operator_sources(app, keyed)
    operator_tools(app, keyed)
    for add in (_comparisons, _subscribers, _schedule, _house):
        add(app, keyed)
    site.state.keyed = keyed


def _comparisons(app: App, keyed: Keyed) -> None:
    @keyed.write("POST", "/imports/comparisons", "import_comparisons", shape=shapes.ComparisonImport, right=Right.EDIT)
    def import_(request: Request, body: shapes.NewComparisons, dry_run: DryRun = False) -> Response:
        """Import comparisons, whole or not at all: documents, the text of a file, or what is at a public https
        address. 1 MiB at most, from an address 5.
        """
        upload = _upload_of(app, body)  # before the transaction: the network takes seconds

        def do() -> shapes.ComparisonImport:
            done = import_one(
                app,
                upload,
                archived=body.archive,
                published_on=body.published_on,
                partial=body.partial,
                columns=body.columns,
                dry_run=dry_run,
                seen=body.seen,
                by=keyed.key(request).name,
            )
            entries = [shapes.Entry.model_validate(entry) for entry in done.entries]
            return shapes.ComparisonImport(
                applied=done.applied, counts=done.counts, entries=entries, known=list(done.known), mark=done.mark
            )

        return keyed.acted(request, "", do, dry_run=dry_run)

    @keyed.get("/comparisons/{slug}/document", "show_document", 404)
    def show(response: Response, slug: Slug) -> owner_shapes.ComparisonInside:
        """One comparison as it is kept: to be changed, also before its day."""
        found = look_at_comparison(app, slug)
        mark = found.stored.content_sha256
        response.headers["ETag"] = f'"{mark}"'
        return owner_shapes.ComparisonInside(
            slug=slug,
            document=to_document(found.stored.comparison),
            archived=found.stored.archived,
            listed_on=found.listed_on,
            seen=mark,
        )

    @keyed.write(
        "PATCH",
        "/comparisons/{slug}",
        "edit_comparison",
        404,
        shape=shapes.ComparisonEdited,
        right=Right.EDIT,
        marked=True,
    )
    def edit(request: Request, slug: Slug, body: shapes.ComparisonEdit) -> Response:
        """Change what it says, where nobody changed it since you looked; its date; and whether it is of the archive.
        What it said before is kept.
        """
        seen = keyed.seen(request, body.seen, needed=body.document is not None)

        def do() -> shapes.ComparisonEdited:
            changes, changed = change_comparison(
                app,
                slug,
                document=body.document,
                published_on=body.published_on,
                archived=body.archived,
                by=keyed.key(request).name,
                seen=seen,
            )
            told = [shapes.FieldChange.model_validate(change) for change in changes]
            now = find_comparison(app, slug).content_sha256
            return shapes.ComparisonEdited(slug=slug, seen=now, changed=changed, changes=told)

        return keyed.acted(request, "edited it", do, subject=f"comparison {slug}")

    @keyed.get("/exports/comparisons", "export_comparisons")
    def export() -> shapes.Documents:
        """Every comparison there is, those before their day and of the archive too."""
        return shapes.Documents(documents=comparisons_as_documents(app))


def _upload_of(app: App, body: shapes.NewComparisons) -> Upload:
    """What is to be imported, fetched where it is at an address. Raises InputError."""
    if sum(one is not None for one in (body.text, body.documents, body.url)) != 1:
        raise InputError("An import is of `documents`, of `text` or of a `url`.", next_step="Send one of them.")
    if body.url is not None:
        return fetch_upload(app, body.url)
    text, ending = (json.dumps(body.documents), ".json") if body.text is None else (body.text, _ENDINGS[body.format])
    return Upload(f"sent{ending}", text.encode("utf-8", "surrogatepass"))


def _subscribers(app: App, keyed: Keyed) -> None:
    @keyed.get("/subscribers", "list_subscribers")
    def list_all(
        status: Status = "", search: Search = "", cursor: After = 0, limit: Limit = 20
    ) -> shapes.SubscriberList:
        """Subscribers, in the order they came."""
        found, after = subscribers_after(app, cursor, limit, status=status, search=search)
        people = [shapes.Subscriber.model_validate(one) for one in found]
        return shapes.SubscriberList(subscribers=people, next=after, counts=subscriber_counts(app))

    @keyed.get("/subscribers/{number}", "show_subscriber", 404)
    def show(number: Number) -> shapes.Person:
        """One person: status, proof of consent, every mail."""
        found = look_at_number(app, number)
        asked = found.asked_change[0] if found.asked_change else None
        names = ("suppression", "deliveries", "mails", "topics", "votes", "saved")
        return shapes.Person(
            subscriber=shapes.Subscriber.model_validate(found.subscriber),
            consents=[shapes.Consent.model_validate(one) for one in found.consents],
            asked_change=asked,
            **{name: getattr(found, name) for name in names},
        )

    @keyed.write("POST", "/subscribers", "add_subscriber", shape=shapes.Added, right=Right.EDIT, status=201)
    def add(request: Request, body: shapes.NewSubscriber) -> Response:
        """Add one person. Without evidence of consent they get a mail and confirm by its button."""

        def do() -> shapes.Added:
            person, mail = add_subscriber(app, body.email, evidence=body.consent)
            return shapes.Added(id=person.id, status=person.status, confirmation_sent=mail is not None)

        return keyed.acted(request, "added a subscriber", do, subject=lambda made: f"subscriber {made.id}", status=201)

    @keyed.write("POST", "/imports/subscribers", "import_subscribers", shape=shapes.SubscriberImport, right=Right.EDIT)
    def import_(request: Request, body: shapes.NewSubscribers, dry_run: DryRun = False) -> Response:
        """Import the text of a list, 1 MiB at most. Who unsubscribed or is suppressed stays so."""
        who = keyed.key(request).name
        wanted = Wanted(body.consent, body.reconfirm, body.status, body.columns, operator=who, via="api")

        def do() -> shapes.SubscriberImport:
            done = import_subscriber_text(app, body.csv, wanted, name=body.name, dry_run=dry_run, seen=body.seen)
            rows = {
                kind: [shapes.PlannedRow.model_validate(row) for row in first] for kind, first in done.first.items()
            }
            return shapes.SubscriberImport(
                applied=not dry_run,
                counts=done.counts,
                stopping=done.stopping,
                asking=done.asking,
                topics_left_out=done.topics_left_out,
                instructions=list(done.instructions),
                rejects=[shapes.BadRow.model_validate(row) for row in done.rejects],
                first=rows if dry_run else None,  # an answer is kept for a day, and who is erased leaves nothing
                dialect=done.dialect,
                earlier=shapes.EarlierImport.model_validate(done.earlier) if done.earlier else None,
                mark=done.mark,
            )

        return keyed.acted(request, "imported subscribers", do, dry_run=dry_run)

    @keyed.write("DELETE", "/subscribers/{number}", "erase_subscriber", 404, shape=shapes.Erased, right=Right.OWN)
    def erase(request: Request, number: Number) -> Response:
        """Blank everything that tells who it was; the address is never mailed again. Cannot be undone."""

        def do() -> shapes.Erased:
            erase_person(app, number)
            return shapes.Erased(id=number, erased=True)

        return keyed.acted(request, "erased a subscriber", do, subject=f"subscriber {number}")


def _schedule(app: App, keyed: Keyed) -> None:
    @keyed.get("/schedule", "show_schedule")
    def show() -> shapes.Schedule:
        """The next five slots."""
        return shapes.Schedule(slots=[shapes.Slot.model_validate(slot) for slot in upcoming(app)])

    @keyed.write("POST", "/schedule/{key}/skip", "skip_slot", shape=shapes.Skipped, right=Right.EDIT)
    def skip(request: Request, key: SlotKey, body: shapes.Skip) -> Response:
        """No issue that week. It is undone by drafting it."""

        def do() -> shapes.Skipped:
            skip_slot(app, key, body.reason)
            return shapes.Skipped(key=key, status=IssueStatus.SKIPPED)

        return keyed.acted(request, "skipped it", do, subject=f"issue {key}")


def _house(app: App, keyed: Keyed) -> None:
    @keyed.get("/health", "show_health")
    def health() -> shapes.Health:
        """What a live send needs, the running parts, and what waits. It asks the site under its own address."""
        tasks, found = live_tasks(app), look_at_health(app)
        return shapes.Health(
            ready=all(task.done for task in tasks),
            tasks=[Task.model_validate(task) for task in tasks],
            beats={name: at for name, (at, _) in found.beats.items()},
            mails=found.mails,
            reports=found.reports,
            pending=list(map(brief_of, found.pending_issues)),
        )

    @keyed.get("/config", "show_config", right=Right.OWN)
    def config() -> shapes.Settings:
        """Every setting in force, and where it came from."""
        found = settings_in_force(app)
        told = {name: shapes.Setting(value=value, came_from=origin) for name, (value, origin) in found.items()}
        return shapes.Settings(settings=told)

    @keyed.get("/log", "show_log")
    def log(
        subject: Annotated[str, Query(max_length=200, description="Like `issue 2026-W48`.")] = "",
        cursor: After = 0,
        limit: Limit = 20,
    ) -> shapes.Log:
        """What was done, by whom, newest first."""
        found = what_was_done(app, subject, limit + 1, cursor or None)
        deeds = [shapes.Deed.model_validate(deed) for _, deed in found[:limit]]
        return shapes.Log(log=deeds, next=found[limit - 1][0] if len(found) > limit else None)
