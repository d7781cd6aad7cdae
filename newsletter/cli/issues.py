"""`newsletter issues …`: from a draft to approval. Sending and after stands in issue_sending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.face import Face, common, counted, indented, safe, table
from newsletter.cli.issue_sending import cancel, correct, pause, pause_all, report, resume, retry, send, settle

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.look_up import IssueDetail
    from newsletter.issues import Issue
    from newsletter.rendering.lint import Finding


_STATUS_WORDS = {"draft": "a draft", "holding": "on hold"}


@click.group()
def issues() -> None:
    """Draft, edit, preview, test, approve, send and report issues."""


for command in (send, pause, pause_all, resume, cancel, report, settle, retry, correct):
    issues.add_command(command)


@issues.command("draft")
@click.option("--slot", "key", help="Issue key like 2026-W47 [default: the next slot].")
@click.option("--again", is_flag=True, help="Choose anew; edits of content and order are dropped.")
@common
def draft(face: Face, key: str | None, again: bool) -> None:
    """Choose the week and draft its issue; tells why each comparison is in or out."""
    from newsletter.app.draft_issue import draft_issue
    from newsletter.app.look_up import look_at_issue
    from newsletter.errors import TransitionError

    def choose() -> Issue:
        drafted = draft_issue(face.app, key, again=again).issue
        if drafted is None:
            raise TransitionError(
                "Another process drafted this slot just now.", next_step="See `newsletter issues list`."
            )
        return drafted

    issue = face.act("drafted", choose, subject=lambda made: f"issue {made.key}")
    detail = look_at_issue(face.app, issue.key)
    face.answer(detail, lambda console: draw_detail(console, detail))


@issues.command("list")
@common
def list_(face: Face) -> None:
    """List them, newest first."""
    from newsletter.app.look_up import list_issues

    found = list_issues(face.app)

    def draw(console: Console) -> None:
        rows = table("issue", "status", "accepted / recipients", "subject")
        for issue in found:
            counts = f"{issue.counts.accepted} / {issue.counts.frozen}" if issue.frozen_at else ""
            rows.add_row(issue.key, str(issue.status), counts, safe(issue.subject or issue.reason))
        console.print(rows if found else "No issues yet. Draft one: newsletter issues draft")

    face.answer(found, draw)


@issues.command("show")
@click.argument("key")
@common
def show(face: Face, key: str) -> None:
    """Show an issue: its content, its audience, and why each candidate is in or out."""
    from newsletter.app.look_up import look_at_issue

    detail = look_at_issue(face.app, key)
    face.answer(detail, lambda console: draw_detail(console, detail))


def draw_detail(console: Console, detail: IssueDetail) -> None:
    """The issue for a person at a terminal."""
    issue = detail.issue
    reason = f" ({safe(issue.reason)})" if issue.reason else ""
    status = _STATUS_WORDS.get(issue.status, str(issue.status))
    console.print(f"[bold]Issue {issue.key}[/] of {issue.slot.day:%d %B %Y} is [bold]{status}[/]{reason}.")
    if issue.subject:
        console.print(f"Subject    {safe(issue.subject)}\nPreheader  {safe(issue.preheader)}")
    if issue.intro:
        console.print(f"Intro      {safe(issue.intro)}")
    if detail.places:
        console.print()
        rows = table("", "in this issue", "section", "slug")
        for number, place in enumerate(detail.places, 1):
            changed = " [yellow](revised since approval)[/]" if place.changed_since else ""
            rows.add_row(str(number), safe(place.title) + changed, str(place.section), safe(place.slug))
        console.print(rows)
    if detail.choices:
        console.print("\n[bold]Why[/]")
        for choice in detail.choices:
            style = {"in": "green", "waiting": "yellow"}.get(choice.outcome, "dim")
            console.print(f"  [{style}]{choice.outcome:<8}[/] {safe(choice.title)}")
            console.print(indented(f"[dim]{safe(choice.reason)}[/]", 11), soft_wrap=False)
    if detail.pulls:
        console.print("\n[bold]Sources[/], pulled before it was drafted")
        for pull in detail.pulls:
            console.print(f"  [{'red' if pull.problem else 'dim'}]{safe(pull.in_words)}[/]")
    (first, total), *less, (_, recipients) = detail.audience.items()
    sum_of = " − ".join([f"{total} {first}", *(f"{count} {name.replace('_', ' ')}" for name, count in less)])
    console.print(f"\nAudience now: {sum_of} = [bold]{counted(recipients, 'recipient')}[/].")


@issues.command("edit")
@click.argument("key")
@click.option("--subject")
@click.option("--preheader")
@click.option("--intro", help="A little Markdown: *emphasis*, **strong**, [words](https://…), lists. Empty: none.")
@click.option("--order", multiple=True, metavar="SLUG", help="Comes first; give it several times for an order.")
@click.option("--add", multiple=True, metavar="SLUG", help="Put in.")
@click.option("--drop", multiple=True, metavar="SLUG", help="Take out.")
@click.option("--full", multiple=True, metavar="SLUG", help="Show in full.")
@click.option("--brief", multiple=True, metavar="SLUG", help="Show in brief.")
@common
def edit(face: Face, key: str, **changes: Any) -> None:
    """Change texts, order and content. An approved issue is a draft again then."""
    from newsletter.app.edit_issue import edit_issue
    from newsletter.app.look_up import look_at_issue

    if not any(value is not None and value != () for value in changes.values()):
        raise click.UsageError("Say what to change, for instance --subject or --order.")
    face.act("edited", lambda: edit_issue(face.app, key, **changes), subject=f"issue {key}")
    detail = look_at_issue(face.app, key)
    face.answer(detail, lambda console: draw_detail(console, detail))


@issues.command("preview")
@click.argument("key")
@click.option("--html", "part", flag_value="html", help="The HTML part, on stdout.")
@click.option("--text", "part", flag_value="text", help="The text part, on stdout.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML part to this file.")
@click.option("--as", "address", metavar="EMAIL", help="As this subscriber gets it; says why where they do not.")
@common
def preview(face: Face, key: str, part: str | None, out: Path | None, address: str | None) -> None:
    """Show the issue as it would go out now; reader links are dead."""
    from newsletter.app.preview_issue import preview_issue
    from newsletter.app.preview_reader import number_of_reader

    seen = preview_issue(face.app, key, reader=number_of_reader(face.app, address) if address else None)
    if seen.reader and seen.reader.why_not and not face.as_json:
        click.echo(f"{seen.reader.address} does not get it: {seen.reader.why_not}", err=True)
    if out is not None:
        out.write_text(seen.html, encoding="utf-8")
        face.answer(
            {"file": out, "bytes": len(seen.html.encode())}, lambda console: console.print(f"{out} is written.")
        )
        return
    if part is not None and not face.as_json:
        click.echo(seen.html if part == "html" else seen.text)
        return

    def draw(console: Console) -> None:
        from rich.panel import Panel
        from rich.text import Text

        console.print(
            Panel(Text(seen.text), title=safe(seen.subject), subtitle=f"HTML part: {seen.html_bytes:,} bytes")
        )
        for number, one in enumerate(seen.proposals, 1):
            console.print(f"[bold]Subject {number}[/]  {safe(one.subject)}")
            console.print(indented(f"{safe(one.preheader)} [dim](rests on: {safe(one.fact)})[/]", 11), soft_wrap=False)

    face.answer(seen, draw)


@issues.command("check")
@click.argument("key")
@common
def check(face: Face, key: str) -> None:
    """Every check, each with what to do: of the mail, and of a live send."""
    from newsletter.app.preview_issue import check_issue

    found = check_issue(face.app, key)

    def draw(console: Console) -> None:
        draw_findings(console, found.findings)
        for task in found.tasks:
            mark = "[green]ok[/]   " if task.done else "[red]block[/]"
            console.print(f"{mark} {task.name}: {safe(task.detail)}" + ("" if task.done else f"  [dim]{task.fix}[/]"))
        console.print("Nothing blocks it." if not found.blocked else "[red]It is blocked.[/]")

    face.answer(found, draw)
    if found.blocked:
        raise click.exceptions.Exit(1)


def draw_findings(console: Console, findings: list[Finding]) -> None:
    """What the mail rules found."""
    from newsletter.app.approve_issue import grouped

    if not findings:
        console.print("[green]ok[/]    the mail keeps all static rules")
    for finding, count in grouped(findings):
        style = "red" if finding.severity == "block" else "yellow"
        more = f" (and {count - 1} more like it)" if count > 1 else ""
        told = f"rule {finding.rule}, {safe(finding.place)}: {safe(finding.message)}{more}"
        console.print(f"[{style}]{finding.severity:<5}[/] {told}  [dim]{safe(finding.fix)}[/]")


@issues.command("test")
@click.argument("key")
@click.option("--to", "address", required=True, metavar="EMAIL", help="Any address.")
@common
def test(face: Face, key: str, address: str) -> None:
    """Send a test of the issue as it is now. The mail holds a code that approves exactly this content."""
    from newsletter.app.approve_issue import queue_test, require_sent
    from newsletter.cli.sending import send_mail_now

    mail_id = face.act("sent a test", lambda: queue_test(face.app, key, address), subject=f"issue {key}")
    send_mail_now(face.app, mail_id)
    require_sent(face.app, mail_id)
    face.answer(
        {"to": address, "provider": face.app.provider.name},
        lambda console: console.print(
            f"A test is on its way to {safe(address)} through {face.app.provider.name}."
            f" If it looks right: newsletter issues approve {key} --code CODE (the code is in the mail)."
        ),
    )


@issues.command("approve")
@click.argument("key")
@click.option("--code", help="The code in the test mail: it says that you received this very content.")
@common
def approve(face: Face, key: str, code: str | None) -> None:
    """Freeze the content under its hash. Any edit voids it."""
    from newsletter.app.approve_issue import approve_issue

    issue = face.act("approved", lambda: approve_issue(face.app, key, code=code), subject=f"issue {key}")
    face.answer(
        issue,
        lambda console: console.print(
            f"Issue {key} is approved (content {str(issue.content_sha256)[:12]}). Next: newsletter issues send {key}"
        ),
    )
