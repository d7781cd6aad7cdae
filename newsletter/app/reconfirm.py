"""People who came from elsewhere without proof of consent are asked whether they want the newsletter, a few an hour."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.app.mail_one import queue_confirmation
from newsletter.app.subscribe import free_confirmations
from newsletter.audience.consent import FORM_TEXT, FORM_VERSION, Consent, ConsentKind


def ask_imported(app: App) -> int:
    """Queue the ordinary confirmation for those whom an import is to ask, in the order they came; how many.

    They take what those leave who ask by themselves, and at most until half of web.confirmations_per_hour is used, so
    that a long list keeps no visitor waiting.
    """
    runs = app.store.import_runs
    if not runs.waiting():
        return 0
    now, asked = app.now(), 0
    with app.store.transaction():
        most = free_confirmations(app) - app.settings.web.confirmations_per_hour // 2
        if most <= 0:
            return 0
        people = runs.to_ask(most)
        for person in people:
            assert person.email is not None
            if queue_confirmation(app, person.id, person.email, asked_at=person.created_at) is not None:
                asked += 1
                what = Consent(ConsentKind.ASKED, now, "asked again after an import", FORM_TEXT, version=FORM_VERSION)
                app.store.subscribers.record(person.id, what)
        runs.asked_through(people[-1].id if len(people) == most else None)
    return asked
