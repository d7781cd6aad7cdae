"""Rules 1–5 of docs/mail-rules.md: what MRML passes silently or prints wrongly has to be caught in its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from newsletter.rendering.findings import Finding, block, warn

_BOX = {"css-class", "padding", "padding-top", "padding-right", "padding-bottom", "padding-left", "background-color"}
_TEXT = {"font-family", "font-size", "font-weight", "line-height", "color", "align", "letter-spacing"}
_BORDER = {"border", "border-top", "border-right", "border-bottom", "border-left", "border-radius"}
ALLOWED: dict[str, set[str]] = {
    "mjml": {"lang", "dir"},
    "mj-head": set(),
    "mj-title": set(),
    "mj-attributes": set(),
    "mj-all": _BOX | _TEXT,
    "mj-breakpoint": {"width"},
    "mj-style": set(),
    "mj-raw": set(),
    "mj-body": {"width", "background-color", "css-class"},
    "mj-wrapper": _BOX | _BORDER | {"full-width", "text-align"},
    "mj-section": _BOX | _BORDER | {"full-width", "text-align", "direction"},
    "mj-column": _BOX | _BORDER | {"width", "vertical-align"},
    "mj-text": _BOX | _TEXT,
    "mj-image": _BOX | _BORDER | {"src", "alt", "href", "width", "height", "align", "title"},
    "mj-divider": _BOX | {"border-color", "border-style", "border-width", "width", "align"},
    "mj-spacer": {"height", "css-class"},
}
"""Component → the attributes we use. MRML takes any other without a word, and most of them to no effect."""
_HTML_INSIDE = {"mj-text", "mj-raw", "mj-style", "mj-title"}


def lint_source(mjml: str, html: str) -> Iterator[Finding]:
    """Check the MJML source, and that nothing of it is left in `html`."""
    if "<mj-" in html.lower():
        yield block(1, "html", "An MJML component reached the HTML: MRML does not know it.", "Mend its name.")
    yield from _attribute_values(mjml)
    try:
        root = ElementTree.fromstring(mjml)  # our own source; expat without a DTD expands nothing
    except ElementTree.ParseError as error:
        yield block(1, "mjml", f"The source is not well-formed: {error}.", "Close every tag and quote every value.")
        return
    yield from _components(root)
    bodies = root.findall("mj-body")
    if len(bodies) != 1 or not len(bodies[0]):
        yield block(2, "mjml", f"There are {len(bodies)} mj-body, or an empty one.", "Write one, with content.")


def _components(root: ElementTree.Element) -> Iterator[Finding]:
    todo = [root]
    while todo:
        element = todo.pop()
        place = f"mjml <{element.tag}>"
        if element.tag == "mj-preview":
            yield warn(8, place, "mj-preview hides text white on white.", "Print a preheader of your own.")
        elif element.tag not in ALLOWED:
            yield block(1, place, "This component is not on the list of those that are safe.", "Use another.")
        for name, value in element.attrib.items():
            if name not in ALLOWED.get(element.tag, {name}):
                yield block(1, place, f"MRML ignores the attribute {name!r} here.", "Remove it, or mend its name.")
            if name.startswith("padding") and "0" in value.split():
                message = f"{name}={value!r}: a 0 without unit makes Outlook's columns too wide."
                yield block(3, place, message, "Write 0px.")
        if element.tag not in _HTML_INSIDE:
            todo += reversed(element)


def _attribute_values(mjml: str) -> Iterator[Finding]:
    for tag in re.finditer(r"<([A-Za-z][\w-]*)((?:\s[^<>]*?)?)/?>", re.sub(r"<!--.*?-->", "", mjml, flags=re.DOTALL)):
        place = f"mjml <{tag[1]}>"
        for value in re.findall(r'=\s*"([^"]*)"', tag[2]):
            if bad := re.search(r"[^ -\[\]-~]", value):
                message = f"An attribute holds {bad[0]!a}, which MRML prints as an escape sequence of Rust."
                yield block(5, place, message, "Print it through the `attr` filter.")
        if re.search(r"=\s*'", re.sub(r'"[^"]*"', "", tag[2])):
            yield block(5, place, "A quotation mark breaks out of an attribute in single quotes.", "Use double quotes.")
