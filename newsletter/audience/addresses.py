"""The addresses that nearly everybody has, told from the rest without the whole of the rules."""

from __future__ import annotations

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

_ATOM = r"[A-Za-z0-9_+-]+"
_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"  # two hyphens in a row may be Punycode, which needs the whole of the rules
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+([A-Za-z]{{2,}}))")
_RESERVED = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_LONGEST_LOCAL = 64
_LONGEST_LABEL = 63


def plain_address(text: str) -> str:
    """The normal form of an address of ASCII letters, digits, `_`, `+`, `-` and dots; empty where it is not that plain.

    What it gives is what email-validator gives, in a tenth of the time (a test holds both side by side); empty says
    nothing about whether `text` is an address.
    """
    found = _PLAIN.fullmatch(text)
    if not found:
        return ""
    local, domain, top = found[1], found[2].lower(), found[3].lower()
    if len(local) > _LONGEST_LOCAL or len(domain) > _LONGEST_LABEL or top in _RESERVED:
        return ""
    if (lower := local.lower()) in _ROLES:
        return f"{lower}@{domain}"
    return f"{local}@{domain}"
