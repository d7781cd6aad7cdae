"""Issues for programs: from a draft to a send and its report, each act through the same function as on the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.approve_issue import approve_issue, queue_test
from newsletter.app.container import App
from newsletter.app.correct_issue import correct_issue
from newsletter.app.draft_issue import draft_issue
from newsletter.app.edit_issue import content_mark, edit_issue, undo_edit
from newsletter.app.hold_issue import hold_issue, undo_hold
from newsletter.app.look_up import look_at_issue
from newsletter.app.operator_lists import issues_after, missed_after
from newsletter.app.pause_all import pause_all
from newsletter.app.preview_issue import check_issue, preview_issue
from newsletter.app.record import note
from newsletter.app.report_issue import evidence_of_unknown, report_issue, settle_unknown
from newsletter.app.retry_rejected import look_at_retry, retry_rejected
from newsletter.app.send_issue import cancel_issue, pause_issue, resume_issue
from newsletter.errors import TransitionError
from newsletter.issues import Issue
from newsletter.operators import Right
from newsletter.web import operator_shapes as shapes
from newsletter.web.keyed import Keyed

Key = Annotated[str, Path(pattern=shapes.KEY, description="Of the issue, like `2026-W48`.")]
After = Annotated[int, Query(ge=0, le=10**15, description="The `next` of the page before.")]
AfterIssue = Annotated[str, Query(pattern=f"^({shapes.KEY[1:-1]})?$", description="The `next` of the page before.")]
Reader = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="The number of a subscriber.")]
Limit = Annotated[int, Query(ge=1, le=100)]


def operator_issues(app: App, keyed: Keyed) -> None:
    """`/api/v1/issues`."""
    for add in (_content, _sending, _after):
        add(app, keyed)


def brief_of(issue: Issue) -> shapes.IssueBrief:
    return shapes.IssueBrief.model_validate(_facts(issue))


def _facts(issue: Issue) -> dict[str, Any]:
    counts = shapes.Counts.model_validate(issue.counts)
    names = ("key", "status", "reason", "subject", "approved_at", "hold_until", "frozen_at", "finished_at")
    return {"day": issue.slot.day, "counts": counts, **{name: getattr(issue, name) for name in names}}


def _whole(app: App, key: str) -> shapes.IssueWhole:
    detail = look_at_issue(app, key)
    issue = detail.issue
    return shapes.IssueWhole(
        **_facts(issue),
        preheader=issue.preheader,
        intro=issue.intro,
        seen=content_mark(app, issue),
        places=[shapes.Place.model_validate(place) for place in detail.places],
        choices=[shapes.Choice.model_validate(choice) for choice in detail.choices],
        audience=detail.audience,
        pulls=[shapes.Pull.model_validate(pull) for pull in detail.pulls],
    )


def _content(app: App, keyed: Keyed) -> None:
    @keyed.get("/issues", "list_issues")
    def list_all(cursor: AfterIssue = "", limit: Limit = 20) -> shapes.IssueList:
        """Issues, newest first."""
        found, after = issues_after(app, cursor, limit)
        return shapes.IssueList(issues=list(map(brief_of, found)), next=after)

    @keyed.write("POST", "/issues", "draft_issue", shape=shapes.IssueWhole, right=Right.EDIT, status=201)
    def draft(request: Request, body: shapes.NewDraft) -> Response:
        """Choose the week and draft its issue."""

        def do() -> shapes.IssueWhole:
            drafted = draft_issue(app, body.slot, again=body.again).issue
            if drafted is None:
                raise TransitionError("Somebody else drafted this slot just now.", next_step="Look at the list.")
            return _whole(app, drafted.key)

        return keyed.acted(request, "drafted", do, subject=lambda made: f"issue {made.key}", status=201)

    @keyed.get("/issues/{key}", "show_issue", 404)
    def show(response: Response, key: Key) -> shapes.IssueWhole:
        """One issue: its content, its audience, and why each candidate is in or out."""
        found = _whole(app, key)
        response.headers["ETag"] = f'"{found.seen}"'
        return found

    @keyed.write("PATCH", "/issues/{key}", "edit_issue", 404, shape=shapes.IssueWhole, right=Right.EDIT, marked=True)
    def edit(request: Request, key: Key, body: shapes.Edit) -> Response:
        """Change texts, order and content, where nobody changed it since you looked."""
        seen = keyed.seen(request, body.seen)

        def do() -> shapes.IssueWhole:
            changes = body.model_dump(exclude={"seen"})
            edit_issue(app, key, by=keyed.key(request).name, seen=seen, **changes)
            return _whole(app, key)

        return keyed.acted(request, "edited", do, subject=f"issue {key}")

    @keyed.write("POST", "/issues/{key}/undo", "undo_edit", 404, shape=shapes.IssueWhole, right=Right.EDIT, marked=True)
    def undo(request: Request, key: Key) -> Response:
        """Take the newest change back; again for the one before. With If-Match, only what you looked at."""
        seen = keyed.seen(request, None, needed=False)

        def do() -> shapes.IssueWhole:
            undo_edit(app, key, seen=seen)
            return _whole(app, key)

        return keyed.acted(request, "undid the last change", do, subject=f"issue {key}")

    @keyed.get("/issues/{key}/checks", "check_issue", 404)
    def checks(key: Key) -> shapes.Checks:
        """Every check, each with what to do."""
        return shapes.Checks.model_validate(check_issue(app, key))

    @keyed.get("/issues/{key}/preview", "preview_issue", 404)
    def preview(key: Key, reader: Reader = None) -> shapes.Preview:
        """The mail as it would go out now; as one reader gets it, and why they would not."""
        return shapes.Preview.model_validate(preview_issue(app, key, reader=reader))


def _sending(app: App, keyed: Keyed) -> None:
    @keyed.write("POST", "/issues/{key}/test", "test_issue", 404, shape=shapes.TestAnswer, right=Right.EDIT, status=202)
    def test(request: Request, key: Key, body: shapes.NewTest) -> Response:
        """Send a test of the issue as it is now."""
        return keyed.acted(
            request,
            "sent a test",
            lambda: shapes.TestAnswer(mail=queue_test(app, key, body.to)),
            subject=f"issue {key}",
            status=202,
        )

    @keyed.write("POST", "/issues/{key}/approve", "approve_issue", 404, shape=shapes.IssueBrief, right=Right.EDIT)
    def approve(request: Request, key: Key, body: shapes.Approval) -> Response:
        """Freeze the content under its hash. Any edit voids it."""
        return keyed.acted(
            request,
            "approved",
            lambda: brief_of(approve_issue(app, key, code=(body.code or "").strip() or None)),
            subject=f"issue {key}",
        )

    @keyed.write("POST", "/issues/{key}/send", "send_issue", 404, shape=shapes.IssueBrief, right=Right.EDIT, status=202)
    def send(request: Request, key: Key, body: shapes.Send) -> Response:
        """Send an approved issue a minute from now. 409 where it would go to another number of readers."""
        return keyed.acted(
            request,
            "sent it",
            lambda: brief_of(hold_issue(app, key, recipients=body.recipients)),
            subject=f"issue {key}",
            status=202,
        )

    @keyed.write("POST", "/pause-all", "pause_all", shape=shapes.Stopped, right=Right.EDIT)
    def stop(request: Request) -> Response:
        """Pause every issue that is being sent; what is held becomes a draft again. Each is resumed by itself."""

        def do() -> shapes.Stopped:
            stopped = pause_all(app)
            for issue in stopped:
                act = "paused it, with everything else"
                note(app, keyed.key(request).name, act, subject=f"issue {issue.key}", via="api")
            return shapes.Stopped(stopped=list(map(brief_of, stopped)))

        return keyed.acted(request, "paused everything", do)

    def plain(path: str, name: str, act: Callable[[App, str], Issue], words: str, told: str) -> None:
        def do(request: Request, key: Key) -> Response:
            return keyed.acted(request, words, lambda: brief_of(act(app, key)), subject=f"issue {key}")

        do.__doc__ = told
        keyed.write("POST", f"/issues/{{key}}/{path}", name, 404, shape=shapes.IssueBrief, right=Right.EDIT)(do)

    plain("undo-send", "undo_send", undo_hold, "undid the send", "Within its minute: nothing went out.")
    plain("pause", "pause_issue", pause_issue, "paused it", "Claim nothing more. A held issue is a draft again.")
    plain("resume", "resume_issue", resume_issue, "resumed it", "Let a paused issue go on.")
    plain("cancel", "cancel_issue", cancel_issue, "cancelled the rest", "Send it to nobody else; for good.")


def _after(app: App, keyed: Keyed) -> None:
    @keyed.get("/issues/{key}/report", "report_issue", 404)
    def report(key: Key) -> shapes.Report:
        """What became of it."""
        return shapes.Report.model_validate(report_issue(app, key))

    @keyed.get("/issues/{key}/missed", "list_missed", 404)
    def missed(key: Key, cursor: After = 0, limit: Limit = 20) -> shapes.MissedList:
        """Who did not get it, and why."""
        found, after = missed_after(app, key, cursor, limit)
        return shapes.MissedList(missed=[shapes.Missed.model_validate(one) for one in found], next=after)

    @keyed.get("/issues/{key}/unknown", "list_unknown", 404)
    def unknown(key: Key) -> shapes.UnknownList:
        """What is unknown, with its evidence."""
        return shapes.UnknownList(unknown=[shapes.Unknown.model_validate(one) for one in evidence_of_unknown(app, key)])

    @keyed.write("POST", "/issues/{key}/settle", "settle_issue", 404, shape=shapes.Settled, right=Right.EDIT)
    def settle(request: Request, key: Key, body: shapes.Word) -> Response:
        """Take your word on what is unknown."""

        def do() -> shapes.Settled:
            issue, count = settle_unknown(app, key, sent=body.sent, address=body.address)
            return shapes.Settled(settled=count, issue=brief_of(issue))

        word = "sent" if body.sent else "not sent"
        return keyed.acted(request, f"settled what was unknown as {word}", do, subject=f"issue {key}")

    @keyed.get("/issues/{key}/retry", "look_at_retry", 404)
    def ask_to_retry(key: Key) -> shapes.Retry:
        """Whom the provider definitely refused, and who of them would get it if it were tried again."""
        return shapes.Retry.model_validate(look_at_retry(app, key))

    @keyed.write(
        "POST", "/issues/{key}/retry", "retry_issue", 404, shape=shapes.TriedAgain, right=Right.EDIT, status=202
    )
    def retry(request: Request, key: Key, body: shapes.Send) -> Response:
        """Try again what was definitely refused. 409 where it would go to another number of readers."""

        def do() -> shapes.TriedAgain:
            issue, count = retry_rejected(app, key, expected=body.recipients)
            return shapes.TriedAgain(again=count, issue=brief_of(issue))

        return keyed.acted(request, "tried again what was refused", do, subject=f"issue {key}", status=202)

    @keyed.write(
        "POST", "/issues/{key}/correct", "correct_issue", 404, shape=shapes.Correction, right=Right.EDIT, status=201
    )
    def correct(request: Request, key: Key, body: shapes.NewCorrection) -> Response:
        """Put right what a sent issue said: dated on its web page, and with a reason drafted as a mail, once."""

        def do() -> shapes.Correction:
            made, mail = correct_issue(app, key, body.text, reason=body.reason)
            return shapes.Correction(text=made.text, at=made.at, mail=mail.key if mail else None)

        return keyed.acted(request, "corrected it", do, subject=f"issue {key}", status=201)
