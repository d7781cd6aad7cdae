"""From an issue's rows to the content it has now, and from that to a rendered mail and its checks."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

from newsletter.app.container import App
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.comparisons.model import Comparison, VoteTally
from newsletter.errors import NotFoundError
from newsletter.issues import Issue, IssueContent, Item, from_manifest
from newsletter.rendering.lint import Finding, lint_mail
from newsletter.rendering.mjml import RenderedMail, render_correction, render_issue
from newsletter.rendering.personalise import slot
from newsletter.rendering.slots import reader_slots
from newsletter.store.comparisons import Stored

_VOTED = 3


@dataclass(frozen=True, slots=True)
class Composed:
    """An issue as it would go out now. `sha256` (hex) is over everything a reader sees."""

    content: IssueContent
    mail: RenderedMail
    envelope: dict[str, Any]
    sha256: str


def find_issue(app: App, key: str) -> Issue:
    """Raises NotFoundError naming the issues there are."""
    issue = app.store.issues.by_key(key)
    if issue is None:
        there = ", ".join(found.key for found in app.store.issues.all(5)) or "none yet"
        raise NotFoundError(f"There is no issue {key}.", next_step=f"The newest are: {there}.")
    return issue


def find_comparison(app: App, slug: str) -> Stored:
    """Raises NotFoundError."""
    stored = app.store.comparisons.by_slug(slug)
    if stored is None:
        raise NotFoundError(f"There is no comparison {slug}.", next_step="See `newsletter comparisons list`.")
    return stored


def comparison_address(app: App, comparison: Comparison) -> str:
    """Where its button leads: its own address, else the settings' pattern, else our own page."""
    if comparison.url:
        return comparison.url
    pattern = app.settings.comparison_url or f"{app.settings.site_url}/compare/{{slug}}"
    return pattern.replace("{slug}", comparison.slug)


def content_of(app: App, issue: Issue) -> IssueContent:
    """The content as it was frozen; before that, as the rows and comparisons stand now."""
    manifest = app.store.issues.manifest(issue.id)
    if manifest is not None:
        return from_manifest(manifest)
    rows = app.store.issues.items(issue.id)
    stored = app.store.comparisons.by_ids([row.comparison_id for row in rows])
    items = tuple(
        Item(
            stored[row.comparison_id].comparison,
            row.section,
            comparison_address(app, stored[row.comparison_id].comparison),
            tuple(sorted(row.before.items())),
            *_what_changed(app, stored[row.comparison_id], row.before),
        )
        for row in rows
    )
    voted = _voted_on(app, issue) if issue.corrects is None else ()
    return IssueContent(issue.key, issue.slot.day, issue.subject, issue.preheader, issue.intro, items, voted)


def keep_votes(app: App, issue: Issue) -> None:
    """Keep how readers have voted by now on the last issue's tools: an issue that was looked at, and perhaps approved,
    must not change with the next vote.
    """
    tools = {side.slug for item in _last_items(app, issue) for side in item.comparison.sides}
    app.store.votes.keep_for(issue.id, sorted(tools))


def _voted_on(app: App, issue: Issue) -> tuple[Item, ...]:
    """Of the last issue's comparisons those that readers voted on, the most votes first, three at most.

    Of each tool the votes that our own readers had cast when this issue was drafted; where there are none, those that
    came with the comparison. Votes of people on the web are not among them.
    """
    kept = app.store.votes.kept_for(issue.id)
    items = [replace(item, comparison=_with_votes(item.comparison, kept)) for item in _last_items(app, issue)]
    return tuple(sorted(filter(_votes, items), key=lambda item: (-_votes(item), item.comparison.slug))[:_VOTED])


def _last_items(app: App, issue: Issue) -> list[Item]:
    last = app.store.issues.last_sent(issue.cutoff_at)
    if last is None:
        return []
    rows = app.store.issues.items(last.id)
    stored = app.store.comparisons.by_ids([row.comparison_id for row in rows])
    return [
        Item(
            stored[row.comparison_id].comparison,
            row.section,
            comparison_address(app, stored[row.comparison_id].comparison),
        )
        for row in rows
    ]


def _with_votes(comparison: Comparison, votes: Mapping[str, VoteTally]) -> Comparison:
    left, right = (replace(side, community=votes.get(side.slug, side.community)) for side in comparison.sides)
    return replace(comparison, sides=(left, right))


def _votes(item: Item) -> int:
    return sum(side.community.ship + side.community.skip for side in item.comparison.sides if side.community)


def _what_changed(
    app: App, stored: Stored, before: Mapping[str, str]
) -> tuple[date | None, tuple[tuple[str, str, int], ...]]:
    """Since which local date the labels of `before` are no more, and the named scores that went with them; nothing
    where no revision that was kept still has those labels.
    """
    if not before:
        return None, ()
    for revised in app.store.comparisons.revisions(stored.id):
        was = revised.was
        if all(was.labels.get(slug) == label for slug, label in before.items()):
            scores = [
                (side.slug, review.reviewer, review.score)
                for side in was.sides
                for review in side.reviews
                if review.reviewer and review.score is not None
            ]
            return revised.at.astimezone(app.settings.zone).date(), tuple(scores)
    return None, ()


def compose_issue(app: App, issue: Issue, *, test_code: str | None = None) -> Composed:
    """Render the issue. The same rows, settings and templates give the same hash."""
    content = content_of(app, issue)
    if issue.corrects is None:
        mail = render_issue(app.mail_templates, app.settings.publication, content, issue.nonce, test_code=test_code)
    else:
        mail = _correction_mail(app, issue, content, test_code)
    envelope = issue_envelope(app, issue, mail.subject)
    digest = sha256(json.dumps([mail.subject, mail.preheader, mail.html, mail.text, envelope]).encode()).hexdigest()
    return Composed(content, mail, envelope, digest)


def _correction_mail(app: App, issue: Issue, content: IssueContent, test_code: str | None) -> RenderedMail:
    assert issue.corrects is not None
    correction = app.store.issues.correction(issue.corrects)
    original = app.store.issues.by_id(correction.issue_id)
    assert original is not None
    return render_correction(
        app.mail_templates,
        app.settings.publication,
        content,
        original=content_of(app, original),
        text=correction.text,
        reason=correction.reason,
        nonce=issue.nonce,
        test_code=test_code,
    )


def corrected_issue(app: App, issue: Issue) -> int | None:
    """The id of the issue that this mails a correction of, or None for a weekly number."""
    return None if issue.corrects is None else app.store.issues.correction(issue.corrects).issue_id


def issue_envelope(app: App, issue: Issue, subject: str) -> dict[str, Any]:
    """Sender, subject and headers of the issue's mail; header values hold slots."""
    settings = app.settings
    unsubscribe = f"<{slot(issue.nonce, 'unsubscribe_url')}>"
    if settings.unsubscribe_mailbox:
        unsubscribe += f", <mailto:{settings.unsubscribe_mailbox}?subject=unsubscribe>"
    domain = settings.sender.rpartition("@")[2] or "localhost"
    return {
        "sender_name": settings.sender_name or settings.name,
        "sender": settings.sender,
        "reply_to": settings.reply_to or None,
        "subject": subject,
        "headers": {
            "List-Unsubscribe": unsubscribe,  # RFC 2369
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "List-Id": f"<newsletter.{domain}>",  # RFC 2919
            "Feedback-ID": f"{issue.key}:issue:newsletter:nl{app.store.meta.instance[:8]}",  # Google's four fields
            "Precedence": "bulk",
        },
    }


def dead_slots(app: App, mail: RenderedMail) -> dict[str, str]:
    """What stands in a reader's slots where there is no reader: in previews and tests."""
    return reader_slots(app.settings.site_url, DEAD_TOKEN, None, mail.tools)


def test_code_of(app: App, content_sha256: str) -> str:
    """Six letters and digits that stand only in a test of this very content."""
    mac = hmac.digest(app.store.meta.signing_key, b"test-code:" + content_sha256.encode(), "sha256")
    return base64.b32encode(mac).decode()[:6]


def check_mail(app: App, issue: Issue, composed: Composed) -> list[Finding]:
    """What the static rules find, for the provider in force."""
    return lint_mail(
        composed.mail,
        nonce=issue.nonce,
        publication=app.settings.publication,
        allow_loopback=app.provider.capabilities.loopback_links,
        headers=composed.envelope["headers"],
    )
