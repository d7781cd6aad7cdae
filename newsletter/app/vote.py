"""Votes, ship or skip, on tools: a reader's, one per tool, and those of people on the web, counted apart.

Programs follow the links of mails, and some press what they find there. Every issue has a link that no person sees;
whoever opens it is a program, and what the same client did beside it does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber
from newsletter.comparisons.model import Label, Verdict
from newsletter.errors import NotFoundError, TransitionError
from newsletter.rendering.words import one_line
from newsletter.store.votes import Tally

PROGRAM_WINDOW = timedelta(minutes=10)
"""For so long before and after it opened the link that no person sees, a client is taken to be a program."""
VISITOR_RETENTION = timedelta(days=30)
"""For so long we know that somebody on the web voted already; after it only the tally is kept."""
_COMPARED = 3


@dataclass(frozen=True, slots=True)
class ToolVotes:
    """How a tool stands, and what the one who asks chose."""

    tally: Tally
    mine: Verdict | None


@dataclass(frozen=True, slots=True)
class VotedTool:
    """A tool that is voted on: its name, what the panel says in its newest comparison, and its newest comparisons."""

    slug: str
    name: str
    label: Label | None
    share: int | None
    """Ship votes of the panel in per cent, 0–100."""
    comparisons: tuple[tuple[str, str], ...]
    """(slug, title), newest first."""


def votes_on(
    app: App, tools: Sequence[str], *, reader: Subscriber | None = None, voter: bytes | None = None
) -> dict[str, ToolVotes]:
    """Tool slug → votes, for every one of `tools`. `mine` is the reader's, else that of `voter`, else nobody's."""
    mine: dict[str, Verdict] = {}
    if reader is not None:
        mine = app.store.votes.of_reader(reader.id)
    elif voter is not None:
        mine = app.store.votes.of_visitor(voter, tools)
    return {tool: ToolVotes(tally, mine.get(tool)) for tool, tally in app.store.votes.tallies(tools).items()}


def voted_tool(app: App, tool: str) -> VotedTool:
    """What a page about one vote tells of its tool. Raises NotFoundError for a tool that is not listed."""
    found = app.store.catalogue.of_tool(tool, _today(app), limit=_COMPARED)
    if not found:
        raise _no_tool()
    side = next(side for side in found[0].comparison.sides if side.slug == tool)
    return VotedTool(
        slug=tool,
        name=one_line(side.name),
        label=side.panel.label if side.panel else None,
        share=side.panel.share if side.panel else None,
        comparisons=tuple((one.comparison.slug, one_line(one.comparison.title)) for one in found),
    )


def vote_on_web(app: App, voter: bytes, tool: str, choice: Verdict | None, *, client: bytes | None = None) -> None:
    """A vote of somebody we do not know; None takes it back. Raises as vote_as_reader()."""
    _check_tool(app, tool)
    with app.store.transaction():
        _check_client(app, client)
        app.store.votes.put_web(voter, tool, choice, app.now())


def vote_as_reader(
    app: App, reader: Subscriber, tool: str, choice: Verdict | None, client: bytes | None, *, token: str = ""
) -> None:
    """A reader's vote; None takes it back. `client`: who pressed the button, as 16 bytes that mean nothing elsewhere.
    `token`: the link's, where it was cast in a mail; the issue that it came with is noted.

    Raises NotFoundError for a tool that is not listed, and TransitionError where this client was a program minutes ago.
    """
    _check_tool(app, tool)
    issue_id = app.signer.read_reader(token).issue_id if token else 0
    with app.store.transaction():
        _check_client(app, client)
        app.store.votes.put(reader.id, tool, choice, app.now(), client, issue_id or None)


def notice_program(app: App, reader: Subscriber, client: bytes) -> None:
    """Append that this client opened the link which no person sees, in a mail to `reader`."""
    app.store.votes.trip(reader.id, client, app.now())


def tidy_votes(app: App) -> int:
    """Undo what programs voted, and forget who voted where it is known no longer than it has to be; how many votes were
    undone. Each tick does it.
    """
    app.store.votes.forget_visitors(app.now() - VISITOR_RETENTION)
    return app.store.votes.void_programs(app.now(), PROGRAM_WINDOW)


def _check_client(app: App, client: bytes | None) -> None:
    if client is not None and app.store.votes.tripped(client, app.now() - PROGRAM_WINDOW):
        raise TransitionError(
            "A moment ago a program followed the links of a mail from here, so this was not counted.",
            next_step="If you are a person, please press the button once more in ten minutes.",
            permanent=False,
        )


def _check_tool(app: App, tool: str) -> None:
    if not app.store.catalogue.has_tool(tool, _today(app)):
        raise _no_tool()


def _no_tool() -> NotFoundError:
    return NotFoundError("There is no such tool here.", next_step="Look for it among the comparisons.")


def _today(app: App) -> date:
    return app.now().astimezone(app.settings.zone).date()
