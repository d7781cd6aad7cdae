"""What becomes of a row of a list, in words; and what changed between two looks at it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from newsletter.audience.arrivals import Standing
from newsletter.store.arrivals import Example, Kind

_ELSEWHERE = {
    Standing.UNSUBSCRIBED: "They unsubscribed there",
    Standing.BOUNCED: "Mail to them bounced there",
    Standing.COMPLAINED: "They complained of spam there",
    Standing.DISABLED: "Mail to them was turned off there",
}

_CHANGES = {
    "activated": "Was pending, and is active by this proof.",
    "activated, topics": "Was pending, is active by this proof, and gets the topics of the list.",
    "topics": "Gets the topics of the list; had chosen none.",
    "proof": "Gets this proof of consent; had none.",
    "proof, topics": "Gets this proof of consent and the topics of the list; had neither.",
}

MEANS: Mapping[str, str] = {
    Kind.NEW: "become subscribers",
    Kind.CHANGED: "get what the list knows and we do not",
    Kind.UNCHANGED: "are as the list says",
    Kind.FLAGGED: "bring no proof of consent: kept as pending, and get no issue",
    Kind.SUPPRESSING: "left or bounced there: never mailed from now on",
    Kind.SUPPRESSED: "are never mailed already",
    Kind.UNSUBSCRIBED: "left here: only they themselves can come back",
    Kind.DUPLICATE: "stand there more than once",
    Kind.REJECTED: "cannot be used",
}
"""What becomes of the rows of each kind: they …"""

_MARK = re.compile(r"([0-9a-f]+)-[0-9a-f]+-(\d+(?:\.\d+)*)")


def reason_of(kind: Kind, row: Example) -> str:
    """Why a row is of its kind; empty for what needs no reason."""
    match kind:
        case Kind.NEW:
            return "They unsubscribed there, and stay so." if row.why == "left" else ""
        case Kind.CHANGED:
            return _CHANGES[row.why]
        case Kind.FLAGGED if row.standing == Standing.PENDING:
            return "They were asked there and never confirmed: kept as pending, and not mailed."
        case Kind.FLAGGED if row.why:
            return "No proof of consent: asked by mail whether they want it."
        case Kind.FLAGGED:
            return "No proof of consent: kept as pending, and not mailed."
        case Kind.SUPPRESSING:
            here = "; they are active here, and get nothing from now on." if row.why else "."
            return _ELSEWHERE[Standing(row.standing)] + here
        case Kind.SUPPRESSED:
            return f"Never mailed already ({row.why})."
        case Kind.UNSUBSCRIBED:
            return "They left here; only they themselves can come back."
        case Kind.DUPLICATE:
            return f"The same address as in line {row.first_line}."
        case _:
            return ""


def what_changed(before: str, now: str) -> str:
    """The sentence that tells two marks of a plan apart."""
    old, new = _MARK.fullmatch(before), _MARK.fullmatch(now)
    told = "What it comes to has changed since you looked, so nothing was imported"
    if old is None or new is None or old[1] != new[1] or old[2].count(".") != new[2].count("."):
        return f"{told}: it is another file, or something else was said about it."
    steps = {
        kind: int(after) - int(earlier)
        for kind, earlier, after in zip(Kind, old[2].split("."), new[2].split("."), strict=True)
        if earlier != after
    }
    fewer = {kind: -step for kind, step in steps.items() if step < 0}
    more = {kind: step for kind, step in steps.items() if step > 0}
    if len(fewer) == len(more) == 1 and list(fewer.values()) == list(more.values()):
        count = next(iter(fewer.values()))
        rows, were, are = ("row", "was", "is") if count == 1 else ("rows", "were", "are")
        return f"{told}: {count:,} {rows} that {were} {next(iter(fewer))} {are} {next(iter(more))} by now."
    moves = [f"{count:,} fewer {kind}" for kind, count in fewer.items()]
    moves += [f"{count:,} more {kind}" for kind, count in more.items()]
    return f"{told}: {', '.join(moves) or 'as many rows of each kind, but others'}."
