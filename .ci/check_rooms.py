"""At least 95 % of the rooms' lines, and of their branches, are run by the tests: `check_rooms.py COVERAGE.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOMS = (
    "tables/",
    "comparisons/",
    "selection.py",
    "issues.py",
    "rendering/",
    "audience/",
    "delivery/",
    "events/",
    "reports.py",
)
LEAST = 95.0


def main() -> None:
    files = json.loads(Path(sys.argv[1]).read_text("utf-8"))["files"]
    low = []
    for room in ROOMS:
        found = [data["summary"] for name, data in files.items() if name.startswith(f"newsletter/{room}")]
        lines = share(found, "covered_lines", "num_statements")
        branches = share(found, "covered_branches", "num_branches")
        sys.stdout.write(f"{room:<14} {lines:6.1f} % of lines {branches:6.1f} % of branches\n")
        if not found or min(lines, branches) < LEAST:
            low.append(room)
    if low:
        sys.exit(f"Below {LEAST} %: {', '.join(low)}")


def share(found: list[dict[str, int]], part: str, whole: str) -> float:
    """Per cent; 100 where there is nothing to cover."""
    total = sum(summary[whole] for summary in found)
    return 100.0 * sum(summary[part] for summary in found) / total if total else 100.0


if __name__ == "__main__":
    main()
