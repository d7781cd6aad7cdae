"""`newsletter demo`: the whole main job on sample data, in a folder of its own, with nothing leaving this machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from newsletter.cli.face import Face, common

_MARK = "this-folder-is-a-demo"
_CONSENT = "Sample readers, invented for the demo."
_NEXT = (
    "newsletter init",
    "newsletter comparisons import YOUR-FILES… --new",
    "newsletter issues draft",
)


@click.command("demo")
@click.option("--once", is_flag=True, help="Do not serve the pages afterwards.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@common
def demo(face: Face, once: bool, port: int) -> None:
    """Load a sample week, draft it, explain the choice, send it to 25 sample readers, report; then serve the pages."""
    from newsletter.app.approve_issue import approve_issue
    from newsletter.app.draft_issue import draft_issue
    from newsletter.app.import_comparisons import import_comparisons
    from newsletter.app.import_subscribers import import_subscribers
    from newsletter.app.look_up import look_at_issue
    from newsletter.app.report_issue import report_issue
    from newsletter.app.send_issue import freeze_issue
    from newsletter.app.sign_in import first_door
    from newsletter.bootstrap import build_app
    from newsletter.cli.issue_sending import draw_report
    from newsletter.cli.issues import draw_detail
    from newsletter.cli.sending import send_until_done
    from newsletter.sample import sample_path
    from newsletter.serve import free_port, serve
    from newsletter.settings import given

    folder = _fresh_folder(Path(".demo"))
    listener = free_port("127.0.0.1", port, or_any=True)
    url = f"http://localhost:{listener.getsockname()[1]}"
    app = build_app(
        given(
            "demo",
            name="Weekly AI Tool Verdicts",
            sender="verdicts@demo.example",
            sender_name="Weekly AI Tool Verdicts",
            reply_to="editor@demo.example",
            operator="",
            unsubscribe_mailbox="",
            comparison_url="",
            postal_address="Demo Press, 1 Sample Street, 12345 Exampleton",
            about_panel="The panel in this demo is invented, and so are its tools.",
            site_url=url,
            time_zone="UTC",
            secret_key="",
            failpoints="",
            database=folder / "subscribers.db",
            delivery={"provider": "outbox", "outbox": {"folder": folder / "outbox"}},
            schedule={"mode": "off"},
            selection={"full": 5, "brief": 4, "minimum": 3, "cap_per_category": None},
        )
    )
    click.get_current_context().call_on_close(app.close)

    def say(text: str) -> None:
        if not face.as_json:
            face.console.print(text)

    say(f"[bold]1  A sample week[/] (everything stays in {folder}/)")
    loaded = import_comparisons(app, [sample_path("comparisons.yaml")], archived=False)
    people = import_subscribers(app, sample_path("subscribers.csv"), _CONSENT, dry_run=False)
    say(f"{loaded.counts['new']} comparisons and {people.counts['new']} subscribers are loaded.\n")

    say("[bold]2  The draft, and why[/]")
    issue = draft_issue(app).issue
    assert issue is not None
    detail = look_at_issue(app, issue.key)
    if not face.as_json:
        draw_detail(face.console, detail)

    say("\n[bold]3  Approved and sent to the outbox[/]")
    approve_issue(app, issue.key)
    freeze_issue(app, issue.key)
    send_until_done(app, issue.key, None if face.as_json or not sys.stderr.isatty() else face.console)

    say("\n[bold]4  The report[/]")
    report = report_issue(app, issue.key)
    mails = len(list((folder / "outbox").rglob("*.eml")))
    if not face.as_json:
        draw_report(face.console, report)
    say(f"{mails} .eml files are in {folder}/outbox; any mail program opens them.")
    if face.as_json:
        document = {"issue": detail, "report": report.as_dict(), "mails": mails, "url": url, "next": _NEXT}
        face.answer(document, lambda console: None)
    if once:
        listener.close()
    else:
        say(f"\n[bold]5  The pages[/]\n{url}/outbox  what the readers got")
        say(f"{url}/issues/{issue.key}  the issue on the web")
        say(f"{url}/  where readers subscribe")
        say(f"{first_door(app)}  the operator’s desk; this link lets you in once\nCtrl-C ends it.")
        serve(app, listener)
    say("\nYour own newsletter, next:")
    for command in _NEXT:
        say(f"  {_prefix()}{command.removeprefix('newsletter ')}")


def _prefix() -> str:
    """How the person called us: `./run …` in a checkout, `newsletter …` where it is installed."""
    return "./run " if Path("run").is_file() and Path("newsletter").is_dir() else "newsletter "


def _fresh_folder(folder: Path) -> Path:
    from newsletter.errors import InputError

    if folder.exists():
        if not (folder / _MARK).exists():
            raise InputError(f"{folder} is there and was not made by the demo.", next_step="Move it away.")
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / _MARK).touch()
    return folder
