"""Reading the fields of one mapping of a document: the value, or None and a problem that names place and remedy."""

from __future__ import annotations

import re
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from newsletter.comparisons.nodes import Node
from newsletter.comparisons.source import Problem, forbidden_in, show

MAX_VOTES = 999_999_999
MAX_URL = 2000
"""Characters of an address."""

SLUG_PATTERN = r"[^\W_]+(-[^\W_]+)*"
URL_PATTERN = r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?#][^\s\\]*)?"
DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_Choice = TypeVar("_Choice", bound=StrEnum)


class Fields:
    """The fields of the mapping `node`, which stands at `where` (empty at the top). Unknown keys become problems."""

    def __init__(self, node: Node, known: tuple[str, ...], where: str, problems: list[Problem]) -> None:
        self._node, self._where, self._problems = node, where, problems
        problems += node.faults
        for key, value in node.fields.items():
            if key not in known:
                near = get_close_matches(key, known, 1, 0.5)
                fix = f"Did you mean `{near[0]}`?" if near else f"Known here: {', '.join(known)}."
                self._add(value.line, f"`{show(key)}` is not a known key.", fix)

    def _add(self, line: int, reason: str, fix: str, key: str = "") -> None:
        place = f"{self._where[0].upper()}{self._where[1:]}: " if self._where else ""
        if self._node.columns and key in self._node.columns:
            place = f"{self._node.columns[key]}: "
        self._problems.append(Problem(line, f"{place}{reason}", fix))

    def problem(self, key: str, reason: str, fix: str) -> None:
        """Note what is wrong with a field, at its line, else at the line of the mapping."""
        self._add(self._node.fields.get(key, self._node).line, reason, fix, key)

    def missing(self, key: str, fix: str) -> None:
        """Note that a field must be there."""
        self._add(self._node.line, f"`{key}` is missing.", fix, key)

    def has(self, key: str) -> bool:
        return key in self._node.fields

    def _given(self, key: str) -> Node | None:
        """The node of a field that is given and not empty."""
        node = self._node.fields.get(key)
        if node is None:
            return None
        empty = not (node.children or node.fields) if node.kind != "scalar" else node.is_nothing
        if empty or (isinstance(node.value, str) and not node.value.strip()):
            fix = "Leave it out where it is not known."
            if node.plain and node.value:
                fix += f" If it is the text {node.value!r}, put it in quotes."
            self.problem(key, f"`{key}` is empty.", fix)
            return None
        return node

    def text(self, key: str) -> str | None:
        """Text of any number of lines, without the space around it."""
        node = self._given(key)
        if node is None:
            return None
        if not isinstance(node.value, str):
            self.problem(key, f"`{key}` is not text.", "Write text; a number or truth value goes in quotes.")
            return None
        text = node.value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if character := forbidden_in(text):
            fix = "Delete it; newline and tab may stand."
            self.problem(key, f"`{key}` holds a control character ({character}).", fix)
            return None
        return text

    def one_line(self, key: str) -> str | None:
        """Text of one line."""
        text = self.text(key)
        if text is not None and "\n" in text:
            fix = (
                "Write it on one line." if self._node.columns else "Write it on one line, or below its key after `>-`."
            )
            self.problem(key, f"`{key}` has more than one line.", fix)
            return None
        return text

    def slug(self, key: str) -> str | None:
        """Letters and digits in small letters, with single hyphens between."""
        text = self.text(key)
        if text is not None and (not re.fullmatch(SLUG_PATTERN, text) or text != text.casefold()):
            fix = "Write small letters and digits with single hyphens between, or leave it out."
            self.problem(key, f"`{show(text)}` is not a slug.", fix)
            return None
        return text

    def url(self, key: str) -> str | None:
        """An address of the web: http or https, a host of ASCII, nothing that hides where it leads."""
        text = self.text(key)
        if text is not None and (why := _url_fault(text)):
            self.problem(key, f"`{key}` is not an address that can be linked: {why}.", "Write it as https://host/path.")
            return None
        return text

    def day(self, key: str) -> date | None:
        """An ISO date."""
        text = self.text(key)
        if text is None:
            return None
        try:
            if re.fullmatch(DATE_PATTERN, text):
                return date.fromisoformat(text)
        except ValueError:
            pass  # no such day: the same answer as for no such form
        self.problem(key, f"`{show(text)}` is not a date.", "Write year, month and day, like 2026-11-18.")
        return None

    def whole(self, key: str, most: int) -> int | None:
        """A whole number from 0 to `most`."""
        node = self._given(key)
        if node is None:
            return None
        number = node.value
        if node.plain and isinstance(number, str) and _WHOLE.fullmatch(number):
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
            fix = "Write it in digits." if self._node.columns else "Write it in digits, without quotes."
            self.problem(key, f"`{key}` is not a whole number from 0 to {most}.", fix)
            return None
        return number

    def votes(self) -> tuple[int, int] | None:
        """The counts `ship` and `skip`, which come together or not at all."""
        if not self.has("ship") and not self.has("skip"):
            return None
        ship, skip = self.whole("ship", MAX_VOTES), self.whole("skip", MAX_VOTES)
        for key in ("ship", "skip"):
            if not self.has(key):
                self.missing(key, "Give both `ship` and `skip`, or neither.")
        return None if ship is None or skip is None else (ship, skip)

    def choice(self, key: str, words: type[_Choice]) -> _Choice | None:
        """One of a few words."""
        text = self.text(key)
        if text is None:
            return None
        if text not in tuple(words):
            self.problem(key, f"`{show(text)}` is not a {key}.", f"Write {' or '.join(words)}.")
            return None
        return words(text)

    def child(self, key: str, known: tuple[str, ...]) -> Fields | None:
        """The mapping below a key."""
        node = self._given(key)
        if node is None:
            return None
        if node.kind != "mapping":
            self.problem(key, f"`{key}` is not a mapping.", f"Give it keys: {', '.join(known)}.")
            return None
        return Fields(node, known, f"{self._where}, {key}", self._problems)

    def items(self, key: str) -> list[Node]:
        """The entries of the list below a key, none where it is not given."""
        node = self._given(key)
        if node is None:
            return []
        if node.kind != "list":
            self.problem(key, f"`{key}` is not a list.", "Start each of its entries with `- `.")
        return node.children


def _url_fault(text: str) -> str:
    """Why an address cannot be linked, empty where it can. `@` before the host could pass one host off as another."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "its host or port cannot be read"
    if parts.scheme not in ("http", "https"):
        return "it does not start with https:// or http://"
    if len(text) > MAX_URL:
        return f"it is longer than {MAX_URL} characters"
    if "@" in parts.netloc:
        return "there is an @ before its path"
    if not parts.netloc.isascii():
        return "its host is not ASCII"
    if "\\" in text or re.search(r"\s", text):
        return "it holds a backslash or white space"
    if not re.fullmatch(URL_PATTERN, text) or port == 0:
        return "its host or port cannot be read"
    return ""
