"""The sender: threads that deliver until there is nothing left, or until they are asked to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.deliver_mail import deliver_mail, recover_mail
from newsletter.app.hold_issue import end_holds
from newsletter.app.receive_events import apply_reports
from newsletter.errors import NewsletterError, where_it_arose

log = logging.getLogger(__name__)
_IDLE_SECONDS = 1.0
_TROUBLE_SECONDS = 5.0
_BEAT_SECONDS = 15.0


class Sender:
    """`workers` threads that each step through batches, and one that looks after mails to one person, reports and
    batches whose sender died. Stops between two steps; a step under way ends with its settlement.
    """

    def __init__(self, app: App, *, workers: int | None = None) -> None:
        self._app = app
        self._workers = workers or app.settings.delivery.workers
        self._stop = threading.Event()
        self._owner = app.owners.enter()
        self._deliverer = Deliverer(app, self._owner, self._stop.wait)
        self._threads: list[threading.Thread] = []
        self._beat_at = 0.0

    def start(self) -> None:
        """Start the threads."""
        bodies: list[Callable[[], None]] = [self._batches] * self._workers + [self._chores]
        for number, body in enumerate(bodies):
            thread = threading.Thread(target=self._guarded, args=(body,), name=f"sender-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 25.0) -> bool:
        """Ask the threads to stop and wait `timeout` seconds for them; True where all did."""
        self._stop.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        done = not any(thread.is_alive() for thread in self._threads)
        if done:
            self._app.owners.leave(self._owner)
        return done

    def _guarded(self, body: Callable[[], None]) -> None:
        """Run `body` until stopped. Trouble is logged and tried again later: one bad moment does not end a sender."""
        while not self._stop.is_set():
            try:
                body()
            except NewsletterError as error:
                log.error("%s", error)
                self._stop.wait(_TROUBLE_SECONDS)
            except Exception as error:
                log.error("The sender met an error it does not know: %s", where_it_arose(error))
                self._stop.wait(_TROUBLE_SECONDS)

    def _batches(self) -> None:
        step = self._deliverer.step()
        if not step.worked:
            later = _IDLE_SECONDS
            if step.again_at is not None:
                later = min(later, max(0.01, step.again_at - self._app.now().timestamp()))
            self._stop.wait(later)

    def _chores(self) -> None:
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + _BEAT_SECONDS
            self._app.store.meta.beat("sender", self._app.now())
        if told := end_holds(self._app):
            log.info("%s", told)
        busy = recover_mail(self._app, self._owner)
        busy = self._deliverer.recover() or busy
        busy = deliver_mail(self._app, self._owner) or busy
        busy = apply_reports(self._app) > 0 or busy
        if not busy:
            self._stop.wait(_IDLE_SECONDS)
