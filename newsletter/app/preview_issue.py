"""See an issue as it would go out, and everything that speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.app.approve_issue import blocking
from newsletter.app.compose_issue import check_mail, compose_issue, dead_slots, find_issue
from newsletter.app.container import App
from newsletter.app.look_up import IssueDetail, look_at_issue
from newsletter.app.readiness import Task, live_tasks, refusing
from newsletter.errors import TokenError
from newsletter.rendering.lint import Finding
from newsletter.rendering.mjml import split_mail
from newsletter.rendering.proposals import Proposal, propose


@dataclass(frozen=True, slots=True)
class Preview:
    """Both parts, with dead reader links. `approved`: this is the content that was approved."""

    subject: str
    preheader: str
    html: str
    text: str
    html_bytes: int
    content_sha256: str
    approved: bool
    proposals: list[Proposal]
    """Ways to announce it, made from the comparisons in it now; the first is what a fresh draft gets."""


def preview_issue(app: App, key: str) -> Preview:
    """As it would go out now."""
    issue = find_issue(app, key)
    composed = compose_issue(app, issue)
    values = dead_slots(app, composed.mail)
    html, text = split_mail(composed.mail, issue.nonce)
    filled = html.fill(values)
    return Preview(
        composed.mail.subject,
        composed.mail.preheader,
        filled,
        text.fill(values),
        len(filled.encode()),
        composed.sha256,
        composed.sha256 == issue.content_sha256,
        propose(composed.content.items) if composed.content.items else [],
    )


def preview_by_link(app: App, token: str) -> tuple[IssueDetail, Preview]:
    """What the link in the operator's mail shows. Raises TokenError where it is not valid."""
    issue = app.store.issues.by_id(app.signer.read_draft(token))
    if issue is None:
        raise TokenError("This issue is gone.")
    return look_at_issue(app, issue.key), preview_issue(app, issue.key)


@dataclass(frozen=True, slots=True)
class Checks:
    """What the mail rules found, the tasks of a live send (none where nothing leaves this machine), and the sum."""

    findings: list[Finding]
    tasks: list[Task]
    blocked: bool


def check_issue(app: App, key: str) -> Checks:
    """Every check there is."""
    issue = find_issue(app, key)
    composed = compose_issue(app, issue)
    findings = check_mail(app, issue, composed)
    tasks = live_tasks(app) if app.provider.capabilities.live else []
    if tasks:
        confirmed = issue.test_sha256 == composed.sha256
        detail = "you confirmed a test of this very content" if confirmed else "no confirmed test of this very content"
        tasks.append(
            Task("test", confirmed, detail, f"newsletter issues test {key} --to YOU, then approve --code CODE.")
        )
    return Checks(findings, tasks, bool(blocking(findings) or refusing(app, tasks)))
