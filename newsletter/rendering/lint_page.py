"""Rules 4, 7, 9–12, 14, 15, 17 and 18 of docs/mail-rules.md: what can be told from the finished HTML alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import pairwise
from urllib.parse import urlsplit

from newsletter.rendering.findings import Finding, block, warn
from newsletter.rendering.markup import Element, dark_rules

SMALLEST = 14
"""Pixels of text; a footer may have 13."""
_FOOTER = 13
_VAGUE = frozenset({"click here", "here", "read more", "learn more", "more", "link", "this link"})
_ACTIVE = frozenset({"script", "form", "input", "button", "iframe", "object", "embed", "link", "base", "svg", "video"})


def lint_page(root: Element, known_slots: frozenset[str], *, allow_loopback: bool) -> Iterator[Finding]:
    """Check the elements of a page; `known_slots` are the tokens that become addresses later."""
    elements = list(root.walk())
    css = "\n".join(element.own_text for element in elements if element.tag == "style")
    yield from _colours(elements, css)
    yield from _document(elements)
    yield from _images(elements, allow_loopback)
    yield from _links(elements, known_slots, allow_loopback)
    yield from _tables(elements)
    yield from _headings(elements)
    yield from _sizes(elements)
    yield from _dark(elements, css)
    yield from _active(elements, css)


def address_fault(url: str, *, allow_loopback: bool) -> str | None:
    """Why `url` may not be linked or loaded in a mail, as a clause, or None. http is for loopback, where allowed."""
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        return "holds characters that an address cannot hold"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return "is not a full https address without credentials"
    if _is_loopback(host):
        return None if allow_loopback else "leads to the reader's own machine"
    if parts.scheme == "http":
        return "is not https"
    return None if "." in host.strip(".") else "names a host that only this network knows"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _colours(elements: list[Element], css: str) -> Iterator[Finding]:
    values: list[tuple[Element | None, str]] = [(None, css)]
    for element in elements:
        values += [(element, element.attributes.get(name, "")) for name in ("style", "bgcolor")]
    for where, value in values:
        for digits in re.findall(r"#([0-9A-Fa-f]+)(?=[\s;!}]|$)", value):
            if len(digits) != 6:
                place = where.place if where else "html, <style>"
                yield warn(4, place, f"The colour #{digits} has not six digits; Outlook misreads it.", "Write all six.")


def _document(elements: list[Element]) -> Iterator[Finding]:
    page = next((element for element in elements if element.tag == "html"), None)
    for name in ("lang", "dir"):
        if page is None or not page.attributes.get(name):
            yield block(7, "html, <html>", f"There is no {name}: screen readers guess.", f"Set {name} on <mjml>.")
    if not any(element.tag == "title" and element.own_text.strip() for element in elements):
        yield block(7, "html, <head>", "There is no title.", "Fill mj-title.")


def _images(elements: list[Element], allow_loopback: bool) -> Iterator[Finding]:
    for image in (element for element in elements if element.tag == "img"):
        if "alt" not in image.attributes:
            yield block(9, image.place, "An image without alt is read out as its file name.", 'Write alt, or alt="".')
        if not image.attributes.get("width"):
            yield warn(9, image.place, "An image without width bursts Outlook's layout.", "Set its width.")
        if fault := address_fault(image.attributes.get("src", ""), allow_loopback=allow_loopback):
            yield block(9, image.place, f"The image's address {fault}.", "Give its full https address.")


def _links(elements: list[Element], known_slots: frozenset[str], allow_loopback: bool) -> Iterator[Finding]:
    for link in (element for element in elements if "href" in element.attributes or element.tag == "a"):
        url = link.attributes.get("href", "")
        mail = re.fullmatch(r"mailto:[^\s@]+@[^\s@]+", url)
        if url not in known_slots and not mail and (fault := address_fault(url, allow_loopback=allow_loopback)):
            yield block(10, link.place, f"The link {url[:60]!r} {fault}.", "Give its full https address.")
        words = " ".join((link.text + "".join(one.attributes.get("alt", "") for one in link.walk())).split())
        if link.hidden:
            continue  # nobody reads it: it tells programs from readers
        if not words:
            yield block(15, link.place, "A link without words.", "Say where it leads.")
        elif words.lower().rstrip(".!… ›→") in _VAGUE:
            yield warn(15, link.place, f"{words!r} does not say where it leads.", "Name the comparison.")


def _tables(elements: list[Element]) -> Iterator[Finding]:
    for table in (element for element in elements if element.tag == "table"):
        if table.attributes.get("role") == "presentation":
            continue
        own = [cell for cell in table.walk() if cell.tag == "th" and _table_of(cell) is table]
        if not own:
            yield block(11, table.place, "A layout table without role is read out cell by cell.", 'role="presentation"')
        elif any(cell.attributes.get("scope") not in ("col", "row", "colgroup", "rowgroup") for cell in own):
            yield block(11, table.place, "A heading cell does not say what it heads.", "Give every th a scope.")


def _table_of(cell: Element) -> Element | None:
    return next((element for element in cell.lineage() if element.tag == "table"), None)


def _headings(elements: list[Element]) -> Iterator[Finding]:
    headings = [element for element in elements if re.fullmatch(r"h[1-6]", element.tag) and not element.hidden]
    levels = [int(heading.tag[1]) for heading in headings]
    if levels.count(1) != 1:
        yield block(12, "html", f"There are {levels.count(1)} h1.", "Give the mail one headline.")
    for above, level in pairwise(levels):
        if level > above + 1:
            yield warn(12, f"html, <h{level}>", f"h{level} follows h{above}: a level is skipped.", f"Use h{above + 1}.")


def _sizes(elements: list[Element]) -> Iterator[Finding]:
    for element in elements:
        if element.own_text.strip() and not element.hidden and element.font_size < SMALLEST:
            found = warn if element.font_size >= _FOOTER else block
            message = f"Text of {element.font_size:g} px is hard to read."
            yield found(14, element.place, message, f"Use {SMALLEST} px or more.")


def _dark(elements: list[Element], css: str) -> Iterator[Finding]:
    metas = {one.attributes.get("name"): one.attributes.get("content", "") for one in elements if one.tag == "meta"}
    for name in ("color-scheme", "supported-color-schemes"):
        if "dark" not in metas.get(name, ""):
            yield block(17, "html, <head>", f"The meta {name} is missing.", 'Print it with content="light dark".')
    covering = [selector for selector, declared in dark_rules(css) if "background" in declared]
    for element in elements:
        coloured = "bgcolor" in element.attributes or {"background", "background-color"} & element.styles.keys()
        if coloured and not any(element.matches(selector) for selector in covering):
            message = "This background stays as it is in the dark scheme."
            yield block(17, element.place, message, "Add a rule for it under prefers-color-scheme: dark.")


def _active(elements: list[Element], css: str) -> Iterator[Finding]:
    for element in elements:
        if element.tag in _ACTIVE:
            yield block(18, element.place, f"<{element.tag}> has no place in a mail.", "Remove it.")
        if handlers := [name for name in element.attributes if name.startswith("on")]:
            yield block(18, element.place, f"A script handler: {handlers[0]}.", "Remove it.")
        if "url(" in element.attributes.get("style", ""):
            yield block(18, element.place, "A style loads something.", "Use a colour, or an img.")
    if re.search(r"@import|@font-face|url\(", css):
        yield block(18, "html, <style>", "The styles load something from elsewhere.", "Use the fonts of the machine.")
