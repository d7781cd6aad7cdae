"""Where an operator mends what the mail rules found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from newsletter.issues import IssueContent
from newsletter.rendering.intro import links_in
from newsletter.rendering.lint import Finding


class Spot(StrEnum):
    """What of an issue, or beside it, a finding is about."""

    PREHEADER = "preheader"
    INTRO = "intro"
    ORDER = "order"
    COMPARISON = "comparison"
    SETTINGS = "settings"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Mend:
    """The place; `slug` of the comparison where it is one, else empty."""

    spot: Spot
    slug: str = ""


_BY_RULE = {6: Spot.ORDER, 8: Spot.PREHEADER, 9: Spot.SETTINGS}
_TOLD, _NAMED = 60, 40
"""Characters of an address, and of an element's words, that a finding repeats."""


def mends_of(findings: Iterable[Finding], content: IssueContent) -> dict[tuple[int, str], list[Mend]]:
    """(rule, fix) → each place where findings alike are mended, as approve_issue.grouped() groups them.

    What nothing of the issue explains lies in the settings or in a template.
    """
    found: dict[tuple[int, str], dict[Mend, None]] = {}
    for finding in findings:
        found.setdefault((finding.rule, finding.fix), {})[_mend(finding, content)] = None
    return {alike: list(mends) for alike, mends in found.items()}


def _mend(finding: Finding, content: IssueContent) -> Mend:
    if finding.rule in _BY_RULE:
        return Mend(_BY_RULE[finding.rule])
    written = links_in(content.intro)
    if finding.rule == 15 and any(f"<a> {link.words[:_NAMED]!r}" in finding.place for link in written):
        return Mend(Spot.INTRO)
    if finding.rule not in (10, 19):
        return Mend(Spot.TEMPLATE)
    if any(link.url[:_TOLD] in finding.message for link in written):
        return Mend(Spot.INTRO)
    for item in (*content.items, *content.voted):
        if item.url[:_TOLD] in finding.message:
            return Mend(Spot.COMPARISON, item.comparison.slug)
    return Mend(Spot.SETTINGS)
