"""Does the provider take a mail from us? One line to the operator, through the same queue as every mail to a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.app.container import App
from newsletter.app.mail_one import queue_mail
from newsletter.audience.subscriber import normal_address
from newsletter.delivery.status import DeliveryStatus
from newsletter.errors import ChecksFailedError, TransitionError
from newsletter.rendering.mjml import render_notice

_PREFIX = "provider-test/"
_SHOWN = 5
_OPEN = (DeliveryStatus.WAITING, DeliveryStatus.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class ProviderTest:
    """One test mail. `at`: aware UTC; `detail`: what the provider said, or empty."""

    at: datetime
    address: str
    status: DeliveryStatus
    detail: str

    @property
    def over(self) -> bool:
        return self.status not in _OPEN


def queue_provider_test(app: App, address: str) -> None:
    """Queue one. Raises InputError for what is no address, ChecksFailedError where there is nobody to send as, and
    TransitionError while the last one is under way: a provider that is stuck is not asked again and again.
    """
    to = normal_address(address)
    if not app.settings.sender:
        raise ChecksFailedError("There is no sender address.", next_step="Set `sender` in newsletter.toml.")
    now = app.now()
    mail = render_notice(
        app.mail_templates,
        app.settings.publication,
        subject=f"A test of {app.provider.name}",
        heading="It works",
        paragraphs=[f"This mail was asked for at {now:%Y-%m-%d %H:%M:%S} UTC and came to you by {app.provider.name}."],
        button=None,
    )
    with app.store.transaction():
        last = provider_tests(app)[:1]
        if last and not last[0].over:
            raise TransitionError(
                f"The test of {last[0].at:%H:%M:%S} UTC is {last[0].status.replace('_', ' ')} still.",
                next_step="Wait for it, and see that the sender runs.",
            )
        queue_mail(app, f"{_PREFIX}{now.isoformat(timespec='microseconds')}", "provider test", to, mail)


def provider_tests(app: App) -> list[ProviderTest]:
    """The last five, newest first."""
    rows = app.store.messages.newest_under(_PREFIX, _SHOWN)
    return [ProviderTest(row.created_at, row.address, row.status, row.detail or "") for row in rows]
