"""YAML and JSON as one tree that knows the line of everything in it.

YAML is read event by event and its scalars are left as the text that stands in the file, so that a tool named `No`,
`1e3` or `3.0` keeps its name. Anchors, aliases, tags and merge keys are refused, as is deep nesting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import yaml

from newsletter.comparisons.source import Problem, show

MAX_DEPTH = 12
"""Lists and mappings inside one another; a document in a list needs six."""

_TOO_DEEP = "Lists and mappings are nested too deep here."
_FLATTEN = "A comparison needs six levels at most; see docs/comparison-document.md."
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


Kind = Literal["scalar", "list", "mapping"]


class Node:
    """A value and the 1-based line of its key, else of itself.

    A list has `children`, a mapping `fields`, a scalar a `value` (text, a number, a truth value or None).
    `plain`: text written in YAML without quotes, which may be meant as text or as a number.
    """

    __slots__ = ("children", "columns", "faults", "fields", "kind", "line", "plain", "value")

    def __init__(self, line: int, kind: Kind = "scalar", value: object = None, *, plain: bool = False) -> None:
        # no dataclass: a comparison is a hundred of these, and most have nothing below them
        self.line = line
        self.kind = kind
        self.value = value
        self.plain = plain
        self.children: list[Node] = [] if kind == "list" else _NO_CHILDREN
        self.fields: dict[str, Node] = {} if kind == "mapping" else _NO_FIELDS
        self.faults: tuple[Problem, ...] = ()
        """Keys of a mapping that are given twice."""
        self.columns: Mapping[str, str] | None = None
        """Of a mapping in a row of a table: key → the columns that say it, in words."""

    @property
    def is_nothing(self) -> bool:
        """Whether it was written as nothing: `null`, `~`, or a key without a value."""
        return self.kind == "scalar" and (self.value is None or (self.plain and self.value in _NULLS))


_NO_CHILDREN: list[Node] = []
_NO_FIELDS: dict[str, Node] = {}


class _Unreadable(Exception):
    """Reading stops here: the rest of the source cannot be understood."""

    def __init__(self, line: int, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.problem = Problem(line, reason, fix)


def read_yaml(text: str) -> tuple[list[Node], list[Problem]]:
    """The documents of a YAML stream; those before an error are kept. `text` has plain newlines only."""
    problems: list[Problem] = []
    documents: list[Node] = []
    try:
        for node in _yaml_documents(text):
            documents.append(node)
    except _Unreadable as error:
        problems.append(error.problem)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line + 1, _last_line(text)) if mark else 1
        why = getattr(error, "problem", None) or "the text is not YAML"
        fix = "A text that holds `: `, ` #` or starts with a sign goes in quotes, or below its key after `>-`."
        problems.append(Problem(line, f"This is not valid YAML: {show(str(why), 120)}.", fix))
    return documents, problems


def _last_line(text: str) -> int:
    """The last line that holds something; YAML puts what is missing at the end below it."""
    return text.rstrip("\n").count("\n") + 1


def _yaml_documents(text: str) -> Iterator[Node]:
    root, last = Node(1), _last_line(text)
    open_nodes: list[tuple[Node, Node | None]] = []  # the node, and the key that waits for its value
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.DocumentEndEvent):
            yield root
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            open_nodes.pop()
        elif isinstance(event, yaml.NodeEvent):
            node = _yaml_node(event, last)
            if open_nodes:
                open_nodes[-1] = (open_nodes[-1][0], _attach(node, *open_nodes[-1]))
            else:
                root = node
            if node.kind != "scalar":
                open_nodes.append((node, None))
                if len(open_nodes) > MAX_DEPTH:
                    raise _Unreadable(node.line, _TOO_DEEP, _FLATTEN)


def _yaml_node(event: yaml.NodeEvent, last: int) -> Node:
    line = min(event.start_mark.line + 1, last) if event.start_mark else 1
    if event.anchor is not None:  # an alias has one, too
        raise _Unreadable(line, "There is an anchor or an alias (`&` or `*`) here.", "Write the text out, or quote it.")
    tag: str | None = getattr(event, "tag", None)
    if tag is not None:
        raise _Unreadable(line, f"There is a tag ({show(tag)}) here.", "Leave it out, or quote the text.")
    if isinstance(event, yaml.ScalarEvent):
        return Node(line, value=event.value, plain=event.implicit[0])
    return Node(line, "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping")


def _attach(node: Node, parent: Node, key: Node | None) -> Node | None:
    """Hang a node below its parent; returns the key that now waits for its value."""
    if parent.kind == "list":
        parent.children.append(node)
        return None
    if key is None:
        if node.kind != "scalar":
            fix = "Put text that holds `{` or `[` in quotes."
            raise _Unreadable(node.line, "A list or mapping stands where a key should be.", fix)
        return node
    _set_field(parent, str(key.value), node, key.line)
    return None


def _set_field(parent: Node, key: str, node: Node, line: int) -> None:
    """Put a field into a mapping; the field takes the line of its key. A second one of that name is a fault."""
    node.line = line
    if key in parent.fields:
        first = parent.fields[key].line
        twice = Problem(line, f"`{show(key)}` is given twice, first in line {first}.", "Keep one of them.")
        parent.faults += (twice,)
    else:
        parent.fields[key] = node


def read_json(text: str) -> tuple[list[Node], list[Problem]]:
    """The one value of a JSON text (RFC 8259: no NaN, no comments). `text` has plain newlines only."""
    reader = _JsonReader(text)
    try:
        return [reader.document()], []
    except _Unreadable as error:
        return [], [error.problem]
    except json.JSONDecodeError as error:
        fix = "Check commas, quotes and brackets just before this place."
        return [], [Problem(error.lineno, f"This is not valid JSON: {error.msg}.", fix)]


def skim_json(text: str) -> Iterator[Node]:
    """The documents of a JSON text, one or an array of them, read in a quarter of the time: all in a document has the
    line where it begins. Raises ValueError or RecursionError where read_json() must say what is wrong.
    """
    place, line = _after_space(text, 0), 1
    line += text.count("\n", 0, place)
    listed = text.startswith("[", place)
    end = _after_space(text, place + 1) if listed else place
    more = not (listed and text.startswith("]", end))
    while more:
        line, place = line + text.count("\n", place, end), end
        value, end = _UNIQUE.raw_decode(text, place)
        yield node_of(value, 2 if listed else 1, line)
        end = _after_space(text, end)
        more = listed and text.startswith(",", end)
        if more:
            end = _after_space(text, end + 1)
    if listed and not text.startswith("]", end):
        raise ValueError("the array does not end")
    if _after_space(text, end + listed) != len(text):
        raise ValueError("something follows the end")


def _after_space(text: str, place: int) -> int:
    match = _JsonReader.space.match(text, place)
    assert match is not None  # it matches nothing, too
    return match.end()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice")
    return fields


def _no_constant(word: str) -> object:
    raise ValueError(word)


_DECODER = json.JSONDecoder()
_UNIQUE = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


class _JsonReader:
    """A small reader of JSON, because the one of the standard library forgets the lines."""

    space = re.compile(r"[ \t\n]*")
    _number = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
    _words: Mapping[str, object] = {"true": True, "false": False, "null": None}

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._counted = (0, 1)  # a place, and its line

    def document(self) -> Node:
        node = self.value(1)
        if self.skip():
            raise json.JSONDecodeError("Something follows the end", self.text, self.at)
        return node

    def skip(self) -> str:
        """Pass over white space; returns the character that comes next, empty at the end."""
        found = self.space.match(self.text, self.at)
        assert found is not None  # it matches nothing, too
        self.at = found.end()
        return self.text[self.at : self.at + 1]

    def line(self) -> int:
        place, line = self._counted
        self._counted = (self.at, line + self.text.count("\n", place, self.at))
        return self._counted[1]

    def value(self, depth: int) -> Node:
        character = self.skip()
        line = self.line()
        if character in ("{", "["):
            if depth > MAX_DEPTH:
                raise _Unreadable(line, _TOO_DEEP, _FLATTEN)
            self.at += 1
            return self.mapping(line, depth) if character == "{" else self.list(line, depth)
        if character == '"':
            return Node(line, value=self.string())
        for word, meaning in self._words.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return Node(line, value=meaning)
        if found := self._number.match(self.text, self.at):
            self.at = found.end()
            whole = not (found[1] or found[2]) and len(found[0]) < 20
            return Node(line, value=int(found[0]) if whole else float(found[0]))
        raise json.JSONDecodeError("A value is expected here", self.text, self.at)

    def string(self) -> str:
        if self.skip() != '"':
            raise json.JSONDecodeError("A key in double quotes is expected here", self.text, self.at)
        text, self.at = _DECODER.raw_decode(self.text, self.at)
        return str(text)

    def more(self, end: str, first: bool) -> bool:
        """Whether another entry follows; passes over the comma, or over the end."""
        character = self.skip()
        if character == end:
            self.at += 1
            return False
        if not first:
            if character != ",":
                raise json.JSONDecodeError(f"A comma or {end} is expected here", self.text, self.at)
            self.at += 1
        return True

    def list(self, line: int, depth: int) -> Node:
        node = Node(line, "list")
        while self.more("]", not node.children):
            node.children.append(self.value(depth + 1))
        return node

    def mapping(self, line: int, depth: int) -> Node:
        node = Node(line, "mapping")
        first = True
        while self.more("}", first):
            first = False
            self.skip()
            key_line = self.line()
            key = self.string()
            if self.skip() != ":":
                raise json.JSONDecodeError("A colon is expected here", self.text, self.at)
            self.at += 1
            _set_field(node, key, self.value(depth + 1), key_line)
        return node


def node_of(value: object, depth: int = 1, line: int = 1) -> Node:
    """The tree of plain Python values, all at one line. Dates become ISO text."""
    if depth > MAX_DEPTH:
        return Node(line)
    if isinstance(value, (str, int)):  # nearly all of them, and to ask for an abstract class takes longer
        return Node(line, value=value)
    if isinstance(value, Mapping):
        node = Node(line, "mapping")
        node.fields = {str(key): node_of(inner, depth + 1, line) for key, inner in value.items()}
    elif isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        node = Node(line, "list")
        node.children = [node_of(inner, depth + 1, line) for inner in value]
    elif isinstance(value, date) and not isinstance(value, datetime):
        node = Node(line, value=value.isoformat())
    else:
        node = Node(line, value=value)
    return node
