"""Comparisons from the rows of a table, and back."""

import io
from collections.abc import Mapping
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.comparisons.formats import Parsed, content_sha256, dump_as, dump_csv, dump_json, parse_source
from newsletter.comparisons.model import Comparison, Review, Tool, pair_key
from newsletter.comparisons.rows import read_rows
from newsletter.errors import InputError
from newsletter.tables import open_table, plain_cell
from tests.comparisons.test_properties import SLOW, check_parsed, comparisons, mutate, mutation
from tests.tables.workbooks import DAY, cells, workbook

FULL = {
    "slug": "tidewrack-vs-grep",
    "published_on": "2026-11-18",
    "url": "https://example.com/compare/1",
    "left.name": "Tidewrack",
    "left.slug": "tidewrack",
    "left.url": "https://tidewrack.example/",
    "left.category": "Developer Tools",
    "left.tagline": "Search code by what it does",
    "left.description": "One.\n\nTwo, with a comma.",
    "left.pricing.entry": "Freemium",
    "left.pricing.detail": "then $9",
    "left.best_for": "Old code",
    "left.panel.share": "75",
    "left.panel.ship": "3",
    "left.panel.skip": "1",
    "left.panel.label": "Ship",
    "left.community.ship": "10",
    "left.community.skip": "2",
    "left.reviews.1.reviewer": "Builder",
    "left.reviews.1.score": "84",
    "left.reviews.1.verdict": "ship",
    "left.reviews.1.text": "Found it.",
    "left.reviews.10.text": "Last.",
    "left.reviews.2.reviewer": "Skeptic",
    "right.name": "Plain Old Grep",
}
DOCUMENT = """{"slug": "tidewrack-vs-grep", "published_on": "2026-11-18", "url": "https://example.com/compare/1",
"sides": [{"name": "Tidewrack", "slug": "tidewrack", "url": "https://tidewrack.example/", "category": "Developer Tools",
 "tagline": "Search code by what it does", "description": "One.\\n\\nTwo, with a comma.",
 "pricing": {"entry": "Freemium", "detail": "then $9"}, "best_for": "Old code",
 "panel": {"share": 75, "ship": 3, "skip": 1, "label": "Ship"}, "community": {"ship": 10, "skip": 2},
 "reviews": [{"reviewer": "Builder", "score": 84, "verdict": "ship", "text": "Found it."}, {"reviewer": "Skeptic"},
             {"text": "Last."}]}, {"name": "Plain Old Grep"}]}"""


def csv_of(*rows: Mapping[str, str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    return "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in line) + "\n" for line in lines)


def told(parsed: Parsed) -> list[tuple[int, str]]:
    return [(reject.line, f"{reject.reason} {reject.fix}") for reject in parsed.rejects]


def read(*rows: Mapping[str, str]) -> Parsed:
    return parse_source(csv_of(*rows), "week.csv")


NAMES = {"left.name": "A", "right.name": "B"}


def test_a_row_is_the_document_of_the_same_fields() -> None:
    parsed = read(FULL)
    assert parsed.rejects == ()
    assert parsed.located[0].line == 2
    assert parsed.located[0].comparison == parse_source(DOCUMENT, "week.json").located[0].comparison


def test_two_names_are_enough_and_an_empty_cell_says_nothing() -> None:
    (bare,) = read(NAMES).located
    (empty,) = read({**dict.fromkeys(FULL, " "), **NAMES}).located
    assert bare.comparison == empty.comparison
    assert bare.comparison.slug == "a-vs-b"


def test_rows_are_told_by_the_lines_of_the_file() -> None:
    text = 'left.name,right.name,left.description\n\nA,B,"x\n\ny"\nC,D,\n'
    assert [each.line for each in parse_source(text, "a.csv").located] == [3, 6]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"left.tagline": "x\ny"}, "Column `left.tagline`: `tagline` has more than one line. Write it on one line."),
        (
            {"left.reviews.2.score": "8.5"},
            "Column `left.reviews.2.score`: `score` is not a whole number from 0 to 100. ",
        ),
        (
            {"published_on": "18.11.2026"},
            "Column `published_on`: `18.11.2026` is not a date. Write year, month and day",
        ),
        ({"right.url": "example.com"}, "Column `right.url`: `url` is not an address that can be linked"),
        ({"left.slug": "A b"}, "Column `left.slug`: `A b` is not a slug."),
        ({"right.name": ""}, "Column `right.name`: `name` is missing. Give the name of the tool."),
        ({"right.name": "a"}, "Columns `left.name` and `right.name`: Both sides have the slug `a`."),
        ({"left.tagline": "\x1b[2J"}, "Column `left.tagline`: `tagline` holds a control character (U+001B)."),
        ({"left.panel.ship": "3", "left.panel.skip": ""}, "Column `left.panel.skip`: `skip` is missing."),
        ({"left.panel.ship": "3"}, "Left side, panel: `skip` is missing."),
        (
            {"left.panel.share": "75", "left.panel.label": "Skip"},
            "Columns `left.panel.label` and `left.panel.share`: The label is Skip, but a share of 75 % is Ship.",
        ),
        ({"left.reviews.1.verdict": "buy"}, "Column `left.reviews.1.verdict`: `buy` is not a verdict."),
    ],
)
def test_what_is_wrong_names_the_line_and_the_column(row: dict[str, str], says: str) -> None:
    ((line, message),) = told(read(NAMES, {**NAMES, **row}))
    assert line == 3
    assert message.startswith(says)


def test_a_row_of_another_width_is_rejected_and_the_others_are_read_on() -> None:
    parsed = parse_source("left.name,right.name\nA\nA,B\nA,B,C\nC,A,\n", "a.csv")
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [
        (2, "The row has 1 cell, the header has 2."),
        (4, "The row has 3 cells, the header has 2."),
        (5, "The row has 3 cells, the header has 2."),
    ]
    assert [each.line for each in parsed.located] == [3]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("left.name,right.name,left.tag_line", "The column `left.tag_line` is not known. Did you mean `left.tagline`?"),
        ("left.name,right.name,x,left.reviews.0.text", "The columns `x` and `left.reviews.0.text` are not known."),
        ("left.name,left.reviews.1.stars,right.name", "The column `left.reviews.1.stars` is not known."),
        ("left.name,slug", "The column `right.name` is missing. Found: `left.name` and `slug`."),
        ("name", "The columns `left.name` and `right.name` are missing. Found: `name`."),
        ("left.panel,left.name,right.name", "The column `left.panel` is not known."),
    ],
)
def test_a_header_that_does_not_fit_is_told_in_one_error(header: str, says: str) -> None:
    found = told(parse_source(f"{header}\n", "a.csv"))
    assert any(line == 1 and message.startswith(says) for line, message in found), found
    assert len({message.split(" ")[-1] for _, message in found}) == 1  # each sends to the guide


def test_a_header_that_is_not_in_the_first_line_is_told_by_its_own() -> None:
    assert [line for line, _ in told(parse_source("sep=,\n\nleft.name,rigth.name\nA,B\n", "a.csv"))] == [3, 3]


def test_a_header_alone_and_an_empty_file_hold_no_comparison() -> None:
    assert told(parse_source("left.name,right.name\n", "a.csv")) == [
        (1, "There is no row below the header. Give a row to each comparison.")
    ]
    assert told(parse_source(b"", "a.xlsx")) == [(1, "There is nothing in it. Export it again.")]


def test_columns_of_any_names_are_mapped_and_the_others_left_out() -> None:
    header, rows = ["Tool", "Rival", "Stars", "left.tagline"], [(7, ["A", "B", "84", "not read"])]
    columns = {"left.name": "Tool", "right.name": "Rival", "left.reviews.1.score": "Stars"}
    located, problems = read_rows(header, rows, columns)
    assert problems == []
    assert (located[0].line, located[0].comparison.left) == (7, Tool("A", "a", reviews=(Review(score=84),)))
    _, problems = read_rows(header, [(7, ["A", "", "1 star", ""])], columns)
    assert sorted((problem.line, problem.reason) for problem in problems) == [
        (7, "Column `Rival`: `name` is missing."),
        (7, "Column `Stars`: `score` is not a whole number from 0 to 100."),
    ]
    _, problems = read_rows(header, rows, {**columns, "left.price": "Price", "left.url": "Link"})
    assert [problem.reason for problem in problems] == [
        "The field `left.price` is not known.",
        "The columns `Price` and `Link` are missing. Found: `Tool`, `Rival`, `Stars` and `left.tagline`.",
    ]


def test_a_table_may_be_a_workbook_and_have_any_encoding() -> None:
    rows = cells([["left.name", "right.name", "published_on"], [], ["Zoë", "B"]])
    dated = f'<row r="4"><c r="A4"><v>4</v></c><c r="B4"><v>3</v></c><c r="C4" s="{DAY}"><v>46344</v></c></row>'
    parsed = parse_source(workbook(rows + dated), "week.xlsx")
    assert parsed.rejects == ()
    assert [(each.line, each.comparison.title) for each in parsed.located] == [(3, "Zoë vs B"), (4, "4 vs 3")]
    assert str(parsed.located[1].comparison.published_on) == "2026-11-18"
    for encoding in ("utf-8-sig", "utf-16", "windows-1252"):
        for delimiter in ",;\t":
            text = delimiter.join(["left.name", "right.name"]) + "\r\n" + delimiter.join(["Zoë", "B"])
            (located,) = parse_source(text.encode(encoding), "week.csv").located
            assert located.comparison.left.name == "Zoë"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "windows-1252"])
def test_documents_and_pages_may_have_any_encoding_too(encoding: str, named_page: str) -> None:
    for name in ("Zoë", "Zoe"):
        (located,) = parse_source(f"sides: [{{name: {name}}}, {{name: B}}]\n".encode(encoding), "a.yaml").located
        assert located.comparison.left.name == name
    assert len(parse_source(named_page.encode(encoding, "replace"), "page.txt").located) == 1


def test_a_document_may_be_one_long_line() -> None:
    long = '[{"sides": [{"name": "A", "description": "' + "word " * 900_000 + '"}, {"name": "B"}]}]'
    assert len(parse_source(long.encode(), "a.json").located) == 1


def test_what_is_no_text_is_rejected_in_one_line() -> None:
    for name in ("a.yaml", "a.json", "a.txt", "a.csv"):
        (reject,) = parse_source(b"sides:\n- \xff\0", name).rejects
        assert (reject.line, reject.reason) == (2, "There is a NUL byte, so this is not text, or is damaged.")
    (reject,) = parse_source(b" " * 20_000_001, "a.csv").rejects
    assert reject.reason == "This is larger than 20 MB."


@settings(max_examples=60, suppress_health_check=SLOW)
@given(st.lists(comparisons(), min_size=1, max_size=2), st.sampled_from(["yaml", "json", "csv", "tsv"]))
def test_what_is_exported_imports_as_equal_comparisons(given_: list[Comparison], form: str) -> None:
    parsed = parse_source(dump_as(form, given_).encode(), f"all.{form}")
    assert parsed.rejects == ()
    assert [each.comparison for each in parsed.located] == given_
    assert [content_sha256(each.comparison) for each in parsed.located] == [content_sha256(each) for each in given_]


def test_no_cell_of_an_export_is_a_formula() -> None:
    name, tagline = "=HYPERLINK(A1)", "'-1"
    sides = (Tool(name, "a", tagline=tagline), Tool("@b", "b", tagline="+1"))
    comparison = Comparison("a-vs-b", sides)
    table = open_table(io.BytesIO(dump_csv([comparison]).encode()), "x")
    (row,) = table.rows
    assert row.cells == ("a-vs-b", f"'{name}", "a", "''-1", "'@b", "b", "'+1")
    assert [plain_cell(cell) for cell in row.cells][1] == name
    assert parse_source(dump_csv([comparison]), "x.csv").located[0].comparison == comparison


def test_an_export_has_the_columns_that_hold_something_in_the_order_of_the_document() -> None:
    header = dump_csv([parse_source(DOCUMENT, "a.json").located[0].comparison]).splitlines()[0].split(",")
    assert header[:5] == ["slug", "published_on", "url", "left.name", "left.slug"]
    assert header[-2:] == ["right.name", "right.slug"]
    assert "right.tagline" not in header
    assert header.index("left.reviews.1.text") < header.index("left.reviews.2.reviewer")
    assert dump_csv([]) == "slug,left.name,right.name\r\n"


def test_more_reviews_than_a_table_has_columns_are_not_exported_to_be_refused_later() -> None:
    many = Tool("A", "a", reviews=tuple(Review(text=f"{number}") for number in range(1000)))
    with pytest.raises(InputError, match="Write YAML or JSON"):
        dump_csv([Comparison(pair_key("a", "b"), (many, Tool("B", "b")))])


@settings(max_examples=60, suppress_health_check=SLOW)
@given(comparisons(), st.lists(mutation, min_size=1, max_size=4))
def test_a_damaged_table_is_read_or_rejected_with_a_line_of_the_file(
    comparison: Comparison, changes: list[tuple[str, int, int]]
) -> None:
    check_parsed(mutate(dump_csv([comparison]), changes), "a.csv")
    check_parsed(mutate(dump_csv([comparison], "\t"), changes), "a.tsv")


@settings(max_examples=150)
@given(st.binary(max_size=200), st.sampled_from(["yaml", "json", "csv", "tsv", "xlsx", "txt"]))
def test_no_bytes_at_all_make_reading_raise(content: bytes, ending: str) -> None:
    for each in (content, b"left.name,right.name\n" + content):
        parsed = parse_source(each, f"a.{ending}")
        assert parsed.located or parsed.rejects


def test_a_table_and_a_document_of_the_same_give_the_same_entries() -> None:
    found = [parse_source(DOCUMENT, "a.json").located[0].comparison]
    pairs = zip_longest(
        parse_source(dump_csv(found), "a.csv").located, parse_source(dump_json(found), "a.json").located
    )
    assert all(one and other and one.comparison == other.comparison for one, other in pairs)
