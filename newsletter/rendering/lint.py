"""The static ones of the twenty rules for a mail (docs/mail-rules.md); those that need eyes are in tests/browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from newsletter.issues import Publication
from newsletter.rendering.context import postal_lines
from newsletter.rendering.findings import RULES, Finding, Severity, block, warn
from newsletter.rendering.lint_page import address_fault, lint_page
from newsletter.rendering.lint_source import lint_source
from newsletter.rendering.markup import Element, read_html
from newsletter.rendering.mjml import RenderedMail
from newsletter.rendering.personalise import slot
from newsletter.rendering.plaintext import inert
from newsletter.rendering.slots import ADDRESS_SLOTS, longest_slots
from newsletter.rendering.words import PREHEADER_LIMITS

__all__ = ["RULES", "Finding", "Severity", "lint_mail"]

WARN_BYTES = 90_000
BLOCK_BYTES = 100_000
"""Gmail cuts a mail at about 102,400 bytes, and with it the link to unsubscribe."""


def lint_mail(
    mail: RenderedMail, *, nonce: str, publication: Publication, allow_loopback: bool, headers: Mapping[str, str]
) -> list[Finding]:
    """Every breach of a static rule, by rule; empty where all is well.

    `headers` are those beyond From, To, Subject and Date, slots unfilled. `allow_loopback`: http links to this machine
    and a missing postal address are fine, because nothing leaves it.
    """
    root = read_html(mail.html)
    leave = slot(nonce, "unsubscribe_url")
    addresses = frozenset(slot(nonce, name) for name in ADDRESS_SLOTS)
    findings = [
        *lint_source(mail.mjml, mail.html),
        *_size(mail, nonce, publication),
        *_preheader(mail, root),
        *lint_page(root, addresses, allow_loopback=allow_loopback),
        *_headers(headers, leave, allow_loopback),
        *_ways_out(mail, root, leave),
        *_postal_address(mail, root, publication, allow_loopback),
    ]
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.rule)


def _size(mail: RenderedMail, nonce: str, publication: Publication) -> Iterator[Finding]:
    html = mail.html
    for name, value in longest_slots(publication.site_url, mail.tools).items():
        html = html.replace(slot(nonce, name), value)
    size = len(html.encode())
    if size > WARN_BYTES:
        found = block if size > BLOCK_BYTES else warn
        message = f"The HTML has {size:,} bytes; Gmail cuts it at about 102,000."
        yield found(6, "html", message, "Show fewer comparisons in full.")


def _preheader(mail: RenderedMail, root: Element) -> Iterator[Finding]:
    least, most = PREHEADER_LIMITS
    if not least <= len(mail.preheader) <= most:
        message = f"The preheader has {len(mail.preheader)} characters."
        yield warn(8, "html", message, f"Write {least} to {most}: a second fact.")
    hidden = [element for element in root.walk() if element.styles.get("display") == "none"]
    if mail.preheader and not any(mail.preheader in element.own_text for element in hidden):
        yield warn(8, "html", "The preheader is not at the top of the HTML.", "Print it hidden, as the first text.")
    if any(element.styles.get("font-size") == "1px" for element in root.walk()):
        yield warn(8, "html", "Text of 1 px counts as spam.", "Hide the preheader by display:none.")


def _headers(headers: Mapping[str, str], leave: str, allow_loopback: bool) -> Iterator[Finding]:
    given = {name.lower(): value for name, value in headers.items()}
    targets = re.findall(r"<([^<>]*)>", given.get("list-unsubscribe", ""))
    if not any(target == leave or not address_fault(target, allow_loopback=allow_loopback) for target in targets):
        yield block(19, "headers", "List-Unsubscribe holds no https address.", "Set it to the reader's own link.")
    if given.get("list-unsubscribe-post") != "List-Unsubscribe=One-Click":
        message = "List-Unsubscribe-Post is missing: mail programs show no button (RFC 8058)."
        yield block(19, "headers", message, "Set it to List-Unsubscribe=One-Click.")


def _ways_out(mail: RenderedMail, root: Element, leave: str) -> Iterator[Finding]:
    links = [element for element in root.walk() if "href" in element.attributes and not element.hidden]
    shown = {link.attributes["href"] for link in links if link.text.strip()}
    if leave not in shown:
        yield block(19, "html", "No link to unsubscribe can be seen.", "Print the slot unsubscribe_url as a link.")
    if leave not in mail.text:
        yield block(19, "text", "There is no link to unsubscribe.", "Print the slot unsubscribe_url.")
    said = set(mail.text.split())
    for url in sorted(shown - {leave} - said):
        if not url.startswith("mailto:") and not any(_holds(word, url) for word in said):
            yield block(19, "text", f"The text part lacks the link {url[:80]}.", "Print it there too.")


def _holds(word: str, url: str) -> bool:
    """Whether a word is the address as a sentence has it: in brackets, before a full stop."""
    return word.removeprefix("(").startswith(url) and not word.removeprefix("(")[len(url) :].strip(")]}.,;:!?…\"'”’")


def _postal_address(
    mail: RenderedMail, root: Element, publication: Publication, allow_loopback: bool
) -> Iterator[Finding]:
    lines = postal_lines(publication)
    if not lines and not allow_loopback:
        yield block(19, "settings", "There is no postal address.", "Set it: the law wants it in every issue.")
    for place, whole in (("html", root.text), ("text", mail.text)):
        seen = " ".join(whole.split())
        missing = [line for line in lines if (line if place == "html" else inert(line)) not in seen]
        if missing:
            yield block(19, place, f"The postal address lacks {missing[0]!r}.", "Print it whole.")
