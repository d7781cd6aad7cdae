"""What happens to a newsletter in its life, each by the app: for tests that want stores in which anything may stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from newsletter.app.api_keys import make_key
from newsletter.app.approve_issue import approve_issue
from newsletter.app.bookmarks import save_tool
from newsletter.app.container import App
from newsletter.app.deliver import Deliverer
from newsletter.app.edit_comparison import archive_comparison, edit_comparison
from newsletter.app.import_subscribers import Wanted, import_upload
from newsletter.app.leave import erase_subscriber, say_why
from newsletter.app.on_request import pause_on_request, unsubscribe_on_request
from newsletter.app.preferences import prefer
from newsletter.app.receive_events import apply_reports
from newsletter.app.rename_tool import rename_tool
from newsletter.app.send_issue import freeze_issue
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.app.subscribe import confirm, subscribe
from newsletter.app.suppressions import add_suppression
from newsletter.app.vote import vote_as_reader, vote_on_web
from newsletter.audience.subscriber import Subscriber, SubscriberStatus, SuppressionReason
from newsletter.comparisons.formats import dump_yaml
from newsletter.comparisons.model import Verdict
from newsletter.errors import NewsletterError
from newsletter.operators import Role
from tests.fakes.house import Clock, add_active, deliver_all_mail, draft_week

ADDRESSES = ("ada@example.org", "=bob@example.org", "eve'o@example.net", "umit@bücher.example", "Max@Example.org")
_HELD = """email,status,confirmed_at,topics
lena@example.net,active,,developer-tools b
noor@example.net,active,2026-03-01T10:00:00+00:00,developer-tools b
yuki@example.net,unsubscribed,2026-03-01T10:00:00+00:00,
zoe@example.net,bounced,,
"""


def _someone(app: App, number: int) -> Subscriber | None:
    found = list(app.store.subscribers.each())
    return found[number % len(found)] if found else None


def _asks(app: App, number: int) -> None:
    subscribe(app, ADDRESSES[number % len(ADDRESSES)], source="form", ip="198.51.100.7")
    deliver_all_mail(app)


def _confirms(app: App, number: int) -> None:
    if (person := _someone(app, number)) and person.status is SubscriberStatus.PENDING:
        confirm(app, app.signer.confirmation(person.id), ip="2001:db8::7")


def _is_added(app: App, number: int) -> None:
    add_active(app, ADDRESSES[number % len(ADDRESSES)])


def _leaves(app: App, number: int) -> None:
    if person := _someone(app, number):
        unsubscribe_on_request(app, person)
        say_why(app, app.signer.reader(0, person.id), "other", "Ünübersichtlich,\n\x07\u2028 und „zu viel“.")


def _pauses(app: App, number: int) -> None:
    if person := _someone(app, number):
        pause_on_request(app, person, 4)


def _prefers(app: App, number: int) -> None:
    if person := _someone(app, number):
        prefer(app, person, topics=["developer-tools"], frequency="topics", zone="Europe/Paris")


def _is_erased(app: App, number: int) -> None:
    if (person := _someone(app, number)) and person.email:
        erase_subscriber(app, person.email)


def _bounces(app: App, number: int) -> None:
    if (person := _someone(app, number)) and person.email:
        reason = (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT)[number % 2]
        app.store.subscribers.suppress(person.email, reason, app.now())


def _is_suppressed(app: App, number: int) -> None:
    add_suppression(app, ADDRESSES[number % len(ADDRESSES)], "asked by telephone")


def _votes(app: App, number: int) -> None:
    vote_on_web(app, bytes([number % 256]) * 16, "plumbline", Verdict.SKIP)
    if person := _someone(app, number):
        vote_as_reader(app, person, "plumbline", Verdict.SHIP, b"\x00c" * 8)
        save_tool(app, person, "plumbline")


def _week(app: App, number: int) -> None:
    if app.store.comparisons.count() == 0:
        draft_week(app)


def _sends(app: App, number: int) -> None:
    for issue in app.store.issues.all()[:1]:
        approve_issue(app, issue.key)
        freeze_issue(app, issue.key)
    deliverer = Deliverer(app, app.owners.enter(), lambda seconds: False)
    while deliverer.step().worked:
        pass


def _report(app: App, number: int) -> None:
    app.store.events.add("resend", f"report {number}", bytes(range(number % 256)), app.now())
    apply_reports(app)


def _edits(app: App, number: int) -> None:
    for stored in app.store.comparisons.all()[:1]:
        text = dump_yaml([stored.comparison]).replace("tagline: ", f"tagline: {number} ")
        edit_comparison(app, stored.comparison.slug, text, by="ada@example.org")
        archive_comparison(app, stored.comparison.slug, number % 2 == 0)


def _renames(app: App, number: int) -> None:
    rename_tool(app, "kestrel", f"kestrel-{number}", by="ada@example.org", via="console")


def _imports(app: App, number: int) -> None:
    wanted = Wanted("" if number % 2 else "Form on example.net", reconfirm=number % 3 == 0)
    report = import_upload(app, f"list-{number}.csv", _HELD.encode(), shown=None, wanted=wanted)
    import_upload(app, f"list-{number}.csv", _HELD.encode(), shown=report.mark, wanted=wanted)


def _operators(app: App, number: int) -> None:
    if not app.store.operators.count():
        accept_invitation(app, make_invitation(app, "ada@example.org", Role.OWNER), "", "harbour lantern oblique seven")
    make_key(app, f"key {number}", Role.EDITOR)
    app.store.meta.rotate_signing_key(app.now())


DEEDS: tuple[Callable[[App, int], None], ...] = (
    _asks,
    _confirms,
    _is_added,
    _leaves,
    _pauses,
    _prefers,
    _is_erased,
    _bounces,
    _is_suppressed,
    _votes,
    _week,
    _sends,
    _report,
    _edits,
    _renames,
    _imports,
    _operators,
)
FULL = (
    *((_is_added, number) for number in range(4)),
    (_asks, 4),
    (_week, 0),
    (_votes, 1),
    (_prefers, 1),
    (_sends, 0),
    *((deed, 0) for deed in (_report, _edits, _renames, _operators)),
    *((_imports, number) for number in (1, 3)),
    (_pauses, 6),
    *((_leaves, number) for number in (1, 2)),
    (_bounces, 2),
    (_is_suppressed, 3),
    (_is_erased, 0),
)
"""A life in which everything happened."""


def live(app: App, clock: Clock, life: Sequence[tuple[Callable[[App, int], None], int]]) -> None:
    """Each in turn, an hour apart. What the state of things refuses does not happen."""
    for deed, number in life:
        clock.pass_by(hours=1, microseconds=number)
        try:
            deed(app, number)
        except NewsletterError:
            continue
