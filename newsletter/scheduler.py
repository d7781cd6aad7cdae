"""The ticker: APScheduler calls tick() every 30 seconds. What is due, and who does it, the database decides."""

from __future__ import annotations

import logging

from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.app.container import App
from newsletter.app.tick import tick
from newsletter.errors import NewsletterError

log = logging.getLogger(__name__)
TICK_SECONDS = 30


def build_scheduler(app: App, *, seconds: float = TICK_SECONDS) -> BackgroundScheduler:
    """In memory, one tick at a time, missed ticks rolled into one. Not started yet."""

    def run() -> None:
        try:
            told = tick(app)
        except NewsletterError as error:
            log.error("%s", error)  # the next tick tries again
            return
        if told:
            log.info("%s", told)

    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(run, "interval", seconds=seconds, coalesce=True, max_instances=1, misfire_grace_time=None)
    scheduler.add_job(run)  # and once at the start
    return scheduler
