"""What operators do for a subscriber who asked them to, and the addresses that are never mailed, for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.look_up import look_at_number
from newsletter.app.on_request import pause_on_request, resend_confirmation, unsubscribe_on_request
from newsletter.app.suppressions import add_suppression, lift_suppression, list_suppressions, suppression_counts
from newsletter.audience.subscriber import Subscriber, SuppressionReason
from newsletter.operators import Right
from newsletter.web import operator_house_shapes as shapes
from newsletter.web.keyed import Keyed
from newsletter.web.operator_issues import After, Limit

Number = Annotated[int, Path(ge=1, le=10**15)]
Suppression = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The `key` that the list shows.")]
Reason = Annotated[SuppressionReason | None, Query()]


def operator_people(app: App, keyed: Keyed) -> None:
    """Below `/api/v1/subscribers/{number}`, and `/api/v1/suppressions`."""

    def act(request: Request, number: int, words: str, do: Callable[[Subscriber], object]) -> Response:
        def done() -> shapes.Subscriber:
            do(look_at_number(app, number).subscriber)
            return shapes.Subscriber.model_validate(look_at_number(app, number).subscriber).model_copy(
                update={"email": None}  # an answer is kept for a day, and who is erased leaves nothing
            )

        return keyed.acted(request, words, done, subject=f"subscriber {number}")

    @keyed.write(
        "POST", "/subscribers/{number}/resend", "resend_confirmation", 404, shape=shapes.Subscriber, right=Right.EDIT
    )
    def resend(request: Request, number: Number) -> Response:
        """Ask somebody pending to confirm once more: at most once in 24 hours, three times in all."""
        return act(request, number, "asked them to confirm again", lambda person: resend_confirmation(app, person))

    @keyed.write(
        "POST", "/subscribers/{number}/unsubscribe", "unsubscribe", 404, shape=shapes.Subscriber, right=Right.EDIT
    )
    def unsubscribe(request: Request, number: Number) -> Response:
        """Unsubscribe somebody who asked you to."""
        return act(request, number, "unsubscribed them on request", lambda person: unsubscribe_on_request(app, person))

    @keyed.write(
        "POST", "/subscribers/{number}/pause", "pause_subscriber", 404, shape=shapes.Subscriber, right=Right.EDIT
    )
    def pause(request: Request, number: Number, body: shapes.PauseFor) -> Response:
        """Send somebody no issue for a while; 0 weeks end a pause."""
        words = f"paused them for {body.weeks} weeks" if body.weeks else "ended their pause"
        return act(request, number, words, lambda person: pause_on_request(app, person, body.weeks))

    @keyed.get("/suppressions", "list_suppressions")
    def suppressions(reason: Reason = None, cursor: After = 0, limit: Limit = 20) -> shapes.SuppressionList:
        """Addresses that are never mailed, the newest first."""
        found = list_suppressions(app, str(reason or ""), before=cursor, limit=limit + 1)
        shown = [shapes.Suppressed.model_validate(one) for one in found[:limit]]
        after = found[limit - 1].id if len(found) > limit else None
        return shapes.SuppressionList(suppressions=shown, next=after, counts=suppression_counts(app))

    @keyed.write("POST", "/suppressions", "add_suppression", shape=shapes.Suppressed, right=Right.EDIT, status=201)
    def add(request: Request, body: shapes.NewSuppression) -> Response:
        """Never mail this address again."""

        def done() -> shapes.Suppressed:
            added = add_suppression(app, body.email, body.reason)
            return shapes.Suppressed.model_validate(added).model_copy(update={"email": None})

        return keyed.acted(request, "suppressed", done, subject=lambda made: f"suppression {made.key}", status=201)

    @keyed.write("DELETE", "/suppressions/{which}", "lift_suppression", 404, shape=shapes.Suppressed, right=Right.EDIT)
    def lift(request: Request, which: Suppression) -> Response:
        """Mail it again, where an operator had suppressed it. Bounces, complaints and erasures stay."""

        def done() -> shapes.Suppressed:
            return shapes.Suppressed.model_validate(lift_suppression(app, which)).model_copy(update={"email": None})

        return keyed.acted(request, "lifted", done, subject=f"suppression {which}")
