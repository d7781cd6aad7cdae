"""Mails that somebody gets for what they did: rendered once, then filled in for each person.

MJML takes milliseconds and filling in takes microseconds, and such a mail is made while the store is held for writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

import jinja2

from newsletter.issues import Publication, from_manifest
from newsletter.rendering.context import day_in_words, postal_lines
from newsletter.rendering.links import web_address
from newsletter.rendering.mjml import RenderedMail, render_issue, render_mail
from newsletter.rendering.personalise import Kind, Segments, slot
from newsletter.rendering.words import one_line


@dataclass(frozen=True, slots=True)
class Pieces:
    """A whole mail but for what differs from person to person."""

    subject: str
    preheader: str
    html: Segments
    text: Segments
    mjml: Segments
    tools: tuple[str, ...] = ()
    """As RenderedMail has them."""

    @classmethod
    def of(cls, mail: RenderedMail, nonce: str, known: frozenset[str]) -> Pieces:
        """Split at the slots. Raises InputError where a template prints one that is not `known`."""

        def split(rendered: str, kind: Kind) -> Segments:
            return Segments.split(rendered, nonce, kind, known)

        html, text, mjml = split(mail.html, "html"), split(mail.text, "text"), split(mail.mjml, "html")
        return cls(mail.subject, mail.preheader, html, text, mjml, mail.tools)

    def fill(self, values: Mapping[str, str]) -> RenderedMail:
        """The mail to one person. KeyError where a value is missing."""
        html, text, mjml = (part.fill(values) for part in (self.html, self.text, self.mjml))
        return RenderedMail(self.subject, self.preheader, html, text, mjml)


def render_confirmation(
    environment: jinja2.Environment, publication: Publication, *, confirm_url: str, asked_at: datetime, days_valid: int
) -> RenderedMail:
    """The mail that asks a new subscriber to confirm. Literal: it holds no slots. `asked_at` is aware."""
    name = one_line(publication.name)
    pieces = _pieces(
        environment,
        publication,
        "confirm",
        f"Confirm your subscription to {name}",
        f"One press of a button and {name} comes to you every week.",
        ("confirm_url", "asked"),
        (("days_valid", days_valid),),
    )
    return pieces.fill({"confirm_url": web_address(confirm_url), "asked": _moment(asked_at)})


def render_known(
    environment: jinja2.Environment,
    publication: Publication,
    *,
    preferences_url: str,
    unsubscribe_url: str,
    asked_at: datetime,
) -> RenderedMail:
    """The mail to a subscriber who asked once more. Literal: it holds no slots. `asked_at` is aware."""
    name = one_line(publication.name)
    pieces = _pieces(
        environment,
        publication,
        "known",
        f"You are subscribed to {name} already",
        "Nothing is left to do. Here is the link to your preferences.",
        ("preferences_url", "unsubscribe_url", "asked"),
    )
    urls = {"preferences_url": web_address(preferences_url), "unsubscribe_url": web_address(unsubscribe_url)}
    return pieces.fill({**urls, "asked": _moment(asked_at)})


def render_welcome(
    environment: jinja2.Environment,
    publication: Publication,
    *,
    when: str,
    sender: str,
    preferences_url: str,
    unsubscribe_url: str,
) -> RenderedMail:
    """The mail to a new subscriber, without an issue. Literal: it holds no slots. `when`: `Every Monday at 09:00, UTC`;
    `sender`: the address that issues come from, or nothing.
    """
    pieces = _pieces(
        environment,
        publication,
        "welcome",
        f"Welcome to {one_line(publication.name)}",
        _preheader(when),
        ("preferences_url", "unsubscribe_url"),
        (("when", one_line(when)), ("sender", one_line(sender))),
    )
    return pieces.fill(
        {"preferences_url": web_address(preferences_url), "unsubscribe_url": web_address(unsubscribe_url)}
    )


@lru_cache(maxsize=4)
def welcome_with_issue(
    environment: jinja2.Environment, publication: Publication, manifest: str, nonce: str, *, when: str, sender: str
) -> Pieces:
    """The welcome with a whole issue beneath: that of `manifest`, with the slots of an issue and `preferences_url`."""
    name = one_line(publication.name)
    welcome = {
        "title": f"Welcome to {name}",
        "preheader": _preheader(when),
        "when": one_line(when),
        "sender": one_line(sender),
    }
    mail = render_issue(environment, publication, from_manifest(manifest), nonce, welcome=welcome)
    return Pieces.of(mail, nonce, mail.slots)


@lru_cache(maxsize=16)
def _pieces(
    environment: jinja2.Environment,
    publication: Publication,
    name: str,
    subject: str,
    preheader: str,
    slots: tuple[str, ...],
    values: tuple[tuple[str, object], ...] = (),
) -> Pieces:
    nonce = sha256(repr((publication, subject, values)).encode()).hexdigest()[:16]  # no text can hold its own hash
    mail = render_mail(
        environment,
        name,
        publication,
        subject=subject,
        preheader=preheader,
        values={
            "newsletter": one_line(publication.name),
            "postal_lines": postal_lines(publication),
            "site_url": web_address(publication.site_url),
            **dict(values),
            **{each: slot(nonce, each) for each in slots},
        },
    )
    return Pieces.of(mail, nonce, frozenset(slots))


def _preheader(when: str) -> str:
    return f"You are subscribed. {one_line(when)}, the next issue comes to you."


def _moment(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{day_in_words(utc.date())} at {utc:%H:%M} UTC"
