"""What the exports of other mailing systems look like, a table for each: how it is known, and what its columns say.

A column is named here as named() names it: `Email Address`, `E-mail_address` and `emailaddress` are one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from newsletter.audience.arrivals import Standing

_ACTIVE, _PENDING, _UNSUBSCRIBED = Standing.ACTIVE, Standing.PENDING, Standing.UNSUBSCRIBED
_BOUNCED, _COMPLAINED, _DISABLED = Standing.BOUNCED, Standing.COMPLAINED, Standing.DISABLED

_BETWEEN = re.compile(r"[\s_-]+")


def named(text: str) -> str:
    """A column's name, or the word of a status, without what people write differently."""
    return _BETWEEN.sub("", text.strip().lstrip("\ufeff").casefold())


def _words(**standings: str) -> Mapping[str, Standing]:
    found = {word: Standing(standing) for standing, words in standings.items() for word in words.split()}
    return MappingProxyType(found)


GENERAL = _words(
    active="active subscribed enabled confirmed optedin optin yes y true t 1",
    pending="pending unconfirmed unactivated notconfirmed invited waiting",
    unsubscribed="unsubscribed unsubscribe optedout optout inactive left cancelled canceled no n false f 0",
    bounced="bounced hardbounce hardbounced cleaned undeliverable invalid",
    complained="complained complaint spam spamcomplaint",
    disabled="disabled blocked blocklisted blacklisted suppressed removed operator erased",
)
"""What the words of a status say where no product is known, and of the reasons in our own list."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of list is read. Of several columns for one thing the first with something in it counts."""

    name: str
    signs: tuple[frozenset[str], ...] = ()
    """The columns that tell it: every one of any of these sets."""
    email: tuple[str, ...] = ("email", "emailaddress", "mail", "subscriberemail")
    status: tuple[str, ...] = ()
    words: Mapping[str, Standing] = field(default_factory=lambda: GENERAL)
    """What the status says; a word that is not here says nothing, and its row is bad."""
    gone: Mapping[str, Standing] = field(default_factory=dict)
    """Columns that make somebody gone whatever the status says, with anything in them but a no."""
    otherwise: Standing | None = None
    """Where there is no column of a status, and nobody is gone; None makes the row a bad one."""
    joined_at: tuple[str, ...] = ()
    proof_at: tuple[str, ...] = ()
    proof_needs: tuple[str, ...] = ()
    """Columns that have to be filled, or else `proof_at` is no proof."""
    proof_ip: tuple[str, ...] = ()
    left_at: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """A column of JSON whose `topics` or `tags` are topics."""
    frequency: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    paused_until: tuple[str, ...] = ()
    slugs: bool = False
    """Whether its topics are slugs already, whatever stands between them."""

    def columns(self) -> tuple[str, ...]:
        """Every column that it reads."""
        several = (self.email, self.status, tuple(self.gone), self.joined_at, self.proof_at, self.proof_needs)
        more = (self.proof_ip, self.left_at, self.topics, self.attributes, self.frequency, self.zone, self.paused_until)
        return tuple(dict.fromkeys(column for columns in several + more for column in columns))


def _signs(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(columns.split()) for columns in sets)


OURS = Dialect(
    "ours",
    _signs("email status confirmedat", "email status proofat"),
    status=("status",),
    gone={"suppression": _DISABLED, "suppressionreason": _DISABLED, "suppressed": _DISABLED},
    joined_at=("joinedat", "createdat"),
    proof_at=("proofat", "confirmedat"),
    proof_ip=("proofip", "confirmedip"),
    left_at=("leftat", "unsubscribedat"),
    topics=("topics",),
    frequency=("frequency",),
    zone=("zone",),
    paused_until=("pauseduntil",),
    slugs=True,
)
"""What `newsletter subscribers export` writes."""

MAILCHIMP = Dialect(
    "mailchimp",
    _signs("memberrating optintime confirmtime", "optintime optinip confirmtime euid"),
    gone={"cleantime": _BOUNCED, "unsubtime": _UNSUBSCRIBED},
    joined_at=("optintime", "confirmtime"),
    proof_at=("confirmtime", "optintime"),
    proof_needs=("optintime",),
    proof_ip=("confirmip", "optinip"),
    left_at=("unsubtime", "cleantime"),
    topics=("tags",),
)
"""The audience export: subscribed_…, unsubscribed_…, nonsubscribed_… and cleaned_… in one zip, moments in UTC.

Who was imported or added there has a CONFIRM_TIME and often a CONFIRM_IP as well, the same for all who came with them
since they are the operator's, and no OPTIN_TIME: only that one is from a form. (Columns and moments as in
https://github.com/TryGhost/migrate, packages/mg-mailchimp-members/src/test/fixtures; the parts as in
https://docs.buttondown.com/mailchimp and http://kb.mailchimp.com/lists/managing-subscribers/view-unsubscribed-and-cleaned-addresses)
"""

SUBSTACK = Dialect(
    "substack",
    _signs("email activesubscription emaildisabled", "email startdate type subscriptionsource(free)"),
    gone={"emaildisabled": _DISABLED},
    otherwise=_ACTIVE,
    joined_at=("createdat", "startdate"),
    topics=("sections",),
)
"""`email_list.….csv` of the full export, and the subscriber page's own export with its columns in words.

Paid or not is nothing to us; neither file says whether somebody came by a form or by an import, so neither proves.
(https://github.com/TryGhost/migrate, packages/mg-substack-members-csv/test/fixtures;
https://support.substack.com/hc/en-us/articles/360058529871)
"""

BEEHIIV = Dialect(
    "beehiiv",
    _signs("email status tier createdat", "email status createdat unsubscribedat stripecustomerid"),
    status=("status",),
    words=_words(
        active="active",
        pending="pending validating needsattention paused",
        unsubscribed="inactive",
        bounced="invalid",
    ),
    gone={"unsubscribedat": _UNSUBSCRIBED},
    joined_at=("createdat",),
    left_at=("unsubscribedat",),
    topics=("tags",),
)
"""`inactive` is who unsubscribed or was unsubscribed. (https://beehiiv.com/support/article/12428610562327; the columns
as in https://github.com/TryGhost/migrate, packages/mg-beehiiv-members/src/test/fixtures/members.csv)
"""

GHOST = Dialect(
    "ghost",
    _signs("email subscribedtoemails"),
    status=("subscribedtoemails",),
    words=_words(active="true yes 1", unsubscribed="false no 0"),
    gone={"deletedat": _UNSUBSCRIBED},
    joined_at=("createdat",),
    left_at=("deletedat",),
    topics=("labels",),
)
"""The members export. (https://ghost.org/help/import-members/; https://github.com/TryGhost/Ghost,
core/server/services/members/csv)
"""

BUTTONDOWN = Dialect(
    "buttondown",
    _signs("email creationdate type", "emailaddress creationdate type", "email creationdate subscribertype"),
    email=("emailaddress", "email"),
    status=("type", "subscribertype"),
    words=_words(
        active="regular premium trialed gifted churning churned paused pastdue unpaid",
        pending="unactivated",
        unsubscribed="unsubscribed",
        bounced="undeliverable",
        complained="complained",
        disabled="disabled spammy blocked removed",
    ),
    joined_at=("creationdate",),
    proof_at=("creationdate",),
    proof_needs=("ipaddress",),
    proof_ip=("ipaddress",),
    left_at=("unsubscriptiondate", "undeliverabilitydate"),
    topics=("tags",),
)
"""The subscriber export, as CSV or with the same names as JSON. `ip_address` is the one they subscribed from, so that
who has none was imported or added. (https://docs.buttondown.com/api-subscribers-introduction,
https://docs.buttondown.com/api-subscribers-type, https://docs.buttondown.com/subscriber-dashboard)
"""

LISTMONK = Dialect(
    "listmonk",
    _signs("uuid email attributes status", "email name attributes"),
    status=("status",),
    words=_words(active="enabled", disabled="disabled blocklisted"),
    otherwise=_ACTIVE,
    joined_at=("createdat",),
    attributes=("attributes",),
)
"""`uuid,email,name,attributes,status,created_at,updated_at`, or only the three that it imports. It leaves out the
lists somebody is on and whether they confirmed them, so `enabled` proves nothing.
(https://github.com/knadh/listmonk, cmd/subscribers.go, ExportSubscribers; https://github.com/knadh/listmonk/issues/738;
https://listmonk.app/docs/apis/import/)
"""

PLAIN = Dialect("plain", otherwise=_ACTIVE)
"""Any other list with an e-mail column. Nothing else of it is read unless somebody says which column it is."""

PRODUCTS = (OURS, MAILCHIMP, SUBSTACK, BEEHIIV, GHOST, BUTTONDOWN, LISTMONK)
"""The more telling first: the first whose signs are there is it."""
