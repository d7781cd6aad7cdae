"""Send a test of an issue, and approve exactly the content that was tested."""

from __future__ import annotations

from newsletter.app.compose_issue import Composed, check_mail, compose_issue, dead_slots, find_issue, test_code_of
from newsletter.app.container import App
from newsletter.app.mail_one import queue_mail
from newsletter.audience.subscriber import normal_address
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import ChecksFailedError, ConfigError, InputError, ProviderError, TransitionError
from newsletter.issues import Issue, IssueStatus, require_status
from newsletter.rendering.lint import Finding, Severity
from newsletter.rendering.mjml import split_mail
from newsletter.rendering.personalise import Segments

_TESTABLE = (IssueStatus.DRAFT, IssueStatus.APPROVED, IssueStatus.HOLDING)


def queue_test(app: App, key: str, address: str) -> int:
    """Queue a test of the issue as it is now, with dead links and a code that proves receipt; the mail's id."""
    issue = find_issue(app, key)
    if issue.status not in _TESTABLE:
        raise TransitionError(f"Issue {key} is {issue.status}; only what is not sent yet can be tested.")
    if not app.settings.sender:
        raise ConfigError("There is no sender address.", next_step="Set `sender` in newsletter.toml.")
    address = normal_address(address)
    code = test_code_of(app, compose_issue(app, issue).sha256)
    tested = compose_issue(app, issue, test_code=code)
    values = dead_slots(app, tested.mail)
    html, text = split_mail(tested.mail, issue.nonce)
    filled = type(tested.mail)(
        subject=tested.mail.subject,
        preheader=tested.mail.preheader,
        html=html.fill(values),
        text=text.fill(values),
        mjml="",
    )
    headers = {
        name: Segments.split(value, issue.nonce, "text", frozenset(values)).fill(values)
        for name, value in tested.envelope["headers"].items()
    }
    queued = queue_mail(app, f"test/{issue.key}/{app.now().isoformat()}", "test", address, filled, headers=headers)
    if queued is None:
        raise TransitionError("A test of this moment is queued already.", permanent=False)
    return queued


def require_sent(app: App, message_id: int) -> None:
    """Raise ProviderError unless the mail was accepted; says what became of it instead."""
    message = app.store.messages.by_id(message_id)
    if message is None or message.status is not DeliveryStatus.ACCEPTED:
        status = message.status if message else "gone"
        why = message.detail if message and message.detail else "no sender took it"
        raise ProviderError(
            f"The mail is {status}, not accepted by {app.provider.name}: {why}.",
            next_step="See `newsletter doctor`.",
            permanent=status is DeliveryStatus.REJECTED,
        )


def blocking(findings: list[Finding]) -> list[Finding]:
    """Those that forbid to approve."""
    return [finding for finding in findings if finding.severity is Severity.BLOCK]


def grouped(findings: list[Finding]) -> list[tuple[Finding, int]]:
    """(first, how many) of findings that break the same rule and want the same mending, in their order."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.fix), []).append(finding)
    return [(group[0], len(group)) for group in groups.values()]


def approve_issue(app: App, key: str, *, code: str | None = None) -> Issue:
    """Freeze the content under its hash. `code` is the one in the test mail: it says that you received it.

    Raises ChecksFailedError where checks block it or a live provider has no confirmed test of this very content, and
    InputError where the code is of another content.
    """
    issue = find_issue(app, key)
    if issue.status is not IssueStatus.APPROVED:
        require_status(key, issue.status, IssueStatus.APPROVED)
    composed = compose_issue(app, issue)
    require_clean(app, issue, composed)
    tested = issue.test_sha256
    if code is not None:
        if code.strip().upper() != test_code_of(app, composed.sha256):
            raise InputError(
                "This code is not of the issue as it is now.",
                next_step=f"Send a new test (`newsletter issues test {key} --to YOU`) and take the code in it.",
            )
        tested = composed.sha256
    if app.provider.capabilities.live and tested != composed.sha256:
        raise ChecksFailedError(
            "Nobody has confirmed receiving a test of this very content.",
            next_step=f"Send a test (`newsletter issues test {key} --to YOU`), then approve with its code (--code).",
        )
    if not app.store.issues.move(
        issue.id,
        issue.status,
        IssueStatus.APPROVED,
        content_sha256=composed.sha256,
        test_sha256=tested,
        approved_at=app.now(),
    ):
        raise TransitionError(
            f"Issue {key} changed this moment.", next_step="Look at it and try again.", permanent=False
        )
    return find_issue(app, key)


def require_clean(app: App, issue: Issue, composed: Composed) -> None:
    """Raise ChecksFailedError naming every finding that blocks."""
    if found := grouped(blocking(check_mail(app, issue, composed))):
        facts = [
            f"{finding.place}: {finding.message.rstrip('.')}"
            + (f" (and {count - 1} more like it)" if count > 1 else "")
            for finding, count in found
        ]
        raise ChecksFailedError(
            "Checks block this: " + "; ".join(facts) + ".",
            next_step=" ".join(dict.fromkeys(finding.fix for finding, _ in found)),
        )
