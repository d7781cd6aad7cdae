"""`newsletter subscribers import`: what would come of a list, shown, asked where it is risky, and then done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.face import COMMAND_LINE, Face, common, counted, pairs_of, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.import_subscribers import ImportReport, Wanted

_TOLD = ("flagged", "suppressing", "changed", "duplicate", "rejected")
"""The kinds whose first rows are shown; of the others the number says all."""


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--consent", default="", help="The text these people agreed to, where and when: proof for who has none.")
@click.option("--reconfirm", is_flag=True, help="Ask those without proof of their own by mail, a few an hour.")
@click.option(
    "--status",
    type=click.Choice(["active", "pending", "unsubscribed", "bounced", "complained", "disabled"]),
    default=None,
    help="How all of them stand, where the list does not say it.",
)
@click.option("--column", "columns", multiple=True, metavar="OURS=THEIRS", help="Like email=Address or status=State.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen; change nothing.")
@click.option("--again", is_flag=True, help="Also a file that was imported before.")
@click.option("--yes", is_flag=True, help="Do not ask before active readers are stopped.")
@common
def import_(
    face: Face,
    files: tuple[Path, ...],
    consent: str,
    reconfirm: bool,
    status: str | None,
    columns: tuple[str, ...],
    dry_run: bool,
    again: bool,
    yes: bool,
) -> None:
    """Import lists of subscribers: exports of Mailchimp, Substack, beehiiv, Ghost, Buttondown, listmonk and our own,
    or any CSV, TSV, .xlsx or JSON lines with an e-mail column.

    Who has no proof of consent is kept as pending and not mailed. Who unsubscribed, bounced or complained there is
    never mailed, and who left here stays so.
    """
    from newsletter.app.import_subscribers import Wanted
    from newsletter.audience.arrivals import Standing

    wanted = Wanted(
        consent,
        reconfirm,
        Standing(status) if status else None,
        pairs_of(columns, "--column", "email=Address"),
        operator=COMMAND_LINE,
        via=COMMAND_LINE,
    )
    told = [_one(face, path, wanted, dry_run=dry_run, again=again, yes=yes) for path in files]
    if face.as_json:
        face.answer(told[0] if len(told) == 1 else {"applied": not dry_run, "files": told}, lambda console: None)
    if any(document["counts"].get("rejected") for document in told):
        raise click.exceptions.Exit(1)


def _one(face: Face, path: Path, wanted: Wanted, *, dry_run: bool, again: bool, yes: bool) -> dict[str, Any]:
    from newsletter.app.import_subscribers import read_file
    from newsletter.app.imported_files import content_of, in_words, recognise

    with path.open("rb") as source:
        earlier = recognise(face.app, "subscribers", content_of(source))
    if earlier and not again:
        words = f"{in_words(face.app, earlier)} Nothing to do (add --again to look at it once more)."
        if not face.as_json:
            face.console.print(f"{safe(path.name)}: {safe(words)}")
        return _known(path, earlier, words)

    def put_on_record(done: ImportReport) -> None:
        face.note("imported subscribers", detail=_summary(done.counts))

    with ExitStack() as stack:
        with _bar(face, path) as progress:
            read = stack.enter_context(read_file(face.app, path, wanted, progress))
        plan = read.look()
        if not face.as_json:
            _draw(face.console, plan)
        if not dry_run:
            if plan.stopping:
                who = "active reader gets" if plan.stopping == 1 else "active readers get"
                face.ask(f"{plan.stopping:,} {who} nothing from now on. Import it?", yes=yes)
            plan = read.apply(shown=plan.mark, also=put_on_record)
    if not face.as_json:
        _draw_end(face, plan, applied=not dry_run)
    return _document(plan, applied=not dry_run)


@contextmanager
def _bar(face: Face, path: Path) -> Iterator[Callable[[int], None]]:
    """How far reading is, with rate and time left, on a terminal."""
    if face.as_json or not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task(f"Reading {safe(path.name)}", total=path.stat().st_size)
    with bar:
        yield lambda count: bar.advance(task, count)


def _draw(console: Console, plan: ImportReport) -> None:
    from newsletter.app.import_words import MEANS

    kind = f", {plan.dialect}" if plan.dialect != "plain" else ""
    console.print(f"[bold]{safe(plan.name)}[/] ({counted(sum(plan.counts.values()), 'row')}{kind}, {plan.encoding})")
    if plan.earlier:
        console.print(f"  It was imported before, on {plan.earlier.at:%Y-%m-%d}, as {safe(plan.earlier.name)}.")
    rows = table("rows", "kind", "they")
    for name, count in plan.counts.items():
        if count:
            rows.add_row(f"{count:>7,}", name, MEANS[name])
    console.print(rows)
    if plan.stopping:
        who = "reader who is" if plan.stopping == 1 else "readers who are"
        console.print(
            f"[bold red]{plan.stopping:,} {who} active here[/] left there, and would get nothing from now on."
        )
    if plan.counts["flagged"] > plan.asking:
        console.print("Who is flagged: say what they agreed to (--consent), or have them asked by mail (--reconfirm).")
    if plan.asking:
        console.print(f"{plan.asking:,} of those flagged would be asked by mail whether they want it.")
    if plan.topics_left_out:
        verb = "is no topic" if plan.topics_left_out == 1 else "are no topics"
        console.print(f"{counted(plan.topics_left_out, 'tag')} of theirs {verb} here and will be left out.")
    for name in _TOLD:
        _draw_first(console, plan, name)
    for sentence in plan.instructions:
        console.print(f"  {safe(sentence)}")
    if plan.rejects_file:
        console.print(f"The rows that cannot be used are, with line, reason and fix, in {safe(plan.rejects_file)}.")


def _draw_first(console: Console, plan: ImportReport, name: str) -> None:
    first = plan.first.get(name, ())
    if not first:
        return
    console.print(f"[bold]{name}[/]")
    for row in first:
        words = " ".join(
            filter(None, [safe(row.email), safe(row.reason), f"[dim]{safe(row.fix)}[/]" if row.fix else ""])
        )
        console.print(f"  line {row.line}: {words}")
    if plan.counts[name] > len(first):
        console.print(f"  and {plan.counts[name] - len(first):,} more")


def _draw_end(face: Face, done: ImportReport, *, applied: bool) -> None:
    face.console.print(f"[bold]{'Imported' if applied else 'Dry run, nothing changed'}:[/] {_summary(done.counts)}.")
    if applied and done.asking:
        budget = face.settings.web.confirmations_per_hour // 2
        face.console.print(
            f"{counted(done.asking, 'confirmation mail')} {'goes' if done.asking == 1 else 'go'} out while `newsletter"
            f" serve` runs, {budget:,} an hour at most."
        )


def _summary(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count) or "no rows"


def _document(plan: ImportReport, *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied,
        "file": plan.name,
        "dialect": plan.dialect,
        "encoding": plan.encoding,
        "counts": plan.counts,
        "stopping": plan.stopping,
        "asking": plan.asking,
        "topics_left_out": plan.topics_left_out,
        "first": plan.first,
        "instructions": plan.instructions,
        "rejects": [{"line": row.line, "reason": row.reason, "fix": row.fix} for row in plan.rejects],
        "rejects_file": plan.rejects_file,
        "sha256": plan.sha256,
    }


def _known(path: Path, earlier: object, words: str) -> dict[str, Any]:
    return {"applied": False, "file": path.name, "counts": {}, "earlier": earlier, "told": words}
