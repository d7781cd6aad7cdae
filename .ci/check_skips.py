"""A skipped test is a failure, unless it stands on the list: `check_skips.py JUNIT.xml ALLOWED.txt`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from xml.etree import ElementTree


def allowed_files(listed: str) -> set[str]:
    """Test files of the list whose folder is absent, as dotted names."""
    rows = [line.split("|") for line in listed.splitlines() if line.strip() and not line.startswith("#")]
    return {
        file.strip().removesuffix(".py").replace("/", ".")
        for file, variable, _ in rows
        if not Path(os.environ.get(variable.strip(), "")).is_dir()  # noqa: TID251  # this is no part of the program
    }


def forbidden_skips(report: Path, allowed: set[str]) -> list[str]:
    """Test and reason of each skip that is not allowed."""
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        skipped = case.find("skipped")
        module = case.get("classname") or case.get("name") or ""
        if skipped is not None and not any(module == name or module.startswith(f"{name}.") for name in allowed):
            found.append(f"{module}::{case.get('name')}: {skipped.get('message')}")
    return found


def main() -> None:
    report, listed = map(Path, sys.argv[1:])
    if found := forbidden_skips(report, allowed_files(listed.read_text("utf-8"))):
        sys.exit("Skipped, and not on the list:\n" + "\n".join(found))


if __name__ == "__main__":
    main()
