"""What stands between this newsletter and a live send: one list, for `doctor`, for the refusal, and for init."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from newsletter.app.container import App
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.errors import ChecksFailedError


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that must be so before a live send, whether it is, and how to get there."""

    name: str
    done: bool
    detail: str
    fix: str


def live_tasks(app: App, *, look: bool = True) -> list[Task]:
    """Every task in order. `look` False leaves out what needs the network."""
    settings = app.settings
    provider = app.provider
    tasks = [
        Task(
            "provider",
            provider.capabilities.live,
            f"{provider.name}{'' if provider.capabilities.live else ' keeps every mail on this machine'}",
            "Set delivery.provider to smtp or resend.",
        ),
        _credentials(app),
        Task(
            "sender",
            bool(settings.sender),
            settings.sender or "no address",
            "Set `sender` to an address of your domain.",
        ),
        Task(
            "postal address",
            bool(settings.postal_address.strip()),
            settings.postal_address or "none",
            "Set `postal_address`; the law asks for it in every issue.",
        ),
        Task(
            "site address",
            settings.site_url.startswith("https://") and "." in (urlsplit(settings.site_url).hostname or ""),
            settings.site_url,
            "Set `site_url` to the https address where readers reach `newsletter serve`.",
        ),
    ]
    if look:
        url = f"{settings.site_url}/unsubscribe/{DEAD_TOKEN}"
        answers = app.site.instance_at(url) == app.store.meta.instance
        tasks.append(
            Task(
                "unsubscribe page",
                answers,
                f"{url} {'answers' if answers else 'does not answer as this newsletter'}",
                "Start `newsletter serve` and let your web server pass that address on to it.",
            )
        )
    return tasks


def _credentials(app: App) -> Task:
    delivery = app.settings.delivery
    if delivery.provider == "resend":
        there = bool(delivery.resend.api_key.get_secret_value())
        return Task("credentials", there, "api key is set" if there else "no API key", "Set delivery.resend.api_key.")
    if delivery.provider == "smtp":
        halves = bool(delivery.smtp.username) == bool(delivery.smtp.password.get_secret_value())
        detail = delivery.smtp.username or "none, the server takes mail without"
        return Task(
            "credentials",
            halves,
            detail if halves else "only half of them",
            "Set both delivery.smtp.username and password.",
        )
    return Task("credentials", True, "none needed", "")


def require_live(app: App) -> None:
    """Raise ChecksFailedError naming every open task, where the provider in force is a live one."""
    if not app.provider.capabilities.live:
        return
    open_tasks = [task for task in live_tasks(app) if not task.done]
    if open_tasks:
        raise ChecksFailedError(
            "A live send is refused: " + "; ".join(f"{task.name}: {task.detail}" for task in open_tasks) + ".",
            next_step=" ".join(task.fix for task in open_tasks),
        )
