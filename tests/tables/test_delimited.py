"""Delimited text, in every form in which people have it."""

import codecs
import csv
import gc
import io
import tracemalloc
from itertools import islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.tables import Table, TableError, TableRow, inert_cell, open_table, plain_cell, text_of, write_table

ENCODINGS = {
    "utf-8": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
}


def read(content: bytes) -> Table:
    return open_table(io.BytesIO(content), "readers.csv")


def rows_of(content: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.cells) for row in read(content).rows]


def outcome(content: bytes) -> tuple[list[TableRow], TableError | None]:
    """The rows, and what refused the rest of them."""
    rows: list[TableRow] = []
    try:
        rows.extend(read(content).rows)
    except TableError as error:
        return rows, error
    return rows, None


def refusal(content: bytes) -> str:
    with pytest.raises(TableError) as raised:
        list(read(content).rows)
    return str(raised.value)


cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(cells, min_size=width, max_size=width).filter(lambda row: bool("".join(row).strip())),
        max_size=5,
    ).map(lambda rows: [[f"name {number}" for number in range(width)], *rows])
)


@settings(max_examples=200)
@given(tables, st.sampled_from(",;\t|"), st.sampled_from(sorted(ENCODINGS)), st.booleans())
@example([["a", "b"], ['x\r\ny\rz\n"', ";,\t|"]], ";", "utf-16-be", True)
def test_what_is_written_reads_back_in_every_encoding(
    rows: list[list[str]], delimiter: str, encoding: str, marked: bool
) -> None:
    if len(rows[0]) == 1:
        delimiter = ","  # where there is one column nothing tells any other
    text = "".join(write_table(rows, delimiter))
    mark = codecs.BOM_UTF8 if encoding == "utf-8" and marked else ENCODINGS[encoding]
    table = read(mark + text.encode(encoding))
    assert table.encoding == encoding
    assert list(table.header) == rows[0]
    assert [[plain_cell(cell) for cell in row.cells] for row in table.rows] == rows[1:]
    assert table.delimiter == delimiter


@settings(max_examples=200)
@given(cells)
@example("'=x")
@example("''-x")
def test_a_cell_made_inert_is_what_it_was_again(cell: str) -> None:
    assert plain_cell(inert_cell(cell)) == cell
    assert inert_cell(cell) in (cell, f"'{cell}")


def test_no_written_cell_is_a_formula() -> None:
    for start in "=+-@\t\r\n＝＋－＠":
        (line,) = write_table([[f"{start}1+1"]])
        assert line.lstrip('"').startswith("'")
    assert list(write_table([["a-b", "x@example.com", ""]])) == ["a-b,x@example.com,\r\n"]


@settings(max_examples=300)
@given(st.binary(max_size=300))
@example(b"PK\x03\x04 not a zip")
@example(b'a,b\n"')
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfea\x00,\x00\x00\xd8\n\x00")
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    for bytes_ in (content, b"a,b\n" + content, codecs.BOM_UTF16_LE + content, "a;b\n".encode("utf-16-le") + content):
        rows, error = outcome(bytes_)
        assert all(row.line > 1 and any(row.cells) for row in rows)
        assert error is None or (error.line >= 1 and str(error).startswith("readers.csv") and error.next_step)


def test_the_mark_of_excel_names_the_delimiter() -> None:
    table = read(b"sep=|\r\na,b|c\r\n1|2\r\n")
    assert (table.delimiter, table.header, list(table.rows)) == ("|", ("a,b", "c"), [(3, ("1", "2"))])


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"email;tags\na@example.com;x,y,z\nb@example.com;x,y\n", ";"),
        (b"email,note\na@example.com,one; two\n", ","),
        (b"email\n", ","),
        (b"a\tb, c\td\n1\t2\t3\n", "\t"),
        (b"a|b|c;d\n1|2|3\n", "|"),
        (b'"a;b";c,d\n1;2\n3;4\n', ";"),
    ],
)
def test_the_delimiter_is_the_one_that_parts_header_and_rows_alike(content: bytes, delimiter: str) -> None:
    assert read(content).delimiter == delimiter


def test_rows_know_the_line_of_the_file_where_they_begin() -> None:
    content = b'\n\na,b\n1,2\n\n"x\ny\r\nz",3\n , \nragged\n1,2,3\n'
    assert rows_of(content) == [(4, ("1", "2")), (6, ("x\ny\r\nz", "3")), (10, ("ragged",)), (11, ("1", "2", "3"))]


def test_lines_that_end_with_cr_alone_are_lines() -> None:
    assert rows_of(b"a,b\r1,2\r\r3,4\r") == [(2, ("1", "2")), (4, ("3", "4"))]


def test_utf_16_without_a_mark_is_seen_by_its_zeros() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        table = read("name,city\nZoë,Łódź\n".encode(encoding))
        assert (table.encoding, [row.cells for row in table.rows]) == (encoding, [("Zoë", "Łódź")])


def test_single_bytes_are_the_last_resort_and_told() -> None:
    table = read("name\nZoë “x” €\n".encode("windows-1252"))
    assert (table.encoding, [row.cells for row in table.rows]) == ("windows-1252", [("Zoë “x” €",)])
    assert read(b"name\n\xe9\x81\n").encoding == "iso-8859-1"


def test_damaged_utf_8_is_refused_and_not_taken_for_something_else() -> None:
    assert refusal("name\nZoë\n".encode() + b"x\xe9\n") == (
        "readers.csv, line 3: the file is UTF-8, but this line is not. Save it as UTF-8 (in Excel: CSV UTF-8)."
    )
    far = b"name\n\xc3\xab\n" + b"x\n" * 700_000  # in another piece of the file than the damage
    assert "line 700003:" in refusal(far + b"\xe9\n")
    split = b"n\n" + b"x" * ((1 << 20) - 3) + "ë".encode() + b"\n\xff\n"  # a letter on both sides of a piece's end
    assert "line 3:" in refusal(split)
    assert "line 2: the file is UTF-16-LE" in refusal(codecs.BOM_UTF16_LE + "a\nb".encode("utf-16-le") + b"\0\xd8")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "readers.csv, line 1: there is nothing in it"),
        (b" \n\n", "line 1: there is nothing in it"),
        (b"a,b\n1,2\n3,\0\n", "line 3: there is a NUL byte"),
        (codecs.BOM_UTF16_LE + "a\nb\0".encode("utf-16-le"), "line 2: there is a NUL byte"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote in the row that begins here is never closed"),
        (b'a,b\n1,"2" 3\n', "line 2: after a closing quote"),
        (b"a,b\n1,2\n3," + b"x" * 100_001, "line 3: a cell of the row that begins here holds more than 100,000"),
        (b"a,b\n" + b"," * 1000, ""),
        (b"a,b\n1" + b",1" * 1000, "line 2: there are 1,001 columns"),
        (b",".join(b"c%d" % number for number in range(1001)), "line 1: there are 1,001 columns"),
        (b"a,b,\n", "line 1: column 3 has no name"),
        (b"\nName,b, name\n", "line 2: columns 1 and 3 are both called name"),
        (b"a\n" + b"x" * 6_000_000, "line 2: the line that begins here is longer than 4 MB"),
        (b"a\n" + b'"\n",' * 1_500_000, "line 2: the row that begins here is longer than 4 MB"),
        (b"<!DOCTYPE html><title>Sign in</title>", "readers.csv: this is a web page"),
        (b"%PDF-1.7\n", "readers.csv: this is a PDF. Save it as CSV."),
        (b"\x1f\x8b\x08\0", "readers.csv: this is a compressed file. Unpack it"),
        (b"SQLite format 3\0", "readers.csv: this is a database"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "an old Excel workbook, or one with a password. Save it as CSV."),
    ],
)
def test_what_cannot_be_read_is_refused_with_line_and_reason(content: bytes, says: str) -> None:
    if says:
        assert says in refusal(content)
    else:
        assert rows_of(content) == []


def test_two_hundred_columns_are_fine() -> None:
    names = [f"column {number}" for number in range(200)]
    table = read("".join(write_table([names, names])).encode())
    assert table.header == tuple(names)
    assert len(next(table.rows).cells) == 200


def test_the_file_stays_open_and_can_be_read_again() -> None:
    source = io.BytesIO(b"a,b\n1,2\n")
    for _ in range(2):
        open_table(source, "x")
        gc.collect()
    lines, encoding = text_of(source, "x")
    assert (list(lines), encoding) == (["a,b\n", "1,2\n"], "utf-8")
    del lines
    gc.collect()
    assert not source.closed


class Large(io.RawIOBase):
    """A file of as many lines as asked, which are nowhere."""

    line = "reader@example.com,Zoë,active\n".encode()

    def __init__(self, lines: int) -> None:
        self.size, self.at = lines * len(self.line), 0

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.size - self.at)
        skip = self.at % len(self.line)
        self.at += size
        return (self.line * (size // len(self.line) + 2))[skip : skip + size]


def peak_of(lines: int) -> int:
    source = Large(lines)
    tracemalloc.start()
    try:
        rows = open_table(source, "x").rows  # type: ignore[arg-type] # it has what is used of a file
        assert sum(1 for _ in rows) == lines - 1
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    small, large = peak_of(70_000), peak_of(280_000)  # 2 MB and 9 MB
    assert large < small * 1.2
    assert large < 8_000_000


def test_rows_are_read_while_they_are_asked_for() -> None:
    source = Large(400_000)
    rows = open_table(source, "x").rows  # type: ignore[arg-type] # as above
    assert len(list(islice(rows, 3))) == 3
    assert source.at < 1_000_000
    assert csv.field_size_limit() == 100_000
