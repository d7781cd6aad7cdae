"""What commands share: the two options every one has, the app, and one way to answer as JSON or for a person."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.container import App
    from newsletter.settings import Settings


COMMAND_LINE = "command line"
"""Who did it, and by which way, in the record: who has the machine has no name here."""
_PIPE_WIDTH = 200
Made = TypeVar("Made")


class Face:
    """One call of one command."""

    def __init__(self, as_json: bool, config: Path | None) -> None:
        self.as_json = as_json
        self.config = config

    @cached_property
    def settings(self) -> Settings:
        from newsletter.settings import load

        return load(self.config)

    @cached_property
    def app(self) -> App:
        """Built once, closed when the command ends."""
        from newsletter.bootstrap import build_app

        app = build_app(self.settings)
        click.get_current_context().call_on_close(app.close)
        return app

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        # a terminal wraps sentences itself; a pipe gets them, and tables, whole
        return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)

    def answer(self, document: Any, draw: Callable[[Console], None]) -> None:
        """`document` as JSON on stdout, or what `draw` makes of it."""
        if self.as_json:
            click.echo(json.dumps(document, default=_plain, ensure_ascii=False, indent=2))
        else:
            draw(self.console)

    def act(self, act: str, do: Callable[[], Made], *, subject: str | Callable[[Made], str] = "") -> Made:
        """Do it and put it on record, both or neither. `subject` may be told from what was made."""
        with self.app.store.transaction():
            made = do()
            self.note(act, subject(made) if callable(subject) else subject)
        return made

    def note(self, act: str, subject: str = "", detail: str = "") -> None:
        """Put on record what was done."""
        from newsletter.app.record import note

        note(self.app, COMMAND_LINE, act, subject=subject, detail=detail, via=COMMAND_LINE)

    def ask(self, question: str, *, yes: bool) -> None:
        """Go on only if the person says so; `yes` is their word by flag. Without a terminal the flag is needed."""
        if yes:
            return
        if self.as_json or not sys.stdin.isatty():
            raise click.UsageError(f"{question} Add --yes to say so.")
        click.confirm(question, abort=True)

    @contextmanager
    def progress(self, words: str) -> Iterator[Callable[[int, int], None]]:
        """A bar with the time left, on a terminal alone: give it how much is done, of how much."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(words)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --json and --config, and hand it a Face first."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option(
        "--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings file [default: newsletter.toml]."
    )
    @functools.wraps(command)
    def wrapped(*args: Any, as_json: bool, config: Path | None, **options: Any) -> None:
        command(Face(as_json, config), *args, **options)

    return wrapped


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def table(*columns: str, title: str | None = None) -> Any:
    """A plain table: bold heads, no box."""
    from rich.table import Table

    made = Table(title=title, box=None, title_justify="left", title_style="bold", pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def pairs_of(said: Iterable[str], option: str, like: str) -> dict[str, str]:
    """`OURS=THEIRS`, given several times, as a mapping. `like` is shown where one is no pair."""
    pairs = [one.partition("=") for one in said]
    if wrong := next(("".join(pair) for pair in pairs if not (pair[0] and pair[2])), None):
        raise click.BadParameter(f"{wrong!r} is not like {like}.", param_hint=option)
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def indented(text: str, spaces: int) -> Any:
    """A sentence that keeps its indent where it wraps."""
    from rich.padding import Padding

    return Padding(text, (0, 0, 0, spaces))


def counted(count: int, noun: str) -> str:
    """`1 recipient`, `25 recipients`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def safe(text: object) -> str:
    """Text from data, fit for a terminal: no markup, no control characters."""
    from rich.markup import escape

    return escape("".join(character if character.isprintable() else "�" for character in str(text)))
