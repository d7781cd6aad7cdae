"""`newsletter suppressions …`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.face import Face, common, safe, table

if TYPE_CHECKING:
    from rich.console import Console

_REASONS = click.Choice(["hard_bounce", "complaint", "erased", "operator"])


@click.group("suppressions")
def suppressions() -> None:
    """Addresses that are never mailed: list them, add one, lift what was added so."""


@suppressions.command("list")
@click.option("--reason", type=_REASONS, default=None)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@common
def list_(face: Face, reason: str | None, limit: int) -> None:
    """The newest first. An address is shown while a subscriber has it; else the key that stands for it."""
    from newsletter.app.suppressions import list_suppressions, suppression_counts

    found = list_suppressions(face.app, reason or "", limit=limit)
    counts = suppression_counts(face.app)

    def draw(console: Console) -> None:
        rows = table("address or key", "reason", "since", "why")
        for one in found:
            rows.add_row(safe(one.email or one.key), str(one.reason), f"{one.at:%Y-%m-%d}", safe(one.words))
        if found:
            console.print(rows)
        console.print(", ".join(f"{count} {name}" for name, count in counts.items()) + ".")

    face.answer({"counts": counts, "suppressions": found}, draw)


@suppressions.command("add")
@click.argument("email")
@click.option("--reason", required=True, help="Why, for whoever wants to lift it one day.")
@common
def add(face: Face, email: str, reason: str) -> None:
    """Never mail this address again."""
    from newsletter.app.suppressions import add_suppression

    added = face.act(
        "suppressed",
        lambda: add_suppression(face.app, email, reason),
        subject=lambda made: f"suppression {made.key}",
    )
    face.answer(added, lambda console: console.print(f"{safe(email)} is never mailed."))


@suppressions.command("lift")
@click.argument("which", metavar="EMAIL_OR_KEY")
@common
def lift(face: Face, which: str) -> None:
    """Mail it again, where an operator had suppressed it. Bounces, complaints and erasures stay."""
    from newsletter.app.suppressions import lift_suppression

    lifted = face.act(
        "lifted", lambda: lift_suppression(face.app, which), subject=lambda made: f"suppression {made.key}"
    )
    face.answer(lifted, lambda console: console.print(f"{safe(lifted.email or which)} may be mailed again."))
