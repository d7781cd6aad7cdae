"""Comparisons: the list, one with all that is known of it, and what may be changed of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.edit_comparison import (
    Proposal,
    archive_comparison,
    document_of,
    edit_comparison,
    look_at_comparison,
    propose_edit,
    propose_restore,
    publish_comparison,
    restore_comparison,
    shelf,
)
from newsletter.app.record import what_was_done
from newsletter.comparisons.changes import FieldChange
from newsletter.errors import InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate

_KINDS = {"": None, "new": False, "archive": True}
"""What of the list is asked for → whether it is of the archive."""
_DONE = {
    "saved": "Saved. What it said before is kept under History.",
    "same": "Nothing was changed: it says that already.",
    "restored": "Restored. What it said until now is kept under History.",
    "dated": "Its date is changed.",
    "archived": "It is of the archive now: no draft takes it. Readers still find it.",
    "unarchived": "It is out of the archive: the next draft may take it.",
}


def comparisons(app: App, gate: Gate) -> None:
    """`/console/comparisons` and what stands below it."""

    @gate.get("/comparisons")
    def list_all(
        request: Request, q: str = "", kind: str = "", after: str = "", new: str = "", changed: str = ""
    ) -> Response:
        words, kind = " ".join(q.split())[:200], kind if kind in _KINDS else ""
        try:
            found = shelf(app, words, archived=_KINDS[kind], cursor=after)
        except InputError:
            return gate.go("/comparisons")
        asked = {name: value for name, value in (("q", words), ("kind", kind), ("after", found.after)) if value}
        return gate.show(
            request,
            "comparisons",
            found=found,
            words=words,
            kind=kind,
            first=not after,
            more=f"?{urlencode(asked)}" if found.after else "",
            done=_imported(new, changed),
            here="comparisons",
        )

    @gate.get("/comparisons/{slug}")
    def look(request: Request, slug: str) -> Response:
        return page(request, slug)

    def page(request: Request, slug: str, *, status: int = 200, problem: str = "") -> Response:
        return gate.show(
            request,
            "comparison",
            status=status,
            problem=problem,
            found=look_at_comparison(app, slug),
            deeds=what_was_done(app, f"comparison {slug}", 20),
            zone=app.settings.zone,
            done=_DONE.get(request.query_params.get("done", ""), ""),
            here="comparisons",
        )

    @gate.post("/comparisons/{slug}/date", Right.EDIT)
    def set_date(
        request: Request, slug: str, seen: Annotated[str, Form()] = "", day: Annotated[str, Form()] = ""
    ) -> Response:
        def change() -> str:
            changed = publish_comparison(app, slug, _day(day), by=gate.caller(request).name, seen=seen)
            return f"dated it {day}" if changed else ""

        return acted(request, slug, "dated", change)

    @gate.post("/comparisons/{slug}/archive", Right.EDIT)
    def put_away(request: Request, slug: str) -> Response:
        return acted(request, slug, "archived", lambda: "put it into the archive" * archive_comparison(app, slug, True))

    @gate.post("/comparisons/{slug}/unarchive", Right.EDIT)
    def take_out(request: Request, slug: str) -> Response:
        return acted(
            request, slug, "unarchived", lambda: "took it out of the archive" * archive_comparison(app, slug, False)
        )

    def acted(
        request: Request,
        slug: str,
        done: str,
        do: Callable[[], str],
        again: Callable[[int, str], Response] | None = None,
    ) -> Response:
        """`do` as Gate.act() has it; `done`: the word of the page after it."""
        return gate.act(
            request,
            f"comparison {slug}",
            do,
            to=lambda act: f"/comparisons/{slug}?done={done if act else 'same'}",
            again=again or (lambda status, problem: page(request, slug, status=status, problem=problem)),
        )

    @gate.get("/comparisons/{slug}/restore", Right.EDIT)
    def look_before_restore(request: Request, slug: str, revision: str = "") -> Response:
        if not revision:
            return gate.go(f"/comparisons/{slug}#history")
        return restore_page(request, slug, _version(revision))

    def restore_page(request: Request, slug: str, revision: int, *, status: int = 200, problem: str = "") -> Response:
        return gate.show(
            request,
            "comparison_restore",
            status=status,
            problem=problem,
            stored=look_at_comparison(app, slug).stored,
            revision=revision,
            proposal=propose_restore(app, slug, revision),
            here="comparisons",
        )

    @gate.post("/comparisons/{slug}/restore", Right.EDIT)
    def restore(
        request: Request, slug: str, seen: Annotated[str, Form()] = "", revision: Annotated[str, Form()] = ""
    ) -> Response:
        number = _version(revision)

        def do() -> str:
            changes = restore_comparison(app, slug, number, by=gate.caller(request).name, seen=seen)
            return f"restored version {number}: {_named(changes)}" if changes else ""

        def again(status: int, problem: str) -> Response:
            return restore_page(request, slug, number, status=status, problem=problem)

        return acted(request, slug, "restored", do, again)

    @gate.get("/comparisons/{slug}/edit", Right.EDIT)
    def open_editor(request: Request, slug: str) -> Response:
        stored = look_at_comparison(app, slug).stored
        return editor(request, slug, document_of(stored), stored.content_sha256)

    @gate.post("/comparisons/{slug}/edit", Right.EDIT)
    def edit(
        request: Request,
        slug: str,
        seen: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        act: Annotated[str, Form()] = "",
        looked: Annotated[str, Form()] = "",
    ) -> Response:
        """Saves only what was looked at: a text that was changed since is shown first."""
        text = text.replace("\r\n", "\n")
        proposal = propose_edit(app, slug, text)
        if proposal.problems:
            return editor(request, slug, text, seen, proposal=proposal, status=422)
        if act != "save" or looked != proposal.sha256:
            return editor(request, slug, text, seen, proposal=proposal, again=act == "save")

        def do() -> str:
            changes = edit_comparison(app, slug, text, by=gate.caller(request).name, seen=seen)
            return f"edited it: {_named(changes)}" if changes else ""

        def refused(status: int, problem: str) -> Response:
            now = look_at_comparison(app, slug).stored.content_sha256
            return editor(request, slug, text, now, proposal=proposal, status=status, problem=problem)

        return acted(request, slug, "saved", do, refused)

    def editor(
        request: Request,
        slug: str,
        text: str,
        seen: str,
        *,
        proposal: Proposal | None = None,
        again: bool = False,
        status: int = 200,
        problem: str = "",
    ) -> Response:
        return gate.show(
            request,
            "comparison_edit",
            status=status,
            problem=problem,
            stored=look_at_comparison(app, slug).stored,
            text=text,
            seen=seen,
            proposal=proposal,
            again=again,
            here="comparisons",
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError("That is no date.", next_step="Give it as year, month and day: 2026-11-18.") from None


def _version(text: str) -> int:
    """The number of a version; 0, which none has, for everything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _named(changes: Sequence[FieldChange]) -> str:
    """The fields of a change, five at most."""
    return ", ".join(change.field for change in changes[:5]) + (", …" if len(changes) > 5 else "")


def _imported(new: str, changed: str) -> str:
    """What an import did, where the address tells of one."""
    if not all(count.isascii() and count.isdigit() and len(count) < 7 for count in (new, changed)):
        return ""
    return f"Imported: {int(new):,} new, {int(changed):,} changed."
