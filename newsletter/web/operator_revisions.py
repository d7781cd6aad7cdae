"""What a comparison said before, for programs: its versions, and back to one of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.compose_issue import find_comparison
from newsletter.app.container import App
from newsletter.app.edit_comparison import look_at_comparison, propose_restore, restore_comparison
from newsletter.operators import Right
from newsletter.web import operator_house_shapes as shapes
from newsletter.web.keyed import Keyed

Slug = Annotated[str, Path(max_length=200)]
DryRun = Annotated[bool, Query(description="Tell what would change; change nothing.")]


def operator_revisions(app: App, keyed: Keyed) -> None:
    """`/api/v1/comparisons/{slug}/versions` and `/restore`."""

    @keyed.get("/comparisons/{slug}/versions", "list_versions", 404)
    def list_all(response: Response, slug: Slug) -> shapes.Versions:
        """Its versions, newest first: when each came, by whom, and what it changed. The newest hundred."""
        found = look_at_comparison(app, slug)
        response.headers["ETag"] = f'"{found.stored.content_sha256}"'
        versions = [shapes.Version.model_validate(version) for version in found.history]
        return shapes.Versions(slug=slug, seen=found.stored.content_sha256, versions=versions)

    @keyed.write(
        "POST",
        "/comparisons/{slug}/restore",
        "restore_comparison",
        404,
        shape=shapes.ComparisonEdited,
        right=Right.EDIT,
        marked=True,
    )
    def restore(request: Request, slug: Slug, body: shapes.Restore, dry_run: DryRun = False) -> Response:
        """Make it what an earlier version said, where nobody changed it since you looked; what it says now is kept as a
        version too.
        """
        seen_before = keyed.seen(request, body.seen, needed=not dry_run)

        def do() -> shapes.ComparisonEdited:
            if dry_run:
                changes = propose_restore(app, slug, body.revision).changes
            else:
                by = keyed.key(request).name
                changes = restore_comparison(app, slug, body.revision, by=by, seen=seen_before)
            told = [shapes.FieldChange.model_validate(change) for change in changes]
            seen = find_comparison(app, slug).content_sha256
            return shapes.ComparisonEdited(slug=slug, seen=seen, changed=bool(told) and not dry_run, changes=told)

        return keyed.acted(
            request, f"restored version {body.revision}", do, subject=f"comparison {slug}", dry_run=dry_run
        )
