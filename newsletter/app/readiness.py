"""What stands between this newsletter and a live send: one list, for `doctor`, for the refusal, and for init."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from newsletter.app.container import App
from newsletter.audience.tokens import DEAD_TOKEN
from newsletter.errors import ChecksFailedError

_OUTSIDE, _FACT = "unsubscribe page", "unsubscribe_page"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that must be so before a live send, whether it is, and how to get there."""

    name: str
    done: bool
    detail: str
    fix: str
    setting: str = ""
    """The dotted key that mends it; empty where none does."""


def live_tasks(app: App, *, look: bool = True) -> list[Task]:
    """Every task in order. `look` False leaves out what needs the network."""
    settings = app.settings
    provider = app.provider
    tasks = [
        Task(
            "provider",
            provider.capabilities.live,
            f"{provider.name}{'' if provider.capabilities.live else ' keeps every mail on this machine'}",
            "Set `delivery.provider` to smtp or resend.",
            "delivery.provider",
        ),
        _credentials(app),
        Task(
            "sender",
            bool(settings.sender),
            settings.sender or "no address",
            "Set `sender` to an address of your domain.",
            "sender",
        ),
        Task(
            "postal address",
            bool(settings.postal_address.strip()),
            settings.postal_address or "none",
            "Set `postal_address`; the law asks for it in every issue.",
            "postal_address",
        ),
        Task(
            "site address",
            settings.site_url.startswith("https://") and "." in (urlsplit(settings.site_url).hostname or ""),
            settings.site_url,
            "Set `site_url` to the https address where readers reach `newsletter serve`.",
            "site_url",
        ),
    ]
    if look:
        url = f"{settings.site_url}/unsubscribe/{DEAD_TOKEN}"
        answers = app.site.instance_at(url) == app.store.meta.instance
        tasks.append(
            Task(
                _OUTSIDE,
                answers,
                f"{url} {'answers' if answers else 'does not answer as this newsletter'}",
                "Start `newsletter serve` and let your web server pass that address on to it.",
                "site_url",
            )
        )
    return tasks


def _credentials(app: App) -> Task:
    delivery = app.settings.delivery
    if delivery.provider == "resend":
        there = bool(delivery.resend.api_key.get_secret_value())
        key = "delivery.resend.api_key"
        return Task("credentials", there, "api key is set" if there else "no API key", f"Set {key}.", key)
    if delivery.provider == "smtp":
        halves = bool(delivery.smtp.username) == bool(delivery.smtp.password.get_secret_value())
        detail = delivery.smtp.username or "none, the server takes mail without"
        return Task(
            "credentials",
            halves,
            detail if halves else "only half of them",
            "Set both delivery.smtp.username and password.",
            "delivery.smtp.username",
        )
    return Task("credentials", True, "none needed", "")


_NEEDED = frozenset({"provider", "credentials", "sender", "test"})
"""Without these nothing can be sent to anybody, guests or not."""


def refusing(app: App, tasks: Sequence[Task]) -> list[Task]:
    """Those of `tasks` that refuse a send: every open one, unless guests are named, who alone are mailed then."""
    open_tasks = [task for task in tasks if not task.done]
    return [task for task in open_tasks if task.name in _NEEDED] if app.settings.delivery.guests else open_tasks


def look_and_remember(app: App) -> list[Task]:
    """Every task, looked at from outside too, and what was found there kept for the claims of a send that begins."""
    tasks = live_tasks(app)
    answers = all(task.done for task in tasks if task.name == _OUTSIDE)
    app.store.meta.put(_FACT, "answers" if answers else "silent")
    return tasks


def tasks_of_claims(app: App) -> list[Task]:
    """As look_and_remember(), but where our page answered before, it is not asked for again: no send that began well
    hangs on our site being seen from this machine.
    """
    return live_tasks(app, look=False) if app.store.meta.get(_FACT) == "answers" else look_and_remember(app)


def require_live(app: App) -> None:
    """Raise ChecksFailedError naming every task that refuses it, where the provider in force is a live one."""
    if not app.provider.capabilities.live:
        return
    open_tasks = refusing(app, look_and_remember(app))
    if open_tasks:
        raise ChecksFailedError(
            "A live send is refused: " + "; ".join(f"{task.name}: {task.detail}" for task in open_tasks) + ".",
            next_step=" ".join(task.fix for task in open_tasks),
        )
