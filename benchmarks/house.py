"""A newsletter to measure: the sample week, any number of subscribers, an approved issue."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.draft_issue import draft_issue
from newsletter.app.import_comparisons import import_comparisons
from newsletter.bootstrap import build_app
from newsletter.sample import sample_path
from newsletter.settings import load

ROOT = Path(__file__).parents[1]


def make_house(folder: Path, subscribers: int) -> tuple[App, str]:
    """An app with the outbox and the key of its approved issue. The caller closes it."""
    (folder / "newsletter.toml").write_text(
        'sender = "verdicts@example.com"\npostal_address = "Example Press, 1 Test Street"\n[schedule]\nmode = "off"\n',
        "utf-8",
    )
    app = build_app(load(folder / "newsletter.toml"))
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    people = app.store.subscribers
    app.store.database.change_many(
        "INSERT INTO subscriber (email, address_hash, status, created_at, confirmed_at) VALUES (?, ?, 'active', ?, ?)",
        (
            (address, people.hash_of(address), now, now)
            for address in (f"reader{number}@example.com" for number in range(subscribers))
        ),
    )
    import_comparisons(app, [sample_path("comparisons.yaml")])
    issue = draft_issue(app).issue
    assert issue is not None
    approve_issue(app, issue.key)
    return app, issue.key


def body_bytes(app: App, key: str) -> int:
    """HTML and text of the frozen issue."""
    issue = app.store.issues.by_key(key)
    assert issue is not None
    frozen = app.store.issues.frozen_mail(issue.id)
    assert frozen is not None
    return len(frozen[0].encode()) + len(frozen[1].encode())


def child_words(*words: object) -> list[str]:
    return [sys.executable, "-m", "benchmarks.child", *map(str, words)]


def run_child(*words: object) -> dict[str, Any]:
    """`benchmarks.child WORDS` to its end; what it says."""
    done = subprocess.run(child_words(*words), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))} failed:\n{done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@contextmanager
def beside(*words: object) -> Iterator[str]:
    """`benchmarks.child WORDS` in the background; gives its first line."""
    with subprocess.Popen(child_words(*words), cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline().strip()
        finally:
            child.kill()
