"""`python -m benchmarks [--small] [NAME…]`: measure and print one table. Exit 1 where a target is missed, unless small:
then the figures mean little, and only that all of it runs is looked at.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections.abc import Callable

from benchmarks import console, exports, faces, imports, ledger, mail, newcomers, web
from benchmarks.table import Line, render

ALL: dict[str, Callable[[bool], list[Line]]] = {
    "render": mail.rendering,
    "personalise": mail.personalising,
    "freeze": ledger.freezing,
    "outbox": ledger.to_the_outbox,
    "sink": ledger.to_a_sink,
    "help": faces.help_text,
    "pages": faces.pages,
    "web": web.web,
    "console": console.console,
    "newcomers": newcomers.newcomers,
    "exports": exports.exports,
    "imports": imports.comparisons,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="small numbers, to see that all of it still runs")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    given = parser.parse_args()
    if unknown := set(given.names) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    lines: list[Line] = []
    for name in given.names or ALL:
        print(f"{name} …", file=sys.stderr, flush=True)
        lines += ALL[name](given.small)
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} CPUs\n")
    print(render(lines))
    if not given.small and any(line.ok is False for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
