"""The formats that comparisons arrive in and leave in: documents (YAML, JSON), tables, and saved comparison pages.

bytes or text, source name → Parsed: every comparison with its line, everything else a Reject with its line
comparisons → YAML, JSON or a table that reads back to equal comparisons
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import PurePath
from typing import Any

import yaml

from newsletter.comparisons.document import from_document, read_document, to_document
from newsletter.comparisons.model import Comparison
from newsletter.comparisons.nodes import Node, read_json, read_yaml, skim_json
from newsletter.comparisons.page import read_pages
from newsletter.comparisons.rows import read_rows, table_of
from newsletter.comparisons.schema import DOCUMENT_SCHEMA
from newsletter.comparisons.source import MAX_BYTES, Located, Parsed, Problem, Reject, forbidden_lines
from newsletter.tables import TableError, open_table, plain_cell, text_of, write_table

__all__ = [
    "DOCUMENT_SCHEMA",
    "Located",
    "Parsed",
    "Reject",
    "content_sha256",
    "dump_as",
    "dump_csv",
    "dump_json",
    "dump_yaml",
    "from_document",
    "parse_source",
    "to_document",
]


_TOO_LARGE = Problem(1, f"This is larger than {MAX_BYTES // 1_000_000} MB.", "Split it into smaller files.")
_TABLES = (".csv", ".tsv", ".xlsx")


def parse_source(
    content: bytes | str,
    source: str,
    *,
    partial: bool = False,
    columns: Mapping[str, str] | None = None,
    ending: str = "",
) -> Parsed:
    """Read one source; `ending`, or else that of its name, tells how: `.yaml`, `.yml` and `.json` hold documents,
    `.csv`, `.tsv` and `.xlsx` tables (see read_rows() for `columns`), all else pages. Text may be in any encoding that
    text_of() knows.

    Never raises: whatever is wrong becomes a Reject. `partial` keeps what a page that was cut short still holds.
    """
    ending = ending or PurePath(source).suffix.lower()
    located: list[Located] = []
    problems = [_TOO_LARGE]
    try:
        if len(content) <= MAX_BYTES and ending in _TABLES:
            located, problems = _table(content, columns)
        elif len(content) <= MAX_BYTES:
            located, problems = _read(content if isinstance(content, str) else _text(content), ending, partial)
    except TableError as error:
        problems = [Problem(error.line, error.reason, error.next_step)]
    return _parsed(located, problems, source)


def parse_rows(
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    source: str,
    columns: Mapping[str, str] | None = None,
) -> Parsed:
    """The same of the rows of a table that was opened already; see read_rows()."""
    return _parsed(*read_rows(header, rows, columns), source)


def _parsed(located: list[Located], problems: list[Problem], source: str) -> Parsed:
    ordered = sorted(problems, key=lambda problem: problem.line)
    return Parsed(tuple(located), tuple(Reject(source, each.line, each.reason, each.fix) for each in ordered))


def _text(content: bytes) -> str:
    """Raises TableError where it is no text."""
    try:
        if b"\0" not in content:
            return content.decode("utf-8-sig")  # JSON may well be one line of all it has
    except UnicodeDecodeError:
        pass  # another encoding, or a fault, which is told with its line
    return text_of(BytesIO(content), "")[0].read()


def _table(content: bytes | str, columns: Mapping[str, str] | None) -> tuple[list[Located], list[Problem]]:
    """The comparisons of a table."""
    held = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    table = open_table(BytesIO(held), "")
    rows = ((row.line, [*map(plain_cell, row.cells)]) for row in table.rows)
    return read_rows(table.header, rows, columns, header_line=table.line)


def _read(text: str, ending: str, partial: bool) -> tuple[list[Located], list[Problem]]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return [], [_TOO_LARGE]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if problems := list(forbidden_lines(text)):
        return [], problems
    if not text.strip():
        return [], [Problem(1, "There is nothing in it.", "Give a document or a saved comparison page.")]
    if ending in (".yaml", ".yml"):
        return _documents(*read_yaml(text))
    if ending == ".json":
        found = _skimmed(text)
        return (found, []) if found else _documents(*read_json(text))
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


def _skimmed(text: str) -> list[Located]:
    """The comparisons of a JSON text with nothing wrong in it, else none. Each tree is let go before the next."""
    located: list[Located] = []
    try:
        for node in skim_json(text):
            comparison, _ = read_document(node)
            if comparison is None:
                return []
            located.append(Located(comparison, node.line))
    except (ValueError, RecursionError):
        return []
    return located


def dump_json(comparisons: Iterable[Comparison]) -> str:
    """A JSON array of documents, indented, with a newline at its end."""
    return json.dumps([to_document(each) for each in comparisons], ensure_ascii=False, indent=2) + "\n"


def dump_yaml(comparisons: Iterable[Comparison]) -> str:
    """One YAML document per comparison, with `---` between; long texts stand as blocks below their keys."""
    documents = [_for_yaml(to_document(each)) for each in comparisons]
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def dump_csv(comparisons: Iterable[Comparison], delimiter: str = ",") -> str:
    """A table of a row each (RFC 4180; for `.tsv` with tabs), its formulas made inert; read_rows() tells the columns.

    Raises InputError for more reviews than a table has columns.
    """
    return "".join(write_table(table_of(comparisons), delimiter))


def dump_as(form: str, comparisons: Iterable[Comparison]) -> str:
    """As `yaml`, `json`, `csv` or `tsv`."""
    if form in ("csv", "tsv"):
        return dump_csv(comparisons, "\t" if form == "tsv" else ",")
    return dump_json(comparisons) if form == "json" else dump_yaml(comparisons)


@dataclass(frozen=True, slots=True)
class Written:
    """A comparison as it is kept: its document as JSON, and the hash of what that says."""

    text: str
    sha256: str


def written(comparison: Comparison) -> Written:
    """Both at once, which takes half the time."""
    document = to_document(comparison)
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Written(json.dumps(document, ensure_ascii=False), sha256(canonical.encode()).hexdigest())


def content_sha256(comparison: Comparison) -> str:
    """SHA-256 of the canonical document, 64 hex digits: the same content always gives the same."""
    return written(comparison).sha256


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
