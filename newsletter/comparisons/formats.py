"""The formats that comparisons arrive in and leave in: documents (YAML, JSON) and saved comparison pages (text).

text, source name → Parsed: every comparison with its line, everything else a Reject with its line
comparisons → YAML or JSON that reads back to equal comparisons
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from pathlib import PurePath
from typing import Any

import yaml

from newsletter.comparisons.document import from_document, read_document, to_document
from newsletter.comparisons.model import Comparison
from newsletter.comparisons.nodes import Node, read_json, read_yaml
from newsletter.comparisons.page import read_pages
from newsletter.comparisons.schema import DOCUMENT_SCHEMA
from newsletter.comparisons.source import MAX_BYTES, Located, Parsed, Problem, Reject, forbidden_lines

__all__ = [
    "DOCUMENT_SCHEMA",
    "Located",
    "Parsed",
    "Reject",
    "content_sha256",
    "dump_json",
    "dump_yaml",
    "from_document",
    "parse_source",
    "to_document",
]


def parse_source(text: str, source: str, *, partial: bool = False) -> Parsed:
    """Read one source; the ending of its name tells how: `.yaml`, `.yml` and `.json` hold documents, all else pages.

    Never raises: whatever is wrong becomes a Reject. `partial` keeps what a page that was cut short still holds.
    """
    located, problems = _read(text, PurePath(source).suffix.lower(), partial)
    ordered = sorted(problems, key=lambda problem: problem.line)
    return Parsed(tuple(located), tuple(Reject(source, each.line, each.reason, each.fix) for each in ordered))


def _read(text: str, ending: str, partial: bool) -> tuple[list[Located], list[Problem]]:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return [], [Problem(1, f"This is larger than {MAX_BYTES // 1_000_000} MB.", "Split it into smaller files.")]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if problems := list(forbidden_lines(text)):
        return [], problems
    if not text.strip():
        return [], [Problem(1, "There is nothing in it.", "Give a document or a saved comparison page.")]
    if ending in (".yaml", ".yml"):
        return _documents(*read_yaml(text))
    if ending == ".json":
        return _documents(*read_json(text))
    return read_pages(text, partial=partial)


def _documents(nodes: list[Node], problems: list[Problem]) -> tuple[list[Located], list[Problem]]:
    """The comparisons of some documents, each of which is one comparison or a list of them."""
    located: list[Located] = []
    written = [node for node in nodes if not node.is_nothing]  # between two `---` there may be nothing
    flat = [child for node in written for child in (node.children if node.kind == "list" else [node])]
    for node in flat:
        comparison, wrong = read_document(node)
        problems += wrong
        if comparison is not None:
            located.append(Located(comparison, node.line))
    if not flat and not problems:
        problems.append(Problem(1, "There is no comparison in it.", "Give at least one document."))
    return located, problems


def dump_json(comparisons: Iterable[Comparison]) -> str:
    """A JSON array of documents, indented, with a newline at its end."""
    return json.dumps([to_document(each) for each in comparisons], ensure_ascii=False, indent=2) + "\n"


def dump_yaml(comparisons: Iterable[Comparison]) -> str:
    """One YAML document per comparison, with `---` between; long texts stand as blocks below their keys."""
    documents = [_for_yaml(to_document(each)) for each in comparisons]
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def content_sha256(comparison: Comparison) -> str:
    """SHA-256 of the canonical document, 64 hex digits: the same content always gives the same."""
    text = json.dumps(to_document(comparison), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _for_yaml(document: dict[str, Any]) -> dict[str, Any]:
    if "published_on" in document:  # as a date it needs no quotes
        document["published_on"] = date.fromisoformat(document["published_on"])
    return document


class _Dumper(yaml.SafeDumper):
    """Indents lists below their keys, and writes long texts as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None
    if "\n" in text:
        style = "|"
    elif len(text) > 80 and "  " not in text and "\t" not in text:  # folding would lose runs of space
        style = ">"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
