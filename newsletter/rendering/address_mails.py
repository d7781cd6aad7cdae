"""The two mails of a change of address: to the new one, which confirms it, and to the old one, which is told."""

from __future__ import annotations

from datetime import UTC, datetime

import jinja2

from newsletter.issues import Publication
from newsletter.rendering.context import day_in_words, postal_lines
from newsletter.rendering.links import web_address
from newsletter.rendering.mjml import RenderedMail, render_mail
from newsletter.rendering.words import one_line


def render_change_address(
    environment: jinja2.Environment, publication: Publication, *, change_url: str, asked_at: datetime, days_valid: int
) -> RenderedMail:
    """To the new address. Literal: it holds no slots. `asked_at` is aware."""
    name = one_line(publication.name)
    return render_mail(
        environment,
        "change_address",
        publication,
        subject=f"Shall {name} come to this address?",
        preheader="One press of a button, and the next issue comes here.",
        values={
            **_common(publication),
            "change_url": web_address(change_url),
            "asked": _moment(asked_at),
            "days_valid": days_valid,
        },
    )


def render_address_changed(
    environment: jinja2.Environment,
    publication: Publication,
    *,
    new_address: str,
    changed_at: datetime,
    preferences_url: str,
) -> RenderedMail:
    """To the old address. `new_address` as it may be shown there: not all of it. `changed_at` is aware."""
    name = one_line(publication.name)
    return render_mail(
        environment,
        "address_changed",
        publication,
        subject=f"{name} goes to another address now",
        preheader="If that was you, there is nothing to do.",
        values={
            **_common(publication),
            "new_address": one_line(new_address),
            "changed": _moment(changed_at),
            "preferences_url": web_address(preferences_url),
        },
    )


def _common(publication: Publication) -> dict[str, object]:
    return {
        "newsletter": one_line(publication.name),
        "postal_lines": postal_lines(publication),
        "site_url": web_address(publication.site_url),
    }


def _moment(at: datetime) -> str:
    moment = at.astimezone(UTC)
    return f"{day_in_words(moment.date())} at {moment:%H:%M} UTC"
