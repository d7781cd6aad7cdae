"""The mail that holds what a reader saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import jinja2

from newsletter.comparisons.model import Label
from newsletter.issues import Publication
from newsletter.rendering.context import postal_lines
from newsletter.rendering.links import web_address
from newsletter.rendering.mjml import RenderedMail, render_mail
from newsletter.rendering.words import one_line

SHOWN = 100
"""Mails above 102 kB are cut short by Gmail: what goes beyond this number is on the page only."""


@dataclass(frozen=True, slots=True)
class SavedLine:
    """One saved tool, and what its newest comparison says of it. Both addresses are absolute."""

    name: str
    url: str
    label: Label | None
    share: int | None
    """Ship votes in per cent, 0–100."""
    title: str
    comparison_url: str
    compared_on: str
    """`16 November 2026`"""


def render_saved_list(
    environment: jinja2.Environment, publication: Publication, lines: Sequence[SavedLine], *, list_url: str
) -> RenderedMail:
    """The list as a mail, the first SHOWN of it. `list_url` is the reader's own page of it. Holds no slots."""
    count = len(lines)
    tools = f"{count} saved tool{'s' if count != 1 else ''}"
    shown = [
        replace(line, url=web_address(line.url), comparison_url=web_address(line.comparison_url))
        for line in lines[:SHOWN]
    ]
    return render_mail(
        environment,
        "saved_list",
        publication,
        subject=f"Your {tools}",
        preheader="Each with the verdict of its newest comparison, and where to read on.",
        values={
            "newsletter": one_line(publication.name),
            "postal_lines": postal_lines(publication),
            "tools": tools,
            "lines": shown,
            "more": count - len(shown),
            "list_url": web_address(list_url),
            "site_url": web_address(publication.site_url),
        },
    )
