"""`newsletter subscribers …`"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from newsletter.cli.face import Face, common, counted, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.audience.subscriber import Subscriber

Made = TypeVar("Made")


@click.group()
def subscribers() -> None:
    """Add, import, list, show, export and erase subscribers; print the form."""


@subscribers.command("add")
@click.argument("email")
@click.option("--consent", help="What proves their consent; without it they are sent a confirmation.")
@common
def add(face: Face, email: str, consent: str | None) -> None:
    """Add one person. Without evidence of consent they get a mail and confirm by its button."""
    from newsletter.app.approve_issue import require_sent
    from newsletter.app.subscribe import add_subscriber
    from newsletter.cli.sending import send_mail_now

    subscriber, mail_id = add_subscriber(face.app, email, evidence=consent)
    if mail_id is not None:
        send_mail_now(face.app, mail_id)
        require_sent(face.app, mail_id)
    told = {
        "active": f"{subscriber.email} is subscribed.",
        "pending": f"{subscriber.email} was sent a confirmation through {face.app.provider.name}."
        if mail_id is not None
        else f"{subscriber.email} was asked before; nothing is sent twice within 24 hours, and three times at most.",
    }[str(subscriber.status)]
    face.answer(
        {"email": subscriber.email, "status": subscriber.status, "confirmation_sent": mail_id is not None},
        lambda console: console.print(safe(told)),
    )


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--consent", default="", help="The text these people agreed to, where and when. Stored as the proof.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen; change nothing.")
@common
def import_(face: Face, file: Path, consent: str, dry_run: bool) -> None:
    """Import a CSV file with an e-mail column. Who unsubscribed or is suppressed stays so."""
    from newsletter.app.import_subscribers import import_subscribers

    if face.as_json or not sys.stderr.isatty():
        done = import_subscribers(face.app, file, consent, dry_run=dry_run)
    else:
        with (
            file.open("rb") as lines,
            click.progressbar(length=sum(1 for _ in lines), label="Reading", file=sys.stderr) as bar,
        ):
            done = import_subscribers(face.app, file, consent, dry_run=dry_run, progress=bar.update)
    document = {
        "applied": not dry_run,
        "counts": done.counts,
        "rejects": [{"line": row.line, "reason": row.reason} for row in done.rejects],
        "rejects_file": done.rejects_file,
    }

    def draw(console: Console) -> None:
        summary = ", ".join(f"{count} {kind}" for kind, count in done.counts.items() if count) or "no rows"
        console.print(f"[bold]{'Dry run, nothing changed' if dry_run else 'Imported'}:[/] {summary}.")
        for row in done.rejects[:10]:
            console.print(f"  line {row.line}: {safe(row.reason)}")
        if len(done.rejects) > 10:
            console.print(f"  and {len(done.rejects) - 10} more")
        if done.rejects_file:
            console.print(f"The {len(done.rejects)} rejected rows, with line and reason, are in {done.rejects_file}.")

    face.answer(document, draw)
    if done.rejects:
        raise click.exceptions.Exit(1)


@subscribers.command("list")
@click.option("--status", type=click.Choice(["pending", "active", "unsubscribed", "erased"]), default=None)
@click.option("--search", default="", help="Only addresses that hold this.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@common
def list_(face: Face, status: str | None, search: str, limit: int) -> None:
    """List them in the order they came."""
    from newsletter.app.look_up import list_subscribers, subscriber_counts

    found = list(list_subscribers(face.app, status or "", search, limit))
    counts = subscriber_counts(face.app)

    def draw(console: Console) -> None:
        rows = table("id", "address", "status", "since")
        for person in found:
            since = person.confirmed_at or person.created_at
            rows.add_row(str(person.id), safe(person.email or "(erased)"), str(person.status), f"{since:%Y-%m-%d}")
        if found:
            console.print(rows)
        console.print(", ".join(f"{count} {name}" for name, count in counts.items()) + ".")

    face.answer({"counts": counts, "subscribers": found}, draw)


@subscribers.command("show")
@click.argument("email")
@common
def show(face: Face, email: str) -> None:
    """Show one person: status, proof of consent, every mail."""
    from newsletter.app.look_up import look_at_subscriber

    person = look_at_subscriber(face.app, email)

    def draw(console: Console) -> None:
        suppressed = f", suppressed ({person.suppression})" if person.suppression else ""
        console.print(f"[bold]{safe(person.subscriber.email)}[/] is {person.subscriber.status}{suppressed}.")
        often = (
            "only issues with something of their topics" if person.subscriber.frequency == "topics" else "every issue"
        )
        topics = ", ".join(person.topics) or "none chosen"
        zone = person.subscriber.zone or "the newsletter's"
        console.print(f"  wants {often}; topics: {safe(topics)}; time zone: {safe(zone)}")
        if person.votes:
            console.print("  votes: " + safe(", ".join(f"{tool} {choice}" for tool, choice in person.votes.items())))
        if person.saved:
            console.print("  saved: " + safe(", ".join(person.saved)))
        if person.asked_change:
            address, asked_at = person.asked_change
            console.print(f"  {asked_at:%Y-%m-%d %H:%M} UTC  asked to change to {safe(address)}, not confirmed")
        for at, reason, words in person.leavings:
            console.print(f"  {at:%Y-%m-%d %H:%M} UTC  left: {reason}{': ' + safe(words) if words else ''}")
        for consent in person.consents:
            text = f": {safe(consent.text)}" if consent.text else ""
            form = f", form {safe(consent.version)}" if consent.version else ""
            console.print(f"  {consent.at:%Y-%m-%d %H:%M} UTC  {consent.kind}, {safe(consent.source)}{form}{text}")
        for delivery in person.deliveries:
            after = f", then {delivery['outcome']}" if delivery["outcome"] else ""
            console.print(f"  issue {delivery['key']}: {delivery['status']}{after}")
        for mail in person.mails:
            console.print(f"  {mail['created_at'][:16].replace('T', ' ')} UTC  {mail['kind']} mail: {mail['status']}")

    face.answer(person, draw)


@subscribers.command("export")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@common
def export(face: Face, file: Path | None) -> None:
    """Write everybody's address, status and dates as CSV (or JSON with --json)."""
    from newsletter.app.export_subscribers import export_subscribers
    from newsletter.app.look_up import list_subscribers

    if face.as_json and file is None:
        face.answer(list(list_subscribers(face.app)), lambda console: None)
        return
    if file is None:
        for piece in export_subscribers(face.app):
            click.echo(piece, nl=False)
        return
    lines = -1  # the first names the columns
    with file.open("w", encoding="utf-8", newline="") as written:
        for piece in export_subscribers(face.app):
            written.write(piece)
            lines += piece.count("\n")
    face.answer(
        {"file": file, "subscribers": lines},
        lambda console: console.print(f"{counted(lines, 'subscriber')} {'is' if lines == 1 else 'are'} in {file}."),
    )


@subscribers.command("resend")
@click.argument("email")
@common
def resend(face: Face, email: str) -> None:
    """Ask somebody pending to confirm once more: at most once in 24 hours, three times in all."""
    from newsletter.app.approve_issue import require_sent
    from newsletter.app.on_request import resend_confirmation
    from newsletter.cli.sending import send_mail_now

    act = "asked them to confirm again"
    mail_id = _act(face, email, act, lambda person: resend_confirmation(face.app, person))
    send_mail_now(face.app, mail_id)
    require_sent(face.app, mail_id)
    _tell(face, email, act)


@subscribers.command("unsubscribe")
@click.argument("email")
@common
def unsubscribe(face: Face, email: str) -> None:
    """Unsubscribe somebody who asked you to."""
    from newsletter.app.on_request import unsubscribe_on_request

    act = "unsubscribed them on request"
    _act(face, email, act, lambda person: unsubscribe_on_request(face.app, person))
    _tell(face, email, act)


@subscribers.command("pause")
@click.argument("email")
@click.option("--weeks", type=click.Choice(["4", "8", "12", "0"]), required=True, help="0 ends a pause.")
@common
def pause(face: Face, email: str, weeks: str) -> None:
    """Send somebody no issue for a while."""
    from newsletter.app.on_request import pause_on_request

    act = f"paused them for {weeks} weeks" if weeks != "0" else "ended their pause"
    _act(face, email, act, lambda person: pause_on_request(face.app, person, int(weeks)))
    _tell(face, email, act)


def _act(face: Face, email: str, act: str, do: Callable[[Subscriber], Made]) -> Made:
    from newsletter.app.record import note
    from newsletter.app.subscribe import find_subscriber

    with face.app.store.transaction():
        person = find_subscriber(face.app, email)
        made = do(person)
        note(face.app, "command line", act, subject=f"subscriber {person.id}", via="command line")
    return made


def _tell(face: Face, email: str, act: str) -> None:
    from newsletter.app.subscribe import find_subscriber

    person = find_subscriber(face.app, email)
    face.answer(person, lambda console: console.print(f"Done: {act}. {safe(person.email)} is {person.status}."))


@subscribers.command("form")
@common
def form(face: Face) -> None:
    """Print the subscribe form as HTML, for a page of your own site."""
    from newsletter.app.form_elsewhere import form_elsewhere

    html = form_elsewhere(face.app)
    origins = face.settings.web.form_origins
    if face.as_json:
        face.answer({"html": html, "form_origins": origins}, lambda console: None)
        return
    click.echo(html, nl=False)
    if origins:
        click.echo(f"It is accepted from {', '.join(origins)} (web.form_origins) and from nowhere else.", err=True)
    else:
        click.echo(
            'Name the site that will hold it in newsletter.toml, or it is refused: web.form_origins = ["https://…"].',
            err=True,
        )


@subscribers.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def erase(face: Face, email: str, yes: bool) -> None:
    """Blank everything that tells who it was; the address is never mailed again. Cannot be undone."""
    from newsletter.app.leave import erase_subscriber
    from newsletter.app.subscribe import find_subscriber

    find_subscriber(face.app, email)
    face.ask(f"Erase {email}? This cannot be undone.", yes=yes)
    subscriber = erase_subscriber(face.app, email)
    face.answer(
        {"id": subscriber.id, "erased": True},
        lambda console: console.print("Erased; the address stays suppressed by its keyed hash."),
    )
