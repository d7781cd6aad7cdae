"""`newsletter subscribers …`"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.face import Face, Made, common, counted, safe, table
from newsletter.cli.subscriber_import import import_

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.container import App
    from newsletter.app.export_subscribers import Form
    from newsletter.audience.subscriber import Subscriber


@click.group()
def subscribers() -> None:
    """Add, import, list, show, export and erase subscribers; print the form."""


subscribers.add_command(import_)


@subscribers.command("add")
@click.argument("email")
@click.option("--consent", help="What proves their consent; without it they are sent a confirmation.")
@common
def add(face: Face, email: str, consent: str | None) -> None:
    """Add one person. Without evidence of consent they get a mail and confirm by its button."""
    from newsletter.app.approve_issue import require_sent
    from newsletter.app.subscribe import add_subscriber
    from newsletter.cli.sending import send_mail_now

    subscriber, mail_id = face.act(
        "added them" if consent else "asked them to confirm",
        lambda: add_subscriber(face.app, email, evidence=consent),
        subject=lambda made: f"subscriber {made[0].id}",
    )
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
@click.option(
    "--for",
    "product",
    type=click.Choice(["ours", "listmonk", "ghost", "buttondown"]),
    default="ours",
    show_default=True,
    help="Whose columns and words it has.",
)
@click.option("--format", "form", type=click.Choice(["csv", "ndjson"]), help="NDJSON for ours alone [default: csv].")
@common
def export(face: Face, file: Path | None, product: str, form: str | None) -> None:
    """Write everybody who has an address, with dates, proof of consent, topics and suppressions.

    For listmonk and Buttondown, who left or is suppressed goes into NAME.unsubscribed.csv beside FILE.
    """
    from newsletter.app.export_subscribers import export_subscribers, export_to_file, suppressed_without_address
    from newsletter.audience.takeaway import SHAPES, Product

    wanted = Product(product)
    chosen: Form = "ndjson" if form == "ndjson" else "csv"
    if form == "ndjson" and wanted is not Product.OURS:
        raise click.UsageError("--format ndjson is for ours: the others import CSV alone.")
    if face.as_json and not file and (form or wanted is not Product.OURS):
        raise click.UsageError("--json prints our own list as JSON: name a FILE, or leave out --for and --format.")
    app = face.app

    def recorded() -> None:
        face.note("exported the subscribers", detail="" if wanted is Product.OURS else f"for {wanted}")

    if file is None:
        pieces = export_subscribers(app, wanted, form=chosen)
        recorded()
        if face.as_json:
            _print_objects(app)
        else:
            for piece in pieces:
                click.echo(piece, nl=False)
        if SHAPES[wanted].apart:
            click.echo("Who left or is suppressed is not in it: name a FILE to get them in one beside it.", err=True)
        _tell_hashes(suppressed_without_address(app))
        return
    with face.progress("Exporting") as told:
        done = export_to_file(app, file, wanted, chosen, progress=told, also=recorded)

    def draw(console: Console) -> None:
        are = "is" if done.subscribers == 1 else "are"
        console.print(f"{counted(done.subscribers, 'subscriber')} {are} in {safe(file)}.")
        if done.unsubscribed_file:
            console.print(
                f"{done.unsubscribed:,} who left or {'is' if done.unsubscribed == 1 else 'are'} suppressed:"
                f" {safe(done.unsubscribed_file)}. {SHAPES[wanted].apart}"
            )
        if done.pending:
            console.print(
                f"{done.pending:,} pending {'is' if done.pending == 1 else 'are'} left out: not confirmed yet."
            )

    face.answer(done, draw)
    _tell_hashes(done.without_address)


def _tell_hashes(count: int) -> None:
    if count:
        addresses = "suppressed address is" if count == 1 else "suppressed addresses are"
        click.echo(
            f"{count:,} more {addresses} known by a keyed hash alone and cannot be written out:"
            " `newsletter store export` carries them.",
            err=True,
        )


def _print_objects(app: App) -> None:
    """One JSON document, a person at a time."""
    from newsletter.app.export_subscribers import export_objects

    before = "[\n"
    for person in export_objects(app):
        click.echo(before + json.dumps(person, ensure_ascii=False), nl=False)
        before = ",\n"
    click.echo("[]" if before == "[\n" else "\n]")


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
    from newsletter.app.subscribe import find_subscriber

    with face.app.store.transaction():
        person = find_subscriber(face.app, email)
        return face.act(act, lambda: do(person), subject=f"subscriber {person.id}")


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
    subscriber = face.act(
        "erased them", lambda: erase_subscriber(face.app, email), subject=lambda made: f"subscriber {made.id}"
    )
    face.answer(
        {"id": subscriber.id, "erased": True},
        lambda console: console.print("Erased; the address stays suppressed by its keyed hash."),
    )
