"""Readers, as the operator sees them: the list, one person's whole story, and what is done when they ask for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.app.container import App
from newsletter.app.export_subscribers import export_subscribers
from newsletter.app.leave import PAUSE_WEEKS, erase_subscriber
from newsletter.app.look_up import known_by, look_at_number, page_of_subscribers, subscriber_counts, topics_chosen
from newsletter.app.on_request import pause_on_request, resend_confirmation, unsubscribe_on_request
from newsletter.app.record import note
from newsletter.app.subscribe import add_subscriber
from newsletter.app.suppressions import KEPT, find_suppression
from newsletter.app.timeline import story_of
from newsletter.app.your_data import your_data
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, normal_address
from newsletter.audience.takeaway import Part, Product
from newsletter.errors import InputError
from newsletter.operators import Right
from newsletter.web.console.gate import Gate
from newsletter.web.templating import PRIVATE

_PAGE = 50
_MOMENTS = 200
_LONGEST = 254
"""Characters of an address (RFC 5321, 4.5.3.1.3, without its brackets)."""
_LAST_ID = 2**63 - 1
_LISTS = {
    "ours": (Product.OURS, Part.SUBSCRIBED, "This newsletter, or a spreadsheet"),
    "listmonk": (Product.LISTMONK, Part.SUBSCRIBED, "listmonk: subscribers"),
    "listmonk-blocklist": (Product.LISTMONK, Part.UNSUBSCRIBED, "listmonk: its blocklist"),
    "ghost": (Product.GHOST, Part.SUBSCRIBED, "Ghost"),
    "buttondown": (Product.BUTTONDOWN, Part.SUBSCRIBED, "Buttondown: subscribers"),
    "buttondown-left": (Product.BUTTONDOWN, Part.UNSUBSCRIBED, "Buttondown: who left, not to be imported"),
}
"""What can be asked for → product, part, and how it reads."""


def people(app: App, gate: Gate) -> None:
    """`/console/subscribers`."""

    @gate.get("/subscribers")
    def look(
        request: Request, status: str = "", topic: str = "", q: str = "", how: str = "holds", after: str = ""
    ) -> Response:
        asked = q.strip()[:_LONGEST]
        exact = known_by(app, asked) if "@" in asked else None
        if exact and not after:
            return gate.go(f"/subscribers/{exact.id}")
        return page(request, status=status, topic=topic, q=asked, begins=how == "begins", after=_number(after))

    def page(
        request: Request,
        *,
        code: int = 200,
        problem: str = "",
        status: str = "",
        topic: str = "",
        q: str = "",
        begins: bool = False,
        after: int = 0,
        email: str = "",
    ) -> Response:
        kind, topics = (status if status in set(SubscriberStatus) else ""), topics_chosen(app)
        topic = topic if topic in topics else ""
        found = page_of_subscribers(app, kind, topic, q, begins=begins, after=after, limit=_PAGE)
        how = "begins" if begins else "holds"
        asked = {"topic": topic, "q": q, "how": how if q else ""}

        def where(**other: str) -> str:
            return urlencode({name: value for name, value in (asked | other).items() if value})

        counts = subscriber_counts(app)
        return gate.show(
            request,
            "subscribers",
            status=code,
            problem=problem,
            people=found.people,
            more=where(status=kind, after=str(found.after)) if found.after else "",
            cut=found.cut,
            first=where(status=kind) if after else None,
            counts=counts,
            kinds=[("", "Everybody", sum(counts.values()), where())]
            + [(one, one.capitalize(), count, where(status=one)) for one, count in counts.items()],
            kind=kind,
            topics=topics,
            topic=topic,
            q=q,
            how=how,
            never=_never(q) if not found.people else "",
            email=email,
            lists=[(name, words) for name, (_, _, words) in _LISTS.items()],
            done=request.query_params.get("done", ""),
            here="subscribers",
        )

    def _never(asked: str) -> str:
        """Why an address that nobody has is never mailed, or nothing."""
        try:
            found = find_suppression(app, normal_address(asked)) if asked else None
        except InputError:
            return ""
        if found is None:
            return ""
        return KEPT.get(found.reason) or f"An operator suppressed it on {found.at:%-d %B %Y}: {found.words}"

    @gate.post("/subscribers", Right.EDIT)
    def add(request: Request, email: Annotated[str, Form()] = "", evidence: Annotated[str, Form()] = "") -> Response:
        number, word = 0, ""

        def do() -> str:
            nonlocal number, word
            added, queued = add_subscriber(app, email, evidence=evidence.strip() or None)
            number, word = added.id, "asked" if queued else "added"
            return "added them" if evidence.strip() else "asked them to confirm"

        def again(status: int, problem: str) -> Response:
            return page(request, code=status, problem=problem, email=email.strip()[:_LONGEST])

        return gate.act(
            request,
            lambda: f"subscriber {number}",
            do,
            to=lambda done: f"/subscribers/{number}?done={word}",
            again=again,
        )

    @gate.post("/subscribers/export", Right.EDIT)
    def export(request: Request, whom: Annotated[str, Form(alias="for")] = "ours") -> Response:
        """Everybody with an address, as CSV; an act, because who took it out of the house is recorded."""
        if whom not in _LISTS:
            return page(request, code=422, problem="Choose one of the lists that are offered.")
        product, part, _ = _LISTS[whom]
        detail = "" if product is Product.OURS else f"for {product}, {part}"
        note(app, gate.caller(request).name, "exported the subscribers", detail=detail, via="console")
        name = "subscribers.csv" if part is Part.SUBSCRIBED else "subscribers.unsubscribed.csv"
        saved = {**PRIVATE, "Content-Disposition": f"attachment; filename={name}"}
        pieces = export_subscribers(app, product, part)
        return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=saved)

    @gate.get("/subscribers/{number}")
    def look_at(request: Request, number: str) -> Response:
        return person_page(request, _number(number))

    def person_page(request: Request, number: int, *, status: int = 200, problem: str = "") -> Response:
        story = story_of(app, number)
        person = story.person.subscriber
        every = "all" in request.query_params
        return gate.show(
            request,
            "subscriber",
            status=status,
            problem=problem,
            story=story,
            person=person,
            moments=story.moments if every else story.moments[:_MOMENTS],
            suppression=find_suppression(app, person.email) if person.email else None,
            kept=KEPT,
            paused=bool(person.paused_until and person.paused_until > app.now()),
            weeks=PAUSE_WEEKS,
            own_zone=app.settings.time_zone,
            may_erase=gate.caller(request).operator.may(Right.OWN),
            done=request.query_params.get("done", ""),
            here="subscribers",
        )

    @gate.get("/subscribers/{number}/data.json")
    def data(number: str) -> Response:
        """All that is stored of one person, as they get it themselves."""
        told = your_data(app, look_at_number(app, _number(number)).subscriber)
        saved = {**PRIVATE, "Content-Disposition": f"attachment; filename=subscriber-{_number(number)}.json"}
        return Response(json.dumps(told, ensure_ascii=False, indent=2), media_type="application/json", headers=saved)

    @gate.post("/subscribers/{number}/confirmation", Right.EDIT)
    def ask_again(request: Request, number: str) -> Response:
        return acted(request, number, "asked them to confirm again", lambda one: resend_confirmation(app, one), "asked")

    @gate.post("/subscribers/{number}/unsubscribe", Right.EDIT)
    def leave(request: Request, number: str) -> Response:
        return acted(request, number, "unsubscribed them on request", lambda one: unsubscribe_on_request(app, one))

    @gate.post("/subscribers/{number}/pause", Right.EDIT)
    def pause(request: Request, number: str, weeks: Annotated[str, Form()] = "") -> Response:
        length = int(weeks) if weeks in {"0", *map(str, PAUSE_WEEKS)} else -1
        act = f"paused them for {length} weeks" if length else "ended their pause"
        return acted(request, number, act, lambda one: pause_on_request(app, one, length))

    @gate.get("/subscribers/{number}/erase", Right.OWN)
    def ask_to_erase(request: Request, number: str) -> Response:
        person = look_at_number(app, _number(number)).subscriber
        if person.email is None:
            return gate.go(f"/subscribers/{person.id}")
        return gate.show(request, "subscriber_erase", person=person, here="subscribers")

    @gate.post("/subscribers/{number}/erase", Right.OWN)
    def erase(request: Request, number: str) -> Response:
        def change(person: Subscriber) -> None:
            if person.email is None:
                raise InputError("This person is erased already.")
            erase_subscriber(app, person.email)

        return acted(request, number, "erased them", change, "erased")

    def acted(
        request: Request, given: str, act: str, change: Callable[[Subscriber], object], word: str = "done"
    ) -> Response:
        """`word`: of the page after it."""
        number = _number(given)

        def do() -> str:
            change(look_at_number(app, number).subscriber)
            return act

        return gate.act(
            request,
            f"subscriber {number}",
            do,
            to=lambda done: f"/subscribers/{number}?done={word}",
            again=lambda status, problem: person_page(request, number, status=status, problem=problem),
        )


def _number(text: str) -> int:
    """An id as an address has it; 0, which nobody has, for everything else."""
    return min(int(text[:20]), _LAST_ID) if text.isascii() and text.isdigit() else 0
