"""`newsletter init | doctor | config | backup | schedule`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.face import Face, common, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.readiness import Task

_QUESTIONS = {
    "name": ("Name of the newsletter", "Weekly AI Tool Verdicts"),
    "sender": ("Address it comes from", None),
    "reply_to": ("Address that answers go to", None),
    "postal_address": ("Postal address (stands in every mail; the law asks for it)", None),
    "site_url": ("Address where readers reach it on the web", "http://localhost:8000"),
    "time_zone": ("Time zone", "UTC"),
}


@click.command("init")
@click.option("--name")
@click.option("--sender", metavar="EMAIL", help="The address issues come from.")
@click.option("--reply-to", metavar="EMAIL")
@click.option("--postal-address")
@click.option("--site-url", metavar="URL", help="Where readers reach `newsletter serve`.")
@click.option("--time-zone", metavar="ZONE", help="Like Europe/Berlin.")
@click.option("--provider", type=click.Choice(["outbox", "smtp", "resend"]), default="outbox", show_default=True)
@click.option("--smtp-host", default="localhost", show_default=True)
@click.option("--smtp-port", type=click.IntRange(1, 65535), default=587, show_default=True)
@click.option("--smtp-security", type=click.Choice(["starttls", "tls", "none"]), default="starttls", show_default=True)
@click.option("--force", is_flag=True, help="Replace newsletter.toml where there is one.")
@common
def init(face: Face, force: bool, provider: str, **given: Any) -> None:
    """Write newsletter.toml and make subscribers.db; asks for what no flag says."""
    from newsletter.app.readiness import live_tasks
    from newsletter.errors import ConfigError
    from newsletter.settings import CONFIG_NAME, check

    path = face.config or Path(CONFIG_NAME)
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already.", next_step="Edit it, or add --force to replace it.")
    answers = {}
    for key, (question, default) in _QUESTIONS.items():
        answer = given[key]
        if answer is None and not face.as_json and sys.stdin.isatty():
            answer = click.prompt(question, default=default or "", show_default=bool(default))
        answers[key] = (answer if answer is not None else default) or ""
    smtp = {key.removeprefix("smtp_"): given[key] for key in ("smtp_host", "smtp_port", "smtp_security")}
    check({**answers, "delivery": {"provider": provider, "smtp": smtp}})
    path.write_text(_toml(answers, provider, smtp), encoding="utf-8")
    made = Face(face.as_json, path)
    tasks = live_tasks(made.app, look=False)

    def draw(console: Console) -> None:
        console.print(f"[bold]{path}[/] and [bold]{made.settings.database}[/] are ready. Before a live send:")
        draw_tasks(console, tasks)
        console.print("Next: newsletter comparisons import FILE… --new")

    face.answer({"config": path, "database": made.settings.database, "tasks": tasks}, draw)


def _toml(answers: dict[str, str], provider: str, smtp: dict[str, Any]) -> str:
    lines = ["# What can be set, and what it means: docs/settings.md. Secrets belong into the environment:"]
    lines += ["# NEWSLETTER_DELIVERY__SMTP__PASSWORD, NEWSLETTER_DELIVERY__RESEND__API_KEY", ""]
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in answers.items()]
    lines += ["", "[schedule]", 'weekday = "monday"', 'at = "09:00"', 'mode = "draft"  # draft, auto or off']
    lines += ["", "[delivery]", f"provider = {json.dumps(provider)}  # outbox, smtp or resend"]
    if provider == "smtp":
        lines += ["", "[delivery.smtp]", *(f"{key} = {json.dumps(value)}" for key, value in smtp.items())]
    return "\n".join(lines) + "\n"


def draw_tasks(console: Console, tasks: list[Task]) -> None:
    """One line a task: done or open, and how to get there."""
    for task in tasks:
        mark = "[green]done[/]" if task.done else "[yellow]open[/]"
        console.print(f"  {mark}  {task.name}: {safe(task.detail)}" + ("" if task.done else f"\n        {task.fix}"))


@click.command("doctor")
@common
def doctor(face: Face) -> None:
    """Look at everything a live send needs, at the running parts, and at what waits. Exit 1 where something is open."""
    from newsletter.app.finish_issue import untrue_counts
    from newsletter.app.look_up import look_at_health
    from newsletter.app.readiness import live_tasks

    tasks = live_tasks(face.app)
    untrue = untrue_counts(face.app)
    health = look_at_health(face.app)

    def draw(console: Console) -> None:
        console.print("[bold]Going live[/]")
        draw_tasks(console, tasks)
        console.print("[bold]Running parts[/]")
        for name, (at, _) in health.beats.items():
            console.print(f"  {name}: last alive {at:%Y-%m-%d %H:%M:%S} UTC")
        if not health.beats:
            console.print("  none has run yet: newsletter serve")
        for issue in health.pending_issues:
            console.print(f"  issue {issue.key} is {issue.status} {safe(issue.reason)}")
        if waiting := health.mails.get("waiting", 0):
            console.print(f"  {waiting} mails to one person wait for a sender")
        if unknown := health.mails.get("unknown", 0):
            console.print(f"  {unknown} mails to one person are unknown: sent or not, nobody can say")
        for one in untrue:
            console.print(f"  [red]{safe(one)}[/]")

    face.answer({"tasks": tasks, "health": health, "untrue_counts": untrue}, draw)
    if untrue or any(not task.done for task in tasks):
        raise click.exceptions.Exit(1)


@click.group("config")
def config() -> None:
    """Settings: show them, check them, change the key that signs links."""


@config.command("show")
@common
def config_show(face: Face) -> None:
    """Every setting in force, and where it came from. Secrets are masked."""
    from newsletter.app.house import effective_settings

    found = effective_settings(face.settings)

    def draw(console: Console) -> None:
        rows = table("setting", "value", "from")
        for one in found:
            rows.add_row(one.key, safe(one.value), one.origin)
        console.print(rows)

    face.answer({one.key: {"value": one.value, "from": one.origin} for one in found}, draw)


@config.command("check")
@common
def config_check(face: Face) -> None:
    """Say whether the settings can be used."""
    settings = face.settings
    face.answer({"ok": True}, lambda console: console.print(f"The settings are good. Database: {settings.database}."))


@config.command("test-mail")
@click.argument("address")
@common
def config_test_mail(face: Face, address: str) -> None:
    """Queue one line to an address of yours, to see whether the provider takes mail from us."""
    from newsletter.app.provider_test import provider_tests, queue_provider_test

    face.act("tested the provider", lambda: queue_provider_test(face.app, address))
    queued = provider_tests(face.app)[0]
    face.answer(
        queued,
        lambda console: console.print("It is queued; `newsletter serve` sends it."),
    )


@config.command("rotate-key")
@click.option("--forget-old", is_flag=True, help="For a key that leaked: no link sent so far works any more.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def config_rotate_key(face: Face, forget_old: bool, yes: bool) -> None:
    """Sign new links with a new key. Every link that was ever sent goes on working."""
    from newsletter.app.rotate_key import rotate_key

    before = "Links sent before, those to unsubscribe too, " + ("stop working" if forget_old else "go on working")
    face.ask(f"Make a new key for the links in mails? {before}.", yes=yes)
    running = face.act("changed the key of links", lambda: rotate_key(face.app, forget_old=forget_old))

    def draw(console: Console) -> None:
        console.print(f"New links are signed with a new key. {before}.")
        if running:
            console.print("Restart `newsletter serve` now: until then it goes by the old key, and reads no new link.")

    face.answer({"rotated": True, "old_links": not forget_old, "restart": running}, draw)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@common
def backup(face: Face, file: Path) -> None:
    """Copy the database into a new file; readers and senders may go on meanwhile."""
    from newsletter.app.backup import back_up

    size = back_up(face.app, file)
    face.answer({"file": file, "bytes": size}, lambda console: console.print(f"{file} holds it all: {size:,} bytes."))


@click.group("schedule")
def schedule() -> None:
    """The weekly slots ahead; skip one."""


@schedule.command("show")
@common
def schedule_show(face: Face) -> None:
    """The next five slots, in your time zone and in UTC."""
    from newsletter.app.schedule import upcoming

    slots = upcoming(face.app)

    def draw(console: Console) -> None:
        rows = table("issue", f"local ({face.settings.time_zone})", "UTC", "what happens", "")
        for slot in slots:
            rows.add_row(slot.key, f"{slot.local:%a %d %b %Y %H:%M}", f"{slot.at:%d %b %H:%M}", slot.status, slot.note)
        console.print(rows)

    face.answer(slots, draw)


@schedule.command("skip")
@click.argument("key")
@click.option("--reason", default="Skipped by the operator.", show_default=True)
@common
def schedule_skip(face: Face, key: str, reason: str) -> None:
    """No issue that week; its comparisons wait. Undo: newsletter issues draft --slot KEY."""
    from newsletter.app.schedule import skip_slot

    face.act("skipped it", lambda: skip_slot(face.app, key, reason), subject=f"issue {key}")
    face.answer(
        {"key": key, "status": "skipped"},
        lambda console: console.print(f"{key} is skipped. Undo: newsletter issues draft --slot {key}"),
    )
