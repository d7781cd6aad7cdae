"""`newsletter issues send | pause | resume | cancel | report | settle | retry`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from newsletter.cli.face import COMMAND_LINE, Face, common, counted, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.reports import IssueReport


@click.command("send")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; change nothing.")
@common
def send(face: Face, key: str, yes: bool, dry_run: bool) -> None:
    """Send an approved issue, or join in sending it, with a live bar. Ctrl-C leaves it sending."""
    from rich.console import Console

    from newsletter.app.look_up import look_at_issue
    from newsletter.app.report_issue import report_issue
    from newsletter.app.send_issue import freeze_issue, require_unsent
    from newsletter.cli.sending import send_until_done
    from newsletter.errors import ProviderError
    from newsletter.issues import IssueStatus

    detail = look_at_issue(face.app, key)
    readers = counted(detail.audience["recipients"], "recipient")
    sentence = f"Issue {key}, “{detail.issue.subject}”, goes to {readers} through {face.app.provider.name}"
    if dry_run:
        face.answer(
            {"key": key, **detail.audience, "provider": face.app.provider.name},
            lambda console: console.print(f"{safe(sentence)}. Dry run, nothing changed."),
        )
        return
    if detail.issue.status is not IssueStatus.SENDING:
        require_unsent(detail.issue)
        face.ask(f"{sentence}. Send it?", yes=yes)
        freeze_issue(face.app, key, by=COMMAND_LINE)
    try:
        issue = send_until_done(face.app, key, None if face.as_json else Console(file=sys.stderr, highlight=False))
    except KeyboardInterrupt:
        click.echo(
            f"Stopped. Issue {key} is still sending: `newsletter issues send {key}` or `newsletter serve` goes on,"
            f" `newsletter issues pause {key}` stops it for everybody.",
            err=True,
        )
        raise click.exceptions.Exit(1) from None
    report = report_issue(face.app, key)
    face.answer(report.as_dict(), lambda console: draw_report(console, report))
    if issue.status is IssueStatus.PAUSED:
        raise ProviderError(f"Issue {key} is paused: {issue.reason}", next_step=f"Then: newsletter issues resume {key}")


@click.command("pause")
@click.argument("key")
@common
def pause(face: Face, key: str) -> None:
    """Claim nothing more. A holding issue becomes a draft again."""
    from newsletter.app.send_issue import pause_issue

    issue = face.act("paused it", lambda: pause_issue(face.app, key), subject=f"issue {key}")
    left = counted(issue.counts.waiting, "recipient")
    face.answer(
        issue,
        lambda console: console.print(
            f"Issue {key} is {issue.status}; {left} left. Go on with: newsletter issues resume {key}"
            if issue.frozen_at
            else f"Issue {key} is a {issue.status} again; nothing went out."
        ),
    )


@click.command("pause-all")
@common
def pause_all(face: Face) -> None:
    """Pause every issue that is being sent; what is held becomes a draft again. Each is resumed by itself."""
    from newsletter.app.pause_all import pause_all as stop

    with face.app.store.transaction():
        stopped = stop(face.app)
        for issue in stopped:
            face.note("paused it, with everything else", f"issue {issue.key}")
    said = [
        f"Issue {issue.key} is {issue.status}. Go on with: newsletter issues resume {issue.key}"
        if issue.frozen_at
        else f"Issue {issue.key} is a {issue.status} again; nothing went out."
        for issue in stopped
    ]
    face.answer(stopped, lambda console: console.print("\n".join(said)))


@click.command("resume")
@click.argument("key")
@common
def resume(face: Face, key: str) -> None:
    """Let a paused issue go on. A running `serve` takes it up, or: newsletter issues send KEY."""
    from newsletter.app.send_issue import resume_issue

    issue = face.act("resumed it", lambda: resume_issue(face.app, key), subject=f"issue {key}")
    face.answer(
        issue,
        lambda console: console.print(
            f"Issue {key} is sending again; `newsletter serve` or `newsletter issues send {key}` delivers it."
        ),
    )


@click.command("cancel")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def cancel(face: Face, key: str, yes: bool) -> None:
    """Send it to nobody else. Cannot be undone."""
    from newsletter.app.compose_issue import find_issue
    from newsletter.app.send_issue import cancel_issue

    waiting = find_issue(face.app, key).counts.waiting
    face.ask(f"Cancel issue {key}? {counted(waiting, 'waiting recipient')} will never get it.", yes=yes)
    issue = face.act("cancelled the rest", lambda: cancel_issue(face.app, key), subject=f"issue {key}")
    face.answer(
        issue,
        lambda console: console.print(
            f"Issue {key} is cancelled: {counted(issue.counts.cancelled, 'recipient')} will not get it,"
            f" {issue.counts.accepted} did."
        ),
    )


@click.command("report")
@click.argument("key")
@common
def report(face: Face, key: str) -> None:
    """What became of an issue, and who did not get it and why."""
    from newsletter.app.report_issue import report_issue

    made = report_issue(face.app, key)
    face.answer(made.as_dict(), lambda console: draw_report(console, made))


def draw_report(console: Console, made: IssueReport) -> None:
    """The report for a person at a terminal."""
    took = f" in {made.seconds:.1f} s" if made.seconds is not None else ""
    reason = f" ({safe(made.reason)})" if made.reason else ""
    console.print(f"[bold]Issue {made.key}[/] is [bold]{made.status}[/]{took}{reason}.")
    parts = [f"{count} {name}" for name, count in made.counts.items() if count and name != "frozen"]
    total = made.counts["frozen"]
    proof = "" if made.sums_up else " [red]This does not sum up: run newsletter doctor.[/]"
    sum_of = " + ".join(parts).replace("in_flight", "in flight") or "0"
    console.print(f"{counted(total, 'recipient')} = {sum_of}.{proof}")
    if total:
        numbers = table("what", "how many", "share", "median of the last eight")
        for one in made.figures:
            count = "not known yet" if one.count is None else f"{one.count:,}"
            numbers.add_row(one.name.replace("_", " "), count, _per_cent(one.share), _per_cent(one.median))
        for column in numbers.columns[1:]:
            column.justify = "right"
        console.print(numbers)
        if made.no_report:
            console.print("No report is silence for 72 hours, not failure.")
    if made.missed:
        rows = table("did not get it", "status", "why")
        for row in made.missed:
            why = " ".join(filter(None, [(row["outcome"] or "").replace("_", " "), row["detail"]]))
            rows.add_row(safe(row["email"] or "(erased)"), str(row["status"]), safe(why))
        console.print(rows)


def _per_cent(share: float | None) -> str:
    return "" if share is None else f"{share:.1f} %"


@click.command("settle")
@click.argument("key")
@click.option("--sent", "word", flag_value="sent", help="They got it: count them as accepted.")
@click.option("--not-sent", "word", flag_value="not-sent", help="They did not: send it to them now.")
@click.option("--leave", "word", flag_value="leave", help="Change nothing, only show the evidence.")
@click.option("--to", "address", metavar="EMAIL", help="Only this address.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def settle(face: Face, key: str, word: str | None, address: str | None, yes: bool) -> None:
    """Show what is unknown, with its evidence, and take your word on it."""
    from newsletter.app.report_issue import evidence_of_unknown, settle_unknown

    evidence = evidence_of_unknown(face.app, key)

    def show(console: Console) -> None:
        rows = table("unknown", "since", "request key", "what happened")
        for item in evidence:
            since = _moment(item["sent_at"])
            rows.add_row(safe(item["address"]), since, safe(item["key"]), safe(item["detail"]))
        console.print(rows if evidence else f"Nothing of issue {key} is unknown.")
        if evidence and word is None:
            console.print(f"Look the keys up at {evidence[0]['provider']}, then say --sent, --not-sent or --leave.")

    if word in (None, "leave"):
        face.answer({"unknown": evidence}, show)
        return
    if evidence and not face.as_json:
        show(face.console)
    if word == "not-sent":
        face.ask("Send it again to these? Whoever did get it gets it twice.", yes=yes)
    issue, count = face.act(
        f"settled what was unknown as {'sent' if word == 'sent' else 'not sent'}",
        lambda: settle_unknown(face.app, key, sent=word == "sent", address=address),
        subject=f"issue {key}",
    )
    again = f" `newsletter serve` or `newsletter issues send {key}` delivers it." if word == "not-sent" else ""
    face.answer(
        {"settled": count, "issue": issue},
        lambda console: console.print(f"{count} settled as {word}; issue {key} is {issue.status}.{again}"),
    )


@click.command("retry")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def retry(face: Face, key: str, yes: bool) -> None:
    """Send an issue again to those whom the provider definitely refused; never to who may have got it."""
    from newsletter.app.retry_rejected import look_at_retry, retry_rejected
    from newsletter.errors import TransitionError

    look = look_at_retry(face.app, key)
    if look.why_not:
        raise TransitionError(look.why_not, next_step=f"See `newsletter issues report {key}`.")
    if not face.as_json:
        rows = table("was refused", "why")
        for person in look.people:
            rows.add_row(safe(person["email"]), safe(person["detail"] or "the provider gave no reason"))
        face.console.print(rows)
        if look.recipients > len(look.people):
            face.console.print(f"These are the first {len(look.people)}.")
    left = f" ({look.left:,} of those refused left or are suppressed since: nothing for them)" if look.left else ""
    face.ask(f"Send issue {key} again to {counted(look.recipients, 'recipient')}{left}?", yes=yes)
    issue, count = face.act(
        "tried again what was refused",
        lambda: retry_rejected(face.app, key, expected=look.recipients),
        subject=f"issue {key}",
    )
    face.answer(
        {"again": count, "issue": issue},
        lambda console: console.print(
            f"{counted(count, 'recipient')} of issue {key} will get it now: `newsletter serve` or"
            f" `newsletter issues send {key}` delivers it."
        ),
    )


def _moment(seconds: object) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC" if isinstance(seconds, float) else ""


@click.command("correct")
@click.argument("key")
@click.option("--text", required=True, help="What is right; a blank line starts a paragraph.")
@click.option("--mail", is_flag=True, help="Also draft a mail to those who accepted the issue.")
@click.option("--reason", help="Why it is mailed; stands in the mail.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def correct(face: Face, key: str, text: str, mail: bool, reason: str | None, yes: bool) -> None:
    """Put right what a sent issue said: dated on its web page, and with --mail drafted as a mail, once."""
    from newsletter.app.correct_issue import correct_issue
    from newsletter.app.look_up import look_at_issue

    if mail != (reason is not None):
        raise click.UsageError("A mail needs a reason: --mail --reason TEXT.")
    face.ask(f"Correct issue {key} for everybody to read? It cannot be taken back.", yes=yes)
    correction, drafted = face.act(
        "corrected it", lambda: correct_issue(face.app, key, text, reason=reason), subject=f"issue {key}"
    )

    def draw(console: Console) -> None:
        console.print(f"Issue {key} is corrected on the web.")
        if drafted is not None:
            readers = counted(look_at_issue(face.app, drafted.key).audience["recipients"], "recipient")
            console.print(
                f"Its mail is drafted as {drafted.key}, for {readers} who got the issue and are still subscribed."
                f" Next: newsletter issues test {drafted.key} --to YOU, then approve and send it."
            )

    face.answer({"correction": correction, "mail": drafted}, draw)
