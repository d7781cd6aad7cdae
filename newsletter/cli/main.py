"""The command tree. Modules are imported when one of their commands is called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import sys

import click

from newsletter import __version__

_COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("setup:init", "Set up your newsletter: newsletter.toml and subscribers.db."),
    "serve": ("running:serve_command", "Run everything: pages, weekly ticker, sender."),
    "demo": ("demo:demo", "A whole sample week, sent to an outbox on this machine."),
    "doctor": ("setup:doctor", "What stands between you and a live send."),
    "config": ("setup:config", "Settings: show them, check them."),
    "backup": ("setup:backup", "Copy the database into a file, while it is in use."),
    "store": ("stores:store", "Everything as one file, for another machine: export, import."),
    "copy-site": ("running:copy_site_command", "Everything readers may read, as files for any web space."),
    "comparisons": ("comparisons:comparisons", "Import, list, show and export comparisons."),
    "sources": ("sources:sources", "Where comparisons are pulled from: list, pull now."),
    "tools": ("tools:tools", "Give a tool another slug; old addresses lead to it."),
    "subscribers": ("subscribers:subscribers", "Add, import, list, show, export and erase subscribers."),
    "suppressions": ("suppressions:suppressions", "Addresses that are never mailed: list, add, lift."),
    "issues": ("issues:issues", "Draft, edit, preview, test, approve, send and report issues."),
    "operators": ("operators:operators", "Who may sign in to the console, and what they did."),
    "schedule": ("setup:schedule", "The weekly slots ahead; skip one."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"newsletter.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Weekly AI Tool Verdicts: comparisons in, one sent issue out."""


def main() -> None:
    """Run, and turn every error that is ours into one line on stderr and exit code 1."""
    from newsletter.errors import NewsletterError

    try:
        code = cli.main(prog_name="newsletter", standalone_mode=False)  # click returns the code of an Exit
        if isinstance(code, int):
            sys.exit(code)
    except click.Abort:
        click.echo("Stopped. What was finished before stays; nothing is half done.", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except NewsletterError as error:
        later = "" if error.permanent else " This may pass: try again."
        click.echo(f"Error: {error}{later}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise  # nothing a person named: ours to mend
        click.echo(f"Error: {error.filename}: {error.strerror}. See the name, and who may write there.", err=True)
        sys.exit(1)
