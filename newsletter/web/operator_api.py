"""The operator's part of `/api/v1`: what the command line can do, for programs that hold a key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.compose_issue import find_comparison
from newsletter.app.container import App
from newsletter.app.edit_comparison import archive_comparison, edit_comparison, publish_comparison
from newsletter.app.look_up import look_at_health, look_at_number, subscriber_counts
from newsletter.app.operator_lists import (
    comparisons_as_documents,
    erase_person,
    import_comparison_text,
    import_subscriber_text,
    settings_in_force,
    subscribers_after,
)
from newsletter.app.readiness import live_tasks
from newsletter.app.record import what_was_done
from newsletter.app.schedule import skip_slot, upcoming
from newsletter.app.subscribe import add_subscriber
from newsletter.comparisons.changes import FieldChange
from newsletter.errors import InputError
from newsletter.issues import IssueStatus
from newsletter.operators import Right
from newsletter.web import operator_house_shapes as shapes
from newsletter.web.keyed import Keyed
from newsletter.web.operator_issues import After, Limit, brief_of, operator_issues
from newsletter.web.operator_people import Number, operator_people
from newsletter.web.operator_shapes import SLOT, Task

Slug = Annotated[str, Path(max_length=200)]
SlotKey = Annotated[str, Path(pattern=SLOT, description="Like `2026-W48`.")]
DryRun = Annotated[bool, Query(description="Tell what would happen; change nothing.")]
Status = Annotated[Literal["", "pending", "active", "unsubscribed", "erased"], Query()]
Search = Annotated[str, Query(max_length=200, description="Only addresses that hold this.")]
_ENDINGS = {"page": ".txt", "yaml": ".yaml", "json": ".json"}


def operator_interface(site: FastAPI, app: App) -> None:
    """Every route of it; the rights they ask for are kept as `site.state.keyed`."""
    keyed = Keyed(site, app)
    operator_issues(app, keyed)
    operator_people(app, keyed)
    for add in (_comparisons, _subscribers, _schedule, _house):
        add(app, keyed)
    site.state.keyed = keyed


def _comparisons(app: App, keyed: Keyed) -> None:
    @keyed.write("POST", "/imports/comparisons", "import_comparisons", shape=shapes.ComparisonImport, right=Right.EDIT)
    def import_(request: Request, body: shapes.NewComparisons, dry_run: DryRun = False) -> Response:
        """Import comparisons, whole or not at all: documents, or the text of a file. 1 MiB at most."""
        if (body.text is None) == (body.documents is None):
            raise InputError("An import is of `documents` or of `text`.", next_step="Send one of them.")
        text, ending = (body.text, _ENDINGS[body.format]) if body.text else (json.dumps(body.documents), ".json")

        def do() -> shapes.ComparisonImport:
            done = import_comparison_text(
                app,
                text,
                ending,
                archived=body.archive,
                published_on=body.published_on,
                partial=body.partial,
                dry_run=dry_run,
            )
            entries = [shapes.Entry.model_validate(entry) for entry in done.entries]
            return shapes.ComparisonImport(applied=done.applied, counts=done.counts, entries=entries)

        return keyed.acted(request, "imported comparisons", do, dry_run=dry_run)

    @keyed.write(
        "PATCH", "/comparisons/{slug}", "edit_comparison", 404, shape=shapes.ComparisonEdited, right=Right.EDIT
    )
    def edit(request: Request, slug: Slug, body: shapes.ComparisonEdit) -> Response:
        """Change what it says, its date, and whether it is of the archive; what it said before is kept."""

        def do() -> shapes.ComparisonEdited:
            find_comparison(app, slug)
            changes: Sequence[FieldChange] = ()
            changed = False
            if body.document is not None:
                changes = edit_comparison(app, slug, json.dumps(body.document, ensure_ascii=False))
            if body.published_on is not None:
                changed |= publish_comparison(app, slug, body.published_on)
            if body.archived is not None:
                changed |= archive_comparison(app, slug, body.archived)
            told = [shapes.FieldChange.model_validate(change) for change in changes]
            return shapes.ComparisonEdited(slug=slug, changed=changed or bool(told), changes=told)

        return keyed.acted(request, "edited it", do, subject=f"comparison {slug}")

    @keyed.get("/exports/comparisons", "export_comparisons")
    def export() -> shapes.Documents:
        """Every comparison there is, those before their day and of the archive too."""
        return shapes.Documents(documents=comparisons_as_documents(app))


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

        return keyed.acted(request, "added a subscriber", do, status=201)

    @keyed.write("POST", "/imports/subscribers", "import_subscribers", shape=shapes.SubscriberImport, right=Right.EDIT)
    def import_(request: Request, body: shapes.NewSubscribers, dry_run: DryRun = False) -> Response:
        """Import the text of a CSV file, 1 MiB at most. Who unsubscribed or is suppressed stays so."""

        def do() -> shapes.SubscriberImport:
            done = import_subscriber_text(app, body.csv, body.consent, dry_run=dry_run)
            rejects = [shapes.BadRow.model_validate(row) for row in done.rejects]
            return shapes.SubscriberImport(applied=not dry_run, counts=done.counts, rejects=rejects)

        return keyed.acted(request, "imported subscribers", do, dry_run=dry_run)

    @keyed.write("DELETE", "/subscribers/{number}", "erase_subscriber", 404, shape=shapes.Erased, right=Right.EDIT)
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
