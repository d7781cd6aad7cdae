"""Put right what an issue said that has gone out: dated on the web, and where it matters mailed, once."""

from __future__ import annotations

import secrets

from newsletter.app.compose_issue import content_of, find_issue
from newsletter.app.container import App
from newsletter.errors import InputError, TransitionError
from newsletter.issues import Correction, Issue
from newsletter.rendering.context import day_in_words
from newsletter.rendering.words import PREHEADER_LIMITS, one_line, shorten

_SUBJECT = 70


def correct_issue(app: App, key: str, text: str, *, reason: str | None = None) -> tuple[Correction, Issue | None]:
    """Append a dated correction to an issue that has gone out; its web page shows it from now on.

    With a `reason` there is also the draft of a mail, for those alone whose delivery was accepted and who are still
    subscribed; it is tested, approved and sent like an issue. Raises InputError for an empty text or reason, and
    TransitionError where nothing of the issue has gone out.
    """
    issue = find_issue(app, key)
    if issue.frozen_at is None or issue.corrects is not None:
        raise TransitionError(
            f"Issue {key} is {issue.status}: there is nothing that readers have to put right.",
            next_step=f"Change it with `newsletter issues edit {key}`." if issue.corrects is None else "",
        )
    if not text.strip() or (reason is not None and not reason.strip()):
        raise InputError("A correction needs its text, and a mail its reason.", next_step="Write it.")
    with app.store.transaction():
        correction_id = app.store.issues.correct(issue.id, text.strip(), (reason or "").strip(), app.now())
        mail_key = None if reason is None else _draft_mail(app, issue, correction_id)
    drafted = None if mail_key is None else find_issue(app, mail_key)
    return app.store.issues.correction(correction_id), drafted


def corrections_of(app: App, key: str) -> list[tuple[str, str]]:
    """(local date in words, text) of every correction, oldest first."""
    found = app.store.issues.corrections(find_issue(app, key).id)
    zone = app.settings.zone
    return [(day_in_words(correction.at.astimezone(zone).date()), correction.text) for correction in found]


def _draft_mail(app: App, issue: Issue, correction_id: int) -> str:
    original = content_of(app, issue)
    text = app.store.issues.correction(correction_id).text
    number = len(app.store.issues.corrections(issue.id))
    key = f"{issue.key}-c{number}"
    about = f"About issue {issue.key} of {day_in_words(original.day)}: {one_line(text)}"
    texts = {
        "subject": shorten(f"Correction: {original.subject}", _SUBJECT),
        "preheader": shorten(about, PREHEADER_LIMITS[1]),
    }
    if not app.store.issues.create_correction(issue, correction_id, key, texts, secrets.token_hex(8), app.now()):
        raise TransitionError(f"Somebody else corrected issue {issue.key} this moment.", permanent=False)
    return key
