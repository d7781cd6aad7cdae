"""See an issue as it would go out, in the mail and on the web, and everything that speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.app.approve_issue import blocking
from newsletter.app.compose_issue import (
    Composed,
    check_mail,
    compose_issue,
    content_of,
    corrected_issue,
    dead_slots,
    find_issue,
)
from newsletter.app.container import App
from newsletter.app.correct_issue import corrections_of
from newsletter.app.edit_issue import content_mark
from newsletter.app.look_up import IssueDetail, look_at_issue
from newsletter.app.mending import Mend, mends_of
from newsletter.app.preview_reader import AsReader, as_reader
from newsletter.app.read_pages import IssueLink, published_issues
from newsletter.app.readiness import Task, live_tasks, refusing
from newsletter.errors import TokenError
from newsletter.issues import Issue
from newsletter.rendering.context import IssueView, issue_view
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
    reader: AsReader | None = None
    """Whose eyes it is seen through; None for nobody's."""


def preview_issue(app: App, key: str, *, reader: int | None = None) -> Preview:
    """As it would go out now; with the id of a subscriber as it would come to them. Raises NotFoundError."""
    issue = find_issue(app, key)
    return _preview(app, issue, compose_issue(app, issue), reader)


def _preview(app: App, issue: Issue, composed: Composed, reader: int | None) -> Preview:
    who, values = (None, dead_slots(app, composed.mail)) if reader is None else as_reader(app, issue, composed, reader)
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
        who,
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
    return _checks(app, issue, compose_issue(app, issue))


def _checks(app: App, issue: Issue, composed: Composed) -> Checks:
    key = issue.key
    findings = check_mail(app, issue, composed)
    tasks = live_tasks(app) if app.provider.capabilities.live else []
    if tasks:
        confirmed = issue.test_sha256 == composed.sha256
        detail = "you confirmed a test of this very content" if confirmed else "no confirmed test of this very content"
        tasks.append(
            Task("test", confirmed, detail, f"newsletter issues test {key} --to YOU, then approve --code CODE.")
        )
    return Checks(findings, tasks, bool(blocking(findings) or refusing(app, tasks)))


@dataclass(frozen=True, slots=True)
class Opened:
    """An issue as an operator has it open. `seen`: its content_mark(); `mends`: (rule, fix) → where findings alike
    are mended."""

    detail: IssueDetail
    preview: Preview
    checks: Checks
    mends: dict[tuple[int, str], list[Mend]]
    seen: str


def open_issue(app: App, key: str, *, reader: int | None = None) -> Opened:
    """All that its page shows, composed once. `reader` as of preview_issue(). Raises NotFoundError."""
    issue = find_issue(app, key)
    composed = compose_issue(app, issue)
    checks = _checks(app, issue, composed)
    return Opened(
        look_at_issue(app, key),
        _preview(app, issue, composed, reader),
        checks,
        mends_of(checks.findings, composed.content),
        content_mark(app, issue),
    )


@dataclass(frozen=True, slots=True)
class WebVersion:
    """The page of an issue in the archive, and the newest of those that stand there before it."""

    view: IssueView
    corrections: list[tuple[str, str]]
    """(local date in words, text)"""
    before: IssueLink | None


def web_version(app: App, key: str) -> WebVersion:
    """As it will stand in the archive once it is sent; of a correction, the page of the issue that it corrects."""
    issue = find_issue(app, key)
    original = corrected_issue(app, issue)
    if original is not None:
        found = app.store.issues.by_id(original)
        assert found is not None
        issue = found
    view = issue_view(app.settings.publication, content_of(app, issue))
    earlier = (link for link in published_issues(app) if link.day_on < issue.slot.day)
    return WebVersion(view, corrections_of(app, issue.key), next(earlier, None))
