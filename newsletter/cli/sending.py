"""A command as a sender: deliver one mail now, or join in sending an issue and show how it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from newsletter.app.compose_issue import find_issue
from newsletter.app.deliver_mail import deliver_mail
from newsletter.issues import Issue, IssueStatus

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.container import App


def send_mail_now(app: App, mail_id: int) -> None:
    """Deliver this queued mail, unless a sender that runs beside us was quicker; then wait for it to settle."""
    owner = app.owners.enter()
    try:
        deliver_mail(app, owner, only=mail_id)
    finally:
        app.owners.leave(owner)


def send_until_done(app: App, key: str, console: Console | None) -> Issue:
    """Send until the issue is not `sending` any more, with a live bar on `console`; the issue as it is then.

    KeyboardInterrupt leaves it sending, after requests under way have settled.
    """
    from newsletter.serve import sending

    with sending(app):
        if console is not None:
            return _with_bar(app, key, console)
        while (issue := find_issue(app, key)).status is IssueStatus.SENDING:
            time.sleep(0.05)
        return issue


def _with_bar(app: App, key: str, console: Console) -> Issue:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("Sending {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    started = time.monotonic()
    with Progress(*columns, console=console, refresh_per_second=8) as progress:
        task = None
        first = 0
        while True:
            issue = find_issue(app, key)
            done = issue.counts.frozen - issue.counts.open
            if task is None:
                first = done
                task = progress.add_task(key, total=issue.counts.frozen, rate="", note="")
            seconds = max(time.monotonic() - started, 0.001)
            notes = [
                f"{count} {name}"
                for name, count in (("rejected", issue.counts.rejected), ("unknown", issue.counts.unknown))
                if count
            ]
            progress.update(task, completed=done, rate=f"{(done - first) / seconds:.0f}/s", note=", ".join(notes))
            if issue.status is not IssueStatus.SENDING:
                return issue
            time.sleep(0.1)
