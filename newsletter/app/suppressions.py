"""Addresses that are never mailed: list them, add one on purpose, lift what was added so."""

from __future__ import annotations

import re

from newsletter.app.container import App
from newsletter.audience.subscriber import SuppressionReason, normal_address
from newsletter.errors import InputError, NotFoundError, TransitionError
from newsletter.store.people_lists import Suppressed

MOST_WORDS = 300
"""Characters of an operator's reason."""

KEPT = {
    SuppressionReason.HARD_BOUNCE: (
        "It bounced for good: its provider says that this mailbox does not exist. Mailing it again would make other"
        " providers trust all our mail less."
    ),
    SuppressionReason.COMPLAINT: "Its owner reported a mail of ours as spam. They are never mailed again.",
    SuppressionReason.ERASED: "Its owner was erased, and this is what keeps the promise never to mail them again.",
}
"""Why what no operator did cannot be lifted by one."""


def list_suppressions(app: App, reason: str = "", *, before: int = 0, limit: int = 50) -> list[Suppressed]:
    """The newest first, of one SuppressionReason where given; `before`: the id of the last one seen."""
    return app.store.people.suppressions(reason, before=before, limit=limit)


def suppression_counts(app: App) -> dict[str, int]:
    """Reason → how many addresses."""
    return app.store.people.suppression_counts()


def find_suppression(app: App, which: str) -> Suppressed | None:
    """By address, or by the key that a list shows. Raises InputError for what is neither."""
    which = which.strip()
    if re.fullmatch("[0-9a-f]{32}", which):
        return app.store.people.suppressed(bytes.fromhex(which))
    return app.store.people.suppressed(app.store.subscribers.hash_of(normal_address(which)))


def add_suppression(app: App, address: str, words: str) -> Suppressed:
    """Never mail `address` again, because of `words`; whoever has it stays a subscriber and is left out.

    Raises InputError for no address or no reason, TransitionError where it is suppressed already.
    """
    address, words = normal_address(address), words.strip()
    if not words:
        raise InputError("Say why: whoever wants to lift it must know.", next_step='Like "asked us on the telephone".')
    if len(words) > MOST_WORDS:
        raise InputError(f"The reason is longer than {MOST_WORDS} characters.", next_step="Say it shorter.")
    with app.store.transaction():
        if not app.store.subscribers.suppress(address, SuppressionReason.OPERATOR, app.now(), words):
            raise TransitionError(f"{address} is suppressed already ({app.store.subscribers.suppression(address)}).")
        found = find_suppression(app, address)
    assert found is not None
    return found


def lift_suppression(app: App, which: str) -> Suppressed:
    """Mail it again from now on, where an operator had added it; what was lifted. `which`: as in find_suppression().

    Raises NotFoundError, and TransitionError with the cause where it stays.
    """
    with app.store.transaction():
        found = find_suppression(app, which)
        if found is None:
            raise NotFoundError("This address is not suppressed.", next_step="See `newsletter suppressions list`.")
        if found.reason in KEPT:
            raise TransitionError(f"This cannot be lifted. {KEPT[found.reason]}")
        app.store.people.lift(bytes.fromhex(found.key))
    return found
