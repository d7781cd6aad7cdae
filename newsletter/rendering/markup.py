"""Reading HTML back: the elements of a rendered mail with their inline styles, and the rules of its dark scheme."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_UNSEEN = frozenset({"style", "script", "title", "head"})


@dataclass(eq=False, slots=True)
class Element:
    """One element. The root has no tag and no parent."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    flow: list[Element | str] = field(default_factory=list)
    """Children and texts, in their order."""

    @property
    def place(self) -> str:
        return f"html, <{self.tag}> {' '.join(self.text.split())[:40]!r}"

    @property
    def own_text(self) -> str:
        """The text directly inside, of whatever element."""
        return "".join(part for part in self.flow if isinstance(part, str))

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(self.attributes.get("class", "").split())

    @property
    def styles(self) -> Mapping[str, str]:
        """The inline style: property → value without `!important`."""
        return _declared(self.attributes.get("style", ""))

    @property
    def text(self) -> str:
        """All text that is seen, the text of children included."""
        if self.tag in _UNSEEN or self.styles.get("display") == "none":
            return ""
        return "".join(part if isinstance(part, str) else part.text for part in self.flow)

    def walk(self) -> Iterator[Element]:
        """This element's descendants, in the order of the document."""
        todo = self.flow[::-1]
        while todo:
            part = todo.pop()
            if isinstance(part, Element):
                yield part
                todo += reversed(part.flow)

    def lineage(self) -> Iterator[Element]:
        """This element and its ancestors, nearest first."""
        element: Element | None = self
        while element is not None and element.parent is not None:
            yield element
            element = element.parent

    @property
    def hidden(self) -> bool:
        return any(one.tag in _UNSEEN or one.styles.get("display") == "none" for one in self.lineage())

    @property
    def font_size(self) -> float:
        """In px: the nearest inline font-size; 16 where there is none."""
        for element in self.lineage():
            if found := re.match(r"([\d.]+)px", element.styles.get("font-size", "")):
                return float(found[1])
        return 16.0

    def matches(self, selector: str) -> bool:
        """Whether a selector made of tags, classes, blanks and `>` fits."""
        steps = re.findall(r">|[^\s>]+", selector)
        return bool(steps) and self._fits(steps[-1]) and self._under(steps[:-1])

    def _under(self, steps: list[str]) -> bool:
        if not steps:
            return True
        above = list(self.lineage())[1:]
        if steps[-1] == ">":
            return bool(above) and above[0]._fits(steps[-2]) and above[0]._under(steps[:-2])
        return any(one._fits(steps[-1]) and one._under(steps[:-1]) for one in above)

    def _fits(self, compound: str) -> bool:
        tag, *classes = compound.split(".")
        return tag in ("", "*", self.tag) and set(classes) <= self.classes


@lru_cache(1024)  # a page has a thousand elements, and some fifty ways to dress them
def _declared(style: str) -> Mapping[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs if value}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.flow.append(element)
        if tag == "br":
            element.flow.append("\n")
        if tag not in _VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        for element in self.at.lineage():
            if element.tag == tag and element.parent is not None:
                self.at = element.parent
                return

    def handle_data(self, data: str) -> None:
        self.at.flow.append(data)


def read_html(html: str) -> Element:
    """The root of the document. Comments, Outlook's conditional ones among them, are left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


def dark_rules(css: str) -> list[tuple[str, str]]:
    """(selector, declarations) of every rule under `prefers-color-scheme: dark`."""
    found = []
    for start in re.finditer(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{", css):
        depth, end = 1, start.end()
        while depth and end < len(css):
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        for rule in re.finditer(r"([^{}]+)\{([^{}]*)\}", css[start.end() : end]):
            found += [(selector.strip(), rule[2]) for selector in rule[1].split(",")]
    return found
